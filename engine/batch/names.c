#include <hydrant/item.h>

/* The names of NDJSON. Each table is in the order of its enumeration. */

#define NAME_OF(table, index) \
    ((size_t)(index) < sizeof(table) / sizeof *(table) ? (table)[index] : NULL)

const char *hydrant_event_name(hydrant_event event)
{
    static const char *const names[] = {"post", "edit", "delete"};
    return NAME_OF(names, event);
}

const char *hydrant_item_event_name(hydrant_item_event event)
{
    static const char *const names[] = {"mention", "update", "delete", "spread"};
    return NAME_OF(names, event);
}

const char *hydrant_action_name(hydrant_action action)
{
    static const char *const names[] = {"none",    "thank", "respond", "recover",
                                        "correct", "share", "monitor", "ignore"};
    return NAME_OF(names, action);
}

const char *hydrant_obligation_name(hydrant_obligation obligation)
{
    static const char *const names[] = {"none", "may", "must"};
    return NAME_OF(names, obligation);
}

const char *hydrant_dup_kind_name(hydrant_dup_kind kind)
{
    static const char *const names[] = {"none", "exact", "near", "redelivered"};
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
    static const char *const names[] = {
        "admiration",    "amusement",   "anger",    "annoyance",      "approval",    "caring",
        "confusion",     "curiosity",   "desire",   "disappointment", "disapproval", "disgust",
        "embarrassment", "excitement",  "fear",     "gratitude",      "grief",       "joy",
        "love",          "nervousness", "optimism", "pride",          "realization", "relief",
        "remorse",       "sadness",     "surprise", "neutral"};
    return NAME_OF(names, index);
}

const char *hydrant_ekman_name(unsigned index)
{
    static const char *const names[] = {"anger",   "disgust",  "fear",   "joy",
                                        "sadness", "surprise", "neutral"};
    return NAME_OF(names, index);
}

const char *hydrant_sentiment_name(unsigned index)
{
    static const char *const names[] = {"positive", "negative", "ambiguous", "neutral"};
    return NAME_OF(names, index);
}

const char *hydrant_speech_act_name(unsigned index)
{
    static const char *const names[] = {"statement", "question", "complaint",
                                        "gratitude", "request",  "abuse"};
    return NAME_OF(names, index);
}
