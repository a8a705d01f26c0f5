/*
 * Images: a finished pack, and what there is to know about the rule set that it was made from, as
 * bytes that are read back without parsing or compiling anything. A start with rules that were
 * compiled before costs reading them once, for their hash, and reading the image.
 *
 *   head | pack: bytes, map | mappings: bytes, map | set: bytes, map | databases
 *
 * The bytes of a part are those of its arenas, with each pointer replaced by its offset in the
 * part; map has a bit for each word that is such an offset. Reading back adds the address. Which
 * words are pointers is said once, in image_walk.c.
 *
 * An image is good only for the very program that made it, on this kind of processor, and for the
 * very same sources: its name in the cache is a hash of all of these. It is trusted as a database
 * is (build_cache.c: a folder that is ours alone, a checksum): offsets are checked, so that what is
 * damaged is refused, but the programs and tables in it are run as they are.
 *
 * Threads: none of this is shared; any number of threads and processes may use one folder.
 */
#ifndef HY_RULES_IMAGE_H
#define HY_RULES_IMAGE_H

#include "rules/build.h"
#include "rules/ruleset.h"

struct hy_image {
    struct hy_pack *pack;   /* generation as it was kept */
    struct hy_ruleset *set; /* only hash, parts, diagnostics, read, lists: see hy_image_summary */
    bool tested;            /* the tests beside the rules passed */
};

/* Finds what was kept of these inputs. False: nothing, or it is damaged, or something that it was
 * made from is different now. The caller destroys both. */
bool hy_image_find(const char *cache_dir, const struct hy_rule_input *inputs, size_t count,
                   struct hy_image *out);

/*
 * Keeps a pack that was compiled from these inputs. set: as loaded, or its summary. memory: the
 * pack whose arenas hold what pack points to, when it is derived from another one; else pack. What
 * cannot be kept is nobody's problem; false then.
 */
bool hy_image_keep(const char *cache_dir, const struct hy_rule_input *inputs, size_t count,
                   const struct hy_ruleset *set, const struct hy_pack *pack,
                   const struct hy_pack *memory, bool tested);

/* A copy of a set without errors that has hash, parts, diagnostics, read and lists, and neither
 * rules nor policy. NULL: no memory. */
struct hy_ruleset *hy_image_summary(const struct hy_ruleset *set);

/* ---- image_walk.c: where the pointers are ---------------------------------------------------- */

/* Called with the address of each pointer. empty: nothing is behind it, it may point anywhere. */
typedef void hy_image_visit(void *ctx, const void *slot, bool empty);

/* All pointers of a pack but those to its databases, its model and its mappings. */
void hy_image_walk_pack(const struct hy_pack *pack, hy_image_visit *visit, void *ctx);
void hy_image_walk_mappings(const struct hy_mappings *mappings, hy_image_visit *visit, void *ctx);
/* Of a summary. */
void hy_image_walk_set(const struct hy_ruleset *set, hy_image_visit *visit, void *ctx);

/* ---- image_bytes.c --------------------------------------------------------------------------- */

/* Writes an image, whose set is a summary, into bytes, an arena that is made for it. False: it
 * cannot be. memory: as hy_image_keep. */
bool hy_image_write(const struct hy_image *image, const struct hy_pack *memory,
                    struct hy_arena *bytes);
/* Takes bytes over, whatever becomes of it. False: they are no image. */
bool hy_image_read(struct hy_arena *bytes, struct hy_image *out);

#endif
