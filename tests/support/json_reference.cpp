#include "support/json_reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

extern "C" {
#include "decode/mention_time.h"
}

using namespace simdjson;
using std::string_view;

namespace
{

constexpr size_t list_max = 256;

struct reference {
    dom::parser parser;
    std::deque<std::string> strings; /* made-up strings; a deque moves none of them */
    std::vector<hydrant_url> urls;
    std::vector<hydrant_str> hashtags, mentions, media;
    hydrant_mention *m = nullptr;
    uint32_t ignored = 0;
    bool text_bad = false, id_bad = false, event_bad = false;
    bool id_inexact = false; /* an id was a number whose spelling is lost */
    bool any_double = false;
};

hydrant_str borrow(string_view s)
{
    return hydrant_str{s.data(), static_cast<uint32_t>(s.size())};
}

hydrant_str keep(reference &r, std::string s)
{
    r.strings.push_back(std::move(s));
    return borrow(r.strings.back());
}

/* simdjson lets some lone surrogates through: is every string in there valid UTF-8? */
bool strings_valid(dom::element e)
{
    if (e.is_string())
        return validate_utf8(string_view(e));
    if (e.is_array()) {
        for (dom::element child : dom::array(e))
            if (!strings_valid(child))
                return false;
    } else if (e.is_object()) {
        for (auto member : dom::object(e))
            if (!validate_utf8(member.key) || !strings_valid(member.value))
                return false;
    }
    return true;
}

/* Sets a string; anything else but null is wrong. */
bool set_string(reference &r, dom::element e, hydrant_str &to)
{
    to = hydrant_str{nullptr, 0};
    if (e.is_string())
        to = borrow(string_view(e));
    else if (!e.is_null())
        r.ignored++;
    return e.is_string() || e.is_null();
}

bool set_id(reference &r, dom::element e, hydrant_str &to)
{
    if (e.is_int64() && int64_t(e) != 0) /* 0 may have been -0 */
        to = keep(r, std::to_string(int64_t(e)));
    else if (e.is_uint64() && uint64_t(e) != 0)
        to = keep(r, std::to_string(uint64_t(e)));
    else if (e.is_number())
        r.id_inexact = true; /* how it was written is lost */
    else
        return set_string(r, e, to);
    return true;
}

void set_handle(reference &r, dom::element e, hydrant_str &to)
{
    set_string(r, e, to);
    if (to.len && to.data[0] == '@')
        to = hydrant_str{to.data + 1, to.len - 1};
}

/* A count, and whether it is one. */
bool read_count(dom::element e, uint64_t &count)
{
    count = 0;
    if (e.is_uint64())
        count = uint64_t(e);
    else if (e.is_int64())
        return false;
    else if (e.is_double()) {
        double d = double(e);
        if (d < 0 || d != std::floor(d))
            return false;
        count = d >= 18446744073709551616.0 ? UINT64_MAX : static_cast<uint64_t>(d);
    } else {
        return false;
    }
    return true;
}

void set_count(reference &r, dom::element e, uint64_t &to, bool *has)
{
    bool good = read_count(e, to);
    r.any_double |= e.is_double() && !e.is_int64() && !e.is_uint64();
    if (has)
        *has = good;
    if (!good && !e.is_null())
        r.ignored++;
}

void set_bool(reference &r, dom::element e, bool &to)
{
    to = e.is_bool() && bool(e);
    if (!e.is_bool() && !e.is_null())
        r.ignored++;
}

void set_time(reference &r, dom::element e, int64_t &to)
{
    std::string written;
    to = HYDRANT_TIME_NONE;
    if (e.is_null())
        return;
    if (e.is_string())
        written = std::string(string_view(e));
    else if (e.is_int64())
        written = std::to_string(int64_t(e));
    else if (e.is_uint64())
        written = std::to_string(uint64_t(e));
    else if (e.is_double())
        r.id_inexact = true;
    if (written.empty() || !hy_time_parse(borrow(written), &to))
        r.ignored++;
}

void set_event(reference &r, dom::element e)
{
    string_view s = e.is_string() ? string_view(e) : string_view("post");
    r.event_bad = !e.is_null() && !e.is_string();
    r.m->event = HYDRANT_EVENT_POST;
    if (s == "edit")
        r.m->event = HYDRANT_EVENT_EDIT;
    else if (s == "delete")
        r.m->event = HYDRANT_EVENT_DELETE;
    else if (!s.empty() && s != "post")
        r.event_bad = true;
}

void set_text(reference &r, dom::element e, uint32_t text_bytes_max)
{
    string_view s = e.is_string() ? string_view(e) : string_view();
    r.text_bad = !e.is_string() && !e.is_null();
    r.m->truncated = s.size() > text_bytes_max;
    if (r.m->truncated) {
        size_t end = text_bytes_max;
        while (end && (s[end] & 0xC0) == 0x80)
            end--;
        s = s.substr(0, end);
    }
    r.m->text = borrow(s);
}

void set_list(reference &r, dom::element e, std::vector<hydrant_str> &to, char mark)
{
    to.clear();
    if (!e.is_array()) {
        r.ignored += !e.is_null();
        return;
    }
    for (dom::element element : dom::array(e)) {
        hydrant_str s;
        set_string(r, element, s);
        if (s.len && s.data[0] == mark)
            s = hydrant_str{s.data + 1, s.len - 1};
        if (s.len && to.size() == list_max)
            r.ignored++;
        else if (s.len)
            to.push_back(s);
    }
}

hydrant_url read_url(reference &r, dom::element e)
{
    hydrant_url url{};
    if (!e.is_object()) {
        set_string(r, e, url.url);
        return url;
    }
    for (auto member : dom::object(e)) {
        if (member.key == "url")
            set_string(r, member.value, url.url);
        else if (member.key == "expanded")
            set_string(r, member.value, url.expanded);
    }
    if (!url.url.len) {
        url.url = url.expanded;
        url.expanded = hydrant_str{nullptr, 0};
    }
    return url;
}

void set_urls(reference &r, dom::element e)
{
    r.urls.clear();
    if (!e.is_array()) {
        r.ignored += !e.is_null();
        return;
    }
    for (dom::element element : dom::array(e)) {
        hydrant_url url = read_url(r, element);
        if (url.url.len && r.urls.size() == list_max)
            r.ignored++;
        else if (url.url.len)
            r.urls.push_back(url);
    }
}

void set_author(reference &r, dom::element e)
{
    hydrant_author &a = r.m->author;
    a = hydrant_author{};
    if (!e.is_object()) {
        r.ignored += !e.is_null();
        return;
    }
    for (auto [key, value] : dom::object(e)) {
        if (key == "id")
            set_id(r, value, a.id);
        else if (key == "handle")
            set_handle(r, value, a.handle);
        else if (key == "name")
            set_string(r, value, a.name);
        else if (key == "bio")
            set_string(r, value, a.bio);
        else if (key == "followers")
            set_count(r, value, a.followers, &a.has_followers);
        else if (key == "posts")
            set_count(r, value, a.posts, &a.has_posts);
        else if (key == "verified")
            set_bool(r, value, a.verified);
    }
}

void set_metrics(reference &r, dom::element e)
{
    hydrant_metrics &metrics = r.m->metrics;
    metrics = hydrant_metrics{};
    if (!e.is_object()) {
        r.ignored += !e.is_null();
        return;
    }
    for (auto [key, value] : dom::object(e)) {
        if (key == "likes")
            set_count(r, value, metrics.likes, nullptr);
        else if (key == "reposts")
            set_count(r, value, metrics.reposts, nullptr);
        else if (key == "replies")
            set_count(r, value, metrics.replies, nullptr);
    }
}

void set_member(reference &r, string_view key, dom::element value, uint32_t text_bytes_max)
{
    hydrant_mention &m = *r.m;
    if (key == "id")
        r.id_bad = !set_id(r, value, m.id);
    else if (key == "event")
        set_event(r, value);
    else if (key == "created_at")
        set_time(r, value, m.created_at_us);
    else if (key == "network")
        set_string(r, value, m.network);
    else if (key == "site")
        set_string(r, value, m.site);
    else if (key == "url")
        set_string(r, value, m.url);
    else if (key == "lang")
        set_string(r, value, m.lang);
    else if (key == "author")
        set_author(r, value);
    else if (key == "text")
        set_text(r, value, text_bytes_max);
    else if (key == "in_reply_to")
        set_id(r, value, m.in_reply_to);
    else if (key == "conversation_id")
        set_id(r, value, m.conversation_id);
    else if (key == "repost_of")
        set_id(r, value, m.repost_of);
    else if (key == "quote_of")
        set_id(r, value, m.quote_of);
    else if (key == "urls")
        set_urls(r, value);
    else if (key == "hashtags")
        set_list(r, value, r.hashtags, '#');
    else if (key == "mentions")
        set_list(r, value, r.mentions, '@');
    else if (key == "media")
        set_list(r, value, r.media, '\0');
    else if (key == "visibility")
        set_string(r, value, m.visibility);
    else if (key == "metrics")
        set_metrics(r, value);
}

/* Blank by the code points that are listed in docs/decode.md. */
bool is_blank(hydrant_str text)
{
    std::string s(text.data, text.len);
    static const char *const blanks[] = {
        "\u00A0", "\u00AD", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
        "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u200B", "\u200C",
        "\u200D", "\u200E", "\u200F", "\u2028", "\u2029", "\u202F", "\u205F", "\u2060",
        "\u2061", "\u2062", "\u2063", "\u2064", "\u3000", "\uFEFF",
    };
    for (size_t i = 0; i < s.size();) {
        unsigned char c = static_cast<unsigned char>(s[i]);
        unsigned char next = i + 1 < s.size() ? static_cast<unsigned char>(s[i + 1]) : 0;
        size_t len = c <= 0x20 || c == 0x7F ? 1 : c == 0xC2 && next < 0xA0 ? 2 : 0;
        for (const char *blank : blanks)
            if (!len && s.compare(i, std::strlen(blank), blank) == 0)
                len = std::strlen(blank);
        if (!len)
            return false;
        i += len;
    }
    return true;
}

/* Is there a number that a double may not hold exactly, or not at all: many digits, or an exponent
 * of three digits and more? */
bool has_large_number(string_view json)
{
    size_t digits = 0, limit = 16;
    for (char c : json) {
        bool digit = c >= '0' && c <= '9';
        if (c == 'e' || c == 'E')
            limit = 3;
        else if (!digit && c != '+' && c != '-')
            limit = 16;
        digits = digit ? digits + 1 : 0;
        if (digits >= limit)
            return true;
    }
    return false;
}

/* Containers inside each other. simdjson's own limit lets an empty one pass beyond it. */
uint32_t depth_of(dom::element element)
{
    uint32_t most = 0;
    if (element.is_array())
        for (auto child : dom::array(element))
            most = std::max(most, depth_of(child));
    else if (element.is_object())
        for (auto member : dom::object(element))
            most = std::max(most, depth_of(member.value));
    else
        return 0;
    return most + 1;
}

hydrant_drop verdict(const reference &r)
{
    const hydrant_mention &m = *r.m;
    if (r.event_bad || r.text_bad)
        return HYDRANT_DROP_BAD_TYPE;
    if (m.event != HYDRANT_EVENT_POST && !m.id.len)
        return r.id_bad ? HYDRANT_DROP_BAD_TYPE : HYDRANT_DROP_NO_TEXT;
    if (m.event != HYDRANT_EVENT_DELETE && is_blank(m.text))
        return HYDRANT_DROP_NO_TEXT;
    return HYDRANT_DROP_NONE;
}

} // namespace

enum reference_answer reference_decode(const char *json, size_t len, uint32_t depth_max,
                                       uint32_t text_bytes_max, const char *source, uint64_t offset,
                                       hydrant_mention *m, hydrant_drop *drop, uint32_t *ignored)
{
    static thread_local reference r;
    dom::element document;
    if (r.parser.allocate(len + 64, depth_max + 1))
        return REFERENCE_UNKNOWN;
    auto error = r.parser.parse(json, len, true).get(document);
    if (error)
        return error == NUMBER_ERROR && has_large_number(string_view(json, len))
                   ? REFERENCE_UNKNOWN
                   : REFERENCE_INVALID;
    if (!strings_valid(document) || depth_of(document) > depth_max)
        return REFERENCE_INVALID;
    *drop = HYDRANT_DROP_BAD_TYPE;
    if (!document.is_object())
        return REFERENCE_DROP;

    r.strings.clear();
    r.urls.clear();
    r.hashtags.clear();
    r.mentions.clear();
    r.media.clear();
    r.m = m;
    r.ignored = 0;
    r.text_bad = r.id_bad = r.event_bad = r.id_inexact = r.any_double = false;
    *m = hydrant_mention{};
    m->created_at_us = HYDRANT_TIME_NONE;
    for (auto member : dom::object(document))
        set_member(r, member.key, member.value, text_bytes_max);
    *ignored = r.ignored;
    *drop = verdict(r);
    if (r.id_inexact || (r.any_double && has_large_number(string_view(json, len))))
        return REFERENCE_UNKNOWN;
    if (*drop)
        return REFERENCE_DROP;
    if (!m->id.len)
        m->id = keep(r, std::string(source) + ":" + std::to_string(offset));
    m->urls = r.urls.data();
    m->urls_count = static_cast<uint32_t>(r.urls.size());
    m->hashtags = r.hashtags.data();
    m->hashtags_count = static_cast<uint32_t>(r.hashtags.size());
    m->mentions = r.mentions.data();
    m->mentions_count = static_cast<uint32_t>(r.mentions.size());
    m->media = r.media.data();
    m->media_count = static_cast<uint32_t>(r.media.size());
    return REFERENCE_MENTION;
}
