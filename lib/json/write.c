#include "cpi/json.h"

#include "cpi/decimal.h"
#include "cpi/time.h"

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* The top bit of each byte of w that is not plain; others may be marked too, behind one that is.
 * Source: "Bit Twiddling Hacks", determine if a word has a zero byte, or one less than n. */
static uint64_t not_plain(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
    return ((w - ones * 0x20) | (quote - ones) | (slash - ones)) & ~w & tops;
}

/* How many bytes from `from` on need no escape. */
static uint32_t plain_run(struct cpi_text t, uint32_t from)
{
    uint32_t i = from;
    for (uint64_t w; t.len - i >= sizeof w; i += (uint32_t)sizeof w) {
        memcpy(&w, t.at + i, sizeof w);
        if (not_plain(w))
            break;
    }
    while (i < t.len && is_plain((unsigned char)t.at[i]))
        i++;
    return i - from;
}

static void add_escape(struct cpi_buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    cpi_buf_add_byte(buf, '\\');
    if (c == '"' || c == '\\') {
        cpi_buf_add_byte(buf, c);
        return;
    }
    const uint8_t escape[] = { 'u', '0', '0', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15] };
    cpi_buf_add(buf, escape, sizeof escape);
}

void cpi_json_add_string(struct cpi_buf *buf, struct cpi_text t)
{
    if (!t.at) {
        cpi_buf_add_string(buf, "null");
        return;
    }
    cpi_buf_reserve(buf, (size_t)t.len + 2);
    cpi_buf_add_byte(buf, '"');
    for (uint32_t i = 0; i < t.len; i++) {
        uint32_t run = plain_run(t, i);
        cpi_buf_add(buf, t.at + i, run);
        i += run;
        if (i < t.len)
            add_escape(buf, (unsigned char)t.at[i]);
    }
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
