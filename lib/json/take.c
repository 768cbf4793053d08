/* What a reader meets in a document: values go to their slots and onto the tape. */
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

void json_take_name(struct json_parser *p, struct cpi_text name)
{
    if (p->depth != p->match_depth) {
        if (p->build_depth)
            push(p, JSON_STRING, name);
        return;
    }
    uint32_t number = json_edge_find(p->open[p->depth], name);
    if (number == CPI_NONE)
        return;
    p->next = &p->paths->node[number];
    if (p->seen[number] == p->generation)
        forget_first(p, p->next, number);
    p->seen[number] = p->generation;
}
