# Writes a file's bytes as a C array, for texts that the library and the program carry inside.
#   cmake -D IN=FILE -D OUT=FILE.c -D SYMBOL=name -P embed.cmake
# The C file defines `const char NAME[]`, which ends with a NUL that does not count, and
# `const size_t NAME_len`.
file(READ "${IN}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REPEAT "[0-9a-f]" 32 row)
string(REGEX REPLACE "(${row})" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
get_filename_component(name "${IN}" NAME)
file(WRITE "${OUT}.new" "/* Made from ${name} by embed.cmake. */
#include <stddef.h>
extern const char ${SYMBOL}[];
extern const size_t ${SYMBOL}_len;
const char ${SYMBOL}[] = {
${hex}
0};
const size_t ${SYMBOL}_len = ${bytes};
")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
file(REMOVE "${OUT}.new")
