/*
 * Plain text out of HTML, and out of text with character references. For the networks that write
 * their posts so; in normalize, on a worker's path. Pure; any thread; nothing allocates.
 *
 * Both take any bytes. The result is valid UTF-8 if the input is, never longer than the input, and
 * takes time linear in it, whatever is in it.
 */
#ifndef HY_NORMALIZE_HTML_H
#define HY_NORMALIZE_HTML_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Replaces character references: named ones (with a semicolon; those that browsers accept without
 * one also before anything but a letter, a digit and =), decimal and hexadecimal ones. A number
 * that is no scalar value, or 0, becomes U+FFFD; 128..159 are read as Windows-1252, as browsers do.
 * What is not a reference stays. out has room for len bytes. Returns the length of the result.
 */
uint32_t hy_entities_decode(const char *text, uint32_t len, char *out);

/*
 * The reference at text[0] == '&': sets *used to its length and writes at most *used bytes to out;
 * returns how many. 0 when there is none: *used is then 0 too.
 */
uint32_t hy_entity_decode(const char *text, uint32_t len, uint32_t *used, char *out);

/*
 * Takes out tags, comments and the contents of script and style, and replaces character references.
 * Inline elements leave nothing behind (Mastodon splits links into <span>s), <br> is a newline, the
 * begin or end of a block element is the end of a line. White space before and after such an end,
 * and at both ends of the text, is dropped.
 *
 * A < that cannot begin a tag is text ("a < b", "<3", "</3"). So is a tag that never ends, unless
 * cut says that the text was cut short: then a tag at its end is dropped. Comments, script and
 * style that never end go on to the end, as in browsers.
 *
 * out has room for len bytes. Returns the length of the result.
 */
uint32_t hy_html_strip(const char *text, uint32_t len, bool cut, char *out);

#ifdef __cplusplus
}
#endif

#endif
