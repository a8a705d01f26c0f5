/*
 * A router: prints the items that the group "care" gets, and acknowledges them. Run it twice, and
 * the two share the items, a chunk of the ring at a time; kill one, and the other gets what it had
 * not acknowledged.
 *
 *     cc -o router router.c $(pkg-config --cflags --libs hydrant-ring)
 *     ./router /dev/shm/hydrant/main
 */
#include <stdio.h>

#include <hydrant/ring.h>

/* False: it is damaged, there is no memory to read it, or it is not out. */
static bool print(hydrant_ring *ring, const hydrant_ring_item *item)
{
    static char line[4 << 20];
    size_t len = hydrant_ring_item_json(ring, item, line, sizeof line);
    return len > 0 && len < sizeof line && puts(line) >= 0 && fflush(stdout) == 0;
}

int main(int argc, char **argv)
{
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_error err = {0};
    hydrant_status status;
    hydrant_ring_options_init(&options);
    options.group = "care";
    if (hydrant_ring_attach(argc > 1 ? argv[1] : "/dev/shm/hydrant/main", &options, &ring, &err)) {
        fprintf(stderr, "router: %s: %s\n", err.file, err.text);
        return 1;
    }
    do {
        hydrant_ring_item item;
        status = hydrant_ring_next(ring, &item);
        if (status == HYDRANT_OK) {
            if (!print(ring, &item)) {
                fputs("router: an item cannot be read or printed: it comes again\n", stderr);
                break;
            }
            hydrant_ring_ack(ring, item.seq); /* it is out: only now it may be acknowledged */
        } else if (status == HYDRANT_ERR_AGAIN) {
            hydrant_ring_wait(ring, -1);
        }
    } while (status == HYDRANT_OK || status == HYDRANT_ERR_AGAIN);
    hydrant_ring_detach(&ring);
    if (status == HYDRANT_ERR_CANCELLED) /* the engine has ended, and everything was read */
        return 0;
    if (status == HYDRANT_OK)
        return 1;
    fputs(status == HYDRANT_ERR_STATE ? "router: the engine changed the group: attach again\n"
                                      : "router: the ring cannot be read\n",
          stderr);
    return 1;
}
