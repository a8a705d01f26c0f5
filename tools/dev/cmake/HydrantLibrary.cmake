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

# libhydrant-ring.so: what a router needs, and nothing but libc. The reader's half of engine/ring and
# the items' form.
set(HYDRANT_RING_SOURCES base/assert.c base/cpu.c base/error.c base/file.c base/thread.c batch/names.c
  publish/item_bytes.c  publish/item_json.c publish/json_string.c publish/json_writer.c publish/ring_items.c ring/ring_dead.c
  ring/ring_file.c ring/ring_inspect.c ring/ring_item.c ring/ring_lag.c ring/ring_lease.c
  ring/ring_reader.c ring/ring_spill.c ring/ring_wait.c)
list(TRANSFORM HYDRANT_RING_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/engine/)
add_library(hydrant_ring SHARED ${HYDRANT_RING_SOURCES})
add_library(hydrant::ring ALIAS hydrant_ring)
target_include_directories(hydrant_ring PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/engine/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(hydrant_ring PRIVATE $<BUILD_INTERFACE:hydrant_options> m)
set_target_properties(hydrant_ring PROPERTIES OUTPUT_NAME hydrant-ring EXPORT_NAME ring
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/engine/ring/hydrant_ring.map)
target_link_options(hydrant_ring PRIVATE
  -Wl,--version-script=${PROJECT_SOURCE_DIR}/engine/ring/hydrant_ring.map
  -Wl,-z,relro,-z,now)
if(NOT HYDRANT_SANITIZE)
  # A file that is missing above is missed here, not by a router that loads the library.
  target_link_options(hydrant_ring PRIVATE -Wl,--no-undefined)
endif()
