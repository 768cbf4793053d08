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

#define LENGTH_BYTES 2 /* of most texts that are written so: then nothing moves */

size_t cpi_buf_begin_text(struct cpi_buf *buf)
{
    cpi_buf_reserve(buf, LENGTH_BYTES);
    buf->len += LENGTH_BYTES;
    return buf->len;
}

void cpi_buf_end_text(struct cpi_buf *buf, size_t begin)
{
    size_t len = buf->len - begin;
    uint8_t length[CPI_UINT_BYTES_MAX];
    size_t n = (size_t)(cpi_write_uint(length, (uint64_t)len + 1) - length);
    cpi_buf_reserve(buf, n);
    if (n != LENGTH_BYTES)
        memmove(buf->at + begin - LENGTH_BYTES + n, buf->at + begin, len);
    memcpy(buf->at + begin - LENGTH_BYTES, length, n);
    buf->len = begin - LENGTH_BYTES + n + len;
}

uint64_t cpi_read_bad(struct cpi_reader *r)
{
    r->bad = true;
    r->at = r->end;
    return 0;
}

uint64_t cpi_read_uint_long(struct cpi_reader *r)
{
    const uint8_t *p = r->at, *end = r->end;
    uint64_t value = 0;
    if (end - p > CPI_UINT_BYTES_MAX)
        end = p + CPI_UINT_BYTES_MAX;
    for (unsigned shift = 0; p < end; shift += 7) {
        uint8_t byte = *p++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte >= 0x80)
            continue;
        if (shift == 63 && byte > 1) /* what does not fit */
            break;
        r->at = p;
        return value;
    }
    return cpi_read_bad(r);
}
