/*
 * hydrant-train: makes the emotion model.
 *
 *   hydrant-train --train FILE --dev FILE --lexicons DIR --out FILE [options]
 *
 * 1. Honest scores: fits to the train texts, thresholds by cross-validation inside them, measures
 * on the dev texts (weights as floats, then as the int8 model that the engine would run).
 * 2. The model: fits to train and dev texts together, thresholds by cross-validation over all.
 *
 * Without --out only what to expect of texts that neither weights nor thresholds have seen:
 * cross-validation over all texts, thresholds of each fold from the other folds, and how much the
 * scores of that many texts as the dev set has vary.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

struct options {
    const char *train, *dev, *lexicons, *emoji, *cues, *out;
    struct train_settings settings;
};

/* The settings that the shipped model was made with: found by cross-validation, docs/accuracy.md.
 */
static const struct train_settings default_settings = {
    .epochs = 8,
    .folds = 5,
    .seed = 1,
    .df_word = 2,
    .df_pair = 5,
    .df_gram = 5,
    .rows_max = 32768,
    .rate = 0.3f,
    .input_scale = 0.25f,
    .l2 = {0.004f, 0.003f, 0.002f},
    .start = {0.02f, 0.1f, 0.3f},
    .second_epochs = 15,
    .second_rate = 0.001f,
    .second_decay = 0.1f,
};

static const char usage[] =
    "usage: hydrant-train --train FILE --dev FILE --lexicons DIR [--out FILE] [options]\n"
    "  --train FILE      texts to learn from: text<TAB>label,label ... a line\n"
    "  --dev FILE        texts to measure on; the shipped weights learn from them too\n"
    "  --lexicons DIR    vader_lexicon, afinn165, opinion_lexicon, emoji_sentiment_ranking (.tsv)\n"
    "  --emoji FILE      what emoji are worth that these do not know (default: "
    "tools/train/emoji.tsv)\n"
    "  --cues FILE       words of the rules (default: tools/train/cues.txt)\n"
    "  --out FILE        the model; without it only what to expect of unseen texts is printed\n"
    "  --epochs N --folds N --seed N\n"
    "  --df-word N --df-pair N --df-gram N   texts that a word, pair, 4-gram must be in\n"
    "  --rows N          most rows of the model (default 32768)\n"
    "  --rate R --scale S                    AdaGrad's step, what the inputs are multiplied by\n"
    "  --l2 A,B,C --start A,B,C              for emotions, Ekman groups, sentiments\n"
    "  --second-epochs N --second-rate R --second-decay D   the same for the second layer\n";

static uint32_t read_whole(const char *name, const char *text)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value > UINT32_MAX) {
        fprintf(stderr, "hydrant-train: %s: '%s' is not a whole number\n", name, text);
        exit(2);
    }
    return (uint32_t)value;
}

/* count numbers with commas between them. */
static void read_reals(const char *name, const char *text, float *out, uint32_t count)
{
    const char *at = text;
    for (uint32_t i = 0; i < count; i++) {
        char *end;
        out[i] = strtof(at, &end);
        if (end == at || *end != (i + 1 < count ? ',' : '\0') || !isfinite(out[i])) {
            fprintf(stderr, "hydrant-train: %s: '%s' is not %s\n", name, text,
                    count == 1 ? "a number" : "three numbers");
            exit(2);
        }
        at = end + 1;
    }
}

/* True if name was one of the settings. */
static bool read_setting(struct train_settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        uint32_t *whole;
        float *real, *three;
    } table[] = {{"--epochs", &s->epochs, NULL, NULL},
                 {"--folds", &s->folds, NULL, NULL},
                 {"--seed", &s->seed, NULL, NULL},
                 {"--df-word", &s->df_word, NULL, NULL},
                 {"--df-pair", &s->df_pair, NULL, NULL},
                 {"--df-gram", &s->df_gram, NULL, NULL},
                 {"--rows", &s->rows_max, NULL, NULL},
                 {"--rate", NULL, &s->rate, NULL},
                 {"--scale", NULL, &s->input_scale, NULL},
                 {"--l2", NULL, NULL, s->l2},
                 {"--start", NULL, NULL, s->start},
                 {"--second-epochs", &s->second_epochs, NULL, NULL},
                 {"--second-rate", NULL, &s->second_rate, NULL},
                 {"--second-decay", NULL, &s->second_decay, NULL}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(name, table[i].name) != 0)
            continue;
        if (table[i].whole)
            *table[i].whole = read_whole(name, value);
        else if (table[i].real)
            read_reals(name, value, table[i].real, 1);
        else
            read_reals(name, value, table[i].three, TRAIN_GROUPS);
        return true;
    }
    return false;
}

static void read_options(struct options *o, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } files[] = {{"--train", &o->train}, {"--dev", &o->dev},   {"--lexicons", &o->lexicons},
                 {"--emoji", &o->emoji}, {"--cues", &o->cues}, {"--out", &o->out}};
    for (int i = 1; i < argc; i += 2) {
        bool known = false;
        for (size_t k = 0; k < sizeof files / sizeof *files && i + 1 < argc; k++) {
            if (strcmp(argv[i], files[k].name) == 0) {
                *files[k].value = argv[i + 1];
                known = true;
            }
        }
        if (!known && (i + 1 == argc || !read_setting(&o->settings, argv[i], argv[i + 1]))) {
            fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            exit(strcmp(argv[i], "--help") == 0 ? 0 : 2);
        }
    }
    const struct train_settings *s = &o->settings;
    if (!o->train || !o->dev || !o->lexicons || s->folds < 2 || !s->epochs || s->rows_max < 2 ||
        s->rows_max > UINT16_MAX) {
        fputs(usage, stderr);
        exit(2);
    }
}

/* Everything that the steps below work on. */
struct run {
    struct train_data data;
    struct train_settings settings;
    size_t dev_first;
    bool *all, *learn, *test;
    float (*first)[TRAIN_COLUMNS], (*last)[TRAIN_COLUMNS]; /* logits by text */
};

static uint32_t *choose_folds(const struct run *run)
{
    uint64_t random = 0xD1B54A32D192ED03ull * (run->settings.seed + 1u);
    uint32_t *fold_of = train_alloc(run->data.count, sizeof *fold_of);
    for (size_t i = 0; i < run->data.count; i++)
        fold_of[i] = (uint32_t)(train_random(&random) >> 33) % run->settings.folds;
    return fold_of;
}

/* First logits of each text of the set, from weights that have not seen it. */
static void cross_validate_first(struct run *run, const struct train_vocabulary *v, const bool *set,
                                 const uint32_t *fold_of)
{
    struct train_weights weights = {0};
    bool *use = train_alloc(run->data.count, sizeof *use);
    for (uint32_t fold = 0; fold < run->settings.folds; fold++) {
        for (size_t i = 0; i < run->data.count; i++)
            use[i] = set[i] && fold_of[i] != fold;
        train_fit(&weights, v, &run->data, use, &run->settings);
        for (size_t i = 0; i < run->data.count; i++)
            if (set[i] && fold_of[i] == fold)
                train_predict(&weights, v, &run->data, i, &run->settings, run->first[i]);
    }
    free(weights.w);
    free(weights.sum);
    free(use);
}

/* Last logits of each text of the set, from second layers that have not seen it. */
static void cross_validate_second(struct run *run, const bool *set, const uint32_t *fold_of)
{
    struct train_second *second = train_alloc(1, sizeof *second);
    bool *use = train_alloc(run->data.count, sizeof *use);
    for (uint32_t fold = 0; fold < run->settings.folds; fold++) {
        for (size_t i = 0; i < run->data.count; i++)
            use[i] = set[i] && fold_of[i] != fold;
        train_second_fit(second, &run->data, use, run->first, &run->settings);
        for (size_t i = 0; i < run->data.count; i++)
            if (set[i] && fold_of[i] == fold)
                train_second_apply(second, run->data.texts[i].tokens, run->first[i], run->last[i]);
    }
    free(second);
    free(use);
}

/* All that is learned from one set of texts. */
struct fitted {
    struct train_vocabulary v;
    struct train_weights weights;
    struct train_second second;
    float thresholds[TRAIN_HEADS];
    struct train_scores validation; /* of the cross-validation that chose the thresholds */
};

static struct fitted *fit(struct run *run, const bool *set)
{
    struct fitted *f = train_alloc(1, sizeof *f);
    uint32_t *fold_of = choose_folds(run);
    train_vocabulary_make(&f->v, &run->data, set, &run->settings);
    cross_validate_first(run, &f->v, set, fold_of);
    cross_validate_second(run, set, fold_of);
    for (uint32_t h = 0; h < TRAIN_HEADS; h++)
        f->thresholds[h] = train_threshold(&run->data, set, run->last, h);
    train_measure(&f->validation, &run->data, set, run->last, f->thresholds);
    train_second_fit(&f->second, &run->data, set, run->first, &run->settings);
    train_fit(&f->weights, &f->v, &run->data, set, &run->settings);
    free(fold_of);
    return f;
}

/* Measures a model file as the engine runs it. */
static void measure_image(struct run *run, const char *image, size_t len,
                          struct train_scores *scores)
{
    struct hy_emotion_model *model;
    hydrant_error err;
    const struct hy_score_path *path = hy_score_path();
    if (hy_emotion_model_load(image, len, &model, &err) != HYDRANT_OK)
        train_die("%s", err.text);
    for (size_t i = 0; i < run->data.count; i++) {
        if (!run->test[i])
            continue;
        hydrant_str text = {run->data.texts[i].bytes, run->data.texts[i].len};
        path->prepare(model, text, &run->data.tokens);
        path->first(model, &run->data.tokens, run->last[i]);
        path->second(model, run->data.tokens.count, run->last[i]);
    }
    train_measure(scores, &run->data, run->test, run->last, model->heads->threshold);
    hy_emotion_model_free(&model);
}

/* What the model says of where it comes from. */
static void write_provenance(const struct run *run, const struct train_scores *dev, char *out,
                             size_t size)
{
    const struct train_settings *s = &run->settings;
    snprintf(out, size,
             "{\"made_by\":\"hydrant-train " HYDRANT_VERSION "\",\"files\":{%s},"
             "\"settings\":{\"epochs\":%u,\"folds\":%u,\"seed\":%u,\"df_word\":%u,\"df_pair\":%u,"
             "\"df_gram\":%u,\"rows\":%u,\"rate\":%g,\"scale\":%g,\"l2\":[%g,%g,%g],"
             "\"start\":[%g,%g,%g],\"second\":[%u,%g,%g]},\"dev_macro_f1\":{\"emotions\":%.4f,"
             "\"ekman\":%.4f,"
             "\"sentiment\":%.4f}}\n",
             run->data.files, s->epochs, s->folds, s->seed, s->df_word, s->df_pair, s->df_gram,
             s->rows_max, s->rate, s->input_scale, s->l2[0], s->l2[1], s->l2[2], s->start[0],
             s->start[1], s->start[2], s->second_epochs, s->second_rate, s->second_decay,
             dev->macro_f1[0], dev->macro_f1[1], dev->macro_f1[2]);
}

/* Step 1: what a model that has not seen the dev texts says of them. */
static void measure_honestly(struct run *run, struct train_scores *int8_scores)
{
    struct train_scores scores;
    size_t len;
    struct fitted *f = fit(run, run->learn);
    for (size_t i = run->dev_first; i < run->data.count; i++) {
        train_predict(&f->weights, &f->v, &run->data, i, &run->settings, run->first[i]);
        train_second_apply(&f->second, run->data.texts[i].tokens, run->first[i], run->last[i]);
    }
    train_measure(&scores, &run->data, run->test, run->last, f->thresholds);
    train_print_scores(stdout, "dev texts, not learned from; weights as floats", &scores);
    char *image = train_image_make(&run->data, &f->v, &f->weights, &f->second, f->thresholds,
                                   &run->settings, "{}", &len, stdout);
    measure_image(run, image, len, int8_scores);
    train_print_scores(stdout, "dev texts, not learned from; int8 model", int8_scores);
    free(image);
}

/* Logits by text less the thresholds that the texts of the other folds ask for. */
static void subtract_thresholds(struct run *run, const uint32_t *fold_of)
{
    bool *others = train_alloc(run->data.count, sizeof *others);
    for (uint32_t fold = 0; fold < run->settings.folds; fold++) {
        for (size_t i = 0; i < run->data.count; i++)
            others[i] = fold_of[i] != fold;
        for (uint32_t h = 0; h < TRAIN_HEADS; h++) {
            float threshold = train_threshold(&run->data, others, run->last, h);
            for (size_t i = 0; i < run->data.count; i++)
                if (fold_of[i] == fold)
                    run->first[i][h] = run->last[i][h] - threshold;
        }
    }
    free(others);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How the scores of as many texts as the dev set has are spread. */
static void print_spread(const struct run *run)
{
    enum { SAMPLES = 400 };
    static const char *const groups[TRAIN_GROUPS] = {"28 emotions", "Ekman groups", "sentiment"};
    static const float zeros[TRAIN_HEADS];
    static double f1[TRAIN_GROUPS][SAMPLES];
    size_t size = run->data.count - run->dev_first;
    bool *use = train_alloc(run->data.count, sizeof *use);
    uint64_t random = 0xE7037ED1A0B428DBull * (run->settings.seed + 1u);
    for (int sample = 0; sample < SAMPLES; sample++) {
        struct train_scores scores;
        memset(use, 0, run->data.count);
        for (size_t taken = 0; taken < size;) {
            size_t i = train_random(&random) % run->data.count;
            taken += !use[i];
            use[i] = true;
        }
        train_measure(&scores, &run->data, use, run->first, zeros);
        for (uint32_t group = 0; group < TRAIN_GROUPS; group++)
            f1[group][sample] = scores.macro_f1[group];
    }
    printf("\nmacro-F1 of %zu texts, %d drawings\n\n  %-16s %8s %8s %8s\n", size, SAMPLES, "",
           "lowest 5%", "median", "best 5%");
    for (uint32_t group = 0; group < TRAIN_GROUPS; group++) {
        qsort(f1[group], SAMPLES, sizeof *f1[group], compare_doubles);
        printf("  %-16s %9.4f %8.4f %8.4f\n", groups[group], f1[group][SAMPLES / 20],
               f1[group][SAMPLES / 2], f1[group][SAMPLES - 1 - SAMPLES / 20]);
    }
    free(use);
}

/* What to expect of texts that nothing has seen. */
static void print_expected(struct run *run)
{
    static const float zeros[TRAIN_HEADS];
    static struct train_vocabulary v;
    struct train_scores scores;
    uint32_t *fold_of = choose_folds(run);
    train_vocabulary_make(&v, &run->data, run->all, &run->settings);
    cross_validate_first(run, &v, run->all, fold_of);
    cross_validate_second(run, run->all, fold_of);
    subtract_thresholds(run, fold_of);
    train_measure(&scores, &run->data, run->all, run->first, zeros);
    train_print_scores(stdout, "cross-validation, thresholds of the other folds; floats", &scores);
    print_spread(run);
    free(fold_of);
}

static void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        train_die("%s: %s", path, strerror(errno));
}

/* Step 2: the model that is shipped. */
static void make_model(struct run *run, const struct train_scores *dev, const char *path)
{
    char provenance[4096];
    size_t len;
    struct fitted *f = fit(run, run->all);
    train_print_scores(stdout, "cross-validation over train and dev texts; floats", &f->validation);
    write_provenance(run, dev, provenance, sizeof provenance);
    char *image = train_image_make(&run->data, &f->v, &f->weights, &f->second, f->thresholds,
                                   &run->settings, provenance, &len, stdout);
    write_file(path, image, len);
    free(image);
}

int main(int argc, char **argv)
{
    struct options options = {.emoji = HYDRANT_SOURCE_DIR "/tools/train/emoji.tsv",
                              .cues = HYDRANT_SOURCE_DIR "/tools/train/cues.txt",
                              .settings = default_settings};
    static struct run run;
    struct train_scores dev;
    read_options(&options, argc, argv);
    run.settings = options.settings;
    train_load_cues(&run.data, options.cues);
    train_load_lexicons(&run.data, options.lexicons, options.emoji);
    train_load_texts(&run.data, options.train, "train");
    run.dev_first = train_load_texts(&run.data, options.dev, "dev");
    run.all = train_alloc(run.data.count, sizeof *run.all);
    run.learn = train_alloc(run.data.count, sizeof *run.learn);
    run.test = train_alloc(run.data.count, sizeof *run.test);
    run.first = train_alloc(run.data.count, sizeof *run.first);
    run.last = train_alloc(run.data.count, sizeof *run.last);
    for (size_t i = 0; i < run.data.count; i++) {
        run.all[i] = true;
        run.learn[i] = i < run.dev_first;
        run.test[i] = !run.learn[i];
    }
    if (!options.out) {
        print_expected(&run);
        return 0;
    }
    measure_honestly(&run, &dev);
    make_model(&run, &dev, options.out);
    return 0;
}
