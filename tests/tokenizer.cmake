# Token for token against PyPI's tokenizers and sentencepiece, over 3 MB of generated text. Skipped
# where the vocabularies are absent or pip cannot install (tests/tokenizer.sh says which).
add_test(NAME program.tokenizer_parity
  COMMAND bash ${CMAKE_SOURCE_DIR}/tests/tokenizer.sh $<TARGET_FILE:tokenmill> ${CMAKE_SOURCE_DIR}
          ${CMAKE_BINARY_DIR})
set_tests_properties(program.tokenizer_parity PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
