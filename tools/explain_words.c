/*
 * hydrant explain --emotion: what each word adds to a score is the score with it less the score
 * without it.
 */
#include "tools/explain_words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/json_text.h"
#include "tools/terminal.h"

enum { MEASURES = 5, JSON_BYTES = 4096 };

enum { ROWS = 16 }; /* for a person */

static const float SHOWN_MIN = 0.02f; /* what moves less is noise */

/* What a text is said to be, and how surely. */
struct measure {
    const char *name; /* in JSON */
    const char *what; /* at the head of a column */
    float value;
};

/* The measures of the whole text, with the values that `of` gives them. */
static void measure(const hydrant_emotion *whole, const hydrant_emotion *of,
                    struct measure out[MEASURES])
{
    out[0] =
        (struct measure){"label", hydrant_emotion_name(whole->label), of->scores[whole->label]};
    out[1] = (struct measure){"sentiment", hydrant_sentiment_name(whole->sentiment),
                              of->sentiment_scores[whole->sentiment]};
    out[2] = (struct measure){"speech_act", hydrant_speech_act_name(whole->speech_act),
                              of->acts[whole->speech_act]};
    out[3] = (struct measure){"valence", "valence", of->valence};
    out[4] = (struct measure){"intensity", "intensity", of->intensity};
}

/* What the word adds to each measure. */
static void added_by(const hydrant_emotion *whole, const hydrant_emotion_word *word,
                     struct measure out[MEASURES])
{
    struct measure with[MEASURES];
    measure(whole, whole, with);
    measure(whole, &word->without, out);
    for (unsigned i = 0; i < MEASURES; i++)
        out[i].value = with[i].value - out[i].value;
}

static hydrant_str text_of(const hydrant_explanation *explanation, hydrant_span span)
{
    hydrant_str text = explanation->item->mention->text;
    return (hydrant_str){text.data + span.start, span.end - span.start};
}

/* ---- JSON ---- */

static void json_word(const hydrant_explanation *explanation, const hydrant_emotion_word *word)
{
    struct measure added[MEASURES];
    const hydrant_emotion *whole = explanation->emotion;
    added_by(whole, word, added);
    printf("{\"span\":[%u,%u]", word->span.start, word->span.end);
    json_text_put_member(stdout, "text", text_of(explanation, word->span), false);
    fputs(",\"adds\":{", stdout);
    for (unsigned i = 0; i < MEASURES; i++)
        printf("%s\"%s\":%.4f", i ? "," : "", added[i].name, (double)added[i].value);
    fputs(",\"scores\":{", stdout);
    const char *comma = "";
    for (unsigned i = 0; i < HYDRANT_EMOTIONS; i++) {
        float moved = whole->scores[i] - word->without.scores[i];
        if (fabsf(moved) < SHOWN_MIN)
            continue;
        printf("%s\"%s\":%.4f", comma, hydrant_emotion_name(i), (double)moved);
        comma = ",";
    }
    fputs("}}}", stdout);
}

void explain_words_json(const hydrant_explanation *explanation)
{
    char whole[JSON_BYTES];
    hydrant_emotion_json(explanation->emotion, whole, sizeof whole);
    printf("{\"scores\":%s,\"words\":[", whole);
    for (uint32_t i = 0; i < explanation->words_count; i++) {
        fputs(i ? "," : "", stdout);
        json_word(explanation, &explanation->words[i]);
    }
    fputs("]}", stdout);
}

/* ---- for a person ---- */

static void print_whole(const hydrant_emotion *e)
{
    struct measure measures[MEASURES];
    measure(e, e, measures);
    fputs("\nemotion: ", stdout);
    for (unsigned i = 0; i < MEASURES; i++)
        printf("%s%s %.2f", i ? " · " : "", measures[i].what, (double)measures[i].value);
    const char *before = "\nlabels: ";
    for (unsigned i = 0; i < HYDRANT_EMOTIONS; i++)
        if (e->labels >> i & 1) {
            printf("%s%s %.2f", before, hydrant_emotion_name(i), (double)e->scores[i]);
            before = ", ";
        }
    putchar('\n');
}

struct row {
    const hydrant_emotion_word *word;
    struct measure added[MEASURES];
    float size;
};

/* The strongest first; among equals as in the text. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->word->span.start < y->word->span.start ? -1 : 1;
}

static void print_row(const hydrant_explanation *explanation, const struct row *row)
{
    fputs("  ", stdout);
    for (unsigned i = 0; i < MEASURES; i++) {
        int width = (int)snprintf(NULL, 0, "%s", row->added[i].what);
        printf("%s%*s%+.2f", i ? "  " : "", width > 5 ? width - 5 : 0, "",
               (double)row->added[i].value);
    }
    fputs("  ", stdout);
    terminal_put(stdout, text_of(explanation, row->word->span));
    putchar('\n');
}

static void print_head(const struct row *row)
{
    fputs("\nwhat each word adds (the score with it less the score without it)\n", stdout);
    for (unsigned i = 0; i < MEASURES; i++)
        printf("  %5s", row->added[i].what);
    putchar('\n');
}

void explain_words_print(const hydrant_explanation *explanation)
{
    const hydrant_emotion *whole = explanation->emotion;
    if (!whole->scored) {
        puts("\nemotion: not scored, the model does not cover this language");
        return;
    }
    print_whole(whole);
    static struct row rows[HYDRANT_EXPLAINED_WORDS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < explanation->words_count; i++) {
        struct row *row = &rows[count];
        *row = (struct row){.word = &explanation->words[i]};
        added_by(whole, row->word, row->added);
        bool moves = false;
        for (unsigned k = 0; k < MEASURES; k++) {
            row->size += fabsf(row->added[k].value);
            moves |= fabsf(row->added[k].value) >= SHOWN_MIN;
        }
        count += moves;
    }
    if (!count)
        return;
    qsort(rows, count, sizeof *rows, compare_rows);
    print_head(&rows[0]);
    for (uint32_t i = 0; i < count && i < ROWS; i++)
        print_row(explanation, &rows[i]);
    if (count > ROWS)
        printf("  and %u more that add less\n", count - ROWS);
}
