/* Values as exact fractions, and bounds on them: no floating point decides an alert or a target. */
#ifndef CPI_ALERT_BOUND_H
#define CPI_ALERT_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/model.h"
#include "window/reading.h"

struct cpi_value {
    bool null;         /* n = 0, or a denominator is 0 */
    __int128 num, den; /* den > 0 */
};
/* A statistic of a reading at boundary b (gauges: ages). Not of derived indicators. */
struct cpi_value cpi_value_of(const struct cpi_indicator *ind, struct cpi_show show,
                              const struct cpi_reading *reading, int64_t b);
/* left / right or left - right (J11). */
struct cpi_value cpi_value_derived(struct cpi_value left, struct cpi_value right, bool difference);
/* Appends a value with as many decimals as its unit has: ms and counts none, shares and ratios 6,
 * means 3, others as many as are needed; or null. */
void cpi_value_format(struct cpi_buf *buf, const struct cpi_indicator *ind, struct cpi_show show,
                      struct cpi_value value);

/* Does the point value satisfy `value cmp bound`? A null value satisfies nothing. */
bool cpi_bound_holds(const struct cpi_bound *bound, struct cpi_value value);
/* Does it do so for sure, one-sided, at z²? Shares: Wilson's bound without its square root: k/n is
 * below a/d for sure if k·d < n·a and (k·d - n·a)² > z²·n·a·(d - a). A quantile is above T for sure
 * if the share of samples above T is above 1 - q (A3); of an age at b likewise. */
bool cpi_bound_sure(const struct cpi_bound *bound, const struct cpi_indicator *ind,
                    const struct cpi_reading *reading, int64_t b, int64_t z2_num, int64_t z2_den);

/* The two-sided 95 % Wilson interval of good/n in millionths, rounded outward. n > 0. */
void cpi_wilson(int64_t good, int64_t n, int64_t *ret_low_ppm, int64_t *ret_high_ppm);

#endif
