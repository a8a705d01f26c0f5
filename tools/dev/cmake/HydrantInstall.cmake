# What `cmake --install` and the Debian package put where: library, headers, pkg-config, CMake
# package, program, documents, the Python reader of rings, completion for bash, manual pages.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hydrant)

install(TARGETS hydrant hydrant_ring EXPORT hydrant-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS hydrant-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set_target_properties(hydrant-cli PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY engine/include/hydrant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(EXPORT hydrant-targets NAMESPACE hydrant:: DESTINATION ${package_dir})

configure_package_config_file(tools/dev/cmake/hydrant-config.cmake.in
  ${PROJECT_BINARY_DIR}/hydrant-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hydrant-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hydrant-config.cmake
  ${PROJECT_BINARY_DIR}/hydrant-config-version.cmake DESTINATION ${package_dir})

file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file(tools/dev/cmake/hydrant.pc.in ${PROJECT_BINARY_DIR}/hydrant.pc @ONLY)
configure_file(tools/dev/cmake/hydrant-ring.pc.in ${PROJECT_BINARY_DIR}/hydrant-ring.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/hydrant.pc ${PROJECT_BINARY_DIR}/hydrant-ring.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
# Documents lie to each other as they do in the sources, so that their links hold.
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY rules/starter rules/policy DESTINATION ${CMAKE_INSTALL_DOCDIR}/rules)
install(FILES docs/rules/rules.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/hydrant)
install(DIRECTORY tools/python/hydrant_ring DESTINATION ${CMAKE_INSTALL_DATADIR}/hydrant/python
  FILES_MATCHING PATTERN "*.py")
install(FILES tools/completion/hydrant.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME hydrant)

# The unit names the program by its full path, which only the installation knows: --prefix and the
# package have prefixes of their own.
install(CODE "
  set(bindir \"${CMAKE_INSTALL_BINDIR}\")
  cmake_path(ABSOLUTE_PATH bindir BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\")
  configure_file(\"${PROJECT_SOURCE_DIR}/tools/systemd/hydrant.service.in\"
    \"${PROJECT_BINARY_DIR}/hydrant.service\" @ONLY)")
install(FILES ${PROJECT_BINARY_DIR}/hydrant.service DESTINATION lib/systemd/system)
install(FILES tools/systemd/hydrant.sysusers DESTINATION lib/sysusers.d RENAME hydrant.conf)
install(FILES docs/hydrant.schema.json docs/examples/daemon/hydrant.yaml
  DESTINATION ${CMAKE_INSTALL_DATADIR}/hydrant)

# Manual pages, made of what --help says, where help2man is there and the program can be run.
find_program(HELP2MAN help2man)
if(HELP2MAN AND NOT CMAKE_CROSSCOMPILING)
  set(make_man ${PROJECT_SOURCE_DIR}/tools/dev/make-man)
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/man/hydrant.1
    COMMAND ${make_man} $<TARGET_FILE:hydrant-cli> ${PROJECT_BINARY_DIR}/man
    DEPENDS hydrant-cli ${make_man}
    COMMENT "Making manual pages" VERBATIM)
  add_custom_target(man ALL DEPENDS ${PROJECT_BINARY_DIR}/man/hydrant.1)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "hydrant maintainers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "hydrant maintainers")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/tools/systemd/postinst)
include(CPack)
