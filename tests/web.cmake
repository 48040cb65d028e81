# HTTPS. Openssl's s_client, curl and Python's ssl are the other side.
add_test(NAME program.tls COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/tls_test.py $<TARGET_FILE:tokenmill>)
set_tests_properties(program.tls PROPERTIES TIMEOUT 300)
