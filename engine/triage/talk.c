#include "triage/talk.h"

#include <string.h>

#include "base/assert.h"
#include "base/str.h"

/* Why a hold ended. */
static const hydrant_reason reason_over = {HY_STR("hold_over"), HY_STR("nobody has answered")};
static const hydrant_reason reason_back = {HY_STR("author_back"),
                                           HY_STR("the author came back unhappy")};
static const hydrant_reason reason_own = {HY_STR("own_answer"), HY_STR("we have answered")};
static const hydrant_reason reason_peer = {HY_STR("peer_answered"),
                                           HY_STR("another customer has answered")};
static const hydrant_reason reason_turned = {HY_STR("tone_turned"),
                                             HY_STR("the author is content")};

size_t hy_talk_arena_bytes(void)
{
    size_t strings = HY_HOLD_BYTES + HY_VERDICT_SKILLS_MAX * sizeof(hydrant_str);
    size_t one = sizeof(struct hy_notice) + sizeof(hydrant_mention) + sizeof(hydrant_verdict);
    return HY_MENTION_NOTICES_MAX * (one + strings + 64);
}

/* ---- updates ---- */

/* A hold's strings, copied: the hold ends before its update is written. */
struct kept {
    const struct hy_hold *hold;
    const char *bytes;
};

static struct kept keep(struct hy_arena *arena, const struct hy_hold *hold)
{
    uint32_t len = hold->ends[HY_HOLD_SKILLS + hold->skills_count - 1];
    char *copy = hy_arena_alloc(arena, len, 1);
    HY_ASSERT(copy);
    memcpy(copy, hold->bytes, len);
    return (struct kept){hold, copy};
}

static hydrant_str string(const struct kept *kept, uint32_t at)
{
    uint32_t start = at ? kept->hold->ends[at - 1] : 0;
    return hy_str(kept->bytes + start, kept->hold->ends[at] - start);
}

static const hydrant_mention *mention_of(struct hy_arena *arena, const struct kept *kept)
{
    hydrant_mention *m = HY_ARENA_NEW(arena, hydrant_mention, 1);
    HY_ASSERT(m);
    *m = (hydrant_mention){.created_at_us = kept->hold->created_us,
                           .id = string(kept, HY_HOLD_ID),
                           .network = string(kept, HY_HOLD_NETWORK),
                           .conversation_id = string(kept, HY_HOLD_CONVERSATION)};
    m->author.id = string(kept, HY_HOLD_AUTHOR);
    return m;
}

static const hydrant_str *skills_of(struct hy_arena *arena, const struct kept *kept)
{
    hydrant_str *skills = HY_ARENA_NEW(arena, hydrant_str, kept->hold->skills_count);
    HY_ASSERT(skills || !kept->hold->skills_count);
    for (uint32_t i = 0; i < kept->hold->skills_count; i++)
        skills[i] = string(kept, HY_HOLD_SKILLS + i);
    return skills;
}

/* The verdict that the item had, but for the hold. */
static hydrant_verdict *verdict_of(struct hy_arena *arena, const struct kept *kept)
{
    const struct hy_hold *hold = kept->hold;
    hydrant_verdict *verdict = HY_ARENA_NEW(arena, hydrant_verdict, 1);
    HY_ASSERT(verdict);
    *verdict = (hydrant_verdict){.action = (hydrant_action)hold->action,
                                 .obligation = (hydrant_obligation)hold->obligation,
                                 .moderate = hold->moderate != 0,
                                 .priority = hold->priority,
                                 .route = string(kept, HY_HOLD_ROUTE),
                                 .skills = skills_of(arena, kept),
                                 .skills_count = hold->skills_count,
                                 .respond_by_us = hold->respond_by_us,
                                 .hold_until_us = HYDRANT_TIME_NONE,
                                 .escalate_to = string(kept, HY_HOLD_ESCALATE_TO),
                                 .escalate_why = string(kept, HY_HOLD_ESCALATE_WHY),
                                 .private_why = string(kept, HY_HOLD_PRIVATE_WHY),
                                 .private_channel = string(kept, HY_HOLD_PRIVATE_CHANNEL),
                                 .line = string(kept, HY_HOLD_LINE)};
    return verdict;
}

/* Nobody needs to act any more. */
static void cancel(hydrant_verdict *verdict)
{
    verdict->action = HYDRANT_ACTION_MONITOR;
    verdict->obligation = HYDRANT_OBLIGATION_NONE;
    verdict->respond_by_us = HYDRANT_TIME_NONE;
    verdict->escalate_to = verdict->escalate_why = hy_str(NULL, 0);
    verdict->private_why = verdict->private_channel = hy_str(NULL, 0);
}

/* Ends a hold with an update item. False: the mention has as many notices as it may. */
static bool end_hold(struct hy_turn *turn, struct hy_hold *hold, const hydrant_reason *reason,
                     bool cancelled)
{
    struct hy_batch *batch = turn->batch;
    struct hy_notice **list = turn->mention ? &turn->mention->notices : &batch->ticked;
    struct hy_notice *notice =
        hy_batch_notice(batch, list, HY_MENTION_NOTICES_MAX, HYDRANT_ITEM_UPDATE);
    if (!notice)
        return false;
    struct kept kept = keep(&batch->arena, hold);
    hydrant_verdict *verdict = verdict_of(&batch->arena, &kept);
    verdict->reasons = reason;
    verdict->reasons_count = 1;
    if (cancelled)
        cancel(verdict);
    verdict->actionable = hy_talk_actionable(verdict->action);
    notice->mention = mention_of(&batch->arena, &kept);
    notice->verdict = verdict;
    hy_memory_end_hold(turn->memory, hold);
    return true;
}

void hy_talk_release(struct hy_turn *turn)
{
    for (struct hy_hold *hold; (hold = hy_memory_due(turn->memory, turn->now_us));)
        if (!end_hold(turn, hold, &reason_over, false))
            return;
}

/* ---- before ---- */

bool hy_talk_waits(const struct hy_turn *turn)
{
    return hy_memory_holds(turn->memory) && turn->keys.conversation &&
           hy_memory_waits(turn->memory, turn->keys.conversation);
}

bool hy_talk_known(const struct hy_turn *turn)
{
    return hy_memory_find(turn->memory, turn->keys.conversation, turn->now_us) != NULL;
}

/* How a reply ends a hold; NULL: not at all. */
static const hydrant_reason *settles(const struct hy_turn *turn, const struct hy_hold *hold,
                                     bool *cancelled)
{
    *cancelled = true;
    if (turn->own)
        return &reason_own;
    if (!turn->keys.author)
        return NULL;
    if (turn->keys.author != hold->author)
        return turn->unhappy ? NULL : &reason_peer;
    if (turn->content)
        return &reason_turned;
    *cancelled = false;
    return turn->unhappy ? &reason_back : NULL;
}

static void end_settled(struct hy_turn *turn)
{
    struct hy_hold *hold = hy_memory_hold_in(turn->memory, turn->keys.conversation, NULL);
    while (hold) {
        struct hy_hold *next = hy_memory_hold_in(turn->memory, turn->keys.conversation, hold);
        bool cancelled;
        const hydrant_reason *reason = settles(turn, hold, &cancelled);
        if (reason && !end_hold(turn, hold, reason, cancelled))
            return;
        hold = next;
    }
}

static void read_tone(struct hy_turn *turn)
{
    const hydrant_emotion *e = turn->mention->emotion ? turn->mention->emotion : &turn->heard;
    turn->unhappy =
        e->scored && (e->sentiment == HYDRANT_NEGATIVE || e->acts[HYDRANT_ACT_COMPLAINT] > 0.5f);
    turn->content = e->scored && !turn->unhappy &&
                    (e->sentiment == HYDRANT_POSITIVE || e->acts[HYDRANT_ACT_GRATITUDE] > 0.5f);
}

/* Not the same words again, but by the same author when the hour is over. */
static bool is_new(const hydrant_dup *dup)
{
    return !dup || dup->kind == HYDRANT_DUP_NONE ||
           (dup->same_author && dup->last_60m <= 1 && dup->kind != HYDRANT_DUP_REDELIVERED);
}

/* Counted once: not an edit, not a repeat. */
static bool counts_as_unhappy(const struct hy_turn *turn)
{
    const struct hy_mention *mention = turn->mention;
    return turn->unhappy && !turn->own && mention->m.event == HYDRANT_EVENT_POST &&
           mention->matches_count && is_new(mention->dup);
}

void hy_talk_before(struct hy_turn *turn, bool own)
{
    struct hy_mention *mention = turn->mention;
    if (!turn->memory)
        return;
    turn->own = own;
    read_tone(turn);
    const struct hy_conversation *known =
        hy_memory_find(turn->memory, turn->keys.conversation, turn->now_us);
    mention->talk = known ? known->talk : 0;
    mention->last = known ? known->last : HYDRANT_ACTION_NONE;
    mention->unhappy =
        hy_memory_unhappy(turn->memory, turn->keys.author, counts_as_unhappy(turn), turn->now_us);
    if (mention->reply)
        end_settled(turn);
    if (!mention->matches_count)
        hy_talk_behind(turn, NULL);
}

/* ---- behind ---- */

void hy_talk_behind(struct hy_turn *turn, const hydrant_verdict *verdict)
{
    if (!turn->memory || !turn->keys.conversation)
        return;
    struct hy_conversation *talk =
        hy_memory_conversation(turn->memory, turn->keys.conversation, turn->now_us);
    uint32_t author = (uint32_t)turn->keys.author; /* 0: not told, which says nothing of anybody */
    if (!talk->author && !turn->own)
        talk->author = author;
    if (turn->own)
        talk->talk |= HY_TALK_ANSWERED;
    else if (author && author != talk->author)
        talk->talk |= turn->mention->reply && !turn->unhappy ? HY_TALK_PEER : 0;
    else if (author && !turn->content)
        talk->talk |= HY_TALK_NOT_CONTENT;
    else if (author && talk->talk & HY_TALK_NOT_CONTENT)
        talk->talk |= HY_TALK_TURNED;
    if (verdict && !turn->own)
        talk->last = (uint8_t)verdict->action;
}

bool hy_talk_hold(struct hy_turn *turn, const hydrant_verdict *verdict)
{
    return hy_memory_hold(turn->memory, &turn->keys, &turn->mention->m, verdict);
}

bool hy_talk_changed(struct hy_turn *turn)
{
    if (!hy_memory_holds(turn->memory))
        return false;
    struct hy_hold *hold = hy_memory_hold_of(turn->memory, &turn->mention->m);
    if (hold)
        hy_memory_end_hold(turn->memory, hold);
    return hold != NULL;
}
