/*
 * Sentences from a grammar. A slot is a name and its alternatives; an alternative is literal words,
 * punctuation and other slots. The tables are in gen_english.c and gen_languages.c:
 *
 *     {"city", "Austin|Leeds|New York"},
 *     {"~food", "pizza|ramen"},                  "~": the first ones are chosen more often
 *     {"chat", "{food} in {city}, again|I miss {city}"},
 *
 * Braces in capitals are filled in by gen_compose.c: {BRAND}, {PHRASE} ... (enum gen_hole).
 * Compiled once; immutable after that.
 */
#ifndef HY_TOOLS_GEN_GRAMMAR_H
#define HY_TOOLS_GEN_GRAMMAR_H

#include "gen_words.h"

struct gen_slot_source {
    const char *name;
    const char *alternatives;
};

extern const struct gen_slot_source gen_english[], gen_languages[];
extern const size_t gen_english_count, gen_languages_count;

/* What the grammar leaves to the composer. */
#define GEN_HOLE_TABLE(X) \
    X(BRAND) X(HANDLE) X(PHRASE) X(PRODUCT) X(TROUBLE) X(NUM) X(PRICE) X(CLOCK) X(ORDER) X(USER)
enum gen_hole {
#define GEN_HOLE_ENUM(name) GEN_HOLE_##name,
    GEN_HOLE_TABLE(GEN_HOLE_ENUM)
#undef GEN_HOLE_ENUM
        GEN_HOLES
};

enum gen_kind {
    GEN_WORD,
    GEN_PUNCT, /* separates words and nothing else */
    GEN_EMOJI,
    GEN_HASHTAG, /* text without # */
    GEN_MENTION, /* text without @ */
    GEN_URL,
    GEN_HOLE, /* grammar only: word is an enum gen_hole */
    GEN_SLOT, /* grammar only: word is a slot's number */
};

enum gen_glue { GEN_JOIN, GEN_SPACE, GEN_NEWLINE };

/* A piece of a post, or of an alternative. */
enum { GEN_TOKEN_BYTES_MAX = 112, GEN_TOKEN_READ = 16 };
struct gen_token {
    const char *text; /* at least GEN_TOKEN_READ bytes can be read */
    uint32_t word;    /* GEN_WORD, GEN_HASHTAG, GEN_MENTION: its number, or GEN_WORD_NONE */
    uint16_t len;
    uint8_t kind; /* enum gen_kind */
    uint8_t glue; /* what stands before it */
    bool capital; /* its first letter becomes a capital */
    bool keep;    /* its letters' case stays as it is */
    bool marked;  /* part of a term, by gen_judge.c */
    bool plain;   /* the same in text, HTML and JSON of any style: ASCII without " \\ / & < > */
    bool safe;    /* the same, but for letters beyond ASCII, which some styles of JSON escape */
    bool cased;   /* has capitals */
};

struct gen_alternative {
    uint32_t first, count; /* tokens */
};

struct gen_slot {
    const char *name;      /* without ~ */
    uint32_t first, count; /* alternatives */
    bool skewed;
};

struct gen_grammar {
    struct gen_token *tokens;
    struct gen_alternative *alternatives;
    struct gen_slot *slots;
    uint32_t tokens_count, alternatives_count, slots_count;
};

/* Compiles both tables. False when memory is short; a mistake in the tables is an assertion. */
bool gen_grammar_init(struct gen_grammar *grammar, struct gen_words *words);
void gen_grammar_fini(struct gen_grammar *grammar);

/* The slot of that name, which must be there. */
uint32_t gen_grammar_slot(const struct gen_grammar *grammar, const char *name, size_t len);

/* Sets plain and cased from the text. */
void gen_token_look(struct gen_token *token);

/* Splits text into tokens, as grammar literals are split. Returns how many, at most cap. */
uint32_t gen_tokenize(struct gen_words *words, const char *text, size_t len,
                      struct gen_token *tokens, uint32_t cap);

#endif
