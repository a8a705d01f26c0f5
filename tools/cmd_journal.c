/* hydrant journal: look inside a journal, read-only. */
#include <hydrant/journal.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/option_number.h"

static const char help[] =
    "Looks inside a journal, read-only; it may be written meanwhile.\n"
    "\n"
    "Usage: hydrant journal ls FOLDER [--json]\n"
    "  or:  hydrant journal cat FOLDER [--from N] [--count N]\n"
    "  or:  hydrant journal verify FOLDER [--json]\n"
    "\n"
    "  ls        segments: number of the first record, bytes, when it was last written\n"
    "  cat       the records as they came in, one a line: line breaks in them are spaces\n"
    "  verify    reads all of it and checks every checksum; names damaged places\n"
    "\n"
    "      --from N   begin at record N (default: the oldest)\n"
    "      --count N  at most N records\n"
    "      --json     for programs\n"
    "  -h, --help     this\n"
    "\n"
    "Exit code: 0 ok; 1 it is none, cannot be read, or verify found damage; 2 usage\n";

struct journal {
    const char *folder;
    uint64_t from, count;
    bool json;
};

static int failed(const struct journal *j, const hydrant_error *err)
{
    fprintf(stderr, "hydrant journal: %s: %s\n", err->file[0] ? err->file : j->folder, err->text);
    return HY_EXIT_FAILED;
}

static void count_segment(void *ctx, const hydrant_journal_segment *segment)
{
    (void)segment;
    ++*(uint32_t *)ctx;
}

/* Has the folder a segment, or been a journal's that has none yet? False having said that not. */
static bool is_journal(const struct journal *j)
{
    uint32_t segments = 0;
    char lock[4096];
    hydrant_error err = {0};
    if (hydrant_journal_segments(j->folder, count_segment, &segments, &err) != HYDRANT_OK) {
        failed(j, &err);
        return false;
    }
    snprintf(lock, sizeof lock, "%s/lock", j->folder);
    if (segments || access(lock, F_OK) == 0)
        return true;
    fprintf(stderr, "hydrant journal: %s: this is no journal: there is no *.hyj in it\n",
            j->folder);
    return false;
}

static void print_segment(void *ctx, const hydrant_journal_segment *segment)
{
    const struct journal *j = ctx;
    char when[32];
    time_t seconds = (time_t)(segment->changed_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    printf(j->json ? "{\"first\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"changed\":\"%s\"}\n"
                   : "%12" PRIu64 " %12" PRIu64 " %s\n",
           segment->first, segment->bytes, when);
}

static int list(struct journal *j)
{
    hydrant_error err = {0};
    if (!j->json)
        printf("%12s %12s %s\n", "first", "bytes", "changed");
    if (hydrant_journal_segments(j->folder, print_segment, j, &err) != HYDRANT_OK)
        return failed(j, &err);
    return HY_EXIT_OK;
}

/* On one line: in JSON a line break is white space, and there is none in records of lines. */
static void print_record(const hydrant_journal_record *record)
{
    const char *at = record->data, *end = at + record->len;
    if (record->len && end[-1] == '\n')
        end--;
    for (const char *line_end; (line_end = memchr(at, '\n', (size_t)(end - at)));
         at = line_end + 1) {
        fwrite(at, 1, (size_t)(line_end - at), stdout);
        putchar(' ');
    }
    fwrite(at, 1, (size_t)(end - at), stdout);
    putchar('\n');
}

static int cat(struct journal *j)
{
    hydrant_journal_reader *reader = NULL;
    hydrant_journal_record record;
    hydrant_error err = {0};
    int code = HY_EXIT_OK;
    hydrant_status status = hydrant_journal_reader_open(j->folder, j->from, &reader, &err);
    for (uint64_t i = 0; i < j->count && status != HYDRANT_ERR_AGAIN && !ferror(stdout); i++) {
        if (status == HYDRANT_OK)
            status = hydrant_journal_reader_next(reader, &record, &err);
        if (status == HYDRANT_ERR_AGAIN)
            break;
        if (status != HYDRANT_OK) {
            code = failed(j, &err);
            if (status != HYDRANT_ERR_DATA)
                break;
            status = HYDRANT_OK;
            continue;
        }
        print_record(&record);
    }
    hydrant_journal_reader_close(&reader);
    return code;
}

static int verify(struct journal *j)
{
    hydrant_journal_reader *reader = NULL;
    hydrant_journal_record record;
    hydrant_error err = {0};
    uint64_t records = 0, first = 0, last = 0, gaps = 0, damaged = 0;
    hydrant_status status = hydrant_journal_reader_open(j->folder, 0, &reader, &err);
    while (status == HYDRANT_OK || status == HYDRANT_ERR_DATA) {
        status = hydrant_journal_reader_next(reader, &record, &err);
        if (status == HYDRANT_ERR_DATA) {
            fprintf(stderr, "hydrant journal: %s: %s\n", err.file, err.text);
            damaged++;
        } else if (status == HYDRANT_OK) {
            gaps += last && record.number != last + 1;
            first = first ? first : record.number;
            last = record.number;
            records++;
        }
    }
    if (status != HYDRANT_ERR_AGAIN) {
        hydrant_journal_reader_close(&reader);
        return failed(j, &err);
    }
    uint64_t tail = hydrant_journal_reader_tail(reader);
    hydrant_journal_reader_close(&reader);
    printf(j->json ? "{\"records\":%" PRIu64 ",\"first\":%" PRIu64 ",\"last\":%" PRIu64
                     ",\"damaged\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"tail_bytes\":%" PRIu64 "}\n"
                   : "%" PRIu64 " records, %" PRIu64 " to %" PRIu64 "; %" PRIu64
                     " damaged places, %" PRIu64 " gaps, %" PRIu64 " bytes of torn tail\n",
           records, first, last, damaged, gaps, tail);
    return damaged || gaps ? HY_EXIT_FAILED : HY_EXIT_OK;
}

static int say_more(void)
{
    fputs("'hydrant journal --help' says more\n", stderr);
    return HY_EXIT_USAGE;
}

static int usage(const char *problem)
{
    fprintf(stderr, "hydrant journal: %s\n", problem);
    return say_more();
}

int cmd_journal(int argc, char **argv)
{
    enum { OPT_FROM = 256, OPT_COUNT, OPT_JSON };
    static const struct option options[] = {{"from", required_argument, NULL, OPT_FROM},
                                            {"count", required_argument, NULL, OPT_COUNT},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct journal j = {.count = UINT64_MAX};
    for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        bool good = true;
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        }
        if (c == '?')
            return say_more();
        j.json |= c == OPT_JSON;
        if (c == OPT_FROM)
            good = option_number("hydrant journal", "--from", optarg, 0, UINT64_MAX, &j.from);
        else if (c == OPT_COUNT)
            good = option_number("hydrant journal", "--count", optarg, 0, UINT64_MAX, &j.count);
        if (!good)
            return HY_EXIT_USAGE;
    }
    if (argc - optind != 2)
        return usage("say what to do, and with which folder: ls, cat or verify FOLDER");
    const char *what = argv[optind];
    j.folder = argv[optind + 1];
    bool known = strcmp(what, "ls") == 0 || strcmp(what, "cat") == 0 || strcmp(what, "verify") == 0;
    if (!known)
        return usage("it is ls, cat or verify");
    if (!is_journal(&j))
        return HY_EXIT_FAILED;
    if (strcmp(what, "ls") == 0)
        return list(&j);
    if (strcmp(what, "cat") == 0)
        return cat(&j);
    return verify(&j);
}
