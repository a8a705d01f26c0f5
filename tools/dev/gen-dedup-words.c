/*
 * Compiles the word lists of engine/dedup/words/ into the table that dedup_lexicon.c reads.
 *
 * usage: gen-dedup-words FOLDER OUT.c
 *
 * The first list that holds a word decides about it: stop, same, names, not, counted. Build
 * time only; exits 1 with a message on any input it does not like.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dedup/dedup_lexicon_table.h"

enum { LINE_MAX_BYTES = 4096, ALIASES_MAX = 1024, SLOTS = 1 << HY_DEDUP_LEXICON_BITS };

static uint32_t slots[SLOTS];
static unsigned used;
static struct hy_dedup_alias aliases[ALIASES_MAX];
static unsigned aliases_count;

static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static uint64_t hash_of(const char *word)
{
    char padded[LINE_MAX_BYTES + HY_DEDUP_WORD_SLACK] = {0};
    snprintf(padded, LINE_MAX_BYTES, "%s", word);
    return hy_dedup_word_hash(padded, (uint32_t)strlen(padded));
}

static uint32_t find(const char *word)
{
    uint64_t hash = hash_of(word);
    uint32_t print = hy_dedup_lexicon_print(hash), at = hy_dedup_lexicon_slot(hash);
    for (; slots[at % SLOTS]; at++) {
        if (slots[at % SLOTS] >> 8 == print)
            return slots[at % SLOTS] & 0xFF;
    }
    return 0;
}

static void add(const char *word, uint32_t value)
{
    uint64_t hash = hash_of(word);
    uint32_t at = hy_dedup_lexicon_slot(hash);
    if (find(word))
        return; /* an earlier list has it */
    while (slots[at % SLOTS])
        at++;
    slots[at % SLOTS] = hy_dedup_lexicon_print(hash) << 8 | value;
    if (++used > SLOTS / 2)
        fail("too many words: raise HY_DEDUP_LEXICON_BITS");
}

static void add_alias(const char *word, const char *target)
{
    if (aliases_count == ALIASES_MAX)
        fail("too many aliases");
    aliases[aliases_count++] = (struct hy_dedup_alias){hash_of(word), hash_of(target)};
    add(word, HY_DEDUP_VALUE_ALIAS);
}

/* Calls line(words of it, how many) for every line of a list; "# name" lines go to section(). */
static void read_list(const char *folder, const char *name, void (*line)(char **, unsigned),
                      void (*section)(const char *))
{
    char path[LINE_MAX_BYTES], text[LINE_MAX_BYTES], *words[LINE_MAX_BYTES / 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail("cannot open %s", path);
    while (fgets(text, sizeof text, file)) {
        unsigned count = 0;
        text[strcspn(text, "\n")] = 0;
        if (text[0] == '#') {
            section(text + 1 + strspn(text + 1, " "));
            continue;
        }
        for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
            words[count++] = word;
        if (count)
            line(words, count);
    }
    fclose(file);
}

static void no_section(const char *name)
{
    (void)name;
}

static void stop_line(char **words, unsigned count)
{
    static uint32_t code;
    if (++code > HY_DEDUP_VALUE_STOP_MAX)
        fail("more than %d stop words", HY_DEDUP_VALUE_STOP_MAX);
    for (unsigned i = 0; i < count; i++)
        add(words[i], code);
}

static void not_line(char **words, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add(words[i], find("not"));
}

static void same_line(char **words, unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        add_alias(words[i], words[0]);
}

static void names_line(char **words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (find(words[i]) == HY_DEDUP_VALUE_ALIAS)
            fail("%s is a name and read as another word", words[i]);
        add(words[i], HY_DEDUP_VALUE_NAME);
    }
}

static uint32_t section_value = HY_DEDUP_VALUE_KNOWN;

static void counted_section(const char *name)
{
    section_value = strcmp(name, "common") == 0 ? HY_DEDUP_VALUE_COMMON : HY_DEDUP_VALUE_KNOWN;
}

static void counted_line(char **words, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add(words[i], section_value);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct hy_dedup_alias *)a)->hash;
    uint64_t y = ((const struct hy_dedup_alias *)b)->hash;
    return x < y ? -1 : x > y;
}

static void write_table(const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        fail("cannot write %s", path);
    fprintf(out, "#include \"dedup/dedup_lexicon_table.h\"\n\n"
                 "const uint32_t hy_dedup_lexicon_slots[1 << HY_DEDUP_LEXICON_BITS] = {\n");
    for (unsigned i = 0; i < SLOTS; i++)
        fprintf(out, "%u,%c", slots[i], i % 8 == 7 ? '\n' : ' ');
    fprintf(out, "};\n\nconst struct hy_dedup_alias hy_dedup_aliases[] = {\n");
    for (unsigned i = 0; i < aliases_count; i++)
        fprintf(out, "{%lluu, %lluu},\n", (unsigned long long)aliases[i].hash,
                (unsigned long long)aliases[i].target);
    fprintf(out,
            "};\n\nconst uint16_t hy_dedup_aliases_from[(1 << HY_DEDUP_ALIAS_BITS) + 1] = {\n");
    for (unsigned part = 0, at = 0; part <= 1 << HY_DEDUP_ALIAS_BITS; part++) {
        while (at < aliases_count && hy_dedup_alias_part(aliases[at].hash) < part)
            at++;
        fprintf(out, "%u,%c", at, part % 8 == 7 ? '\n' : ' ');
    }
    fprintf(out, "};\n");
    if (fclose(out) != 0)
        fail("cannot write %s", path);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("usage: gen-dedup-words FOLDER OUT.c");
    read_list(argv[1], "stop_en.txt", stop_line, no_section);
    read_list(argv[1], "same_en.txt", same_line, no_section);
    read_list(argv[1], "names_en.txt", names_line, no_section);
    read_list(argv[1], "not.txt", not_line, no_section);
    read_list(argv[1], "counted_en.txt", counted_line, counted_section);
    qsort(aliases, aliases_count, sizeof *aliases, by_hash);
    write_table(argv[2]);
    return 0;
}
