/* Steps of time: boundaries are local midnight + k x every up to the next midnight, or whole local
 * days (W1). A calendar remembers the local day it looked at last. */
#ifndef CPI_WINDOW_CALENDAR_H
#define CPI_WINDOW_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/model.h"
#include "cpi/time.h"

struct cpi_step {
    int64_t every_ms;
    uint32_t every_days; /* > 0: whole local days; weeks start on Monday */
};
struct cpi_calendar {
    const struct cpi_zone *zone;
    int64_t day_start, day_end; /* of the day looked at last */
};
void cpi_calendar_init(struct cpi_calendar *cal, const struct cpi_zone *zone);
/* The last step at or before t, and the first after it. */
int64_t cpi_calendar_floor(struct cpi_calendar *cal, struct cpi_step step, int64_t t);
int64_t cpi_calendar_next(struct cpi_calendar *cal, struct cpi_step step, int64_t t);
static inline bool cpi_calendar_is_step(struct cpi_calendar *cal, struct cpi_step step, int64_t t)
{
    return cpi_calendar_floor(cal, step, t) == t;
}
/* Where the window that ends at boundary b begins; and the one before it (W7). */
int64_t cpi_calendar_start(struct cpi_calendar *cal, const struct cpi_window *window, int64_t b);
static inline struct cpi_step cpi_window_step(const struct cpi_window *window)
{
    return (struct cpi_step){ window->every_ms, window->every_days };
}
/* The finest step of the model (T4). */
static inline struct cpi_step cpi_finest_step(const struct cpi_model *model)
{
    return (struct cpi_step){ model->finest_ms, model->finest_ms >= CPI_DAY };
}
#endif
