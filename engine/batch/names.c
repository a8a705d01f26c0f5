#include <hydrant/item.h>

#include "batch/names.h"

#define NAME(name) name

#define NAME_OF(table, index) \
    ((size_t)(index) < sizeof(table) / sizeof *(table) ? (table)[index] : NULL)

const char *hydrant_event_name(hydrant_event event)
{
    static const char *const names[] = {"post", "edit", "delete"};
    return NAME_OF(names, event);
}

const char *hydrant_item_event_name(hydrant_item_event event)
{
    static const char *const names[] = {HY_ITEM_EVENT_NAMES(NAME)};
    return NAME_OF(names, event);
}

const char *hydrant_action_name(hydrant_action action)
{
    static const char *const names[] = {HY_ACTION_NAMES(NAME)};
    return NAME_OF(names, action);
}

const char *hydrant_obligation_name(hydrant_obligation obligation)
{
    static const char *const names[] = {HY_OBLIGATION_NAMES(NAME)};
    return NAME_OF(names, obligation);
}

const char *hydrant_dup_kind_name(hydrant_dup_kind kind)
{
    static const char *const names[] = {HY_DUP_KIND_NAMES(NAME)};
    return NAME_OF(names, kind);
}

const char *hydrant_drop_name(hydrant_drop drop)
{
    static const char *const names[] = {"none",
#define TEXT(NAME, text, meaning) text,
                                        HYDRANT_DROP_TABLE(TEXT)
#undef TEXT
    };
    return NAME_OF(names, drop);
}

const char *hydrant_drop_meaning(hydrant_drop drop)
{
    static const char *const meanings[] = {"published",
#define TEXT(NAME, text, meaning) meaning,
                                           HYDRANT_DROP_TABLE(TEXT)
#undef TEXT
    };
    return NAME_OF(meanings, drop);
}

const char *hydrant_emotion_name(unsigned index)
{
    static const char *const names[] = {HY_EMOTION_NAMES(NAME)};
    return NAME_OF(names, index);
}

const char *hydrant_ekman_name(unsigned index)
{
    static const char *const names[] = {HY_EKMAN_NAMES(NAME)};
    return NAME_OF(names, index);
}

const char *hydrant_sentiment_name(unsigned index)
{
    static const char *const names[] = {HY_SENTIMENT_NAMES(NAME)};
    return NAME_OF(names, index);
}

const char *hydrant_speech_act_name(unsigned index)
{
    static const char *const names[] = {HY_SPEECH_ACT_NAMES(NAME)};
    return NAME_OF(names, index);
}
