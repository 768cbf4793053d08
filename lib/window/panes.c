#include "window/panes.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_panes_init(struct cpi_panes *panes)
{
    *panes = (struct cpi_panes){ NULL, 0, 0 };
}

void cpi_panes_fini(struct cpi_panes *panes)
{
    for (uint32_t i = 0; i < panes->count; i++)
        cpi_agg_fini(&panes->at[i].agg);
    free(panes->at);
    cpi_panes_init(panes);
}

static bool is_before(const struct cpi_pane *pane, uint16_t indicator, uint8_t kind, int64_t start)
{
    if (pane->indicator != indicator)
        return pane->indicator < indicator;
    if (pane->kind != kind)
        return pane->kind < kind;
    return pane->start < start;
}

uint32_t cpi_panes_find(const struct cpi_panes *panes, uint16_t indicator, uint8_t kind,
                        int64_t start)
{
    uint32_t low = 0, high = panes->count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (is_before(&panes->at[mid], indicator, kind, start))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct cpi_pane *cpi_panes_ensure(struct cpi_panes *panes, uint16_t indicator, uint8_t kind,
                                  int64_t start, uint8_t rung)
{
    uint32_t i = cpi_panes_find(panes, indicator, kind, start);
    if (i < panes->count && panes->at[i].indicator == indicator && panes->at[i].kind == kind &&
        panes->at[i].start == start)
        return &panes->at[i];
    if (panes->count == panes->cap) {
        panes->cap = panes->cap ? panes->cap + panes->cap / 2 : 2;
        panes->at = cpi_xrealloc(panes->at, panes->cap * sizeof *panes->at);
    }
    memmove(panes->at + i + 1, panes->at + i, (panes->count - i) * sizeof *panes->at);
    panes->count++;
    struct cpi_pane *pane = &panes->at[i];
    *pane = (struct cpi_pane){ .start = start, .indicator = indicator, .kind = kind, .rung = rung };
    cpi_agg_init(&pane->agg);
    return pane;
}

void cpi_panes_remove(struct cpi_panes *panes, uint32_t index)
{
    cpi_agg_fini(&panes->at[index].agg);
    panes->count--;
    memmove(panes->at + index, panes->at + index + 1, (panes->count - index) * sizeof *panes->at);
}

int64_t cpi_ladder_edge(const struct cpi_ladder *ladder, struct cpi_calendar *cal, unsigned rung,
                        int64_t cursor)
{
    int64_t edge = cursor - ladder->rung[rung].keep_ms;
    unsigned coarser = rung + 1 < ladder->count ? rung + 1 : rung;
    return cpi_calendar_floor(cal, ladder->rung[coarser].step, edge);
}

bool cpi_ladder_place(const struct cpi_ladder *ladder, struct cpi_calendar *cal, int64_t time,
                      int64_t cursor, int64_t *ret_start, uint8_t *ret_rung)
{
    for (unsigned r = 0; r < ladder->count; r++) {
        if (cursor != CPI_TIME_NONE && time < cpi_ladder_edge(ladder, cal, r, cursor))
            continue;
        *ret_start = cpi_calendar_floor(cal, ladder->rung[r].step, time);
        *ret_rung = (uint8_t)r;
        return true;
    }
    return false;
}
