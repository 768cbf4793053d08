#include "cpi/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_buf_init(struct cpi_buf *buf)
{
    *buf = (struct cpi_buf){ NULL, 0, 0 };
}

void cpi_buf_fini(struct cpi_buf *buf)
{
    free(buf->at);
    cpi_buf_init(buf);
}

void cpi_buf_grow(struct cpi_buf *buf, size_t more_bytes)
{
    size_t cap = buf->cap ? buf->cap : 64;
    while (cap - buf->len < more_bytes)
        cap *= 2;
    buf->at = cpi_xrealloc(buf->at, cap);
    buf->cap = cap;
}

void cpi_buf_add_format(struct cpi_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    cpi_buf_reserve(buf, (size_t)len + 1);
    va_start(args, format);
    vsnprintf((char *)buf->at + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

void cpi_buf_put_uint(struct cpi_buf *buf, uint64_t value)
{
    cpi_buf_reserve(buf, 10);
    uint8_t *p = buf->at + buf->len;
    while (value >= 0x80) {
        *p++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *p++ = (uint8_t)value;
    buf->len = (size_t)(p - buf->at);
}

void cpi_buf_put_int(struct cpi_buf *buf, int64_t value)
{
    cpi_buf_put_uint(buf, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

void cpi_buf_put_u64(struct cpi_buf *buf, uint64_t value)
{
    cpi_buf_reserve(buf, 8);
    for (int i = 0; i < 8; i++)
        buf->at[buf->len++] = (uint8_t)(value >> (8 * i));
}

void cpi_buf_put_text(struct cpi_buf *buf, struct cpi_text t)
{
    cpi_buf_put_uint(buf, t.at ? (uint64_t)t.len + 1 : 0);
    cpi_buf_add(buf, t.at, t.len);
}

struct cpi_reader cpi_reader_of(const void *bytes, size_t len)
{
    const uint8_t *at = bytes ? bytes : (const uint8_t *)""; /* C knows no NULL + 0 */
    return (struct cpi_reader){ at, at + (bytes ? len : 0), false };
}

static uint64_t read_bad(struct cpi_reader *r)
{
    r->bad = true;
    r->at = r->end;
    return 0;
}

uint64_t cpi_read_uint(struct cpi_reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; r->at < r->end; shift += 7) {
        uint8_t byte = *r->at++;
        if (shift == 63 && byte > 1)
            return read_bad(r);
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
        if (shift == 63)
            return read_bad(r);
    }
    return read_bad(r);
}

int64_t cpi_read_int(struct cpi_reader *r)
{
    uint64_t value = cpi_read_uint(r);
    return (int64_t)((value >> 1) ^ (~(value & 1) + 1));
}

uint64_t cpi_read_u64(struct cpi_reader *r)
{
    if (cpi_reader_left(r) < 8)
        return read_bad(r);
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    return value;
}

uint8_t cpi_read_byte(struct cpi_reader *r)
{
    return r->at < r->end ? *r->at++ : (uint8_t)read_bad(r);
}

struct cpi_text cpi_read_bytes(struct cpi_reader *r, size_t len)
{
    if (cpi_reader_left(r) < len || len > UINT32_MAX) {
        read_bad(r);
        return CPI_ABSENT;
    }
    struct cpi_text t = { (const char *)r->at, (uint32_t)len };
    r->at += len;
    return t;
}

struct cpi_text cpi_read_text(struct cpi_reader *r)
{
    uint64_t len = cpi_read_uint(r);
    return len ? cpi_read_bytes(r, len - 1) : CPI_ABSENT;
}
