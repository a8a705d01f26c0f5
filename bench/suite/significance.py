"""Telling a change from noise: the two-sided Mann-Whitney test on the samples of two runs, and the
Hodges-Lehmann estimate of the ratio. No assumption about the shape of the noise is made; medians and
ranks do not mind an outlier. Many results are compared at once, so p-values are adjusted by the
procedure of Benjamini and Hochberg: of the changes that are called real, about 5 % are not."""

import functools
import math
import statistics

EXACT_MAX = 12  # samples a side up to which p is exact


@functools.lru_cache(maxsize=None)
def ways(n, m, u):
    """In how many orders of n and m samples is the statistic u."""
    if u < 0 or u > n * m:
        return 0
    if n == 0 or m == 0:
        return 1 if u == 0 else 0
    return ways(n - 1, m, u - m) + ways(n, m - 1, u)


def statistic(a, b):
    """How many pairs have a > b; ties count a half."""
    return sum((x > y) + 0.5 * (x == y) for x in a for y in b)


def p_exact(n, m, u):
    low = min(u, n * m - u)
    below = sum(ways(n, m, k) for k in range(int(low) + 1))
    return min(1.0, 2 * below / math.comb(n + m, n))


def p_normal(a, b, u):
    n, m = len(a), len(b)
    counts = {}
    for value in list(a) + list(b):
        counts[value] = counts.get(value, 0) + 1
    total = n + m
    ties = sum(c ** 3 - c for c in counts.values())
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = (abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
    return math.erfc(max(0.0, z) / math.sqrt(2))


def mann_whitney(a, b):
    """Two-sided p: how likely ranks at least this far apart are when both are the same."""
    if not a or not b:
        return 1.0
    u = statistic(a, b)
    tied = len(set(a) | set(b)) < len(set(a)) + len(set(b)) or len(set(a)) < len(a) or len(set(b)) < len(b)
    if not tied and len(a) <= EXACT_MAX and len(b) <= EXACT_MAX:
        return p_exact(len(a), len(b), u)
    return p_normal(a, b, u)


def smallest_p(n, m):
    """What p can be at best with so many samples."""
    return 2 / math.comb(n + m, n) if n and m else 1.0


def ratio(a, b):
    """Hodges and Lehmann: the median of all ratios of a sample of b to one of a."""
    return statistics.median(y / x if x else math.inf if y else 1.0 for x in a for y in b)


def adjusted(values):
    """Benjamini and Hochberg: the p-values in their order, adjusted for their number."""
    order = sorted(range(len(values)), key=lambda i: values[i], reverse=True)
    result, least = [1.0] * len(values), 1.0
    for place, i in enumerate(order):
        least = min(least, values[i] * len(values) / (len(values) - place))
        result[i] = least
    return result
