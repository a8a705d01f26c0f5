/*
 * A batch into the recording (recording/recording.h), as lines of the native format: what sources
 * said, before the text is made plain, so that rules that are tried on it see what these saw. A
 * delete takes what it names out of it.
 *
 * Where on the path: behind decode, on the worker's thread; the worker's number is its lane.
 */
#ifndef HY_PIPELINE_RECORD_H
#define HY_PIPELINE_RECORD_H

#include "batch/batch.h"
#include "recording/recording.h"

void hy_record_batch(struct hy_recording *recording, uint32_t lane, const struct hy_batch *batch);

#endif
