# What `cmake --install` puts where: the program, the headers that plugin authors include (nothing else: they need no library),
# the templates of `proxon plugin new`, and the package that find_package(Proxon) finds. Plugins install themselves.
include(CMakePackageConfigHelpers)
set(framework ${PROJECT_SOURCE_DIR}/framework)
set(include ${CMAKE_INSTALL_INCLUDEDIR}/proxon)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Proxon)

if(TARGET proxon)
  install(TARGETS proxon RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
foreach(header random random_bulk sums distribution csv)
  install(FILES ${framework}/base/${header}.hpp DESTINATION ${include}/base)
endforeach()
install(FILES ${framework}/schema/field.hpp ${framework}/schema/members.hpp DESTINATION ${include}/schema)
install(DIRECTORY ${framework}/plugin/ DESTINATION ${include}/plugin FILES_MATCHING PATTERN "*.hpp"
  PATTERN templates EXCLUDE PATTERN registry.hpp EXCLUDE PATTERN scaffold.hpp EXCLUDE)
install(DIRECTORY ${framework}/plugin/templates/ DESTINATION ${CMAKE_INSTALL_DATADIR}/proxon/templates)

if(PROXON_PORTABLE)
  set(proxon_arch -march=x86-64-v3)
else()
  set(proxon_arch -march=native)
endif()
set(proxon_sanitize "")
if(PROXON_SANITIZER)
  set(proxon_sanitize -fsanitize=${PROXON_SANITIZER})
endif()
configure_package_config_file(${framework}/ProxonConfig.cmake.in ${PROJECT_BINARY_DIR}/package/ProxonConfig.cmake
  INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/ProxonConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/ProxonConfig.cmake ${PROJECT_BINARY_DIR}/package/ProxonConfigVersion.cmake
  ${framework}/ProxonFlags.cmake ${framework}/proxon_exports.map DESTINATION ${package})
