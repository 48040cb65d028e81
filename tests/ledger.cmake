# The ledger and kills of the server: hundreds with --kills 400, some dozens here.
add_library(kill_at MODULE tests/kill_at.cc)
target_link_libraries(kill_at PRIVATE ${CMAKE_DL_LIBS})
add_test(NAME program.ledger_kill COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/ledger_kill_test.py $<TARGET_FILE:tokenmill>
         $<TARGET_FILE:kill_at> --kills 40)
