/* Compiling values: which form a string is, its template parts, its operations. */
#include <string.h>

#include "event/map.h"

struct cpi_text map_segment(struct cpi_text *t)
{
    int depth = 0;
    char quote = 0;
    bool in_op = false; /* quotes count behind the operation's name only: texts hold apostrophes */
    uint32_t i = 0;
    for (; i < t->len; i++) {
        char c = t->at[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if ((c == '"' || c == '\'') && in_op && i && t->at[i - 1] == ' ')
            quote = c;
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth)
            depth--;
        else if (c == '|' && !depth && i && t->at[i - 1] == ' ' && i + 1 < t->len &&
                 t->at[i + 1] == ' ')
            break;
        in_op |= i == 0 && c >= 'a' && c <= 'z';
    }
    struct cpi_text segment = cpi_text_part(*t, 0, i);
    *t = i < t->len ? cpi_text_part(*t, i + 2, UINT32_MAX) : CPI_ABSENT;
    return segment;
}

/* A text of braces and literals; false after a complaint. */
static bool compile_template(struct map_compiler *c, struct cpi_text t, struct map_alternative *ret)
{
    ret->source = SOURCE_TEMPLATE;
    ret->part = cpi_arena_take(&c->mapping->arena, MAP_PARTS_MAX * sizeof *ret->part);
    for (uint32_t i = 0; i < t.len;) {
        struct map_part *part = &ret->part[ret->n_parts++];
        uint32_t from = i, depth = 0;
        if (ret->n_parts == MAP_PARTS_MAX) {
            map_complain(c, "a template of more than %d parts", MAP_PARTS_MAX - 1);
            return false;
        }
        if (t.at[i] != '{') {
            while (i < t.len && t.at[i] != '{')
                i++;
            part->literal = true;
            part->text = cpi_arena_text(&c->mapping->arena, cpi_text_part(t, from, i - from));
            continue;
        }
        for (; i < t.len; i++) {
            depth += t.at[i] == '{';
            depth -= t.at[i] == '}';
            if (!depth)
                break;
        }
        if (i == t.len) {
            map_complain(c, "'%.*s': a '}' is missing", CPI_TEXT_ARG(t));
            return false;
        }
        struct cpi_text inner = cpi_text_part(t, from + 1, i++ - from - 1);
        part->optional = inner.len && inner.at[0] == '?';
        if (part->optional)
            inner = cpi_text_part(inner, 1, UINT32_MAX);
        if (inner.len && inner.at[0] == '{') {
            map_complain(c, "'%.*s': a template inside a template", CPI_TEXT_ARG(t));
            return false;
        }
        part->value = map_alternative_compile(c, inner);
        if (!part->value)
            return false;
    }
    return true;
}

static bool compile_named(struct map_alternative *ret, struct cpi_text t)
{
    static const struct {
        const char *name;
        enum map_source source;
    } row[] = {
        { "key:", SOURCE_KEY },
        { "topic", SOURCE_TOPIC },
        { "partition", SOURCE_PARTITION },
        { "offset", SOURCE_OFFSET },
        { "timestamp", SOURCE_TIMESTAMP },
        { "index", SOURCE_INDEX },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (cpi_text_equal(t, cpi_text_of(row[i].name))) {
            ret->source = row[i].source;
            return true;
        }
    return false;
}

static bool compile_source(struct map_compiler *c, struct cpi_text t, struct map_alternative *ret)
{
    struct cpi_arena *arena = &c->mapping->arena;
    ret->type = CPI_NO_INDEX;
    if (t.len && t.at[0] == '=') {
        ret->source = SOURCE_CONSTANT;
        ret->text = cpi_arena_text(arena, cpi_text_part(t, 1, UINT32_MAX));
        ret->type = map_type_find(c->mapping, ret->text);
        return true;
    }
    if (!t.len || strchr("/^$[", t.at[0]) || cpi_text_starts(t, CPI_TEXT("key:/")) ||
        cpi_text_starts(t, CPI_TEXT("key:["))) {
        ret->source = SOURCE_POINTER;
        ret->pointer = map_pointer_compile(c, t);
        return ret->pointer != NULL;
    }
    if (compile_named(ret, t))
        return true;
    if (cpi_text_starts(t, CPI_TEXT("header:"))) {
        ret->source = SOURCE_HEADER;
        c->mapping->reads_headers = true;
        ret->text = cpi_arena_text(arena, cpi_text_trim(cpi_text_part(t, 7, UINT32_MAX)));
        return true;
    }
    if (memchr(t.at, '{', t.len))
        return compile_template(c, t, ret);
    map_complain(c,
                 "'%.*s' is no value: want a pointer (/member), a constant (=text), a template "
                 "({/member}), key:, header:NAME, topic, partition, offset, timestamp or index",
                 CPI_TEXT_ARG(t));
    return false;
}

static bool compile_ops(struct map_compiler *c, struct cpi_text rest, struct map_alternative *ret)
{
    ret->op = cpi_arena_take(&c->mapping->arena, (rest.len / 3 + 2) * sizeof *ret->op);
    while (cpi_text_is(rest)) {
        rest = cpi_text_trim(rest);
        struct cpi_text segment = cpi_text_trim(map_segment(&rest)), t = segment;
        bool both = cpi_text_equal(map_word(&t, false), CPI_TEXT("json")) && t.len;
        if (both && !map_op_compile(c, CPI_TEXT("json"), &ret->op[ret->n_ops++])) /* json at /p */
            return false;
        if (!map_op_compile(c, both ? t : segment, &ret->op[ret->n_ops++]))
            return false;
    }
    for (size_t i = 0; i < ret->n_ops; i++) {
        ret->maps |= map_op_is_map(&ret->op[i]);
        if (ret->pointer)
            ret->pointer->whole |= map_op_looks_inside(&ret->op[i]);
    }
    return true;
}

struct map_alternative *map_alternative_compile(struct map_compiler *c, struct cpi_text text)
{
    struct map_alternative *alt = cpi_arena_take(&c->mapping->arena, sizeof *alt);
    alt->written = cpi_arena_text(&c->mapping->arena, text);
    struct cpi_text rest = text, source = map_segment(&rest);
    /* A constant and a literal keep their blanks but for those before an operation. */
    source = cpi_text_trim(source);
    if (!compile_source(c, source, alt) || !compile_ops(c, rest, alt))
        return NULL;
    return alt;
}

void map_value_compile(struct map_compiler *c, const struct cpi_value_spec *spec,
                       struct map_value *ret)
{
    *ret = (struct map_value){
        cpi_arena_take(&c->mapping->arena, spec->count * sizeof *ret->alternative), 0, CPI_NONE
    };
    for (size_t i = 0; i < spec->count; i++) {
        c->at = spec->alternative[i].at;
        struct map_alternative *alt =
            map_alternative_compile(c, cpi_text_of(spec->alternative[i].text));
        if (!alt)
            continue;
        alt->at = c->at;
        ret->alternative[ret->count++] = *alt;
    }
}

/* ---- maps ---- */

static void compile_pattern(struct map_compiler *c, struct cpi_text written, struct map_pair *ret)
{
    struct cpi_text low = cpi_arena_text(&c->mapping->arena, written);
    char *at = (char *)(uintptr_t)low.at;
    uint32_t stars = 0, marks = 0;
    for (uint32_t i = 0; i < low.len; i++) {
        at[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i]);
        stars += at[i] == '*';
        marks += at[i] == '?';
    }
    ret->pattern = low;
    ret->kind = PAIR_GLOB;
    if (stars + marks == 0) {
        ret->kind = PAIR_EXACT;
    } else if (stars == 1 && !marks && low.len == 1) {
        ret->kind = PAIR_ANY;
    } else if (stars == 1 && !marks && at[0] == '*') {
        ret->kind = PAIR_SUFFIX;
        ret->pattern = cpi_text_part(low, 1, UINT32_MAX);
    } else if (stars == 1 && !marks && at[low.len - 1] == '*') {
        ret->kind = PAIR_PREFIX;
        ret->pattern = cpi_text_part(low, 0, low.len - 1);
    }
}

void map_tables_compile(struct map_compiler *c)
{
    struct cpi_mapping *m = c->mapping;
    m->n_tables = c->spec->n_maps;
    m->table = cpi_arena_take(&m->arena, m->n_tables * sizeof *m->table);
    for (size_t t = 0; t < m->n_tables; t++) {
        const struct cpi_map_spec *spec = &c->spec->map[t];
        struct map_table *table = &m->table[t];
        table->name = cpi_arena_text(&m->arena, cpi_text_of(spec->name));
        table->at = spec->at;
        table->n_pairs = spec->n_pairs;
        table->pair = cpi_arena_take(&m->arena, spec->n_pairs * sizeof *table->pair);
        for (size_t i = 0; i < spec->n_pairs; i++) {
            struct map_pair *pair = &table->pair[i];
            pair->at = spec->pair[i][0].at;
            pair->written = cpi_arena_text(&m->arena, cpi_text_of(spec->pair[i][0].text));
            pair->result = cpi_arena_text(&m->arena, cpi_text_of(spec->pair[i][1].text));
            pair->same = cpi_text_equal(pair->result, CPI_TEXT("&"));
            pair->absent = cpi_text_equal(pair->result, CPI_TEXT("-"));
            pair->type = map_type_find(m, pair->result);
            compile_pattern(c, pair->written, pair);
        }
    }
}
