# src/learn/ and what stands on it: tokenmill-teach, and its tests. LibTorch brings some 150
# packages with it, so these are built where it is found (`make teach` installs it), and
# tokenmill-teach is a program of its own: a server does not load it.
option(TOKENMILL_LEARN "Build tokenmill-teach where LibTorch is found" ON)
if(NOT TOKENMILL_LEARN)
  return()
endif()
find_library(TORCH_CPU torch_cpu)
find_library(TORCH_C10 c10)
find_library(TORCH_GLOG glog)  # Debian's LibTorch writes its logs with it
if(NOT TORCH_CPU OR NOT TORCH_C10 OR NOT TORCH_GLOG)
  message(STATUS "No LibTorch here: tokenmill-teach is left out (make teach)")
  return()
endif()

file(GLOB_RECURSE learn_sources CONFIGURE_DEPENDS src/learn/*.cc)
set(learn_tests ${learn_sources})
list(FILTER learn_sources EXCLUDE REGEX "\\.test\\.cc$")
list(FILTER learn_tests INCLUDE REGEX "\\.test\\.cc$")
add_library(mill_learn STATIC ${learn_sources})
target_link_libraries(mill_learn PUBLIC mill ${TORCH_CPU} ${TORCH_C10} ${TORCH_GLOG})
target_precompile_headers(mill_learn PRIVATE src/learn/torch.h <nlohmann/json.hpp>)

file(GLOB teach_sources CONFIGURE_DEPENDS apps/teach/*.cc)
add_executable(tokenmill-teach ${teach_sources})
target_link_libraries(tokenmill-teach PRIVATE mill_apps mill_learn)

if(TOKENMILL_TESTS)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_executable(learn_tests tests/main.cc ${learn_tests})
  target_link_libraries(learn_tests PRIVATE mill_learn)
  # In this order: glog, which LibTorch includes, has a CHECK of its own.
  target_precompile_headers(learn_tests PRIVATE src/learn/torch.h <doctest/doctest.h>)
  set_source_files_properties(tests/main.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  target_compile_definitions(learn_tests PRIVATE
    TOKENMILL_SOURCE_DIR="${CMAKE_SOURCE_DIR}" TOKENMILL_BINARY_DIR="${CMAKE_BINARY_DIR}")
  target_compile_options(learn_tests PRIVATE $<$<CONFIG:Release>:-O1>)
  add_test(NAME unit.learn COMMAND learn_tests --minimal)
  add_test(NAME program.teach COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tests/teach_test.py
           $<TARGET_FILE:tokenmill> ${CMAKE_BINARY_DIR}/test-scratch/teach)
  # Threads that wait for each other in a loop are in each other's way beside other tests.
  set_tests_properties(unit.learn program.teach PROPERTIES TIMEOUT 300
                       ENVIRONMENT "OMP_NUM_THREADS=1;OMP_WAIT_POLICY=passive")
endif()
