# A package as a container image. 77 = skipped: a tool cannot be had here.
add_test(NAME program.image COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/image_test.py $<TARGET_FILE:tokenmill>)
set_tests_properties(program.image PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
