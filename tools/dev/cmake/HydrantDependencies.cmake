# Libraries, all from Debian packages, found by pkg-config (or CMake's own module).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(hydrant_find target package)
  pkg_check_modules(${target} IMPORTED_TARGET ${package})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR "${package} is not installed. tools/dev/install-packages installs all that building "
      "needs, with --test what the tests need, too (without: -DHYDRANT_BUILD_TESTS=OFF)")
  endif()
endfunction()

hydrant_find(HS libhs)            # hyperscan, or vectorscan: the same API
hydrant_find(URING liburing)
hydrant_find(ZSTD libzstd)
hydrant_find(SIMDJSON simdjson)
hydrant_find(EXPAT expat)         # RSS and Atom
hydrant_find(YAML yaml-0.1)
hydrant_find(XXHASH libxxhash)
hydrant_find(CK ck)
hydrant_find(MICROHTTPD libmicrohttpd) # /metrics of the daemon
hydrant_find(CURL libcurl)      # HTTP sources
hydrant_find(RDKAFKA rdkafka)   # Kafka
hydrant_find(WEBSOCKETS libwebsockets) # WebSocket sources
hydrant_find(ZLIB zlib)         # gzip bodies
hydrant_find(NETTLE nettle)       # signatures of webhooks
hydrant_find(JEMALLOC jemalloc)   # programs only, never the library
hydrant_find(ICU icu-uc)
if(HYDRANT_BUILD_TESTS)
  hydrant_find(CMOCKA cmocka)
endif()
