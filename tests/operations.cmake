# What operators see of the real server. promtool is Prometheus' own checker.
add_test(NAME program.operations COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/operations_test.py $<TARGET_FILE:tokenmill>)
add_test(NAME program.sleep COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/sleep_test.py $<TARGET_FILE:tokenmill>)
add_test(NAME program.loading COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/loading_test.py $<TARGET_FILE:tokenmill>)
add_test(NAME program.energy COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/energy_test.py $<TARGET_FILE:tokenmill>)
add_test(NAME program.console COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/console_test.py $<TARGET_FILE:tokenmill>)
# The collector's side is OpenTelemetry's own protocol definitions. 77 = skipped.
add_test(NAME program.traces COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/traces_test.py $<TARGET_FILE:tokenmill> ${CMAKE_BINARY_DIR}/otlp)
set_tests_properties(program.traces PROPERTIES SKIP_RETURN_CODE 77)
