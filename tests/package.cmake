# Packages as a user makes, signs, carries and serves them; Debian's minisign is the other side.
# 77 = skipped: there is no minisign.
add_test(NAME program.package COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/package_test.py $<TARGET_FILE:tokenmill>)
set_tests_properties(program.package PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
