# The console's pages, out of web/dist into the program. Whoever wants them runs npm before (`make
# console`): so this build needs no Node.js, and without the pages it works as well.
set(TOKENMILL_CONSOLE AUTO CACHE STRING
    "Build web/dist into the program: AUTO (if it is there), ON (fail without), OFF")
set_property(CACHE TOKENMILL_CONSOLE PROPERTY STRINGS AUTO ON OFF)

set(console_folder ${CMAKE_SOURCE_DIR}/web/dist)
set(console_table ${CMAKE_BINARY_DIR}/console_files.cc)
file(GLOB_RECURSE console_files CONFIGURE_DEPENDS ${console_folder}/*)
list(FIND console_files ${console_folder}/index.html console_index)

if(TOKENMILL_CONSOLE STREQUAL "OFF" OR
   (TOKENMILL_CONSOLE STREQUAL "AUTO" AND console_index EQUAL -1))
  configure_file(cmake/no_console.cc.in ${console_table} COPYONLY)
elseif(console_index EQUAL -1)
  message(FATAL_ERROR "TOKENMILL_CONSOLE=ON, and there is no web/dist/index.html: `make console` "
                      "makes it (with Node.js), and TOKENMILL_CONSOLE=OFF leaves the console out")
else()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  string(SHA256 console_list "${console_files}")  # in the command, which runs again when one goes
  add_custom_command(
    OUTPUT ${console_table}
    COMMAND ${CMAKE_COMMAND} -E env FILES=${console_list} $<TARGET_FILE:Python3::Interpreter>
            ${CMAKE_SOURCE_DIR}/tools/embed_console.py ${console_folder} ${console_table}
    DEPENDS ${CMAKE_SOURCE_DIR}/tools/embed_console.py ${console_files}
    COMMENT "The console's pages, out of web/dist"
    VERBATIM)
endif()
