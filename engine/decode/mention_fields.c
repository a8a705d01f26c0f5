#include "decode/mention_fields.h"

#include "base/assert.h"
#include "base/str.h"
#include "decode/json_number.h"
#include "decode/mention_time.h"
#include "text/utf8.h"

const struct hy_mention_field hy_mention_fields[HY_MENTION_FIELDS] = {
#define HY_MENTION_ROW(name, kind, member, side) \
    {name, HY_MENTION_##kind, offsetof(hydrant_mention, member), offsetof(hydrant_mention, side)},
    HY_MENTION_TABLE(HY_MENTION_ROW)
#undef HY_MENTION_ROW
};

static void put_str(const struct hy_draft *draft, const struct hy_mention_field *field,
                    hydrant_str value)
{
    *(hydrant_str *)hy_draft_member(draft, field->offset) = value;
}

void hy_draft_text(struct hy_draft *draft, hydrant_str value)
{
    draft->text_bad = false;
    draft->m->truncated = value.len > draft->text_bytes_max;
    draft->m->text = hy_str_cut(value, draft->text_bytes_max);
}

static void put_event(struct hy_draft *draft, hydrant_str value)
{
    static const hydrant_str names[] = {
        [HYDRANT_EVENT_POST] = {"post", 4},
        [HYDRANT_EVENT_EDIT] = {"edit", 4},
        [HYDRANT_EVENT_DELETE] = {"delete", 6},
    };
    uint32_t event = HYDRANT_EVENT_POST; /* also when nothing is given */
    while (value.len && event <= HYDRANT_EVENT_DELETE && !hy_str_equal(value, names[event]))
        event++;
    draft->event_bad = event > HYDRANT_EVENT_DELETE;
    draft->m->event = draft->event_bad ? HYDRANT_EVENT_POST : (hydrant_event)event;
}

static void put_time(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str written)
{
    if (!hy_time_parse(written, &draft->m->created_at_us))
        hy_draft_wrong(draft, field);
}

static hydrant_str without_mark(hydrant_str s, char mark)
{
    return s.len && s.data[0] == mark ? hy_str(s.data + 1, s.len - 1) : s;
}

hydrant_str hy_mention_unmarked(const struct hy_mention_field *field, hydrant_str element)
{
    if (field->kind == HY_MENTION_TAGS)
        return without_mark(element, '#');
    return field->kind == HY_MENTION_HANDLES ? without_mark(element, '@') : element;
}

void hy_draft_string(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str value)
{
    switch (field->kind) {
    case HY_MENTION_ID:
    case HY_MENTION_STRING:
        put_str(draft, field, value);
        return;
    case HY_MENTION_HANDLE:
        put_str(draft, field, without_mark(value, '@'));
        return;
    case HY_MENTION_TEXT:
        hy_draft_text(draft, value);
        return;
    case HY_MENTION_EVENT:
        put_event(draft, value);
        return;
    case HY_MENTION_TIME:
        put_time(draft, field, value);
        return;
    default:
        hy_draft_wrong(draft, field);
    }
}

void hy_draft_number(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str written)
{
    uint64_t count;
    if (field->kind == HY_MENTION_ID)
        put_str(draft, field, written);
    else if (field->kind == HY_MENTION_TIME)
        put_time(draft, field, written);
    else if (field->kind == HY_MENTION_COUNT && hy_number_count(written, &count))
        hy_draft_count(draft, field, count);
    else
        hy_draft_wrong(draft, field);
}

void hy_draft_bool(struct hy_draft *draft, const struct hy_mention_field *field, bool value)
{
    if (field->kind == HY_MENTION_BOOL)
        *(bool *)hy_draft_member(draft, field->offset) = value;
    else
        hy_draft_wrong(draft, field);
}

static bool is_own_id(const struct hy_mention_field *field)
{
    return field->offset == offsetof(hydrant_mention, id);
}

void hy_draft_null(struct hy_draft *draft, const struct hy_mention_field *field)
{
    if (is_own_id(field))
        draft->id_bad = false;
    switch (field->kind) {
    case HY_MENTION_TEXT:
        hy_draft_text(draft, hy_str(NULL, 0));
        return;
    case HY_MENTION_EVENT:
        draft->event_bad = false;
        draft->m->event = HYDRANT_EVENT_POST;
        return;
    case HY_MENTION_TIME:
        draft->m->created_at_us = HYDRANT_TIME_NONE;
        return;
    case HY_MENTION_COUNT:
        hy_draft_given(draft, field, false);
        *(uint64_t *)hy_draft_member(draft, field->offset) = 0;
        return;
    case HY_MENTION_BOOL:
        *(bool *)hy_draft_member(draft, field->offset) = false;
        return;
    case HY_MENTION_URLS:
    case HY_MENTION_TAGS:
    case HY_MENTION_HANDLES:
    case HY_MENTION_STRINGS:
        *(const void **)hy_draft_member(draft, field->offset) = NULL;
        *(uint32_t *)hy_draft_member(draft, field->side_offset) = 0;
        return;
    case HY_MENTION_STRING:
    case HY_MENTION_ID:
    case HY_MENTION_HANDLE:
        put_str(draft, field, hy_str(NULL, 0));
    }
}

void hy_draft_wrong(struct hy_draft *draft, const struct hy_mention_field *field)
{
    hy_draft_null(draft, field);
    if (field->kind == HY_MENTION_TEXT)
        draft->text_bad = true;
    else if (field->kind == HY_MENTION_EVENT)
        draft->event_bad = true;
    else
        draft->ignored++;
    if (is_own_id(field))
        draft->id_bad = true;
}

void hy_draft_list(struct hy_draft *draft, const struct hy_mention_field *field,
                   const void *elements, uint32_t count)
{
    size_t size = field->kind == HY_MENTION_URLS ? sizeof(hydrant_url) : sizeof(hydrant_str);
    void *copy = NULL;
    if (count) {
        copy = hy_arena_alloc(draft->arena, size * count, _Alignof(hydrant_url));
        HY_ASSERT(copy);
        memcpy(copy, elements, size * count);
    }
    *(const void **)hy_draft_member(draft, field->offset) = copy;
    *(uint32_t *)hy_draft_member(draft, field->side_offset) = count;
}

/* Code points that show nothing: controls, Unicode White_Space, zero-width characters. */
static bool shows_nothing(uint32_t cp)
{
    if (cp <= 0x20 || (cp >= 0x7F && cp <= 0xA0) || (cp >= 0x2000 && cp <= 0x200F))
        return true;
    return cp == 0xAD || cp == 0x1680 || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           (cp >= 0x205F && cp <= 0x2064) || cp == 0x3000 || cp == 0xFEFF;
}

bool hy_text_blank(hydrant_str text)
{
    uint32_t at_byte = 0;
    while (at_byte < text.len) {
        uint32_t len;
        if (!shows_nothing(hy_utf8_decode(text.data + at_byte, &len)))
            return false;
        at_byte += len;
    }
    return true;
}

hydrant_drop hy_draft_verdict(const struct hy_draft *draft)
{
    const hydrant_mention *m = draft->m;
    if (draft->event_bad || draft->text_bad)
        return HYDRANT_DROP_BAD_TYPE;
    if (m->event != HYDRANT_EVENT_POST && m->id.len == 0)
        return draft->id_bad ? HYDRANT_DROP_BAD_TYPE : HYDRANT_DROP_NO_TEXT;
    if (m->event != HYDRANT_EVENT_DELETE && hy_text_blank(m->text))
        return HYDRANT_DROP_NO_TEXT;
    return HYDRANT_DROP_NONE;
}
