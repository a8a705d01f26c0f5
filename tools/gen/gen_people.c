/*
 * Authors: a million people, each a pure function of the seed and a number. Few of them write much.
 * Followers are log-normal, by integers: 2^x with x the sum of uniform numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "gen_post.h"

enum { STREAM_PEOPLE = 41, STREAM_WHO, STREAM_BIOS };
enum { BIOS = 2048, BIO_TOKENS_MAX = 64 };

static const char *const first_names[] = {
    "tara",  "sam",   "jordan", "priya",  "mateo", "aisha", "liam",  "chloe",  "kenji",  "fatima",
    "omar",  "elena", "noah",   "zoe",    "ravi",  "grace", "hugo",  "maya",   "ivan",   "leila",
    "tom",   "nina",  "carlos", "hannah", "andre", "sofia", "ben",   "lucia",  "marcus", "yuki",
    "ella",  "finn",  "nora",   "kwame",  "ines",  "pavel", "rosa",  "dmitri", "anna",   "bruno",
    "clara", "diego", "emma",   "felix",  "gina",  "harry", "ida",   "jonas",  "kate",   "leo",
    "mia",   "nils",  "olga",   "paul",   "quinn", "rita",  "simon", "tess",   "umar",   "vera",
    "wendy", "xena",  "yan",    "zara"};
static const char *const handle_words[] = {
    "runs",     "writes", "bakes", "online", "irl",   "art",  "codes", "reads",
    "outdoors", "music",  "daily", "the",    "real",  "just", "its",   "official",
    "tv",       "tweets", "fan",   "world",  "loves", "eats"};
static const char *const local_names[GEN_LANGUAGES][6] = {
    [GEN_RU] = {"Анна", "Дмитрий", "Оля К.", "Сергей", "Марина", "Иван П."},
    [GEN_AR] = {"سارة", "محمد", "نورة", "أحمد علي", "ليلى", "خالد"},
    [GEN_JA] = {"さくら", "ゆうき@猫", "健太", "みずき", "はると", "なな"},
    [GEN_ZH] = {"小明", "阿芳", "陈先生", "李娜", "大熊", "晓雨"},
    [GEN_KO] = {"민수", "지은", "하늘", "준호", "서연", "영희"},
};

/* 2^(16 + i/256) by repeated integer square roots: exact on every machine. */
static uint64_t square_root(uint64_t x)
{
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= x)
            root += bit;
    return root;
}

static void fill_exp2(uint32_t *table)
{
    uint64_t step[8]; /* 2^(1/2), 2^(1/4) ... in units of 2^-30 */
    uint64_t value = 2ull << 30;
    for (uint32_t i = 0; i < 8; i++)
        step[i] = value = square_root(value << 30);
    for (uint32_t i = 0; i < 256; i++) {
        uint64_t product = 1ull << 30;
        for (uint32_t bit = 0; bit < 8; bit++)
            if (i & (128u >> bit))
                product = product * step[bit] >> 30;
        table[i] = (uint32_t)(product >> 14);
    }
}

/* One bio from the grammar, as text. */
static uint32_t write_bio(const struct gen_grammar *grammar, uint32_t slot, struct gen_rng *rng,
                          char *out, uint32_t cap)
{
    const struct gen_slot *from = &grammar->slots[slot];
    const struct gen_alternative *pick =
        &grammar->alternatives[from->first + gen_below(rng, from->count)];
    uint32_t len = 0;
    for (uint32_t i = 0; i < pick->count; i++) {
        const struct gen_token *token = &grammar->tokens[pick->first + i];
        if (token->glue && len && len < cap)
            out[len++] = ' ';
        if (token->kind == GEN_SLOT) {
            len += write_bio(grammar, token->word, rng, out + len, cap - len);
        } else if (token->kind == GEN_HOLE) {
            if (len < cap)
                out[len++] = (char)('2' + gen_below(rng, 8));
        } else if (len + token->len <= cap) {
            memcpy(out + len, token->text, token->len);
            len += token->len;
        }
    }
    return len;
}

bool gen_people_init(struct hy_gen *gen)
{
    struct gen_people *people = &gen->people;
    people->bios = calloc(BIOS, sizeof *people->bios);
    people->exp2 = calloc(256, sizeof *people->exp2);
    if (!people->bios || !people->exp2)
        return false;
    fill_exp2(people->exp2);
    const struct gen_grammar *grammar = &gen->world.grammar;
    uint32_t slot = gen_grammar_slot(grammar, "bio", 3);
    for (uint32_t i = 0; i < BIOS; i++) {
        struct gen_rng rng = gen_rng_seed(gen_stream(gen->world.options.seed, STREAM_BIOS), i);
        char text[160];
        uint32_t len = write_bio(grammar, slot, &rng, text, sizeof text);
        people->bios[i].text = gen_words_keep(&gen->world.words, text, len);
        people->bios[i].len = len;
    }
    return !gen->world.words.failed;
}

void gen_people_fini(struct gen_people *people)
{
    free(people->bios);
    free(people->exp2);
    memset(people, 0, sizeof *people);
}

static uint32_t append(char *out, uint32_t len, const char *text)
{
    size_t n = strlen(text);
    memcpy(out + len, text, n);
    return len + (uint32_t)n;
}

static uint32_t append_number(char *out, uint32_t len, uint32_t number)
{
    char digits[10];
    uint32_t n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
    } while (number /= 10);
    while (n)
        out[len++] = digits[--n];
    return len;
}

/* A handle is one word to the rules: letters, digits and _, with a digit in it, so that it is never
 * a brand's or another word. */
uint32_t gen_person_handle(uint64_t seed, uint32_t number, char out[32])
{
    uint64_t hash = gen_hash(gen_stream(seed, STREAM_PEOPLE), number);
    const char *first = first_names[hash & 63];
    const char *word =
        handle_words[gen_scale(hash << 6, sizeof handle_words / sizeof *handle_words)];
    uint32_t len = 0;
    switch (hash >> 60) {
    case 0:
    case 1:
        len = append(out, len, word);
        len = append(out, len, first);
        break;
    case 2:
    case 3:
    case 4:
        len = append(out, len, first);
        out[len++] = '_';
        len = append(out, len, word);
        break;
    default:
        len = append(out, len, first);
    }
    if ((hash >> 58 & 1) && len < 20)
        out[len++] = '_';
    return append_number(out, len, number % (hash & 1 << 20 ? 100 : 100000));
}

static void write_name(struct gen_person *person, uint64_t hash, enum gen_language language)
{
    char *out = person->name;
    uint32_t len = 0;
    if (local_names[language][0] && (hash & 3)) {
        person->name_len = append(out, 0, local_names[language][(hash >> 8) % 6]);
        return;
    }
    len = append(out, 0, first_names[hash & 63]);
    out[0] = (char)(out[0] - 32);
    if (hash >> 62) {
        out[len++] = ' ';
        out[len++] = (char)('A' + gen_scale(hash << 16, 26));
        out[len++] = '.';
    }
    static const char *const extras[] = {" 🌻", " 💙", " 🏳️‍🌈", " 🚴", " (she/her)", " 🇺🇦",
                                         " ✨", " ⚽"};
    if ((hash >> 40 & 7) == 0)
        len = append(out, len, extras[hash >> 43 & 7]);
    person->name_len = len;
}

/* 2^x, x with a mean of 7.5 and a deviation of 2.5: a median of 180. One in 512 is known to many.
 */
static uint64_t draw_followers(const uint32_t *exp2, uint64_t dice)
{
    uint32_t x = 0; /* in 1/256 */
    for (uint32_t i = 0; i < 6; i++)
        x += (uint32_t)(dice >> (9 * i) & 511) * 2;
    x = x * 7 / 8;
    x = x > 767 ? x - 767 : 0;
    if (dice >> 55 == 0)
        x += 5 << 8;
    return (uint64_t)exp2[x & 255] << (x >> 8) >> 16;
}

void gen_person_make(const struct hy_gen *gen, uint32_t number, enum gen_language language,
                     struct gen_person *person)
{
    uint64_t seed = gen->world.options.seed;
    uint64_t hash = gen_hash(gen_stream(seed, STREAM_PEOPLE), number);
    uint64_t more = gen_mix(hash + 1);
    person->handle_len = gen_person_handle(seed, number, person->handle);
    write_name(person, hash, language);
    person->id = 1000000 + (more >> 16) % 9000000000000u;
    const struct gen_bio *bio = &gen->people.bios[more % BIOS];
    bool silent = (more >> 32 & 3) == 0;
    person->bio = bio->text;
    person->bio_len = silent ? 0 : bio->len;
    person->followers = draw_followers(gen->people.exp2, gen_mix(hash + 2));
    person->posts = 3 + (gen_mix(hash + 3) >> 40) % (200 + (person->followers % 20000) * 3);
    person->verified = person->followers > 20000 || (more >> 50) % 50 == 0;
}

uint32_t gen_person_of(const struct hy_gen_options *options, const struct gen_plan *plan)
{
    uint64_t stream = gen_stream(options->seed, STREAM_WHO);
    uint64_t index = plan->repeat == GEN_REPEAT_AGAIN ? plan->origin : plan->index;
    struct gen_rng rng = gen_rng_seed(stream, index);
    uint32_t number = gen_below_skewed(&rng, GEN_PEOPLE);
    if (plan->origin == index || plan->repeat == GEN_REPEAT_AGAIN)
        return number;
    struct gen_rng first = gen_rng_seed(stream, plan->origin);
    uint32_t taken = gen_below_skewed(&first, GEN_PEOPLE);
    return number == taken ? (number + 1) % GEN_PEOPLE : number;
}
