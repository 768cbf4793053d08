/* How fine the panes of an indicator are, and for how long: a ladder of steps, each a multiple of
 * the one before, derived from its windows. A fact goes into the finest pane; panes are folded into
 * the next coarser step when no window (with its lateness, and its `compare`) needs the finer one
 * any more. */
#ifndef CPI_WINDOW_LADDER_H
#define CPI_WINDOW_LADDER_H

#include <stdint.h>

#include "cpi/model.h"
#include "window/calendar.h"

#define CPI_LADDER_MAX 4
struct cpi_rung {
    struct cpi_step step;
    int64_t keep_ms; /* panes of this step that end at least this long before the cursor fold up;
                      * the last rung: go. CPI_TIME_END = never (gauges: into one base pane) */
};
struct cpi_ladder {
    struct cpi_rung rung[CPI_LADDER_MAX];
    unsigned count; /* 0: derived, has no panes */
};
struct cpi_ladder cpi_ladder_of(const struct cpi_model *model, const struct cpi_indicator *ind);

#endif
