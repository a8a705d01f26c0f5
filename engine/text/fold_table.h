/*
 * The table under fold.h: for each code point its class and its folding. tools/dev/gen-fold writes
 * the data at build time from ICU's properties; nothing of ICU is needed at run time.
 *
 *   cp ---- cp >> 6 ----> hy_fold_blocks[] ----> 64 entries of hy_fold_entries[]
 *
 *   entry   31   30         29 ............ 9  8 .... 3  2 .. 0
 *           odd  completes  offset in strings   length    class
 *
 * length is in bytes, 0..61. HY_FOLD_SAME: the code point folds to itself. HY_FOLD_HANGUL: a
 * syllable, to be taken apart by arithmetic. odd: see struct hy_fold_traits; completes: see
 * hy_char_completes_letter. Equal blocks are stored once.
 *
 * Included by engine/text, the generator and nothing else. Read-only data; any thread.
 */
#ifndef HY_TEXT_FOLD_TABLE_H
#define HY_TEXT_FOLD_TABLE_H

#include <stdint.h>

enum {
    HY_FOLD_BLOCK_BITS = 6,
    HY_FOLD_BLOCK_SIZE = 1 << HY_FOLD_BLOCK_BITS,
    HY_FOLD_CODE_POINTS = 0x110000,
    HY_FOLD_CLASS_BITS = 3,
    HY_FOLD_LENGTH_BITS = 6,
    HY_FOLD_SAME = 63,
    HY_FOLD_HANGUL = 62,
    HY_FOLD_STRINGS_PADDING = 64, /* readable bytes after the last string */
};

#define HY_FOLD_ODD (UINT32_C(1) << 31)
#define HY_FOLD_COMPLETES (UINT32_C(1) << 30)

extern const uint16_t hy_fold_blocks[HY_FOLD_CODE_POINTS >> HY_FOLD_BLOCK_BITS];
extern const uint32_t hy_fold_entries[];
extern const char hy_fold_strings[];

/* cp <= U+10FFFF. */
static inline uint32_t hy_fold_entry(uint32_t cp)
{
    uint32_t block = hy_fold_blocks[cp >> HY_FOLD_BLOCK_BITS];
    return hy_fold_entries[block << HY_FOLD_BLOCK_BITS | (cp & (HY_FOLD_BLOCK_SIZE - 1))];
}

static inline uint32_t hy_fold_entry_class(uint32_t entry)
{
    return entry & ((1u << HY_FOLD_CLASS_BITS) - 1);
}

static inline uint32_t hy_fold_entry_length(uint32_t entry)
{
    return entry >> HY_FOLD_CLASS_BITS & ((1u << HY_FOLD_LENGTH_BITS) - 1);
}

static inline const char *hy_fold_entry_string(uint32_t entry)
{
    uint32_t offset = entry & ~(HY_FOLD_ODD | HY_FOLD_COMPLETES);
    return hy_fold_strings + (offset >> (HY_FOLD_CLASS_BITS + HY_FOLD_LENGTH_BITS));
}

#endif
