# What operators see of the real server. promtool is Prometheus' own checker.
add_test(NAME program.operations COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/operations_test.py $<TARGET_FILE:tokenmill>)
