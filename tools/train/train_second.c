/*
 * hydrant-train: the second layer. 39 logits and the text's length go through 64 rectified units
 * that correct the logits: which emotions go together, which exclude each other. Adam, small
 * batches.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

enum { HIDDEN = HY_MODEL_HIDDEN, COLUMNS = TRAIN_COLUMNS, BATCH = 64 };

float train_length_input(uint32_t tokens)
{
    return train_log((float)(tokens < 1 ? 1 : tokens < 255 ? tokens : 255));
}

static void fill_input(float input[COLUMNS], const float first[COLUMNS], uint32_t tokens)
{
    memcpy(input, first, COLUMNS * sizeof *input);
    input[TRAIN_HEADS] = train_length_input(tokens);
}

static void scale_input(const struct train_second *s, float input[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++)
        input[c] = (input[c] - s->mean[c]) / s->spread[c];
}

TRAIN_WIDE static void forward(const struct train_second_weights *s, const float *restrict first,
                               const float *restrict input, float *restrict hidden,
                               float *restrict last)
{
    for (int j = 0; j < HIDDEN; j++)
        hidden[j] = s->in_bias[j];
    for (int c = 0; c < COLUMNS; c++)
        for (int j = 0; j < HIDDEN; j++)
            hidden[j] += input[c] * s->in[c][j];
    for (int j = 0; j < HIDDEN; j++)
        hidden[j] = hidden[j] > 0 ? hidden[j] : 0;
    for (int c = 0; c < COLUMNS; c++)
        last[c] = first[c] + s->out_bias[c];
    for (int j = 0; j < HIDDEN; j++)
        for (int c = 0; c < COLUMNS; c++)
            last[c] += hidden[j] * s->out[j][c];
}

/* Adds the gradients of one text; delta is the loss by the last logits. */
TRAIN_WIDE static void backward(const struct train_second_weights *s, const float *restrict input,
                                const float *restrict hidden, const float *restrict delta,
                                struct train_second_weights *restrict gradient)
{
    float down[HIDDEN];
    for (int j = 0; j < HIDDEN; j++) {
        float sum[8] = {0};
        for (int c = 0; c < COLUMNS; c++)
            sum[c % 8] += delta[c] * s->out[j][c];
        float total = (sum[0] + sum[4]) + (sum[1] + sum[5]) + (sum[2] + sum[6]) + (sum[3] + sum[7]);
        down[j] = hidden[j] > 0 ? total : 0;
        for (int c = 0; c < COLUMNS; c++)
            gradient->out[j][c] += hidden[j] * delta[c];
    }
    for (int c = 0; c < COLUMNS; c++)
        gradient->out_bias[c] += delta[c];
    for (int j = 0; j < HIDDEN; j++)
        gradient->in_bias[j] += down[j];
    for (int c = 0; c < COLUMNS; c++)
        for (int j = 0; j < HIDDEN; j++)
            gradient->in[c][j] += input[c] * down[j];
}

/* Adam's state: running means of the gradient and of its square. */
struct adam {
    struct train_second_weights mean, square;
    float mean_left, square_left; /* what the means still lack */
};

TRAIN_WIDE static void step(float *restrict w, float *restrict mean, float *restrict square,
                            const float *restrict gradient, size_t count, float rate, float decay,
                            float mean_scale, float square_scale)
{
    for (size_t i = 0; i < count; i++) {
        mean[i] = 0.9f * mean[i] + 0.1f * gradient[i];
        square[i] = 0.999f * square[i] + 0.001f * gradient[i] * gradient[i];
        float size = sqrtf(square[i] * square_scale) + 1e-8f;
        w[i] -= rate * (mean[i] * mean_scale / size + decay * w[i]);
    }
}

static void learn_batch(struct train_second *s, struct adam *adam, const struct train_data *data,
                        float (*first)[COLUMNS], const size_t *texts, float rate, float decay)
{
    static struct train_second_weights gradient;
    memset(&gradient, 0, sizeof gradient);
    for (int i = 0; i < BATCH; i++) {
        float input[COLUMNS], hidden[HIDDEN], last[COLUMNS], delta[COLUMNS];
        const struct train_text *text = &data->texts[texts[i]];
        fill_input(input, first[texts[i]], text->tokens);
        scale_input(s, input);
        forward(&s->w, first[texts[i]], input, hidden, last);
        for (int c = 0; c < COLUMNS; c++)
            delta[c] = (train_logistic(last[c]) - (float)(text->heads >> c & 1)) / BATCH;
        delta[TRAIN_HEADS] = 0;
        backward(&s->w, input, hidden, delta, &gradient);
    }
    adam->mean_left *= 0.9f;
    adam->square_left *= 0.999f;
    step((float *)&s->w, (float *)&adam->mean, (float *)&adam->square, (const float *)&gradient,
         sizeof s->w / sizeof(float), rate, decay, 1 / (1 - adam->mean_left),
         1 / (1 - adam->square_left));
}

/* About normal, with this spread. */
static float random_weight(uint64_t *random, float spread)
{
    float sum = 0;
    for (int i = 0; i < 12; i++)
        sum += (float)(train_random(random) >> 40) / (1 << 24);
    return (sum - 6) * spread;
}

static void measure(struct train_second *s, const struct train_data *data, float (*first)[COLUMNS],
                    const size_t *order, size_t count)
{
    double sum[COLUMNS] = {0}, squares[COLUMNS] = {0};
    for (size_t i = 0; i < count; i++) {
        float input[COLUMNS];
        fill_input(input, first[order[i]], data->texts[order[i]].tokens);
        for (int c = 0; c < COLUMNS; c++) {
            sum[c] += input[c];
            squares[c] += (double)input[c] * input[c];
        }
    }
    for (int c = 0; c < COLUMNS; c++) {
        double n = count ? (double)count : 1, mean = sum[c] / n;
        s->mean[c] = (float)mean;
        s->spread[c] = (float)sqrt(fmax(squares[c] / n - mean * mean, 1e-4));
    }
}

static void begin(struct train_second_weights *w, uint64_t *random)
{
    memset(w, 0, sizeof *w);
    for (int c = 0; c < COLUMNS; c++)
        for (int j = 0; j < HIDDEN; j++)
            w->in[c][j] = random_weight(random, 0.22f);
    for (int j = 0; j < HIDDEN; j++)
        for (int c = 0; c < TRAIN_HEADS; c++)
            w->out[j][c] = random_weight(random, 0.01f);
}

void train_second_fit(struct train_second *s, const struct train_data *data, const bool *use,
                      float (*first)[COLUMNS], const struct train_settings *settings)
{
    struct adam *adam = train_alloc(1, sizeof *adam);
    size_t *order = train_alloc(data->count, sizeof *order), count = 0;
    uint64_t random = 0xA0761D6478BD642Full * (settings->seed + 1u);
    for (size_t i = 0; i < data->count; i++)
        if (use[i])
            order[count++] = i;
    begin(&s->w, &random);
    measure(s, data, first, order, count);
    adam->mean_left = adam->square_left = 1;
    for (uint32_t epoch = 0; epoch < settings->second_epochs; epoch++) {
        float rate = settings->second_rate * (1 - (float)epoch / settings->second_epochs);
        for (size_t i = count; i-- > 1;) {
            size_t j = train_random(&random) % (i + 1), kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        for (size_t i = 0; i + BATCH <= count; i += BATCH)
            learn_batch(s, adam, data, first, order + i, rate, settings->second_decay);
    }
    free(order);
    free(adam);
}

void train_second_apply(const struct train_second *s, uint32_t tokens, const float first[COLUMNS],
                        float last[COLUMNS])
{
    float input[COLUMNS], hidden[HIDDEN];
    fill_input(input, first, tokens);
    scale_input(s, input);
    forward(&s->w, first, input, hidden, last);
}
