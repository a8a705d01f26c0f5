/*
 * Valence against what a person said of posts as they are written on networks: in
 * tests/data/polarity/tweets.tsv a grade from -3 to 3, a tab, the post. They were written and
 * graded before any program had read them, and are not changed when the scorer errs. Prints the
 * measures that docs/accuracy.md has; none may fall below its floor.
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
        posts[count] = (struct post){strtof(line, NULL), emotion.valence};
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

static void valence_agrees_with_people(void **state)
{
    static struct post posts[POSTS_MAX];
    unsigned table[3][3] = {{0}}, count = read_posts(posts), right = 0;
    double f1 = 0, recall = 0;
    for (unsigned i = 0; i < count; i++)
        table[1 + sign_of(posts[i].grade, 0.5f)][1 + sign_of(posts[i].valence, NEUTRAL_BELOW)]++;
    for (int c = 0; c < 3; c++) {
        unsigned said = table[0][c] + table[1][c] + table[2][c];
        unsigned is = table[c][0] + table[c][1] + table[c][2];
        right += table[c][c];
        f1 += 2.0 * table[c][c] / (said + is) / 3;
        recall += (double)table[c][c] / is / 3;
    }
    double accuracy = (double)right / count, r = correlation(posts, count);
    print_message("%u posts: accuracy %.3f, macro-F1 %.3f, macro recall %.3f, r %.3f\n", count,
                  accuracy, f1, recall, r);
    assert_true(count >= POSTS_MIN);
    assert_true(accuracy >= 0.68 && f1 >= 0.66 && recall >= 0.69 && r >= 0.62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valence_agrees_with_people)};
    return cmocka_run_group_tests_name("polarity", tests, NULL, NULL);
}
