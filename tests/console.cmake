# The console's pages: their pure parts, their size, and all of them in Chromium. 77 = skipped, see
# run.py.
foreach(part unit size made real)
  add_test(NAME console.${part} COMMAND Python3::Interpreter
           ${CMAKE_SOURCE_DIR}/tests/console/run.py --program $<TARGET_FILE:tokenmill> ${part})
  # One at a time: each may have to fetch the packages and to build the pages first.
  set_tests_properties(console.${part} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900
                       RESOURCE_LOCK console LABELS slow)
endforeach()
