/*
 * How a post is written: its text as the network writes it (entities on x and reddit, HTML on
 * mastodon), then one line of JSON in the native format, in one of a few orders and styles of
 * escaping, and the line of truth. No printf here: fragments are copied, numbers are spelt by hand.
 *
 * Callers leave GEN_RECORD_BYTES_MAX of room. The most a draft can come to: GEN_SCRATCH_BYTES and
 * GEN_TOKENS_MAX words, wrapped in HTML, six bytes for each byte of text.
 */
#include <string.h>

#include "gen_post.h"

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

/* ---- fragments ---- */

#define PUT(p, literal) (memcpy((p), (literal), sizeof(literal) - 1), (p) + sizeof(literal) - 1)

static char *put(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}

static char *put_string(char *p, const char *text)
{
    return put(p, text, strlen(text));
}

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

static char *put_number(char *p, uint64_t value)
{
    char digits[20];
    char *at = digits + sizeof digits;
    for (; value >= 100; value /= 100)
        memcpy(at -= 2, two_digits + value % 100 * 2, 2);
    if (value >= 10)
        memcpy(at -= 2, two_digits + value * 2, 2);
    else
        *--at = (char)('0' + value);
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(p, at, len);
    return p + len;
}

static char *put_two(char *p, uint32_t value)
{
    memcpy(p, two_digits + value % 100 * 2, 2);
    return p + 2;
}

/* 2026-01-31T23:59:59.123Z; the civil date by counting from 0000-03-01 in eras of 400 years. */
static char *put_time(char *p, int64_t us)
{
    uint64_t ms = (uint64_t)us / 1000, second = ms / 1000;
    uint32_t day = (uint32_t)(second / 86400) + 719468, of_day = (uint32_t)(second % 86400);
    uint32_t era_day = day % 146097;
    uint32_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    uint32_t year_day = era_day - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * year_day + 2) / 153;
    uint32_t month_day = year_day - (153 * month + 2) / 5 + 1;
    year += day / 146097 * 400 + (month >= 10);
    p = put_two(p, year / 100);
    p = put_two(p, year % 100);
    *p++ = '-';
    p = put_two(p, month < 10 ? month + 3 : month - 9);
    *p++ = '-';
    p = put_two(p, month_day);
    *p++ = 'T';
    p = put_two(p, of_day / 3600);
    *p++ = ':';
    p = put_two(p, of_day / 60 % 60);
    *p++ = ':';
    p = put_two(p, of_day % 60);
    *p++ = '.';
    *p++ = (char)('0' + ms % 1000 / 100);
    p = put_two(p, (uint32_t)(ms % 100));
    *p++ = 'Z';
    return p;
}

/* ---- JSON strings ---- */

enum escape { ESCAPE_LEAST, ESCAPE_ASCII, ESCAPE_SLASHES };

static char *put_hex(char *p, uint32_t unit)
{
    static const char hex[] = "0123456789abcdef";
    p = PUT(p, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4)
        *p++ = hex[unit >> shift & 15];
    return p;
}

static char *put_escaped_utf8(char *p, const char *text, size_t *at)
{
    const unsigned char *u = (const unsigned char *)text + *at;
    uint32_t n = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    uint32_t cp = u[0] & (0x7Fu >> n);
    for (uint32_t i = 1; i < n; i++)
        cp = cp << 6 | (u[i] & 0x3Fu);
    *at += n;
    if (cp < 0x10000)
        return put_hex(p, cp);
    p = put_hex(p, 0xD800 + ((cp - 0x10000) >> 10));
    return put_hex(p, 0xDC00 + ((cp - 0x10000) & 0x3FF));
}

/* Eight bytes at once: has one of them to be looked at? */
static bool is_plain(uint64_t word, uint64_t high_mask)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\'),
             solidus = word ^ (ones * '/');
    uint64_t special = (word - ones * 0x20) | (quote - ones) | (slash - ones);
    if (high_mask & 1)
        special |= solidus - ones;
    return ((special & ~word & tops) | (word & high_mask & tops)) == 0;
}

static char *put_json(char *p, const char *text, size_t len, enum escape escape)
{
    uint64_t mask = escape == ESCAPE_ASCII ? 0x8080808080808080u : escape == ESCAPE_SLASHES ? 1 : 0;
    for (size_t at = 0; at < len;) {
        uint64_t word;
        if (at + sizeof word <= len) {
            memcpy(&word, text + at, sizeof word);
            if (is_plain(word, mask)) {
                memcpy(p, &word, sizeof word);
                p += sizeof word;
                at += sizeof word;
                continue;
            }
        }
        size_t end = at + sizeof word < len ? at + sizeof word : len;
        while (at < end) {
            char c = text[at];
            if (escape == ESCAPE_ASCII && (unsigned char)c >= 0x80) {
                p = put_escaped_utf8(p, text, &at);
                continue;
            }
            at++;
            if (c == '\n') {
                p = PUT(p, "\\n");
                continue;
            }
            if (c == '"' || c == '\\' || (c == '/' && escape == ESCAPE_SLASHES))
                *p++ = '\\';
            *p++ = c;
        }
    }
    return p;
}

/* Text of ours that has no quote, backslash or control in it. */
static char *put_clean(char *p, const char *text, size_t len, enum escape escape)
{
    return escape == ESCAPE_LEAST ? put(p, text, len) : put_json(p, text, len, escape);
}

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
            p = PUT(p, "&amp;");
        else if (token->text[i] == '<')
            p = PUT(p, "&lt;");
        else if (token->text[i] == '>')
            p = PUT(p, "&gt;");
        else
            *p++ = token->text[i];
    }
    return p;
}

static char *put_html_link(char *p, const struct gen_token *token)
{
    static const char scheme[] = "https://";
    if (token->kind == GEN_URL) {
        p = PUT(p, "<a href=\"");
        p = put(p, token->text, token->len);
        p = PUT(p, "\" rel=\"nofollow noopener\"><span class=\"invisible\">https://</span><span>");
        p = put(p, token->text + sizeof scheme - 1, token->len - (sizeof scheme - 1));
        return PUT(p, "</span></a>");
    }
    bool tag = token->kind == GEN_HASHTAG;
    p = put_string(p, tag ? "<a href=\"https://mastodon.example/tags/"
                          : "<span class=\"h-card\"><a href=\"https://mastodon.example/@");
    p = put(p, token->text, token->len);
    p = put_string(p, tag ? "\" class=\"mention hashtag\" rel=\"tag\">#<span>"
                          : "\" class=\"u-url mention\">@<span>");
    p = put(p, token->text, token->len);
    return put_string(p, tag ? "</span></a>" : "</span></a></span>");
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
        return put_number(p, (ms - 1288834974657u) << 22 | (index & 0x3FFFFF));
    case GEN_NETWORK_MASTODON:
        return put_number(p, ms << 16 | (index & 0xFFFF));
    case GEN_NETWORK_BLUESKY:
        p = PUT(p, "3");
        return put_base(p, index, 12, 32);
    case GEN_NETWORK_REDDIT:
        p = PUT(p, "t1_");
        return put_base(p, index, 8, 36);
    default:
        return put_number(p, 100000000 + index);
    }
}

static enum gen_network network_of(const struct hy_gen_worker *worker, uint64_t index)
{
    return gen_plan_post(&worker->gen->world.options, index).network;
}

static char *put_id_or_null(struct hy_gen_worker *worker, char *p, bool present, uint64_t index)
{
    if (!present)
        return PUT(p, "null");
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
    enum escape escape;
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
    char *p = PUT(w->p, "\"author\":{\"id\":\"");
    p = put_number(p, person->id);
    p = PUT(p, "\",\"handle\":\"");
    p = put(p, person->handle, person->handle_len);
    p = PUT(p, "\",\"name\":\"");
    p = put_clean(p, person->name, person->name_len, w->escape);
    p = PUT(p, "\",\"bio\":\"");
    p = put_clean(p, person->bio, person->bio_len, w->escape);
    p = PUT(p, "\",\"followers\":");
    p = put_number(p, person->followers);
    p = PUT(p, ",\"posts\":");
    p = put_number(p, person->posts);
    w->p = put_string(p, person->verified ? ",\"verified\":true}" : ",\"verified\":false}");
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
    char *p = PUT(w->p, "\"text\":\"");
    if (html)
        p = PUT(p, "<p>");
    for (uint32_t i = 0; i < draft->count; i++) {
        const struct gen_token *token = &draft->tokens[i];
        if (token->glue == GEN_SPACE)
            *p++ = ' ';
        else if (token->glue == GEN_NEWLINE)
            p = html ? PUT(p, "<br>") : PUT(p, "\\n");
        if (token->kind >= GEN_HASHTAG)
            note_token(w, i, (enum gen_kind)token->kind);
        else if (token->plain || (token->safe && w->escape != ESCAPE_ASCII)) {
            p = put_word(p, token, draft->style);
            continue;
        }
        char text[TOKEN_TEXT_MAX];
        char *end = put_token(text, token, draft->style, html, entities);
        p = put_json(p, text, (size_t)(end - text), w->escape);
    }
    if (html)
        p = w->escape == ESCAPE_SLASHES ? PUT(p, "<\\/p>") : PUT(p, "</p>");
    w->p = PUT(p, "\"");
}

static void put_url(struct writer *w)
{
    const struct gen_person *person = w->record->person;
    char *p = PUT(w->p, "\"url\":\"https://");
    enum gen_network network = w->record->plan->network;
    p = put_string(p, networks[network].site);
    if (network == GEN_NETWORK_X || network == GEN_NETWORK_MASTODON) {
        p = network == GEN_NETWORK_X ? PUT(p, "/") : PUT(p, "/@");
        p = put(p, person->handle, person->handle_len);
        p = network == GEN_NETWORK_X ? PUT(p, "/status/") : PUT(p, "/");
    } else {
        p = PUT(p, "/post/");
    }
    p = put(p, w->id, w->id_len);
    w->p = PUT(p, "\"");
}

static void put_one_url(struct writer *w, const struct gen_token *token)
{
    bool object = w->record->plan->network == GEN_NETWORK_X && (w->random & 1);
    char *p = object ? PUT(w->p, "{\"url\":\"") : PUT(w->p, "\"");
    p = put_clean(p, token->text, token->len, w->escape);
    if (object) {
        p = PUT(p, "\",\"expanded\":\"https://www.example.com/story/");
        p = put_number(p, w->random >> 40);
        p = PUT(p, "\"}");
    } else {
        p = PUT(p, "\"");
    }
    w->p = p;
}

/* "name":[...] of all tokens of a kind that put_text has noted. */
static void put_list(struct writer *w, const char *name, enum gen_kind kind)
{
    uint32_t list = kind - GEN_HASHTAG;
    w->p = put_string(w->p, name);
    for (uint32_t i = 0; i < w->noted_count[list]; i++) {
        const struct gen_token *token = &w->record->draft->tokens[w->noted[list][i]];
        if (i > 0)
            *w->p++ = ',';
        if (kind == GEN_URL) {
            put_one_url(w, token);
            continue;
        }
        *w->p++ = '"';
        w->p = put_clean(w->p, token->text, token->len, w->escape);
        *w->p++ = '"';
    }
    *w->p++ = ']';
}

static void put_context(struct writer *w)
{
    const struct gen_plan *plan = w->record->plan;
    char *p = PUT(w->p, "\"in_reply_to\":");
    p = put_id_or_null(w->worker, p, plan->reply, plan->conversation);
    p = PUT(p, ",\"conversation_id\":");
    if (plan->conversation == plan->index) {
        *p++ = '"';
        p = put(p, w->id, w->id_len);
        *p++ = '"';
    } else {
        p = put_id_or_null(w->worker, p, true, plan->conversation);
    }
    p = PUT(p, ",\"repost_of\":");
    p = put_id_or_null(w->worker, p, w->record->repeat == GEN_REPEAT_REPOST, plan->origin);
    p = PUT(p, ",\"quote_of\":");
    w->p = put_id_or_null(w->worker, p, plan->quoted != plan->index, plan->quoted);
}

static void put_metrics(struct writer *w)
{
    uint64_t dice = gen_mix(w->random);
    uint64_t reach = 1 + w->record->person->followers / 50;
    static const char *const media[] = {
        "[]", "[]", "[]", "[\"image\"]", "[\"video\"]", "[]", "[\"image\",\"image\"]", "[]"};
    char *p = PUT(w->p, ",\"client\":{\"name\":\"Phone App\",\"version\":\"9.");
    p = put_number(p, dice >> 58);
    p = PUT(p, "\"},\"media\":");
    p = put_string(p, media[dice & 7]);
    p = put_string(p, (dice >> 3 & 31) ? ",\"visibility\":\"public\",\"metrics\":{\"likes\":"
                                       : ",\"visibility\":\"unlisted\",\"metrics\":{\"likes\":");
    p = put_number(p, (dice >> 8 & 0xFFFF) * reach >> 15);
    p = PUT(p, ",\"reposts\":");
    p = put_number(p, (dice >> 24 & 0xFFFF) * reach >> 18);
    p = PUT(p, ",\"replies\":");
    p = put_number(p, (dice >> 40 & 0xFFFF) * reach >> 17);
    w->p = PUT(p, "}");
}

static void put_head(struct writer *w)
{
    const struct gen_plan *plan = w->record->plan;
    char *p = PUT(w->p, "{\"id\":\"");
    p = put(p, w->id, w->id_len);
    p = (w->random & 0x300) ? PUT(p, "\",\"event\":\"post\",\"created_at\":\"")
                            : PUT(p, "\",\"created_at\":\"");
    p = put_time(p, w->created_us);
    p = PUT(p, "\",\"network\":\"");
    p = put_string(p, networks[plan->network].name);
    p = PUT(p, "\",\"site\":\"");
    p = put_string(p, networks[plan->network].site);
    w->p = PUT(p, "\",");
    put_url(w);
    p = PUT(w->p, ",\"lang\":");
    if ((w->random >> 12 & 15) == 0) {
        w->p = PUT(p, "null,");
        return;
    }
    *p++ = '"';
    p = put(p, gen_language_codes[w->record->draft->language], 2);
    w->p = PUT(p, "\",");
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
    char *p = PUT(w->p, "{\"id\":\"");
    p = put(p, w->id, w->id_len);
    p = PUT(p, "\",\"created_at\":\"");
    p = put_time(p, w->created_us);
    p = PUT(p, "\",\"network\":\"");
    p = put_string(p, networks[w->record->plan->network].name);
    p = PUT(p, "\",\"author\":{\"handle\":\"");
    p = put(p, person->handle, person->handle_len);
    w->p = PUT(p, "\"},");
    put_text(w);
    w->p = PUT(w->p, "}\n");
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
    w->p = PUT(w->p, "}\n");
}

/* ---- records of the size that X sends ---- */

static const char x_user[] =
    "\"user\":{\"id_str\":\"%\",\"protected\":false,\"listed_count\":%,\"friends_count\":%,"
    "\"favourites_count\":%,\"statuses_count\":%,\"utc_offset\":null,\"time_zone\":null,"
    "\"geo_enabled\":true,\"contributors_enabled\":false,\"is_translator\":false,"
    "\"translator_type\":\"none\",\"profile_background_color\":\"C0DEED\","
    "\"profile_background_image_url_https\":\"https://abs.twimg.example/images/themes/theme1/"
    "bg.png\","
    "\"profile_background_tile\":false,\"profile_link_color\":\"1DA1F2\","
    "\"profile_sidebar_border_color\":\"C0DEED\",\"profile_sidebar_fill_color\":\"DDEEF6\","
    "\"profile_text_color\":\"333333\",\"profile_use_background_image\":true,"
    "\"profile_image_url_https\":\"https://pbs.twimg.example/profile_images/%/photo_normal.jpg\","
    "\"profile_banner_url\":\"https://pbs.twimg.example/profile_banners/%/1500x500\","
    "\"default_profile\":true,\"default_profile_image\":false,\"following\":null,"
    "\"follow_request_sent\":null,\"notifications\":null,\"withheld_in_countries\":[],"
    "\"location\":\"Austin, TX\",\"entities\":{\"url\":{\"urls\":[{\"url\":\"https://t.co/%\","
    "\"expanded_url\":\"https://www.example.com/\",\"display_url\":\"example.com\","
    "\"indices\":[0,23]}]},\"description\":{\"urls\":[]}}},";
static const char x_annotations[] =
    "\"context_annotations\":[{\"domain\":{\"id\":\"45\",\"name\":\"Brand "
    "Vertical\",\"description\":"
    "\"Top level entities that describe a Brand's industry\"},\"entity\":{\"id\":\"%\",\"name\":"
    "\"Technology\"}},{\"domain\":{\"id\":\"46\",\"name\":\"Business Taxonomy\",\"description\":"
    "\"Categories within Brand Verticals that narrow down the scope of "
    "Brands\"},\"entity\":{\"id\":\"%\","
    "\"name\":\"Services Business\",\"description\":\"Brands, companies, advertisers and every "
    "non-person handle with the profit intent\"}},{\"domain\":{\"id\":\"30\",\"name\":\"Entities "
    "[Entity Service]\",\"description\":\"Entity Service top level domain, every item that is in "
    "Entity "
    "Service should be in this domain\"},\"entity\":{\"id\":\"%\",\"name\":\"Customer service\"}},"
    "{\"domain\":{\"id\":\"66\",\"name\":\"Interests and Hobbies Category\",\"description\":\"A "
    "grouping of "
    "interests and hobbies entities, like Novelty Food or "
    "Destinations\"},\"entity\":{\"id\":\"%\"}}],";
static const char x_media[] =
    "\"extended_entities\":{\"media\":[{\"id_str\":\"%\",\"indices\":[117,140],\"media_url_https\":"
    "\"https://pbs.twimg.example/media/%.jpg\",\"url\":\"https://t.co/%\",\"display_url\":"
    "\"pic.twitter.example/%\",\"expanded_url\":\"https://x.com/i/status/%/photo/"
    "1\",\"type\":\"photo\","
    "\"sizes\":{\"thumb\":{\"w\":150,\"h\":150,\"resize\":\"crop\"},\"small\":{\"w\":680,\"h\":453,"
    "\"resize\":"
    "\"fit\"},\"medium\":{\"w\":1200,\"h\":800,\"resize\":\"fit\"},\"large\":{\"w\":2048,\"h\":"
    "1365,\"resize\":"
    "\"fit\"}},\"features\":{\"medium\":{\"faces\":[{\"x\":%,\"y\":%,\"h\":64,\"w\":64}]},"
    "\"large\":{\"faces\":[]}}},"
    "{\"id_str\":\"%\",\"indices\":[117,140],\"media_url_https\":\"https://pbs.twimg.example/media/"
    "%.jpg\","
    "\"type\":\"photo\",\"sizes\":{\"thumb\":{\"w\":150,\"h\":150,\"resize\":\"crop\"},\"small\":{"
    "\"w\":680,"
    "\"h\":510,\"resize\":\"fit\"},\"medium\":{\"w\":1200,\"h\":900,\"resize\":\"fit\"},\"large\":{"
    "\"w\":1600,"
    "\"h\":1200,\"resize\":\"fit\"}}}]},";
static const char x_quoted[] =
    "\"quoted_status\":{\"id_str\":\"%\",\"text\":\"the text of a post inside a post says "
    "\\\"no\\\" "
    "{to} [every] rule, #% "
    "https://t.co/%\",\"truncated\":false,\"user\":{\"id_str\":\"%\",\"name\":"
    "\"\\u2728 Sam\",\"screen_name\":\"sam_%\",\"followers_count\":%},\"is_quote_status\":false,"
    "\"entities\":{\"hashtags\":[{\"text\":\"tag\",\"indices\":[70,74]}],\"symbols\":[],\"user_"
    "mentions\":[]}},";
static const char x_rest[] =
    "\"edit_history_tweet_ids\":[\"%\"],\"edit_controls\":{\"edits_remaining\":5,\"is_edit_"
    "eligible\":true,"
    "\"editable_until\":\"2026-01-01T01:00:00.000Z\"},\"public_metrics\":{\"retweet_count\":%,"
    "\"reply_count\":%,\"like_count\":%,\"quote_count\":%,\"bookmark_count\":%,\"impression_"
    "count\":%},"
    "\"possibly_sensitive\":false,\"reply_settings\":\"everyone\",\"source\":\"<a "
    "href=\\\"https://app.example\\\" "
    "rel=\\\"nofollow\\\">Phone "
    "App</a>\",\"geo\":null,\"coordinates\":null,\"place\":{\"id\":\"%\",\"place_type\":"
    "\"city\",\"name\":\"Austin\",\"full_name\":\"Austin, "
    "TX\",\"country_code\":\"US\",\"bounding_box\":{\"type\":"
    "\"Polygon\",\"coordinates\":[[[-97.928935,30.127892],[-97.928935,30.518799],[-97.580513,30."
    "518799],"
    "[-97.580513,30.127892]]]},\"attributes\":{}},\"filter_level\":\"low\",\"matching_rules\":[{"
    "\"id\":\"%\","
    "\"tag\":\"brand watch\"},{\"id\":\"%\",\"tag\":null}],\"timestamp_ms\":\"%\",";

/* Copies a template; each % becomes a number. */
static void put_template(struct writer *w, const char *text, size_t len)
{
    uint64_t dice = w->random;
    char *p = w->p;
    for (const char *end = text + len; text < end;) {
        const char *mark = memchr(text, '%', (size_t)(end - text));
        size_t n = (size_t)((mark ? mark : end) - text);
        p = put(p, text, n);
        text += n;
        if (mark) {
            dice = gen_mix(dice + 1);
            p = put_number(p, dice >> (24 + (dice & 31)));
            text++;
        }
    }
    w->p = p;
}

#define TEMPLATE(w, text) put_template((w), (text), sizeof(text) - 1)

static void write_x(struct writer *w)
{
    put_head(w);
    TEMPLATE(w, x_rest);
    TEMPLATE(w, x_user);
    if (w->random & 1 << 16)
        TEMPLATE(w, x_quoted);
    put_author(w);
    *w->p++ = ',';
    TEMPLATE(w, x_annotations);
    put_text(w);
    *w->p++ = ',';
    TEMPLATE(w, x_media);
    put_tail(w);
    w->p = PUT(w->p, "}\n");
}

static enum escape draw_escape(uint64_t random)
{
    uint32_t draw = gen_scale(random, 100);
    return draw < 12 ? ESCAPE_ASCII : draw < 16 ? ESCAPE_SLASHES : ESCAPE_LEAST;
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
    char *p = PUT(out->data + out->len, "{\"id\":\"");
    p = put_id(worker, p, plan->index, plan->network);
    p = PUT(p, "\",\"event\":\"post\",\"rules\":[");
    for (uint32_t i = 0; i < verdict->count; i++) {
        const struct gen_rule *rule = &world->rules[verdict->rules[i]];
        p = i ? PUT(p, ",\"") : PUT(p, "\"");
        p = put(p, rule->id, rule->id_len);
        *p++ = '"';
    }
    p = PUT(p, "],\"dup\":{\"kind\":\"");
    p = put_string(p, plan->redelivered ? "redelivered" : gen_repeat_names[record->repeat]);
    p = PUT(p, "\",\"first_id\":");
    p = put_id_or_null(worker, p, true, plan->origin);
    p = PUT(p, "},\"emotion\":\"");
    p = put_string(p, gen_class_names[record->draft->class]);
    p = PUT(p, "\",\"lang\":\"");
    p = put(p, gen_language_codes[record->draft->language], 2);
    struct gen_burst burst = gen_plan_burst(world, plan->origin);
    p = PUT(p, "\",\"burst\":");
    if (burst.on) {
        *p++ = '"';
        p = put(p, world->brands[burst.brand].handle, world->brands[burst.brand].handle_len);
        *p++ = '"';
    } else {
        p = PUT(p, "null");
    }
    p = PUT(p, "}\n");
    out->len = (size_t)(p - out->data);
}
