/* Facts that wait, by known step, until the cursor of the window stage reaches them (W2). */
#ifndef CPI_ENGINE_INBOX_H
#define CPI_ENGINE_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/outbox.h"
#include "engine/combine.h"

struct cpi_waiting { /* for one entity at one step: one row */
    uint32_t entity;
    bool dirty;           /* changed since its row was last written */
    bool written;         /* has a row */
    bool counted;         /* in its entity's `waiting` */
    struct cpi_text path; /* that the entity has from this step on; owned, absent = none given */
    struct cpi_cell *cell;
    uint32_t n_cells, cap_cells;
};
struct cpi_inbox_step {
    int64_t step;
    struct cpi_index index;
    struct cpi_waiting *at;
    size_t count, cap;
    bool dirty;
};
struct cpi_inbox {
    struct cpi_inbox_step *step; /* ascending */
    size_t count, cap;
};
void cpi_inbox_init(struct cpi_inbox *inbox);
void cpi_inbox_fini(struct cpi_inbox *inbox);
/* What waits there for the entity, empty if nothing did; its row will be written. Valid until the
 * next call. */
struct cpi_waiting *cpi_inbox_ensure(struct cpi_inbox *inbox, int64_t step, uint32_t entity);
/* Merges a cell's aggregate. */
void cpi_waiting_merge(struct cpi_waiting *waiting, const struct cpi_model *model,
                       const struct cpi_cell *cell);
/* Forgets cells and path. */
void cpi_waiting_clear(struct cpi_waiting *waiting);
void cpi_waiting_set_path(struct cpi_waiting *waiting, struct cpi_text path);
/* The earliest step, CPI_TIME_END if nothing waits. */
int64_t cpi_inbox_first(const struct cpi_inbox *inbox);
/* Takes the earliest step out; the caller frees it with cpi_inbox_step_fini. */
struct cpi_inbox_step cpi_inbox_take(struct cpi_inbox *inbox);
void cpi_inbox_step_fini(struct cpi_inbox_step *step);

#endif
