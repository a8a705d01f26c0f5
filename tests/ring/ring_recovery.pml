/*
 * Death and taking over (docs/RING-FORMAT.md, "Recovery"): an engine that may be killed after any store
 * and is started again, two members of a group that may be killed at any step, one slot, one item a
 * chunk. -DBLOCK: the group's policy is to block (the second member lives, or it would be blocked for
 * ever, as it is told); otherwise what the group has not read is dropped. Checked for every
 * interleaving:
 *
 *   torn      what a living member reads under its lease is the chunk that it took; what an observer
 *             copies is that chunk, or it sees that it was written over
 *   lost      every item that was committed was delivered, or dropped, or is still to be had; with BLOCK
 *             none is dropped
 *   counted   the count of dropped items is exact, whenever the engine was killed
 *   stuck     nobody waits for ever (no invalid end state)
 *
 * Broken variants: COUNT, the count is made after the step, without saying so before; DECIDE, an id
 * that was taken and not opened stays undecided; SEAL, a chunk that was left open is not sealed; MEND,
 * a lease that the dead engine had stays its own (with BLOCK, whose engine takes one to look after
 * it); DEATH, a dead member's lease is nobody's to take; BUSY, the old bytes are written over before
 * content says so; AGAIN, a word is not reset that has the tag of the chunk that comes. A word has
 * the last bit of an id only: two chunks that follow each other differ, every second one does not.
 *
 * holds:
 * holds: -DBLOCK
 * holds: -DOBSERVER -DKILLS=1
 * breaks: -DBROKEN_COUNT
 * breaks: -DBROKEN_DECIDE
 * breaks: -DBROKEN_SEAL
 * breaks: -DBROKEN_MEND -DBLOCK
 * breaks: -DBROKEN_DEATH -DBLOCK
 * breaks: -DBROKEN_BUSY -DOBSERVER
 * breaks: -DBROKEN_AGAIN
 */
#ifndef ITEMS
#define ITEMS 2 /* to publish */
#endif
#ifndef KILLS
#define KILLS 2 /* of the engine */
#endif
#define IDS 8
#define BUSY 99
#define ENGINE 3

byte content, bytes, decided, next = 1;
bool commit, sealed;
byte w_tag, w_owner; /* the lease word, which changes as a whole */
bool w_acked, w_taken;
byte dropped, drop_total, drop_chunk;
byte kills = KILLS, published;
bool there[IDS], delivered[IDS], gone[IDS];
byte steps; /* that really dropped something */
bool alive[ENGINE], ended;
byte members = 2;

#define TAG(c) ((c) % 2)
#define OWNER(c) (w_tag == TAG(c) -> w_owner : 0)
#define ACKED(c) (w_tag == TAG(c) && w_acked)
#define TAKEN(c) (w_tag == TAG(c) && w_taken)
/* A chunk without an item, which an engine left open, is done as it is. */
#define DONE(c) (OWNER(c) == 0 && (ACKED(c) || TAKEN(c) || !commit))
#define MAY_DIE if :: kills > 0 -> kills--; goto killed :: skip fi

inline open_chunk(id)
{
#ifdef BROKEN_BUSY
    bytes = id; MAY_DIE;
#endif
    content = BUSY; MAY_DIE;
    atomic { commit = false; sealed = false }; MAY_DIE;
#ifndef BROKEN_AGAIN
    if
    :: w_tag == TAG(id) -> atomic { w_owner = 0; w_acked = false; w_taken = false }; MAY_DIE
    :: else
    fi;
#endif
    content = id; MAY_DIE;
    decided = id; MAY_DIE;
    bytes = id;
    atomic { commit = true; there[id] = true; published++ }; MAY_DIE;
    sealed = true; MAY_DIE
}

inline drop(old)
{
    if
    :: OWNER(old) == ENGINE -> skip
    :: else ->
        atomic { /* the compare-and-swap: only from a word that is free or a dead one's */
            if
            :: !DONE(old) && (OWNER(old) == 0 || (OWNER(old) < ENGINE && !alive[OWNER(old)])) ->
                w_acked = ACKED(old); w_taken = TAKEN(old); w_tag = TAG(old); w_owner = ENGINE
            :: else -> goto look_again
            fi
        };
        MAY_DIE
    fi;
#ifndef BROKEN_COUNT
    drop_total = dropped + 1;
    drop_chunk = old; MAY_DIE;
#endif
    atomic { w_owner = 0; w_taken = true; gone[old] = true; steps++ }; MAY_DIE;
#ifdef BROKEN_COUNT
    dropped = dropped + 1
#else
    dropped = drop_total; MAY_DIE;
    drop_chunk = 0
#endif
}

inline take_over()
{
    if
    :: next > 1 ->
        if :: content == BUSY -> content = 0; MAY_DIE :: else fi;
#ifndef BROKEN_SEAL
        if :: content != 0 && !sealed -> sealed = true; MAY_DIE :: else fi;
#endif
#ifndef BROKEN_DECIDE
        if :: decided < next - 1 -> decided = next - 1; MAY_DIE :: else fi
#endif
    :: else
    fi;
    if
    :: drop_chunk != 0 ->
        if
        :: content != drop_chunk || (TAKEN(drop_chunk) && w_owner != ENGINE) ->
            dropped = drop_total; MAY_DIE
        :: else
        fi;
        drop_chunk = 0; MAY_DIE
    :: else
    fi;
#ifndef BROKEN_MEND
    atomic { if :: w_owner == ENGINE -> w_owner = 0 :: else fi }; MAY_DIE
#endif
}

active proctype engine()
{
    byte id, old;
killed:
    id = 0; old = 0;
    take_over();
    do
    :: published >= ITEMS || next >= IDS -> break
    :: else ->
        atomic { id = next; next++ }; MAY_DIE;
        (decided >= id - 1); /* whoever took the slot before has decided about it */
        old = content;
        if
        :: old == 0 || old == BUSY -> skip
        :: else ->
            (sealed);
look_again:
#ifdef BLOCK
            if /* it takes a lease for a moment, as it does to free what cannot be */
            :: atomic { OWNER(old) == 0 && !DONE(old) && kills > 0 ->
                        w_acked = false; w_taken = false; w_tag = TAG(old); w_owner = ENGINE };
               MAY_DIE;
               w_owner = 0
            :: skip
            fi;
            (DONE(old))
#else
            (DONE(old) || OWNER(old) == 0 || OWNER(old) == ENGINE || !alive[OWNER(old)]);
            if
            :: DONE(old) -> skip
            :: else -> drop(old)
            fi
#endif
        fi;
        open_chunk(id)
    od;
    ended = true
}

#define FREE(c, me) (!ACKED(c) && !TAKEN(c) && (OWNER(c) == 0 || DEAD(c, me)))
#ifdef BROKEN_DEATH
#define DEAD(c, me) false
#else
#define DEAD(c, me) (OWNER(c) != ENGINE && OWNER(c) != me && !alive[OWNER(c)])
#endif
#define AVAILABLE(me) (content != 0 && content != BUSY && commit && FREE(content, me))

proctype member(byte me; bool may_die)
{
    byte c;
    bool took;
    do
    :: AVAILABLE(me) ->
        c = content;
        took = false;
        if
        :: c != 0 && c != BUSY && commit ->
            atomic { /* reads the word, looks that the chunk is there, compare-and-swap */
                if
                :: content == c && FREE(c, me) ->
                    w_tag = TAG(c); w_owner = me; w_acked = false; w_taken = false; took = true
                :: else
                fi
            }
        :: else
        fi;
        if
        :: took ->
            assert(bytes == c); /* torn */
            delivered[c] = true;
            assert(bytes == c);
            if
            :: may_die -> alive[me] = false; goto dead
            :: skip
            fi;
            atomic {
                assert(OWNER(c) == me); /* taken away from one who lives */
                w_owner = 0; w_acked = true
            }
        :: else
        fi;
        c = 0; took = false
    :: ended && !AVAILABLE(me) && !(content != 0 && content != BUSY && commit &&
                                    OWNER(content) != 0 && !ACKED(content) && !TAKEN(content) &&
                                    OWNER(content) != me) -> break
    :: may_die -> alive[me] = false; goto dead
    od;
dead: members--
}

/* Looks once, at any moment: it copies, and looks afterwards whether the chunk is still the same. */
proctype observer()
{
    byte c, got;
    c = content;
    if
    :: c != 0 && c != BUSY && commit ->
        got = bytes;
        if
        :: content == c -> assert(got == c)
        :: else
        fi
    :: else
    fi
}

init
{
    byte i;
    atomic {
#ifdef OBSERVER
        run observer();
#endif
        alive[1] = true;
        alive[2] = true;
        run member(1, true);
#ifdef BLOCK
        run member(2, false)
#else
        run member(2, true)
#endif
    };
    (ended && members == 0);
    assert(dropped == steps);
    for (i : 1 .. IDS - 1) {
        assert(!there[i] || delivered[i] || gone[i] ||
               (content == i && !ACKED(i) && !TAKEN(i)));
#ifdef BLOCK
        assert(!there[i] || delivered[i])
#endif
    }
}
