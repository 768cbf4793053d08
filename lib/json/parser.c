#include <stdlib.h>

#include "json/parser.h"

/* Memory never shrinks while it is used: it is made anew after a larger document. */
#define REUSE_BYTES_MAX (64u * 1024)
#define REUSE_TOKENS_MAX (64u * 1024)

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
    json_yajl_close(p);
    json_paths_free(p->everything);
    cpi_arena_fini(&p->arena);
    free(p->tape);
    free(p->seen);
    free(p);
}

void json_parser_yajl_alone(struct json_parser *p)
{
    p->yajl_alone = true;
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
}

/* What the shortcut has taken so far does not count. */
static bool scan(struct json_parser *p, const struct json_paths *paths, struct cpi_text document,
                 struct json_value *slot)
{
    size_t n_tape = p->n_tape;
    uint64_t duplicates = p->duplicates;
    begin(p, paths, document, slot);
    if (json_scan(p))
        return true;
    p->n_tape = n_tape;
    p->duplicates = duplicates;
    return false;
}

enum json_fault json_parse(struct json_parser *p, const struct json_paths *paths,
                           struct cpi_text document, struct json_value *slot)
{
    p->grown |= document.len > REUSE_BYTES_MAX;
    if (!p->yajl_alone && scan(p, paths, document, slot))
        return JSON_FINE;
    begin(p, paths, document, slot);
    if (cpi_text_is_utf8(document)) {
        json_yajl_read(p);
    } else {
        p->fault = JSON_NOT_UTF8;
        p->detail = CPI_TEXT("not UTF-8");
    }
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
