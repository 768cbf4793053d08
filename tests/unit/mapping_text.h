/* For tests: a mapping written as in a configuration file, compiled; and the events of a record as
 * text. Reads the part of libconfig's syntax that mappings need, so that rows of tests look like
 * what users write. */
#ifndef MAPPING_TEXT_H
#define MAPPING_TEXT_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/mapping.h"

/* ---- the tree ---- */
struct node {
    char kind; /* { ( " or b */
    char *name;
    char *text;
    unsigned line;
    struct node *child;
    size_t count, cap;
};
struct text_reader {
    const char *at;
    unsigned line;
    struct cpi_arena *arena;
};

static void skip_blanks(struct text_reader *r)
{
    for (;;) {
        while (isspace((unsigned char)*r->at))
            r->line += *r->at++ == '\n';
        if (r->at[0] == '#' || (r->at[0] == '/' && r->at[1] == '/')) {
            while (*r->at && *r->at != '\n')
                r->at++;
        } else if (r->at[0] == '/' && r->at[1] == '*') {
            for (r->at += 2; r->at[0] != '*' || r->at[1] != '/'; r->at++)
                r->line += *r->at == '\n';
            r->at += 2;
        } else {
            return;
        }
    }
}

static char *read_string(struct text_reader *r)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    while (*r->at == '"') { /* adjacent ones are one */
        for (r->at++; *r->at != '"'; r->at++) {
            if (!*r->at)
                abort();
            if (*r->at == '\\')
                r->at++;
            cpi_buf_add_byte(&buf, (uint8_t)*r->at);
        }
        r->at++;
        skip_blanks(r);
    }
    struct cpi_text copy = cpi_arena_text(r->arena, cpi_buf_text(&buf));
    cpi_buf_fini(&buf);
    return (char *)(uintptr_t)copy.at;
}

static char *read_bare(struct text_reader *r)
{
    const char *from = r->at;
    while (isalnum((unsigned char)*r->at) || (*r->at && strchr("-_*.", *r->at)))
        r->at++;
    if (r->at == from) {
        printf("line %u of a mapping: unexpected '%.20s'\n", r->line, from);
        abort();
    }
    struct cpi_text copy =
        cpi_arena_text(r->arena, (struct cpi_text){ from, (uint32_t)(r->at - from) });
    return (char *)(uintptr_t)copy.at;
}

static struct node read_node(struct text_reader *r);

static void read_children(struct text_reader *r, struct node *node, char end)
{
    for (r->at++;; r->at += *r->at == ',' || *r->at == ';') {
        skip_blanks(r);
        if (*r->at == end) {
            r->at++;
            skip_blanks(r);
            return;
        }
        char *name = NULL;
        if (node->kind == '{') {
            name = read_bare(r);
            skip_blanks(r);
            if (*r->at != '=' && *r->at != ':')
                abort();
            r->at++;
            skip_blanks(r);
        }
        struct node child = read_node(r);
        child.name = name;
        if (node->count == node->cap) {
            struct node *more =
                cpi_arena_take(r->arena, (node->cap = node->cap * 2 + 8) * sizeof *more);
            if (node->count)
                memcpy(more, node->child, node->count * sizeof *more);
            node->child = more;
        }
        node->child[node->count++] = child;
        skip_blanks(r);
    }
}

static struct node read_node(struct text_reader *r)
{
    struct node node = { .line = r->line, .kind = *r->at };
    if (node.kind == '{')
        read_children(r, &node, '}');
    else if (node.kind == '(')
        read_children(r, &node, ')');
    else if (node.kind == '[') {
        node.kind = '(';
        read_children(r, &node, ']');
    } else if (node.kind == '"') {
        node.text = read_string(r);
    } else {
        node.kind = 'b';
        node.text = read_bare(r);
    }
    return node;
}

/* ---- the description ---- */
static const struct node *find_node(const struct node *node, const char *name)
{
    for (size_t i = 0; node && i < node->count; i++)
        if (strcmp(node->child[i].name, name) == 0)
            return &node->child[i];
    return NULL;
}

static struct cpi_text_at text_at(const struct node *node)
{
    return node ? (struct cpi_text_at){ node->text, { "test", node->line } }
                : (struct cpi_text_at){ 0 };
}

static struct cpi_text_at *texts_of(struct cpi_arena *arena, const struct node *node,
                                    size_t *ret_count)
{
    *ret_count = 0;
    if (!node)
        return NULL;
    size_t count = node->kind == '(' ? node->count : 1;
    struct cpi_text_at *text = cpi_arena_take(arena, count * sizeof *text);
    for (size_t i = 0; i < count; i++)
        text[i] = text_at(node->kind == '(' ? &node->child[i] : node);
    *ret_count = count;
    return text;
}

static struct cpi_value_spec value_spec(struct cpi_arena *arena, const struct node *node,
                                        const char *name)
{
    struct cpi_value_spec value;
    value.alternative = texts_of(arena, find_node(node, name), &value.count);
    return value;
}

static struct cpi_rule_spec rule_spec(struct cpi_arena *arena, const struct node *node)
{
    struct cpi_rule_spec rule = { 0 };
    if (!node)
        return rule;
    rule.at = (struct cpi_origin){ "test", node->line };
    rule.type = value_spec(arena, node, "type");
    rule.id = value_spec(arena, node, "id");
    rule.seq = value_spec(arena, node, "seq");
    rule.time = value_spec(arena, node, "time");
    rule.case_id = value_spec(arena, node, "case");
    rule.customer = value_spec(arena, node, "customer");
    rule.rep = value_spec(arena, node, "rep");
    rule.team = value_spec(arena, node, "team");
    rule.when = texts_of(arena, find_node(node, "when"), &rule.n_when);
    rule.each = text_at(find_node(node, "each"));
    rule.also = find_node(node, "also") != NULL;
    const struct node *fields = find_node(node, "fields"), *emit = find_node(node, "emit");
    rule.field = cpi_arena_take(arena, (fields ? fields->count : 0) * sizeof *rule.field);
    for (; fields && rule.n_fields < fields->count; rule.n_fields++) {
        const struct node *field = &fields->child[rule.n_fields];
        rule.field[rule.n_fields] = (struct cpi_field_spec){
            field->name, { "test", field->line }, value_spec(arena, fields, field->name)
        };
    }
    rule.emit = cpi_arena_take(arena, (emit ? emit->count : 0) * sizeof *rule.emit);
    for (; emit && rule.n_emit < emit->count; rule.n_emit++)
        rule.emit[rule.n_emit] = rule_spec(arena, &emit->child[rule.n_emit]);
    return rule;
}

static void map_spec(struct cpi_arena *arena, const struct node *node, struct cpi_map_spec *ret)
{
    ret->name = node->name;
    ret->at = (struct cpi_origin){ "test", node->line };
    ret->pair = cpi_arena_take(arena, node->count * sizeof *ret->pair);
    ret->n_pairs = node->count;
    for (size_t i = 0; i < node->count; i++)
        for (int k = 0; k < 2; k++)
            ret->pair[i][k] = text_at(&node->child[i].child[k]);
}

static struct cpi_mapping_spec mapping_spec(struct cpi_arena *arena, const char *text)
{
    struct text_reader r = { text, 1, arena };
    skip_blanks(&r);
    struct node top = read_node(&r);
    struct cpi_mapping_spec spec = { .path = "sources.test" };
    spec.root = texts_of(arena, find_node(&top, "root"), &spec.n_root);
    spec.each = text_at(find_node(&top, "each"));
    spec.json_text = find_node(&top, "json-text") != NULL;
    spec.common = rule_spec(arena, find_node(&top, "common"));
    const struct node *rules = find_node(&top, "rules"), *maps = find_node(&top, "maps");
    spec.rule = cpi_arena_take(arena, (rules ? rules->count : 0) * sizeof *spec.rule);
    for (; rules && spec.n_rules < rules->count; spec.n_rules++)
        spec.rule[spec.n_rules] = rule_spec(arena, &rules->child[spec.n_rules]);
    spec.map = cpi_arena_take(arena, (maps ? maps->count : 0) * sizeof *spec.map);
    for (; maps && spec.n_maps < maps->count; spec.n_maps++)
        map_spec(arena, &maps->child[spec.n_maps], &spec.map[spec.n_maps]);
    return spec;
}

/* ---- vocabulary and fields of the tests ---- */
static const struct cpi_text test_types[] = {
    { "case.opened", 11 },     { "case.resolved", 13 },    { "case.reopened", 13 },
    { "case.closed", 11 },     { "case.assigned", 13 },    { "case.held", 9 },
    { "case.resumed", 12 },    { "case.merged", 11 },      { "case.deleted", 12 },
    { "message.in", 10 },      { "message.out", 11 },      { "survey.answered", 15 },
    { "contact.started", 15 }, { "contact.ended", 13 },    { "call.ended", 10 },
    { "opportunity.won", 15 }, { "opportunity.lost", 16 }, { "opportunity.stage_changed", 25 },
    { "quote.requested", 15 }, { "quote.issued", 12 },     { "quote.accepted", 14 },
    { "content.viewed", 14 },  { "content.rated", 13 },    { "source.heartbeat", 16 },
};
static const struct cpi_text test_fields[] = {
    { "channel", 7 },  { "reason", 6 }, { "status", 6 }, { "from", 4 },    { "to", 2 },
    { "amount", 6 },   { "talk", 4 },   { "hold", 4 },   { "product", 7 }, { "score", 5 },
    { "priority", 8 }, { "public", 6 }, { "tags", 4 },   { "x", 1 },       { "y", 1 },
};
#define N_TEST_TYPES (sizeof test_types / sizeof *test_types)
#define N_TEST_FIELDS (sizeof test_fields / sizeof *test_fields)

static struct cpi_zone test_berlin(void)
{
    static struct cpi_zone_change change[] = { { CPI_TIME_NONE, 3600 },
                                               { INT64_C(1774746000000), 7200 }, /* 2026-03-29 */
                                               { INT64_C(1792890000000), 3600 } };
    return (struct cpi_zone){ "Europe/Berlin", change, 3 };
}

static struct cpi_mapping *compile_text(const char *text, struct cpi_diag *diag)
{
    static struct cpi_zone berlin;
    struct cpi_arena arena;
    cpi_arena_init(&arena);
    berlin = test_berlin();
    struct cpi_mapping_spec spec = mapping_spec(&arena, text);
    spec.zone = &berlin;
    spec.n_zones = 1;
    struct cpi_mapping *mapping = cpi_mapping_compile(&spec, test_types, N_TEST_TYPES, test_fields,
                                                      N_TEST_FIELDS, NULL, diag);
    cpi_arena_fini(&arena);
    return mapping;
}

/* Compiles, or prints what is wrong and ends the test. */
__attribute__((unused)) static struct cpi_mapping *mapping_of(const char *text)
{
    struct cpi_diag diag;
    cpi_diag_init(&diag);
    struct cpi_mapping *mapping = compile_text(text, &diag);
    for (size_t i = 0; i < diag.count; i++)
        printf("%u: %s: %s\n", diag.line[i].at.line, diag.line[i].path, diag.line[i].text);
    cpi_diag_fini(&diag);
    if (!mapping)
        exit(1);
    return mapping;
}

/* ---- events as text ---- */
static void show_member(struct cpi_buf *buf, const char *name, struct cpi_text t, bool null)
{
    if (cpi_text_is(t))
        cpi_buf_add_format(buf, " %s=%.*s", name, CPI_TEXT_ARG(t));
    else if (null)
        cpi_buf_add_format(buf, " %s:null", name);
}

static void show_event(struct cpi_buf *buf, const struct cpi_mapped *ev)
{
    if (ev->refusal != CPI_ACCEPTED) {
        cpi_buf_add_format(buf, "refused %s %.*s", cpi_refusal_name(ev->refusal),
                           CPI_TEXT_ARG(ev->detail));
        return;
    }
    if (ev->type == CPI_NO_INDEX && cpi_text_is(ev->unmapped))
        cpi_buf_add_format(buf, "unmapped '%.*s' ", CPI_TEXT_ARG(ev->unmapped));
    else if (ev->type == CPI_NO_INDEX)
        cpi_buf_add_string(buf, "nothing ");
    else
        cpi_buf_add_format(buf, "%.*s ", CPI_TEXT_ARG(test_types[ev->type]));
    if (ev->time == CPI_TIME_NONE)
        cpi_buf_add_byte(buf, '-');
    else
        cpi_time_format(buf, ev->time);
    if (ev->type == CPI_NO_INDEX)
        return;
    if (ev->index)
        cpi_buf_add_format(buf, " #%u", ev->index);
    show_member(buf, "id", ev->id, false);
    if (ev->seq)
        cpi_buf_add_format(buf, " seq=%lld", (long long)ev->seq);
    show_member(buf, "case", ev->case_id, false);
    show_member(buf, "customer", ev->customer, ev->customer_null);
    show_member(buf, "rep", ev->rep, ev->rep_null);
    show_member(buf, "team", ev->team, ev->team_null);
    for (size_t f = 0; f < ev->n_fields; f++)
        show_member(buf, test_fields[ev->field[f].field].at, ev->field[f].value,
                    ev->field[f].is_null);
    if (ev->unreadable)
        cpi_buf_add_format(buf, " unreadable=%u", ev->unreadable);
}

/* All events of a record, a line each; valid until the next call. The record's value is parsed from
 * a copy of the exact size, so that the sanitizer sees every byte too far. */
__attribute__((unused)) static const char *
events_of(struct cpi_mapper *mapper, const struct cpi_mapping *mapping, struct cpi_record record)
{
    static struct cpi_buf buf;
    static char *copy;
    struct cpi_mapped *event;
    struct cpi_text detail;
    size_t count;
    free(copy);
    copy = NULL;
    if (cpi_text_is(record.value)) {
        copy = cpi_xmalloc(record.value.len);
        memcpy(copy, record.value.at, record.value.len);
        record.value.at = copy;
    }
    cpi_buf_reset(&buf);
    enum cpi_refusal refusal =
        cpi_mapper_map(mapper, mapping, &record, NULL, &event, &count, &detail);
    if (refusal != CPI_ACCEPTED)
        cpi_buf_add_format(&buf, "record refused %s", cpi_refusal_name(refusal));
    for (size_t i = 0; i < count; i++) {
        if (i)
            cpi_buf_add_byte(&buf, '\n');
        show_event(&buf, &event[i]);
    }
    cpi_buf_add_byte(&buf, '\0');
    return (const char *)buf.at;
}

#endif
