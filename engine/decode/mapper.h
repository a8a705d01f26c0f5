/*
 * Records of networks -> mentions, as the pack's source mappings say. The other half of stage 3:
 * decode.h reads the native format, this one everything that a mapping describes.
 *
 * Where on the path: after frame, before normalize; a worker's own. Pure.
 *
 * One record can be many mentions (a page of a listing) or none (a keep-alive): so a parcel becomes
 * one batch or several, and a record that is no mention one entry with a drop, so that everything
 * that came in is counted. batch->parcel is then a parcel of the mapper's own: records[i] is where
 * mentions[i] is from.
 *
 * Limits: those of decode.h; a string that is no text has at most HY_MAPPER_STRING_BYTES bytes
 * (longer is ignored, counted). A mention that does not fit into what a parcel may take is
 * TOO_LONG; so is, behind its mentions, a record that holds more than the walk over it may cost
 * (map_tape.h). A record is read once, however many batches its mentions fill.
 */
#ifndef HY_DECODE_MAPPER_H
#define HY_DECODE_MAPPER_H

#include "decode/decode.h"
#include "pack/mapping.h"

enum { HY_MAPPER_STRING_BYTES = 4096 };

struct hy_mapper;

/* text_bytes_max, depth_max as in struct hy_decode_options, set. decoder reads what turns out to be
 * native; it is borrowed. HYDRANT_OK or HYDRANT_ERR_NOMEM. */
hydrant_status hy_mapper_create(struct hy_decoder *decoder, const struct hy_decode_options *options,
                                uint32_t record_bytes_max, uint64_t parcel_bytes_max,
                                struct hy_mapper **out, hydrant_error *err);
void hy_mapper_destroy(struct hy_mapper **mapper); /* accepts a pointer to NULL */

/* The next mentions come from this parcel, whose mapping is not NULL. */
void hy_mapper_begin(struct hy_mapper *mapper, const struct hy_parcel *parcel);

/* Fills in the batch (parcel, mentions, count) with the next mentions of the parcel, by the
 * mappings of batch->pack; its arena must be empty. True: there are more, call it again. */
bool hy_mapper_batch(struct hy_mapper *mapper, struct hy_batch *batch);

enum hy_told { HY_TOLD_NOTHING, HY_TOLD_NATIVE, HY_TOLD_FOREIGN };

/* What is this record: the native format, one that a mapping knows, or neither? */
enum hy_told hy_mapper_tell(struct hy_mapper *mapper, const struct hy_mappings *mappings,
                            const struct hy_record *record);

#endif
