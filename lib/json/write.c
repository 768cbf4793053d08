#include "cpi/json.h"

#include "cpi/decimal.h"
#include "cpi/time.h"

void cpi_json_add_string(struct cpi_buf *buf, struct cpi_text t)
{
    static const char hex[] = "0123456789abcdef";
    if (!t.at) {
        cpi_buf_add_string(buf, "null");
        return;
    }
    cpi_buf_add_byte(buf, '"');
    uint32_t from = 0;
    for (uint32_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        cpi_buf_add(buf, t.at + from, i - from);
        from = i + 1;
        cpi_buf_add_byte(buf, '\\');
        if (c == '"' || c == '\\') {
            cpi_buf_add_byte(buf, c);
        } else {
            const uint8_t escape[] = { 'u', '0', '0', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15] };
            cpi_buf_add(buf, escape, sizeof escape);
        }
    }
    cpi_buf_add(buf, t.at + from, t.len - from);
    cpi_buf_add_byte(buf, '"');
}

void cpi_json_add_member(struct cpi_buf *buf, const char *name, struct cpi_text value)
{
    cpi_json_add_name(buf, name);
    cpi_json_add_string(buf, value);
}

void cpi_json_add_int(struct cpi_buf *buf, const char *name, int64_t value)
{
    cpi_json_add_name(buf, name);
    cpi_int_format(buf, value);
}

void cpi_json_add_bool(struct cpi_buf *buf, const char *name, bool value)
{
    cpi_json_add_name(buf, name);
    cpi_buf_add_string(buf, value ? "true" : "false");
}

void cpi_json_add_time(struct cpi_buf *buf, const char *name, int64_t ms)
{
    cpi_json_add_name(buf, name);
    cpi_buf_add_byte(buf, '"');
    cpi_time_format(buf, ms);
    cpi_buf_add_byte(buf, '"');
}
