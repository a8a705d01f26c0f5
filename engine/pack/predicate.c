/* Predicates over fields, scores and policy facts; see predicate.h. One small function a kind. */
#include "pack/predicate.h"

#include <stddef.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/str.h"
#include "pack/policy.h"
#include "pack/scratch.h"
#include "pack/word_table.h"
#include "text/utf8.h"

_Static_assert(HY_PREDICATE_KINDS <= 64, "kinds are bits of one number");
#define BIT(NAME) ((uint64_t)1 << HY_PREDICATE_##NAME)

static const uint8_t predicate_needs[HY_PREDICATE_KINDS] = {
#define PREDICATE_NEEDS(NAME, needs) needs,
    HY_PREDICATE_TABLE(PREDICATE_NEEDS)
#undef PREDICATE_NEEDS
};

uint32_t hy_predicate_needs(enum hy_predicate_kind kind)
{
    HY_ASSERT(kind < HY_PREDICATE_KINDS);
    return predicate_needs[kind];
}

static enum hy_truth known(bool truth)
{
    return truth ? HY_TRUE : HY_FALSE;
}

/* What the text alone can prove; the fields may still say so when it cannot. */
static enum hy_truth proven(bool truth, const struct hy_mention *mention)
{
    return truth ? HY_TRUE : mention->complete ? HY_FALSE : HY_PENDING;
}

struct hy_view hy_eval_text(const struct hy_eval *eval)
{
    const struct hy_mention *mention = eval->mention;
    return (struct hy_view){mention->folded.data, mention->m.text.data, mention->folded.map,
                            mention->folded.len, mention->m.text.len};
}

/* Folds a field once per mention; only its beginning when it is very long. */
static const struct hy_view *folded(struct hy_eval *eval, struct hy_eval_field *field,
                                    hydrant_str text)
{
    if (field->seq == eval->scratch->seq)
        return &field->view;
    text = hy_str_cut(text, HY_PREDICATE_FIELD_BYTES);
    bool identity = true;
    uint32_t len = 0;
    if (text.len > 0)
        len = hy_fold(text.data, text.len, field->folded, field->map, &identity);
    field->view =
        (struct hy_view){field->folded, text.data, identity ? NULL : field->map, len, text.len};
    field->seq = eval->scratch->seq;
    return &field->view;
}

/* Does folding change nothing but the case of its letters? */
static bool is_plain(hydrant_str text)
{
    const uint64_t ones = 0x0101010101010101, highs = ones << 7;
    uint64_t word, odd = 0;
    uint32_t i = 0;
    for (; i + sizeof word <= text.len; i += sizeof word) {
        memcpy(&word, text.data + i, sizeof word);
        odd |= word | ((word ^ ones * '`') - ones); /* a byte that is ` borrows */
    }
    for (; i < text.len; i++)
        odd |= (unsigned char)text.data[i] | (text.data[i] == '`') << 7;
    return (odd & highs) == 0;
}

/*
 * A field to be compared with what is folded, by hy_str_equal_nocase: folded unless that would only
 * change case, which nearly no field needs. Beyond HY_PREDICATE_FIELD_BYTES it is as it was given.
 * Lives until the next call.
 */
static struct hy_view comparable_view(struct hy_eval *eval, hydrant_str text)
{
    if (is_plain(text) || text.len > HY_PREDICATE_FIELD_BYTES)
        return (struct hy_view){text.data, text.data, NULL, text.len, text.len};
    eval->scratch->link.seq = 0;
    return *folded(eval, &eval->scratch->link, text);
}

static hydrant_str comparable(struct hy_eval *eval, hydrant_str text)
{
    struct hy_view view = comparable_view(eval, text);
    return hy_str(view.folded, view.folded_len);
}

static hydrant_str without_at(hydrant_str handle)
{
    bool at = handle.len > 0 && handle.data[0] == '@';
    return at ? hy_str(handle.data + 1, handle.len - 1) : handle;
}

static bool from_is(struct hy_eval *eval, hydrant_str name)
{
    const struct hy_view *view =
        folded(eval, &eval->scratch->handle, eval->mention->m.author.handle);
    return hy_str_equal(without_at(hy_str(view->folded, view->folded_len)), name);
}

static bool mentions_field_has(struct hy_eval *eval, hydrant_str name)
{
    const hydrant_mention *m = &eval->mention->m;
    for (uint32_t i = 0; i < m->mentions_count; i++)
        if (hy_str_equal_nocase(without_at(comparable(eval, m->mentions[i])), name))
            return true;
    return false;
}

/* Is `name` the whole name behind the sign (@ or #) at `at`? */
static bool name_at(const struct hy_view *view, uint32_t at, hydrant_str name)
{
    struct hy_chunk chunk = {.text = name.data, .len = name.len};
    uint32_t end;
    return hy_chunk_at(&chunk, view, at + 1, &end) &&
           hy_phrase_finish(HY_PHRASE_MENTION, view, at, &end);
}

/* Moves *at to the next @, itself included. */
static bool next_sign(const struct hy_view *view, uint32_t *at)
{
    uint32_t left = view->folded_len - *at;
    const char *sign = left ? memchr(view->folded + *at, '@', left) : NULL;
    *at = sign ? (uint32_t)(sign - view->folded) : view->folded_len;
    return sign;
}

static bool text_mentions(const struct hy_view *view, const hydrant_str *names, uint32_t count)
{
    for (uint32_t at = 0; next_sign(view, &at); at++)
        for (uint32_t i = 0; i < count; i++)
            if (name_at(view, at, names[i]))
                return true;
    return false;
}

/* To one of the names. */
static bool is_addressed(struct hy_eval *eval, const hydrant_str *names, uint32_t count)
{
    struct hy_view view = hy_eval_text(eval);
    for (uint32_t i = 0; i < count; i++)
        if (mentions_field_has(eval, names[i]))
            return true;
    return text_mentions(&view, names, count);
}

/* Is it one of the names that any brand is addressed by? */
static bool is_own(const struct hy_pack *pack, hydrant_str name)
{
    uint32_t low = 0, high = pack->own_to_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = hy_str_compare(pack->own_to[mid], name);
        if (order == 0)
            return true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* Does one of those names stand behind the @ at `at`? Each place where a name may end is tried: a
 * full stop may be of the name or behind it. */
static bool own_at(const struct hy_pack *pack, const struct hy_view *view, uint32_t at)
{
    uint32_t start = at + 1, end = start, len, most = pack->own_to_bytes_max;
    while (end < view->folded_len && end - start < most && view->folded[end] != '@') {
        hy_utf8_decode(view->folded + end, &len);
        end += len;
        if (hy_phrase_finish(HY_PHRASE_MENTION, view, at, &end) &&
            is_own(pack, hy_str(view->folded + start, end - start)))
            return true;
    }
    return false;
}

/* To any of all brands, of which there may be thousands. */
static bool is_addressed_to_any(struct hy_eval *eval)
{
    const hydrant_mention *m = &eval->mention->m;
    struct hy_view view = hy_eval_text(eval);
    for (uint32_t i = 0; i < m->mentions_count; i++) {
        eval->scratch->link.seq = 0;
        const struct hy_view *name = folded(eval, &eval->scratch->link, m->mentions[i]);
        if (is_own(eval->pack, without_at(hy_str(name->folded, name->folded_len))))
            return true;
    }
    for (uint32_t at = 0; next_sign(&view, &at); at++)
        if (own_at(eval->pack, &view, at))
            return true;
    return false;
}

/* A # or @ with a name behind it and no word before it. */
static bool text_has_tag(const struct hy_eval *eval, char sign)
{
    struct hy_view view = hy_eval_text(eval);
    for (uint32_t at = 0; at + 1 < view.folded_len; at++) {
        if (view.folded[at] != sign)
            continue;
        uint32_t len;
        enum hy_char_class next = hy_char_class(hy_utf8_decode(view.folded + at + 1, &len));
        bool named = next == HY_CHAR_LETTER || next == HY_CHAR_DIGIT || next == HY_CHAR_CONNECTOR ||
                     (next == HY_CHAR_IDEOGRAPH && sign == '#');
        uint32_t end = view.folded_len;
        if (named && hy_phrase_finish(HY_PHRASE_MENTION, &view, at, &end))
            return true;
    }
    return false;
}

/* The next link in a text, as written: http:// or https:// up to white space, quote or bracket. */
static bool next_link(const struct hy_view *view, uint32_t *pos, hydrant_str *link)
{
    for (uint32_t at = *pos; at + 7 < view->folded_len; at++) {
        const char *p = memchr(view->folded + at, 'h', view->folded_len - at);
        if (!p)
            break;
        at = (uint32_t)(p - view->folded);
        uint32_t left = view->folded_len - at;
        if (!(left > 7 && memcmp(p, "http://", 7) == 0) &&
            !(left > 8 && memcmp(p, "https://", 8) == 0))
            continue;
        uint32_t end = at;
        while (end < view->folded_len && (unsigned char)view->folded[end] > ' ' &&
               !strchr("<>\"", view->folded[end]))
            end++;
        hydrant_span span = hy_view_span(view, at, end);
        *link = hy_str(view->text + span.start, span.end - span.start);
        *pos = end;
        return true;
    }
    *pos = view->folded_len;
    return false;
}

/* Is host `domain` or below it? Both without a port. */
static bool is_below(hydrant_str host, hydrant_str domain)
{
    if (host.len < domain.len)
        return false;
    uint32_t rest = host.len - domain.len;
    if (!hy_str_equal_nocase(hy_str(host.data + rest, domain.len), domain))
        return false;
    return rest == 0 || host.data[rest - 1] == '.';
}

static bool ends_authority(char c)
{
    return c == '/' || c == '?' || c == '#';
}

/* Where a URL's host begins: behind :// and user@. */
static uint32_t host_start(const struct hy_view *url)
{
    const char *p = url->folded;
    uint32_t start = 0, at = 0, end = url->folded_len;
    while (at < end && p[at] != ':' && !ends_authority(p[at]))
        at++;
    if (end - at >= 3 && memcmp(p + at, "://", 3) == 0)
        start = at + 3;
    for (at = start; at < end && !ends_authority(p[at]); at++)
        if (p[at] == '@')
            start = at + 1;
    return start;
}

/* How long the author's character at `at` is in the folded text, which is no full stop, if it may
 * stand in a host; else 0. A sign that folds to letters (a trade mark), or to a hyphen (a dash),
 * may not. */
static uint32_t host_character(const struct hy_view *view, uint32_t at)
{
    uint32_t len, own_len;
    unsigned char c = (unsigned char)view->folded[at];
    if (!view->map && c < 0x80) /* nearly always */
        return hy_is_run_byte((unsigned char)hy_ascii_lower((char)c)) || c == '-';
    hy_utf8_decode(view->folded + at, &len);
    const char *p = view->map ? view->text + view->map[at] : view->folded + at;
    switch (hy_char_class(hy_utf8_decode(p, &own_len))) {
    case HY_CHAR_LETTER:
    case HY_CHAR_DIGIT:
    case HY_CHAR_MARK:
    case HY_CHAR_CONNECTOR:
    case HY_CHAR_IDEOGRAPH:
        return len;
    default:
        return *p == '-' ? len : 0;
    }
}

/* The host of a URL, which may have a sentence's punctuation behind it: what can stand in names,
 * with single full stops between them. Lives until the next call. */
static hydrant_str host_of(struct hy_eval *eval, hydrant_str url)
{
    struct hy_view view = comparable_view(eval, url);
    uint32_t start = host_start(&view), end = start, len = 1;
    for (; end < view.folded_len && len > 0; end += len) {
        bool single = end > start && view.folded[end - 1] != '.';
        len = view.folded[end] == '.' ? single : host_character(&view, end);
    }
    while (end > start && (view.folded[end - 1] == '.' || view.folded[end - 1] == '-'))
        end--;
    return hy_str(view.folded + start, end - start);
}

typedef bool link_test(const struct hy_predicate *p, struct hy_eval *eval, hydrant_str link);

static bool link_has(const struct hy_predicate *p, struct hy_eval *eval, hydrant_str link)
{
    eval->scratch->link.seq = 0; /* there are several */
    return hy_phrase_find(&p->phrase, folded(eval, &eval->scratch->link, link));
}

static bool link_is_below(const struct hy_predicate *p, struct hy_eval *eval, hydrant_str link)
{
    return is_below(host_of(eval, link), p->text);
}

static bool any_link(const struct hy_predicate *p, struct hy_eval *eval, link_test *test)
{
    const hydrant_mention *m = &eval->mention->m;
    for (uint32_t i = 0; i < m->urls_count; i++)
        if (test(p, eval, m->urls[i].url) || test(p, eval, m->urls[i].expanded))
            return true;
    struct hy_view view = hy_eval_text(eval);
    hydrant_str link;
    for (uint32_t pos = 0; next_link(&view, &pos, &link);)
        if (test(p, eval, link))
            return true;
    return false;
}

static bool has_links(const struct hy_eval *eval)
{
    struct hy_view view = hy_eval_text(eval);
    hydrant_str link;
    uint32_t pos = 0;
    return eval->mention->m.urls_count > 0 || next_link(&view, &pos, &link);
}

/* The question marks of scripts; the Greek one folds to a semicolon, so the author's is asked. */
static bool is_question_mark(const struct hy_view *view, uint32_t at, uint32_t cp)
{
    uint32_t len;
    if (cp == ';' && view->map)
        cp = hy_utf8_decode(view->text + view->map[at], &len);
    return cp == '?' || cp == 0x061F || cp == 0x037E || cp == 0x055E || cp == 0x1367;
}

/* Does it end something, that is, is it not the one inside a link? next: what is behind it. */
static bool is_end(const struct hy_view *view, uint32_t next)
{
    uint32_t len;
    if (next >= view->folded_len)
        return true;
    enum hy_char_class class = hy_char_class(hy_utf8_decode(view->folded + next, &len));
    return class != HY_CHAR_LETTER && class != HY_CHAR_DIGIT && class != HY_CHAR_CONNECTOR &&
           !memchr("&=/%", view->folded[next], 4);
}

/* Is there a question mark that begins with that byte and ends something? */
static bool has_question(const struct hy_view *view, char first)
{
    const char *end = view->folded + view->folded_len, *mark = view->folded;
    for (; mark < end && (mark = memchr(mark, first, (size_t)(end - mark))) != NULL; mark++) {
        uint32_t len, at = (uint32_t)(mark - view->folded);
        uint32_t cp = hy_utf8_decode(mark, &len);
        if (is_question_mark(view, at, cp) && is_end(view, at + len))
            return true;
    }
    return false;
}

/* By the byte with which each begins: a text is searched for four bytes faster than read. */
static bool is_question(const struct hy_eval *eval)
{
    struct hy_view view = hy_eval_text(eval);
    if (has_question(&view, '?'))
        return true;
    if (!view.map) /* all of it is ASCII */
        return false;
    return has_question(&view, '\xD8') || has_question(&view, '\xD5') ||
           has_question(&view, '\xE1') || has_question(&view, ';');
}

static bool has_pii(const struct hy_eval *eval)
{
    const struct hy_policy *policy = eval->pack->policy;
    hydrant_pii found;
    if (eval->mention->pii_known)
        return eval->mention->pii_count > 0;
    return hy_pii_scan(eval->mention->m.text, policy ? &policy->pii : NULL, &found, 1) > 0;
}

static bool lang_is(hydrant_str lang, hydrant_str wanted)
{
    if (lang.len < wanted.len || wanted.len == 0)
        return false;
    if (!hy_str_equal_nocase(hy_str(lang.data, wanted.len), wanted))
        return false;
    return lang.len == wanted.len || lang.data[wanted.len] == '-' || lang.data[wanted.len] == '_';
}

/* The same number in [0, 100) for the same mention, whatever the process, pack or order. */
static double sample_place(const hydrant_mention *m)
{
    uint64_t hash =
        XXH3_64bits_withSeed(m->id.data, m->id.len, XXH3_64bits(m->network.data, m->network.len));
    return (double)(hash >> 11) * 0x1p-53 * 100.0;
}

static uint32_t matched_brand(const struct hy_eval *eval, uint32_t i)
{
    return eval->pack->matcher->rules[eval->mention->matched_rules[i]].brand;
}

/* Walks the brands of the rules that matched, each once. */
static bool next_matched(const struct hy_eval *eval, uint32_t *at, const struct hy_brand **brand)
{
    while (*at < eval->mention->matches_count) {
        uint32_t i = (*at)++, number = matched_brand(eval, i), before = 0;
        while (before < i && matched_brand(eval, before) != number)
            before++;
        if (before < i || number >= eval->pack->brands_count)
            continue;
        *brand = &eval->pack->brands[number];
        return true;
    }
    return false;
}

/* Walks the brands that an own: or sitekind: term is about. */
static bool next_brand(const struct hy_predicate *p, const struct hy_eval *eval, uint32_t *at,
                       const struct hy_brand **brand)
{
    uint32_t wanted = p->brand == HY_BRAND_EVAL ? eval->brand : p->brand;
    if (wanted == HY_BRAND_MATCHED)
        return next_matched(eval, at, brand);
    if (wanted == HY_BRAND_NONE)
        return false;
    if (wanted != HY_BRAND_ANY && *at == 0)
        *at = wanted;
    else if (wanted != HY_BRAND_ANY)
        return false;
    if (*at >= eval->pack->brands_count)
        return false;
    *brand = &eval->pack->brands[(*at)++];
    if (wanted != HY_BRAND_ANY)
        *at = UINT32_MAX;
    return true;
}

static bool own_from(const struct hy_predicate *p, struct hy_eval *eval)
{
    const struct hy_brand *brand;
    for (uint32_t at = 0; next_brand(p, eval, &at, &brand);)
        for (uint32_t i = 0; i < brand->own_from_count; i++)
            if (from_is(eval, brand->own_from[i]))
                return true;
    return false;
}

static bool find_own_to(struct hy_eval *eval, uint32_t number)
{
    const struct hy_brand *brand;
    if (number == HY_BRAND_ANY)
        return is_addressed_to_any(eval);
    if (number == HY_BRAND_MATCHED) {
        for (uint32_t at = 0; next_matched(eval, &at, &brand);)
            if (is_addressed(eval, brand->own_to, brand->own_to_count))
                return true;
        return false;
    }
    if (number >= eval->pack->brands_count)
        return false;
    brand = &eval->pack->brands[number];
    return is_addressed(eval, brand->own_to, brand->own_to_count);
}

/* Looked for once per mention and brand: several lines of a policy ask for it. */
static bool own_to(const struct hy_predicate *p, struct hy_eval *eval)
{
    struct hy_eval_own *memo = &eval->scratch->own_to;
    uint32_t brand = p->brand == HY_BRAND_EVAL ? eval->brand : p->brand;
    if (memo->seq != eval->scratch->seq || memo->brand != brand)
        *memo = (struct hy_eval_own){eval->scratch->seq, brand, find_own_to(eval, brand)};
    return memo->truth;
}

/* Is it, or what it is below, listed as of that kind? NULL: is anything? */
static bool is_of_kind(const struct hy_predicate *p, const struct hy_eval *eval,
                       const hydrant_str *host)
{
    const struct hy_brand *brand;
    for (uint32_t at = 0; next_brand(p, eval, &at, &brand);)
        for (uint32_t i = 0; i < brand->sites_count; i++) {
            const struct hy_site *site = &brand->sites[i];
            if (hy_str_equal_nocase(site->kind, p->text) &&
                (!host || is_below(*host, site->domain)))
                return true;
        }
    return false;
}

static bool site_kind(const struct hy_predicate *p, struct hy_eval *eval)
{
    if (!is_of_kind(p, eval, NULL)) /* mostly, and a host costs more */
        return false;
    hydrant_str site = comparable(eval, eval->mention->m.site);
    if (is_of_kind(p, eval, &site))
        return true;
    hydrant_str host = host_of(eval, eval->mention->m.url);
    return is_of_kind(p, eval, &host);
}

static bool in_range(const struct hy_predicate *p, uint64_t value)
{
    int64_t number = value > INT64_MAX ? INT64_MAX : (int64_t)value;
    return number >= p->low && number <= p->high;
}

static bool compares(const struct hy_predicate *p, float score)
{
    enum { LESS = 1, EQUAL = 2, MORE = 4 };
    static const uint8_t taken[] = {[HY_PREDICATE_LABEL] = 0,
                                    [HY_PREDICATE_GT] = MORE,
                                    [HY_PREDICATE_GE] = MORE | EQUAL,
                                    [HY_PREDICATE_LT] = LESS,
                                    [HY_PREDICATE_LE] = LESS | EQUAL};
    unsigned relation = (score < p->threshold ? LESS : 0) | (score == p->threshold ? EQUAL : 0) |
                        (score > p->threshold ? MORE : 0);
    return (taken[p->compare] & relation) != 0;
}

static bool has_label(const struct hy_predicate *p, const hydrant_emotion *e)
{
    if (p->kind == HY_PREDICATE_ACT)
        return e->speech_act == p->index;
    if (p->kind == HY_PREDICATE_SENTIMENT)
        return e->sentiment == p->index;
    return p->kind == HY_PREDICATE_EMOTION && (e->labels >> p->index & 1);
}

/* By tables and not by cases: which score a policy asks for next is hard to foretell. */
static float score_of(const struct hy_predicate *p, const hydrant_emotion *e)
{
#define SCORE(KIND, field) [HY_PREDICATE_##KIND] = offsetof(hydrant_emotion, field)
    static const uint16_t offsets[HY_PREDICATE_KINDS] = {
        SCORE(EMOTION, scores), SCORE(SENTIMENT, sentiment_scores), SCORE(ACT, acts),
        SCORE(INTENSITY, intensity), SCORE(VALENCE, valence)};
#undef SCORE
    bool several = p->kind != HY_PREDICATE_INTENSITY && p->kind != HY_PREDICATE_VALENCE;
    float score;
    memcpy(&score, (const char *)e + offsets[p->kind] + (several ? p->index : 0) * sizeof score,
           sizeof score);
    return score;
}

/* Each kind of eval is a function by itself, so that what needs few registers saves none for what
 * needs many. */
#define APART __attribute__((noinline))

static enum hy_truth score_eval(const struct hy_predicate *p, const struct hy_mention *mention)
{
    if (!mention->scored)
        return HY_PENDING;
    const hydrant_emotion *e = mention->emotion;
    if (!e || !e->scored)
        return HY_FALSE;
    if (p->compare == HY_PREDICATE_LABEL)
        return known(has_label(p, e));
    return known(compares(p, score_of(p, e)));
}

static bool is_matched(const struct hy_mention *mention, uint32_t rule)
{
    for (uint32_t i = 0; i < mention->matches_count; i++)
        if (mention->matched_rules[i] == rule)
            return true;
    return false;
}

static APART enum hy_truth policy_eval(const struct hy_predicate *p, const struct hy_eval *eval)
{
    const struct hy_mention *mention = eval->mention;
    switch ((enum hy_predicate_kind)p->kind) {
    case HY_PREDICATE_DUP_KIND:
        return known(mention->dup && mention->dup->kind == (hydrant_dup_kind)p->index);
    case HY_PREDICATE_DUP_COUNT:
        return known(mention->dup && in_range(p, mention->dup->count));
    case HY_PREDICATE_DUP_RECENT:
        return known(mention->dup && in_range(p, mention->dup->last_60m));
    case HY_PREDICATE_DUP_SAME_AUTHOR:
        return known(mention->dup && mention->dup->same_author);
    case HY_PREDICATE_FACT:
        return known(mention->facts >> p->index & 1);
    case HY_PREDICATE_BRAND_OFF:
        return known(mention->facts & HY_FACT_BIT_BRAND_OFF);
    case HY_PREDICATE_UNHAPPY:
        return known(in_range(p, mention->unhappy));
    case HY_PREDICATE_TALK:
        return known(mention->talk >> p->index & 1);
    case HY_PREDICATE_LAST:
        return known(mention->last == p->index);
    case HY_PREDICATE_MATCHED:
        return known(is_matched(mention, p->index));
    case HY_PREDICATE_ACTION:
        return known(eval->verdict && eval->verdict->action == (hydrant_action)p->index);
    default:
        HY_UNREACHABLE();
    }
}

/* What text_eval knows something of. */
static bool may_be_proven(enum hy_predicate_kind kind)
{
    static const uint64_t kinds = BIT(TO) | BIT(URL) | BIT(DOMAIN) | BIT(HAS_LINKS) |
                                  BIT(HAS_HASHTAGS) | BIT(HAS_MENTIONS) | BIT(HAS_PII) |
                                  BIT(IS_QUESTION) | BIT(SOURCE);
    return kinds >> kind & 1;
}

/* What the text alone may prove. PENDING: the fields decide. */
static APART enum hy_truth text_eval(const struct hy_predicate *p, struct hy_eval *eval)
{
    const struct hy_mention *mention = eval->mention;
    switch ((enum hy_predicate_kind)p->kind) {
    case HY_PREDICATE_TO:
        return proven(is_addressed(eval, &p->text, 1), mention);
    case HY_PREDICATE_URL:
        return proven(any_link(p, eval, link_has), mention);
    case HY_PREDICATE_DOMAIN:
        return proven(any_link(p, eval, link_is_below), mention);
    case HY_PREDICATE_HAS_LINKS:
        return proven(has_links(eval), mention);
    case HY_PREDICATE_HAS_HASHTAGS:
        return proven(mention->m.hashtags_count > 0 || text_has_tag(eval, '#'), mention);
    case HY_PREDICATE_HAS_MENTIONS:
        return proven(mention->m.mentions_count > 0 || text_has_tag(eval, '@'), mention);
    case HY_PREDICATE_HAS_PII:
        return known(has_pii(eval));
    case HY_PREDICATE_IS_QUESTION:
        return known(is_question(eval));
    case HY_PREDICATE_SOURCE:
        return known(hy_str_equal_nocase(comparable(eval, eval->source), p->text));
    default:
        HY_UNREACHABLE();
    }
}

/* The mention is complete. */
static APART bool field_eval(const struct hy_predicate *p, struct hy_eval *eval)
{
    const hydrant_mention *m = &eval->mention->m;
    switch ((enum hy_predicate_kind)p->kind) {
    case HY_PREDICATE_FROM:
        return from_is(eval, p->text);
    case HY_PREDICATE_AUTHOR:
        return hy_phrase_find(&p->phrase, folded(eval, &eval->scratch->name, m->author.name));
    case HY_PREDICATE_BIO:
        return hy_phrase_find(&p->phrase, folded(eval, &eval->scratch->bio, m->author.bio));
    case HY_PREDICATE_NETWORK:
        return hy_str_equal_nocase(comparable(eval, m->network), p->text);
    case HY_PREDICATE_SITE:
        return is_below(comparable(eval, m->site), p->text);
    case HY_PREDICATE_SITE_KIND:
        return site_kind(p, eval);
    case HY_PREDICATE_OWN_FROM:
        return own_from(p, eval);
    case HY_PREDICATE_OWN_TO:
        return own_to(p, eval);
    case HY_PREDICATE_LANG:
        return lang_is(comparable(eval, m->lang), p->text);
    case HY_PREDICATE_CONVERSATION:
        return hy_str_equal(m->conversation_id, p->text);
    case HY_PREDICATE_REPLY_TO:
        return hy_str_equal(m->in_reply_to, p->text);
    case HY_PREDICATE_FOLLOWERS:
        return m->author.has_followers && in_range(p, m->author.followers);
    case HY_PREDICATE_POSTS:
        return m->author.has_posts && in_range(p, m->author.posts);
    case HY_PREDICATE_LIKES:
        return in_range(p, m->metrics.likes);
    case HY_PREDICATE_REPLIES:
        return in_range(p, m->metrics.replies);
    case HY_PREDICATE_REPOSTS:
        return in_range(p, m->metrics.reposts);
    case HY_PREDICATE_IS_REPLY:
        return m->in_reply_to.len > 0;
    case HY_PREDICATE_IS_REPOST:
        return m->repost_of.len > 0;
    case HY_PREDICATE_IS_QUOTE:
        return m->quote_of.len > 0;
    case HY_PREDICATE_IS_VERIFIED:
        return m->author.verified;
    case HY_PREDICATE_HAS_MEDIA:
        return m->media_count > 0;
    case HY_PREDICATE_SAMPLE:
        return sample_place(m) < (double)p->threshold;
    default:
        HY_UNREACHABLE();
    }
}

enum hy_truth hy_predicate_eval(const struct hy_predicate *p, struct hy_eval *eval)
{
    uint32_t needs = predicate_needs[p->kind];
    if (needs & HY_PROGRAM_SCORES)
        return score_eval(p, eval->mention);
    if (needs & HY_PROGRAM_POLICY)
        return policy_eval(p, eval);
    if (may_be_proven((enum hy_predicate_kind)p->kind))
        return text_eval(p, eval);
    return eval->mention->complete ? known(field_eval(p, eval)) : HY_PENDING;
}
