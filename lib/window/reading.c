#include "window/reading.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_reading_init(struct cpi_reading *reading)
{
    memset(reading, 0, sizeof *reading);
    cpi_samples_init(&reading->samples);
}

static void drop_cases(struct cpi_reading *reading)
{
    for (int i = 0; i < CPI_CASES_MAX; i++) {
        free(reading->cases[i].id);
        reading->cases[i].id = NULL;
    }
}

void cpi_reading_fini(struct cpi_reading *reading)
{
    cpi_samples_fini(&reading->samples);
    drop_cases(reading);
}

static void keep_case(struct cpi_reading *reading, const struct cpi_case_ref *ref)
{
    int at = 0;
    for (; at < CPI_CASES_MAX && reading->cases[at].id; at++) {
        const struct cpi_case_ref *have = &reading->cases[at];
        if (strcmp(have->id, ref->id) == 0)
            return;
        if (ref->bad != have->bad ? ref->bad : ref->time > have->time)
            break;
    }
    if (at == CPI_CASES_MAX)
        return;
    free(reading->cases[CPI_CASES_MAX - 1].id);
    memmove(reading->cases + at + 1, reading->cases + at,
            (size_t)(CPI_CASES_MAX - 1 - at) * sizeof *reading->cases);
    reading->cases[at] = *ref;
    reading->cases[at].id = cpi_xtextdup(cpi_text_of(ref->id));
}

static void widen(struct cpi_reading *reading, int64_t min, int64_t max)
{
    if (min < reading->min)
        reading->min = min;
    if (max > reading->max)
        reading->max = max;
}

/* Some -1 came: the bounds are those of what is left, if anything is (W5). Not pane by pane: of a
 * pane that was folded up a -1 may stand in a coarser one than its +1. */
static void bound_by_samples(struct cpi_reading *reading)
{
    const struct cpi_samples *all = &reading->samples;
    reading->min = INT64_MAX;
    reading->max = INT64_MIN;
    for (uint32_t i = 0; i < all->count; i++) {
        int64_t value = all->at[i].value;
        if (all->at[i].count > 0)
            widen(reading, all->bucketed ? cpi_bucket_lower(value) : value,
                  all->bucketed ? cpi_bucket_upper(value) : value);
    }
}

static int order_samples(const void *a, const void *b)
{
    const struct cpi_sample *l = a, *r = b;
    return (l->value > r->value) - (l->value < r->value);
}

static void bucket_all(struct cpi_samples *all)
{
    for (uint32_t i = 0; i < all->count; i++)
        all->at[i].value = cpi_bucket_of(all->at[i].value);
    all->bucketed = true;
}

/* Puts a pane's samples behind those that are there; sort_samples makes a multiset of them. */
static void gather(struct cpi_samples *all, const struct cpi_samples *set)
{
    if (set->bucketed && !all->bucketed)
        bucket_all(all);
    if (all->cap - all->count < set->count) {
        all->cap = all->count + set->count + all->cap / 2;
        all->at = cpi_xrealloc(all->at, all->cap * sizeof *all->at);
    }
    for (uint32_t k = 0; k < set->count; k++) {
        struct cpi_sample s = set->at[k];
        if (all->bucketed && !set->bucketed)
            s.value = cpi_bucket_of(s.value);
        all->at[all->count++] = s;
    }
}

static void sort_samples(struct cpi_samples *all)
{
    uint32_t kept = 0;
    bool ascends = true;
    for (uint32_t i = 1; i < all->count && ascends; i++)
        ascends = all->at[i - 1].value < all->at[i].value;
    if (ascends)
        return;
    qsort(all->at, all->count, sizeof *all->at, order_samples);
    for (uint32_t i = 0; i < all->count; i++) {
        if (kept && all->at[kept - 1].value == all->at[i].value)
            all->at[kept - 1].count += all->at[i].count;
        else
            all->at[kept++] = all->at[i];
    }
    all->count = kept;
}

static void begin(struct cpi_reading *reading)
{
    struct cpi_samples samples = reading->samples;
    drop_cases(reading);
    memset(reading, 0, sizeof *reading);
    reading->samples = samples;
    reading->samples.count = 0;
    reading->samples.bucketed = false;
    reading->min = INT64_MAX;
    reading->max = INT64_MIN;
    reading->exact = true;
}

static void add_extra(struct cpi_reading *reading, const struct cpi_agg *agg)
{
    reading->exact = reading->exact && !agg->extra->samples.bucketed;
    widen(reading, agg->extra->min, agg->extra->max);
    gather(&reading->samples, &agg->extra->samples);
    for (int i = 0; i < CPI_CASES_MAX && agg->extra->cases[i].id; i++)
        keep_case(reading, &agg->extra->cases[i]);
}

/* Adds up the series from `from` to `to`; true if a -1 is among what it adds. */
static bool add_series(struct cpi_reading *reading, const struct cpi_series *series, int64_t from,
                       int64_t to, __int128 *sum)
{
    struct cpi_pane_cursor cursor;
    const struct cpi_pane *pane;
    bool taken_back = false;
    cpi_cursor_init(&cursor, series, from);
    while ((pane = cpi_cursor_next(&cursor)) && pane->start < to) {
        const struct cpi_agg *agg = &pane->agg;
        reading->any = true;
        reading->n += agg->n;
        reading->good += agg->good;
        *sum += cpi_agg_sum(agg);
        reading->excluded += agg->excluded;
        reading->pending += agg->pending;
        taken_back |= agg->extra && agg->minus > 0;
        if (agg->extra)
            add_extra(reading, agg);
    }
    cpi_cursor_fini(&cursor);
    return taken_back;
}

/* Of all panes before `to`. Those that are packed are many, and mostly all of them. */
static int64_t pending_before(const struct cpi_series *series, int64_t to)
{
    struct cpi_pane_cursor cursor;
    const struct cpi_pane *pane;
    int64_t pending = 0;
    cpi_cursor_init(&cursor, series, CPI_PANE_BASE);
    if (series && series->packed && series->packed->last < to) {
        pending = series->packed->pending;
        cursor.packed.packed = NULL; /* on behind them */
    }
    while ((pane = cpi_cursor_next(&cursor)) && pane->start < to)
        pending += pane->agg.pending;
    cpi_cursor_fini(&cursor);
    return pending;
}

void cpi_reading_read(struct cpi_reading *reading, const struct cpi_model *model,
                      const struct cpi_panes *panes, uint16_t indicator, int64_t from, int64_t to)
{
    const struct cpi_indicator *ind = &model->indicator[indicator];
    bool gauge = ind->kind == CPI_OPEN;
    __int128 sum = 0;
    begin(reading);
    bool taken_back = add_series(reading, cpi_panes_series(panes, indicator, CPI_PANE_WINDOW),
                                 gauge ? CPI_PANE_BASE : from, to, &sum);
    if (ind->samples || gauge)
        sort_samples(&reading->samples);
    if (ind->samples && taken_back)
        bound_by_samples(reading);
    reading->sum = sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
    reading->saturated = reading->sum != sum;
    /* what is pending lies in no window */
    reading->pending += pending_before(cpi_panes_series(panes, indicator, CPI_PANE_PENDING), to);
}

/* The value at rank r (1 = smallest). */
static int64_t at_rank(const struct cpi_reading *reading, int64_t rank)
{
    const struct cpi_samples *all = &reading->samples;
    int64_t below = 0, value = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->at[i].count <= 0)
            continue;
        below += all->at[i].count;
        value = all->at[i].value;
        if (below >= rank)
            break;
    }
    return all->bucketed ? cpi_bucket_upper(value) : value;
}

int64_t cpi_reading_quantile(const struct cpi_reading *reading, unsigned percent)
{
    return at_rank(reading, (int64_t)(((__int128)reading->n * percent + 99) / 100));
}

int64_t cpi_reading_age(const struct cpi_reading *reading, unsigned percent, int64_t b)
{
    /* the oldest age has the smallest opening time, so ranks run from the other end */
    int64_t rank = (int64_t)(((__int128)reading->n * percent + 99) / 100);
    return b - at_rank(reading, reading->n - (rank < 1 ? 1 : rank) + 1);
}

int64_t cpi_reading_above(const struct cpi_reading *reading, int64_t limit)
{
    const struct cpi_samples *all = &reading->samples;
    int64_t above = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        int64_t value = all->bucketed ? cpi_bucket_upper(all->at[i].value) : all->at[i].value;
        if (value > limit)
            above += all->at[i].count;
    }
    return above;
}
