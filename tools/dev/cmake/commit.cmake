# cmake -D SOURCE=FOLDER -D OUT=HEADER -P commit.cmake: of which commit the sources are, a header that is written
# only when that has changed. Without a repository of their own (a tarball, even one that was unpacked inside of
# another repository) they are of none.
set(commit "")
if(EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git --no-optional-locks describe --always --dirty WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(commit)
  set(commit " (${commit})")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define HY_COMMIT \"${commit}\" /* behind the version */\n")
