/*
 * Stage 6: the arithmetic of the model. See layers.h. Each function is there for AVX-512, for AVX2
 * and in plain C; a property test compares their bits.
 */
#include "emotion/layers.h"

#include <math.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* ---- sums of rows ---- */

#if defined(__AVX2__)

/* HY_LAYER_ROWS rows are added up in 16 bits, which hold 8 * (127 << 3), and then widened. */

static inline __m128i shift_of(const int8_t *row)
{
    return _mm_cvtsi32_si128(row[HY_MODEL_HEADS] & 3);
}

static inline __m128i last_eight(const int8_t *row, __m128i shift)
{
    return _mm_sll_epi16(_mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(row + 32))), shift);
}

#if defined(__AVX512BW__)

void hy_layer_sum(const struct hy_model_row *rows, const uint16_t *index, uint32_t count,
                  int32_t acc[HY_MODEL_ROW])
{
    __m512i low = _mm512_loadu_si512(acc), high = _mm512_loadu_si512(acc + 16);
    __m256i last = _mm256_loadu_si256((const __m256i *)(acc + 32));
    for (uint32_t i = 0; i < count; i += HY_LAYER_ROWS) {
        __m512i a = _mm512_setzero_si512();
        __m128i b = _mm_setzero_si128();
#pragma GCC unroll 8
        for (uint32_t k = 0; k < HY_LAYER_ROWS; k++) {
            const int8_t *row = rows[index[i + k]].heads;
            __m128i shift = shift_of(row);
            __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)row));
            a = _mm512_add_epi16(a, _mm512_sll_epi16(wide, shift));
            b = _mm_add_epi16(b, last_eight(row, shift));
        }
        low = _mm512_add_epi32(low, _mm512_cvtepi16_epi32(_mm512_castsi512_si256(a)));
        high = _mm512_add_epi32(high, _mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64(a, 1)));
        last = _mm256_add_epi32(last, _mm256_cvtepi16_epi32(b));
    }
    _mm512_storeu_si512(acc, low);
    _mm512_storeu_si512(acc + 16, high);
    _mm256_storeu_si256((__m256i *)(acc + 32), last);
}

#else

static inline void widen(int32_t *acc, __m128i sums)
{
    __m256i *out = (__m256i *)acc, wide = _mm256_cvtepi16_epi32(sums);
    _mm256_storeu_si256(out, _mm256_add_epi32(_mm256_loadu_si256(out), wide));
}

void hy_layer_sum(const struct hy_model_row *rows, const uint16_t *index, uint32_t count,
                  int32_t acc[HY_MODEL_ROW])
{
    for (uint32_t i = 0; i < count; i += HY_LAYER_ROWS) {
        __m256i a = _mm256_setzero_si256(), b = a;
        __m128i c = _mm_setzero_si128();
#pragma GCC unroll 8
        for (uint32_t k = 0; k < HY_LAYER_ROWS; k++) {
            const int8_t *row = rows[index[i + k]].heads;
            __m128i shift = shift_of(row);
            __m256i a16 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)row));
            __m256i b16 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(row + 16)));
            a = _mm256_add_epi16(a, _mm256_sll_epi16(a16, shift));
            b = _mm256_add_epi16(b, _mm256_sll_epi16(b16, shift));
            c = _mm_add_epi16(c, last_eight(row, shift));
        }
        widen(acc, _mm256_castsi256_si128(a));
        widen(acc + 8, _mm256_extracti128_si256(a, 1));
        widen(acc + 16, _mm256_castsi256_si128(b));
        widen(acc + 24, _mm256_extracti128_si256(b, 1));
        widen(acc + 32, c);
    }
}

#endif

#else

void hy_layer_sum(const struct hy_model_row *rows, const uint16_t *index, uint32_t count,
                  int32_t acc[HY_MODEL_ROW])
{
    for (uint32_t i = 0; i < count; i++) {
        const struct hy_model_row *row = &rows[index[i]];
        int32_t factor = 1 << (row->extra & 3);
        for (uint32_t h = 0; h < HY_MODEL_HEADS; h++)
            acc[h] += row->heads[h] * factor;
    }
}

#endif

/* ---- the second layer ---- */

/* Adds two inputs times their weights to count sums, a pair of 16 bits at a time. */
#if defined(__AVX512BW__)

enum { LANES = 16 };
typedef __m512i lanes;

static inline lanes add_pair(lanes sum, int32_t pair, const int16_t *weights)
{
    __m512i products = _mm512_madd_epi16(_mm512_set1_epi32(pair), _mm512_loadu_si512(weights));
    return _mm512_add_epi32(sum, products);
}

static inline lanes load_lanes(const int32_t *from)
{
    return _mm512_loadu_si512(from);
}

static inline void store_lanes(int32_t *to, lanes sum)
{
    _mm512_storeu_si512(to, sum);
}

#elif defined(__AVX2__)

enum { LANES = 8 };
typedef __m256i lanes;

static inline lanes add_pair(lanes sum, int32_t pair, const int16_t *weights)
{
    __m256i some = _mm256_loadu_si256((const __m256i *)weights);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_set1_epi32(pair), some));
}

static inline lanes load_lanes(const int32_t *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

static inline void store_lanes(int32_t *to, lanes sum)
{
    _mm256_storeu_si256((__m256i *)to, sum);
}

#else

enum { LANES = 1 };
typedef int32_t lanes;

static inline lanes add_pair(lanes sum, int32_t pair, const int16_t *weights)
{
    int16_t both[2];
    memcpy(both, &pair, sizeof both);
    return sum + both[0] * weights[0] + both[1] * weights[1];
}

static inline lanes load_lanes(const int32_t *from)
{
    return *from;
}

static inline void store_lanes(int32_t *to, lanes sum)
{
    *to = sum;
}

#endif

/* sums[0..count) += inputs[0..2 * pairs) * weights; weights of a pair stand row_pairs apart. */
static inline __attribute__((always_inline)) void
add_products(const int16_t *inputs, uint32_t pairs, const int16_t *weights, uint32_t row_pairs,
             uint32_t count, int32_t *sums)
{
    enum { VECTORS_MAX = HY_MODEL_HIDDEN / LANES };
    lanes sum[VECTORS_MAX];
    uint32_t vectors = count / LANES;
#pragma GCC unroll 8
    for (uint32_t v = 0; v < vectors; v++)
        sum[v] = load_lanes(sums + v * LANES);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < pairs; i++) {
        int32_t pair;
        memcpy(&pair, inputs + 2 * i, sizeof pair);
        const int16_t *row = weights + (size_t)i * row_pairs * 2;
#pragma GCC unroll 8
        for (uint32_t v = 0; v < vectors; v++)
            sum[v] = add_pair(sum[v], pair, row + v * LANES * 2);
    }
#pragma GCC unroll 8
    for (uint32_t v = 0; v < vectors; v++)
        store_lanes(sums + v * LANES, sum[v]);
}

/* Columns of the output that are worked out: those that are used, in whole vectors. */
enum { OUT_USED = (HY_MODEL_HEADS + LANES - 1) / LANES * LANES };

/* A logit as an input: times 256, rounded to the nearest (ties to even), cut. */
static inline int16_t input_of(float logit)
{
    const float most = HY_MODEL_INPUT_MAX;
    float scaled = logit * HY_MODEL_INPUT_PER_ONE;
    scaled = scaled > most ? most : scaled;
    scaled = scaled < -most ? -most : scaled;
    /* At this size adding and taking off 1.5 * 2^23 leaves a whole number. */
    const float whole = 12582912.0f;
    return (int16_t)(int32_t)((scaled + whole) - whole);
}

static inline int16_t hidden_of(int32_t sum, uint32_t shift)
{
    int32_t hidden = (sum > 0 ? sum : 0) >> shift;
    return (int16_t)(hidden < HY_MODEL_HIDDEN_MAX ? hidden : HY_MODEL_HIDDEN_MAX);
}

void hy_layer_second(const struct hy_emotion_model *model, uint32_t tokens,
                     float logits[HY_MODEL_ROW])
{
    const struct hy_model_second *second = model->second;
    const struct hy_model_heads *heads = model->heads;
    int16_t input[HY_MODEL_ROW], hidden[HY_MODEL_HIDDEN];
    int32_t in[HY_MODEL_HIDDEN], out[HY_MODEL_OUT] = {0};
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++)
        input[h] = input_of(logits[h]);
    input[HY_MODEL_HEADS] =
        second->length[tokens < HY_MODEL_LENGTHS ? tokens : HY_MODEL_LENGTHS - 1];
    memcpy(in, second->in_bias, sizeof in);
    add_products(input, HY_MODEL_ROW / 2, second->in[0][0], HY_MODEL_HIDDEN, HY_MODEL_HIDDEN, in);
    for (uint32_t j = 0; j < HY_MODEL_HIDDEN; j++)
        hidden[j] = hidden_of(in[j], second->in_shift);
    add_products(hidden, HY_MODEL_HIDDEN / 2, second->out[0][0], HY_MODEL_OUT, OUT_USED, out);
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++)
        logits[h] = logits[h] + heads->second_bias[h] + (float)out[h] * heads->second_step[h];
}

/* ---- scores ---- */

/* Where a logit stands in the table of the sigmoid. */
static inline int32_t step_of(float logit)
{
    const float last = HY_MODEL_SIGMOID - 1;
    float steps = logit * 64.0f + HY_MODEL_SIGMOID / 2;
    steps = steps < 0 ? 0 : steps;
    steps = steps > last ? last : steps;
    return (int32_t)steps;
}

uint64_t hy_layer_scores(const struct hy_emotion_model *model, const float logits[HY_MODEL_ROW],
                         float scores[HY_MODEL_ROW], float margins[HY_MODEL_ROW])
{
    int32_t steps[HY_MODEL_ROW];
    uint64_t labels = 0;
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++) {
        steps[h] = step_of(logits[h]);
        margins[h] = logits[h] - model->heads->threshold[h];
    }
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++)
        steps[h] = model->sigmoid[steps[h]];
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++)
        scores[h] = (float)steps[h] * (1.0f / 65535.0f);
#if defined(__AVX2__)
    for (uint32_t h = 0; h < HY_MODEL_ROW; h += 8) {
        __m256 above = _mm256_cmp_ps(_mm256_loadu_ps(margins + h), _mm256_setzero_ps(), _CMP_GT_OQ);
        labels |= (uint64_t)(uint32_t)_mm256_movemask_ps(above) << h;
    }
#else
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++)
        labels |= (uint64_t)(margins[h] > 0) << h;
#endif
    return labels & ((1ull << HY_MODEL_HEADS) - 1);
}

#if defined(__AVX2__)

uint32_t hy_layer_best(const float *values, uint32_t count)
{
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256 best = _mm256_set1_ps(values[0]);
    for (uint32_t i = 0; i < count; i += 8) {
        __m256i here = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count - i)), lane);
        __m256 some = _mm256_maskload_ps(values + i, here);
        best = _mm256_max_ps(best, _mm256_blendv_ps(best, some, _mm256_castsi256_ps(here)));
    }
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(best), _mm256_extractf128_ps(best, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    half = _mm_max_ss(half, _mm_movehdup_ps(half));
    best = _mm256_broadcastss_ps(half);
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i += 8) {
        __m256i here = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count - i)), lane);
        __m256 same = _mm256_cmp_ps(_mm256_maskload_ps(values + i, here), best, _CMP_EQ_OQ);
        same = _mm256_and_ps(same, _mm256_castsi256_ps(here));
        found |= (uint32_t)_mm256_movemask_ps(same) << i;
    }
    return (uint32_t)__builtin_ctz(found);
}

#else

uint32_t hy_layer_best(const float *values, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        best = values[i] > values[best] ? i : best;
    return best;
}

#endif
