# bench and perplexity as programs: what others script against.
add_test(NAME program.measures COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/measures_test.py $<TARGET_FILE:tokenmill>)

# bench serve against the real server and a stand-in: what it counts is what they count.
add_test(NAME program.bench_serve COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/bench_serve_test.py $<TARGET_FILE:tokenmill>)
set_tests_properties(program.bench_serve PROPERTIES TIMEOUT 300)
