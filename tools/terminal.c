#include "tools/terminal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool terminal_is(FILE *stream)
{
    return isatty(fileno(stream)) == 1;
}

bool terminal_wants_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return terminal_is(stream) && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

const char *terminal_count(uint64_t value, char *buffer)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value), at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            buffer[at++] = ',';
        buffer[at++] = digits[i];
    }
    buffer[at] = 0;
    return buffer;
}

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define MARK "\033[1;33m"
#define RESET "\033[0m"

static const char *action_colour(hydrant_action action)
{
    switch (action) {
    case HYDRANT_ACTION_RECOVER:
    case HYDRANT_ACTION_CORRECT:
        return "\033[1;37;41m";
    case HYDRANT_ACTION_RESPOND:
        return "\033[1;37;44m";
    case HYDRANT_ACTION_THANK:
    case HYDRANT_ACTION_SHARE:
        return "\033[1;37;42m";
    default:
        return "\033[1;37;100m";
    }
}

/*
 * Length of the character at p if a terminal may not see it: C0 and C1 controls, which could move
 * the cursor or retitle the window, and the bidirectional controls, which could reorder what stands
 * beside. 0 if it is harmless.
 */
static size_t unsafe_length(const unsigned char *p, size_t left)
{
    if (*p < 0x20 || *p == 0x7F)
        return 1;
    if (left >= 2 && p[0] == 0xC2 && p[1] < 0xA0)
        return 2;
    if (left >= 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] >= 0xAA && p[2] <= 0xAE))
        return 3;
    if (left >= 3 && p[0] == 0xE2 && p[1] == 0x81 && (p[2] >= 0xA6 && p[2] <= 0xA9))
        return 3;
    return 0;
}

static void put_safe(FILE *out, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t at = 0; at < len;) {
        size_t unsafe = unsafe_length(p + at, len - at);
        if (unsafe)
            fputc(' ', out);
        else
            fputc(text[at], out);
        at += unsafe ? unsafe : 1;
    }
}

void terminal_put(FILE *out, hydrant_str text)
{
    put_safe(out, text.data, text.len);
}

/* The text with every hit of the first rule marked; long texts are cut after 280 bytes. */
static void put_marked(FILE *out, const hydrant_item *item, bool colour)
{
    enum { SHOWN_BYTES = 280 };
    hydrant_str text = item->mention->text;
    uint32_t end = text.len, at = 0;
    if (end > SHOWN_BYTES) {
        end = SHOWN_BYTES;
        while (end > 0 && ((unsigned char)text.data[end] & 0xC0) == 0x80)
            end--;
    }
    const hydrant_match *match = item->matches_count ? item->matches : NULL;
    for (uint32_t i = 0; match && colour && i < match->spans_count; i++) {
        hydrant_span span = match->spans[i];
        if (span.start < at || span.end > end)
            continue;
        put_safe(out, text.data + at, span.start - at);
        fputs(MARK, out);
        put_safe(out, text.data + span.start, span.end - span.start);
        fputs(RESET, out);
        at = span.end;
    }
    put_safe(out, text.data + at, end - at);
    if (end < text.len)
        fputs(" …", out);
}

static void put_headline(FILE *out, const hydrant_item *item, bool colour)
{
    const hydrant_verdict *verdict = item->verdict;
    const hydrant_mention *m = item->mention;
    fprintf(out, "%s %s %s %s%3u%s", colour ? action_colour(verdict->action) : "[",
            hydrant_action_name(verdict->action), colour ? RESET : "]", colour ? BOLD : "",
            verdict->priority, colour ? RESET : "");
    if (verdict->route.len) {
        fputs("  → ", out);
        terminal_put(out, verdict->route);
    }
    fputs(colour ? DIM : "", out);
    if (m->author.handle.len) {
        fputs("  @", out);
        terminal_put(out, m->author.handle);
    }
    if (m->network.len) {
        fputs(" on ", out);
        terminal_put(out, m->network);
    }
    fputs(colour ? RESET "\n" : "\n", out);
}

static void put_reasons(FILE *out, const hydrant_item *item, bool colour)
{
    fprintf(out, "      %s", colour ? DIM : "");
    for (uint32_t i = 0; i < item->verdict->reasons_count; i++) {
        if (i)
            fputs(" · ", out);
        terminal_put(out, item->verdict->reasons[i].text);
    }
    if (item->emotion && item->emotion->scored)
        fprintf(out, " · %s", hydrant_emotion_name(item->emotion->label));
    fprintf(out, "%s\n\n", colour ? RESET : "");
}

static void put_dropped(FILE *out, const hydrant_item *item, bool colour)
{
    fprintf(out, "%s[dropped: %s]  ", colour ? DIM : "", hydrant_drop_name(item->drop));
    put_marked(out, item, false);
    fprintf(out, "%s\n\n", colour ? RESET : "");
}

/* What became of an earlier item, in one line: "[update] ..." */
static void put_event(FILE *out, const hydrant_item *item, bool colour)
{
    fprintf(out, "%s[%s]  ", colour ? DIM : "", hydrant_item_event_name(item->event));
    terminal_put(out, item->mention->id);
    if (item->event == HYDRANT_ITEM_SPREAD && item->dup)
        fprintf(out, "  %u copies of ", item->dup->count);
    if (item->event == HYDRANT_ITEM_SPREAD && item->dup)
        terminal_put(out, item->dup->first_id);
    fprintf(out, "%s\n", colour ? RESET : "");
}

void terminal_card(FILE *out, const hydrant_item *item, bool colour)
{
    if (item->event != HYDRANT_ITEM_MENTION)
        put_event(out, item, colour);
    if (!item->verdict) {
        if (item->event == HYDRANT_ITEM_MENTION)
            put_dropped(out, item, colour);
        return;
    }
    put_headline(out, item, colour);
    if (item->mention->text.len) { /* a hold that ended has none */
        fputs("      ", out);
        put_marked(out, item, colour);
        fputc('\n', out);
    }
    put_reasons(out, item, colour);
}

struct terminal_progress {
    const hydrant *engine;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ended;
    double start;
};

static double now_seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void terminal_progress_draw(const hydrant_progress *now, double seconds)
{
    char posts[32], rate[32];
    fprintf(stderr, "\r\033[K%s posts  %s/s", terminal_count(now->posts, posts),
            terminal_count((uint64_t)((double)now->posts / seconds), rate));
    if (now->bytes_total && now->bytes_read) {
        double share = (double)now->bytes_read / (double)now->bytes_total;
        share = share > 1 ? 1 : share;
        fprintf(stderr, "  %3.0f %%  ETA %.0f s", share * 100, seconds * (1 - share) / share);
    }
    fflush(stderr);
}

void terminal_progress_wipe(void)
{
    fputs("\r\033[K", stderr);
}

static void draw_progress(const struct terminal_progress *progress)
{
    hydrant_progress now;
    hydrant_progress_read(progress->engine, &now);
    terminal_progress_draw(&now, now_seconds() - progress->start);
}

static void *progress_main(void *arg)
{
    struct terminal_progress *progress = arg;
    pthread_mutex_lock(&progress->mutex);
    while (!progress->ended) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200 * 1000 * 1000;
        if (until.tv_nsec >= 1000 * 1000 * 1000) {
            until.tv_nsec -= 1000 * 1000 * 1000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&progress->changed, &progress->mutex, &until);
        if (!progress->ended)
            draw_progress(progress);
    }
    pthread_mutex_unlock(&progress->mutex);
    return NULL;
}

struct terminal_progress *terminal_progress_start(const hydrant *engine)
{
    struct terminal_progress *progress = calloc(1, sizeof *progress);
    if (!progress)
        return NULL;
    progress->engine = engine;
    progress->start = now_seconds();
    pthread_mutex_init(&progress->mutex, NULL);
    pthread_cond_init(&progress->changed, NULL);
    if (pthread_create(&progress->thread, NULL, progress_main, progress) == 0)
        return progress;
    free(progress);
    return NULL;
}

void terminal_progress_stop(struct terminal_progress **progress)
{
    struct terminal_progress *p = *progress;
    *progress = NULL;
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->ended = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    terminal_progress_wipe();
    free(p);
}
