#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static void docs_name_every_drop_reason(void **state)
{
    char *page = read_file(HYDRANT_SOURCE_DIR "/docs/drops.md");
    unsigned rows = 0;
    for (int drop = HYDRANT_DROP_NONE + 1; drop < HYDRANT_DROPS; drop++) {
        char row[256];
        snprintf(row, sizeof row, "| `%s` | %s |\n", hydrant_drop_name((hydrant_drop)drop),
                 hydrant_drop_meaning((hydrant_drop)drop));
        if (!strstr(page, row))
            fail_msg("docs/drops.md lacks: %s", row);
    }
    for (const char *at = page; (at = strstr(at, "\n| `")); at++)
        rows++;
    assert_int_equal(rows, HYDRANT_DROPS - 1);
    free(page);
}

static void names_end_where_the_enumerations_end(void **state)
{
    assert_string_equal(hydrant_emotion_name(0), "admiration");
    assert_string_equal(hydrant_emotion_name(HYDRANT_EMOTIONS - 1), "neutral");
    assert_null(hydrant_emotion_name(HYDRANT_EMOTIONS));
    assert_string_equal(hydrant_ekman_name(HYDRANT_EKMAN - 1), "neutral");
    assert_null(hydrant_ekman_name(HYDRANT_EKMAN));
    assert_string_equal(hydrant_sentiment_name(HYDRANT_NEUTRAL), "neutral");
    assert_null(hydrant_sentiment_name(HYDRANT_SENTIMENTS));
    assert_string_equal(hydrant_speech_act_name(HYDRANT_ACT_ABUSE), "abuse");
    assert_null(hydrant_speech_act_name(HYDRANT_SPEECH_ACTS));
    assert_string_equal(hydrant_item_event_name(HYDRANT_ITEM_SPREAD), "spread");
    assert_null(hydrant_item_event_name(HYDRANT_ITEM_EVENTS));
    assert_string_equal(hydrant_action_name(HYDRANT_ACTION_IGNORE), "ignore");
    assert_null(hydrant_action_name((hydrant_action)(HYDRANT_ACTION_IGNORE + 1)));
    assert_string_equal(hydrant_dup_kind_name(HYDRANT_DUP_REDELIVERED), "redelivered");
    assert_string_equal(hydrant_stage_name(HYDRANT_STAGE_PUBLISH), "publish");
    assert_null(hydrant_stage_name(HYDRANT_STAGES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(docs_name_every_drop_reason),
        cmocka_unit_test(names_end_where_the_enumerations_end),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
