#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "emotion/complaint.h"
#include "emotion/emotion.h"
#include "pack/model_format.h"
#include "support/temporary.h"

/* hydrant-train on a few lines made here: it learns what they say, and twice the same bytes. */

static char folder[TEMPORARY_PATH];

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Sentences of which every second one is glad and every second one cross. */
static void write_texts(const char *name, unsigned count)
{
    static const char *const things[] = {"phone", "train", "order", "bill", "game"};
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < count; i++)
        fprintf(file,
                i % 2 ? "what a lovely %s number %u\tjoy\n" : "this rotten %s again %u\tanger\n",
                things[i % 5], i % 7);
    fclose(file);
}

static int make_folder(void **state)
{
    temporary_folder(folder);
    write_texts("train.tsv", 50);
    write_texts("dev.tsv", 20);
    write_file("vader_lexicon.tsv", "lovely\t2.8\nawful\t-2.0\t0.9\n");
    write_file("afinn165.tsv", "awful\t-3\n");
    write_file("opinion_lexicon.tsv", "splendid\tpositive\n");
    write_file("emoji_sentiment_ranking.tsv", "\xf0\x9f\x98\xa1\t300,100,50\n");
    write_file("cues.txt", "# small\n[negator]\nnot no\n[stronger]\nvery\n[thanks]\nthank_you\n");
    return 0;
}

static int remove_folder(void **state)
{
    temporary_remove(folder);
    return 0;
}

/* What the trainer has, it keeps until it ends: no leaks to look for. It says `report`.txt. */
static int run_trainer(const char *options, const char *report)
{
    char command[2000];
    snprintf(command, sizeof command,
             "cd %s && ASAN_OPTIONS=detect_leaks=0 %s/tools/train/hydrant-train --train train.tsv "
             "--dev dev.tsv --lexicons . --cues cues.txt %s >%s.txt 2>&1",
             folder, HYDRANT_BINARY_DIR, options, report);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int train(const char *out, const char *options)
{
    char all[200];
    snprintf(all, sizeof all, "--out %s %s", out, options);
    return run_trainer(all, out);
}

static size_t read_back(const char *name, char **bytes)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    *bytes = calloc(1, HY_MODEL_BYTES_MAX);
    size_t len = fread(*bytes, 1, HY_MODEL_BYTES_MAX - 1, file);
    fclose(file);
    return len;
}

static void gives_the_same_bytes_twice(void **state)
{
    char *a, *b, *other;
    assert_int_equal(train("a.model", ""), 0);
    assert_int_equal(train("b.model", ""), 0);
    assert_int_equal(train("other.model", "--seed 2"), 0);
    size_t len = read_back("a.model", &a);
    assert_int_equal(read_back("b.model", &b), len);
    read_back("other.model", &other);
    assert_memory_equal(a, b, len);
    assert_memory_not_equal(a, other, len);
    free(a);
    free(b);
    free(other);
}

static void learns_what_the_texts_say(void **state)
{
    enum { ANGER = 2, JOY = 17 };
    char *bytes, *report;
    struct hy_emotion_model *model;
    hydrant_emotion glad, cross, unseen, unknown;
    assert_int_equal(train("a.model", ""), 0);
    size_t len = read_back("a.model", &bytes);
    assert_int_equal(hy_emotion_model_load(bytes, len, &model, NULL), HYDRANT_OK);
    hy_emotion_score(model, HY_STR("such a lovely game"), HY_STR("en"), &glad);
    hy_emotion_score(model, HY_STR("this rotten bill"), HY_STR("en"), &cross);
    assert_int_equal(glad.label, JOY);
    assert_int_equal(cross.label, ANGER);
    assert_int_equal(glad.sentiment, HYDRANT_POSITIVE);
    assert_int_equal(cross.sentiment, HYDRANT_NEGATIVE);
    /* A word that only the lexicons know has its valence, and negation turns it: beside one that
     * nobody knows, of which the model makes what it makes of anything. */
    hy_emotion_score(model, HY_STR("splendid"), HY_STR("en"), &unseen);
    hy_emotion_score(model, HY_STR("zqxjkvwb"), HY_STR("en"), &unknown);
    assert_true(unseen.valence > unknown.valence + 0.2f);
    hy_emotion_score(model, HY_STR("not splendid"), HY_STR("en"), &unseen);
    hy_emotion_score(model, HY_STR("not zqxjkvwb"), HY_STR("en"), &unknown);
    assert_true(unseen.valence < unknown.valence - 0.1f);
    assert_non_null(strstr(model->provenance.data, "\"dev_macro_f1\""));
    read_back("a.model.txt", &report);
    /* Every second text is of joy and says so: none is confused. */
    const char *groups = strstr(strstr(report, "int8 model"), "true (down)");
    assert_non_null(groups);
    assert_memory_equal(strstr(groups, "\n  anger"), "\n  anger               10         0", 33);
    assert_non_null(strstr(groups, "\n  positive            10         0"));
    hy_emotion_model_free(&model);
    free(bytes);
    free(report);
}

/* Without a file to write: scores of texts that nothing has learned from, and their spread. */
static void says_what_to_expect(void **state)
{
    static const char *const groups[] = {"28 emotions", "Ekman groups", "sentiment"};
    char *report;
    assert_int_equal(run_trainer("", "expected"), 0);
    read_back("expected.txt", &report);
    assert_non_null(strstr(report, "thresholds of the other folds"));
    const char *spread = strstr(report, "macro-F1 of 20 texts");
    assert_non_null(spread);
    for (int i = 0; i < 3; i++) {
        float lowest = -1, median = -1, best = -1;
        const char *line = strstr(spread, groups[i]);
        assert_non_null(line);
        assert_int_equal(sscanf(line + strlen(groups[i]), "%f %f %f", &lowest, &median, &best), 3);
        assert_true(0 <= lowest && lowest <= median && median <= best && best <= 1);
        assert_true(median > 0); /* every second text says that it is of joy */
    }
    free(report);
}

static void refuses_what_it_cannot_read(void **state)
{
    assert_int_equal(train("c.model", "--rows 0"), 2);
    assert_int_equal(train("c.model", "--what 1"), 2);
    static const char *const no_numbers[] = {"--epochs 10x",      "--folds 5.5", "--seed -1",
                                             "--df-word ''",      "--rate fast", "--scale 1,2",
                                             "--l2 1,2,3,4",      "--start 1,2", "--l2 1,,3",
                                             "--seed 4294967296", "--rate nan"};
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++)
        assert_int_equal(train("c.model", no_numbers[i]), 2);
    assert_int_equal(train("c.model", "--cues nothing.txt"), 1);
    write_file("bad.tsv", "a text\tglee\n");
    assert_int_equal(train("c.model", "--train bad.tsv"), 1);
    write_file("bad.tsv", "a text without labels\n");
    assert_int_equal(train("c.model", "--train bad.tsv"), 1);
    write_file("bad.txt", "[nosuchclass]\nword\n");
    assert_int_equal(train("c.model", "--cues bad.txt"), 1);
}

struct sign {
    const char *name;
    float points;
};

/* The table that the scorer has is the one that the posts give with the model that is shipped. */
static void points_of_complaints_are_those_found(void **state)
{
    static const struct sign signs[] = {
#define SIGN(NAME, points, meaning) {#NAME, points},
        HY_COMPLAINT_TABLE(SIGN)
#undef SIGN
    };
    char line[256], name[64];
    float start = 0, points;
    unsigned found = 0;
    FILE *out =
        popen("ASAN_OPTIONS=detect_leaks=0 " HYDRANT_BINARY_DIR
              "/tools/train/hydrant-fit-acts " HYDRANT_SOURCE_DIR
              "/engine/emotion/model/english.model " HYDRANT_SOURCE_DIR "/tools/train/acts.tsv",
              "r");
    assert_non_null(out);
    while (fgets(line, sizeof line, out)) {
        if (sscanf(line, "#define HY_COMPLAINT_START %f", &start) == 1)
            continue;
        assert_int_equal(sscanf(line, " X(%63[A-Z_], %f", name, &points), 2);
        assert_true(found < HY_COMPLAINT_SIGNS);
        assert_string_equal(name, signs[found].name);
        assert_true(points == signs[found++].points);
    }
    assert_int_equal(pclose(out), 0);
    assert_int_equal(found, HY_COMPLAINT_SIGNS);
    assert_true(start == HY_COMPLAINT_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_of_complaints_are_those_found),
        cmocka_unit_test(gives_the_same_bytes_twice),
        cmocka_unit_test(learns_what_the_texts_say),
        cmocka_unit_test(says_what_to_expect),
        cmocka_unit_test(refuses_what_it_cannot_read),
    };
    return cmocka_run_group_tests_name("train", tests, make_folder, remove_folder);
}
