/* A window read at a boundary: the merge of its panes (W5, W6, J9, J10). */
#ifndef CPI_WINDOW_READING_H
#define CPI_WINDOW_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "window/panes.h"

struct cpi_reading {
    int64_t n, good, sum;
    int64_t min, max; /* valid if `samples` of the indicator and n > 0 */
    int64_t excluded, pending;
    bool exact;
    bool saturated;             /* the sum does not fit and stays at the edge of int64 */
    bool any;                   /* some pane lies in the window, even if its n is 0 */
    struct cpi_samples samples; /* merged; of a gauge: opening times of what is open */
    struct cpi_case_ref cases[CPI_CASES_MAX]; /* their ids are owned */
};
void cpi_reading_init(struct cpi_reading *reading);
void cpi_reading_fini(struct cpi_reading *reading);
/* Reads indicator `i` over [from, to). A gauge: everything before `to`. */
void cpi_reading_read(struct cpi_reading *reading, const struct cpi_model *model,
                      const struct cpi_panes *panes, uint16_t indicator, int64_t from, int64_t to);
/* Nearest rank: the smallest sample with at least percent % of all at or below it; of a bucketed
 * reading the bucket's upper bound. n > 0. */
int64_t cpi_reading_quantile(const struct cpi_reading *reading, unsigned percent);
/* Of a gauge at boundary b: the age below or at which percent % of what is open lies; the oldest
 * age. */
int64_t cpi_reading_age(const struct cpi_reading *reading, unsigned percent, int64_t b);
/* How many samples lie strictly above `limit` (buckets: by their upper bound). */
int64_t cpi_reading_above(const struct cpi_reading *reading, int64_t limit);

#endif
