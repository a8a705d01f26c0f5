"""Telling a change from noise: the ratio of the samples of two runs, and the interval that it lies in.

The ratio is Hodges and Lehmann's: the median of all ratios of a sample of B to one of A. The interval
is what is left of these ratios when as many of the least and of the greatest are taken away as the
two-sided Mann-Whitney test allows at 1 %: 1 lies outside exactly where that test calls the samples
different. Nothing is assumed about the shape of the noise; an outlier does not matter, and of samples
that are equal the interval only becomes wider."""

import functools
import math
import statistics

LEVEL = 0.01
Z = 2.5758  # of the normal distribution, at LEVEL, both sides
EXACT_MAX = 40  # samples on both sides together up to which orders are counted


@functools.lru_cache(maxsize=None)
def ways(n, m, u):
    """In how many orders of n and m samples do u pairs stand the other way round."""
    if u < 0 or u > n * m:
        return 0
    if n == 0 or m == 0:
        return 1 if u == 0 else 0
    return ways(n - 1, m, u - m) + ways(n, m - 1, u)


def enough(n, m):
    """Can so many samples show anything at LEVEL?"""
    return n > 0 and m > 0 and 2 / math.comb(n + m, n) <= LEVEL


@functools.lru_cache(maxsize=None)
def left_out(n, m):
    """How many of the n * m ratios lie outside the interval at each end; 0 where samples are too few."""
    if n + m > EXACT_MAX:
        return max(0, math.floor(n * m / 2 - Z * math.sqrt(n * m * (n + m + 1) / 12) - 0.5))
    count, below, all_orders = 0, ways(n, m, 0) + ways(n, m, 1), math.comb(n + m, n)
    while 2 * below / all_orders <= LEVEL:
        count += 1
        below += ways(n, m, count + 1)
    return count


def ratios(a, b):
    """Of each sample of b to each of a, ascending."""
    return sorted(y / x if x else math.inf if y else 1.0 for x in a for y in b)


def ratio(a, b):
    """(the ratio, the least and the greatest that it may be)."""
    every = ratios(a, b)
    out = left_out(len(a), len(b))
    return statistics.median(every), every[out], every[-1 - out]
