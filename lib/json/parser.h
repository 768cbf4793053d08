/* The inside of the parser: what a document is read into, whoever reads it. Private to lib/json.
 *
 * There are two readers. scan.c takes documents that are plainly right, in one pass; whatever it
 * does not take, for whatever reason, yajl.c reads from the beginning and has the last word. Both
 * say what they meet to take.c. */
#ifndef CPI_JSON_PARSER_H
#define CPI_JSON_PARSER_H

#include <yajl/yajl_parse.h>

#include "cpi/hash.h"
#include "json/json.h"
#include "json/paths.h"

struct json_token {
    const char *at;
    uint32_t len;
    uint32_t end; /* the token behind it and all that is in it */
    uint8_t kind;
    bool shadowed; /* a member's name that came again, and was counted */
};

struct json_parser {
    yajl_handle handle; /* NULL = not needed so far */
    struct cpi_arena arena;
    struct json_token *tape;
    size_t n_tape, tape_cap;
    uint64_t duplicates, walked;
    struct cpi_text detail;
    struct json_paths *everything; /* the document itself, whole */
    bool grown;                    /* beyond what is worth keeping */
    bool yajl_alone;

    /* the document being parsed */
    struct cpi_text document;
    enum json_fault fault;
    const struct json_paths *paths;
    struct json_value *slot;
    const struct json_node *next; /* node of the value that comes next; NULL = nobody asks for it */
    size_t behind;                /* the document's one value, once yajl has read that */
    uint32_t depth;               /* open containers */
    uint32_t match_depth;         /* of the innermost open object whose members are looked up */
    uint32_t build_depth;         /* of the container that is kept whole, 0 = none */
    const struct json_node *open[JSON_DEPTH_MAX + 1];
    uint32_t container[JSON_DEPTH_MAX + 1]; /* on the tape, while building */
    uint32_t *seen;                         /* per node: the generation that saw it */
    size_t seen_cap;
    uint32_t generation;
};

/* ---- take.c: what is met in a document ---- */
/* Whether the value that begins is wanted; nobody need take one that is not. */
static inline bool json_wants(const struct json_parser *p)
{
    return p->next || p->build_depth;
}
void json_take_scalar(struct json_parser *p, enum json_kind kind, struct cpi_text t);
/* There is room for one more level. */
void json_take_start(struct json_parser *p, enum json_kind kind);
void json_take_end(struct json_parser *p);
/* Whether the members of the innermost open container are looked at by name. */
static inline bool json_wants_names(const struct json_parser *p)
{
    return p->depth == p->match_depth || p->build_depth;
}
void json_take_name(struct json_parser *p, struct cpi_text name);

/* ---- scan.c ---- */
/* False if the document is not plainly right: then nothing that was taken counts. */
bool json_scan(struct json_parser *p);

/* ---- yajl.c ---- */
/* Reads the document, which is UTF-8, or sets fault and detail. */
void json_yajl_read(struct json_parser *p);
void json_yajl_close(struct json_parser *p);

#endif
