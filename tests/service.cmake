# The official clients, and OpenAI's OpenAPI document, against the real server with a real model.
# 77 = skipped, see run.py.
foreach(client python node anthropic ollama ai agents langchain openapi)
  add_test(NAME clients.${client} COMMAND Python3::Interpreter
           ${CMAKE_SOURCE_DIR}/tests/clients/run.py --program $<TARGET_FILE:tokenmill>
           --scratch ${CMAKE_BINARY_DIR}/clients ${client})
  set_tests_properties(clients.${client} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900 LABELS slow)
endforeach()
