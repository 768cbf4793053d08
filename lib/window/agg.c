#include "window/agg.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_agg_init(struct cpi_agg *agg)
{
    *agg = (struct cpi_agg){ 0 };
}

void cpi_agg_fini(struct cpi_agg *agg)
{
    if (agg->extra) {
        cpi_samples_fini(&agg->extra->samples);
        for (int i = 0; i < CPI_CASES_MAX; i++)
            free(agg->extra->cases[i].id);
        free(agg->extra);
    }
    cpi_agg_init(agg);
}

static struct cpi_agg_extra *extra(struct cpi_agg *agg)
{
    if (agg->extra)
        return agg->extra;
    agg->extra = cpi_xcalloc(1, sizeof *agg->extra);
    agg->extra->min = INT64_MAX;
    agg->extra->max = INT64_MIN;
    return agg->extra;
}

const struct cpi_samples *cpi_agg_samples(const struct cpi_agg *agg)
{
    static const struct cpi_samples none;
    return agg->extra ? &agg->extra->samples : &none;
}

/* A total order, so that which examples are kept does not depend on how facts were batched (W8). */
static int order_cases(const struct cpi_case_ref *a, struct cpi_text id, int64_t time, bool bad)
{
    if (a->bad != bad)
        return a->bad ? -1 : 1;
    if (a->time != time)
        return a->time > time ? -1 : 1;
    return cpi_text_order(cpi_text_of(a->id), id);
}

void cpi_agg_add_case(struct cpi_agg *agg, struct cpi_text id, int64_t time, bool bad)
{
    struct cpi_case_ref *cases = extra(agg)->cases;
    int at = 0;
    for (; at < CPI_CASES_MAX && cases[at].id; at++) {
        int order = order_cases(&cases[at], id, time, bad);
        if (order == 0)
            return;
        if (order > 0)
            break;
    }
    if (at == CPI_CASES_MAX)
        return;
    free(cases[CPI_CASES_MAX - 1].id);
    memmove(cases + at + 1, cases + at, (size_t)(CPI_CASES_MAX - 1 - at) * sizeof *cases);
    cases[at] = (struct cpi_case_ref){ cpi_xtextdup(id), time, bad };
}

/* The sum stays exact: what does not fit into 64 bits is counted as wraps in `extra`. */
static void add_sum(struct cpi_agg *agg, int64_t amount)
{
    if (__builtin_add_overflow(agg->sum, amount, &agg->sum))
        extra(agg)->wraps += amount < 0 ? -1 : 1;
}

__int128 cpi_agg_sum(const struct cpi_agg *agg)
{
    return agg->sum + (agg->extra ? agg->extra->wraps : 0) * ((__int128)1 << 64);
}

/* Opening times are never bucketed (J9). */
static void bound_samples(struct cpi_agg *agg, const struct cpi_indicator *ind)
{
    if (agg->extra && agg->gross > CPI_EXACT_MAX && ind->kind != CPI_OPEN &&
        (agg->extra->samples.count || agg->extra->min <= agg->extra->max))
        cpi_samples_bucket(&agg->extra->samples);
}

static void add_counted(struct cpi_agg *agg, const struct cpi_indicator *ind,
                        const struct cpi_fact *fact)
{
    bool plus = fact->sign > 0;
    agg->gross++;
    agg->minus += !plus;
    agg->n += fact->sign;
    agg->good += fact->good ? fact->sign : 0;
    if (ind->kind != CPI_OPEN && ind->amount && (plus || fact->amount != INT64_MIN)) {
        add_sum(agg, plus ? fact->amount : -fact->amount);
    } else if (ind->kind != CPI_OPEN && ind->amount) { /* 2^63 is no amount */
        add_sum(agg, INT64_MAX);
        add_sum(agg, 1);
    }
    if (!ind->samples && ind->kind != CPI_OPEN)
        return;
    struct cpi_agg_extra *more = extra(agg);
    if (plus && fact->amount < more->min)
        more->min = fact->amount;
    if (plus && fact->amount > more->max)
        more->max = fact->amount;
    cpi_samples_add(&more->samples, fact->amount, fact->sign);
    bound_samples(agg, ind);
}

void cpi_agg_add(struct cpi_agg *agg, const struct cpi_indicator *ind, const struct cpi_fact *fact)
{
    switch (fact->kind) {
    case CPI_FACT_EXCLUDED:
        agg->excluded += fact->sign;
        return;
    case CPI_FACT_PENDING:
        agg->pending += fact->sign;
        return;
    case CPI_FACT_COUNTED:
    case CPI_FACT_OPEN:
        break;
    }
    add_counted(agg, ind, fact);
    if (ind->examples && fact->sign > 0)
        cpi_agg_add_case(agg, fact->case_id, fact->time, ind->share && !fact->good);
}

void cpi_agg_merge(struct cpi_agg *agg, const struct cpi_indicator *ind, const struct cpi_agg *more)
{
    agg->gross += more->gross;
    agg->minus += more->minus;
    agg->n += more->n;
    agg->good += more->good;
    add_sum(agg, more->sum);
    agg->excluded += more->excluded;
    agg->pending += more->pending;
    if (!more->extra)
        return;
    struct cpi_agg_extra *to = extra(agg);
    to->wraps += more->extra->wraps;
    if (more->extra->min < to->min)
        to->min = more->extra->min;
    if (more->extra->max > to->max)
        to->max = more->extra->max;
    cpi_samples_merge(&to->samples, &more->extra->samples);
    bound_samples(agg, ind);
    for (int i = 0; i < CPI_CASES_MAX && more->extra->cases[i].id; i++)
        cpi_agg_add_case(agg, cpi_text_of(more->extra->cases[i].id), more->extra->cases[i].time,
                         more->extra->cases[i].bad);
}

enum {
    HAS_GOOD = 1,
    HAS_SUM = 2,
    HAS_EXCLUDED = 4,
    HAS_PENDING = 8,
    HAS_SAMPLES = 16,
    HAS_BOUNDS = 32,
    HAS_WRAPS = 64
};

void cpi_agg_encode(const struct cpi_agg *agg, struct cpi_buf *buf)
{
    const struct cpi_samples *samples = cpi_agg_samples(agg);
    uint8_t has = (uint8_t)((agg->good ? HAS_GOOD : 0) | (agg->sum ? HAS_SUM : 0) |
                            (agg->excluded ? HAS_EXCLUDED : 0) | (agg->pending ? HAS_PENDING : 0) |
                            (samples->count || samples->bucketed ? HAS_SAMPLES : 0) |
                            (agg->extra && agg->extra->min <= agg->extra->max ? HAS_BOUNDS : 0) |
                            (agg->extra && agg->extra->wraps ? HAS_WRAPS : 0));
    unsigned cases = 0;
    while (agg->extra && cases < CPI_CASES_MAX && agg->extra->cases[cases].id)
        cases++;
    cpi_buf_add_byte(buf, has);
    cpi_buf_put_uint(buf, agg->gross);
    cpi_buf_put_uint(buf, agg->minus);
    cpi_buf_put_int(buf, agg->n);
    if (has & HAS_GOOD)
        cpi_buf_put_int(buf, agg->good);
    if (has & HAS_SUM)
        cpi_buf_put_int(buf, agg->sum);
    if (has & HAS_EXCLUDED)
        cpi_buf_put_int(buf, agg->excluded);
    if (has & HAS_PENDING)
        cpi_buf_put_int(buf, agg->pending);
    if (has & HAS_SAMPLES)
        cpi_samples_encode(samples, buf);
    if (has & HAS_BOUNDS) {
        cpi_buf_put_int(buf, agg->extra->min);
        cpi_buf_put_int(buf, agg->extra->max);
    }
    if (has & HAS_WRAPS)
        cpi_buf_put_int(buf, agg->extra->wraps);
    cpi_buf_put_uint(buf, cases);
    for (unsigned i = 0; i < cases; i++) {
        cpi_buf_put_text(buf, cpi_text_of(agg->extra->cases[i].id));
        cpi_buf_put_int(buf, agg->extra->cases[i].time);
        cpi_buf_add_byte(buf, agg->extra->cases[i].bad);
    }
}

/* More than anybody counts, and little enough for sums of all panes and 128-bit products. */
static bool is_count(int64_t n)
{
    return n >= -CPI_COUNT_MAX && n <= CPI_COUNT_MAX;
}

bool cpi_agg_decode(struct cpi_agg *agg, struct cpi_reader *r)
{
    uint8_t has = cpi_read_byte(r);
    uint64_t gross = cpi_read_uint(r), minus = cpi_read_uint(r);
    agg->gross = (uint32_t)gross;
    agg->minus = (uint32_t)minus;
    agg->n = cpi_read_int(r);
    agg->good = has & HAS_GOOD ? cpi_read_int(r) : 0;
    agg->sum = has & HAS_SUM ? cpi_read_int(r) : 0;
    agg->excluded = has & HAS_EXCLUDED ? cpi_read_int(r) : 0;
    agg->pending = has & HAS_PENDING ? cpi_read_int(r) : 0;
    if (has & HAS_SAMPLES && !cpi_samples_decode(&extra(agg)->samples, r))
        return false;
    if (has & HAS_BOUNDS) {
        extra(agg)->min = cpi_read_int(r);
        extra(agg)->max = cpi_read_int(r);
    }
    int64_t wraps = has & HAS_WRAPS ? cpi_read_int(r) : 0;
    if (wraps)
        extra(agg)->wraps = wraps;
    uint64_t cases = cpi_read_uint(r);
    for (uint64_t i = 0; i < cases && i < CPI_CASES_MAX && !r->bad; i++) {
        struct cpi_text id = cpi_read_text(r);
        int64_t time = cpi_read_int(r);
        bool bad = cpi_read_byte(r) != 0;
        if (!r->bad && id.at)
            cpi_agg_add_case(agg, id, time, bad);
    }
    return !r->bad && cases <= CPI_CASES_MAX && gross <= UINT32_MAX && minus <= gross &&
           is_count(agg->n) && is_count(agg->good) && is_count(wraps) && is_count(agg->excluded) &&
           is_count(agg->pending);
}
