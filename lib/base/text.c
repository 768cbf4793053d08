#include "cpi/text.h"

#include <string.h>

struct cpi_text cpi_text_of(const char *string)
{
    return (struct cpi_text){ string, string ? (uint32_t)strlen(string) : 0 };
}

bool cpi_text_equal(struct cpi_text a, struct cpi_text b)
{
    return a.at && b.at && a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

bool cpi_text_equal_nocase(struct cpi_text a, struct cpi_text b)
{
    if (!a.at || !b.at || a.len != b.len)
        return false;
    for (uint32_t i = 0; i < a.len; i++)
        if (lower((unsigned char)a.at[i]) != lower((unsigned char)b.at[i]))
            return false;
    return true;
}

int cpi_text_order(struct cpi_text a, struct cpi_text b)
{
    if (!a.at || !b.at)
        return (a.at != NULL) - (b.at != NULL);
    uint32_t least = a.len < b.len ? a.len : b.len;
    int order = least ? memcmp(a.at, b.at, least) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool cpi_text_starts(struct cpi_text t, struct cpi_text prefix)
{
    return t.at && t.len >= prefix.len && memcmp(t.at, prefix.at, prefix.len) == 0;
}

struct cpi_text cpi_text_part(struct cpi_text t, uint32_t from, uint32_t len)
{
    if (from > t.len)
        from = t.len;
    if (len > t.len - from)
        len = t.len - from;
    return (struct cpi_text){ t.at ? t.at + from : NULL, len };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct cpi_text cpi_text_trim(struct cpi_text t)
{
    while (t.len && is_blank(t.at[0])) {
        t.at++;
        t.len--;
    }
    while (t.len && is_blank(t.at[t.len - 1]))
        t.len--;
    return t;
}

int64_t cpi_text_find(struct cpi_text t, struct cpi_text needle)
{
    if (!needle.len)
        return 0;
    if (!t.at || t.len < needle.len)
        return -1;
    const char *found = memmem(t.at, t.len, needle.at, needle.len);
    return found ? found - t.at : -1;
}

unsigned cpi_text_utf8_bytes(const uint8_t *s, size_t left)
{
    unsigned char c = s[0];
    unsigned len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    unsigned char least = 0x80, most = 0xBF; /* of the second byte */
    if (c < 0xC2 || c > 0xF4 || left < len)
        return 0;
    if (c == 0xE0)
        least = 0xA0; /* overlong */
    else if (c == 0xED)
        most = 0x9F; /* surrogates */
    else if (c == 0xF0)
        least = 0x90;
    else if (c == 0xF4)
        most = 0x8F; /* above U+10FFFF */
    if (s[1] < least || s[1] > most)
        return 0;
    for (unsigned i = 2; i < len; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return len;
}

/* Bytes at the beginning that are ASCII, in steps of a word: at most all but the last 7 are found.
 */
static size_t ascii_prefix(const unsigned char *s, size_t left)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t word[4];
    size_t n = 0;
    for (; left - n >= sizeof word; n += sizeof word) {
        memcpy(word, s + n, sizeof word);
        if ((word[0] | word[1] | word[2] | word[3]) & high)
            break;
    }
    for (; left - n >= 8; n += 8) {
        memcpy(word, s + n, 8);
        if (word[0] & high)
            break;
    }
    return n;
}

bool cpi_text_is_utf8(struct cpi_text t)
{
    const unsigned char *s = (const unsigned char *)t.at;
    size_t left = t.at ? t.len : 0;
    while (left) {
        size_t ascii = ascii_prefix(s, left);
        s += ascii;
        left -= ascii;
        for (int near = 0; left && near < 8; near++) { /* around what is not ASCII */
            unsigned len = s[0] < 0x80 ? 1 : cpi_text_utf8_bytes(s, left);
            if (!len)
                return false;
            s += len;
            left -= len;
        }
    }
    return true;
}
