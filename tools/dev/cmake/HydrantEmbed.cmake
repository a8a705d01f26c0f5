# hydrant_embed(VARIABLE SYMBOL FILE): FILE's bytes as the C array SYMBOL (see embed.cmake). Appends
# the C file to the list VARIABLE; it is made again whenever FILE changes.
set(HYDRANT_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

function(hydrant_embed variable symbol file)
  get_filename_component(path ${file} ABSOLUTE)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -D IN=${path} -D OUT=${out} -D SYMBOL=${symbol}
      -P ${HYDRANT_EMBED_SCRIPT}
    DEPENDS ${path} ${HYDRANT_EMBED_SCRIPT}
    COMMENT "Embedding ${file}"
    VERBATIM)
  set(${variable} ${${variable}} ${out} PARENT_SCOPE)
endfunction()
