#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "cpi/hash.h"
#include "json/json.h"
#include "json/paths.h"

/* yajl's decode buffer and our own memory never shrink: they are made anew after a larger document.
 */
#define REUSE_BYTES_MAX (64u * 1024)
#define REUSE_TOKENS_MAX (64u * 1024)

struct token {
    const char *at;
    uint32_t len;
    uint32_t end; /* the token behind it and all that is in it */
    uint8_t kind;
    bool shadowed; /* a member's name that came again, and was counted */
};

struct json_parser {
    yajl_handle handle;
    struct cpi_arena arena;
    struct token *tape;
    size_t n_tape, tape_cap;
    uint64_t duplicates, walked;
    struct cpi_text detail;
    struct json_paths *everything; /* the document itself, whole */
    bool grown;                    /* beyond what is worth keeping */

    /* the document being parsed */
    struct cpi_text document;
    enum json_fault fault;
    const struct json_paths *paths;
    struct json_value *slot;
    const struct json_node *next; /* node of the value that comes next; NULL = nobody asks for it */
    size_t behind;                /* the document's one value, once that has been read */
    uint32_t depth;               /* open containers */
    uint32_t match_depth;         /* of the innermost open object whose members are looked up */
    uint32_t build_depth;         /* of the container that is kept whole, 0 = none */
    const struct json_node *open[JSON_DEPTH_MAX + 1];
    uint32_t container[JSON_DEPTH_MAX + 1]; /* on the tape, while building */
    uint32_t *seen;                         /* per node: the generation that saw it */
    size_t seen_cap;
    uint32_t generation;
};

static int refuse(struct json_parser *p, enum json_fault fault, const char *detail)
{
    p->fault = fault;
    p->detail = cpi_text_of(detail);
    return 0;
}

static struct token *push(struct json_parser *p, enum json_kind kind, struct cpi_text t)
{
    p->tape = cpi_grow(p->tape, p->n_tape, &p->tape_cap, sizeof *p->tape);
    struct token *token = &p->tape[p->n_tape++];
    *token = (struct token){ t.at, t.len, (uint32_t)p->n_tape, (uint8_t)kind, false };
    return token;
}

static void put_scalar(struct json_parser *p, enum json_kind kind, struct cpi_text t)
{
    if (p->build_depth) {
        push(p, kind, t);
        return;
    }
    if (p->next->slot != CPI_NONE)
        p->slot[p->next->slot] = (struct json_value){ t.at, t.len, CPI_NONE, kind };
    p->next = NULL;
    if (!p->depth)
        p->behind = yajl_get_bytes_consumed(p->handle);
}

/* Whether the value that begins is wanted; a second document is refused here. */
static inline bool wanted(struct json_parser *p)
{
    return p->next || p->build_depth;
}

static int unwanted(struct json_parser *p)
{
    return p->depth ? 1 : refuse(p, JSON_BAD, "a second document follows the first");
}

static int on_null(void *ctx)
{
    struct json_parser *p = ctx;
    if (!wanted(p))
        return unwanted(p);
    put_scalar(p, JSON_NULL, CPI_TEXT("null"));
    return 1;
}

static int on_boolean(void *ctx, int value)
{
    struct json_parser *p = ctx;
    if (!wanted(p))
        return unwanted(p);
    put_scalar(p, value ? JSON_TRUE : JSON_FALSE, value ? CPI_TEXT("true") : CPI_TEXT("false"));
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
    if (!wanted(p))
        return unwanted(p);
    put_scalar(p, JSON_NUMBER, keep(p, (const unsigned char *)at, len));
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
    if (!wanted(p))
        return unwanted(p);
    if (in_document(p, at)) { /* no escapes */
        put_scalar(p, JSON_STRING, (struct cpi_text){ (const char *)at, (uint32_t)len });
        return 1;
    }
    bool broken = may_hide_surrogate(at, len) && has_lone_surrogate(p);
    put_scalar(p, broken ? JSON_BROKEN : JSON_STRING, keep(p, at, len));
    return 1;
}

static int on_start(struct json_parser *p, enum json_kind kind)
{
    const struct json_node *node = p->next;
    if (!wanted(p) && !p->depth)
        return unwanted(p);
    if (p->depth == JSON_DEPTH_MAX)
        return refuse(p, JSON_TOO_DEEP, "nested deeper than 64 levels");
    p->depth++;
    if (p->build_depth || (node && node->whole)) {
        p->container[p->depth] = (uint32_t)p->n_tape;
        push(p, kind, CPI_TEXT(""));
        if (!p->build_depth)
            p->build_depth = p->depth;
    }
    if (!node)
        return 1;
    if (node->slot != CPI_NONE)
        p->slot[node->slot] =
            (struct json_value){ "", 0, node->whole ? p->container[p->depth] : CPI_NONE, kind };
    if (kind == JSON_OBJECT && node->n_edges) {
        p->match_depth = p->depth;
        p->open[p->depth] = node;
    }
    p->next = NULL;
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
    if (p->build_depth) {
        p->tape[p->container[p->depth]].end = (uint32_t)p->n_tape;
        if (p->depth == p->build_depth)
            p->build_depth = 0;
    } else if (p->depth == p->match_depth) {
        p->match_depth--;
    }
    if (--p->depth == 0)
        p->behind = yajl_get_bytes_consumed(p->handle);
    return 1;
}

static void forget_first(struct json_parser *p, const struct json_node *node, uint32_t number)
{
    p->duplicates++;
    for (uint32_t i = node->first; i < node->end; i++)
        p->slot[i] = (struct json_value){ .token = CPI_NONE };
    for (uint32_t i = number + 1; i <= node->last; i++)
        p->seen[i] = 0;
}

/* Equal bytes, of names that have one tag: that settles names of up to three bytes. Names are
 * short, and a call of memcmp takes longer than these. */
static inline bool same_name(const char *a, const char *b, size_t len)
{
    uint64_t x, y, u, v;
    uint32_t p, q, r, t;
    if (len <= 3)
        return true;
    if (len < 8) {
        memcpy(&p, a, 4);
        memcpy(&q, b, 4);
        memcpy(&r, a + len - 4, 4);
        memcpy(&t, b + len - 4, 4);
        return ((p ^ q) | (r ^ t)) == 0;
    }
    if (len > 16)
        return memcmp(a, b, len) == 0;
    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    memcpy(&u, a + len - 8, 8);
    memcpy(&v, b + len - 8, 8);
    return ((x ^ y) | (u ^ v)) == 0;
}

static int on_key(void *ctx, const unsigned char *at, size_t len)
{
    struct json_parser *p = ctx;
    if (p->depth != p->match_depth) {
        if (p->build_depth)
            push(p, JSON_STRING, keep(p, at, len));
        return 1;
    }
    const struct json_node *node = p->open[p->depth];
    if (!(node->lens >> (len & 63) & 1))
        return 1;
    uint32_t tag = json_tag(at, len);
    for (const struct json_edge *edge = node->edge, *end = edge + node->n_edges; edge < end;
         edge++) {
        if (edge->tag != tag || edge->len != len || !same_name(edge->name, (const char *)at, len))
            continue;
        p->next = &p->paths->node[edge->node];
        if (p->seen[edge->node] == p->generation)
            forget_first(p, p->next, edge->node);
        p->seen[edge->node] = p->generation;
        break;
    }
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

static void close_handle(struct json_parser *p)
{
    yajl_free(p->handle);
    p->handle = NULL;
}

struct json_parser *json_parser_new(void)
{
    struct json_parser *p = cpi_xcalloc(1, sizeof *p);
    cpi_arena_init(&p->arena);
    p->everything = json_paths_new();
    json_paths_need(p->everything, NULL, 0, true);
    json_paths_seal(p->everything);
    return p;
}

void json_parser_free(struct json_parser *p)
{
    if (!p)
        return;
    if (p->handle)
        close_handle(p);
    json_paths_free(p->everything);
    cpi_arena_fini(&p->arena);
    free(p->tape);
    free(p->seen);
    free(p);
}

void json_parser_reset(struct json_parser *p)
{
    p->n_tape = 0;
    p->walked = 0;
    p->detail = CPI_ABSENT;
    if (!p->grown) {
        cpi_arena_reset(&p->arena);
        return;
    }
    cpi_arena_fini(&p->arena);
    if (p->tape_cap > REUSE_TOKENS_MAX) {
        free(p->tape);
        p->tape = NULL;
        p->tape_cap = 0;
    }
    p->grown = false;
}

struct cpi_arena *json_parser_arena(struct json_parser *p)
{
    return &p->arena;
}

static void begin(struct json_parser *p, const struct json_paths *paths, struct cpi_text document,
                  struct json_value *slot)
{
    if (p->seen_cap < paths->n_nodes || ++p->generation == 0) {
        p->seen_cap = paths->n_nodes > p->seen_cap ? paths->n_nodes : p->seen_cap;
        free(p->seen);
        p->seen = cpi_xcalloc(p->seen_cap, sizeof *p->seen);
        p->generation = 1;
    }
    for (uint32_t i = 0; i < paths->n_slots; i++)
        slot[i] = (struct json_value){ .token = CPI_NONE };
    p->document = document;
    p->fault = JSON_FINE;
    p->paths = paths;
    p->slot = slot;
    p->next = &paths->node[0];
    p->depth = p->match_depth = p->build_depth = 0;
    if (!p->handle)
        open_handle(p);
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

enum json_fault json_parse(struct json_parser *p, const struct json_paths *paths,
                           struct cpi_text document, struct json_value *slot)
{
    begin(p, paths, document, slot);
    p->grown |= document.len > REUSE_BYTES_MAX;
    if (!cpi_text_is_utf8(document)) {
        refuse(p, JSON_NOT_UTF8, "not UTF-8");
        return p->fault;
    }
    yajl_status status = yajl_parse(p->handle, (const unsigned char *)document.at, document.len);
    if (status == yajl_status_error)
        describe(p, yajl_get_bytes_consumed(p->handle));
    else if (status == yajl_status_ok)
        finish(p);
    if (p->fault == JSON_FINE && p->next)
        refuse(p, JSON_BAD, "no document");
    if (p->fault != JSON_FINE || p->grown)
        close_handle(p);
    return p->fault;
}

enum json_fault json_parse_whole(struct json_parser *p, struct cpi_text document,
                                 struct json_value *ret)
{
    return json_parse(p, p->everything, document, ret);
}

struct cpi_text json_parser_detail(const struct json_parser *p)
{
    return p->detail;
}

uint64_t json_parser_duplicates(const struct json_parser *p)
{
    return p->duplicates;
}

uint64_t json_parser_walked(const struct json_parser *p)
{
    return p->walked;
}

/* ---- walking ---- */

static struct json_value value_of(const struct json_parser *p, uint32_t token)
{
    const struct token *t = &p->tape[token];
    return (struct json_value){ t->at, t->len, t->kind >= JSON_ARRAY ? token : CPI_NONE,
                                (enum json_kind)t->kind };
}

static struct json_value find_member(struct json_parser *p, uint32_t object, struct cpi_text name)
{
    uint32_t found = CPI_NONE;
    for (uint32_t i = object + 1; i < p->tape[object].end; i = p->tape[i + 1].end) {
        struct token *key = &p->tape[i];
        p->walked++;
        if (key->len != name.len || memcmp(key->at, name.at, name.len) != 0)
            continue;
        if (found != CPI_NONE && !p->tape[found].shadowed) {
            p->tape[found].shadowed = true;
            p->duplicates++;
        }
        found = i;
    }
    return found == CPI_NONE ? (struct json_value){ .token = CPI_NONE } : value_of(p, found + 1);
}

static bool read_index(struct cpi_text name, uint32_t *ret)
{
    uint32_t index = 0;
    if (!name.len || name.len > 7)
        return false;
    for (uint32_t i = 0; i < name.len; i++) {
        if (name.at[i] < '0' || name.at[i] > '9')
            return false;
        index = index * 10 + (uint32_t)(name.at[i] - '0');
    }
    *ret = index;
    return true;
}

struct json_value json_member(struct json_parser *p, const struct json_value *v,
                              struct cpi_text name)
{
    struct json_value element = { .token = CPI_NONE };
    uint32_t index, cursor = 0;
    if (v->token == CPI_NONE)
        return element;
    if (v->kind == JSON_OBJECT)
        return find_member(p, v->token, name);
    if (!read_index(name, &index))
        return element;
    do {
        if (!json_each(p, v, &cursor, &element))
            return (struct json_value){ .token = CPI_NONE };
    } while (index--);
    return element;
}

bool json_each(struct json_parser *p, const struct json_value *array, uint32_t *cursor,
               struct json_value *ret)
{
    if (array->kind != JSON_ARRAY || array->token == CPI_NONE)
        return false;
    uint32_t at = *cursor ? *cursor : array->token + 1;
    if (at >= p->tape[array->token].end)
        return false;
    *cursor = p->tape[at].end;
    p->walked++;
    *ret = value_of(p, at);
    return true;
}

uint32_t json_count(struct json_parser *p, const struct json_value *array)
{
    uint32_t count = 0, cursor = 0;
    struct json_value element;
    while (json_each(p, array, &cursor, &element))
        count++;
    return count;
}
