/* The pane log of one entity: sparse panes, sorted by (indicator, kind, start). All windows are
 * read from it by merging; nothing is kept beside it that could drift. Panes at rest are packed;
 * whoever wants to change one unpacks it and those behind it. */
#ifndef CPI_WINDOW_PANES_H
#define CPI_WINDOW_PANES_H

#include <stdbool.h>
#include <stdint.h>

#include "window/agg.h"
#include "window/ladder.h"
#include "window/packed.h"

enum cpi_pane_kind {
    CPI_PANE_WINDOW,  /* counted, excluded and (gauges) open facts, by their time */
    CPI_PANE_PENDING, /* pending facts, by their known */
};
#define CPI_PANE_BASE                                                                              \
    CPI_TIME_NONE /* start of the pane that holds all that is older than the ladder */
struct cpi_series {
    uint16_t indicator;
    uint8_t kind;
    uint32_t count, cap;
    struct cpi_pane *at;       /* ascending by start, all behind the packed ones */
    struct cpi_packed *packed; /* NULL = none */
};
struct cpi_panes {
    struct cpi_series *series; /* ascending by (indicator, kind) */
    uint32_t count, cap;
};
void cpi_panes_init(struct cpi_panes *panes);
void cpi_panes_fini(struct cpi_panes *panes);
/* The series, NULL if there is none. */
struct cpi_series *cpi_panes_series(const struct cpi_panes *panes, uint16_t indicator,
                                    uint8_t kind);
/* Does the indicator have any pane of facts? */
bool cpi_panes_has(const struct cpi_panes *panes, uint16_t indicator);
/* Whether it has no pane at all. */
bool cpi_series_is_empty(const struct cpi_series *series);
/* Start of the first pane at or after `from`; CPI_TIME_END = none. */
int64_t cpi_series_first(const struct cpi_series *series, int64_t from);
/* All panes from `from` on into `at`. */
void cpi_series_unpack(struct cpi_series *series, int64_t from);
/* Packs the panes before `until`. */
void cpi_series_pack(struct cpi_series *series, int64_t until);
/* Whether all panes are packed; then they can be written as bytes, and read from these by the
 * process that wrote them. */
bool cpi_panes_are_packed(const struct cpi_panes *panes);
void cpi_panes_encode(const struct cpi_panes *panes, struct cpi_buf *buf);
/* Into none. */
void cpi_panes_decode(struct cpi_panes *panes, struct cpi_reader *r);
/* Bytes of memory. */
uint64_t cpi_series_bytes(const struct cpi_series *series);
/* Index in `at` of the first pane at or after `start`. */
uint32_t cpi_series_find(const struct cpi_series *series, int64_t start);
/* The pane at exactly that place, made if missing; `rung` of a new one. Valid until the next call.
 * Unpacks what is not before that place. */
struct cpi_pane *cpi_panes_ensure(struct cpi_panes *panes, uint16_t indicator, uint8_t kind,
                                  int64_t start, uint8_t rung);
/* Takes a pane of `at` out; its memory is freed. */
void cpi_series_remove(struct cpi_series *series, uint32_t index);
/* Takes series without panes out. */
void cpi_panes_tidy(struct cpi_panes *panes);

/* Panes in order, packed or not, from the first at or after `from`. */
struct cpi_pane_cursor {
    const struct cpi_series *series; /* NULL = nothing */
    struct cpi_packed_reader packed;
    uint32_t next;        /* of `at` */
    struct cpi_pane pane; /* unpacked */
};
void cpi_cursor_init(struct cpi_pane_cursor *cursor, const struct cpi_series *series, int64_t from);
void cpi_cursor_fini(struct cpi_pane_cursor *cursor);
/* NULL at the end; else a view until the next call. */
const struct cpi_pane *cpi_cursor_next(struct cpi_pane_cursor *cursor);

/* Where a fact of `time` belongs: the finest pane that still exists as such, or a coarser one when
 * it is so old at `cursor` that the fine ones have been folded up. False: too old even for the last
 * rung. */
bool cpi_ladder_place(const struct cpi_ladder *ladder, struct cpi_calendar *cal, int64_t time,
                      int64_t cursor, int64_t *ret_start, uint8_t *ret_rung);
/* The instant before which panes of the rung are folded up at `cursor`: a step of the next rung. */
int64_t cpi_ladder_edge(const struct cpi_ladder *ladder, struct cpi_calendar *cal, unsigned rung,
                        int64_t cursor);

#endif
