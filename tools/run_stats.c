#include "tools/run_stats.h"

#include <hydrant/manager.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tools/terminal.h"

enum { FEW_POSTS = 10000 };

double run_stats_wall_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double run_stats_cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static bool is_judgement(int drop)
{
    return drop == HYDRANT_DROP_NO_MATCH || drop == HYDRANT_DROP_IGNORED ||
           drop == HYDRANT_DROP_DUPLICATE || drop == HYDRANT_DROP_REDELIVERED ||
           drop == HYDRANT_DROP_SAMPLED_OUT || drop == HYDRANT_DROP_NOT_POST ||
           drop == HYDRANT_DROP_KEEP_ALIVE;
}

uint64_t run_stats_bad(const hydrant_stats *stats)
{
    uint64_t bad = 0;
    for (int i = 1; i < HYDRANT_DROPS; i++)
        if (!is_judgement(i))
            bad += stats->dropped[i];
    return bad;
}

/* The commonest reason for which records were bad. */
static int worst_drop(const hydrant_stats *stats)
{
    int worst = HYDRANT_DROP_NONE;
    for (int i = 1; i < HYDRANT_DROPS; i++)
        if (!is_judgement(i) && (!worst || stats->dropped[i] > stats->dropped[worst]))
            worst = i;
    return worst;
}

bool run_stats_tell_bad(const char *command, const hydrant_stats *stats)
{
    uint64_t bad = run_stats_bad(stats);
    bool none = bad == stats->posts;
    int worst = worst_drop(stats);
    if (bad <= stats->posts / 2)
        return false;
    if (none)
        fprintf(stderr, "%s: no record could be read", command);
    else
        fprintf(stderr, "%s: warning: %llu of %llu records could not be read", command,
                (unsigned long long)bad, (unsigned long long)stats->posts);
    fprintf(stderr, "; %llu of %llu are %s: %s\n", (unsigned long long)stats->dropped[worst],
            (unsigned long long)(none ? stats->posts : bad), hydrant_drop_name((hydrant_drop)worst),
            hydrant_drop_meaning((hydrant_drop)worst));
    return none;
}

static double rate(const struct run_stats *stats)
{
    return stats->seconds > 0 ? (double)stats->engine.posts / stats->seconds : 0;
}

static double per_post(uint64_t ns, uint64_t posts)
{
    return posts ? (double)ns / (double)posts : 0;
}

void run_stats_json(FILE *out, const struct run_stats *s)
{
    const hydrant_stats *e = &s->engine;
    fprintf(out,
            "{\"posts\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f,"
            "\"posts_per_second\":%.0f,\"matched\":%llu,\"actionable\":%llu,"
            "\"published\":%llu,\"duplicates\":{\"exact\":%llu,\"near\":%llu,"
            "\"redelivered\":%llu},\"dropped\":{",
            (unsigned long long)e->posts, (unsigned long long)e->bytes, s->seconds, s->cpu_seconds,
            rate(s), (unsigned long long)e->matched, (unsigned long long)e->actionable,
            (unsigned long long)e->published, (unsigned long long)e->dup_exact,
            (unsigned long long)e->dup_near, (unsigned long long)e->dup_redelivered);
    for (int i = 1; i < HYDRANT_DROPS; i++)
        fprintf(out, "%s\"%s\":%llu", i > 1 ? "," : "", hydrant_drop_name((hydrant_drop)i),
                (unsigned long long)e->dropped[i]);
    fprintf(out,
            "},\"ignored_fields\":%llu,\"workers\":%u,\"parse\":\"%s\",\"io\":\"%s\","
            "\"stage_ns\":{",
            (unsigned long long)e->ignored_fields, e->workers, e->parse, e->io);
    for (int i = 0; i < HYDRANT_STAGES; i++)
        fprintf(out, "%s\"%s\":%.1f", i ? "," : "", hydrant_stage_name((hydrant_stage)i),
                per_post(e->stage_cpu_ns[i], e->posts));
    fprintf(out,
            "},\"generation\":%llu,\"pack\":\"%.*s\",\"rules\":%u,\"patterns\":%u,"
            "\"compile_seconds\":%.6f,\"compile_cpu_seconds\":%.6f}\n",
            (unsigned long long)e->generation, (int)s->pack.hash.len, s->pack.hash.data,
            s->pack.rules, s->pack.patterns, s->pack.compile_seconds, s->compile_cpu_seconds);
}

static void put_bar(FILE *out, double share)
{
    enum { WIDTH = 24 };
    int filled = (int)(share * WIDTH + 0.5);
    for (int i = 0; i < WIDTH; i++)
        fputs(i < filled ? "█" : " ", out);
}

static void put_stages(FILE *out, const struct run_stats *s, bool colour)
{
    const hydrant_stats *e = &s->engine;
    uint64_t total = 0;
    for (int i = 0; i < HYDRANT_STAGES; i++)
        total += e->stage_cpu_ns[i];
    fprintf(out, "  CPU per post, stage by stage%s\n",
            e->posts < FEW_POSTS ? " (few posts: memory that is used for the first time counts)"
                                 : "");
    for (int i = 0; i < HYDRANT_STAGES; i++) {
        double share = total ? (double)e->stage_cpu_ns[i] / (double)total : 0;
        fprintf(out, "    %-10s %7.0f ns  %s", hydrant_stage_name((hydrant_stage)i),
                per_post(e->stage_cpu_ns[i], e->posts), colour ? "\033[36m" : "");
        put_bar(out, share);
        fprintf(out, "%s %3.0f %%\n", colour ? "\033[0m" : "", share * 100);
    }
    fprintf(out, "    %-10s %7.0f ns\n", "all", per_post(total, e->posts));
}

static void put_drops(FILE *out, const hydrant_stats *e)
{
    char count[32];
    bool any = false;
    for (int i = 1; i < HYDRANT_DROPS; i++) {
        if (!e->dropped[i])
            continue;
        fputs(any ? "" : "  not published\n", out);
        any = true;
        fprintf(out, "    %11s  %-13s %s\n", terminal_count(e->dropped[i], count),
                hydrant_drop_name((hydrant_drop)i), hydrant_drop_meaning((hydrant_drop)i));
    }
}

void run_stats_text(FILE *out, const struct run_stats *s, bool colour)
{
    const hydrant_stats *e = &s->engine;
    const char *bold = colour ? "\033[1m" : "", *reset = colour ? "\033[0m" : "";
    char a[32], b[32], c[32];
    fprintf(out, "%s%s posts in %.2f s%s  (%s/s, %u worker%s, %s, %s)\n", bold,
            terminal_count(e->posts, a), s->seconds, reset, terminal_count((uint64_t)rate(s), b),
            e->workers, e->workers == 1 ? "" : "s", e->parse, e->io);
    fprintf(out, "  %s%s for a person to act on%s, %s matched by", bold,
            terminal_count(e->actionable, a), reset, terminal_count(e->matched, b));
    fprintf(out, " %s rule%s (%s pattern%s)\n", terminal_count(s->pack.rules, a),
            s->pack.rules == 1 ? "" : "s", terminal_count(s->pack.patterns, b),
            s->pack.patterns == 1 ? "" : "s");
    fprintf(out, "  repeats: %s exact, %s near, %s redelivered\n", terminal_count(e->dup_exact, a),
            terminal_count(e->dup_near, b), terminal_count(e->dup_redelivered, c));
    put_drops(out, e);
    if (e->posts)
        put_stages(out, s, colour);
}

static int busiest_first(const void *a, const void *b)
{
    const hydrant_rule_stats *x = a, *y = b;
    if (x->hits != y->hits)
        return x->hits > y->hits ? -1 : 1;
    return strcmp(x->rule, y->rule);
}

static void print_rule(FILE *out, const hydrant_rule_stats *rule, uint64_t posts)
{
    static const char *const states[] = {"", "  in shadow", "  off"};
    char hits[32], when[32] = "-";
    if (rule->last_us != HYDRANT_TIME_NONE) {
        time_t seconds = (time_t)(rule->last_us / 1000000);
        struct tm tm;
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
    }
    fprintf(out, "%-36s%12s%9.3f %%%10.0f  %s%s\n", rule->rule, terminal_count(rule->hits, hits),
            posts ? 100.0 * (double)rule->hits / (double)posts : 0.0, (double)rule->ns / 1000, when,
            states[rule->state]);
}

/* Rules that match more than the guard lets an edit add (hydrant_manager_options). */
static void print_noisy(FILE *out, const hydrant_rule_stats *rules, size_t count, uint64_t posts)
{
    hydrant_manager_options guard;
    size_t noisy = 0;
    hydrant_manager_options_init(&guard);
    if (posts < guard.flood_posts)
        return;
    while (noisy < count && (double)rules[noisy].hits >= guard.flood_share * (double)posts)
        noisy++;
    fprintf(out, "noisy: %zu of %zu rules, each with %.0f %% of posts or more\n", noisy, count,
            guard.flood_share * 100);
    for (size_t i = 0; i < noisy; i++)
        fprintf(out, "  %s\n", rules[i].rule);
}

void run_stats_rules(FILE *out, hydrant *engine, uint64_t posts)
{
    size_t count = hydrant_rule_stats_read(engine, NULL, 0), silent = 0;
    hydrant_rule_stats *rules = calloc(count + 1, sizeof *rules);
    if (!rules)
        return;
    count = hydrant_rule_stats_read(engine, rules, count);
    qsort(rules, count, sizeof *rules, busiest_first);
    fprintf(out, "%-36s%12s%11s%10s  %s\n", "rule", "hits", "of posts", "us", "last");
    for (size_t i = 0; i < count; i++)
        if (rules[i].hits)
            print_rule(out, &rules[i], posts);
        else
            silent++;
    print_noisy(out, rules, count, posts);
    fprintf(out, "silent: %zu of %zu rules\n", silent, count);
    for (size_t i = count - silent; i < count; i++)
        fprintf(out, "  %s%s\n", rules[i].rule, rules[i].state == HYDRANT_RULE_OFF ? "  off" : "");
    free(rules);
}
