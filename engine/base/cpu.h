/*
 * Which SIMD kernels to run. Every kernel gives the same bits as its scalar twin; the level only
 * decides the speed. HYDRANT_CPU=scalar|avx2|avx512 in the environment lowers it (never raises it),
 * for tests and for tools that do not know newer instructions. Read once per process by the first
 * caller; the answer never changes after that.
 */
#ifndef HY_BASE_CPU_H
#define HY_BASE_CPU_H

#ifdef __cplusplus
extern "C" {
#endif

enum hy_cpu_level {
    HY_CPU_SCALAR, /* the baseline of the build: SSE2 on x86-64, plain C on ARM64 */
    HY_CPU_AVX2,   /* AVX2 + BMI2 */
    HY_CPU_AVX512, /* + AVX512 F, BW, VL, DQ, VBMI2 */
};

extern int hy_cpu_level_known; /* -1: not yet; for hy_cpu_level only */
enum hy_cpu_level hy_cpu_level_find(void);

/* Asked for at every kernel, so that it is a load. Two threads may both find it unknown: they store
 * the same value, so relaxed is enough. */
static inline enum hy_cpu_level hy_cpu_level(void)
{
    int level = __atomic_load_n(&hy_cpu_level_known, __ATOMIC_RELAXED);
    return level >= 0 ? (enum hy_cpu_level)level : hy_cpu_level_find();
}

const char *hy_cpu_level_name(enum hy_cpu_level level);

#ifdef __cplusplus
}
#endif

#endif
