/* Character references and HTML to plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "normalize/entities_table.h"
#include "normalize/html.h"
#include "text/utf8.h"

/* Runs on copies of exactly the right size, so that a sanitizer sees a byte too many. */
static char *strip(const char *text, size_t len, bool cut, uint32_t *out_len)
{
    char *in = malloc(len + 1), *out = malloc(len + 1);
    assert_true(in && out);
    char *in_exact = realloc(in, len ? len : 1);
    memcpy(in_exact, text, len);
    *out_len = hy_html_strip(in_exact, (uint32_t)len, cut, out);
    assert_true(*out_len <= len);
    out[*out_len] = 0;
    free(in_exact);
    return out;
}

static void strips_to(const char *html, const char *expected)
{
    uint32_t len;
    char *got = strip(html, strlen(html), false, &len);
    assert_string_equal(got, expected);
    free(got);
}

static void decodes_to(const char *text, const char *expected)
{
    size_t len = strlen(text);
    char *out = malloc(len + 1);
    assert_non_null(out);
    out[hy_entities_decode(text, (uint32_t)len, out)] = 0;
    assert_string_equal(out, expected);
    strips_to(text, expected);
    free(out);
}

static void named_references(void **state)
{
    decodes_to("AT&amp;T &lt;b&gt; &quot;x&quot; &apos;", "AT&T <b> \"x\" '");
    decodes_to("a&nbsp;b &eacute;&Ouml;&szlig; &euro;5 &hellip;&rsquo;", "a\u00A0b éÖß €5 …’");
    decodes_to("AT&T &unknown; &; & &&amp;", "AT&T &unknown; &; & &&");
    decodes_to("&amp;lt;", "&lt;");
}

static void references_without_semicolon(void **state)
{
    decodes_to("AT&amp T&lt", "AT& T<");
    decodes_to("?a=1&copy=2&region=3", "?a=1&copy=2&region=3");
    decodes_to("&hellip &copy.", "&hellip ©.");
}

static void numeric_references(void **state)
{
    decodes_to("&#39;&#x27;&#X1F621;&#128545;", "''😡😡");
    decodes_to("&#39x &#x2Fz", "'x /z");
    decodes_to("&#128;&#146;&#129;", "€’\xC2\x81");
    decodes_to("&#0;&#xD800;&#xDFFF;&#1114112;&#99999999999999999999;",
               "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    decodes_to("&#; &#x; &#xg; &#", "&#; &#x; &#xg; &#");
    decodes_to("&#0", "\uFFFD");
}

static void every_name_is_found_and_shrinks(void **state)
{
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        char text[64], out[64], expected[8];
        const struct entity *e = &entities[i];
        assert_true(i == 0 || strcmp(entities[i - 1].name, e->name) < 0);
        uint32_t expected_len = hy_utf8_encode(e->code_point, expected);
        snprintf(text, sizeof text, "&%s;", e->name);
        uint32_t len = (uint32_t)strlen(text);
        assert_int_equal(hy_entities_decode(text, len, out), expected_len);
        assert_memory_equal(out, expected, expected_len);
        assert_true(expected_len <= len - e->bare);
        assert_int_equal(hy_entities_decode(text, len - 1, out), e->bare ? expected_len : len - 1);
    }
}

static void mastodon_links_and_paragraphs(void **state)
{
    strips_to(
        "<p>No signal, <span class=\"h-card\"><a href=\"https://m.example/@att\" class=\"u-url "
        "mention\">@<span>att</span></a></span></p><p>again<br />and again</p>",
        "No signal, @att\nagain\nand again");
    strips_to("<a href=\"x\"><span class=\"invisible\">https://</span><span>e.example/a</span>"
              "<span class=\"invisible\">/b</span></a>",
              "https://e.example/a/b");
    strips_to("<P>a</P>\n  <P> b</P>\n", "a\nb");
    strips_to("a<br><br>b<br>", "a\n\nb");
    strips_to("<br/><p>a", "a");
    strips_to("<ul><li>one<li>two</ul>three", "one\ntwo\nthree");
    strips_to("&lt;p&gt; 5 &gt; 3", "<p> 5 > 3");
    strips_to("a <b>b</b> <i>c</i>", "a b c");
    strips_to("", "");
    strips_to(" \n ", "");
}

static void angles_that_are_text(void **state)
{
    strips_to("I <3 you, a < b, x<y", "I <3 you, a < b, x<y");
    strips_to("</3 <", "</3 <");
    strips_to("<> <-> << <<", "<> <-> << <<");
    strips_to("<!> <?> <!", "<!> <?> <!");
    strips_to("<3 <b>bold</b> <", "<3 bold <");
    strips_to("a <b", "a <b");
}

static void a_tag_cut_off_is_dropped(void **state)
{
    uint32_t len;
    char *got = strip("text <a href=\"https://", 22, true, &len);
    assert_string_equal(got, "text");
    free(got);
}

static void scripts_styles_and_comments_go(void **state)
{
    strips_to("a<script>if (1 < 2) x('</p>')</script>b", "ab");
    strips_to("a<STYLE media=x>p > b {}</style >b", "ab");
    strips_to("a<script>never closed", "a");
    strips_to("a<script>x</scripty></script>b", "ab");
    strips_to("a<!-- <b> <!-- --> b --> c", "a b --> c");
    strips_to("a<!-->b<!--->c<!---->d", "abcd");
    strips_to("a<!-- never closed", "a");
    strips_to("<!DOCTYPE html><?xml version='1'?>a", "a");
}

static void quotes_in_tags(void **state)
{
    strips_to("<a title=\"a > b\">x</a>", "x");
    strips_to("<a title = '>'>x</a>", "x");
    strips_to("<a don't>x</a>", "x");
    strips_to("<a title=\"no end>x</a> y", "x y");
    strips_to("<img alt=\">\"", "\"");
}

static double seconds_for(const char *unit, size_t units)
{
    size_t n = strlen(unit);
    char *text = malloc(n * units), *out = malloc(n * units);
    assert_true(text && out);
    for (size_t i = 0; i < units; i++)
        memcpy(text + i * n, unit, n);
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    hy_html_strip(text, (uint32_t)(n * units), false, out);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    free(text);
    free(out);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
}

/* Quadratic time over 2 MB would take half a minute; linear takes milliseconds. */
static void hostile_html_takes_linear_time(void **state)
{
    static const char *const units[] = {
        "<a",
        "<",
        "<!--",
        "<!",
        "</",
        "<a =\"",
        "<a =\">\" ",
        "<a ='\">",
        "&",
        "&#",
        "&amp",
        "<script>",
        "<script></script",
        "<br>",
        " <p> ",
        "<p",
        "<a =\">\"'",
        "&#9999999999",
        "<!-- --",
    };
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double seconds = seconds_for(units[i], (2 << 20) / strlen(units[i]));
        if (seconds > 5)
            fail_msg("%s takes %.1f s", units[i], seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_references),
        cmocka_unit_test(references_without_semicolon),
        cmocka_unit_test(numeric_references),
        cmocka_unit_test(every_name_is_found_and_shrinks),
        cmocka_unit_test(mastodon_links_and_paragraphs),
        cmocka_unit_test(angles_that_are_text),
        cmocka_unit_test(a_tag_cut_off_is_dropped),
        cmocka_unit_test(scripts_styles_and_comments_go),
        cmocka_unit_test(quotes_in_tags),
        cmocka_unit_test(hostile_html_takes_linear_time),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
