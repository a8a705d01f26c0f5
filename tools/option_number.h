/* A number on the command line. */
#ifndef HY_TOOLS_OPTION_NUMBER_H
#define HY_TOOLS_OPTION_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Digits and nothing else, from low to high. False having said so, in the name of the command. */
bool option_number(const char *command, const char *option, const char *text, uint64_t low,
                   uint64_t high, uint64_t *out);

/* The same for what is kept in 32 bits. */
bool option_number32(const char *command, const char *option, const char *text, uint32_t low,
                     uint32_t high, uint32_t *out);

#endif
