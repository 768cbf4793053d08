/* The compiled form of the needed paths: a trie with one node a member. Private to lib/json. */
#ifndef CPI_JSON_PATHS_H
#define CPI_JSON_PATHS_H

#include <string.h>

#include "cpi/hash.h"
#include "json/json.h"

struct json_edge {
    uint32_t tag; /* json_tag of the name: most others differ here already */
    uint32_t len;
    const char *name;
    uint32_t node;
};
/* Length, first, middle and last byte of a name in one word. */
static inline uint32_t json_tag(const unsigned char *at, size_t len)
{
    if (!len)
        return 0;
    return (uint32_t)(len & 255) | (uint32_t)at[0] << 8 | (uint32_t)at[len / 2] << 16 |
           (uint32_t)at[len - 1] << 24;
}
struct json_node {
    struct json_edge *edge;
    uint32_t n_edges;
    uint32_t shift; /* 32 - log2 of the places in the table */
    struct json_edge
        *table;    /* once sealed: the edges by their tags, at most half full; name NULL = free */
    uint32_t slot; /* CPI_NONE = its value itself is not asked for */
    uint32_t first, end; /* slots of it and of all below it */
    uint64_t lens;       /* bit (len & 63) of every edge: most foreign members miss here already */
    uint32_t last;       /* nodes below it have numbers up to here */
    bool needed, whole;
    size_t cap;
};
struct json_paths {
    struct json_node *node; /* [0] = the document; depth first once sealed */
    uint32_t n_nodes;
    size_t cap;
    uint32_t n_slots;
    struct cpi_arena arena;
};

static inline uint32_t json_edge_place(const struct json_node *node, uint32_t tag)
{
    return tag * UINT32_C(0x9E3779B1) >> node->shift;
}

/* Equal bytes, of names that have one tag: that settles names of up to three bytes. Names are
 * short, and a call of memcmp takes longer than these. */
static inline bool json_same_name(const char *a, const char *b, size_t len)
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

/* The node behind a name, CPI_NONE if nobody asked for one. */
static inline uint32_t json_edge_find(const struct json_node *node, struct cpi_text name)
{
    if (!(node->lens >> (name.len & 63) & 1))
        return CPI_NONE;
    uint32_t tag = json_tag((const unsigned char *)name.at, name.len);
    uint32_t last = UINT32_MAX >> node->shift;
    for (uint32_t i = json_edge_place(node, tag); node->table[i].name; i = (i + 1) & last) {
        const struct json_edge *edge = &node->table[i];
        if (edge->tag == tag && edge->len == name.len &&
            json_same_name(edge->name, name.at, name.len))
            return edge->node;
    }
    return CPI_NONE;
}

#endif
