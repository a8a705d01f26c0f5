/*
 * How far streams of a name have come, for those that have only their name: what is pushed under a
 * name after its stream has ended, and another descriptor of a name, counts on there. So no two
 * records of a feeder have one name and one offset, which is what ids are made of. Files are not
 * here: read again they are the same records.
 *
 * Limits: kept as long as the feeder, looked up one by one: names are meant to be few.
 * Threads: the ingest thread.
 */
#ifndef HY_INGEST_PLACES_H
#define HY_INGEST_PLACES_H

#include <stdint.h>

struct hy_place {
    uint64_t end; /* the offset at which what comes next begins */
    struct hy_place *next;
    char name[];
};

/* The place of a name, made at 0 when there is none. NULL: no memory. */
struct hy_place *hy_places_of(struct hy_place **places, const char *name);
void hy_places_free(struct hy_place **places);

#endif
