/* A growing byte buffer to write into, and a reader that cannot run past its end.
 *
 * Stored and sent forms use: unsigned varints (LEB128), zigzag varints for signed numbers, fixed
 * little-endian where the value is random (hashes), and texts as varint(len + 1) and bytes with 0
 * for absent. */
#ifndef CPI_BUF_H
#define CPI_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpi/text.h"

struct cpi_buf {
    uint8_t *at;
    size_t len;
    size_t cap;
};

void cpi_buf_init(struct cpi_buf *buf);
void cpi_buf_fini(struct cpi_buf *buf);
static inline void cpi_buf_reset(struct cpi_buf *buf)
{
    buf->len = 0;
}
void cpi_buf_grow(struct cpi_buf *buf, size_t more_bytes);
static inline void cpi_buf_reserve(struct cpi_buf *buf, size_t more_bytes)
{
    if (buf->cap - buf->len < more_bytes)
        cpi_buf_grow(buf, more_bytes);
}
static inline void cpi_buf_add(struct cpi_buf *buf, const void *bytes, size_t len)
{
    if (!len)
        return;
    cpi_buf_reserve(buf, len);
    memcpy(buf->at + buf->len, bytes, len);
    buf->len += len;
}
static inline void cpi_buf_add_byte(struct cpi_buf *buf, uint8_t byte)
{
    cpi_buf_reserve(buf, 1);
    buf->at[buf->len++] = byte;
}
static inline void cpi_buf_add_text(struct cpi_buf *buf, struct cpi_text t) /* the bytes alone */
{
    cpi_buf_add(buf, t.at, t.len);
}
static inline void cpi_buf_add_string(struct cpi_buf *buf, const char *string)
{
    cpi_buf_add(buf, string, strlen(string));
}
void cpi_buf_add_format(struct cpi_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cpi_buf_put_uint(struct cpi_buf *buf, uint64_t value);
void cpi_buf_put_int(struct cpi_buf *buf, int64_t value);
void cpi_buf_put_u64(struct cpi_buf *buf, uint64_t value);
void cpi_buf_put_text(struct cpi_buf *buf, struct cpi_text t);
static inline struct cpi_text cpi_buf_text(const struct cpi_buf *buf)
{
    return (struct cpi_text){ buf->at ? (const char *)buf->at : "", (uint32_t)buf->len };
}

/* Reading past the end or a malformed varint sets `bad` and yields zeros from then on. */
struct cpi_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};
struct cpi_reader cpi_reader_of(const void *bytes, size_t len);
uint64_t cpi_read_uint(struct cpi_reader *r);
int64_t cpi_read_int(struct cpi_reader *r);
uint64_t cpi_read_u64(struct cpi_reader *r);
uint8_t cpi_read_byte(struct cpi_reader *r);
/* A view into the read bytes. */
struct cpi_text cpi_read_text(struct cpi_reader *r);
struct cpi_text cpi_read_bytes(struct cpi_reader *r, size_t len);
static inline size_t cpi_reader_left(const struct cpi_reader *r)
{
    return (size_t)(r->end - r->at);
}

#endif
