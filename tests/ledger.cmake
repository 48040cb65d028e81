# The ledger and kills of the server: hundreds with --kills 400, some dozens here. 77 = skipped:
# PostgreSQL is not installed.
add_library(kill_at MODULE tests/kill_at.cc)
target_link_libraries(kill_at PRIVATE ${CMAKE_DL_LIBS})
add_test(NAME program.ledger_kill COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/ledger_kill_test.py $<TARGET_FILE:tokenmill>
         $<TARGET_FILE:kill_at> --kills 40)
add_test(NAME program.ledger_kill_postgres COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/ledger_kill_test.py $<TARGET_FILE:tokenmill>
         $<TARGET_FILE:kill_at> --kills 40 --postgres)
add_test(NAME program.ledger_postgres COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/ledger_postgres_test.py $<TARGET_FILE:tokenmill>)
add_test(NAME unit.service.ledger.postgres COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/postgres.py $<TARGET_FILE:mill_tests> --minimal
         "--source-file=*/src/service/ledger/*.test.cc")
foreach(test program.ledger_kill_postgres program.ledger_postgres unit.service.ledger.postgres)
  set_tests_properties(${test} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endforeach()
