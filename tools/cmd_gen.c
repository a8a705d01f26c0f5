/*
 * hydrant gen: a deterministic synthetic firehose as NDJSON, its rules and its true answers. Reads
 * no clock and no locale; the generator itself is in tools/gen/.
 *
 * With more than one thread, each makes chunks of its own, and the chunks are written in order; the
 * bytes are the same for any number of threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/gen.h"
#include "tools/commands.h"

enum { CHUNK_POSTS = 256, THREADS_MAX = 64 };

/* Numbers of posts, and seconds of their own time (95 years), up to which ids and times are right.
 */
static const uint64_t POST_MAX = 1000000000000, SECONDS_MAX = 3000000000;

static const char help[] =
    "Makes a synthetic firehose: posts about invented brands, one JSON object a line, in "
    "hydrant's\n"
    "native format. The same options give the same bytes on every machine, and the first posts\n"
    "of a longer run are the posts of a shorter one.\n"
    "\n"
    "Usage: hydrant gen --posts N [options]\n"
    "\n"
    "      --posts N         how many posts; 1000000, 1M and 10k are numbers\n"
    "      --seed S          which world and which posts (default 1)\n"
    "      --first N         begin with post N, counted from 0 (default 0)\n"
    "  -o, --output FILE     write the posts to FILE instead of stdout\n"
    "      --rules-out FILE  write the rules that look for the posts (YAML)\n"
    "      --truth FILE      write the true answers, one JSON object a post: the rules that "
    "match,\n"
    "                        what it repeats, the emotion intended\n"
    "      --threads N       make posts on N threads (default 1; the bytes are the same)\n"
    "  -h, --help            this\n"
    "\n"
    "What the world is like (R is a share such as 0.2 or 20%):\n"
    "      --brands N        brands, by Zipf's law the first are talked about most (default 40)\n"
    "      --phrases N       phrases of two to three words in all rules together (default 10000)\n"
    "      --hit-rate R      share of posts that match at least one rule (default 0.2)\n"
    "      --duplicates R    share of posts that repeat an earlier one: reposts, copies, and "
    "copies\n"
    "                        with a typo, another link, an emoji, cut short (default 0.1)\n"
    "      --redelivered R   share of records that come a second time, same id (default 0)\n"
    "      --rate N          posts a second by their own time, on average (default 500)\n"
    "      --record-bytes S  short (about 200 bytes), normal (780) or x (5 KB, as X sends them)\n"
    "      --lang LIST       mix (default: 80 % English, the rest es fr de ru ar ja zh ko), or\n"
    "                        codes such as en or en,ja\n"
    "\n"
    "Exit code: 0 ok; 1 what was made could not be written; 2 usage\n"
    "\n"
    "Examples:\n"
    "  $ hydrant gen --posts 1M --seed 1 --rules-out r.yaml >p.ndjson\n"
    "  $ hydrant scan --rules r.yaml --emit none --stats json p.ndjson\n";

struct settings {
    struct hy_gen_options options;
    uint64_t posts, first;
    uint32_t threads;
    bool posts_given;
    const char *output, *rules, *truth;
};

/* ---- numbers as people write them ---- */

static bool parse_count(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    uint64_t unit = 1;
    if (*end == 'k')
        unit = 1000;
    else if (*end == 'M')
        unit = 1000000;
    else if (*end == 'G')
        unit = 1000000000;
    if (errno || end[unit > 1] || value > most / unit)
        return false;
    *out = value * unit;
    return true;
}

/* 0.2, .2, 1 or 20%, in millionths, without floating point. */
static bool parse_share(const char *text, uint32_t *ppm)
{
    uint64_t value = 0;
    uint32_t decimals = 0, digits = 0;
    bool point = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        digits++;
        if (decimals == 8 || value > 1000)
            continue;
        value = value * 10 + (uint64_t)(*text - '0');
        decimals += point;
    }
    bool percent = *text == '%';
    if (digits == 0 || text[percent])
        return false;
    for (; decimals < 8; decimals++)
        value *= 10;
    value /= percent ? 10000 : 100;
    if (value > HY_GEN_PPM)
        return false;
    *ppm = (uint32_t)value;
    return true;
}

static bool parse_size(const char *text, enum hy_gen_size *size)
{
    static const char *const names[] = {"short", "normal", "x"};
    for (uint32_t i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *size = (enum hy_gen_size)i;
            return true;
        }
    }
    return false;
}

/* ---- options ---- */

enum {
    OPTION_POSTS = 256,
    OPTION_SEED,
    OPTION_BRANDS,
    OPTION_PHRASES,
    OPTION_HIT_RATE,
    OPTION_DUPLICATES,
    OPTION_REDELIVERED,
    OPTION_RATE,
    OPTION_SIZE,
    OPTION_LANG,
    OPTION_RULES,
    OPTION_TRUTH,
    OPTION_FIRST,
    OPTION_THREADS,
};

static const struct option long_options[] = {
    {"posts", required_argument, NULL, OPTION_POSTS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"brands", required_argument, NULL, OPTION_BRANDS},
    {"phrases", required_argument, NULL, OPTION_PHRASES},
    {"hit-rate", required_argument, NULL, OPTION_HIT_RATE},
    {"duplicates", required_argument, NULL, OPTION_DUPLICATES},
    {"redelivered", required_argument, NULL, OPTION_REDELIVERED},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"record-bytes", required_argument, NULL, OPTION_SIZE},
    {"lang", required_argument, NULL, OPTION_LANG},
    {"rules-out", required_argument, NULL, OPTION_RULES},
    {"truth", required_argument, NULL, OPTION_TRUTH},
    {"first", required_argument, NULL, OPTION_FIRST},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_u32(const char *text, uint32_t most, uint32_t *out)
{
    uint64_t value;
    if (!parse_count(text, most, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

/* Where the posts go; nothing else may. */
static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* False when the value is not one. */
static bool take_option(struct settings *settings, int option, const char *value)
{
    struct hy_gen_options *options = &settings->options;
    switch (option) {
    case OPTION_POSTS:
        settings->posts_given = true;
        return parse_count(value, UINT64_MAX / 2, &settings->posts);
    case OPTION_SEED:
        return parse_count(value, UINT64_MAX, &options->seed);
    case OPTION_BRANDS:
        return parse_u32(value, HY_GEN_BRANDS_MAX, &options->brands);
    case OPTION_PHRASES:
        return parse_u32(value, HY_GEN_PHRASES_MAX, &options->phrases);
    case OPTION_HIT_RATE:
        return parse_share(value, &options->hit_ppm);
    case OPTION_DUPLICATES:
        return parse_share(value, &options->duplicates_ppm);
    case OPTION_REDELIVERED:
        return parse_share(value, &options->redelivered_ppm);
    case OPTION_RATE:
        return parse_u32(value, HY_GEN_RATE_MAX, &options->posts_per_second);
    case OPTION_SIZE:
        return parse_size(value, &options->size);
    case OPTION_FIRST:
        return parse_count(value, UINT64_MAX / 2, &settings->first);
    case OPTION_THREADS:
        return parse_u32(value, THREADS_MAX, &settings->threads) && settings->threads > 0;
    case OPTION_LANG:
        options->languages = value;
        return true;
    case OPTION_RULES:
        settings->rules = value;
        return !is_stdout(value);
    case OPTION_TRUTH:
        settings->truth = value;
        return !is_stdout(value);
    default:
        settings->output = is_stdout(value) ? NULL : value;
        return true;
    }
}

static const char *option_name(int option)
{
    for (const struct option *o = long_options; o->name; o++)
        if (o->val == option)
            return o->name;
    return "?";
}

__attribute__((format(printf, 1, 2))) static int usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("hydrant gen: ", stderr);
    vfprintf(stderr, format, args);
    fputs("\n'hydrant gen --help' lists the options\n", stderr);
    va_end(args);
    return HY_EXIT_USAGE;
}

/* The number that the posts may end at. */
static uint64_t end_max(const struct settings *settings)
{
    uint64_t by_time = settings->options.posts_per_second * SECONDS_MAX;
    return by_time < POST_MAX ? by_time : POST_MAX;
}

/* Posts, rules and truth go to three places. */
static bool outputs_differ(const struct settings *s)
{
    const char *const paths[] = {s->output, s->rules, s->truth};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < i; k++)
            if (paths[i] && paths[k] && strcmp(paths[i], paths[k]) == 0)
                return false;
    return true;
}

/* Returns -1 to go on, or an exit code. */
static int parse_arguments(struct settings *settings, int argc, char **argv)
{
    for (int option; (option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1;) {
        if (option == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        }
        if (option == '?') {
            fputs("'hydrant gen --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
        if (!take_option(settings, option, optarg))
            return usage("--%s cannot be \"%s\"", option_name(option), optarg);
    }
    if (optind < argc)
        return usage("unexpected argument \"%s\"", argv[optind]);
    if (!outputs_differ(settings))
        return usage("posts, rules and truth cannot go to the same file");
    uint64_t most = end_max(settings);
    if (settings->posts > most || settings->first > most - settings->posts)
        return usage("there are no posts beyond number %llu at this rate",
                     (unsigned long long)most);
    return settings->posts_given ? -1 : usage("--posts is missing");
}

/* ---- writing ---- */

/* A reader that goes away (head, say) ends the run quietly. */
enum write_result { WRITE_OK, WRITE_CLOSED, WRITE_FAILED };

static enum write_result write_all(int fd, const char *name, const struct hy_gen_buffer *buffer)
{
    for (size_t at = 0; at < buffer->len;) {
        ssize_t n = write(fd, buffer->data + at, buffer->len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE)
            return WRITE_CLOSED;
        if (n < 0) {
            fprintf(stderr, "hydrant gen: %s: %s\n", name, strerror(errno));
            return WRITE_FAILED;
        }
        at += (size_t)n;
    }
    return WRITE_OK;
}

static int open_output(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        fprintf(stderr, "hydrant gen: %s: %s\n", path, strerror(errno));
    return fd;
}

/* Some file systems say only now that the disk is full. */
static bool close_output(int fd, const char *path)
{
    if (close(fd) == 0)
        return true;
    fprintf(stderr, "hydrant gen: %s: %s\n", path, strerror(errno));
    return false;
}

static int out_of_memory(void)
{
    fputs("hydrant gen: out of memory\n", stderr);
    return HY_EXIT_FAILED;
}

static bool write_rules(const struct hy_gen *gen, const char *path)
{
    struct hy_gen_buffer rules = {0};
    bool ok = hy_gen_rules(gen, &rules) == HYDRANT_OK;
    int fd = ok ? open_output(path) : -1;
    if (!ok)
        out_of_memory();
    ok = fd >= 0 && write_all(fd, path, &rules) == WRITE_OK;
    if (fd >= 0)
        ok = close_output(fd, path) && ok;
    hy_gen_buffer_fini(&rules);
    return ok;
}

/* ---- the run ---- */

struct run {
    const struct settings *settings;
    const struct hy_gen *gen;
    int posts_fd, truth_fd;
    pthread_mutex_t lock;
    pthread_cond_t turn;
    uint64_t next_chunk; /* to be written; under lock */
    enum write_result result;
};

struct chunk {
    struct hy_gen_buffer posts, truth;
};

/* Waits for its turn and writes; false when the run is over. */
static bool write_chunk(struct run *run, uint64_t number, struct chunk *chunk)
{
    pthread_mutex_lock(&run->lock);
    while (run->next_chunk != number && run->result == WRITE_OK)
        pthread_cond_wait(&run->turn, &run->lock);
    enum write_result result = run->result;
    pthread_mutex_unlock(&run->lock);
    if (result != WRITE_OK)
        return false;
    const char *name = run->settings->output ? run->settings->output : "stdout";
    result = write_all(run->posts_fd, name, &chunk->posts);
    if (result == WRITE_OK && run->truth_fd >= 0)
        result = write_all(run->truth_fd, run->settings->truth, &chunk->truth);
    chunk->posts.len = chunk->truth.len = 0;
    pthread_mutex_lock(&run->lock);
    run->next_chunk = number + 1;
    if (run->result == WRITE_OK) /* else another thread has given up meanwhile */
        run->result = result;
    result = run->result;
    pthread_cond_broadcast(&run->turn);
    pthread_mutex_unlock(&run->lock);
    return result == WRITE_OK;
}

static void give_up(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->result = WRITE_FAILED;
    pthread_cond_broadcast(&run->turn);
    pthread_mutex_unlock(&run->lock);
}

struct maker {
    struct run *run;
    uint32_t number;
    pthread_t thread;
};

static void *make_chunks(void *arg)
{
    struct maker *maker = arg;
    struct run *run = maker->run;
    const struct settings *settings = run->settings;
    struct hy_gen_worker *worker = NULL;
    struct chunk chunk = {0};
    if (hy_gen_worker_create(run->gen, &worker, NULL) != HYDRANT_OK) {
        out_of_memory();
        give_up(run);
        return NULL;
    }
    for (uint64_t number = maker->number;; number += settings->threads) {
        uint64_t at = number * CHUNK_POSTS;
        if (at >= settings->posts)
            break;
        uint64_t left = settings->posts - at;
        if (hy_gen_posts(worker, settings->first + at, left < CHUNK_POSTS ? left : CHUNK_POSTS,
                         &chunk.posts, run->truth_fd >= 0 ? &chunk.truth : NULL) != HYDRANT_OK) {
            out_of_memory();
            give_up(run);
            break;
        }
        if (!write_chunk(run, number, &chunk))
            break;
    }
    hy_gen_buffer_fini(&chunk.posts);
    hy_gen_buffer_fini(&chunk.truth);
    hy_gen_worker_destroy(&worker);
    return NULL;
}

static enum write_result run_makers(struct run *run)
{
    struct maker makers[THREADS_MAX];
    uint32_t started = 1;
    makers[0] = (struct maker){.run = run, .number = 0};
    for (; started < run->settings->threads; started++) {
        makers[started] = (struct maker){.run = run, .number = started};
        int why = pthread_create(&makers[started].thread, NULL, make_chunks, &makers[started]);
        if (why != 0) {
            fprintf(stderr, "hydrant gen: cannot start a thread: %s\n", strerror(why));
            give_up(run);
            break;
        }
    }
    make_chunks(&makers[0]);
    for (uint32_t i = 1; i < started; i++)
        pthread_join(makers[i].thread, NULL);
    return run->result;
}

static bool write_firehose(const struct settings *settings, const struct hy_gen *gen)
{
    struct run run = {.settings = settings,
                      .gen = gen,
                      .posts_fd = STDOUT_FILENO,
                      .truth_fd = -1,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .turn = PTHREAD_COND_INITIALIZER};
    bool ok = false;
    if (settings->output && (run.posts_fd = open_output(settings->output)) < 0)
        return false;
    if (settings->truth && (run.truth_fd = open_output(settings->truth)) < 0)
        goto out;
    ok = run_makers(&run) != WRITE_FAILED;
out:
    if (run.truth_fd >= 0)
        ok = close_output(run.truth_fd, settings->truth) && ok;
    if (settings->output)
        ok = close_output(run.posts_fd, settings->output) && ok;
    return ok;
}

int cmd_gen(int argc, char **argv)
{
    struct settings settings = {.threads = 1};
    hy_gen_options_init(&settings.options);
    int code = parse_arguments(&settings, argc, argv);
    if (code >= 0)
        return code;
    struct hy_gen *gen = NULL;
    hydrant_error err = {0};
    hydrant_status status = hy_gen_create(&settings.options, &gen, &err);
    if (status != HYDRANT_OK) {
        fprintf(stderr, "hydrant gen: %s\n", err.text);
        return status == HYDRANT_ERR_ARGUMENT ? HY_EXIT_USAGE : HY_EXIT_FAILED;
    }
    bool ok =
        (!settings.rules || write_rules(gen, settings.rules)) && write_firehose(&settings, gen);
    hy_gen_destroy(&gen);
    return ok ? HY_EXIT_OK : HY_EXIT_FAILED;
}
