/*
 * Runs a fuzz target over files and folders named on the command line, without libFuzzer: each file
 * is one input, and each is also fed in a few damaged forms. Exit 0 when none crashed; 1 when there
 * was nothing to run.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs_run;

static void run(const uint8_t *data, size_t size)
{
    /* An exact-size copy, so that AddressSanitizer sees the first byte read past the end. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs_run++;
}

static void run_damaged(uint8_t *data, size_t size)
{
    uint32_t state = 2463534242u;
    for (size_t cut = 1; cut <= 8; cut++)
        run(data, size * cut / 8);
    for (int i = 0; i < 64 && size; i++) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        size_t at = state % size;
        uint8_t old = data[at];
        data[at] = (uint8_t)(state >> 24);
        run(data, size);
        data[at] = old;
    }
}

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
        abort();
    fclose(file);
    run_damaged(data, (size_t)size);
    free(data);
}

static void run_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }
    if (!S_ISDIR(st.st_mode)) {
        run_file(path);
        return;
    }
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        run_path(name);
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("%u inputs\n", inputs_run);
    return inputs_run ? 0 : 1;
}
