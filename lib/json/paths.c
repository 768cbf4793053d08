#include "json/paths.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static uint32_t node_add(struct json_paths *paths)
{
    paths->node = cpi_grow(paths->node, paths->n_nodes, &paths->cap, sizeof *paths->node);
    paths->node[paths->n_nodes] = (struct json_node){ .slot = CPI_NONE };
    return paths->n_nodes++;
}

struct json_paths *json_paths_new(void)
{
    struct json_paths *paths = cpi_xcalloc(1, sizeof *paths);
    cpi_arena_init(&paths->arena);
    node_add(paths);
    return paths;
}

static void nodes_free(struct json_node *node, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(node[i].edge);
        free(node[i].table);
    }
    free(node);
}

void json_paths_free(struct json_paths *paths)
{
    if (!paths)
        return;
    nodes_free(paths->node, paths->n_nodes);
    cpi_arena_fini(&paths->arena);
    free(paths);
}

static uint32_t edge_of(const struct json_node *node, struct cpi_text name)
{
    for (uint32_t i = 0; i < node->n_edges; i++)
        if (node->edge[i].len == name.len && memcmp(node->edge[i].name, name.at, name.len) == 0)
            return node->edge[i].node;
    return CPI_NONE;
}

static uint32_t edge_ensure(struct json_paths *paths, uint32_t from, struct cpi_text name)
{
    uint32_t to = edge_of(&paths->node[from], name);
    if (to != CPI_NONE)
        return to;
    to = node_add(paths);
    struct json_node *node = &paths->node[from];
    struct cpi_text copy = cpi_arena_text(&paths->arena, name);
    node->edge = cpi_grow(node->edge, node->n_edges, &node->cap, sizeof *node->edge);
    node->edge[node->n_edges++] =
        (struct json_edge){ json_tag((const unsigned char *)copy.at, copy.len), copy.len, copy.at,
                            to };
    node->lens |= UINT64_C(1) << (name.len & 63);
    return to;
}

void json_paths_need(struct json_paths *paths, const struct cpi_text *step, size_t n_steps,
                     bool whole)
{
    assert(!paths->n_slots);
    uint32_t at = 0;
    for (size_t i = 0; i < n_steps; i++)
        at = edge_ensure(paths, at, step[i]);
    paths->node[at].needed = true;
    paths->node[at].whole |= whole;
}

static void make_table(struct json_node *node)
{
    unsigned bits = 1;
    while (UINT32_C(1) << bits < 2 * node->n_edges)
        bits++;
    node->shift = 32 - bits;
    node->table = cpi_xcalloc(UINT32_C(1) << bits, sizeof *node->table);
    for (uint32_t e = 0; e < node->n_edges; e++) {
        uint32_t i = json_edge_place(node, node->edge[e].tag);
        while (node->table[i].name)
            i = (i + 1) & (UINT32_MAX >> node->shift);
        node->table[i] = node->edge[e];
    }
}

/* Copies the trie depth first, so that what lies below a node is a range of slots and of nodes;
 * what lies below a whole value is on its tape and needs no nodes. */
static uint32_t seal_node(struct json_paths *paths, struct json_node *from, uint32_t at)
{
    uint32_t to = node_add(paths);
    struct json_node *node = &paths->node[to];
    *node = from[at];
    from[at].edge = NULL;
    node->first = paths->n_slots;
    node->slot = node->needed ? paths->n_slots++ : CPI_NONE;
    if (node->whole) {
        node->n_edges = 0;
        node->lens = 0;
    }
    uint32_t n_edges = node->n_edges;
    for (uint32_t i = 0; i < n_edges; i++) {
        uint32_t below = seal_node(paths, from, paths->node[to].edge[i].node);
        paths->node[to].edge[i].node = below;
    }
    if (n_edges)
        make_table(&paths->node[to]);
    paths->node[to].end = paths->n_slots;
    paths->node[to].last = paths->n_nodes - 1;
    return to;
}

void json_paths_seal(struct json_paths *paths)
{
    struct json_node *old = paths->node;
    uint32_t n_old = paths->n_nodes;
    paths->node = NULL;
    paths->n_nodes = 0;
    paths->cap = 0;
    seal_node(paths, old, 0);
    nodes_free(old, n_old);
}

size_t json_paths_slots(const struct json_paths *paths)
{
    return paths->n_slots;
}

uint32_t json_paths_find(const struct json_paths *paths, const struct cpi_text *step,
                         size_t n_steps, size_t *ret_used)
{
    uint32_t at = 0;
    size_t i = 0;
    for (; i < n_steps && !paths->node[at].whole; i++) {
        at = edge_of(&paths->node[at], step[i]);
        assert(at != CPI_NONE);
    }
    *ret_used = i;
    return paths->node[at].slot;
}
