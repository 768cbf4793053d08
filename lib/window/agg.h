/* An exact, mergeable aggregate of facts: what a pane holds, and what a combined row carries.
 * Integers only; merging is associative and commutative; nothing is subtracted on eviction (design
 * §7, W5). */
#ifndef CPI_WINDOW_AGG_H
#define CPI_WINDOW_AGG_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/decimal.h"
#include "cpi/model.h"
#include "event/fact.h"
#include "window/samples.h"

#define CPI_EXACT_MAX 1024 /* facts, +1 and -1 counted gross, up to which a pane is exact (W5) */
#define CPI_CASES_MAX 3    /* example cases kept (W8) */

struct cpi_case_ref { /* an example for alerts and explain: bad ones first, then the latest */
    char *id;         /* owned */
    int64_t time;
    bool bad;
};
struct cpi_agg_extra { /* of indicators that keep samples or examples, and of gauges */
    int64_t min, max;  /* over the +1s; min > max = none */
    int64_t wraps;     /* the true sum = sum + 2^64 x wraps */
    struct cpi_samples samples;
    struct cpi_case_ref cases[CPI_CASES_MAX];
};
struct cpi_agg {
    uint32_t gross;    /* +1s and -1s */
    uint32_t minus;    /* -1s */
    int64_t n;         /* +1s less -1s */
    int64_t good, sum; /* the sum's lower 64 bits: see cpi_agg_sum */
    int64_t excluded;
    int64_t pending;             /* +1s less -1s of pending facts */
    struct cpi_agg_extra *extra; /* NULL = nothing of it */
};
void cpi_agg_init(struct cpi_agg *agg);
void cpi_agg_fini(struct cpi_agg *agg);
/* One fact of the indicator. */
void cpi_agg_add(struct cpi_agg *agg, const struct cpi_indicator *ind, const struct cpi_fact *fact);
void cpi_agg_merge(struct cpi_agg *agg, const struct cpi_indicator *ind,
                   const struct cpi_agg *more);
/* The exact sum, also where it does not fit into 64 bits. */
__int128 cpi_agg_sum(const struct cpi_agg *agg);
void cpi_agg_encode(const struct cpi_agg *agg, struct cpi_buf *buf);
/* False if malformed. The aggregate was initialised. */
bool cpi_agg_decode(struct cpi_agg *agg, struct cpi_reader *r);
/* The samples, or an empty set. */
const struct cpi_samples *cpi_agg_samples(const struct cpi_agg *agg);
void cpi_agg_add_case(struct cpi_agg *agg, struct cpi_text id, int64_t time, bool bad);

#endif
