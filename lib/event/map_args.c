/* Compiling operations: what stands behind their names. */
#include <string.h>

#include "event/map.h"

struct cpi_text map_word(struct cpi_text *t, bool rest)
{
    *t = cpi_text_trim(*t);
    char quote = t->len ? t->at[0] : 0;
    uint32_t end = 1;
    if (quote == '\'' || quote == '"') {
        while (end < t->len && t->at[end] != quote)
            end++;
        if (end < t->len) {
            struct cpi_text word = cpi_text_part(*t, 1, end - 1);
            *t = cpi_text_trim(cpi_text_part(*t, end + 1, UINT32_MAX));
            return word;
        }
    }
    for (end = 0; end < t->len && (rest || (t->at[end] != ' ' && t->at[end] != '\t'));)
        end++;
    struct cpi_text word = cpi_text_part(*t, 0, end);
    *t = cpi_text_trim(cpi_text_part(*t, end, UINT32_MAX));
    return word;
}

static bool read_unit(struct map_compiler *c, struct cpi_text word, const char *allowed,
                      enum map_unit *ret)
{
    static const char *const name[] = { "s", "ms", "us", "ns", "days", "iso" };
    for (size_t i = 0; i < 6; i++)
        if (cpi_text_equal(word, cpi_text_of(name[i])) && (i < 4 || strstr(allowed, name[i]))) {
            *ret = (enum map_unit)i;
            return true;
        }
    map_complain(c, "'%.*s' is no unit here: want one of %s", CPI_TEXT_ARG(word), allowed);
    return false;
}

static bool read_pointer(struct map_compiler *c, struct cpi_text *t, struct map_op *ret)
{
    struct cpi_text word = map_word(t, false);
    if (!word.len || !strchr("/^$[", word.at[0])) {
        map_complain(c, "'%s' needs a pointer", ret->kind->name);
        return false;
    }
    if (ret->kind->args != MAP_ARGS_AT) {
        ret->pointer = map_pointer_compile(c, word);
        return ret->pointer != NULL;
    }
    ret->pointer = cpi_arena_take(&c->mapping->arena, sizeof *ret->pointer);
    return map_step_list(c, word, &ret->pointer->step, &ret->pointer->n_steps);
}

static bool read_number(struct map_compiler *c, struct cpi_text word, struct map_op *ret)
{
    int64_t number;
    if (!map_plain_int(word, &number) || number < -18 || number > 18) {
        map_complain(c, "'scale' needs a number of places from -18 to 18");
        return false;
    }
    ret->number = (int32_t)number;
    return true;
}

static bool read_table(struct map_compiler *c, struct cpi_text name, struct map_op *ret)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < c->mapping->n_tables; i++) {
        struct map_table *table = &c->mapping->table[i];
        if (n < 64)
            names[n++] = table->name.at;
        if (!cpi_text_equal(table->name, name))
            continue;
        table->used = true;
        ret->table = table;
        return true;
    }
    struct cpi_text copy = cpi_arena_text(&c->mapping->arena, name);
    const char *near = cpi_diag_nearest(copy.at ? copy.at : "", names, n);
    map_complain(c, "there is no map '%.*s'%s%s%s", CPI_TEXT_ARG(name),
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return false;
}

static const struct cpi_zone *fixed_zone(struct map_compiler *c, int64_t minutes)
{
    struct cpi_zone *zone = cpi_arena_take(&c->mapping->arena, sizeof *zone);
    zone->change = cpi_arena_take(&c->mapping->arena, sizeof *zone->change);
    zone->change[0] = (struct cpi_zone_change){ CPI_TIME_NONE, (int32_t)(minutes * 60) };
    zone->count = 1;
    return zone;
}

/* A zone lives in the mapping: the one that was given may go. */
static const struct cpi_zone *copy_zone(struct map_compiler *c, const struct cpi_zone *from)
{
    struct cpi_arena *arena = &c->mapping->arena;
    struct cpi_zone *zone = cpi_arena_take(arena, sizeof *zone);
    zone->change = cpi_arena_take(arena, from->count * sizeof *zone->change);
    memcpy(zone->change, from->change, from->count * sizeof *zone->change);
    zone->count = from->count;
    return zone;
}

static bool read_zone(struct map_compiler *c, struct cpi_text name, struct map_op *ret)
{
    int64_t ms;
    if (!name.len)
        return true; /* the source's */
    if (cpi_text_equal(name, CPI_TEXT("UTC")) || cpi_text_equal(name, CPI_TEXT("Z"))) {
        ret->zone = fixed_zone(c, 0);
        return true;
    }
    if (name.at[0] == '+' || name.at[0] == '-') {
        struct cpi_text probe =
            cpi_arena_format(&c->mapping->arena, "1970-01-02T00:00%.*s", CPI_TEXT_ARG(name));
        if (cpi_time_parse(probe, NULL, &ms)) {
            ret->zone = fixed_zone(c, (CPI_DAY - ms) / CPI_MINUTE);
            return true;
        }
    }
    for (size_t i = 0; i < c->spec->n_zones; i++)
        if (cpi_text_equal(cpi_text_of(c->spec->zone[i].name), name)) {
            ret->zone = copy_zone(c, &c->spec->zone[i]);
            return true;
        }
    map_complain(c, "'%.*s' is no known zone: want UTC, +hh:mm or a name such as Europe/Berlin",
                 CPI_TEXT_ARG(name));
    return false;
}

static bool read_date(struct map_compiler *c, struct cpi_text *t, struct map_op *ret)
{
    char unknown;
    ret->arg = cpi_arena_text(&c->mapping->arena, map_word(t, false));
    if (!ret->arg.len || !map_date_check(ret->arg, &unknown)) {
        map_complain(c,
                     ret->arg.len
                         ? "'%%%c' is not known in a date: want %%Y %%y %%m %%b %%B %%d %%H "
                           "%%I %%M %%S %%f %%p %%z %%%%"
                         : "'date' needs a format in quotes",
                     ret->arg.len ? unknown : 0);
        return false;
    }
    return read_zone(c, map_word(t, false), ret);
}

static bool read_args(struct map_compiler *c, struct cpi_text *t, struct map_op *ret)
{
    struct cpi_arena *arena = &c->mapping->arena;
    switch (ret->kind->args) {
    case MAP_ARGS_NONE:
        ret->unit = ret->kind->unit;
        return true;
    case MAP_ARGS_TEXT:
        ret->arg = cpi_arena_text(arena, map_word(t, true));
        if (ret->arg.len)
            return true;
        map_complain(c, "'%s' needs a text", ret->kind->name);
        return false;
    case MAP_ARGS_LIST:
        ret->list = cpi_arena_take(arena, (t->len / 2 + 1) * sizeof *ret->list);
        while (t->len)
            ret->list[ret->n_list++] = cpi_arena_text(arena, map_word(t, false));
        if (ret->n_list)
            return true;
        map_complain(c, "'none' needs the texts that mean absent");
        return false;
    case MAP_ARGS_MAP:
        return read_table(c, map_word(t, false), ret);
    case MAP_ARGS_INT:
        return read_number(c, map_word(t, false), ret);
    case MAP_ARGS_UNIT:
        return read_unit(c, map_word(t, false), "s, ms, us, ns", &ret->unit);
    case MAP_ARGS_DATE:
        return read_date(c, t, ret);
    case MAP_ARGS_AT:
        return read_pointer(c, t, ret);
    case MAP_ARGS_POINTER_UNIT:
        return read_pointer(c, t, ret) &&
               read_unit(c, map_word(t, false), "s, ms, us, ns, days", &ret->unit);
    case MAP_ARGS_POINTER:
        ret->unit = UNIT_ISO;
        return read_pointer(c, t, ret) &&
               (!t->len ||
                read_unit(c, map_word(t, false), "s, ms, us, ns, days, iso", &ret->unit));
    }
    return false;
}

static void complain_unknown(struct map_compiler *c, struct cpi_text name)
{
    const char *names[32];
    for (size_t i = 0; i < map_op_kind_count; i++)
        names[i] = map_op_kinds[i].name;
    struct cpi_text copy = cpi_arena_text(&c->mapping->arena, name);
    const char *near = cpi_diag_nearest(copy.at ? copy.at : "", names, map_op_kind_count);
    if (near)
        map_complain(c, "'%.*s' is no operation; did you mean '%s'?", CPI_TEXT_ARG(name), near);
    else
        map_complain(
            c,
            "'%.*s' is no operation: want lower, map, after, before, last, strip, none, "
            "json, at, join, scale, s, ms, us, ns, days, iso, date, plus, since or seconds",
            CPI_TEXT_ARG(name));
}

bool map_op_compile(struct map_compiler *c, struct cpi_text text, struct map_op *ret)
{
    *ret = (struct map_op){ .text = cpi_arena_text(&c->mapping->arena, cpi_text_trim(text)) };
    struct cpi_text rest = ret->text, name = map_word(&rest, false);
    for (size_t i = 0; i < map_op_kind_count && !ret->kind; i++)
        if (cpi_text_equal(name, cpi_text_of(map_op_kinds[i].name)))
            ret->kind = &map_op_kinds[i];
    if (!ret->kind) {
        complain_unknown(c, name);
        return false;
    }
    if (!read_args(c, &rest, ret))
        return false;
    if (rest.len)
        map_complain(c, "'%.*s' behind '%s' is too much", CPI_TEXT_ARG(rest), ret->kind->name);
    return rest.len == 0;
}
