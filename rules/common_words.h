/* The commonest words of English posts, most common first; see common_words.c. */
#ifndef HY_RULES_COMMON_WORDS_H
#define HY_RULES_COMMON_WORDS_H

/* One string, words separated by one space. */
extern const char hy_common_words[];

#endif
