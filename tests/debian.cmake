# The Debian package and its systemd unit. 77 = skipped: no dpkg here.
add_test(NAME program.debian COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/debian_test.py ${CMAKE_BINARY_DIR} ${CMAKE_CPACK_COMMAND})
set_tests_properties(program.debian PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
