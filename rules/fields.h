/*
 * The fields of the query language, in one table: what they are called, what may stand behind the
 * colon, what decides them and where they may be used. The parser, the checker, the compiler and
 * docs/rules/reference.md follow it.
 *
 *   X(NAME, "name", KIND, "values", STAGE, SCOPE, "meaning")
 *
 * KIND    how it is written, and the node it makes
 *   TEXT    name:word or name:"a phrase": looked for in that text, folded   HY_QUERY_FIELD
 *   HANDLE  name:handle, a leading @ is dropped                             HY_QUERY_FIELD
 *   NAME    name:value, compared whole, folded                              HY_QUERY_FIELD
 *   ID      name:value, compared whole, byte by byte                        HY_QUERY_FIELD
 *   DOMAIN  name:example.com, subdomains too                                HY_QUERY_FIELD
 *   CHOICE  name:one of values                                              HY_QUERY_FIELD
 *   RULE    name:id of a rule                                               HY_QUERY_FIELD
 *   BARE    name, alone                                                     HY_QUERY_FIELD
 *   NUMBER  name:5  name:5..  name:..9  name:5..9  name>5  name>=5 ...      HY_QUERY_NUMBER
 *   COUNT   as NUMBER, behind a second name: name:values>5                  HY_QUERY_NUMBER
 *   PERCENT name:1 to name:100                                              HY_QUERY_NUMBER
 *   SCORE   name:one of values (the model's own threshold): HY_QUERY_FIELD;
 *           with >0.6 and the like behind it: HY_QUERY_SCORE
 *   LEVEL   name>0.6: HY_QUERY_SCORE with no text
 *   SIGNED  as LEVEL, from -1 to 1: name<-0.3
 *
 * STAGE   the stage after which it is known: MATCH, EMOTION, DEDUP or TRIAGE; NONE: no stage of
 * this version decides it, and the checker refuses it SCOPE   ANY, POLICY (only in the lines of the
 * policy), VERDICT (only in lines that are read when the action is settled: not in policy.actions)
 *
 * A name may have two rows, one of them of kind COUNT.
 */
#ifndef HY_RULES_FIELDS_H
#define HY_RULES_FIELDS_H

#include <hydrant/types.h>

#define HY_EMOTION_VALUES                                                                        \
    "admiration|amusement|anger|annoyance|approval|caring|confusion|curiosity|desire|"           \
    "disappointment|disapproval|disgust|embarrassment|excitement|fear|gratitude|grief|joy|love|" \
    "nervousness|optimism|pride|realization|relief|remorse|sadness|surprise|neutral"

#define HY_FIELD_TABLE(X)                                                                         \
    X(FROM, "from", HANDLE, "", MATCH, ANY, "the author's handle")                                \
    X(TO, "to", HANDLE, "", MATCH, ANY, "a handle that the mention is addressed to")              \
    X(AUTHOR, "author", TEXT, "", MATCH, ANY, "words in the author's name")                       \
    X(AUTHOR_COUNT, "author", COUNT, "unhappy", TRIAGE, POLICY,                                   \
      "unhappy mentions of this author so far, this one included")                                \
    X(BIO, "bio", TEXT, "", MATCH, ANY, "words in the author's description")                      \
    X(NETWORK, "network", NAME, "", MATCH, ANY, "where it was posted: x, mastodon, reddit ...")   \
    X(SOURCE, "source", NAME, "", MATCH, ANY, "the configured input that delivered it")           \
    X(SITE, "site", DOMAIN, "", MATCH, ANY, "the site or community it was posted on")             \
    X(SITEKIND, "sitekind", NAME, "", MATCH, ANY, "a kind of site listed under a brand's sites")  \
    X(OWN, "own", CHOICE, "from|to", MATCH, ANY,                                                  \
      "written by, or addressed to, a brand's own handle")                                        \
    X(LANG, "lang", NAME, "", MATCH, ANY, "language code given by the source: en, de, pt-br")     \
    X(URL, "url", TEXT, "", MATCH, ANY, "words in the mention's links")                           \
    X(DOMAIN, "domain", DOMAIN, "", MATCH, ANY, "domain of one of the mention's links")           \
    X(CONVERSATION, "conversation", ID, "", MATCH, ANY, "conversation id")                        \
    X(REPLY_TO, "reply_to", ID, "", MATCH, ANY, "id of the post that this one answers")           \
    X(FOLLOWERS, "followers", NUMBER, "", MATCH, ANY, "the author's followers")                   \
    X(POSTS, "posts", NUMBER, "", MATCH, ANY, "the author's posts so far")                        \
    X(LIKES, "likes", NUMBER, "", MATCH, ANY, "likes of the mention")                             \
    X(REPOSTS, "reposts", NUMBER, "", MATCH, ANY, "reposts of the mention")                       \
    X(REPLIES, "replies", NUMBER, "", MATCH, ANY, "replies to the mention")                       \
    X(IS, "is", CHOICE, "reply|repost|quote|verified|question", MATCH, ANY,                       \
      "what kind of mention it is")                                                               \
    X(HAS, "has", CHOICE, "links|hashtags|mentions|media|pii", MATCH, ANY,                        \
      "what the mention contains")                                                                \
    X(SAMPLE, "sample", PERCENT, "", MATCH, ANY,                                                  \
      "this share of mentions, chosen by id, always the same ones")                               \
    X(EMOTION, "emotion", SCORE, HY_EMOTION_VALUES, EMOTION, ANY, "an emotion")                   \
    X(SENTIMENT, "sentiment", SCORE, "positive|negative|neutral|ambiguous", EMOTION, ANY,         \
      "sentiment")                                                                                \
    X(VALENCE, "valence", SIGNED, "", EMOTION, ANY, "from bad (-1) to good (1)")                  \
    X(INTENSITY, "intensity", LEVEL, "", EMOTION, ANY, "how strong the feeling is")               \
    X(ACT, "act", SCORE, "statement|question|complaint|gratitude|request|abuse", EMOTION, ANY,    \
      "speech act: what the author does by saying it")                                            \
    X(DUP, "dup", CHOICE, "exact|near|redelivered", DEDUP, POLICY, "a repeat of this kind")       \
    X(DUP_COUNT, "dup", COUNT, "count|recent", DEDUP, POLICY,                                     \
      "distinct copies so far, or in the last hour, this one included")                           \
    X(SAME_AUTHOR, "same_author", BARE, "", DEDUP, POLICY,                                        \
      "a repeat whose first copy has the same author")                                            \
    X(FACT, "fact", CHOICE, "spam|obscene", TRIAGE, POLICY,                                       \
      "what the policy says under facts: is true")                                                \
    X(BRAND_OFF, "brand_off", BARE, "", TRIAGE, POLICY,                                           \
      "what the brand says under off: is true: its name means something else here")               \
    X(TALK, "talk", CHOICE, "answered|peer|turned", TRIAGE, POLICY,                               \
      "in this conversation, before: we answered; another customer did; the tone turned good")    \
    X(LAST, "last", CHOICE, "thank|respond|recover|correct|share|monitor|ignore", TRIAGE, POLICY, \
      "the action about the mention before this one in the conversation")                         \
    X(MATCHED, "matched", RULE, "", MATCH, POLICY, "this rule matched")                           \
    X(ACTION, "action", CHOICE, "thank|respond|recover|correct|share|monitor|ignore", TRIAGE,     \
      VERDICT, "the action that policy.actions settled on")

enum hy_field_kind {
    HY_FIELD_TEXT,
    HY_FIELD_HANDLE,
    HY_FIELD_NAME,
    HY_FIELD_ID,
    HY_FIELD_DOMAIN,
    HY_FIELD_CHOICE,
    HY_FIELD_RULE,
    HY_FIELD_BARE,
    HY_FIELD_NUMBER,
    HY_FIELD_COUNT,
    HY_FIELD_PERCENT,
    HY_FIELD_SCORE,
    HY_FIELD_LEVEL,
    HY_FIELD_SIGNED,
};

enum hy_field_stage {
    HY_FIELD_STAGE_NONE,
    HY_FIELD_STAGE_MATCH,
    HY_FIELD_STAGE_EMOTION,
    HY_FIELD_STAGE_DEDUP,
    HY_FIELD_STAGE_TRIAGE,
};

enum hy_field_scope { HY_FIELD_SCOPE_ANY, HY_FIELD_SCOPE_POLICY, HY_FIELD_SCOPE_VERDICT };

enum hy_field_id {
#define HY_FIELD_ID(NAME, ...) HY_FIELD_ID_##NAME,
    HY_FIELD_TABLE(HY_FIELD_ID)
#undef HY_FIELD_ID
        HY_FIELD_IDS
};

struct hy_field {
    enum hy_field_id id;
    const char *name;
    enum hy_field_kind kind;
    const char *values; /* "a|b|c", or "" */
    enum hy_field_stage stage;
    enum hy_field_scope scope;
    const char *meaning;
};

extern const struct hy_field hy_query_fields[HY_FIELD_IDS];

/* The row of that name; count says whether the COUNT row is wanted. NULL when there is none. */
const struct hy_field *hy_field_find(hydrant_str name, bool count);

/* The row that a FIELD, NUMBER or SCORE node of a parsed query stands for; NULL for a list, a macro
 * and every other node. */
struct hy_query;
const struct hy_field *hy_field_of(const struct hy_query *query);

/* Does a stage of this version decide it? */
bool hy_field_decided(const struct hy_field *field, hydrant_str value);

/* Is value one of "a|b|c"? index, when not NULL, gets its place. */
bool hy_field_has_value(const char *values, hydrant_str value, uint32_t *index);

#endif
