/*
 * The words of texts that have nothing but words and plain punctuation are the runs of letters in
 * them, but for schemes of links that were cut off, wherever these lie: the reader takes 64 bytes
 * at a time, and words as most are by a short way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "dedup/dedup_text.h"
#include "tests/support/random.h"

enum {
    TEXTS = 200000,
    PIECES_MAX = 130, /* more words than are kept one by one */
    PIECES_MOSTLY = 40,
    TEXT_MAX = PIECES_MAX * 28,
};

struct made {
    char text[TEXT_MAX + HY_DEDUP_TEXT_SLACK];
    char line[TEXT_MAX]; /* the words, with one space between them */
    uint32_t len, line_len, words;
    bool cut; /* dots behind the last word */
};

static const char *pick(struct random_state *random, const char *const *list, size_t count)
{
    return list[random_below(random, (uint32_t)count)];
}
#define PICK(random, list) pick(random, list, sizeof(list) / sizeof *(list))

static void append(struct made *made, const char *text, uint32_t len)
{
    memcpy(made->text + made->len, text, len);
    made->len += len;
}

/* Words that begin like a link, or would mark a repost before a handle, are among them. */
static void add_word(struct made *made, struct random_state *random)
{
    static const char *const common[] = {"have", "has",  "he", "her",   "htt", "rt",   "via", "me",
                                         "more", "very", "r",  "right", "how", "with", "a"};
    char word[20];
    uint32_t len = 1 + random_below(random, 18);
    for (uint32_t i = 0; i < len; i++)
        word[i] = (char)('a' + random_below(random, 26));
    if (random_below(random, 3) == 0) {
        const char *chosen = PICK(random, common);
        len = (uint32_t)strlen(chosen);
        memcpy(word, chosen, len);
    }
    if (len >= 4 && memcmp(word, "http", 4) == 0)
        word[0] = 'k'; /* it might be a link that was cut off */
    if (made->words++ > 0)
        made->line[made->line_len++] = ' ';
    memcpy(made->line + made->line_len, word, len);
    made->line_len += len;
    append(made, word, len);
}

static void make(struct made *made, struct random_state *random)
{
    static const char *const between[] = {" ",    " ",     " ",      ", ",      "! ",  "? ",
                                          ". ",   ",",     "!?",     "  ",      "! ?", "... ",
                                          " .. ", ", .. ", " http ", " https, "};
    uint32_t most = random_below(random, 16) ? PIECES_MOSTLY : PIECES_MAX;
    uint32_t pieces = 1 + random_below(random, most - 1);
    made->len = made->line_len = made->words = 0;
    made->cut = false;
    for (uint32_t i = 0; i < pieces; i++) {
        add_word(made, random);
        const char *chosen = PICK(random, between);
        if (i + 1 == pieces && random_below(random, 2))
            break;
        append(made, chosen, (uint32_t)strlen(chosen));
        const char *dots = chosen + strspn(chosen, " ");
        made->cut = i + 1 == pieces && dots[0] == '.' && dots[1] == '.';
    }
    /* What lies behind a text is not looked at, whatever it is. */
    for (uint32_t i = 0; i < HY_DEDUP_TEXT_SLACK; i++)
        made->text[made->len + i] = "a ,!?."[random_below(random, 6)];
}

static void words_are_runs_of_letters(void **state)
{
    static char buffer[HY_DEDUP_LINE_BYTES];
    static struct made made;
    static struct hy_dedup_text text;
    struct random_state random = {random_seed("dedup_text")};
    for (uint32_t i = 0; i < TEXTS; i++) {
        make(&made, &random);
        text.buffer = buffer;
        hy_dedup_text_read(made.text, made.len, &text);
        uint32_t kept = made.words < HY_DEDUP_WORDS ? made.words : HY_DEDUP_WORDS;
        if (text.line.len != made.line_len || memcmp(text.line.data, made.line, made.line_len) ||
            text.weight != made.words * HY_DEDUP_WORD_WEIGHT || text.words_count != kept ||
            text.cut != made.cut)
            fail_msg("text %u: \"%.*s\" is read as \"%.*s\"", i, (int)made.len, made.text,
                     (int)text.line.len, text.line.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_are_runs_of_letters)};
    return cmocka_run_group_tests_name("dedup text", tests, NULL, NULL);
}
