# `cpack -G DEB` in a build folder: a Debian package with the program, its systemd unit and what the
# unit reads. The libraries that the program needs are found by dpkg-shlibdeps.

set(PACKAGE_PARTS ${CMAKE_SOURCE_DIR}/deploy/debian)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # the program is enough
install(TARGETS tokenmill RUNTIME DESTINATION bin)
install(FILES deploy/systemd/tokenmill.service DESTINATION lib/systemd/system)
install(FILES deploy/systemd/serve.env DESTINATION /etc/tokenmill)
install(FILES ${PACKAGE_PARTS}/copyright README.md DESTINATION share/doc/tokenmill)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tokenmill)
set(CPACK_PACKAGE_VENDOR Tokenmill)
set(CPACK_PACKAGE_CONTACT "The Tokenmill authors <authors@tokenmill.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "server of language models")
set(CPACK_PACKAGE_DESCRIPTION
    "Runs open language models on processors, and serves them to the clients of the OpenAI,
Anthropic and Ollama APIs. The same request gives the same bytes, whatever else runs.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, python3-pip")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PACKAGE_PARTS}/conffiles ${PACKAGE_PARTS}/postinst
                                       ${PACKAGE_PARTS}/prerm ${PACKAGE_PARTS}/postrm)
include(CPack)
