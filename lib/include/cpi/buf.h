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

/* Raw writing: p has room for what is written, and the place behind it is returned. */
#define CPI_UINT_BYTES_MAX 10
static inline uint64_t cpi_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}
static inline uint8_t *cpi_write_uint(uint8_t *p, uint64_t value)
{
    while (value >= 0x80) {
        *p++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *p++ = (uint8_t)value;
    return p;
}
static inline uint8_t *cpi_write_u32(uint8_t *p, uint32_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    memcpy(p, &value, sizeof value);
    return p + sizeof value;
}
static inline uint8_t *cpi_write_u64(uint8_t *p, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(p, &value, sizeof value);
    return p + sizeof value;
}
static inline uint8_t *cpi_write_text(uint8_t *p, struct cpi_text t)
{
    p = cpi_write_uint(p, t.at ? (uint64_t)t.len + 1 : 0);
    if (t.len)
        memcpy(p, t.at, t.len);
    return p + t.len;
}

static inline void cpi_buf_put_uint(struct cpi_buf *buf, uint64_t value)
{
    cpi_buf_reserve(buf, CPI_UINT_BYTES_MAX);
    buf->len = (size_t)(cpi_write_uint(buf->at + buf->len, value) - buf->at);
}
static inline void cpi_buf_put_int(struct cpi_buf *buf, int64_t value)
{
    cpi_buf_put_uint(buf, cpi_zigzag(value));
}
static inline void cpi_buf_put_u32(struct cpi_buf *buf, uint32_t value)
{
    cpi_buf_reserve(buf, 4);
    cpi_write_u32(buf->at + buf->len, value);
    buf->len += 4;
}
static inline void cpi_buf_put_u64(struct cpi_buf *buf, uint64_t value)
{
    cpi_buf_reserve(buf, 8);
    cpi_write_u64(buf->at + buf->len, value);
    buf->len += 8;
}
static inline void cpi_buf_put_text(struct cpi_buf *buf, struct cpi_text t)
{
    cpi_buf_reserve(buf, CPI_UINT_BYTES_MAX + (size_t)t.len);
    buf->len = (size_t)(cpi_write_text(buf->at + buf->len, t) - buf->at);
}
/* A text whose bytes are written after its beginning: begin, write, end with what begin gave. */
size_t cpi_buf_begin_text(struct cpi_buf *buf);
void cpi_buf_end_text(struct cpi_buf *buf, size_t begin);
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
static inline struct cpi_reader cpi_reader_of(const void *bytes, size_t len)
{
    const uint8_t *at = (const uint8_t *)(bytes ? bytes : ""); /* C knows no NULL + 0 */
    return (struct cpi_reader){ at, at + (bytes ? len : 0), false };
}
static inline size_t cpi_reader_left(const struct cpi_reader *r)
{
    return (size_t)(r->end - r->at);
}
uint64_t cpi_read_uint_long(struct cpi_reader *r); /* of two bytes or more */
uint64_t cpi_read_bad(struct cpi_reader *r);
static inline uint64_t cpi_read_uint(struct cpi_reader *r)
{
    return r->at < r->end && *r->at < 0x80 ? *r->at++ : cpi_read_uint_long(r);
}
static inline int64_t cpi_read_int(struct cpi_reader *r)
{
    uint64_t value = cpi_read_uint(r);
    return (int64_t)((value >> 1) ^ (~(value & 1) + 1));
}
static inline uint32_t cpi_read_u32(struct cpi_reader *r)
{
    uint32_t value;
    if (cpi_reader_left(r) < sizeof value)
        return (uint32_t)cpi_read_bad(r);
    memcpy(&value, r->at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap32(value);
#endif
    r->at += sizeof value;
    return value;
}
static inline uint64_t cpi_read_u64(struct cpi_reader *r)
{
    uint64_t value;
    if (cpi_reader_left(r) < sizeof value)
        return cpi_read_bad(r);
    memcpy(&value, r->at, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    r->at += sizeof value;
    return value;
}
static inline uint8_t cpi_read_byte(struct cpi_reader *r)
{
    return r->at < r->end ? *r->at++ : (uint8_t)cpi_read_bad(r);
}
/* Views into the read bytes. */
static inline struct cpi_text cpi_read_bytes(struct cpi_reader *r, size_t len)
{
    struct cpi_text t = { (const char *)r->at, (uint32_t)len };
    if (cpi_reader_left(r) < len || len > UINT32_MAX) {
        cpi_read_bad(r);
        return CPI_ABSENT;
    }
    r->at += len;
    return t;
}
static inline struct cpi_text cpi_read_text(struct cpi_reader *r)
{
    uint64_t len = cpi_read_uint(r);
    return len ? cpi_read_bytes(r, len - 1) : CPI_ABSENT;
}

#endif
