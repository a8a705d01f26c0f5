/*
 * Images: a pack that was kept and read back is the pack that was kept, says the same of every
 * mention, and is not taken when anything that it was made from, or the file itself, is different.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <hydrant/manager.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/pack_handle.h"
#include "base/str.h"
#include "pack/mapping.h"
#include "pack/matcher.h"
#include "pack/policy.h"
#include "rules/derive.h"
#include "rules/image.h"
#include "support/random.h"
#include "support/run_engine.h"
#include "support/temporary.h"
#include "tools/gen/gen.h"

static char folder[TEMPORARY_PATH], cache[TEMPORARY_INSIDE], rules_path[TEMPORARY_INSIDE],
    list_path[TEMPORARY_INSIDE];

/* Something of everything that a pack holds. */
static const char rules_text[] =
    "version: 1\n"
    "brands:\n"
    "  AT&T:\n"
    "    own: {from: ['@att', '@attcares'], to: ['@att']}\n"
    "    sites: {fan: [attfans.example], rant: [pissed.example]}\n"
    "agents: ['Jordan P.', 'Sam at AT&T']\n"
    "lists:\n"
    "  words: {file: words.txt}\n"
    "  more: [wifi, 'no signal', '#fail', '@att', '$T', 'outag*', '{BT}']\n"
    "macros: {net: 'network OR %more OR internet OR phone OR app OR bill OR service OR line'}\n"
    "networks: {other: {text: html}}\n"
    "rules:\n"
    "  - {id: all, match: '(%words OR ${net}) NOT lemonade', brand: AT&T, priority: high,\n"
    "     route: ops, skills: [wireless, billing], tags: {product: wireless, tier: '1'},\n"
    "     answers: 'https://kb.example/a', owner: me@example.com, until: 2099-12-31}\n"
    "  - {id: near, match: '${net} NEAR/5 (down OR slow OR %words)', state: shadow}\n"
    "  - {id: fields, match: 'author:jo OR bio:\"at work\" OR url:example OR domain:example.com'}\n"
    "  - {id: regex, match: '/acct ?#?[0-9]{2,}/ OR /wi.?fi/i OR ~\"etw\" OR colo?r'}\n"
    "  - {id: scores, match: '2 OF (emotion:anger>0.1, has:links, is:question, %more)'}\n"
    "  - {id: handles, match: 'own:to OR sitekind:rant OR %agents'}\n"
    "  - {id: nothing, match: 'rain', state: off}\n";

static void write_text(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static int make_folder(void **state)
{
    temporary_folder(folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    snprintf(rules_path, sizeof rules_path, "%s/r.yaml", folder);
    snprintf(list_path, sizeof list_path, "%s/words.txt", folder);
    write_text(rules_path, rules_text);
    write_text(list_path, "love\nthe best\nfrom the\nand not\n");
    return 0;
}

static int remove_folder(void **state)
{
    temporary_remove(folder);
    return 0;
}

static struct hy_rule_input inputs[2];

static struct hy_image compile_inputs(size_t count)
{
    struct hy_image image = {.tested = true};
    hydrant_error err = {0};
    inputs[0] = (struct hy_rule_input){.path = rules_path};
    inputs[1] = (struct hy_rule_input){.query = "please AND help"};
    if (hy_ruleset_load(inputs, count, &image.set, &err) != HYDRANT_OK)
        fail_msg("%s:%u: %s", err.file, err.line, err.text);
    struct hy_compile_options options = {.generation = 1};
    assert_int_equal(hy_pack_compile(image.set, &options, &image.pack, &err), HYDRANT_OK);
    return image;
}

static struct hy_image compile(void)
{
    return compile_inputs(2);
}

static void destroy(struct hy_image *image)
{
    hy_pack_destroy(&image->pack);
    hy_ruleset_destroy(&image->set);
}

static bool keep(const struct hy_image *image)
{
    return hy_image_keep(cache, inputs, 2, image->set, image->pack, image->pack, image->tested);
}

static bool is_found(void)
{
    struct hy_image image;
    bool found = hy_image_find(cache, inputs, 2, &image);
    assert_true(found == (image.pack != NULL) && found == (image.set != NULL));
    destroy(&image);
    return found;
}

/* ---- every pointer is known ---- */

struct pointers {
    const void *slots[1 << 16];
    uint32_t count;
};

static void note(void *ctx, const void *slot, bool empty)
{
    struct pointers *p = ctx;
    assert_true(p->count < sizeof p->slots / sizeof *p->slots);
    p->slots[p->count++] = slot;
}

static bool is_noted(const struct pointers *p, const void *slot)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->slots[i] == slot)
            return true;
    return false;
}

static bool is_inside(const struct hy_arena *arena, uint64_t value)
{
    return arena->used && value >= (uintptr_t)arena->base &&
           value < (uintptr_t)arena->base + arena->used;
}

/* Looks at each word of an arena that has the value of an address in one of them. */
static void assert_noted(const struct pointers *p, const struct hy_arena *in,
                         const struct hy_arena *const *arenas, int count, const char *what)
{
    for (size_t at = 0; at + 8 <= in->used; at += 8) {
        uint64_t value;
        memcpy(&value, in->base + at, 8);
        bool pointer = false;
        for (int i = 0; i < count; i++)
            pointer |= is_inside(arenas[i], value);
        if (pointer && !is_noted(p, in->base + at))
            fail_msg("%s: the word at %zu is a pointer that image_walk.c does not know", what, at);
    }
}

static void all_pointers_are_walked(void **state)
{
    struct hy_image image = compile();
    struct pointers *p = calloc(1, sizeof *p);
    const struct hy_arena *arenas[] = {&image.pack->arena, &image.pack->matcher->arena};
    assert_non_null(p);
    hy_image_walk_pack(image.pack, note, p);
    assert_noted(p, arenas[0], arenas, 2, "pack");
    assert_noted(p, arenas[1], arenas, 2, "matcher");
    p->count = 0;
    hy_image_walk_mappings(image.pack->mappings, note, p);
    p->slots[p->count++] = &image.pack->mappings->arena.base;
    const struct hy_arena *mappings = &image.pack->mappings->arena;
    assert_noted(p, mappings, &mappings, 1, "mappings");
    p->count = 0;
    struct hy_ruleset *summary = hy_image_summary(image.set);
    assert_non_null(summary);
    hy_image_walk_set(summary, note, p);
    p->slots[p->count++] = &summary->arena.base;
    const struct hy_arena *set = &summary->arena;
    assert_noted(p, set, &set, 1, "set");
    hy_ruleset_destroy(&summary);
    free(p);
    destroy(&image);
}

/* ---- the same answers ---- */

static void judge(struct hy_pack *pack, const struct hy_gen_buffer *posts,
                  struct engine_output *output)
{
    hydrant_pack *handle;
    hydrant_options options;
    hydrant *engine;
    assert_int_equal(hy_pack_handle_create(pack, NULL, &handle, NULL), HYDRANT_OK);
    hydrant_options_init(&options);
    options.workers = 0;
    options.event_time = true;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_ndjson = engine_output_append;
    options.ctx = output;
    assert_int_equal(hydrant_create(&options, handle, &engine, NULL), HYDRANT_OK);
    hydrant_pack_destroy(&handle);
    assert_int_equal(hydrant_push_bytes(engine, "s", posts->data, posts->len, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
}

static void make_posts(struct hy_gen_buffer *posts)
{
    struct hy_gen_options options;
    struct hy_gen *gen;
    struct hy_gen_worker *worker;
    hy_gen_options_init(&options);
    assert_int_equal(hy_gen_create(&options, &gen, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_worker_create(gen, &worker, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_posts(worker, 0, 400, posts, NULL), HYDRANT_OK);
    hy_gen_worker_destroy(&worker);
    hy_gen_destroy(&gen);
}

static void assert_same_summary(const struct hy_ruleset *a, const struct hy_ruleset *b)
{
    assert_int_equal(a->hash, b->hash);
    assert_int_equal(a->policy_hash, b->policy_hash);
    assert_int_equal(a->parts_count, b->parts_count);
    for (uint32_t i = 0; i < a->parts_count; i++) {
        assert_true(hy_str_equal(a->parts[i].name, b->parts[i].name));
        assert_int_equal(a->parts[i].meant, b->parts[i].meant);
    }
    assert_int_equal(a->read_count, b->read_count);
    for (uint32_t i = 0; i < a->read_count; i++)
        assert_string_equal(a->read[i], b->read[i]);
    assert_int_equal(a->diagnostics_count, b->diagnostics_count);
    for (uint32_t i = 0; i < a->diagnostics_count; i++)
        assert_true(hy_str_equal(a->diagnostics[i].message, b->diagnostics[i].message));
}

static void what_is_read_back_judges_the_same(void **state)
{
    struct hy_image image = compile(), back;
    struct hy_gen_buffer posts = {NULL, 0, 0};
    struct engine_output before = {0}, after = {0};
    struct stat st;
    assert_true(keep(&image));
    assert_int_equal(stat(cache, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(hy_image_find(cache, inputs, 2, &back));
    assert_true(back.tested);
    assert_same_summary(image.set, back.set);
    assert_int_equal(back.pack->rules_count, image.pack->rules_count);
    assert_true(hy_str_equal(back.pack->hash, image.pack->hash));
    hy_ruleset_destroy(&image.set);
    hy_ruleset_destroy(&back.set);
    make_posts(&posts);
    judge(image.pack, &posts, &before);
    judge(back.pack, &posts, &after);
    assert_true(before.len > 100000 && before.len == after.len);
    assert_memory_equal(before.data, after.data, before.len);
    free(posts.data);
    free(before.data);
    free(after.data);
}

/* The whole pack behind an incremental one: it points into the other's memory. */
static void derived_packs_are_kept(void **state)
{
    struct hy_image image = compile(), back;
    struct hy_pack *whole;
    struct hy_build build = {0};
    assert_int_equal(hy_pack_derive_whole(image.pack, &build, &whole, NULL), HYDRANT_OK);
    assert_true(hy_image_keep(cache, inputs, 2, image.set, whole, image.pack, false));
    hy_pack_destroy(&whole);
    assert_true(hy_image_find(cache, inputs, 2, &back));
    assert_false(back.tested);
    assert_int_equal(back.pack->matcher->anchors_count, image.pack->matcher->anchors_count);
    destroy(&back);
    destroy(&image);
}

/* The manager takes an image whose tests passed without running them, and no other. The test beside
 * this rule fails, which only running it tells. */
static void only_tested_images_go_live(void **state)
{
    const char *paths[] = {rules_path};
    write_text(rules_path, "version: 1\nrules:\n"
                           "  - {id: a, match: x, tests: [{text: 'no', match: true}]}\n");
    struct hy_image image = compile_inputs(1);
    for (int tested = 0; tested < 2; tested++) {
        hydrant_manager *manager = NULL;
        hydrant_manager_options options;
        hydrant_manager_options_init(&options);
        options.watch = false;
        options.rules.paths = paths;
        options.rules.paths_count = 1;
        options.rules.cache_dir = cache;
        assert_true(
            hy_image_keep(cache, inputs, 1, image.set, image.pack, image.pack, tested != 0));
        hydrant_status status = hydrant_manager_create(&options, &manager, NULL);
        assert_int_equal(status, tested ? HYDRANT_OK : HYDRANT_ERR_RULES);
        hydrant_manager_destroy(&manager);
    }
    destroy(&image);
}

/* ---- what makes it another one ---- */

static void changes_of_the_sources_are_seen(void **state)
{
    struct hy_image image = compile();
    char other[128];
    assert_true(keep(&image));
    assert_true(is_found());
    write_text(list_path, "love\nthe best\nfrom the\nand nor\n");
    assert_false(is_found());
    write_text(list_path, "love\nthe best\nfrom the\nand not\n");
    assert_true(is_found());
    unlink(list_path);
    assert_false(is_found());
    write_text(list_path, "love\nthe best\nfrom the\nand not\n");
    inputs[1].query = "please AND helps";
    assert_false(is_found());
    inputs[1].query = "please AND help";
    write_text(rules_path, "version: 1\nrules: [{id: all, match: x}]\n");
    assert_false(is_found());
    write_text(rules_path, rules_text);
    assert_true(is_found());
    snprintf(other, sizeof other, "%s/../%s/r.yaml", folder, strrchr(folder, '/') + 1);
    inputs[0].path = other; /* messages and watches name it otherwise */
    assert_false(is_found());
    destroy(&image);
}

/* A policy that names a time zone holds only as long as the zone does. */
static void changes_of_the_time_zone_are_seen(void **state)
{
    struct hy_image image = compile();
    char zones[TEMPORARY_INSIDE], command[2 * TEMPORARY_INSIDE + 128];
    snprintf(zones, sizeof zones, "%s/zones", folder);
    snprintf(command, sizeof command,
             "mkdir -p '%s/America' && cp /usr/share/zoneinfo/America/Denver '%s/America/Chicago'",
             zones, zones);
    assert_int_equal(system(command), 0);
    assert_true(keep(&image));
    assert_true(is_found());
    setenv("TZDIR", zones, 1);
    assert_false(is_found());
    unsetenv("TZDIR");
    assert_true(is_found());
    destroy(&image);
}

/* ---- damage ---- */

static void file_of(char *out, size_t cap)
{
    DIR *dir = opendir(cache);
    out[0] = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strstr(entry->d_name, ".pack"))
            snprintf(out, cap, "%s/%s", cache, entry->d_name);
    closedir(dir);
    assert_true(out[0]);
}

static void damaged_files_are_refused(void **state)
{
    struct hy_image image = compile();
    struct stat st;
    char file[512], moved[600];
    assert_true(keep(&image));
    file_of(file, sizeof file);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    int fd = open(file, O_RDWR);
    for (off_t at = 0; at < st.st_size; at += 1 + st.st_size / 61) {
        char byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte = (char)~byte;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_false(is_found());
        byte = (char)~byte;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    assert_true(is_found());
    assert_int_equal(chmod(cache, 0755), 0);
    assert_false(is_found());
    assert_int_equal(chmod(cache, 0700), 0);
    snprintf(moved, sizeof moved, "%s/moved", folder);
    assert_int_equal(rename(file, moved), 0);
    assert_int_equal(symlink(moved, file), 0);
    assert_false(is_found());
    assert_int_equal(rename(moved, file), 0);
    assert_true(is_found());
    assert_int_equal(truncate(file, st.st_size / 2), 0);
    assert_false(is_found());
    assert_true(keep(&image));
    assert_true(is_found());
    destroy(&image);
}

/* Bytes whose checksum is right and that still are no image: refused or read, never a crash. */
static void hostile_bytes_are_bounded(void **state)
{
    enum { TIMES = 400 };
    struct random_state seed = {random_seed("image")};
    struct hy_image image = compile(), back;
    struct hy_arena good, bad;
    unsigned refused = 0;
    struct hy_ruleset *whole = image.set;
    image.set = hy_image_summary(whole);
    hy_ruleset_destroy(&whole);
    assert_true(hy_image_write(&image, image.pack, &good));
    for (int i = 0; i < TIMES; i++) {
        size_t cut = random_below(&seed, 8) ? good.used : random_below(&seed, (uint32_t)good.used);
        assert_int_equal(hy_arena_init(&bad, good.used + 1, NULL), HYDRANT_OK);
        memcpy(hy_arena_alloc(&bad, cut, 1), good.base, cut);
        for (uint32_t k = random_below(&seed, 4); k > 0 && cut > 512; k--) {
            uint32_t where = random_below(&seed, 2) ? 256 : (uint32_t)cut - 8;
            uint64_t value =
                random_below(&seed, 2) ? random_below(&seed, (uint32_t)cut) : random_next(&seed);
            memcpy(bad.base + random_below(&seed, where) / 8 * 8, &value, sizeof value);
        }
        if (!hy_image_read(&bad, &back))
            refused++;
        destroy(&back);
    }
    assert_in_range(refused, TIMES / 10, TIMES);
    hy_arena_fini(&good);
    destroy(&image);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(all_pointers_are_walked),         CASE(what_is_read_back_judges_the_same),
        CASE(derived_packs_are_kept),          CASE(only_tested_images_go_live),
        CASE(changes_of_the_sources_are_seen), CASE(changes_of_the_time_zone_are_seen),
        CASE(damaged_files_are_refused),       CASE(hostile_bytes_are_bounded),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
