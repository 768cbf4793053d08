/* A multiset of integer samples: exact, or in log-linear buckets. Merging is adding counts, so it
 * is associative and commutative, and -1 takes a sample back.
 *
 * Buckets (integers only, so that SQL can reproduce them): v < 128 is its own bucket; else with
 * e = 63 - clz(v) bucket ((e - 6) << 6) + (v >> (e - 6)), 64 a power of two. A bucket is reported
 * by its upper bound, less than 1/64 above any value in it. Negative values mirror. */
#ifndef CPI_WINDOW_SAMPLES_H
#define CPI_WINDOW_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"

#define CPI_COUNT_MAX (INT64_C(1) << 40) /* facts in a pane, as stored forms may say */
struct cpi_sample {
    int64_t value; /* of an exact multiset; else the bucket */
    int64_t count; /* never 0; negative only where a -1 came before its +1 */
};
struct cpi_samples {
    struct cpi_sample *at; /* ascending by value */
    uint32_t count, cap;
    bool bucketed;
};
int64_t cpi_bucket_of(int64_t value);
/* The greatest and the least value in a bucket. */
int64_t cpi_bucket_upper(int64_t bucket);
int64_t cpi_bucket_lower(int64_t bucket);

void cpi_samples_init(struct cpi_samples *set);
void cpi_samples_fini(struct cpi_samples *set);
/* `value` is a value (also of a bucketed set). */
void cpi_samples_add(struct cpi_samples *set, int64_t value, int64_t count);
/* Both exact, or the result becomes bucketed. */
void cpi_samples_merge(struct cpi_samples *set, const struct cpi_samples *more);
void cpi_samples_bucket(struct cpi_samples *set);
void cpi_samples_encode(const struct cpi_samples *set, struct cpi_buf *buf);
/* False if malformed. The set was initialised. */
bool cpi_samples_decode(struct cpi_samples *set, struct cpi_reader *r);

#endif
