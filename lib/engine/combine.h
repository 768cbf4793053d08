/* Combining before sending (design §8): the facts of one transaction are merged by who is credited,
 * step and indicator; only at the seal are they fanned out to entities {rep} + {team and its
 * parents} + org and the dimensions, and merged once more. Rows a second do not grow with the event
 * rate.
 *
 *   row body = known step, n cells, path, then a cell: indicator hash, kind, pane start, aggregate
 */
#ifndef CPI_ENGINE_COMBINE_H
#define CPI_ENGINE_COMBINE_H

#include <stdint.h>

#include "cpi/alloc.h"
#include "cpi/buf.h"
#include "cpi/hash.h"
#include "cpi/model.h"
#include "event/fact.h"
#include "window/panes.h"

struct cpi_cell {
    uint16_t indicator;
    uint8_t kind;  /* enum cpi_pane_kind */
    int64_t start; /* of the finest pane of the indicator */
    struct cpi_agg agg;
};
/* All that concerns one entity (or one credit) at one known step. */
struct cpi_group {
    struct cpi_text key;  /* of the entity; owned, as all texts, by the arena of the combiner */
    struct cpi_text path; /* of a team: it and its parents, innermost first */
    struct cpi_text rep, team, dim[CPI_DIM_FIELDS_MAX];
    int64_t known_step;
    struct cpi_cell *cell;
    uint32_t n_cells, cap_cells;
    uint32_t asked; /* index of the cell asked for last */
};
struct cpi_groups {
    struct cpi_index index;
    struct cpi_group *at;
    size_t count, cap;
};
struct cpi_span { /* of time that one step covers */
    struct cpi_step step;
    int64_t from, until;
};
struct cpi_combiner {
    const struct cpi_model *model;
    struct cpi_dim_fields dims;
    struct cpi_ladder *ladder; /* per indicator */
    struct cpi_calendar calendar;
    struct cpi_span known, start; /* where the latest fact fell */
    struct cpi_arena arena;       /* of texts and cells */
    struct cpi_groups credits;    /* by rep, team and dimension fields */
    struct cpi_groups teams;      /* the same without reps: what all others need (fan-out) */
    struct cpi_groups entities;   /* fanned out */
    uint32_t latest;              /* group of the last fact, CPI_NONE = none */
};
void cpi_combiner_init(struct cpi_combiner *combiner, const struct cpi_model *model);
void cpi_combiner_fini(struct cpi_combiner *combiner);
/* `alike`: credit, dimensions and times are those of the fact before. */
void cpi_combiner_add(struct cpi_combiner *combiner, const struct cpi_fact *fact, bool alike);
/* Fans out; afterwards `entities` holds one group for each (entity, known step). */
void cpi_combiner_fan_out(struct cpi_combiner *combiner);
void cpi_combiner_reset(struct cpi_combiner *combiner);
/* A cell as rows and frames hold it, its start as the distance from `from`. */
void cpi_cell_encode(const struct cpi_cell *cell, int64_t from, const struct cpi_model *model,
                     struct cpi_buf *buf);
/* Into a cell that is nothing yet; an indicator that is unknown here is CPI_NO_INDEX; the start may
 * be anything. False if malformed; the aggregate is to be freed all the same. */
bool cpi_cell_decode(struct cpi_cell *cell, int64_t from, const struct cpi_model *model,
                     struct cpi_reader *r);
void cpi_group_encode(const struct cpi_group *group, const struct cpi_model *model,
                      struct cpi_buf *buf);

/* The key of an entity: "kind:id", parts of a tuple joined with '+'; '|', '%' and, in tuples, '+'
 * are percent-encoded (O6). Absent members are "unassigned". */
void cpi_entity_key(const struct cpi_dim *dim, const struct cpi_dim_fields *dims,
                    const struct cpi_group *group, struct cpi_text team, struct cpi_buf *buf);

#endif
