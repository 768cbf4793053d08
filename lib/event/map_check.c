/* What a mapping can yield: every type it may come up with is one of the vocabulary. Also the zones
 * that its dates name. */
#include <stdio.h>
#include <string.h>

#include "event/map.h"

static void complain_type(struct map_compiler *c, struct cpi_text name, const char *what)
{
    struct cpi_mapping *m = c->mapping;
    const char **names = cpi_arena_take(&m->arena, (m->n_types + 1) * sizeof *names);
    for (size_t i = 0; i < m->n_types; i++) /* arena texts end in NUL */
        names[i] = m->type[i].at;
    struct cpi_text copy = cpi_arena_text(&m->arena, name);
    const char *near = cpi_diag_nearest(copy.at, names, m->n_types);
    map_complain(c, "%s '%.*s', which is no event type%s%s%s", what, CPI_TEXT_ARG(name),
                 near ? "; did you mean '" : " (event-types adds to them)", near ? near : "",
                 near ? "'?" : "");
}

static void add_all(struct cpi_mapping *m)
{
    for (size_t t = 0; t < m->n_types; t++)
        cpi_wordset_add(&m->types, (unsigned)t);
}

static bool has_wildcard(struct cpi_text t)
{
    return memchr(t.at, '*', t.len) || memchr(t.at, '?', t.len);
}

static void check_table(struct map_compiler *c, const struct map_table *table)
{
    struct cpi_mapping *m = c->mapping;
    char path[sizeof c->path];
    memcpy(path, c->path, sizeof path);
    snprintf(c->path, sizeof c->path, "%s.maps.%.*s", c->spec->path ? c->spec->path : "mapping",
             CPI_TEXT_ARG(table->name));
    for (size_t i = 0; i < table->n_pairs; i++) {
        const struct map_pair *pair = &table->pair[i];
        struct cpi_text result = pair->same ? pair->written : pair->result;
        uint16_t type = map_type_find(m, result);
        c->at = pair->at;
        if (pair->absent)
            continue;
        if (pair->same && has_wildcard(pair->written))
            add_all(m);
        else if (type == CPI_NO_INDEX)
            complain_type(c, result, "gives");
        else
            cpi_wordset_add(&m->types, type);
    }
    memcpy(c->path, path, sizeof path);
}

static void check_type_value(struct map_compiler *c, const struct map_value *value)
{
    struct cpi_mapping *m = c->mapping;
    for (size_t i = 0; i < value->count; i++) {
        const struct map_alternative *alt = &value->alternative[i];
        c->at = alt->at;
        if (alt->n_ops && map_op_is_map(&alt->op[alt->n_ops - 1]))
            check_table(c, alt->op[alt->n_ops - 1].table);
        else if (alt->source != SOURCE_CONSTANT || alt->n_ops)
            add_all(m);
        else if (alt->type != CPI_NO_INDEX)
            cpi_wordset_add(&m->types, alt->type);
        else
            complain_type(c, alt->text, "is");
    }
}

void map_check_types(struct map_compiler *c)
{
    for (size_t r = 0; r < c->mapping->n_rules; r++)
        for (size_t p = 0; p < c->mapping->rule[r].n_plans; p++) {
            snprintf(c->path, sizeof c->path, "%s.rules.[%zu].type",
                     c->spec->path ? c->spec->path : "mapping", r);
            check_type_value(c, &c->mapping->rule[r].plan[p].member[MAP_TYPE]);
        }
}

/* ---- zones ---- */

struct zone_search {
    size_t left;
    struct cpi_text name;
    struct cpi_origin at;
};

static bool search_text(struct zone_search *s, const struct cpi_text_at *text)
{
    struct cpi_text rest = cpi_text_of(text->text);
    map_segment(&rest);
    while (cpi_text_is(rest)) {
        rest = cpi_text_trim(rest);
        struct cpi_text op = cpi_text_trim(map_segment(&rest));
        if (!cpi_text_equal(map_word(&op, false), CPI_TEXT("date")))
            continue;
        map_word(&op, false);
        struct cpi_text name = map_word(&op, false);
        if (!name.len || strchr("+-", name.at[0]) || cpi_text_equal(name, CPI_TEXT("UTC")) ||
            cpi_text_equal(name, CPI_TEXT("Z")) || s->left--)
            continue;
        s->name = name;
        s->at = text->at;
        return true;
    }
    return false;
}

static bool search_value(struct zone_search *s, const struct cpi_value_spec *value)
{
    for (size_t i = 0; i < value->count; i++)
        if (search_text(s, &value->alternative[i]))
            return true;
    return false;
}

static bool search_rule(struct zone_search *s, const struct cpi_rule_spec *rule)
{
    const struct cpi_value_spec *const value[] = { &rule->type, &rule->id,      &rule->seq,
                                                   &rule->time, &rule->case_id, &rule->customer,
                                                   &rule->rep,  &rule->team };
    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        if (search_value(s, value[i]))
            return true;
    for (size_t i = 0; i < rule->n_fields; i++)
        if (search_value(s, &rule->field[i].value))
            return true;
    for (size_t i = 0; i < rule->n_when; i++)
        if (search_text(s, &rule->when[i]))
            return true;
    for (size_t i = 0; i < rule->n_emit; i++)
        if (search_rule(s, &rule->emit[i]))
            return true;
    return false;
}

bool cpi_mapping_spec_zone(const struct cpi_mapping_spec *spec, size_t i, struct cpi_text *ret_name,
                           struct cpi_origin *ret_at)
{
    struct zone_search s = { .left = i };
    bool found = search_rule(&s, &spec->common);
    for (size_t r = 0; r < spec->n_rules && !found; r++)
        found = search_rule(&s, &spec->rule[r]);
    if (found) {
        *ret_name = s.name;
        *ret_at = s.at;
    }
    return found;
}
