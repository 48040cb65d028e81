# Structured output: random answers under real schemas, and an independent validator.
# The whole of it:
#   tests/structured/run.py BUILD --markdown
add_executable(random_answers ${CMAKE_SOURCE_DIR}/tests/structured/random_answers.cc)
target_link_libraries(random_answers PRIVATE mill)
if(NOT TOKENMILL_SANITIZE)
  add_test(NAME structured.sample
           COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/structured/run.py
                   ${CMAKE_BINARY_DIR} --every 150 --answers 2 --tokens 30)
endif()
