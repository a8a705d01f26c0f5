/*
 * XML (RSS, Atom) as JSON, so that mappings need one language:
 *
 *   <a>text</a>                      "a": "text"
 *   <a href="u">text<b>c</b></a>     "a": {"href": "u", "b": "c", "#": "text"}
 *   the same element again           the same name again: a path visits them all
 *   <a type="xhtml">..</a>           its character data, markup left out
 *
 * Names are as they are written, prefix included (content:encoded). Nothing outside the bytes is
 * ever loaded; a document type with declarations of its own is refused, so entities cannot grow.
 * Allocates (expat), as much as the record is large.
 */
#ifndef HY_DECODE_MAP_XML_H
#define HY_DECODE_MAP_XML_H

#include <hydrant/types.h>

#include <stddef.h>

/* Writes the JSON to out; *len <= cap. NOT_JSON (which here means: not well-formed XML), TOO_DEEP,
 * TOO_LONG (more than cap bytes of JSON). */
hydrant_drop hy_map_xml(hydrant_str xml, uint32_t depth_max, char *out, size_t cap, size_t *len);

#endif
