/*
 * The ASCII kernels one by one, for hy_fold and for the test that compares them. All give the same
 * bits; level says which instructions may be used, and the caller has checked that the CPU has
 * them. See hy_fold_ascii_run in fold.h for the contract.
 */
#ifndef HY_TEXT_FOLD_KERNELS_H
#define HY_TEXT_FOLD_KERNELS_H

#include "base/cpu.h"
#include "text/fold.h"

uint32_t hy_fold_ascii_run_at(enum hy_cpu_level level, const char *text, uint32_t len, char *out);

/* As hy_utf8_valid, with the given kernel. */
bool hy_utf8_valid_at(enum hy_cpu_level level, const char *data, size_t len);

#endif
