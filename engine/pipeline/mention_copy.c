#include "pipeline/mention_copy.h"

#include <string.h>

/* Every string of a mention, so that size and copy cannot disagree. */
/* clang-format off */
#define STRINGS(X)                                                                                 \
    X(id) X(network) X(site) X(url) X(lang) X(author.id) X(author.handle) X(author.name)           \
    X(author.bio) X(text) X(in_reply_to) X(conversation_id) X(repost_of) X(quote_of) X(visibility)
#define STRING_LISTS(X) X(hashtags) X(mentions) X(media)
/* clang-format on */

enum { ALIGN = 8 };

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

size_t hy_mention_copy_bytes(const hydrant_mention *m)
{
    size_t lists = m->urls_count * sizeof *m->urls, text = 0;
#define ADD(field) text += m->field.len;
    STRINGS(ADD)
#undef ADD
    for (uint32_t i = 0; i < m->urls_count; i++)
        text += m->urls[i].url.len + m->urls[i].expanded.len;
#define ADD(list)                                  \
    lists += m->list##_count * sizeof *m->list;    \
    for (uint32_t i = 0; i < m->list##_count; i++) \
        text += m->list[i].len;
    STRING_LISTS(ADD)
#undef ADD
    return lists + aligned(text);
}

static hydrant_str copy_string(hydrant_str from, char **storage)
{
    hydrant_str to = {NULL, from.len};
    if (!from.data)
        return to;
    to.data = *storage;
    if (from.len)
        memcpy(*storage, from.data, from.len);
    *storage += from.len;
    return to;
}

char *hy_mention_copy(hydrant_mention *to, const hydrant_mention *from, char *storage)
{
    *to = *from;
    hydrant_url *urls = (hydrant_url *)(void *)storage;
    storage += from->urls_count * sizeof *urls;
#define PLACE(list)                                     \
    hydrant_str *list = (hydrant_str *)(void *)storage; \
    storage += from->list##_count * sizeof *list;
    STRING_LISTS(PLACE)
#undef PLACE
    char *start = storage;
    for (uint32_t i = 0; i < from->urls_count; i++) {
        urls[i].url = copy_string(from->urls[i].url, &storage);
        urls[i].expanded = copy_string(from->urls[i].expanded, &storage);
    }
    to->urls = urls;
#define COPY(list)                                      \
    for (uint32_t i = 0; i < from->list##_count; i++)   \
        list[i] = copy_string(from->list[i], &storage); \
    to->list = list;
    STRING_LISTS(COPY)
#undef COPY
#define COPY(field) to->field = copy_string(from->field, &storage);
    STRINGS(COPY)
#undef COPY
    return start + aligned((size_t)(storage - start));
}
