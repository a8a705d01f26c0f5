/*
 * The lease of a group on a chunk (docs/RING-FORMAT.md, "Reading"): one engine that writes over
 * chunks, two members that may die at any step, one item a chunk. Checked for every interleaving:
 *
 *   torn      what a living member reads in place under its lease is the chunk that it took
 *   lost      every item was delivered, or counted as dropped, or is still to be had
 *   stuck     nobody waits for ever (no invalid end state)
 *   asleep    no wake-up is lost between waiting and wake
 *
 * -DBROKEN_LOOK: a member does not look again whether the chunk is there after it has read the
 * word. -DBROKEN_TAKE: the engine writes over without taking the lease first. -DBROKEN_SLEEP: a
 * member looks for items before it says that it sleeps. -DBROKEN_SEEN: it says so before it reads
 * wake. -DBROKEN_STEP: the engine does not step wake again after it took the flag back.
 *
 * holds:
 * breaks: -DBROKEN_LOOK
 * breaks: -DBROKEN_TAKE
 * breaks: -DBROKEN_SLEEP
 * breaks: -DBROKEN_SEEN
 * breaks: -DBROKEN_STEP
 */
#ifndef SLOTS
#define SLOTS 1
#endif
#ifndef LAST
#define LAST 2 /* ids 1 .. LAST */
#endif
#define BUSY 99
#define ENGINE 3

typedef lease { byte id; byte owner; bool acked; bool taken };

byte content[SLOTS], bytes[SLOTS];
bool commit[SLOTS];
lease word[SLOTS];
byte next = 1;
bool delivered[LAST + 1], dropped[LAST + 1], there[LAST + 1];
bool alive[ENGINE];
bool ended;
byte members = 2; /* that have not ended or died */
byte wake;
bool waiting;
bool asleep[ENGINE]; /* in the kernel */

#define SAME(s, w) (word[s].id == w.id && word[s].owner == w.owner && \
                    word[s].acked == w.acked && word[s].taken == w.taken)
#define COPY(to, from) to.id = from.id; to.owner = from.owner; to.acked = from.acked; \
                       to.taken = from.taken
#define NOTHING(w) w.id = 0; w.owner = 0; w.acked = false; w.taken = false
/* What a word says about chunk c. */
#define OF(w, c) if :: w.id != c -> w.id = c; w.owner = 0; w.acked = false; w.taken = false \
                    :: else fi

inline wake_all()
{
    wake++;
    if
    :: waiting ->
        waiting = false;
#ifndef BROKEN_STEP
        wake++;
#endif
        d_step { asleep[1] = false; asleep[2] = false }
    :: else
    fi
}

active proctype engine()
{
    lease seen, mine;
    byte id, s, old;
    bool room, done;
    do
    :: next > LAST -> break
    :: else ->
        id = next; next++; s = id % SLOTS; old = content[s]; room = (old == 0); done = false;
        do /* until there is room, or the slot is left out */
        :: room || done -> break
        :: else ->
            d_step { COPY(seen, word[s]); COPY(mine, word[s]); OF(mine, old) };
            if
            :: mine.owner == 0 && (mine.acked || mine.taken) -> room = true
            :: mine.owner != 0 && alive[mine.owner] -> done = true /* a living one's: left out */
            :: else -> /* nobody's or a dead one's: take it, count it, give it back */
#ifdef BROKEN_TAKE
                dropped[old] = true; room = true
#else
                mine.owner = ENGINE;
                atomic {
                    if
                    :: SAME(s, seen) -> COPY(word[s], mine)
                    :: else -> goto again
                    fi
                };
                dropped[old] = true;
                atomic { word[s].owner = 0; word[s].taken = true };
                room = true
#endif
            fi;
again:      skip;
            d_step { NOTHING(seen); NOTHING(mine) }
        od;
        if
        :: room ->
            content[s] = BUSY;
            commit[s] = false;
            content[s] = id;
            bytes[s] = id;
            there[id] = true;
            commit[s] = true;
            wake_all()
        :: else
        fi
    od;
    ended = true;
    wake_all()
}

inline look(me)
{
    c = content[s];
    if
    :: c != 0 && c != BUSY && commit[s] ->
        d_step { COPY(seen, word[s]); COPY(mine, word[s]); OF(mine, c) };
#ifndef BROKEN_LOOK
        if
        :: content[s] != c -> mine.owner = ENGINE /* gone: not to be taken */
        :: else
        fi;
#endif
        if
        :: (mine.owner == 0 && !mine.acked && !mine.taken) ||
           (mine.owner != 0 && mine.owner != ENGINE && mine.owner != me && !alive[mine.owner] &&
            !mine.acked && !mine.taken) ->
            mine.owner = me;
            atomic {
                if
                :: SAME(s, seen) -> COPY(word[s], mine); took = true
                :: else
                fi
            }
        :: else
        fi
    :: else
    fi
}

proctype member(byte me)
{
    lease seen, mine;
    byte s, c, before;
    bool took, found, was_ended;
    do
    :: found = false;
#ifndef BROKEN_SLEEP
#ifdef BROKEN_SEEN
       waiting = true;
       before = wake;
#else
       before = wake;
       waiting = true;
#endif
#endif
       was_ended = ended;
       s = 0;
       do
       :: s == SLOTS -> break
       :: else ->
            took = false;
            look(me);
            if
            :: took ->
                found = true;
                assert(bytes[s] == c); /* torn: before the item is used */
                delivered[c] = true;
                assert(bytes[s] == c); /* and after */
                if
                :: alive[me] = false; goto dead /* killed */
                :: skip
                fi;
                COPY(seen, mine);
                atomic {
                    if
                    :: SAME(s, seen) -> word[s].owner = 0; word[s].acked = true
                    :: word[s].owner == me && word[s].id == c -> word[s].owner = 0;
                       word[s].acked = true
                    :: else -> assert(false) /* taken away from one who lives */
                    fi
                }
            :: else
            fi;
            d_step { NOTHING(seen); NOTHING(mine); c = 0; took = false }; /* fewer states */
            s++
       od;
       s = 0;
       if
       :: found -> skip
       :: !found && was_ended -> break
       :: else ->
#ifdef BROKEN_SLEEP
            before = wake;
            waiting = true;
#endif
            atomic { /* FUTEX_WAIT */
                if
                :: wake == before -> asleep[me] = true
                :: else
                fi
            };
            (!asleep[me])
       fi
    od;
dead: members--
}

init
{
    byte i;
    atomic {
        alive[1] = true;
        alive[2] = true;
        run member(1);
        run member(2)
    };
    (ended && members == 0);
    /* Whoever lives has read all; when both are dead, the next one finds what is left. */
    for (i : 1 .. LAST) {
        assert(!there[i] || delivered[i] || dropped[i] ||
               (content[i % SLOTS] == i && !(word[i % SLOTS].id == i && word[i % SLOTS].acked)))
    }
}
