# bench and perplexity as programs: what others script against.
add_test(NAME program.measures COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/measures_test.py $<TARGET_FILE:tokenmill>)
