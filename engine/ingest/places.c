#include "ingest/places.h"

#include <stdlib.h>
#include <string.h>

struct hy_place *hy_places_of(struct hy_place **places, const char *name)
{
    for (struct hy_place *place = *places; place; place = place->next)
        if (strcmp(place->name, name) == 0)
            return place;
    size_t bytes = strlen(name) + 1;
    struct hy_place *place = malloc(sizeof *place + bytes);
    if (!place)
        return NULL;
    place->end = 0;
    place->next = *places;
    memcpy(place->name, name, bytes);
    *places = place;
    return place;
}

void hy_places_free(struct hy_place **places)
{
    while (*places) {
        struct hy_place *gone = *places;
        *places = gone->next;
        free(gone);
    }
}
