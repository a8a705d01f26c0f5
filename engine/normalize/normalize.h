/*
 * Stage 4: the text as its author wrote it (HTML and character references out, where the network
 * writes them), and the same text folded, for everything that looks for words.
 *
 * In: mentions with text (valid UTF-8, at most 65535 bytes) and network. Out: mentions[i].m.text,
 * mentions[i].folded, batch->folded. A worker's own thread; pure; no allocation outside the batch's
 * arena, no lock, no system call; no record is dropped here.
 */
#ifndef HY_NORMALIZE_NORMALIZE_H
#define HY_NORMALIZE_NORMALIZE_H

#include "batch/batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The most arena that normalize takes from a batch of at most `mentions` mentions (<=
 * HY_BATCH_MENTIONS) with text_bytes bytes of text in all. It is what a batch full of U+FDFA would
 * take; a page that is not touched costs nothing, and English text touches text_bytes + mentions.
 */
size_t hy_normalize_arena_bytes(size_t text_bytes, uint32_t mentions);

/*
 * Normalizes every mention without a drop. m.text is replaced (by bytes in the arena) where the
 * pack says that the mention's network writes HTML or entities and there were any. Asserts that the
 * arena holds what hy_normalize_arena_bytes says.
 */
void hy_normalize_batch(struct hy_batch *batch);

#ifdef __cplusplus
}
#endif

#endif
