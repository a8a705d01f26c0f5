/* hydrant-train: thresholds, and precision, recall and F1 against them. */
#include <stdlib.h>
#include <string.h>

#include "train.h"

struct ranked {
    float logit;
    bool positive;
};

/* Highest logit first; among equals the negatives, so that ties never flatter. */
static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->logit != y->logit)
        return x->logit < y->logit ? 1 : -1;
    return (int)x->positive - (int)y->positive;
}

float train_threshold(const struct train_data *data, const bool *use,
                      float (*logits)[TRAIN_COLUMNS], uint32_t head)
{
    struct ranked *list = train_alloc(data->count, sizeof *list);
    size_t count = 0, positives = 0, hits = 0;
    for (size_t i = 0; i < data->count; i++) {
        if (!use[i])
            continue;
        list[count].logit = logits[i][head];
        list[count].positive = data->texts[i].heads >> head & 1;
        positives += list[count++].positive;
    }
    qsort(list, count, sizeof *list, compare_ranked);
    double best = 0;
    float threshold = 60; /* a head without an example is never set */
    for (size_t i = 0; i + 1 < count; i++) {
        hits += list[i].positive;
        double f1 = 2.0 * (double)hits / (double)(i + 1 + positives);
        if (f1 > best) {
            best = f1;
            threshold = (list[i].logit + list[i + 1].logit) / 2;
        }
    }
    free(list);
    return threshold;
}

static const uint32_t group_first[TRAIN_GROUPS + 1] = {0, HY_MODEL_EKMAN, HY_MODEL_SENTIMENT,
                                                       TRAIN_HEADS};

static uint32_t best_of_group(const float *logits, const float *thresholds, uint32_t group)
{
    uint32_t best = group_first[group];
    for (uint32_t h = best + 1; h < group_first[group + 1]; h++)
        if (logits[h] - thresholds[h] > logits[best] - thresholds[best])
            best = h;
    return best;
}

/* Notes what is said of a text that has one true label of the group. */
static void confuse(struct train_scores *s, uint32_t group, uint64_t heads, uint32_t said)
{
    uint32_t first = group_first[group], count = group_first[group + 1] - first;
    uint64_t bits = heads >> first & ((1ull << count) - 1);
    if (count <= TRAIN_CONFUSED && bits && !(bits & (bits - 1)))
        s->confusion[group][__builtin_ctzll(bits)][said - first]++;
}

static void finish(struct train_scores *s, const uint32_t *hits, const uint32_t *said, size_t count)
{
    for (uint32_t h = 0; h < TRAIN_HEADS; h++) {
        s->precision[h] = said[h] ? (double)hits[h] / said[h] : 0;
        s->recall[h] = s->positives[h] ? (double)hits[h] / s->positives[h] : 0;
        uint32_t both = said[h] + s->positives[h];
        s->f1[h] = both ? 2.0 * hits[h] / both : 0;
        uint32_t group = train_group_of(h);
        s->macro_f1[group] += s->f1[h] / (group_first[group + 1] - group_first[group]);
    }
    for (uint32_t group = 0; group < TRAIN_GROUPS; group++)
        s->single_right[group] /= count ? (double)count : 1;
}

void train_measure(struct train_scores *s, const struct train_data *data, const bool *use,
                   float (*logits)[TRAIN_COLUMNS], const float *thresholds)
{
    uint32_t hits[TRAIN_HEADS] = {0}, said[TRAIN_HEADS] = {0};
    size_t count = 0;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < data->count; i++) {
        if (!use[i])
            continue;
        count++;
        uint64_t heads = data->texts[i].heads;
        for (uint32_t h = 0; h < TRAIN_HEADS; h++) {
            uint32_t is = heads >> h & 1, says = logits[i][h] > thresholds[h];
            hits[h] += is & says;
            said[h] += says;
            s->positives[h] += is;
        }
        for (uint32_t group = 0; group < TRAIN_GROUPS; group++) {
            uint32_t best = best_of_group(logits[i], thresholds, group);
            s->single_right[group] += (double)(heads >> best & 1);
            confuse(s, group, heads, best);
        }
    }
    finish(s, hits, said, count);
}

static const char *head_name(uint32_t head)
{
    if (head < HY_MODEL_EKMAN)
        return hydrant_emotion_name(head);
    return head < HY_MODEL_SENTIMENT ? hydrant_ekman_name(head - HY_MODEL_EKMAN)
                                     : hydrant_sentiment_name(head - HY_MODEL_SENTIMENT);
}

static void print_confusion(FILE *out, const struct train_scores *s, uint32_t group)
{
    uint32_t first = group_first[group], count = group_first[group + 1] - first;
    fprintf(out, "\n  texts of one label: true (down), said to be most (across)\n  %-12s", "");
    for (uint32_t i = 0; i < count; i++)
        fprintf(out, "%10s", head_name(first + i));
    for (uint32_t i = 0; i < count; i++) {
        fprintf(out, "\n  %-12s", head_name(first + i));
        for (uint32_t k = 0; k < count; k++)
            fprintf(out, "%10u", s->confusion[group][i][k]);
    }
    fputc('\n', out);
}

void train_print_scores(FILE *out, const char *title, const struct train_scores *s)
{
    static const char *const groups[TRAIN_GROUPS] = {"28 emotions", "Ekman groups", "sentiment"};
    fprintf(out, "\n%s\n", title);
    for (uint32_t group = 0; group < TRAIN_GROUPS; group++) {
        fprintf(out, "\n  %-16s %6s %9s %6s %6s\n", groups[group], "texts", "precision", "recall",
                "F1");
        for (uint32_t h = group_first[group]; h < group_first[group + 1]; h++)
            fprintf(out, "  %-16s %6u %9.3f %6.3f %6.3f\n", head_name(h), s->positives[h],
                    s->precision[h], s->recall[h], s->f1[h]);
        fprintf(out, "  %-16s %30.4f   single best is right: %.3f\n", "macro-F1",
                s->macro_f1[group], s->single_right[group]);
    }
    print_confusion(out, s, 1);
    print_confusion(out, s, 2);
}
