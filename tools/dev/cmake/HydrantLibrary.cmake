# libhydrant.so (symbols by map) and hydrant_core, the same objects for tests, which may look inside.
get_property(modules GLOBAL PROPERTY HYDRANT_MODULES)
get_property(depends GLOBAL PROPERTY HYDRANT_DEPENDS)
list(REMOVE_DUPLICATES depends)

set(objects)
foreach(module IN LISTS modules)
  list(APPEND objects $<TARGET_OBJECTS:${module}>)
endforeach()

add_library(hydrant_core STATIC ${objects})
target_link_libraries(hydrant_core PUBLIC hydrant_options ${depends})

add_library(hydrant SHARED ${objects})
add_library(hydrant::hydrant ALIAS hydrant)
target_include_directories(hydrant PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/engine/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(hydrant PRIVATE ${depends})
if(HYDRANT_SANITIZE)
  target_link_options(hydrant PRIVATE -fsanitize=${HYDRANT_SANITIZE})
endif()
set_target_properties(hydrant PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/engine/api/hydrant.map)
target_link_options(hydrant PRIVATE
  -Wl,--version-script=${PROJECT_SOURCE_DIR}/engine/api/hydrant.map -Wl,-z,relro,-z,now)
