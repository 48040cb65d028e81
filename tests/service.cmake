# The official clients, and OpenAI's OpenAPI document, against the real server with a real model.
# 77 = skipped, see run.py.
foreach(client python node anthropic ollama ai agents langchain openapi)
  add_test(NAME clients.${client} COMMAND Python3::Interpreter
           ${CMAKE_SOURCE_DIR}/tests/clients/run.py --program $<TARGET_FILE:tokenmill>
           --scratch ${CMAKE_BINARY_DIR}/clients ${client})
  set_tests_properties(clients.${client} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900 LABELS slow)
endforeach()

# A batch against a server that is killed over and over, with the tiny model of the tree.
set(tiny ${CMAKE_BINARY_DIR}/tiny-model)
file(MAKE_DIRECTORY ${tiny})
file(GLOB tiny_files ${CMAKE_SOURCE_DIR}/tests/stories/tiny/*.json
     ${CMAKE_SOURCE_DIR}/tests/golden/families/llama3/config.json
     ${CMAKE_SOURCE_DIR}/tests/golden/families/llama3/model.safetensors)
file(COPY ${tiny_files} DESTINATION ${tiny})
add_test(NAME batches.kill COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/batches_kill_test.py $<TARGET_FILE:tokenmill> ${tiny})
set_tests_properties(batches.kill PROPERTIES TIMEOUT 300)

# Some four hundred hostile requests, while another client goes on.
add_test(NAME service.hostile_input COMMAND Python3::Interpreter
         ${CMAKE_SOURCE_DIR}/tests/hostile_input_test.py $<TARGET_FILE:tokenmill>)
set_tests_properties(service.hostile_input PROPERTIES TIMEOUT 300)
