#include "window/reading.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_reading_init(struct cpi_reading *reading)
{
    memset(reading, 0, sizeof *reading);
    cpi_samples_init(&reading->samples);
}

void cpi_reading_fini(struct cpi_reading *reading)
{
    cpi_samples_fini(&reading->samples);
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
    memmove(reading->cases + at + 1, reading->cases + at,
            (size_t)(CPI_CASES_MAX - 1 - at) * sizeof *reading->cases);
    reading->cases[at] = *ref;
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

/* Puts the panes' samples into one ascending multiset. */
static void gather(struct cpi_reading *reading, const struct cpi_series *series, uint32_t first,
                   uint32_t end)
{
    struct cpi_samples *all = &reading->samples;
    size_t n = 0;
    for (uint32_t i = first; i < end; i++)
        n += cpi_agg_samples(&series->at[i].agg)->count;
    if (n > all->cap) {
        all->cap = (uint32_t)n;
        all->at = cpi_xrealloc(all->at, n * sizeof *all->at);
    }
    all->count = 0;
    all->bucketed = !reading->exact;
    for (uint32_t i = first; i < end; i++) {
        const struct cpi_samples *set = cpi_agg_samples(&series->at[i].agg);
        for (uint32_t k = 0; k < set->count; k++) {
            struct cpi_sample s = set->at[k];
            if (all->bucketed && !set->bucketed)
                s.value = cpi_bucket_of(s.value);
            all->at[all->count++] = s;
        }
    }
    if (all->count > 1 && (end - first > 1 || all->bucketed))
        qsort(all->at, all->count, sizeof *all->at, order_samples);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        if (kept && all->at[kept - 1].value == all->at[i].value)
            all->at[kept - 1].count += all->at[i].count;
        else
            all->at[kept++] = all->at[i];
    }
    all->count = kept;
}

void cpi_reading_read(struct cpi_reading *reading, const struct cpi_model *model,
                      const struct cpi_panes *panes, uint16_t indicator, int64_t from, int64_t to)
{
    const struct cpi_indicator *ind = &model->indicator[indicator];
    bool gauge = ind->kind == CPI_OPEN;
    struct cpi_samples kept = reading->samples;
    memset(reading, 0, sizeof *reading);
    reading->samples = kept;
    reading->samples.count = 0;
    reading->min = INT64_MAX;
    reading->max = INT64_MIN;
    reading->exact = true;
    __int128 sum = 0;
    bool taken_back = false;
    const struct cpi_series *series = cpi_panes_series(panes, indicator, CPI_PANE_WINDOW);
    uint32_t first = series && !gauge ? cpi_series_find(series, from) : 0, end = first;
    for (; series && end < series->count && series->at[end].start < to; end++) {
        const struct cpi_agg *agg = &series->at[end].agg;
        reading->any = true;
        reading->n += agg->n;
        reading->good += agg->good;
        sum += cpi_agg_sum(agg);
        reading->excluded += agg->excluded;
        if (!agg->extra)
            continue;
        reading->exact = reading->exact && !agg->extra->samples.bucketed;
        taken_back |= agg->minus > 0;
        widen(reading, agg->extra->min, agg->extra->max);
        for (int i = 0; i < CPI_CASES_MAX && agg->extra->cases[i].id; i++)
            keep_case(reading, &agg->extra->cases[i]);
    }
    if (ind->samples || gauge)
        gather(reading, series, first, end);
    if (ind->samples && taken_back)
        bound_by_samples(reading);
    reading->sum = sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
    reading->saturated = reading->sum != sum;
    const struct cpi_series *pending = cpi_panes_series(panes, indicator, CPI_PANE_PENDING);
    for (uint32_t p = 0; pending && p < pending->count && pending->at[p].start < to; p++)
        reading->pending += pending->at[p].agg.pending;
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
