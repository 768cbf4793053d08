#include "window/agg.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_agg_init(struct cpi_agg *agg)
{
    memset(agg, 0, sizeof *agg);
    agg->min = INT64_MAX;
    agg->max = INT64_MIN;
    cpi_samples_init(&agg->samples);
}

void cpi_agg_fini(struct cpi_agg *agg)
{
    cpi_samples_fini(&agg->samples);
    for (int i = 0; i < CPI_CASES_MAX; i++)
        free(agg->cases[i].id);
    cpi_agg_init(agg);
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
    int at = 0;
    for (; at < CPI_CASES_MAX && agg->cases[at].id; at++) {
        int order = order_cases(&agg->cases[at], id, time, bad);
        if (order == 0)
            return;
        if (order > 0)
            break;
    }
    if (at == CPI_CASES_MAX)
        return;
    free(agg->cases[CPI_CASES_MAX - 1].id);
    memmove(agg->cases + at + 1, agg->cases + at,
            (size_t)(CPI_CASES_MAX - 1 - at) * sizeof *agg->cases);
    agg->cases[at] = (struct cpi_case_ref){ cpi_xtextdup(id), time, bad };
}

/* Opening times are never bucketed (J9). */
static void bound_samples(struct cpi_agg *agg, const struct cpi_indicator *ind)
{
    if (agg->gross > CPI_EXACT_MAX && ind->kind != CPI_OPEN)
        cpi_samples_bucket(&agg->samples);
}

static void add_counted(struct cpi_agg *agg, const struct cpi_indicator *ind,
                        const struct cpi_fact *fact, uint64_t *saturated)
{
    bool plus = fact->sign > 0;
    agg->gross++;
    agg->minus += !plus;
    agg->n += fact->sign;
    agg->good += fact->good ? fact->sign : 0;
    if (ind->kind != CPI_OPEN && ind->amount) {
        int64_t amount =
            plus ? fact->amount : (fact->amount == INT64_MIN ? INT64_MAX : -fact->amount);
        agg->sum = cpi_add_saturated(agg->sum, amount, saturated);
    }
    if (!ind->samples && ind->kind != CPI_OPEN)
        return;
    if (plus && fact->amount < agg->min)
        agg->min = fact->amount;
    if (plus && fact->amount > agg->max)
        agg->max = fact->amount;
    cpi_samples_add(&agg->samples, fact->amount, fact->sign);
    bound_samples(agg, ind);
}

void cpi_agg_add(struct cpi_agg *agg, const struct cpi_indicator *ind, const struct cpi_fact *fact,
                 uint64_t *saturated)
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
    add_counted(agg, ind, fact, saturated);
    if (ind->examples && fact->sign > 0)
        cpi_agg_add_case(agg, fact->case_id, fact->time, ind->share && !fact->good);
}

void cpi_agg_merge(struct cpi_agg *agg, const struct cpi_indicator *ind, const struct cpi_agg *more,
                   uint64_t *saturated)
{
    agg->gross += more->gross;
    agg->minus += more->minus;
    agg->n += more->n;
    agg->good += more->good;
    agg->sum = cpi_add_saturated(agg->sum, more->sum, saturated);
    agg->excluded += more->excluded;
    agg->pending += more->pending;
    if (more->min < agg->min)
        agg->min = more->min;
    if (more->max > agg->max)
        agg->max = more->max;
    cpi_samples_merge(&agg->samples, &more->samples);
    bound_samples(agg, ind);
    for (int i = 0; i < CPI_CASES_MAX && more->cases[i].id; i++)
        cpi_agg_add_case(agg, cpi_text_of(more->cases[i].id), more->cases[i].time,
                         more->cases[i].bad);
}

enum {
    HAS_GOOD = 1,
    HAS_SUM = 2,
    HAS_EXCLUDED = 4,
    HAS_PENDING = 8,
    HAS_SAMPLES = 16,
    HAS_BOUNDS = 32
};

void cpi_agg_encode(const struct cpi_agg *agg, struct cpi_buf *buf)
{
    uint8_t has = (uint8_t)((agg->good ? HAS_GOOD : 0) | (agg->sum ? HAS_SUM : 0) |
                            (agg->excluded ? HAS_EXCLUDED : 0) | (agg->pending ? HAS_PENDING : 0) |
                            (agg->samples.count || agg->samples.bucketed ? HAS_SAMPLES : 0) |
                            (agg->min <= agg->max ? HAS_BOUNDS : 0));
    unsigned cases = 0;
    while (cases < CPI_CASES_MAX && agg->cases[cases].id)
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
        cpi_samples_encode(&agg->samples, buf);
    if (has & HAS_BOUNDS) {
        cpi_buf_put_int(buf, agg->min);
        cpi_buf_put_int(buf, agg->max);
    }
    cpi_buf_put_uint(buf, cases);
    for (unsigned i = 0; i < cases; i++) {
        cpi_buf_put_text(buf, cpi_text_of(agg->cases[i].id));
        cpi_buf_put_int(buf, agg->cases[i].time);
        cpi_buf_add_byte(buf, agg->cases[i].bad);
    }
}

bool cpi_agg_decode(struct cpi_agg *agg, struct cpi_reader *r)
{
    uint8_t has = cpi_read_byte(r);
    agg->gross = (uint32_t)cpi_read_uint(r);
    agg->minus = (uint32_t)cpi_read_uint(r);
    agg->n = cpi_read_int(r);
    agg->good = has & HAS_GOOD ? cpi_read_int(r) : 0;
    agg->sum = has & HAS_SUM ? cpi_read_int(r) : 0;
    agg->excluded = has & HAS_EXCLUDED ? cpi_read_int(r) : 0;
    agg->pending = has & HAS_PENDING ? cpi_read_int(r) : 0;
    if (has & HAS_SAMPLES && !cpi_samples_decode(&agg->samples, r))
        return false;
    if (has & HAS_BOUNDS) {
        agg->min = cpi_read_int(r);
        agg->max = cpi_read_int(r);
    }
    uint64_t cases = cpi_read_uint(r);
    for (uint64_t i = 0; i < cases && i < CPI_CASES_MAX && !r->bad; i++) {
        struct cpi_text id = cpi_read_text(r);
        int64_t time = cpi_read_int(r);
        bool bad = cpi_read_byte(r) != 0;
        if (!r->bad && id.at)
            cpi_agg_add_case(agg, id, time, bad);
    }
    return !r->bad && cases <= CPI_CASES_MAX && agg->minus <= agg->gross;
}
