#include "base/cpu.h"

#include <stdlib.h>
#include <string.h>

static enum hy_cpu_level supported_level(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2"))
        return HY_CPU_SCALAR;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vbmi2"))
        return HY_CPU_AVX512;
    return HY_CPU_AVX2;
#else
    return HY_CPU_SCALAR;
#endif
}

const char *hy_cpu_level_name(enum hy_cpu_level level)
{
    static const char *const names[] = {"scalar", "avx2", "avx512"};
    return names[level];
}

static enum hy_cpu_level wanted_level(enum hy_cpu_level level)
{
    const char *wanted = getenv("HYDRANT_CPU");
    for (int i = 0; wanted && i < (int)level; i++)
        if (strcmp(wanted, hy_cpu_level_name((enum hy_cpu_level)i)) == 0)
            return (enum hy_cpu_level)i;
    return level;
}

int hy_cpu_level_known = -1;

enum hy_cpu_level hy_cpu_level_find(void)
{
    int level = (int)wanted_level(supported_level());
    __atomic_store_n(&hy_cpu_level_known, level, __ATOMIC_RELAXED);
    return (enum hy_cpu_level)level;
}
