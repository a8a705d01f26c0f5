/*
 * Valence and sentiment against what a person said of posts as they are written on networks: in
 * tests/data/polarity/tweets.tsv a grade from -3 to 3, a tab, the post. They were written and
 * graded before any program had read them, and are not changed when the scorer errs. Prints the
 * measures that docs/accuracy.md has; none may fall below its floor, which is above what VADER
 * gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "emotion/emotion.h"

enum { POSTS_MIN = 169, POSTS_MAX = 1000 };

#define NEUTRAL_BELOW 0.05f /* as VADER's authors do with its compound score */

struct post {
    float grade, valence;
    uint8_t sentiment;
};

struct measures {
    double accuracy, f1, recall;
};

static int sign_of(float x, float neutral_below)
{
    return x >= neutral_below ? 1 : x <= -neutral_below ? -1 : 0;
}

static unsigned read_posts(struct post *posts)
{
    char line[1024];
    unsigned count = 0;
    const struct hy_emotion_model *model = NULL;
    assert_int_equal(hy_emotion_model_builtin(&model, NULL), HYDRANT_OK);
    FILE *file = fopen(HYDRANT_SOURCE_DIR "/tests/data/polarity/tweets.tsv", "r");
    assert_non_null(file);
    for (; fgets(line, sizeof line, file); count++) {
        size_t tab = strcspn(line, "\t"), len = strcspn(line + tab + 1, "\n");
        hydrant_emotion emotion;
        assert_true(line[tab] == '\t' && count < POSTS_MAX);
        hy_emotion_score(model, hy_str(line + tab + 1, len), HY_STR("en"), &emotion);
        posts[count] = (struct post){strtof(line, NULL), emotion.valence, emotion.sentiment};
    }
    fclose(file);
    return count;
}

static double correlation(const struct post *posts, unsigned count)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (unsigned i = 0; i < count; i++) {
        double a = (double)posts[i].grade, b = (double)posts[i].valence;
        x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
    }
    return (count * xy - x * y) / sqrt((count * xx - x * x) * (count * yy - y * y));
}

/* Says -1, 0 or 1 of a post. */
typedef int say_fn(const struct post *post);

static int say_by_valence(const struct post *post)
{
    return sign_of(post->valence, NEUTRAL_BELOW);
}

static int say_by_sentiment(const struct post *post)
{
    return (post->sentiment == HYDRANT_POSITIVE) - (post->sentiment == HYDRANT_NEGATIVE);
}

static struct measures measure(const struct post *posts, unsigned count, say_fn *say)
{
    unsigned table[3][3] = {{0}}, right = 0;
    struct measures m = {0};
    for (unsigned i = 0; i < count; i++)
        table[1 + sign_of(posts[i].grade, 0.5f)][1 + say(&posts[i])]++;
    for (int c = 0; c < 3; c++) {
        unsigned said = table[0][c] + table[1][c] + table[2][c];
        unsigned is = table[c][0] + table[c][1] + table[c][2];
        right += table[c][c];
        m.f1 += 2.0 * table[c][c] / (said + is) / 3;
        m.recall += (double)table[c][c] / is / 3;
    }
    m.accuracy = (double)right / count;
    print_message("%u posts: accuracy %.3f, macro-F1 %.3f, macro recall %.3f\n", count, m.accuracy,
                  m.f1, m.recall);
    return m;
}

static void valence_agrees_with_people(void **state)
{
    static struct post posts[POSTS_MAX];
    unsigned count = read_posts(posts);
    struct measures m = measure(posts, count, say_by_valence);
    double r = correlation(posts, count);
    print_message("correlation with the grade %.3f\n", r);
    assert_true(count >= POSTS_MIN);
    assert_true(m.accuracy >= 0.72 && m.f1 >= 0.70 && m.recall >= 0.715 && r >= 0.65);
}

static void sentiment_agrees_with_people(void **state)
{
    static struct post posts[POSTS_MAX];
    struct measures m = measure(posts, read_posts(posts), say_by_sentiment);
    assert_true(m.accuracy >= 0.67 && m.f1 >= 0.66 && m.recall >= 0.72);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valence_agrees_with_people),
                                       cmocka_unit_test(sentiment_agrees_with_people)};
    return cmocka_run_group_tests_name("polarity", tests, NULL, NULL);
}
