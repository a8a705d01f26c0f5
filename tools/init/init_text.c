/*
 * Making a starter over for a brand: see init_text.h.
 *
 * A starter speaks of a brand called Acme with the accounts @acme and @acmehelp. Its part between
 * the lines "# ---- the brand ----" and "# ---- the rules ----" is written anew; in the rest, which
 * holds rules and tests, these are replaced:
 *
 *   brand: "Acme"        the name, quoted for YAML
 *   @acme OR @acmehelp   all handles
 *   @acme, @acmehelp     the main handle
 *   acme, Acme           what people call the brand: its name or, when that has characters that
 *                        mean something in lists or quotes, its handle
 */
#include "init/init_text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/utf8_text.h"

static const char brand_line[] = "# ---- the brand ----\n",
                  rules_line[] = "# ---- the rules ----\n";

/* ---- what was embedded ---- */

#define STARTERS(X) X(general) X(telecom) X(airline) X(retail) X(saas)
#define DECLARE(name) extern const char init_starter_##name[];
STARTERS(DECLARE)
#undef DECLARE
extern const char init_policy[];

const char *init_starter(const char *industry)
{
#define ROW(name)                     \
    if (strcmp(industry, #name) == 0) \
        return init_starter_##name;
    STARTERS(ROW)
#undef ROW
    return NULL;
}

/* ---- names ---- */

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_control(int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x200B && cp <= 0x200F) ||
           (cp >= 0x2028 && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF ||
           (cp & 0xFFFE) == 0xFFFE || (cp >= 0xFDD0 && cp <= 0xFDEF) || cp >= 0xE0000;
}

const char *init_name_problem(const char *name)
{
    if (strlen(name) > INIT_NAME_BYTES_MAX)
        return "it is longer than 120 bytes";
    bool blank = true;
    size_t bytes = strlen(name);
    for (size_t at = 0, len; at < bytes; at += len) {
        int32_t cp = utf8_text_decode(name + at, bytes - at, &len);
        if (cp < 0)
            return "it is not UTF-8";
        if (is_control(cp))
            return "it holds a control character";
        blank &= cp == ' ' || cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x3000;
    }
    return blank ? "it is blank" : NULL;
}

const char *init_handle_problem(const char *handle)
{
    size_t len = strlen(handle);
    if (len == 0 || len > INIT_HANDLE_BYTES_MAX)
        return "it is not 1 to 60 characters long";
    bool letter = false;
    for (size_t i = 0; i < len; i++) {
        if (!is_letter_or_digit(handle[i]) && !strchr("_.-@", handle[i]))
            return "it holds something other than letters, digits and _ . - @";
        letter |= is_letter_or_digit(handle[i]);
    }
    if (!letter || strchr(".-@", handle[0]) || strchr(".-@", handle[len - 1]))
        return "it does not begin and end with a letter or digit";
    return NULL;
}

/* What people write in a handle for the Latin letters from U+00C0 to U+017F; blank: nothing. Small
 * are those that are found without their accents, so that "Citroen" is; capitals are letters of
 * their own. */
static const char plain_letters[] = "aaaaaaAceeeeiiiiDnooooo OuuuuyTS" /* C0 */
                                    "aaaaaaAceeeeiiiiDnooooo OuuuuyTy" /* E0 */
                                    "aaaaaaccccccccddDDeeeeeeeeeegggg" /* 100 */
                                    "gggghhHHiiiiiiiiiIIIjjkkKllllllL" /* 120 */
                                    "LLLnnnnnnNNNooooooOOrrrrrrssssss" /* 140 */
                                    "ssttttTTuuuuuuuuuuuuwwyyyzzzzzzs" /* 160 */;

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* What the character at *name is in a handle, in capitals as above; 0: nothing. Moves on. */
static char handle_character(const char **name)
{
    unsigned char c = (unsigned char)*(*name)++;
    if (c < 0x80)
        return is_letter_or_digit((char)c) ? lower((char)c) : 0;
    if (c < 0xC3 || c > 0xC5)
        return 0;
    unsigned cp = (c & 0x1Fu) << 6 | ((unsigned char)*(*name)++ & 0x3Fu);
    return plain_letters[cp - 0xC0] == ' ' ? 0 : plain_letters[cp - 0xC0];
}

bool init_handle_from_name(const char *name, char *out)
{
    size_t len = 0;
    while (*name && len < INIT_HANDLE_BYTES_MAX) {
        char c = handle_character(&name);
        if (c)
            out[len++] = lower(c);
    }
    out[len] = 0;
    return len > 0;
}

static const char *skip_signs(const char *name)
{
    while (*name && !is_letter_or_digit(*name) && (unsigned char)*name < 0x80)
        name++;
    return name;
}

/* Is name that handle, but for case, accents and signs at its ends? */
static bool is_written_as(const char *name, const char *handle)
{
    name = skip_signs(name);
    for (; *name && *handle; handle++)
        if (handle_character(&name) != lower(*handle))
            return false;
    return !*skip_signs(name) && !*handle;
}

/* Beside other words such a name would read like a query. */
static bool has_operator(const char *name)
{
    static const char *const operators[] = {"AND", "OR", "NOT"};
    for (size_t len; *name; name += len + (name[len] == ' ')) {
        len = strcspn(name, " ");
        for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
            if (len == strlen(operators[i]) && strncmp(name, operators[i], len) == 0)
                return true;
    }
    return false;
}

/* Can the name stand in a list, in quotes and in a test as it is? Otherwise the handle does. */
static bool is_simple(const char *name)
{
    bool word = false;
    for (size_t i = 0; name[i]; i++) {
        bool high = (unsigned char)name[i] >= 0x80;
        if (!high && !is_letter_or_digit(name[i]) && !strchr(" &'.-", name[i]))
            return false;
        word |= is_letter_or_digit(name[i]);
    }
    size_t len = strlen(name);
    bool ends = name[0] != '-' && name[0] != ' ' && name[len - 1] != ' ';
    return word && ends && !has_operator(name);
}

/* A hashtag is letters, digits and _ with a letter among them. */
static bool is_hashtag(const char *handle)
{
    bool letter = false;
    for (; *handle; handle++) {
        if (!is_letter_or_digit(*handle) && *handle != '_')
            return false;
        letter |= is_letter_or_digit(*handle) && !(*handle >= '0' && *handle <= '9');
    }
    return letter;
}

/* ---- quoting ---- */

/* Inside a double-quoted YAML scalar. */
static void put_yaml(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* Inside a phrase of a query that is inside a double-quoted YAML scalar. A * or ? says nothing in a
 * phrase, and the checker would warn of it. */
static void put_phrase(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '"')
            fputs("\\\\\\\"", out);
        else if (*text == '\\')
            fputs("\\\\\\\\", out);
        else if (*text != '*' && *text != '?')
            fputc(*text, out);
    }
}

static const char *spoken_name(const struct init_brand *brand)
{
    return is_simple(brand->name) ? brand->name : brand->handles[0];
}

static bool has_word(const char *name)
{
    for (; *name; name++)
        if (is_letter_or_digit(*name) || (unsigned char)*name >= 0x80)
            return true;
    return false;
}

/* ---- the part about the brand ---- */

static void put_handle_list(FILE *out, const struct init_brand *brand)
{
    fputc('[', out);
    for (size_t i = 0; i < brand->handles_count; i++)
        fprintf(out, "%s\"@%s\"", i ? ", " : "", brand->handles[i]);
    fputc(']', out);
}

/* A word that is looked for already finds its handle and its hashtag, too. */
static bool is_found(const struct init_brand *brand, size_t handle)
{
    if (!is_simple(brand->name))
        return handle == 0;
    return is_written_as(brand->name, brand->handles[handle]);
}

static void put_us(FILE *out, const struct init_brand *brand)
{
    bool any = false;
    fputs("  us: \"", out);
    bool simple = is_simple(brand->name);
    if (has_word(brand->name) && (simple || !is_written_as(brand->name, brand->handles[0]))) {
        fputs("\\\"", out);
        put_phrase(out, brand->name);
        fputs("\\\"", out);
        any = true;
    }
    if (!simple) {
        fprintf(out, "%s\\\"%s\\\"", any ? " OR " : "", brand->handles[0]);
        any = true;
    }
    for (size_t i = 0; i < brand->handles_count; i++) {
        if (is_found(brand, i))
            continue;
        fprintf(out, "%s@%s", any ? " OR " : "", brand->handles[i]);
        any = true;
        if (is_hashtag(brand->handles[i]))
            fprintf(out, " OR #%s", brand->handles[i]);
    }
    fputs("\"\n", out);
}

static void put_brand(FILE *out, const struct init_brand *brand)
{
    fputs(brand_line, out);
    fputs("brands:\n  \"", out);
    put_yaml(out, brand->name);
    fputs("\":\n"
          "    # Posts by these accounts are ours; posts to these accounts ask us.\n"
          "    own: {from: ",
          out);
    put_handle_list(out, brand);
    fputs(", to: ", out);
    put_handle_list(out, brand);
    fputs("}\n"
          "    # Sites known for one kind of post, for the policy's sitekind: lines.\n"
          "    # sites: {fan: [fans.example], rant: [rants.example], industry: [news.example]}\n"
          "macros:\n"
          "  # What counts as talking about us.\n",
          out);
    put_us(out, brand);
    fputs(rules_line, out);
}

/* ---- the rules ---- */

static bool starts(const char *p, const char *with)
{
    return strncmp(p, with, strlen(with)) == 0;
}

static void put_handle_terms(FILE *out, const struct init_brand *brand)
{
    for (size_t i = 0; i < brand->handles_count; i++)
        fprintf(out, "%s@%s", i ? " OR " : "", brand->handles[i]);
}

/* Copies one replaceable run at p and returns its length, or 0 when there is none. */
static size_t put_replaced(FILE *out, const char *p, const char *before,
                           const struct init_brand *brand)
{
    static const char quoted[] = "brand: \"Acme\"", both[] = "@acme OR @acmehelp";
    if (starts(p, quoted)) {
        fputs("brand: \"", out);
        put_yaml(out, brand->name);
        fputc('"', out);
        return sizeof quoted - 1;
    }
    if (starts(p, both)) {
        put_handle_terms(out, brand);
        return sizeof both - 1;
    }
    if (starts(p, "@acme")) {
        fprintf(out, "@%s", brand->handles[0]);
        return starts(p, "@acmehelp") ? 9 : 5;
    }
    bool inside = before && is_letter_or_digit(*before);
    if ((starts(p, "acme") || starts(p, "Acme")) && !inside && !is_letter_or_digit(p[4])) {
        put_yaml(out, spoken_name(brand));
        return 4;
    }
    return 0;
}

static char *finish(FILE *out, char **text)
{
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed)
        return *text;
    free(*text);
    return NULL;
}

char *init_rules_text(const char *starter, const struct init_brand *brand)
{
    const char *rules_part = strstr(starter, rules_line);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    fputs("# Rules that find the posts about ", out);
    fputs(brand->name, out);
    fputs(". Made by \"hydrant init\" to be edited: add words to\n"
          "# the lists, take out rules, write your own. After a change: hydrant check FILE\n"
          "version: 1\n\n",
          out);
    put_brand(out, brand);
    const char *start = rules_part + sizeof rules_line - 1;
    for (const char *p = start; *p;) {
        size_t n = put_replaced(out, p, p > start ? p - 1 : NULL, brand);
        if (n == 0)
            fputc(*p, out);
        p += n ? n : 1;
    }
    return finish(out, &text);
}

/* ---- the policy ---- */

/* The default policy without its lists: every starter has lists of the same names. */
char *init_policy_text(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    const char *start = strstr(init_policy, "version: 1\n");
    const char *lists = strstr(init_policy, "\nlists:\n"),
               *policy = strstr(init_policy, "\npolicy:\n");
    fputs("# What to do with a post that a rule has matched. Made by \"hydrant init\" to be "
          "edited; a copy of\n"
          "# the policy that is built in. Without this file that one is used.\n"
          "#\n"
          "# Lines are read from top to bottom. Under \"actions\" the first line whose \"when\" is "
          "true\n"
          "# decides; under \"escalate\" all lines that are true count; under \"private\" the "
          "first.\n",
          out);
    fwrite(start, 1, (size_t)(lists - start), out);
    /* The starter rules bring the lists that come before these. */
    const char *own = strstr(init_policy, "\n  # Offers that come");
    if (own) {
        fputs("\nlists:", out);
        fwrite(own, 1, (size_t)(policy - own), out);
    }
    fputs(policy, out);
    return finish(out, &text);
}

/* ---- hydrant.yaml ---- */

char *init_config_text(const struct init_brand *brand)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    fputs("# Configuration of the hydrant daemon for ", out);
    fputs(brand->name, out);
    fputs(".\n"
          "# Everything has a default: a line that is commented out shows it.\n"
          "\n"
          "# Files or folders; rules, lists, policy and sites.\n"
          "rules: [rules/]\n"
          "\n"
          "# Where posts come from. Files may be compressed (.zst).\n"
          "sources:\n"
          "  - {name: archive, type: file, path: posts.ndjson}\n"
          "  # - {name: hook, type: webhook, listen: 127.0.0.1:8410, journal: true}\n"
          "\n"
          "# Where items go: a ring in shared memory. Containers often have only 64 MB of it.\n"
          "ring: {path: /dev/shm/hydrant/main, bytes: 32MiB}\n"
          "\n"
          "# Who reads the ring. Declared groups keep their place while nobody is there.\n"
          "groups:\n"
          "  care: {start: oldest, when_slow: {block: 200ms, then: spill}, spill: 1GiB}\n"
          "  # dashboard: {start: newest, when_slow: drop-oldest}\n"
          "\n"
          "# Where it keeps what it must not forget, and is talked to. Paths are relative to this\n"
          "# file; the defaults, for a service of the system, are /var/lib/hydrant and\n"
          "# /run/hydrant/control.sock.\n"
          "state_dir: state\n"
          "control: state/control.sock\n"
          "\n"
          "# How long, and over how many posts, repeats are recognised.\n"
          "# dedup: {window: 24h, entries: 1000000}\n"
          "# workers: auto\n"
          "# metrics: {listen: 127.0.0.1:8411}\n"
          "# recording: {keep: 24h, bytes: 1GiB}\n",
          out);
    return finish(out, &text);
}
