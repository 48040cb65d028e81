# HTTPS and web pages. openssl's s_client, curl and Python's ssl are the other side.
add_test(NAME program.tls COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/tls_test.py $<TARGET_FILE:tokenmill>)
set_tests_properties(program.tls PROPERTIES TIMEOUT 300)
add_test(NAME program.cors COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/cors_test.py $<TARGET_FILE:tokenmill>)
