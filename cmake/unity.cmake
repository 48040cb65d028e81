# unity(TARGET): with TOKENMILL_UNITY, the target's files are compiled a batch at a time, so that
# the headers that they share are parsed, and what these instantiate is compiled, once a batch. A
# batch takes every n-th file, hence one of a folder, since two files of one namespace may both have
# a helper of the same name. Where two meet nevertheless, rename one, or share it.
# The release build compiles each file by itself: it shows that each includes what it needs.
function(unity target)
  if(NOT TOKENMILL_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  # What holds for a file alone: #pragma target, and other include folders.
  list(FILTER sources EXCLUDE REGEX "/kernels/|/ledger/postgres|console_files\\.cc$|/main\\.cc$")
  list(LENGTH sources files)
  math(EXPR batches "(${files} + 7) / 8")
  set(at 0)
  foreach(source ${sources})
    math(EXPR batch "${at} % ${batches}")
    math(EXPR at "${at} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${batch})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  target_compile_options(${target} PRIVATE -Wno-shadow)  # of names in another file
endfunction()
