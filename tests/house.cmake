# The rules of the house, and the stories: tests/stories/*.txt, one row each.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_test(NAME tidy COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/tidy.py
         ${CMAKE_SOURCE_DIR})
add_test(NAME tidy.self COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/tidy_test.py)
add_test(NAME links COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/links.py
         ${CMAKE_SOURCE_DIR})

file(GLOB stories CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/stories/*.txt)
foreach(story ${stories})
  get_filename_component(name ${story} NAME_WE)
  add_test(NAME story.${name} COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/story.py
           --program $<TARGET_FILE:tokenmill> ${story})
endforeach()

add_test(NAME program.pull COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/pull_test.py
         $<TARGET_FILE:tokenmill>)
add_test(NAME program.first_run COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/first_run_test.py $<TARGET_FILE:tokenmill>)
