/* The compiled form of the needed paths: a trie with one node a member. Private to lib/json. */
#ifndef CPI_JSON_PATHS_H
#define CPI_JSON_PATHS_H

#include "json/json.h"

struct json_edge {
    uint32_t tag; /* json_tag of the name: most others of its length differ here already */
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
    uint32_t slot;       /* CPI_NONE = its value itself is not asked for */
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

#endif
