/* A figure: what one window of one indicator and entity says at a boundary. */
#ifndef CPI_ENGINE_FIGURE_H
#define CPI_ENGINE_FIGURE_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/bound.h"
#include "cpi/model.h"
#include "window/reading.h"

struct cpi_figure {
    uint16_t indicator, window;
    int64_t start, end;     /* end = the boundary; a gauge has start = end */
    int64_t n;              /* derived: the smaller of its sides (J11) */
    bool any;               /* some pane lies in the window */
    struct cpi_value value; /* of show[0] */
    uint64_t hash; /* of what makes two figures equal: n, good, sum, min, max, quantiles (W3) */
    struct cpi_reading reading; /* of a derived one: of its left side, for example cases only */
    struct cpi_reading right;   /* scratch of derived ones */
};
void cpi_figure_init(struct cpi_figure *figure);
void cpi_figure_fini(struct cpi_figure *figure);
void cpi_figure_read(struct cpi_figure *figure, const struct cpi_model *model,
                     struct cpi_calendar *cal, const struct cpi_panes *panes, uint16_t indicator,
                     uint16_t window, int64_t end);
/* Any statistic of it. */
struct cpi_value cpi_figure_value(const struct cpi_figure *figure, const struct cpi_model *model,
                                  struct cpi_show show);

#endif
