# Receipts against the real server, openssl and minisign on the other side, and kills in the middle.
# 77 = skipped: there is no openssl.
add_test(NAME program.receipts COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/receipts_test.py $<TARGET_FILE:tokenmill> --kills 8)
set_tests_properties(program.receipts PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
