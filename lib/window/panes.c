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
    for (uint32_t s = 0; s < panes->count; s++) {
        for (uint32_t i = 0; i < panes->series[s].count; i++)
            cpi_agg_fini(&panes->series[s].at[i].agg);
        free(panes->series[s].at);
        cpi_packed_free(panes->series[s].packed);
    }
    free(panes->series);
    cpi_panes_init(panes);
}

/* Index of the first series at or behind (indicator, kind). */
static uint32_t place_of(const struct cpi_panes *panes, uint16_t indicator, uint8_t kind)
{
    uint32_t s = 0;
    while (s < panes->count &&
           (panes->series[s].indicator < indicator ||
            (panes->series[s].indicator == indicator && panes->series[s].kind < kind)))
        s++;
    return s;
}

struct cpi_series *cpi_panes_series(const struct cpi_panes *panes, uint16_t indicator, uint8_t kind)
{
    uint32_t s = place_of(panes, indicator, kind);
    return s < panes->count && panes->series[s].indicator == indicator &&
                   panes->series[s].kind == kind
               ? &panes->series[s]
               : NULL;
}

bool cpi_panes_has(const struct cpi_panes *panes, uint16_t indicator)
{
    uint32_t s = place_of(panes, indicator, CPI_PANE_WINDOW);
    for (; s < panes->count && panes->series[s].indicator == indicator; s++)
        if (!cpi_series_is_empty(&panes->series[s]))
            return true;
    return false;
}

bool cpi_series_is_empty(const struct cpi_series *series)
{
    return !series->count && !series->packed;
}

int64_t cpi_series_first(const struct cpi_series *series, int64_t from)
{
    struct cpi_pane_cursor cursor;
    cpi_cursor_init(&cursor, series, from);
    const struct cpi_pane *pane = cpi_cursor_next(&cursor);
    int64_t start = pane ? pane->start : CPI_TIME_END;
    cpi_cursor_fini(&cursor);
    return start;
}

uint64_t cpi_series_bytes(const struct cpi_series *series)
{
    uint64_t bytes =
        sizeof *series + series->cap * sizeof *series->at + cpi_packed_bytes(series->packed);
    for (uint32_t p = 0; p < series->count; p++)
        if (series->at[p].agg.extra)
            bytes += sizeof *series->at[p].agg.extra +
                     series->at[p].agg.extra->samples.cap * sizeof(struct cpi_sample);
    return bytes;
}

/* ---- packing ---- */

void cpi_series_unpack(struct cpi_series *series, int64_t from)
{
    struct cpi_packed *packed = series->packed;
    struct cpi_pane first = { 0 };
    if (!packed || packed->last < from)
        return;
    struct cpi_packed_reader reader = cpi_packed_read(packed, from);
    cpi_packed_next(&reader, &first); /* there is one: the last */
    uint32_t count = packed->count - (reader.next - 1), cap = count + series->count;
    struct cpi_pane *at = cpi_xcalloc(cap, sizeof *at);
    at[0] = first;
    for (uint32_t i = 1; i < count; i++)
        cpi_packed_next(&reader, &at[i]);
    if (series->count)
        memcpy(at + count, series->at, series->count * sizeof *at);
    free(series->at);
    series->packed = cpi_packed_cut(packed, from);
    series->at = at;
    series->count = series->cap = cap;
}

void cpi_series_pack(struct cpi_series *series, int64_t until)
{
    uint32_t n = 0;
    for (; n < series->count && series->at[n].start < until; n++) {
        series->packed = cpi_packed_add(series->packed, &series->at[n]);
        cpi_agg_fini(&series->at[n].agg);
    }
    if (!n)
        return;
    series->count -= n;
    if (!series->count) {
        free(series->at);
        series->at = NULL;
        series->cap = 0;
        return;
    }
    memmove(series->at, series->at + n, series->count * sizeof *series->at);
    series->cap = series->count;
    series->at = cpi_xrealloc(series->at, series->cap * sizeof *series->at);
}

bool cpi_panes_are_packed(const struct cpi_panes *panes)
{
    for (uint32_t s = 0; s < panes->count; s++)
        if (panes->series[s].count)
            return false;
    return true;
}

void cpi_panes_encode(const struct cpi_panes *panes, struct cpi_buf *buf)
{
    cpi_buf_put_uint(buf, panes->count);
    for (uint32_t s = 0; s < panes->count; s++) {
        cpi_buf_put_uint(buf, panes->series[s].indicator);
        cpi_buf_add_byte(buf, panes->series[s].kind);
        cpi_packed_encode(panes->series[s].packed, buf);
    }
}

void cpi_panes_decode(struct cpi_panes *panes, struct cpi_reader *r)
{
    panes->count = panes->cap = (uint32_t)cpi_read_uint(r);
    panes->series = panes->count ? cpi_xcalloc(panes->count, sizeof *panes->series) : NULL;
    for (uint32_t s = 0; s < panes->count; s++) {
        panes->series[s].indicator = (uint16_t)cpi_read_uint(r);
        panes->series[s].kind = cpi_read_byte(r);
        panes->series[s].packed = cpi_packed_decode(r);
    }
}

void cpi_cursor_init(struct cpi_pane_cursor *cursor, const struct cpi_series *series, int64_t from)
{
    *cursor = (struct cpi_pane_cursor){ .series = series };
    if (!series)
        return;
    if (series->packed && series->packed->last >= from)
        cursor->packed = cpi_packed_read(series->packed, from);
    cursor->next = cpi_series_find(series, from);
}

void cpi_cursor_fini(struct cpi_pane_cursor *cursor)
{
    cpi_agg_fini(&cursor->pane.agg);
}

const struct cpi_pane *cpi_cursor_next(struct cpi_pane_cursor *cursor)
{
    if (cursor->packed.packed && cpi_packed_next(&cursor->packed, &cursor->pane))
        return &cursor->pane;
    cursor->packed.packed = NULL;
    return cursor->series && cursor->next < cursor->series->count
               ? &cursor->series->at[cursor->next++]
               : NULL;
}

/* Most looks are near the end: strides from there double until one is before `start`. */
uint32_t cpi_series_find(const struct cpi_series *series, int64_t start)
{
    uint32_t high = series->count, stride = 1;
    while (high >= stride && series->at[high - stride].start >= start) {
        high -= stride;
        stride *= 2;
    }
    uint32_t low = high >= stride ? high - stride + 1 : 0;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (series->at[mid].start < start)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct cpi_series *ensure_series(struct cpi_panes *panes, uint16_t indicator, uint8_t kind)
{
    uint32_t s = place_of(panes, indicator, kind);
    if (s < panes->count && panes->series[s].indicator == indicator &&
        panes->series[s].kind == kind)
        return &panes->series[s];
    if (panes->count == panes->cap) {
        panes->cap = panes->cap ? panes->cap * 2 : 2;
        panes->series = cpi_xrealloc(panes->series, panes->cap * sizeof *panes->series);
    }
    memmove(panes->series + s + 1, panes->series + s, (panes->count - s) * sizeof *panes->series);
    panes->count++;
    panes->series[s] = (struct cpi_series){ .indicator = indicator, .kind = kind };
    return &panes->series[s];
}

struct cpi_pane *cpi_panes_ensure(struct cpi_panes *panes, uint16_t indicator, uint8_t kind,
                                  int64_t start, uint8_t rung)
{
    struct cpi_series *series = ensure_series(panes, indicator, kind);
    cpi_series_unpack(series, start);
    uint32_t i = series->count; /* nearly always at the end */
    while (i && series->at[i - 1].start >= start)
        i--;
    if (i < series->count && series->at[i].start == start)
        return &series->at[i];
    if (series->count == series->cap) {
        series->cap = series->cap ? series->cap + series->cap / 2 + 1 : 1;
        series->at = cpi_xrealloc(series->at, series->cap * sizeof *series->at);
    }
    memmove(series->at + i + 1, series->at + i, (series->count - i) * sizeof *series->at);
    series->count++;
    series->at[i] = (struct cpi_pane){ .start = start, .rung = rung };
    cpi_agg_init(&series->at[i].agg);
    return &series->at[i];
}

void cpi_series_remove(struct cpi_series *series, uint32_t index)
{
    cpi_agg_fini(&series->at[index].agg);
    series->count--;
    memmove(series->at + index, series->at + index + 1,
            (series->count - index) * sizeof *series->at);
}

void cpi_panes_tidy(struct cpi_panes *panes)
{
    uint32_t kept = 0;
    for (uint32_t s = 0; s < panes->count; s++) {
        if (!cpi_series_is_empty(&panes->series[s]))
            panes->series[kept++] = panes->series[s];
        else
            free(panes->series[s].at);
    }
    panes->count = kept;
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
