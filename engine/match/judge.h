/* Judging one mention; see judge.c. For the files of engine/match only. */
#ifndef HY_MATCH_JUDGE_H
#define HY_MATCH_JUDGE_H

#include "match/match_worker.h"

/* w->hits are the mention's hits, sorted. Writes hits, matches and pending to it. */
void hy_match_judge(struct hy_match_worker *w, struct hy_mention *mention);
/* Scores and fields are known now. */
void hy_match_judge_pending(struct hy_match_worker *w, struct hy_mention *mention);
/* The most that both take from the arena for one mention. */
size_t hy_match_mention_bytes(void);

#endif
