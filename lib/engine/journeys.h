/* The case stage and the customer stage: stores of journeys that are folded at every instant that
 * matters to them once the watermark has passed it, and whose differences leave as facts and items
 * (T4, J0, J1). */
#ifndef CPI_ENGINE_JOURNEYS_H
#define CPI_ENGINE_JOURNEYS_H

#include <stdint.h>

#include "cpi/model.h"
#include "cpi/task.h"
#include "engine/held.h"
#include "engine/ids.h"
#include "engine/slots.h"
#include "engine/store.h"
#include "journey/journey.h"

/* What both stages have. */
struct cpi_journeys {
    const struct cpi_model *model;
    enum cpi_stage stage;
    struct cpi_store store;
    struct cpi_slots slots;
    int64_t folded; /* all instants before this finest step are folded; CPI_TIME_NONE = none yet */
    int64_t sent;   /* `folded` as the last slot told it to everybody */
    bool heard;     /* another stage waits for its slots */
    struct cpi_fold before, after;
    struct cpi_task_counts *counts; /* of the task */
    struct cpi_buf scratch;
};
struct cpi_case_stage {
    struct cpi_journeys journeys;
    struct cpi_held held; /* the case at hand */
    struct cpi_ids ids;   /* of events without a journey */
    struct cpi_ids gone;  /* of journeys that went (J7) */
};
void cpi_case_stage_init(struct cpi_case_stage *stage, const struct cpi_model *model,
                         struct cpi_task_counts *counts);
void cpi_case_stage_fini(struct cpi_case_stage *stage);
/* False, here and below: malformed; the task is spoilt. What is well formed but of a type, source
 * or indicator that the model does not have is passed over. */
bool cpi_case_stage_take(struct cpi_case_stage *stage, const struct cpi_item *item,
                         struct cpi_outbox *box);
/* Folds everything before the finest step that the watermark has reached. */
void cpi_case_stage_fold(struct cpi_case_stage *stage, int64_t w, struct cpi_outbox *box);

struct cpi_customer_stage {
    struct cpi_journeys journeys;
    struct cpi_entry *entry; /* of the customer at hand */
    size_t n_entries, cap_entries;
    struct cpi_arena arena;
    int64_t horizon_ms; /* what is older than this is forgotten (J1) */
};
void cpi_customer_stage_init(struct cpi_customer_stage *stage, const struct cpi_model *model,
                             struct cpi_task_counts *counts);
void cpi_customer_stage_fini(struct cpi_customer_stage *stage);
bool cpi_customer_stage_take(struct cpi_customer_stage *stage, const struct cpi_item *item);
void cpi_customer_stage_fold(struct cpi_customer_stage *stage, int64_t w, struct cpi_outbox *box);

/* After the restore: when each journey is due. */
bool cpi_case_stage_restored(struct cpi_case_stage *stage);
bool cpi_customer_stage_restored(struct cpi_customer_stage *stage);

/* Whose slots the window stage waits for: of the customer stage, or, where no indicator is judged
 * by customer, of the case stage, one transaction earlier (K3). */
enum cpi_stage cpi_last_stage(const struct cpi_model *model);

/* Shared by the two; private to the engine. */
void cpi_journeys_init(struct cpi_journeys *journeys, const struct cpi_model *model,
                       enum cpi_stage stage, char row_letter, struct cpi_task_counts *counts);
void cpi_journeys_fini(struct cpi_journeys *journeys);
/* The stage's part of the head row: slots, and how far it is folded. */
bool cpi_journeys_decode_head(struct cpi_journeys *journeys, struct cpi_reader *r);
/* Calls fold(stage, journey, from, until, box) for each journey that is due before the finest step
 * that w has reached, in the order of their keys. All instants before that step are folded then. */
void cpi_journeys_fold(struct cpi_journeys *journeys, int64_t w,
                       void (*fold)(void *stage, uint32_t journey, int64_t from, int64_t until,
                                    struct cpi_outbox *box),
                       void *stage, struct cpi_outbox *box);
/* The instant from which the next fold goes on. */
int64_t cpi_journeys_from(const struct cpi_journeys *journeys);
/* `after` was folded at t: what it has and `before` has not leaves with +1, the other way round
 * with -1, known at t; then `after` becomes `before`. */
void cpi_journeys_step_to(struct cpi_journeys *journeys, int64_t t, struct cpi_outbox *box);
/* The stage's slot (K2): to all if `folded` moved since it was last told. */
void cpi_journeys_slot(struct cpi_journeys *journeys, uint32_t task, uint32_t tasks,
                       struct cpi_outbox *box);

#endif
