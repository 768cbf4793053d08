/* The operations behind a '|': one table row each, with what it takes and what it does. */
#include <string.h>

#include "event/map.h"

enum args {
    ARGS_NONE,
    ARGS_TEXT,
    ARGS_LIST,
    ARGS_MAP,
    ARGS_INT,
    ARGS_UNIT,
    ARGS_DATE,
    ARGS_AT,
    ARGS_POINTER,
    ARGS_POINTER_UNIT
};

struct map_op_kind {
    const char *name;
    enum args args;
    bool structured; /* takes objects, arrays and lists as they are; others see text */
    bool duration;   /* leaves integer ms that a duration may be */
    enum map_unit unit;
    void (*apply)(struct map_run *run, const struct map_op *op, struct map_result *r);
};

/* ---- texts ---- */

static void apply_lower(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)op;
    bool number = r->number;
    struct cpi_text copy = cpi_arena_text(run->arena, r->text);
    char *at = (char *)(uintptr_t)copy.at;
    for (uint32_t i = 0; i < copy.len; i++)
        at[i] = (char)(at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i]);
    map_set_text(r, copy);
    r->number = number;
}

static void apply_after(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)run;
    int64_t at = cpi_text_find(r->text, op->arg);
    if (at < 0)
        map_absent(r);
    else
        map_set_text(r, cpi_text_part(r->text, (uint32_t)at + op->arg.len, UINT32_MAX));
}

static void apply_before(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)run;
    int64_t at = cpi_text_find(r->text, op->arg);
    if (at < 0)
        map_absent(r);
    else
        map_set_text(r, cpi_text_part(r->text, 0, (uint32_t)at));
}

static void apply_last(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)run;
    struct cpi_text t = r->text;
    for (int64_t at; (at = cpi_text_find(t, op->arg)) >= 0;)
        t = cpi_text_part(t, (uint32_t)at + op->arg.len, UINT32_MAX);
    map_set_text(r, t);
}

static void apply_strip(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)run;
    struct cpi_text t = r->text;
    while (cpi_text_starts(t, op->arg))
        t = cpi_text_part(t, op->arg.len, UINT32_MAX);
    while (t.len >= op->arg.len && memcmp(t.at + t.len - op->arg.len, op->arg.at, op->arg.len) == 0)
        t.len -= op->arg.len;
    map_set_text(r, t);
}

static void apply_none(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)run;
    for (size_t i = 0; i < op->n_list; i++)
        if (cpi_text_equal(r->text, op->list[i])) {
            map_absent(r);
            r->state = MAP_NULL;
            return;
        }
}

/* ---- maps ---- */

static bool glob(struct cpi_text pattern, struct cpi_text t)
{
    uint32_t p = 0, i = 0, star = UINT32_MAX, from = 0;
    while (i < t.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            from = i;
        } else if (p < pattern.len && (pattern.at[p] == '?' || pattern.at[p] == t.at[i])) {
            p++;
            i++;
            while (i < t.len && ((unsigned char)t.at[i] & 0xC0) == 0x80 && pattern.at[p - 1] == '?')
                i++; /* '?' is a character, not a byte */
        } else if (star != UINT32_MAX) {
            p = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static bool pair_matches(const struct map_pair *pair, struct cpi_text t)
{
    struct cpi_text p = pair->pattern;
    switch (pair->kind) {
    case PAIR_EXACT:
        return t.len == p.len && memcmp(t.at, p.at, p.len) == 0;
    case PAIR_PREFIX:
        return t.len >= p.len && memcmp(t.at, p.at, p.len) == 0;
    case PAIR_SUFFIX:
        return t.len >= p.len && memcmp(t.at + t.len - p.len, p.at, p.len) == 0;
    case PAIR_ANY:
        return true;
    case PAIR_GLOB:
        return glob(p, t);
    }
    return false;
}

static const struct map_pair *pair_find(struct map_run *run, const struct map_table *table,
                                        struct cpi_text t)
{
    char room[256], *lower = t.len <= sizeof room ? room : cpi_arena_take(run->arena, t.len);
    for (uint32_t i = 0; i < t.len; i++)
        lower[i] = (char)(t.at[i] >= 'A' && t.at[i] <= 'Z' ? t.at[i] + 32 : t.at[i]);
    struct cpi_text low = { lower, t.len };
    for (size_t i = 0; i < table->n_pairs; i++)
        if (pair_matches(&table->pair[i], low))
            return &table->pair[i];
    return NULL;
}

static void apply_map(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    bool null = r->state == MAP_NULL;
    if (!map_to_text(run, r)) {
        if (r->state == MAP_BAD)
            return;
        r->text = CPI_TEXT(""); /* a map also sees what is not there */
    }
    const struct map_pair *pair = pair_find(run, op->table, r->text);
    if (!pair)
        run->unmatched = r->text;
    run->dropped |= pair && pair->absent;
    if (pair && pair->same) {
        map_set_text(r, r->text);
    } else if (pair && !pair->absent) {
        map_set_text(r, pair->result);
        r->type = pair->type;
    } else {
        map_absent(r);
        if (null)
            r->state = MAP_NULL;
    }
}

/* ---- structure ---- */

static void apply_json(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)op;
    if (r->state != MAP_TEXT)
        return; /* an object already: some products send either */
    struct json_value v;
    if (json_parse_whole(run->parser, r->text, &v) == JSON_FINE)
        map_result_of(&v, r);
    else
        map_bad(r, "a text that is no JSON");
}

static void apply_at(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    struct json_value from = { .token = CPI_NONE };
    if (r->state == MAP_NODE)
        from = r->node;
    if (r->state == MAP_NODE || r->state == MAP_TEXT)
        map_walk(run, &from, op->pointer->step, op->pointer->n_steps, r);
}

static void apply_join(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    if (r->state == MAP_LIST || (r->state == MAP_NODE && r->node.kind == JSON_ARRAY))
        map_join(run, r, op->arg);
}

/* ---- numbers and times ---- */

/* Plain digits with an optional '-' that fit, the common case of ids and epochs. */
static bool read_plain(struct cpi_text t, int64_t *ret)
{
    bool minus = t.len && t.at[0] == '-';
    int64_t value = 0;
    uint32_t i = minus;
    if (t.len - i < 1 || t.len - i > 18)
        return false;
    for (; i < t.len; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
        value = value * 10 + (t.at[i] - '0');
    }
    *ret = minus ? -value : value;
    return true;
}

/* value * factor / divisor in whole ms, cut toward zero. */
static bool to_ms(struct cpi_text t, int64_t factor, int64_t divisor, int64_t *ret)
{
    struct cpi_decimal d;
    int64_t plain;
    __int128 ms;
    if (read_plain(t, &plain)) {
        if (divisor == 1)
            return !__builtin_mul_overflow(plain, factor, ret);
        ms = plain / divisor * factor;
    } else {
        if (!cpi_decimal_parse(cpi_text_trim(t), &d))
            return false;
        ms = (__int128)d.units * factor; /* < 2^63 * 10^8 */
        for (unsigned i = 0; i < d.scale; i++)
            ms /= 10; /* cutting digit by digit cuts the same */
        ms /= divisor;
    }
    *ret = (int64_t)ms;
    return ms >= INT64_MIN && ms <= INT64_MAX;
}

static bool unit_ms(enum map_unit unit, struct cpi_text t, int64_t *ret)
{
    static const int64_t scale[][2] = {
        [UNIT_S] = { 1000, 1 },     [UNIT_MS] = { 1, 1 },         [UNIT_US] = { 1, 1000 },
        [UNIT_NS] = { 1, 1000000 }, [UNIT_DAYS] = { CPI_DAY, 1 },
    };
    return to_ms(t, scale[unit][0], scale[unit][1], ret);
}

static void apply_unit(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    int64_t ms;
    if (r->state == MAP_MS && op->unit == UNIT_MS)
        return;
    if (!map_to_text(run, r))
        return;
    if (unit_ms(op->unit, r->text, &ms))
        map_set_ms(r, ms);
    else
        map_bad(r, "no number that fits");
}

static void apply_iso(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)op;
    map_to_time(run, r);
}

static void apply_date(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    int64_t ms;
    const struct cpi_zone *zone = op->zone ? op->zone : run->mapping->zone;
    if (map_date_parse(cpi_text_trim(r->text), op->arg, zone, &ms))
        map_set_ms(r, ms);
    else
        map_bad(r, "no date of that format");
}

/* The value at the pointer of `plus` or `since` in ms; false and *r says why not. */
static bool other_ms(struct map_run *run, const struct map_op *op, struct map_result *r,
                     int64_t *ret)
{
    struct map_result other;
    map_pointer_get(run, op->pointer, &other);
    bool there = op->unit == UNIT_ISO ? map_to_time(run, &other) : map_to_text(run, &other);
    if (there && op->unit != UNIT_ISO && !unit_ms(op->unit, other.text, ret)) {
        map_bad(r, "the other value is no number that fits");
        return false;
    }
    if (there && op->unit == UNIT_ISO)
        *ret = other.ms;
    if (!there) {
        *r = other;
        if (r->state != MAP_BAD && r->state != MAP_NULL)
            map_absent(r);
    }
    return there;
}

static void apply_plus(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    int64_t other, sum;
    if (!map_to_time(run, r))
        return;
    int64_t ms = r->ms;
    if (!other_ms(run, op, r, &other))
        return;
    if (__builtin_add_overflow(ms, other, &sum))
        map_bad(r, "a sum that does not fit");
    else
        map_set_ms(r, sum);
}

static void apply_since(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    int64_t other, left;
    if (!map_to_time(run, r))
        return;
    int64_t ms = r->ms;
    if (!other_ms(run, op, r, &other))
        return;
    if (__builtin_sub_overflow(ms, other, &left))
        map_bad(r, "a difference that does not fit");
    else
        map_set_ms(r, left);
}

/* The decimal point to the left, all digits kept as written. */
static void apply_scale(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    struct cpi_text t = cpi_text_trim(r->text);
    char digits[512];
    int n = 0, point = -1, zeros;
    bool minus = t.len && t.at[0] == '-';
    for (uint32_t i = minus; i < t.len; i++) {
        if (t.at[i] == '.' && point < 0)
            point = n;
        else if (t.at[i] >= '0' && t.at[i] <= '9' && n < 450)
            digits[n++] = t.at[i];
        else
            n = 1000;
        if (n == 1000)
            break;
    }
    if (n == 0 || n == 1000) {
        map_bad(r, "no decimal number");
        return;
    }
    point = (point < 0 ? n : point) - op->number;
    char *text = cpi_arena_take(run->arena, 600), *to = text;
    if (minus)
        *to++ = '-';
    for (zeros = 0; zeros < point - 1 && zeros < n - 1 && digits[zeros] == '0';)
        zeros++; /* leading ones that the shift left over */
    if (point <= 0)
        *to++ = '0';
    for (int i = zeros; i < point; i++)
        *to++ = i < n ? digits[i] : '0';
    if (point < n) {
        *to++ = '.';
        for (int i = point; i < 0; i++)
            *to++ = '0';
        for (int i = point < 0 ? 0 : point; i < n; i++)
            *to++ = digits[i];
    }
    map_set_text(r, (struct cpi_text){ text, (uint32_t)(to - text) });
    r->number = true;
}

/* ---- the table ---- */

static const struct map_op_kind kinds[] = {
    { "lower", ARGS_NONE, false, false, 0, apply_lower },
    { "map", ARGS_MAP, true, false, 0, apply_map },
    { "after", ARGS_TEXT, false, false, 0, apply_after },
    { "before", ARGS_TEXT, false, false, 0, apply_before },
    { "last", ARGS_TEXT, false, false, 0, apply_last },
    { "strip", ARGS_TEXT, false, false, 0, apply_strip },
    { "none", ARGS_LIST, false, false, 0, apply_none },
    { "json", ARGS_NONE, true, false, 0, apply_json },
    { "at", ARGS_AT, true, false, 0, apply_at },
    { "join", ARGS_TEXT, true, false, 0, apply_join },
    { "scale", ARGS_INT, false, false, 0, apply_scale },
    { "s", ARGS_NONE, true, true, UNIT_S, apply_unit },
    { "ms", ARGS_NONE, true, true, UNIT_MS, apply_unit },
    { "us", ARGS_NONE, true, true, UNIT_US, apply_unit },
    { "ns", ARGS_NONE, true, true, UNIT_NS, apply_unit },
    { "days", ARGS_NONE, true, true, UNIT_DAYS, apply_unit },
    { "iso", ARGS_NONE, true, false, UNIT_ISO, apply_iso },
    { "date", ARGS_DATE, false, false, 0, apply_date },
    { "plus", ARGS_POINTER_UNIT, true, false, 0, apply_plus },
    { "since", ARGS_POINTER, true, true, 0, apply_since },
    { "seconds", ARGS_UNIT, true, true, 0, apply_unit }, /* a duration that is given in a unit */
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

void map_ops_run(struct map_run *run, const struct map_op *op, size_t n_ops, struct map_result *r)
{
    for (const struct map_op *end = op + n_ops; op < end; op++) {
        bool there = op->kind->structured
                         ? r->state != MAP_ABSENT && r->state != MAP_NULL && r->state != MAP_BAD
                         : map_to_text(run, r);
        if (there || op->kind->apply == apply_map)
            op->kind->apply(run, op, r);
    }
}

/* ---- compiling ---- */

bool map_op_looks_inside(const struct map_op *op)
{
    return op->kind->args == ARGS_AT || op->kind->apply == apply_json ||
           op->kind->apply == apply_join;
}

bool map_op_is_map(const struct map_op *op)
{
    return op->kind->apply == apply_map;
}

bool map_op_is_none(const struct map_op *op)
{
    return op->kind->apply == apply_none;
}

bool map_op_makes_duration(const struct map_op *op)
{
    return op->kind->duration;
}

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
    if (ret->kind->args != ARGS_AT) {
        ret->pointer = map_pointer_compile(c, word);
        return ret->pointer != NULL;
    }
    ret->pointer = cpi_arena_take(&c->mapping->arena, sizeof *ret->pointer);
    return map_step_list(c, word, &ret->pointer->step, &ret->pointer->n_steps);
}

static bool read_number(struct map_compiler *c, struct cpi_text word, struct map_op *ret)
{
    int64_t number;
    if (!read_plain(word, &number) || number < -18 || number > 18) {
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
    case ARGS_NONE:
        ret->unit = ret->kind->unit;
        return true;
    case ARGS_TEXT:
        ret->arg = cpi_arena_text(arena, map_word(t, true));
        if (ret->arg.len)
            return true;
        map_complain(c, "'%s' needs a text", ret->kind->name);
        return false;
    case ARGS_LIST:
        ret->list = cpi_arena_take(arena, (t->len / 2 + 1) * sizeof *ret->list);
        while (t->len)
            ret->list[ret->n_list++] = cpi_arena_text(arena, map_word(t, false));
        if (ret->n_list)
            return true;
        map_complain(c, "'none' needs the texts that mean absent");
        return false;
    case ARGS_MAP:
        return read_table(c, map_word(t, false), ret);
    case ARGS_INT:
        return read_number(c, map_word(t, false), ret);
    case ARGS_UNIT:
        return read_unit(c, map_word(t, false), "s, ms, us, ns", &ret->unit);
    case ARGS_DATE:
        return read_date(c, t, ret);
    case ARGS_AT:
        return read_pointer(c, t, ret);
    case ARGS_POINTER_UNIT:
        return read_pointer(c, t, ret) &&
               read_unit(c, map_word(t, false), "s, ms, us, ns, days", &ret->unit);
    case ARGS_POINTER:
        ret->unit = UNIT_ISO;
        return read_pointer(c, t, ret) &&
               (!t->len ||
                read_unit(c, map_word(t, false), "s, ms, us, ns, days, iso", &ret->unit));
    }
    return false;
}

static void complain_unknown(struct map_compiler *c, struct cpi_text name)
{
    const char *names[N_KINDS];
    for (size_t i = 0; i < N_KINDS; i++)
        names[i] = kinds[i].name;
    struct cpi_text copy = cpi_arena_text(&c->mapping->arena, name);
    const char *near = cpi_diag_nearest(copy.at ? copy.at : "", names, N_KINDS);
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
    for (size_t i = 0; i < N_KINDS && !ret->kind; i++)
        if (cpi_text_equal(name, cpi_text_of(kinds[i].name)))
            ret->kind = &kinds[i];
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
