/* Text as a view: bytes and a length, never NUL-terminated by contract, never owned.
 *
 * A view lives as long as what it points into: a record until the next poll, an arena until its
 * reset, a model until it is freed. Nothing here allocates. */
#ifndef CPI_TEXT_H
#define CPI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpi_text {
    const char *at; /* NULL = absent; an empty text has at != NULL and len 0 */
    uint32_t len;
};

/* A view of a string literal. */
#define CPI_TEXT(literal) ((struct cpi_text){ "" literal, sizeof(literal) - 1 })
#define CPI_ABSENT ((struct cpi_text){ NULL, 0 })
/* For printf: "%.*s", CPI_TEXT_ARG(t) */
#define CPI_TEXT_ARG(t) (int)(t).len, (t).at ? (t).at : ""

/* A view of a NUL-terminated string; NULL gives the absent text. */
struct cpi_text cpi_text_of(const char *string);
static inline bool cpi_text_is(struct cpi_text t)
{
    return t.at != NULL;
}
/* Equal bytes. Absent equals nothing, not even absent (J2). */
bool cpi_text_equal(struct cpi_text a, struct cpi_text b);
/* Equal ASCII letters whatever their case, other bytes exactly. */
bool cpi_text_equal_nocase(struct cpi_text a, struct cpi_text b);
/* Byte order, then length; absent sorts first. <0, 0, >0 as memcmp. */
int cpi_text_order(struct cpi_text a, struct cpi_text b);
bool cpi_text_starts(struct cpi_text t, struct cpi_text prefix);
/* The part from byte `from` on, at most `len` bytes. */
struct cpi_text cpi_text_part(struct cpi_text t, uint32_t from, uint32_t len);
/* Without ASCII blanks (space, \t, \r, \n) at both ends. */
struct cpi_text cpi_text_trim(struct cpi_text t);
/* Offset of the first `needle`, or -1. An empty needle is found at 0. */
int64_t cpi_text_find(struct cpi_text t, struct cpi_text needle);
/* Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool cpi_text_is_utf8(struct cpi_text t);
/* Bytes of the character that begins here, which is not ASCII; 0 = it is no UTF-8. left > 0. */
unsigned cpi_text_utf8_bytes(const uint8_t *at, size_t left);

#endif
