/*
 * hydrant-fit-acts: the points of the signs of a complaint.
 *
 *   hydrant-fit-acts MODEL ACTS.tsv [--folds]
 *
 * Scores the posts of ACTS.tsv (an act, a tab, the post) with a model, takes the signs of each, and
 * fits logistic regression: complaint or not, abuse left out. Prints the table of
 * engine/emotion/complaint.h with the points that it found; with --folds before it how well that
 * does on posts that it has not learned from (ten folds), and which ones it gets wrong.
 * Deterministic.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pack/model.h"
#include "train.h"

enum {
    POSTS_MAX = 4096,
    SIGNS = HY_COMPLAINT_SIGNS,
    COLUMNS = SIGNS + 1,
    FOLDS = 10,
    STEPS = 4000
};

static const double L2 = 0.002, RATE = 0.5;

static const char *const names[SIGNS] = {
#define NAME(NAME, points, meaning) #NAME,
    HY_COMPLAINT_TABLE(NAME)
#undef NAME
};
static const char *const meanings[SIGNS] = {
#define MEANING(NAME, points, meaning) meaning,
    HY_COMPLAINT_TABLE(MEANING)
#undef MEANING
};

struct post {
    float value[COLUMNS]; /* the last is 1 */
    bool complaint;
    char *text;
};

static struct post posts[POSTS_MAX];
static uint32_t count;

/* The signs of one text, as the scorer sees them. */
static void take_signs(const struct hy_emotion_model *model, hydrant_str text, float *out)
{
    static struct hy_tokens tokens;
    struct hy_glance glance;
    struct hy_glance_totals totals = {0};
    struct hy_valence_sum valence = {0};
    struct hy_speech_signs signs = {0};
    hydrant_emotion emotion;
    hy_score_path_here.text(model, text, HY_STR("en"), &tokens, &emotion);
    for (bool more = hy_glance_first(&tokens, &glance); more;
         more = hy_glance_next(&tokens, &glance)) {
        hy_glance_count(&glance, &totals);
        hy_valence_add(&valence, &tokens, &glance);
        hy_speech_add(&signs, &glance);
    }
    signs.valence = hy_valence(hy_valence_words(&valence, &tokens, &totals));
    hy_speech_complaint_signs(&signs, &totals, &emotion, out);
    out[SIGNS] = 1;
}

static void read_posts(const struct hy_emotion_model *model, char *bytes)
{
    for (char *line = strtok(bytes, "\n"); line; line = strtok(NULL, "\n")) {
        char *tab = strchr(line, '\t');
        if (!tab || count == POSTS_MAX)
            train_die("line %u: no tab, or too many posts", count + 1);
        *tab = 0;
        if (strcmp(line, "abuse") == 0)
            continue;
        struct post *post = &posts[count++];
        post->text = tab + 1;
        post->complaint = strcmp(line, "complaint") == 0;
        take_signs(model, hy_str_cstr(tab + 1), post->value);
    }
}

static double points_of(const double *w, const struct post *post)
{
    double points = 0;
    for (unsigned i = 0; i < COLUMNS; i++)
        points += w[i] * post->value[i];
    return points;
}

/* Fits to the posts outside of a fold (FOLDS: all) by plain gradient descent. */
static void fit(uint32_t fold, double w[COLUMNS])
{
    memset(w, 0, COLUMNS * sizeof *w);
    for (int step = 0; step < STEPS; step++) {
        double gradient[COLUMNS] = {0};
        uint32_t used = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (i % FOLDS == fold)
                continue;
            used++;
            double wrong =
                (double)train_logistic((float)points_of(w, &posts[i])) - posts[i].complaint;
            for (unsigned k = 0; k < COLUMNS; k++)
                gradient[k] += wrong * (double)posts[i].value[k];
        }
        for (unsigned k = 0; k < COLUMNS; k++)
            w[k] -= RATE * (gradient[k] / used + (k < SIGNS ? L2 * w[k] : 0));
    }
}

static void cross_validate(void)
{
    uint32_t table[2][2] = {{0}};
    for (uint32_t fold = 0; fold < FOLDS; fold++) {
        double w[COLUMNS];
        fit(fold, w);
        for (uint32_t i = fold; i < count; i += FOLDS) {
            bool said = points_of(w, &posts[i]) > 0;
            table[posts[i].complaint][said]++;
            if (said != posts[i].complaint)
                printf("%s: %s\n", said ? "taken for a complaint" : "missed", posts[i].text);
        }
    }
    printf("complaints: %u found, %u missed; others: %u left alone, %u taken for one\n",
           table[1][1], table[1][0], table[0][0], table[0][1]);
}

int main(int argc, char **argv)
{
    size_t model_len, acts_len;
    struct hy_emotion_model *model;
    hydrant_error err;
    double w[COLUMNS];
    bool folds = argc == 4 && strcmp(argv[3], "--folds") == 0;
    if (argc != 3 && !folds) {
        fputs("usage: hydrant-fit-acts MODEL ACTS.tsv [--folds]\n", stderr);
        return 2;
    }
    char *bytes = train_read_file(argv[1], &model_len);
    if (hy_emotion_model_load(bytes, model_len, &model, &err) != HYDRANT_OK)
        train_die("%s: %s", argv[1], err.text);
    read_posts(model, train_read_file(argv[2], &acts_len));
    if (folds)
        cross_validate();
    fit(FOLDS, w);
    printf("#define HY_COMPLAINT_START %.2ff\n", w[SIGNS]);
    for (unsigned i = 0; i < SIGNS; i++)
        printf("    X(%s, %.2ff, \"%s\")\n", names[i], w[i], meanings[i]);
    hy_emotion_model_free(&model);
    return 0;
}
