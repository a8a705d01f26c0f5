/*
 * Groups in the window: finding one by id, by text or by nearly the same text, joining, leaving,
 * opening and forgetting one. The protocol by which workers that meet agree is here; the memory
 * orders under it are dedup_window.h's.
 *
 * Looking first and entering afterwards leaves a gap in which another worker can enter the same id
 * or text. So entering an index looks again at what was added since, and when two undecided groups
 * turn out to be one their states settle it: who is decided stays, among the undecided the smaller
 * name stays. Whoever tells the world of a group decides it first. Nobody waits for anybody.
 *
 * Why no two groups of one text stay: a group is decided after a look at all that is like it, and
 * the look follows a step of published, which follows the group's slots (W4, R4). Of two that are
 * decided, the look that came after the later step found the other, and they met.
 *
 * Any thread; no allocation; look-ups are bounded by HY_DEDUP_CHAIN_MAX and HY_DEDUP_CANDIDATES.
 */
#ifndef HY_DEDUP_DEDUP_GROUP_H
#define HY_DEDUP_DEDUP_GROUP_H

#include "dedup/dedup_sketch.h"
#include "dedup/dedup_window.h"

/* What a mention says of itself to be. A bare quote has no words of its own to speak of. */
enum hy_dedup_relation { HY_DEDUP_OWN, HY_DEDUP_REPOST, HY_DEDUP_BARE_QUOTE, HY_DEDUP_QUOTE };

/* A mention as the window sees it. */
struct hy_dedup_post {
    struct hy_dedup_hash id, text; /* text 0, 0: nothing to find it by */
    struct hy_dedup_hash origin;   /* id of what it reposts or quotes, if relation says so */
    uint32_t author;               /* hash, 0: unknown */
    uint32_t time_s;
    uint16_t mention; /* index in the batch */
    uint8_t event;    /* hydrant_event */
    uint8_t relation; /* enum hy_dedup_relation */
    struct hy_dedup_sketch sketch;
    struct hy_dedup_keys keys; /* none: never nearly the same as another */
};

static inline bool hy_dedup_has_text(const struct hy_dedup_post *post)
{
    return (post->text.low | post->text.high) != 0;
}

/*
 * Finders walk a chain from the front of bucket, as it was read at spot, to, not including, that of
 * until, as it was read before (0: to the end) and copy to *found: the newest entry with the post's
 * id; the head of a group in the window that has a text like the post's.
 */
typedef bool hy_dedup_find_fn(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                              const struct hy_dedup_spot *spot, uint32_t bucket, uint32_t until,
                              struct hy_dedup_view *found);
hy_dedup_find_fn hy_dedup_find_id;
hy_dedup_find_fn hy_dedup_find_text;

/* The head of a group in the window whose text is nearly the post's, and its record. candidates:
 * the post's some turns ago; those of now afterwards. */
bool hy_dedup_find_near(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                        struct hy_dedup_candidates *candidates, struct hy_dedup_view *found,
                        uint32_t *record);

/* The head of the group that the post's origin is in, if that is in the window, and its record. */
bool hy_dedup_find_origin(const struct hy_dedup_window *w, const struct hy_dedup_post *post,
                          struct hy_dedup_view *found, uint32_t *record);

/* Makes *view the head of its group. False when the group is gone. */
bool hy_dedup_follow(const struct hy_dedup_window *w, struct hy_dedup_view *view);

/* The same; the head stays head from now on, so that what somebody is told of it stays true. post
 * is one of the group. False also when the head's record, copied to record, is gone. */
bool hy_dedup_decide(struct hy_dedup_window *w, const struct hy_dedup_post *post,
                     struct hy_dedup_view *view, uint32_t *record);

/*
 * Puts the entry called name at the front of spot's bucket, next being its link there. If find is
 * given it looks first at what was put there since spot->seen; when it finds something the entry
 * stays out, and this is false.
 */
bool hy_dedup_link(struct hy_dedup_window *w, const struct hy_dedup_spot *spot,
                   _Atomic uint32_t *next, uint32_t name, hy_dedup_find_fn *find,
                   const struct hy_dedup_post *post, struct hy_dedup_view *found);

/* Adds count to the group of the head called name. Its new count; 0 when that is no head any
 * more. */
uint32_t hy_dedup_join(struct hy_dedup_window *w, uint32_t name, uint32_t count);

/* One less in the group of the head called name, down to one. */
void hy_dedup_leave(struct hy_dedup_window *w, uint32_t name);

/* Two groups turn out to be one: me, undecided, and other. Afterwards one is a member of the other:
 * other if it was undecided and the newer, else me. */
void hy_dedup_meet(struct hy_dedup_window *w, uint32_t me, uint32_t other);

/* me, undecided, meets every group whose text is nearly the post's. record is scratch. */
void hy_dedup_meet_near(struct hy_dedup_window *w, const struct hy_dedup_post *post, uint32_t me,
                        uint32_t *record);

/* The entry called me is a head from now on, unless it became a member. */
void hy_dedup_settle(struct hy_dedup_window *w, uint32_t me);

/* Makes an entry unfindable, without leaving its group. Returns the state that it had; DEAD when
 * somebody else had done so. */
uint64_t hy_dedup_kill(struct hy_dedup_window *w, uint32_t name);

/* Takes an entry out: of the group that it is in, or the group that it opened with it. */
void hy_dedup_expel(struct hy_dedup_window *w, const struct hy_dedup_view *view);

/* Forgets all entries of the post's id, and the groups that they opened. False: there was none. */
bool hy_dedup_forget(struct hy_dedup_window *w, const struct hy_dedup_post *post);

/* ---- what a head keeps in the log: sizes | id | author | sketch ---- */

enum { HY_DEDUP_RECORD_ID_BYTES = 256, HY_DEDUP_RECORD_AUTHOR_BYTES = 64 };

/* Writes a record for an id of at most HY_DEDUP_RECORD_ID_BYTES, an author (left out when it is
 * longer than HY_DEDUP_RECORD_AUTHOR_BYTES) and a sketch. Returns its units. */
uint32_t hy_dedup_record_make(uint32_t *record, hydrant_str id, hydrant_str author,
                              const struct hy_dedup_sketch *sketch);

/* The id in a record, written to id[HY_DEDUP_RECORD_ID_BYTES]; returns its length. */
uint32_t hy_dedup_record_id(const uint32_t *record, char *id);

/* The same for the author, written to author[HY_DEDUP_RECORD_AUTHOR_BYTES]; 0: not known. */
uint32_t hy_dedup_record_author(const uint32_t *record, char *author);

#endif
