/* What a reader meets in a document: values go to their slots and onto the tape. */
#include <string.h>

#include "json/parser.h"

static void push(struct json_parser *p, enum json_kind kind, struct cpi_text t)
{
    p->tape = cpi_grow(p->tape, p->n_tape, &p->tape_cap, sizeof *p->tape);
    struct json_token *token = &p->tape[p->n_tape++];
    *token = (struct json_token){ t.at, t.len, (uint32_t)p->n_tape, (uint8_t)kind, false };
}

void json_take_scalar(struct json_parser *p, enum json_kind kind, struct cpi_text t)
{
    if (p->build_depth) {
        push(p, kind, t);
        return;
    }
    if (p->next->slot != CPI_NONE)
        p->slot[p->next->slot] = (struct json_value){ t.at, t.len, CPI_NONE, kind };
    p->next = NULL;
}

void json_take_start(struct json_parser *p, enum json_kind kind)
{
    const struct json_node *node = p->next;
    p->depth++;
    if (p->build_depth || (node && node->whole)) {
        p->container[p->depth] = (uint32_t)p->n_tape;
        push(p, kind, CPI_TEXT(""));
        if (!p->build_depth)
            p->build_depth = p->depth;
    }
    if (!node)
        return;
    if (node->slot != CPI_NONE)
        p->slot[node->slot] =
            (struct json_value){ "", 0, node->whole ? p->container[p->depth] : CPI_NONE, kind };
    if (kind == JSON_OBJECT && node->n_edges) {
        p->match_depth = p->depth;
        p->open[p->depth] = node;
    }
    p->next = NULL;
}

void json_take_end(struct json_parser *p)
{
    if (p->build_depth) {
        p->tape[p->container[p->depth]].end = (uint32_t)p->n_tape;
        if (p->depth == p->build_depth)
            p->build_depth = 0;
    } else if (p->depth == p->match_depth) {
        p->match_depth--;
    }
    p->depth--;
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

void json_take_name(struct json_parser *p, struct cpi_text name)
{
    if (p->depth != p->match_depth) {
        if (p->build_depth)
            push(p, JSON_STRING, name);
        return;
    }
    const struct json_node *node = p->open[p->depth];
    if (!(node->lens >> (name.len & 63) & 1))
        return;
    uint32_t tag = json_tag((const unsigned char *)name.at, name.len);
    for (const struct json_edge *edge = node->edge, *end = edge + node->n_edges; edge < end;
         edge++) {
        if (edge->tag != tag || edge->len != name.len || !same_name(edge->name, name.at, name.len))
            continue;
        p->next = &p->paths->node[edge->node];
        if (p->seen[edge->node] == p->generation)
            forget_first(p, p->next, edge->node);
        p->seen[edge->node] = p->generation;
        break;
    }
}
