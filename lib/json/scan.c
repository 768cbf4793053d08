/* A shortcut for documents that are plainly right, several times as fast as yajl: one pass that
 * checks the grammar, UTF-8 included, and looks only at members that somebody asked for.
 *
 * It never says that something is wrong. Where it meets anything that it does not take (an error,
 * half a surrogate pair, nesting beyond the limit, an odd blank) it gives up, and yajl reads the
 * document from the beginning. So what it takes must be a part of what yajl takes, with the same
 * values; tests/unit/json_scan.c holds that. Every function returns the place behind what it has
 * read, or NULL to give up.
 *
 * The last byte of what is read is a closing bracket, so nothing but a text and the outermost value
 * reaches the end: elsewhere there is always a byte to look at. */
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json/parser.h"

struct scan {
    struct json_parser *p;
    const uint8_t *end;
};

static inline const uint8_t *skip_blanks(const uint8_t *at)
{
    while (*at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* ---- texts ---- */

static inline bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

/* The first byte that does not simply stand for itself: a quote, a backslash, a control character,
 * the beginning of what is not ASCII; or the end. */
static inline const uint8_t *skip_plain(const struct scan *s, const uint8_t *at)
{
#ifdef __SSE2__
    while (s->end - at >= 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* signed: what is not ASCII is below zero */
        __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
        __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        int found = _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
        if (found)
            return at + __builtin_ctz((unsigned)found);
        at += 16;
    }
#endif
    while (at < s->end && is_plain(*at))
        at++;
    return at;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The 16 bits of "\uXXXX", or -1. */
static int32_t read_unit(const uint8_t *at, const uint8_t *end)
{
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static const uint8_t *skip_escape(const struct scan *s, const uint8_t *at)
{
    if (s->end - at < 2)
        return NULL;
    if (at[1] == 'u')
        return read_unit(at, s->end) < 0 ? NULL : at + 6;
    return at[1] && strchr("\"\\/bfnrt", at[1]) ? at + 2 : NULL;
}

/* From behind the opening quote to the closing one. */
static inline const uint8_t *skip_text(const struct scan *s, const uint8_t *at, bool *ret_escaped)
{
    *ret_escaped = false;
    for (;;) {
        at = skip_plain(s, at);
        if (at == s->end || *at < ' ')
            return NULL;
        if (*at == '"')
            return at;
        if (*at == '\\') {
            *ret_escaped = true;
            at = skip_escape(s, at);
        } else {
            size_t bytes = cpi_text_utf8_bytes(at, (size_t)(s->end - at));
            at = bytes ? at + bytes : NULL;
        }
        if (!at)
            return NULL;
    }
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c >= 0x10000) {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3F));
    } else if (c >= 0x800) {
        *to++ = (char)(0xE0 | c >> 12);
    }
    *to++ = c >= 0x800 ? (char)(0x80 | (c >> 6 & 0x3F)) : (char)(0xC0 | c >> 6);
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

/* An escape that skip_text has passed; NULL for half a surrogate pair. */
static const uint8_t *decode_escape(const uint8_t *at, const uint8_t *end, char **to)
{
    static const char letter[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
    if (at[1] != 'u') {
        *(*to)++ = meaning[strchr(letter, at[1]) - letter];
        return at + 2;
    }
    uint32_t unit = (uint32_t)read_unit(at, end);
    at += 6;
    if ((unit & 0xF800) == 0xD800) {
        int32_t low = read_unit(at, end);
        if (unit >= 0xDC00 || low < 0xDC00 || low >= 0xE000)
            return NULL;
        unit = 0x10000 + ((unit & 0x3FF) << 10 | ((uint32_t)low & 0x3FF));
        at += 6;
    }
    *to = put_utf8(*to, unit);
    return at;
}

static bool decode(struct scan *s, const uint8_t *at, const uint8_t *end, struct cpi_text *ret)
{
    char *text = cpi_arena_take(&s->p->arena, (size_t)(end - at)), *to = text;
    while (at < end) {
        const uint8_t *plain = at;
        while (at < end && *at != '\\')
            at++;
        memcpy(to, plain, (size_t)(at - plain));
        to += at - plain;
        if (at < end && !(at = decode_escape(at, end, &to)))
            return false;
    }
    *ret = (struct cpi_text){ text, (uint32_t)(to - text) };
    return true;
}

/* The text behind an opening quote, decoded. */
static inline const uint8_t *read_text(struct scan *s, const uint8_t *at, struct cpi_text *ret)
{
    bool escaped;
    const uint8_t *end = skip_text(s, at, &escaped);
    if (!end)
        return NULL;
    *ret = (struct cpi_text){ (const char *)at, (uint32_t)(end - at) };
    if (escaped && !decode(s, at, end, ret))
        return NULL;
    return end + 1;
}

/* ---- other scalars ---- */

static const uint8_t *skip_digits(const uint8_t *at)
{
    const uint8_t *from = at;
    while ((uint8_t)(*at - '0') < 10)
        at++;
    return at > from ? at : NULL;
}

static const uint8_t *skip_number(const uint8_t *at)
{
    at += *at == '-';
    if (*at == '0')
        at++;
    else if (!(at = skip_digits(at)))
        return NULL;
    if (*at == '.' && !(at = skip_digits(at + 1)))
        return NULL;
    if ((*at | 0x20) == 'e') {
        at++;
        at += *at == '+' || *at == '-';
        at = skip_digits(at);
    }
    return at;
}

static const uint8_t *skip_word(const struct scan *s, const uint8_t *at, struct cpi_text word)
{
    bool there = (size_t)(s->end - at) > word.len && memcmp(at, word.at, word.len) == 0;
    return there ? at + word.len : NULL;
}

/* From behind a member's name to its value. */
static inline const uint8_t *skip_colon(const uint8_t *at)
{
    at = skip_blanks(at);
    return *at == ':' ? skip_blanks(at + 1) : NULL;
}

/* From behind an item to the comma or the closing bracket that follows. */
static inline const uint8_t *skip_to_next(const struct scan *s, const uint8_t *at, uint8_t close)
{
    if (at == s->end)
        return NULL;
    at = skip_blanks(at);
    return *at == close || *at == ',' ? at : NULL;
}

/* ---- values that nobody wants ---- */

static const uint8_t *skip_value(const struct scan *s, const uint8_t *at, uint32_t depth);

/* From behind the opening bracket to behind the closing one. */
static const uint8_t *skip_items(const struct scan *s, const uint8_t *at, bool object,
                                 uint32_t depth)
{
    const uint8_t close = object ? '}' : ']';
    bool escaped;
    at = skip_blanks(at);
    if (*at == close)
        return at + 1;
    for (;; at = skip_blanks(at + 1)) {
        if (object &&
            (*at != '"' || !(at = skip_text(s, at + 1, &escaped)) || !(at = skip_colon(at + 1))))
            return NULL;
        if (!(at = skip_value(s, at, depth)) || !(at = skip_to_next(s, at, close)))
            return NULL;
        if (*at == close)
            return at + 1;
    }
}

static const uint8_t *skip_value(const struct scan *s, const uint8_t *at, uint32_t depth)
{
    bool escaped;
    switch (*at) {
    case '"':
        at = skip_text(s, at + 1, &escaped);
        return at ? at + 1 : NULL;
    case '{':
    case '[':
        return depth == JSON_DEPTH_MAX ? NULL : skip_items(s, at + 1, *at == '{', depth + 1);
    case 't':
        return skip_word(s, at, CPI_TEXT("true"));
    case 'f':
        return skip_word(s, at, CPI_TEXT("false"));
    case 'n':
        return skip_word(s, at, CPI_TEXT("null"));
    default:
        return skip_number(at);
    }
}

/* ---- values that somebody wants ---- */

static const uint8_t *take_container(struct scan *s, const uint8_t *at);

static const uint8_t *take_word(struct scan *s, const uint8_t *at, enum json_kind kind,
                                struct cpi_text word)
{
    at = skip_word(s, at, word);
    if (at)
        json_take_scalar(s->p, kind, word);
    return at;
}

static const uint8_t *take_number(struct scan *s, const uint8_t *at)
{
    const uint8_t *end = skip_number(at);
    if (end)
        json_take_scalar(s->p, JSON_NUMBER,
                         (struct cpi_text){ (const char *)at, (uint32_t)(end - at) });
    return end;
}

static const uint8_t *take_value(struct scan *s, const uint8_t *at)
{
    struct cpi_text text;
    switch (*at) {
    case '"':
        at = read_text(s, at + 1, &text);
        if (at)
            json_take_scalar(s->p, JSON_STRING, text);
        return at;
    case '{':
    case '[':
        return take_container(s, at);
    case 't':
        return take_word(s, at, JSON_TRUE, CPI_TEXT("true"));
    case 'f':
        return take_word(s, at, JSON_FALSE, CPI_TEXT("false"));
    case 'n':
        return take_word(s, at, JSON_NULL, CPI_TEXT("null"));
    default:
        return take_number(s, at);
    }
}

static const uint8_t *take_items(struct scan *s, const uint8_t *at, bool object)
{
    const uint8_t close = object ? '}' : ']';
    struct cpi_text name;
    at = skip_blanks(at);
    if (*at == close)
        return at + 1;
    for (;; at = skip_blanks(at + 1)) {
        if (object) {
            if (*at != '"' || !(at = read_text(s, at + 1, &name)) || !(at = skip_colon(at)))
                return NULL;
            if (json_wants_names(s->p))
                json_take_name(s->p, name);
        }
        at = json_wants(s->p) ? take_value(s, at) : skip_value(s, at, s->p->depth);
        if (!at || !(at = skip_to_next(s, at, close)))
            return NULL;
        if (*at == close)
            return at + 1;
    }
}

static const uint8_t *take_container(struct scan *s, const uint8_t *at)
{
    bool object = *at == '{';
    if (s->p->depth == JSON_DEPTH_MAX)
        return NULL;
    json_take_start(s->p, object ? JSON_OBJECT : JSON_ARRAY);
    at = take_items(s, at + 1, object);
    json_take_end(s->p);
    return at;
}

bool json_scan(struct json_parser *p)
{
    struct cpi_text core = cpi_text_trim(p->document);
    const uint8_t *at = (const uint8_t *)core.at;
    struct scan s = { p, at + core.len };
    if (core.len < 2 || (*at != '{' && *at != '[') || (s.end[-1] != '}' && s.end[-1] != ']'))
        return false;
    return take_container(&s, at) == s.end;
}
