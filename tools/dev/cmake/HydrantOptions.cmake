# Build options, warnings and sanitizers, as interface targets that every module links.

option(HYDRANT_BUILD_TESTS "Build the tests" ON)
option(HYDRANT_BUILD_BENCH "Build the bench programs" OFF)
option(HYDRANT_BUILD_FUZZ "Build the fuzz targets with libFuzzer (needs clang)" OFF)
option(HYDRANT_WERROR "Treat warnings as errors" OFF)
set(HYDRANT_SANITIZE "" CACHE STRING "Sanitizers: 'address,undefined' or 'thread'")
set(HYDRANT_PROFILE "" CACHE STRING "Profile-guided optimisation (GCC): 'record' or 'use'; see tools/build-optimized")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O3 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -g1 -DNDEBUG")

add_library(hydrant_options INTERFACE)
target_include_directories(hydrant_options INTERFACE ${PROJECT_SOURCE_DIR}/engine
  ${PROJECT_SOURCE_DIR}/engine/include ${PROJECT_SOURCE_DIR})
target_compile_definitions(hydrant_options INTERFACE _GNU_SOURCE
  HYDRANT_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Debug>:HY_DEBUG=1>)
target_compile_options(hydrant_options INTERFACE -Wall -Wextra -Wshadow -Wpointer-arith
  -Wundef -Wvla -Wformat=2 -Wno-unused-parameter -fno-omit-frame-pointer
  -ffp-contract=off # or figures would differ between machines with and without fused multiplication
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>
  $<$<COMPILE_LANG_AND_ID:C,GNU>:-Wno-format-truncation>
  # where a branch would cost more; literals that are longer than a line
  $<$<COMPILE_LANG_AND_ID:C,Clang>:-Wno-bitwise-instead-of-logical;-Wno-string-concatenation>)
if(HYDRANT_WERROR)
  target_compile_options(hydrant_options INTERFACE -Werror)
endif()
if(HYDRANT_SANITIZE)
  target_compile_options(hydrant_options INTERFACE -fsanitize=${HYDRANT_SANITIZE}
    -fno-sanitize-recover=all
    # Clang links what that asks for into C++ programs only; nothing here has virtual functions.
    $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-fno-sanitize=vptr>)
  target_link_options(hydrant_options INTERFACE -fsanitize=${HYDRANT_SANITIZE})
  target_compile_definitions(hydrant_options INTERFACE HY_SANITIZE=1)
endif()
if(HYDRANT_PROFILE)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "HYDRANT_PROFILE needs GCC")
  endif()
  set(profile -fprofile-dir=${PROJECT_BINARY_DIR}/profile)
  if(HYDRANT_PROFILE STREQUAL "record")
    list(APPEND profile -fprofile-generate -fprofile-update=atomic)
  elseif(HYDRANT_PROFILE STREQUAL "use") # what the profile never saw is compiled as without one
    list(APPEND profile -fprofile-use -fprofile-partial-training -Wno-missing-profile)
  else()
    message(FATAL_ERROR "HYDRANT_PROFILE is 'record' or 'use', not '${HYDRANT_PROFILE}'")
  endif()
  add_compile_options(${profile})
  add_link_options(${profile})
endif()
if(HYDRANT_BUILD_FUZZ)
  target_compile_options(hydrant_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# hydrant_module(NAME SOURCES... [DEPENDS targets...]): one folder, one object library hy_NAME.
# Its objects go into libhydrant; its DEPENDS reach whatever links the library.
function(hydrant_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(hy_${name} OBJECT ${ARG_SOURCES})
  target_link_libraries(hy_${name} PRIVATE hydrant_options ${ARG_DEPENDS})
  set_property(GLOBAL APPEND PROPERTY HYDRANT_MODULES hy_${name})
  set_property(GLOBAL APPEND PROPERTY HYDRANT_DEPENDS ${ARG_DEPENDS})
endfunction()
