# The manifests for Kubernetes. 77 = skipped: the schemas cannot be had here.
add_test(NAME deploy.kubernetes COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/kubernetes_test.py $<TARGET_FILE:tokenmill>
         ${CMAKE_BINARY_DIR}/kubernetes)
set_tests_properties(deploy.kubernetes PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300 LABELS slow)
