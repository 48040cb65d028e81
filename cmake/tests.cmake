# One doctest binary; one ctest row for each folder under src/ and one for apps/, so that a failure
# names its floor.
set(app_tests "")
set(tested mill_service)
if("apps" MATCHES "^(${TOKENMILL_TEST_FLOORS})$")
  file(GLOB app_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/apps/*.test.cc)
  set(tested mill_apps)
endif()
set(test_sources ${all_sources})
list(FILTER test_sources INCLUDE REGEX "/src/(${TOKENMILL_TEST_FLOORS})/.*\\.test\\.cc$")
if(TOKENMILL_TESTS_LEFT_OUT)
  list(FILTER test_sources EXCLUDE REGEX "${TOKENMILL_TESTS_LEFT_OUT}")
endif()
add_executable(mill_tests tests/main.cc ${test_sources} ${app_tests})
target_link_libraries(mill_tests PRIVATE ${tested})
unity(mill_tests)
if(TOKENMILL_PRECOMPILE)
  target_precompile_headers(mill_tests PRIVATE cmake/precompiled.h <doctest/doctest.h>)
  # It asks doctest's header for more than the others do.
  set_source_files_properties(tests/main.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endif()
# What they call is optimised; they themselves need not be, and take half as long to compile.
if(TOKENMILL_SANITIZE)
  target_compile_options(mill_tests PRIVATE -O0)
else()
  target_compile_options(mill_tests PRIVATE $<$<CONFIG:Release>:-O1>)
endif()
target_compile_definitions(mill_tests PRIVATE
  DOCTEST_CONFIG_SUPER_FAST_ASSERTS  # fast to compile, that is
  TOKENMILL_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TOKENMILL_BINARY_DIR="${CMAKE_BINARY_DIR}")

set(folders "")
foreach(source ${test_sources})
  file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR}/src ${source})
  get_filename_component(folder ${relative} DIRECTORY)
  list(APPEND folders ${folder})
endforeach()
list(REMOVE_DUPLICATES folders)
foreach(folder ${folders})
  string(REPLACE "/" "." name ${folder})
  # doctest's * matches slashes, too: the second pattern leaves subfolders to their own rows.
  add_test(NAME unit.${name} COMMAND mill_tests --minimal
           "--source-file=*/src/${folder}/*.test.cc"
           "--source-file-exclude=*/src/${folder}/*/*.test.cc")
endforeach()
# The longest begin first, beside the others rather than after them.
foreach(long unit.llm unit.service.inference)
  if(TEST ${long})
    set_tests_properties(${long} PROPERTIES COST 100)
  endif()
endforeach()

if(app_tests)
  add_test(NAME unit.apps COMMAND mill_tests "--source-file=*/apps/*.test.cc" --minimal)
endif()

# Tests that drive the built program live in tests/*.cmake, one file each, which add their own rows.
file(GLOB program_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/*.cmake)
foreach(file ${program_tests})
  include(${file})
endforeach()
