/* The reader that has the last word on what is JSON. The only file that knows yajl. */
#include <stdlib.h>
#include <string.h>

#include "json/parser.h"

static int refuse(struct json_parser *p, enum json_fault fault, const char *detail)
{
    p->fault = fault;
    p->detail = cpi_text_of(detail);
    return 0;
}

/* A second document is refused here. */
static int unwanted(struct json_parser *p)
{
    return p->depth ? 1 : refuse(p, JSON_BAD, "a second document follows the first");
}

static void take_scalar(struct json_parser *p, enum json_kind kind, struct cpi_text t)
{
    json_take_scalar(p, kind, t);
    if (!p->depth)
        p->behind = yajl_get_bytes_consumed(p->handle);
}

static int on_null(void *ctx)
{
    struct json_parser *p = ctx;
    if (!json_wants(p))
        return unwanted(p);
    take_scalar(p, JSON_NULL, CPI_TEXT("null"));
    return 1;
}

static int on_boolean(void *ctx, int value)
{
    struct json_parser *p = ctx;
    if (!json_wants(p))
        return unwanted(p);
    take_scalar(p, value ? JSON_TRUE : JSON_FALSE, value ? CPI_TEXT("true") : CPI_TEXT("false"));
    return 1;
}

static bool in_document(const struct json_parser *p, const unsigned char *at)
{
    return (uintptr_t)at - (uintptr_t)p->document.at < p->document.len;
}

/* A view if the bytes stand in the document, else a copy: yajl reuses its decode buffer. */
static struct cpi_text keep(struct json_parser *p, const unsigned char *at, size_t len)
{
    struct cpi_text t = { len ? (const char *)at : "", (uint32_t)len };
    return len == 0 || in_document(p, at) ? t : cpi_arena_text(&p->arena, t);
}

static int on_number(void *ctx, const char *at, size_t len)
{
    struct json_parser *p = ctx;
    if (!json_wants(p))
        return unwanted(p);
    take_scalar(p, JSON_NUMBER, keep(p, (const unsigned char *)at, len));
    return 1;
}

static int hex4(const char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int c = at[i] | 0x20;
        value = value << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* yajl writes '?', a three-byte surrogate or a wrong four-byte character for a \u escape that is
 * half a surrogate pair. Few texts look like that; for those the document is looked at. */
static bool may_hide_surrogate(const unsigned char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] == '?' || at[i] >= 0xED)
            return true;
    return false;
}

static bool has_lone_surrogate(const struct json_parser *p)
{
    const char *end =
        p->document.at + yajl_get_bytes_consumed(p->handle) - 1; /* the closing quote */
    const char *at = end;
    for (;;) { /* the opening one: no backslash, or an even number of them, before it */
        do
            at--;
        while (*at != '"');
        const char *slash = at;
        while (slash > p->document.at && slash[-1] == '\\')
            slash--;
        if ((at - slash) % 2 == 0)
            break;
    }
    for (at++; at < end; at++) {
        if (*at != '\\' || *++at != 'u')
            continue;
        int unit = hex4(at + 1);
        bool high = unit >= 0xD800 && unit < 0xDC00;
        if (high && end - at > 10 && at[5] == '\\' && at[6] == 'u' &&
            (hex4(at + 7) & 0xFC00) == 0xDC00)
            at += 6;
        else if ((unit & 0xF800) == 0xD800)
            return true;
        at += 4;
    }
    return false;
}

static int on_string(void *ctx, const unsigned char *at, size_t len)
{
    struct json_parser *p = ctx;
    if (!json_wants(p))
        return unwanted(p);
    if (in_document(p, at)) { /* no escapes */
        take_scalar(p, JSON_STRING, (struct cpi_text){ (const char *)at, (uint32_t)len });
        return 1;
    }
    bool broken = may_hide_surrogate(at, len) && has_lone_surrogate(p);
    take_scalar(p, broken ? JSON_BROKEN : JSON_STRING, keep(p, at, len));
    return 1;
}

static int on_start(struct json_parser *p, enum json_kind kind)
{
    if (!json_wants(p) && !p->depth)
        return unwanted(p);
    if (p->depth == JSON_DEPTH_MAX)
        return refuse(p, JSON_TOO_DEEP, "nested deeper than 64 levels");
    json_take_start(p, kind);
    return 1;
}

static int on_start_map(void *ctx)
{
    return on_start(ctx, JSON_OBJECT);
}

static int on_start_array(void *ctx)
{
    return on_start(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
    struct json_parser *p = ctx;
    json_take_end(p);
    if (!p->depth)
        p->behind = yajl_get_bytes_consumed(p->handle);
    return 1;
}

static int on_key(void *ctx, const unsigned char *at, size_t len)
{
    struct json_parser *p = ctx;
    if (json_wants_names(p))
        json_take_name(p, p->build_depth ? keep(p, at, len)
                                         : (struct cpi_text){ (const char *)at, (uint32_t)len });
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

static void open_handle(struct json_parser *p)
{
    p->handle = yajl_alloc(&callbacks, NULL, p);
    if (!p->handle)
        abort();
    /* There is no yajl_reset: with this flag the handle takes another document after a complete
     * one. Two documents in one text are refused in the callbacks then. */
    yajl_config(p->handle, yajl_allow_multiple_values, 1);
    yajl_config(p->handle, yajl_dont_validate_strings, 1); /* checked before, and stricter */
}

void json_yajl_close(struct json_parser *p)
{
    if (p->handle)
        yajl_free(p->handle);
    p->handle = NULL;
}

/* yajl's words in one line, with the place: bytes of the document that were read. */
static void describe(struct json_parser *p, size_t place)
{
    unsigned char *words =
        yajl_get_error(p->handle, 0, (const unsigned char *)p->document.at, p->document.len);
    struct cpi_text t = cpi_text_trim(cpi_text_of((const char *)words));
    p->fault = JSON_BAD;
    p->detail = cpi_arena_format(&p->arena, "%.*s, near byte %zu", CPI_TEXT_ARG(t), place);
    yajl_free_error(p->handle, words);
}

/* yajl would take a text that does not end for nothing, and the next document for the rest of it.
 */
static bool text_follows(const struct json_parser *p)
{
    for (size_t i = p->behind; i < p->document.len; i++)
        if (!strchr(" \t\n\v\f\r", p->document.at[i]) || !p->document.at[i])
            return true;
    return false;
}

/* Tells yajl that this was the end, if it waits for more: of a number it cannot know. */
static void finish(struct json_parser *p)
{
    bool ended = !p->depth && !p->next;
    if (ended && text_follows(p))
        refuse(p, JSON_BAD, "text follows the document");
    else if (!ended && yajl_complete_parse(p->handle) == yajl_status_error)
        describe(p, p->document.len);
}

void json_yajl_read(struct json_parser *p)
{
    struct cpi_text document = p->document;
    if (!p->handle)
        open_handle(p);
    yajl_status status = yajl_parse(p->handle, (const unsigned char *)document.at, document.len);
    if (status == yajl_status_error)
        describe(p, yajl_get_bytes_consumed(p->handle));
    else if (status == yajl_status_ok)
        finish(p);
    if (p->fault == JSON_FINE && p->next)
        refuse(p, JSON_BAD, "no document");
    if (p->fault != JSON_FINE || p->grown)
        json_yajl_close(p);
}
