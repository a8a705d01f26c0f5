/*
 * How a post is written: its text as the network writes it (entities on x and reddit, HTML on
 * mastodon), then one line of JSON in the native format, in one of a few orders and styles of
 * escaping, and the line of truth.
 *
 * Callers leave GEN_RECORD_BYTES_MAX of room. The most a draft can come to: GEN_SCRATCH_BYTES and
 * GEN_TOKENS_MAX words, wrapped in HTML, six bytes for each byte of text.
 */
#include <string.h>

#include "gen_post.h"
#include "gen_put.h"
#include "gen_record_x.h"

enum { STREAM_RECORD = 101 };
/* A token in HTML: its text twice, and the tags. Entries in each of the lists. */
enum { TOKEN_TEXT_MAX = GEN_TOKEN_BYTES_MAX * 2 + 160, NOTED_MAX = 64 };

static const struct {
    const char *name, *site;
} networks[GEN_NETWORKS] = {
    [GEN_NETWORK_X] = {"x", "x.com"},
    [GEN_NETWORK_BLUESKY] = {"bluesky", "bsky.app"},
    [GEN_NETWORK_REDDIT] = {"reddit", "reddit.com"},
    [GEN_NETWORK_MASTODON] = {"mastodon", "mastodon.example"},
    [GEN_NETWORK_FACEBOOK] = {"facebook", "facebook.com"},
    [GEN_NETWORK_FORUM] = {"forum", "community.example.com"},
};

/* ---- text as the network writes it ---- */

static void change_case(char *text, const struct gen_token *token, enum gen_style style)
{
    if (token->kind != GEN_WORD || token->keep)
        return;
    if (style == GEN_STYLE_NORMAL) {
        if (token->capital && text[0] >= 'a' && text[0] <= 'z')
            text[0] = (char)(text[0] - 32);
        return;
    }
    if (style == GEN_STYLE_LOWER && !token->cased)
        return;
    for (uint32_t i = 0; i < token->len; i++) {
        char low = (char)(text[i] | 0x20);
        if (low >= 'a' && low <= 'z')
            text[i] = style == GEN_STYLE_LOWER ? low : (char)(low - 32);
    }
}

static char *put_word(char *p, const struct gen_token *token, enum gen_style style)
{
    if (token->len <= GEN_TOKEN_READ)
        memcpy(p, token->text, GEN_TOKEN_READ);
    else
        memcpy(p, token->text, token->len);
    change_case(p, token, style);
    return p + token->len;
}

static char *put_entities(char *p, const struct gen_token *token)
{
    for (uint32_t i = 0; i < token->len; i++) {
        if (token->text[i] == '&')
            p = GEN_PUT(p, "&amp;");
        else if (token->text[i] == '<')
            p = GEN_PUT(p, "&lt;");
        else if (token->text[i] == '>')
            p = GEN_PUT(p, "&gt;");
        else
            *p++ = token->text[i];
    }
    return p;
}

static char *put_html_link(char *p, const struct gen_token *token)
{
    static const char scheme[] = "https://";
    if (token->kind == GEN_URL) {
        p = GEN_PUT(p, "<a href=\"");
        p = gen_put(p, token->text, token->len);
        p = GEN_PUT(p,
                    "\" rel=\"nofollow noopener\"><span class=\"invisible\">https://</span><span>");
        p = gen_put(p, token->text + sizeof scheme - 1, token->len - (sizeof scheme - 1));
        return GEN_PUT(p, "</span></a>");
    }
    bool tag = token->kind == GEN_HASHTAG;
    p = gen_put_string(p, tag ? "<a href=\"https://mastodon.example/tags/"
                              : "<span class=\"h-card\"><a href=\"https://mastodon.example/@");
    p = gen_put(p, token->text, token->len);
    p = gen_put_string(p, tag ? "\" class=\"mention hashtag\" rel=\"tag\">#<span>"
                              : "\" class=\"u-url mention\">@<span>");
    p = gen_put(p, token->text, token->len);
    return gen_put_string(p, tag ? "</span></a>" : "</span></a></span>");
}

static char *put_token(char *p, const struct gen_token *token, enum gen_style style, bool html,
                       bool entities)
{
    if (token->kind == GEN_PUNCT && entities)
        return put_entities(p, token);
    if (html &&
        (token->kind == GEN_URL || token->kind == GEN_HASHTAG || token->kind == GEN_MENTION))
        return put_html_link(p, token);
    if (token->kind == GEN_HASHTAG)
        *p++ = '#';
    else if (token->kind == GEN_MENTION)
        *p++ = '@';
    return put_word(p, token, style);
}

/* ---- ids ---- */

static char *put_base(char *p, uint64_t value, uint32_t digits, uint32_t base)
{
    static const char alphabet[] = "234567abcdefghijklmnopqrstuvwxyz0189";
    for (uint32_t i = digits; i-- > 0; value /= base)
        p[i] = alphabet[value % base];
    return p + digits;
}

/* An id as the network makes them, from time and the post's number; no two posts have the same. */
static char *put_id(struct hy_gen_worker *worker, char *p, uint64_t index, enum gen_network network)
{
    uint64_t ms = (uint64_t)gen_plan_time(worker, index) / 1000;
    switch (network) {
    case GEN_NETWORK_X:
        return gen_put_number(p, (ms - 1288834974657u) << 22 | (index & 0x3FFFFF));
    case GEN_NETWORK_MASTODON:
        return gen_put_number(p, ms << 16 | (index & 0xFFFF));
    case GEN_NETWORK_BLUESKY:
        p = GEN_PUT(p, "3");
        return put_base(p, index, 12, 32);
    case GEN_NETWORK_REDDIT:
        p = GEN_PUT(p, "t1_");
        return put_base(p, index, 8, 36);
    default:
        return gen_put_number(p, 100000000 + index);
    }
}

static enum gen_network network_of(const struct hy_gen_worker *worker, uint64_t index)
{
    return gen_plan_post(&worker->gen->world.options, index).network;
}

static char *put_id_or_null(struct hy_gen_worker *worker, char *p, bool present, uint64_t index)
{
    if (!present)
        return GEN_PUT(p, "null");
    *p++ = '"';
    p = put_id(worker, p, index, network_of(worker, index));
    *p++ = '"';
    return p;
}

/* ---- the record ---- */

struct writer {
    struct hy_gen_worker *worker;
    const struct gen_record *record;
    uint64_t random;
    enum gen_escape escape;
    char *p;
    char id[32];
    uint32_t id_len;
    int64_t created_us;
    uint16_t noted[GEN_URL - GEN_HASHTAG + 1][NOTED_MAX]; /* tokens for the lists */
    uint32_t noted_count[GEN_URL - GEN_HASHTAG + 1];
};

static void put_author(struct writer *w)
{
    const struct gen_person *person = w->record->person;
    char *p = GEN_PUT(w->p, "\"author\":{\"id\":\"");
    p = gen_put_number(p, person->id);
    p = GEN_PUT(p, "\",\"handle\":\"");
    p = gen_put(p, person->handle, person->handle_len);
    p = GEN_PUT(p, "\",\"name\":\"");
    p = gen_put_clean(p, person->name, person->name_len, w->escape);
    p = GEN_PUT(p, "\",\"bio\":\"");
    p = gen_put_clean(p, person->bio, person->bio_len, w->escape);
    p = GEN_PUT(p, "\",\"followers\":");
    p = gen_put_number(p, person->followers);
    p = GEN_PUT(p, ",\"posts\":");
    p = gen_put_number(p, person->posts);
    w->p = gen_put_string(p, person->verified ? ",\"verified\":true}" : ",\"verified\":false}");
}

/* Hashtags, mentions and links are noted for the lists that follow. */
static void note_token(struct writer *w, uint32_t at, enum gen_kind kind)
{
    uint32_t list = kind - GEN_HASHTAG;
    if (w->noted_count[list] < NOTED_MAX)
        w->noted[list][w->noted_count[list]++] = (uint16_t)at;
}

/* Most tokens are the same bytes as text and in JSON. */
static void put_text(struct writer *w)
{
    const struct gen_draft *draft = w->record->draft;
    enum gen_network network = w->record->plan->network;
    bool html = network == GEN_NETWORK_MASTODON;
    bool entities = html || network == GEN_NETWORK_X || network == GEN_NETWORK_REDDIT;
    char *p = GEN_PUT(w->p, "\"text\":\"");
    if (html)
        p = GEN_PUT(p, "<p>");
    for (uint32_t i = 0; i < draft->count; i++) {
        const struct gen_token *token = &draft->tokens[i];
        if (token->glue == GEN_SPACE)
            *p++ = ' ';
        else if (token->glue == GEN_NEWLINE)
            p = html ? GEN_PUT(p, "<br>") : GEN_PUT(p, "\\n");
        if (token->kind >= GEN_HASHTAG)
            note_token(w, i, (enum gen_kind)token->kind);
        else if (token->plain || (token->safe && w->escape != GEN_ESCAPE_ASCII)) {
            p = put_word(p, token, draft->style);
            continue;
        }
        char text[TOKEN_TEXT_MAX];
        char *end = put_token(text, token, draft->style, html, entities);
        p = gen_put_json(p, text, (size_t)(end - text), w->escape);
    }
    if (html)
        p = w->escape == GEN_ESCAPE_SLASHES ? GEN_PUT(p, "<\\/p>") : GEN_PUT(p, "</p>");
    w->p = GEN_PUT(p, "\"");
}

static void put_url(struct writer *w)
{
    const struct gen_person *person = w->record->person;
    char *p = GEN_PUT(w->p, "\"url\":\"https://");
    enum gen_network network = w->record->plan->network;
    p = gen_put_string(p, networks[network].site);
    if (network == GEN_NETWORK_X || network == GEN_NETWORK_MASTODON) {
        p = network == GEN_NETWORK_X ? GEN_PUT(p, "/") : GEN_PUT(p, "/@");
        p = gen_put(p, person->handle, person->handle_len);
        p = network == GEN_NETWORK_X ? GEN_PUT(p, "/status/") : GEN_PUT(p, "/");
    } else {
        p = GEN_PUT(p, "/post/");
    }
    p = gen_put(p, w->id, w->id_len);
    w->p = GEN_PUT(p, "\"");
}

static void put_one_url(struct writer *w, const struct gen_token *token)
{
    bool object = w->record->plan->network == GEN_NETWORK_X && (w->random & 1);
    char *p = object ? GEN_PUT(w->p, "{\"url\":\"") : GEN_PUT(w->p, "\"");
    p = gen_put_clean(p, token->text, token->len, w->escape);
    if (object) {
        p = GEN_PUT(p, "\",\"expanded\":\"https://www.example.com/story/");
        p = gen_put_number(p, w->random >> 40);
        p = GEN_PUT(p, "\"}");
    } else {
        p = GEN_PUT(p, "\"");
    }
    w->p = p;
}

/* "name":[...] of all tokens of a kind that put_text has noted. */
static void put_list(struct writer *w, const char *name, enum gen_kind kind)
{
    uint32_t list = kind - GEN_HASHTAG;
    w->p = gen_put_string(w->p, name);
    for (uint32_t i = 0; i < w->noted_count[list]; i++) {
        const struct gen_token *token = &w->record->draft->tokens[w->noted[list][i]];
        if (i > 0)
            *w->p++ = ',';
        if (kind == GEN_URL) {
            put_one_url(w, token);
            continue;
        }
        *w->p++ = '"';
        w->p = gen_put_clean(w->p, token->text, token->len, w->escape);
        *w->p++ = '"';
    }
    *w->p++ = ']';
}

static void put_context(struct writer *w)
{
    const struct gen_plan *plan = w->record->plan;
    char *p = GEN_PUT(w->p, "\"in_reply_to\":");
    p = put_id_or_null(w->worker, p, plan->reply, plan->conversation);
    p = GEN_PUT(p, ",\"conversation_id\":");
    if (plan->conversation == plan->index) {
        *p++ = '"';
        p = gen_put(p, w->id, w->id_len);
        *p++ = '"';
    } else {
        p = put_id_or_null(w->worker, p, true, plan->conversation);
    }
    p = GEN_PUT(p, ",\"repost_of\":");
    p = put_id_or_null(w->worker, p, w->record->repeat == GEN_REPEAT_REPOST, plan->origin);
    p = GEN_PUT(p, ",\"quote_of\":");
    w->p = put_id_or_null(w->worker, p, plan->quoted != plan->index, plan->quoted);
}

static void put_metrics(struct writer *w)
{
    uint64_t dice = gen_mix(w->random);
    uint64_t reach = 1 + w->record->person->followers / 50;
    static const char *const media[] = {
        "[]", "[]", "[]", "[\"image\"]", "[\"video\"]", "[]", "[\"image\",\"image\"]", "[]"};
    char *p = GEN_PUT(w->p, ",\"client\":{\"name\":\"Phone App\",\"version\":\"9.");
    p = gen_put_number(p, dice >> 58);
    p = GEN_PUT(p, "\"},\"media\":");
    p = gen_put_string(p, media[dice & 7]);
    p = gen_put_string(p, (dice >> 3 & 31)
                              ? ",\"visibility\":\"public\",\"metrics\":{\"likes\":"
                              : ",\"visibility\":\"unlisted\",\"metrics\":{\"likes\":");
    p = gen_put_number(p, (dice >> 8 & 0xFFFF) * reach >> 15);
    p = GEN_PUT(p, ",\"reposts\":");
    p = gen_put_number(p, (dice >> 24 & 0xFFFF) * reach >> 18);
    p = GEN_PUT(p, ",\"replies\":");
    p = gen_put_number(p, (dice >> 40 & 0xFFFF) * reach >> 17);
    w->p = GEN_PUT(p, "}");
}

static void put_head(struct writer *w)
{
    const struct gen_plan *plan = w->record->plan;
    char *p = GEN_PUT(w->p, "{\"id\":\"");
    p = gen_put(p, w->id, w->id_len);
    p = (w->random & 0x300) ? GEN_PUT(p, "\",\"event\":\"post\",\"created_at\":\"")
                            : GEN_PUT(p, "\",\"created_at\":\"");
    p = gen_put_time(p, w->created_us);
    p = GEN_PUT(p, "\",\"network\":\"");
    p = gen_put_string(p, networks[plan->network].name);
    p = GEN_PUT(p, "\",\"site\":\"");
    p = gen_put_string(p, networks[plan->network].site);
    w->p = GEN_PUT(p, "\",");
    put_url(w);
    p = GEN_PUT(w->p, ",\"lang\":");
    if ((w->random >> 12 & 15) == 0) {
        w->p = GEN_PUT(p, "null,");
        return;
    }
    *p++ = '"';
    p = gen_put(p, gen_language_codes[w->record->draft->language], 2);
    w->p = GEN_PUT(p, "\",");
}

static void put_tail(struct writer *w)
{
    put_context(w);
    put_list(w, ",\"urls\":[", GEN_URL);
    put_list(w, ",\"hashtags\":[", GEN_HASHTAG);
    put_list(w, ",\"mentions\":[", GEN_MENTION);
    put_metrics(w);
}

static void write_short(struct writer *w)
{
    const struct gen_person *person = w->record->person;
    char *p = GEN_PUT(w->p, "{\"id\":\"");
    p = gen_put(p, w->id, w->id_len);
    p = GEN_PUT(p, "\",\"created_at\":\"");
    p = gen_put_time(p, w->created_us);
    p = GEN_PUT(p, "\",\"network\":\"");
    p = gen_put_string(p, networks[w->record->plan->network].name);
    p = GEN_PUT(p, "\",\"author\":{\"handle\":\"");
    p = gen_put(p, person->handle, person->handle_len);
    w->p = GEN_PUT(p, "\"},");
    put_text(w);
    w->p = GEN_PUT(w->p, "}\n");
}

static void write_normal(struct writer *w)
{
    put_head(w);
    if (w->random & 0xC00) {
        put_author(w);
        *w->p++ = ',';
        put_text(w);
        *w->p++ = ',';
    } else {
        put_text(w);
        *w->p++ = ',';
        put_author(w);
        *w->p++ = ',';
    }
    put_tail(w);
    w->p = GEN_PUT(w->p, "}\n");
}

/* ---- records of the size that X sends ---- */

/* Copies a template; each % becomes a number. */
static void put_template(struct writer *w, const char *text)
{
    uint64_t dice = w->random;
    char *p = w->p;
    for (const char *end = text + strlen(text); text < end;) {
        const char *mark = memchr(text, '%', (size_t)(end - text));
        size_t n = (size_t)((mark ? mark : end) - text);
        p = gen_put(p, text, n);
        text += n;
        if (mark) {
            dice = gen_mix(dice + 1);
            p = gen_put_number(p, dice >> (24 + (dice & 31)));
            text++;
        }
    }
    w->p = p;
}

static void write_x(struct writer *w)
{
    put_head(w);
    put_template(w, gen_record_x_rest);
    put_template(w, gen_record_x_user);
    if (w->random & 1 << 16)
        put_template(w, gen_record_x_quoted);
    put_author(w);
    *w->p++ = ',';
    put_template(w, gen_record_x_annotations);
    put_text(w);
    *w->p++ = ',';
    put_template(w, gen_record_x_media);
    put_tail(w);
    w->p = GEN_PUT(w->p, "}\n");
}

static enum gen_escape draw_escape(uint64_t random)
{
    uint32_t draw = gen_scale(random, 100);
    return draw < 12 ? GEN_ESCAPE_ASCII : draw < 16 ? GEN_ESCAPE_SLASHES : GEN_ESCAPE_LEAST;
}

void gen_record_write(struct hy_gen_worker *worker, const struct gen_record *record,
                      struct hy_gen_buffer *out)
{
    const struct hy_gen_options *options = &worker->gen->world.options;
    const struct gen_plan *plan = record->plan;
    struct writer w;
    w.worker = worker;
    w.record = record;
    w.p = out->data + out->len;
    memset(w.noted_count, 0, sizeof w.noted_count);
    w.random = gen_hash(gen_stream(options->seed, STREAM_RECORD), plan->index);
    w.escape = draw_escape(gen_mix(w.random));
    w.created_us = gen_plan_time(worker, plan->index);
    w.id_len = (uint32_t)(put_id(worker, w.id, plan->index, plan->network) - w.id);
    if (options->size == HY_GEN_SHORT)
        write_short(&w);
    else if (options->size == HY_GEN_X)
        write_x(&w);
    else
        write_normal(&w);
    out->len = (size_t)(w.p - out->data);
}

void gen_record_truth(struct hy_gen_worker *worker, const struct gen_record *record,
                      const struct gen_verdict *verdict, struct hy_gen_buffer *out)
{
    const struct gen_world *world = &worker->gen->world;
    const struct gen_plan *plan = record->plan;
    char *p = GEN_PUT(out->data + out->len, "{\"id\":\"");
    p = put_id(worker, p, plan->index, plan->network);
    p = GEN_PUT(p, "\",\"event\":\"post\",\"rules\":[");
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct gen_rule *rule = &world->rules[verdict->rules[i]];
        p = i ? GEN_PUT(p, ",\"") : GEN_PUT(p, "\"");
        p = gen_put(p, rule->id, rule->id_len);
        *p++ = '"';
    }
    p = GEN_PUT(p, "],\"dup\":{\"kind\":\"");
    p = gen_put_string(p, plan->redelivered ? "redelivered" : gen_repeat_names[record->repeat]);
    p = GEN_PUT(p, "\",\"first_id\":");
    p = put_id_or_null(worker, p, true, plan->origin);
    p = GEN_PUT(p, "},\"emotion\":\"");
    p = gen_put_string(p, gen_class_names[record->draft->class]);
    p = GEN_PUT(p, "\",\"lang\":\"");
    p = gen_put(p, gen_language_codes[record->draft->language], 2);
    struct gen_burst burst = gen_plan_burst(world, plan->origin);
    p = GEN_PUT(p, "\",\"burst\":");
    if (burst.on) {
        *p++ = '"';
        p = gen_put(p, world->brands[burst.brand].handle, world->brands[burst.brand].handle_len);
        *p++ = '"';
    } else {
        p = GEN_PUT(p, "null");
    }
    p = GEN_PUT(p, "}\n");
    out->len = (size_t)(p - out->data);
}
