/* Compiling a mapping: common, rules and emit entries laid over each other, and what is checked. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/map.h"

const char *const map_member_name[MAP_MEMBERS] = { "type", "id",       "seq", "time",
                                                   "case", "customer", "rep", "team" };

void map_complain(struct map_compiler *c, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cpi_diag_error(c->diag, c->at, c->path, "%s", text);
}

uint16_t map_type_find(const struct cpi_mapping *mapping, struct cpi_text name)
{
    const struct cpi_index *ix = &mapping->type_index;
    uint64_t hash = cpi_hash_text(name);
    for (uint32_t p = cpi_index_first(ix, hash); p != CPI_NONE; p = cpi_index_next(ix, hash, p))
        if (cpi_text_equal(mapping->type[cpi_index_at(ix, p)], name))
            return (uint16_t)cpi_index_at(ix, p);
    return CPI_NO_INDEX;
}

/* Sets the path of what is compiled: the mapping's own and `format` behind it. */
static void at_path(struct map_compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void at_path(struct map_compiler *c, const char *format, ...)
{
    va_list args;
    int n = snprintf(c->path, sizeof c->path, "%s.", c->spec->path ? c->spec->path : "mapping");
    if (n < 0 || (size_t)n >= sizeof c->path)
        n = 0;
    va_start(args, format);
    vsnprintf(c->path + n, sizeof c->path - (size_t)n, format, args);
    va_end(args);
}

static const struct cpi_value_spec *member_spec(const struct cpi_rule_spec *rule, enum map_member m)
{
    const struct cpi_value_spec *const spec[MAP_MEMBERS] = {
        &rule->type,    &rule->id,       &rule->seq, &rule->time,
        &rule->case_id, &rule->customer, &rule->rep, &rule->team,
    };
    return spec[m];
}

/* The innermost layer that gives the member, NULL if none does. */
static const struct cpi_value_spec *find_member(const struct cpi_rule_spec *const layer[3],
                                                enum map_member m)
{
    for (int i = 2; i >= 0; i--)
        if (layer[i] && member_spec(layer[i], m)->count)
            return member_spec(layer[i], m);
    return NULL;
}

static uint16_t field_find(const struct map_compiler *c, struct cpi_text name)
{
    for (size_t f = 0; f < c->n_fields; f++)
        if (cpi_text_equal(c->field[f], name))
            return (uint16_t)f;
    return CPI_NO_INDEX;
}

static void note_kind(struct map_compiler *c, const struct map_field *field)
{
    enum cpi_mapped_kind *kind = &c->mapping->kind[field->field];
    for (size_t i = 0; i < field->value.count; i++) {
        const struct map_alternative *alt = &field->value.alternative[i];
        struct cpi_decimal number;
        size_t n = alt->n_ops;
        if (alt->source == SOURCE_CONSTANT && !n && cpi_decimal_parse(alt->text, &number))
            continue; /* goes with either */
        while (n && map_op_is_none(&alt->op[n - 1]))
            n--;
        bool duration = n && map_op_makes_duration(&alt->op[n - 1]);
        enum cpi_mapped_kind one = duration ? CPI_MAPPED_DURATION : CPI_MAPPED_TEXT;
        *kind = *kind == CPI_MAPPED_NOT || *kind == one ? one : CPI_MAPPED_MIXED;
    }
    if (*kind == CPI_MAPPED_NOT)
        *kind = CPI_MAPPED_TEXT;
}

static bool is_overridden(const struct cpi_rule_spec *const layer[3], int from, const char *name)
{
    for (int i = from + 1; i < 3; i++)
        for (size_t f = 0; layer[i] && f < layer[i]->n_fields; f++)
            if (strcmp(layer[i]->field[f].name, name) == 0)
                return true;
    return false;
}

static void compile_fields(struct map_compiler *c, const struct cpi_rule_spec *const layer[3],
                           const char *where, struct map_plan *plan)
{
    size_t most = 0;
    for (int i = 0; i < 3; i++)
        most += layer[i] ? layer[i]->n_fields : 0;
    plan->field = cpi_arena_take(&c->mapping->arena, most * sizeof *plan->field);
    for (int i = 0; i < 3; i++)
        for (size_t f = 0; layer[i] && f < layer[i]->n_fields; f++) {
            const struct cpi_field_spec *spec = &layer[i]->field[f];
            struct map_field field = { .name = cpi_text_of(spec->name) };
            if (is_overridden(layer, i, spec->name))
                continue;
            at_path(c, "%s.fields.%s", i == 0 ? "common" : where, spec->name);
            map_value_compile(c, &spec->value, &field.value);
            field.field = field_find(c, field.name);
            if (field.field == CPI_NO_INDEX)
                continue; /* compiled for its errors; nothing uses it */
            field.name = cpi_arena_text(&c->mapping->arena, field.name);
            note_kind(c, &field);
            size_t k = plan->n_fields++;
            for (; k && plan->field[k - 1].field > field.field; k--)
                plan->field[k] = plan->field[k - 1];
            plan->field[k] = field;
        }
}

static void compile_plan(struct map_compiler *c, const struct cpi_rule_spec *const layer[3],
                         const char *where, struct map_plan *plan)
{
    for (int m = 0; m < MAP_MEMBERS; m++) {
        const struct cpi_value_spec *spec = find_member(layer, (enum map_member)m);
        if (!spec)
            continue;
        bool common = layer[0] && spec == member_spec(layer[0], (enum map_member)m);
        at_path(c, "%s.%s", common ? "common" : where, map_member_name[m]);
        map_value_compile(c, spec, &plan->member[m]);
    }
    compile_fields(c, layer, where, plan);
}

static struct map_pointer *compile_each(struct map_compiler *c, const struct cpi_text_at *each,
                                        const char *where)
{
    if (!each->text)
        return NULL;
    at_path(c, "%s", where);
    c->at = each->at;
    struct cpi_text t = cpi_text_trim(cpi_text_of(each->text));
    if (t.len && !strchr("/^$[", t.at[0])) {
        map_complain(c, "'%s' is no pointer: each wants an array such as /items or [*]",
                     each->text);
        return NULL;
    }
    struct map_pointer *pointer = map_pointer_compile(c, t);
    if (pointer)
        pointer->whole = true;
    return pointer;
}

static void compile_rule(struct map_compiler *c, const struct cpi_rule_spec *spec, size_t number,
                         struct map_rule *rule)
{
    const struct cpi_rule_spec *layer[3] = { &c->spec->common, spec, NULL };
    unsigned level = c->level;
    char where[64];
    snprintf(where, sizeof where, "rules.[%zu]", number);
    at_path(c, "%s.when", where);
    rule->at = spec->at;
    rule->also = spec->also;
    map_when_compile(c, spec->when, spec->n_when, &rule->when);
    char each[80];
    snprintf(each, sizeof each, "%s.each", where);
    rule->each = compile_each(c, &spec->each, each);
    c->level += rule->each != NULL;
    c->mapping->nested |= c->mapping->each && rule->each;
    rule->emits = spec->n_emit > 0;
    rule->n_plans = rule->emits ? spec->n_emit : 1;
    rule->plan = cpi_arena_take(&c->mapping->arena, rule->n_plans * sizeof *rule->plan);
    for (size_t e = 0; e < spec->n_emit; e++) {
        snprintf(where, sizeof where, "rules.[%zu].emit.[%zu]", number, e);
        at_path(c, "%s.when", where);
        layer[2] = &spec->emit[e];
        map_when_compile(c, layer[2]->when, layer[2]->n_when, &rule->plan[e].when);
        compile_plan(c, layer, where, &rule->plan[e]);
    }
    if (!rule->emits)
        compile_plan(c, layer, where, &rule->plan[0]);
    c->level = level;
}

static void check_reachable(struct map_compiler *c)
{
    for (size_t r = 0; r + 1 < c->spec->n_rules; r++) {
        if (c->spec->rule[r].n_when || c->spec->rule[r].also)
            continue;
        at_path(c, "rules.[%zu]", r + 1);
        c->at = c->spec->rule[r + 1].at;
        map_complain(c, "is never reached: the rule before it has no `when` and takes everything; "
                        "put it last, or say also = true");
        return;
    }
}

/* The time of what no rule takes. What is wrong with it was said at the rules; what goes wrong only
 * here, such as the parent of a rule's fan-out, is no error. */
static void compile_fallback(struct map_compiler *c)
{
    struct cpi_diag unheard, *diag = c->diag;
    cpi_diag_init(&unheard);
    c->diag = &unheard;
    map_value_compile(c, &c->spec->common.time, &c->mapping->time);
    c->diag = diag;
    cpi_diag_fini(&unheard);
}

static void compile_rules(struct map_compiler *c)
{
    struct cpi_mapping *m = c->mapping;
    static const struct cpi_rule_spec nothing_more; /* common alone is a rule, too */
    bool bare = c->spec->n_rules == 0;
    m->n_rules = bare ? 1 : c->spec->n_rules;
    m->rule = cpi_arena_take(&m->arena, m->n_rules * sizeof *m->rule);
    for (size_t r = 0; r < m->n_rules; r++)
        compile_rule(c, bare ? &nothing_more : &c->spec->rule[r], r, &m->rule[r]);
    compile_fallback(c);
    check_reachable(c);
}

static void compile_roots(struct map_compiler *c)
{
    struct cpi_mapping *m = c->mapping;
    m->root = cpi_arena_take(&m->arena, (c->spec->n_root + 1) * sizeof(void *));
    at_path(c, "root");
    for (size_t r = 0; r < c->spec->n_root; r++) {
        c->at = c->spec->root[r].at;
        struct cpi_text t = cpi_text_trim(cpi_text_of(c->spec->root[r].text));
        /* Relative to the whole record; every element pointer gets a route through it. */
        struct map_pointer *root = map_pointer_compile(
            c, t.len && t.at[0] == '$' ? t : cpi_arena_format(&m->arena, "$%.*s", CPI_TEXT_ARG(t)));
        if (root && root->collects)
            map_complain(c, "a root is one element: [*] has no place in it");
        else if (root)
            m->root[m->n_roots++] = root;
    }
    if (m->n_roots == 0)
        m->root[m->n_roots++] = map_pointer_compile(c, CPI_TEXT("$"));
}

static void copy_types(struct cpi_mapping *m, const struct cpi_text *types, size_t n_types)
{
    m->n_types = n_types;
    m->type = cpi_arena_take(&m->arena, n_types * sizeof *m->type);
    cpi_index_init(&m->type_index);
    for (size_t i = 0; i < n_types; i++) {
        m->type[i] = cpi_arena_text(&m->arena, types[i]);
        cpi_index_add(&m->type_index, cpi_hash_text(types[i]), (uint32_t)i);
    }
}

static void find_plain(struct map_value *value)
{
    const struct map_alternative *alt = value->alternative;
    bool plain = value->count == 1 && !alt->n_ops && alt->pointer;
    value->plain = plain ? alt->pointer->slot : CPI_NONE;
}

static void find_plain_values(struct cpi_mapping *m)
{
    for (size_t r = 0; r < m->n_rules; r++)
        for (size_t p = 0; p < m->rule[r].n_plans; p++) {
            struct map_plan *plan = &m->rule[r].plan[p];
            for (int v = 0; v < MAP_MEMBERS; v++)
                find_plain(&plan->member[v]);
            for (size_t f = 0; f < plan->n_fields; f++)
                find_plain(&plan->field[f].value);
        }
}

struct cpi_mapping *cpi_mapping_compile(const struct cpi_mapping_spec *spec,
                                        const struct cpi_text *types, size_t n_types,
                                        const struct cpi_text *fields, size_t n_fields,
                                        const struct cpi_zone *zone, struct cpi_diag *diag)
{
    struct cpi_mapping *m = cpi_xcalloc(1, sizeof *m);
    struct map_compiler c = { m, spec, fields, n_fields, diag, "", spec->common.at, 0 };
    size_t errors = diag->errors;
    cpi_arena_init(&m->arena);
    m->zone = zone;
    m->json_text = spec->json_text;
    m->n_fields = n_fields;
    m->kind = cpi_arena_take(&m->arena, n_fields * sizeof *m->kind);
    copy_types(m, types, n_types);
    map_tables_compile(&c);
    compile_roots(&c);
    m->each = compile_each(&c, &spec->each, "each");
    c.level += m->each != NULL;
    compile_rules(&c);
    map_check_types(&c);
    if (diag->errors > errors) {
        cpi_mapping_free(m);
        return NULL;
    }
    map_pointers_resolve(m);
    find_plain_values(m);
    m->text_paths = json_paths_new();
    json_paths_need(m->text_paths, NULL, 0, false);
    json_paths_seal(m->text_paths);
    return m;
}

bool cpi_mapping_reads_headers(const struct cpi_mapping *mapping)
{
    return mapping->reads_headers;
}

void cpi_mapping_free(struct cpi_mapping *mapping)
{
    if (!mapping)
        return;
    json_paths_free(mapping->paths);
    json_paths_free(mapping->text_paths);
    cpi_index_fini(&mapping->type_index);
    cpi_arena_fini(&mapping->arena);
    free(mapping);
}

struct cpi_wordset cpi_mapping_types(const struct cpi_mapping *mapping)
{
    return mapping->types;
}

enum cpi_mapped_kind cpi_mapping_field_kind(const struct cpi_mapping *mapping, uint16_t field)
{
    return field < mapping->n_fields ? mapping->kind[field] : CPI_MAPPED_NOT;
}
