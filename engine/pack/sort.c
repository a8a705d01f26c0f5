/* Insertion sort for the usual handful, heap sort for whatever a hostile text makes. */
#include "pack/sort.h"

enum { INSERTION_MAX = 24 };

static void swap(uint64_t *x, uint64_t *y)
{
    uint64_t t = *x;
    *x = *y;
    *y = t;
}

static void sift_down(uint64_t *heap, uint32_t count, uint32_t at)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[at] >= heap[child])
            return;
        swap(&heap[at], &heap[child]);
    }
}

static void heap_sort(uint64_t *keys, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(keys, count, i);
    for (uint32_t i = count; i-- > 1;) {
        swap(&keys[0], &keys[i]);
        sift_down(keys, i, 0);
    }
}

static void insertion_sort(uint64_t *keys, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        uint32_t at = i;
        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

uint32_t hy_sort_unique(uint64_t *keys, uint32_t count)
{
    if (count <= INSERTION_MAX)
        insertion_sort(keys, count);
    else
        heap_sort(keys, count);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || keys[kept - 1] != keys[i])
            keys[kept++] = keys[i];
    return kept;
}
