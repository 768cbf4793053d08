/* Facts that wait, by known step, until the cursor of the window stage reaches them (W2). */
#ifndef CPI_ENGINE_INBOX_H
#define CPI_ENGINE_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/outbox.h"
#include "engine/combine.h"

struct cpi_waiting_cell {
    struct cpi_cell cell;
    bool dirty;   /* changed since its row was last written */
    bool written; /* has a row */
};
struct cpi_waiting { /* all that waits for one entity and step */
    uint32_t entity;
    uint32_t n_cells, cap_cells;
    struct cpi_waiting_cell *cell; /* as they came */
    struct cpi_text path; /* that the entity has from this step on; owned, absent = none given */
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
/* What waits for the entity at that step, made if missing. Valid until the next call. */
struct cpi_waiting *cpi_inbox_ensure(struct cpi_inbox *inbox, int64_t step, uint32_t entity);
/* The cell at that place, made if missing; its row will be written. Valid until the next call. */
struct cpi_waiting_cell *cpi_waiting_ensure(struct cpi_waiting *waiting, uint16_t indicator,
                                            uint8_t kind, int64_t start);
void cpi_waiting_set_path(struct cpi_waiting *waiting, struct cpi_text path);
/* The earliest step, CPI_TIME_END if nothing waits. */
int64_t cpi_inbox_first(const struct cpi_inbox *inbox);
/* Takes the earliest step out; the caller frees it with cpi_inbox_step_fini. */
struct cpi_inbox_step cpi_inbox_take(struct cpi_inbox *inbox);
void cpi_inbox_step_fini(struct cpi_inbox_step *step);

#endif
