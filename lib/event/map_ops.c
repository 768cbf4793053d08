/* The operations behind a '|': one table row each, with what it takes and what it does. */
#include <string.h>

#include "event/map.h"

/* ---- texts ---- */

static void apply_lower(struct map_run *run, const struct map_op *op, struct map_result *r)
{
    (void)op;
    bool number = r->number;
    uint32_t upper = 0;
    while (upper < r->text.len && (r->text.at[upper] < 'A' || r->text.at[upper] > 'Z'))
        upper++;
    if (upper == r->text.len)
        return;
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
    if (!pair && (r->text.len || !cpi_text_is(run->unmatched)))
        run->unmatched = r->text; /* what is there, rather than that something is not */
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
bool map_plain_int(struct cpi_text t, int64_t *ret)
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
    if (map_plain_int(t, &plain)) {
        if (divisor == 1)
            return !__builtin_mul_overflow(plain, factor, ret);
        ms = (__int128)(plain / divisor) * factor;
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

const struct map_op_kind map_op_kinds[] = {
    { "lower", MAP_ARGS_NONE, false, false, 0, apply_lower },
    { "map", MAP_ARGS_MAP, true, false, 0, apply_map },
    { "after", MAP_ARGS_TEXT, false, false, 0, apply_after },
    { "before", MAP_ARGS_TEXT, false, false, 0, apply_before },
    { "last", MAP_ARGS_TEXT, false, false, 0, apply_last },
    { "strip", MAP_ARGS_TEXT, false, false, 0, apply_strip },
    { "none", MAP_ARGS_LIST, false, false, 0, apply_none },
    { "json", MAP_ARGS_NONE, true, false, 0, apply_json },
    { "at", MAP_ARGS_AT, true, false, 0, apply_at },
    { "join", MAP_ARGS_TEXT, true, false, 0, apply_join },
    { "scale", MAP_ARGS_INT, false, false, 0, apply_scale },
    { "s", MAP_ARGS_NONE, true, true, UNIT_S, apply_unit },
    { "ms", MAP_ARGS_NONE, true, true, UNIT_MS, apply_unit },
    { "us", MAP_ARGS_NONE, true, true, UNIT_US, apply_unit },
    { "ns", MAP_ARGS_NONE, true, true, UNIT_NS, apply_unit },
    { "days", MAP_ARGS_NONE, true, true, UNIT_DAYS, apply_unit },
    { "iso", MAP_ARGS_NONE, true, false, UNIT_ISO, apply_iso },
    { "date", MAP_ARGS_DATE, false, false, 0, apply_date },
    { "plus", MAP_ARGS_POINTER_UNIT, true, false, 0, apply_plus },
    { "since", MAP_ARGS_POINTER, true, true, 0, apply_since },
    { "seconds", MAP_ARGS_UNIT, true, true, 0,
      apply_unit }, /* a duration that is given in a unit */
};
const size_t map_op_kind_count = sizeof map_op_kinds / sizeof *map_op_kinds;

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

bool map_op_looks_inside(const struct map_op *op)
{
    return op->kind->args == MAP_ARGS_AT || op->kind->apply == apply_json ||
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
