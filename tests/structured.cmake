# Structured output: random answers under real schemas, and an independent validator.
add_executable(random_answers EXCLUDE_FROM_ALL
               ${CMAKE_SOURCE_DIR}/tests/structured/random_answers.cc)
target_link_libraries(random_answers PRIVATE mill)
