#include <string.h>

#include "model/build.h"

#define PLACES_MAX 9 /* decimals of a bound */

/* ---- statistics by name ---- */
static const struct {
    const char *name;
    enum cpi_stat stat;
} stats[] = {
    { "count", CPI_STAT_COUNT },     { "sum", CPI_STAT_SUM }, { "mean", CPI_STAT_MEAN },
    { "min", CPI_STAT_MIN },         { "max", CPI_STAT_MAX }, { "share", CPI_STAT_SHARE },
    { "age.max", CPI_STAT_AGE_MAX },
};

bool stat_parse(struct cpi_text t, struct cpi_show *ret)
{
    for (size_t i = 0; i < sizeof stats / sizeof *stats; i++)
        if (cpi_text_equal(t, cpi_text_of(stats[i].name))) {
            *ret = (struct cpi_show){ .stat = stats[i].stat };
            return true;
        }
    bool age = cpi_text_starts(t, CPI_TEXT("age."));
    struct cpi_text p = age ? cpi_text_part(t, 4, t.len) : t;
    if (p.len < 2 || p.len > 3 || p.at[0] != 'p' || p.at[1] == '0')
        return false;
    unsigned percent = 0;
    for (uint32_t i = 1; i < p.len; i++) {
        if (p.at[i] < '0' || p.at[i] > '9')
            return false;
        percent = percent * 10 + (unsigned)(p.at[i] - '0');
    }
    *ret = (struct cpi_show){ age ? CPI_STAT_AGE_QUANTILE : CPI_STAT_QUANTILE, (uint8_t)percent };
    return true;
}

const char *stat_name(struct build *b, struct cpi_show show)
{
    for (size_t i = 0; i < sizeof stats / sizeof *stats; i++)
        if (stats[i].stat == show.stat)
            return stats[i].name;
    if (show.stat == CPI_STAT_RATIO || show.stat == CPI_STAT_DIFFERENCE)
        return show.stat == CPI_STAT_RATIO ? "ratio" : "difference";
    return build_string(b, cpi_arena_format(b->arena, "%sp%u",
                                            show.stat == CPI_STAT_AGE_QUANTILE ? "age." : "",
                                            show.percent));
}

bool has_stat(const struct cpi_indicator *ind, struct cpi_show show)
{
    switch (show.stat) {
    case CPI_STAT_COUNT:
        return ind->kind != CPI_DERIVED;
    case CPI_STAT_SUM:
    case CPI_STAT_MEAN:
    case CPI_STAT_MIN:
    case CPI_STAT_MAX:
    case CPI_STAT_QUANTILE:
        return ind->amount;
    case CPI_STAT_SHARE:
        return ind->share;
    case CPI_STAT_AGE_QUANTILE:
    case CPI_STAT_AGE_MAX:
        return ind->kind == CPI_OPEN;
    case CPI_STAT_RATIO:
        return ind->kind == CPI_DERIVED && !ind->difference;
    case CPI_STAT_DIFFERENCE:
        return ind->kind == CPI_DERIVED && ind->difference;
    }
    return false;
}

bool needs_samples(struct cpi_show show)
{
    return show.stat == CPI_STAT_QUANTILE || show.stat == CPI_STAT_MIN ||
           show.stat == CPI_STAT_MAX || show.stat == CPI_STAT_AGE_QUANTILE ||
           show.stat == CPI_STAT_AGE_MAX;
}

static enum cpi_unit unit_of(const struct cpi_indicator *ind, struct cpi_show show)
{
    switch (show.stat) {
    case CPI_STAT_COUNT:
        return CPI_UNIT_COUNT;
    case CPI_STAT_SHARE:
        return CPI_UNIT_SHARE;
    case CPI_STAT_AGE_QUANTILE:
    case CPI_STAT_AGE_MAX:
        return CPI_UNIT_MS;
    default:
        return ind->unit;
    }
}

/* ---- values ---- */
static const char *read_share(struct cpi_text value, struct cpi_bound *ret)
{
    struct cpi_decimal number;
    if (value.len == 0 || value.at[value.len - 1] != '%')
        return "has no unit; write a share as a percentage, such as 75 %";
    if (!cpi_decimal_parse(cpi_text_trim(cpi_text_part(value, 0, value.len - 1)), &number) ||
        number.scale > PLACES_MAX)
        return "is no percentage; write such as 75 % or 72.5 %";
    ret->num = number.units;
    ret->den = 100;
    for (unsigned i = 0; i < number.scale; i++)
        ret->den *= 10;
    return NULL;
}

static const char *read_duration(struct cpi_text value, struct cpi_bound *ret)
{
    struct cpi_decimal number;
    bool minus = value.len && value.at[0] == '-';
    if (cpi_decimal_parse(value, &number))
        return "has no unit; write a duration, such as 90s, 12m or 24h";
    if (!cpi_duration_parse(cpi_text_part(value, minus ? 1 : 0, value.len), &ret->num))
        return "is no duration; write such as 90s, 12m, 1h30m or 24h";
    ret->num = minus ? -ret->num : ret->num;
    ret->den = 1;
    return NULL;
}

static const char *read_number(struct cpi_text value, struct cpi_bound *ret)
{
    struct cpi_decimal number;
    if (!cpi_decimal_parse(value, &number) || number.scale > PLACES_MAX)
        return "is no number; write such as 5 or 1.25";
    ret->num = number.units;
    ret->den = 1;
    for (unsigned i = 0; i < number.scale; i++)
        ret->den *= 10;
    return NULL;
}

static const char *read_bound_value(struct cpi_text value, enum cpi_unit unit, bool ratio,
                                    struct cpi_bound *ret)
{
    if (unit == CPI_UNIT_SHARE)
        return read_share(value, ret);
    if (unit == CPI_UNIT_MS)
        return read_duration(value, ret);
    if (ratio && value.len && value.at[value.len - 1] == '%')
        return read_share(value, ret);
    return read_number(value, ret);
}

static bool read_sign(struct cpi_text *rest, enum cpi_cmp *ret)
{
    static const char *const signs[] = { "<=", ">=", "<", ">" };
    static const enum cpi_cmp cmps[] = { CPI_CMP_LE, CPI_CMP_GE, CPI_CMP_LT, CPI_CMP_GT };
    for (unsigned i = 0; i < 4; i++)
        if (cpi_text_starts(*rest, cpi_text_of(signs[i]))) {
            *ret = cmps[i];
            *rest = cpi_text_trim(cpi_text_part(*rest, (uint32_t)strlen(signs[i]), rest->len));
            return true;
        }
    return false;
}

static struct cpi_text read_stat(struct cpi_text *rest)
{
    uint32_t len = 0;
    while (len < rest->len && !strchr(" \t<>=!", rest->at[len]))
        len++;
    struct cpi_text stat = cpi_text_part(*rest, 0, len);
    *rest = cpi_text_trim(cpi_text_part(*rest, len, rest->len));
    return stat;
}

/* What the indicator can tell, for messages. */
static const char *stats_of(const struct cpi_indicator *ind)
{
    if (ind->kind == CPI_OPEN)
        return "count, age.p1 to age.p99, age.max";
    if (ind->kind == CPI_DERIVED)
        return "one value, without a name";
    if (ind->amount)
        return "count, sum, mean, min, max, p1 to p99";
    return ind->share ? "share, count" : "count";
}

bool build_bound(const struct subject *s, struct cpi_text_at text, const char *key,
                 const struct cpi_indicator *ind, struct cpi_bound *ret)
{
    struct cpi_text rest = cpi_text_trim(cpi_text_of(text.text)), stat = read_stat(&rest);
    struct cpi_bound bound = { .set = true, .show = ind->show[0] };
    if (!read_sign(&rest, &bound.cmp)) {
        say(s, text.at, key, "\"%s\" is no bound; want [figure] < <= > or >= value, such as \"%s\"",
            text.text,
            ind->share                 ? ">= 75 %"
            : ind->unit == CPI_UNIT_MS ? "p90 <= 24h"
                                       : ">= 5");
        return false;
    }
    if (stat.len && !stat_parse(stat, &bound.show)) {
        say(s, text.at, key, "\"%s\": there is no figure \"%.*s\"; want %s", text.text,
            CPI_TEXT_ARG(stat), stats_of(ind));
        return false;
    }
    if (!has_stat(ind, bound.show)) {
        say(s, text.at, key, "\"%s\": %.*s has no %.*s; it has %s", text.text,
            CPI_TEXT_ARG(ind->name), CPI_TEXT_ARG(stat), stats_of(ind));
        return false;
    }
    enum cpi_unit unit = unit_of(ind, bound.show);
    if (s->b->mapping_failed && unit != CPI_UNIT_SHARE && unit != CPI_UNIT_COUNT)
        return false; /* nobody knows the amount's unit */
    const char *wrong = read_bound_value(rest, unit, bound.show.stat == CPI_STAT_RATIO, &bound);
    if (wrong) {
        say(s, text.at, key, "\"%s\": %.*s %s", text.text, CPI_TEXT_ARG(rest), wrong);
        return false;
    }
    *ret = bound;
    return true;
}

int bound_order(const struct cpi_bound *a, const struct cpi_bound *b)
{
    __int128 left = (__int128)a->num * b->den, right = (__int128)b->num * a->den;
    return left < right ? -1 : left > right;
}
