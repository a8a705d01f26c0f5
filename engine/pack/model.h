/*
 * The emotion model: loading, the model that is built in, and its identity. It lives beside the
 * pack because rules put it there and the emotion stage reads it; what scoring means is
 * engine/emotion.
 *
 * A model is immutable once loaded: any number of threads read it without a lock.
 */
#ifndef HY_PACK_MODEL_H
#define HY_PACK_MODEL_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hy_emotion_model;

/*
 * Makes a model from the bytes of a model file (docs/emotion-model.md). The bytes are copied: the
 * caller may free them at once. Every size, index and the checksum is verified, so a damaged or
 * hostile file is an error here and never a bad access later.
 *
 * On success *out is the caller's, to be freed with hy_emotion_model_free. On error *out is NULL:
 *   HYDRANT_ERR_MODEL  not a model, of another version, cut short or damaged
 *   HYDRANT_ERR_NOMEM
 */
hydrant_status hy_emotion_model_load(const void *bytes, size_t len, struct hy_emotion_model **out,
                                     hydrant_error *err);

/*
 * The English model embedded in the library. It is verified by the first caller, shared by all, and
 * must not be freed. HYDRANT_ERR_MODEL only if the library itself is damaged.
 */
hydrant_status hy_emotion_model_builtin(const struct hy_emotion_model **out, hydrant_error *err);

/* Frees a loaded model and nulls the pointer. Accepts a pointer to NULL. */
void hy_emotion_model_free(struct hy_emotion_model **model);

/* 16 hex digits over the whole file; lives as long as the model. */
hydrant_str hy_emotion_model_hash(const struct hy_emotion_model *model);

#ifdef __cplusplus
}
#endif

#endif
