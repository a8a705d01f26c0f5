#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/starter/starter.h"

static void equals_file(const char *text, size_t len, const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = malloc(len + 2);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, len + 2, file), len);
    assert_memory_equal(bytes, text, len);
    assert_int_equal(text[len], 0);
    free(bytes);
    fclose(file);
}

static void built_in_texts_are_the_files(void **state)
{
#define CHECK(name)                                         \
    equals_file(hy_starter_##name, hy_starter_##name##_len, \
                HYDRANT_SOURCE_DIR "/rules/starter/" #name ".yaml");
    HY_STARTER_TABLE(CHECK)
#undef CHECK
    equals_file(hy_policy_default, hy_policy_default_len,
                HYDRANT_SOURCE_DIR "/rules/policy/default.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_texts_are_the_files),
    };
    return cmocka_run_group_tests_name("starter", tests, NULL, NULL);
}
