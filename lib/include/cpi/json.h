/* Writing JSON: strings escaped, everything else is the caller's. */
#ifndef CPI_JSON_H
#define CPI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/text.h"

/* Appends a JSON string; absent text gives null. The text is UTF-8. */
void cpi_json_add_string(struct cpi_buf *buf, struct cpi_text t);
/* Appends `,"name":` (without the comma behind '{', '[' or ':'). Names are plain literals. */
static inline void cpi_json_add_name(struct cpi_buf *buf, const char *name)
{
    size_t len = strlen(name);
    uint8_t last = buf->len ? buf->at[buf->len - 1] : '{';
    cpi_buf_reserve(buf, len + 4);
    uint8_t *p = buf->at + buf->len;
    if (last != '{' && last != '[' && last != ':')
        *p++ = ',';
    *p++ = '"';
    memcpy(p, name, len);
    memcpy(p + len, "\":", 2);
    buf->len = (size_t)(p + len + 2 - buf->at);
}
void cpi_json_add_member(struct cpi_buf *buf, const char *name, struct cpi_text value);
void cpi_json_add_int(struct cpi_buf *buf, const char *name, int64_t value);
void cpi_json_add_bool(struct cpi_buf *buf, const char *name, bool value);
void cpi_json_add_time(struct cpi_buf *buf, const char *name, int64_t ms);

#endif
