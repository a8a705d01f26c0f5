/*
 * How a journal lies on disk. All numbers little endian.
 *
 *   folder/   lock                     held by the one writer
 *             0000000000000001.hyj     segments, named by their first record's number in hex
 *             00000000000004c2.hyj
 *
 *   segment:  | frame | frame | ... |  only whole frames; what follows the last whole one is a torn
 *                                      tail, which the next writer cuts; what is not whole before
 *                                      it is damage, which readers step over
 *
 *   frame, one group commit:
 *     0  u32  magic "HYJ1"
 *     4  u32  bytes of payload, compressed
 *     8  u32  bytes of payload, decompressed; at most HY_JOURNAL_GROUP_BYTES_MAX
 *    12  u32  records in it, at least 1
 *    16  u64  number of the first; the others follow by one
 *    24  i64  when it was written, microseconds since 1970
 *    32  u64  XXH3 of the compressed payload
 *    40  u64  XXH3 of bytes 0 to 39
 *    48  payload: one zstd frame of records, each u32 length and that many bytes
 *
 * A reader goes from frame to frame while both checksums hold. Numbers rise from segment to
 * segment; a number that was given already is skipped (a segment whose last commit failed may hold
 * frames that the next one repeats).
 *
 * Pure: no file is touched here.
 */
#ifndef HY_JOURNAL_JOURNAL_FRAME_H
#define HY_JOURNAL_JOURNAL_FRAME_H

#include <hydrant/types.h>

#include <stddef.h>

enum {
    HY_JOURNAL_HEADER_BYTES = 48,
    HY_JOURNAL_RECORD_BYTES_MAX = (16 << 20) + 1, /* so that one over every limit stays so */
    HY_JOURNAL_GROUP_BYTES = 1 << 20, /* a group is full at this; one larger record is one too */
    /* A group that could not be written, and what came in meanwhile: */
    HY_JOURNAL_GROUP_BYTES_MAX = 2 * (HY_JOURNAL_GROUP_BYTES + HY_JOURNAL_RECORD_BYTES_MAX + 4),
};
#define HY_JOURNAL_MAGIC UINT32_C(0x314A5948) /* "HYJ1" */

struct hy_journal_frame {
    uint32_t stored_bytes, raw_bytes, records;
    uint64_t first;
    int64_t time_us;
    uint64_t payload_hash;
};

/* Writes the header; payload is the compressed bytes that it stands before. */
void hy_journal_frame_write(char out[HY_JOURNAL_HEADER_BYTES],
                            const struct hy_journal_frame *frame);
uint64_t hy_journal_hash(const char *payload, size_t len);

/* False: these are no header, or their checksum or a limit does not hold. */
bool hy_journal_frame_read(const char in[HY_JOURNAL_HEADER_BYTES], struct hy_journal_frame *out);

/* Decompresses a payload whose hash was checked, and checks its records against the header. raw has
 * room for frame->raw_bytes. False: it is damaged. */
bool hy_journal_payload_read(const struct hy_journal_frame *frame, const char *payload, char *raw);

/* The record at raw[*at, len); moves *at on. False at the end. */
bool hy_journal_record_next(const char *raw, size_t len, size_t *at, hydrant_str *record);
/* Appends a record; room is the caller's matter: 4 + record.len bytes. */
void hy_journal_record_put(char *raw, size_t *at, hydrant_str record);

#endif
