/* The window stage: facts of entities into panes, boundaries one by one in order, updates,
 * revisions and alerts out (W2 - W4, A1 - A5). Resumable: the cursor is state. */
#ifndef CPI_ENGINE_WINDOW_STAGE_H
#define CPI_ENGINE_WINDOW_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/model.h"
#include "cpi/task.h"
#include "engine/entities.h"
#include "engine/figure.h"
#include "engine/inbox.h"
#include "engine/slots.h"

/* What a frame does to the window stage besides its items: in frame order, one after the other
 * (W2). */
struct cpi_effect {
    int64_t clock;
    struct cpi_slot *slot;
    size_t n_slots;
};
struct cpi_window_stage {
    const struct cpi_model *model;
    uint32_t task, tasks;
    enum cpi_stage sender; /* of the slots */
    bool replay, every_boundary;
    struct cpi_ladder *ladder; /* per indicator */
    struct cpi_calendar calendar;
    struct cpi_entities entities;
    struct cpi_inbox inbox;
    struct cpi_slots slots;    /* of the senders */
    struct cpi_slots told;     /* with those of the effects that wait, too */
    int64_t told_step;         /* nothing known before this step may come any more */
    struct cpi_effect *effect; /* the first one is at work */
    size_t n_effects, cap_effects;
    bool at_work;
    int64_t w;       /* CPI_TIME_NONE = undefined */
    int64_t first_w; /* where time began (slots) */
    int64_t cursor;  /* all boundaries up to here are done */
    int64_t step;    /* at work, CPI_TIME_NONE = none: its facts are merged, its entities fire */
    struct cpi_buf fired; /* key of the last entity that fired at `step`; empty = none yet */
    int64_t min_due;      /* over the entities */
    int64_t clock, next_refresh;
    struct cpi_buf *gone_row;
    size_t n_gone, cap_gone;
    struct cpi_task_counts *counts;
    struct cpi_figure figure, other; /* scratch */
};
void cpi_window_stage_init(struct cpi_window_stage *stage, const struct cpi_model *model,
                           uint32_t task, uint32_t tasks, struct cpi_task_counts *counts);
void cpi_window_stage_fini(struct cpi_window_stage *stage);
/* False if malformed. */
bool cpi_window_stage_take(struct cpi_window_stage *stage, const struct cpi_item *item);
/* Queues a frame's slots (copied) and clock. */
void cpi_window_stage_queue(struct cpi_window_stage *stage, const struct cpi_slot *slot,
                            size_t count, int64_t clock);
/* At most about `budget` entities; true if nothing is left. */
bool cpi_window_stage_advance(struct cpi_window_stage *stage, uint64_t budget,
                              struct cpi_outbox *box);

/* Rows of entities, panes and inbox; the head's part of the stage. */
void cpi_window_stage_settle(struct cpi_window_stage *stage, struct cpi_outbox *box);
bool cpi_window_stage_restore(struct cpi_window_stage *stage, struct cpi_text key,
                              struct cpi_text value);
void cpi_window_stage_encode_head(const struct cpi_window_stage *stage, struct cpi_buf *buf);
bool cpi_window_stage_decode_head(struct cpi_window_stage *stage, struct cpi_reader *r);
void cpi_window_stage_restored(struct cpi_window_stage *stage);

/* ---- parts, private to the engine ---- */
/* Merges `count` cells, whose starts are distances from `from`, up to the end of the bytes; false
 * if malformed. */
bool cpi_window_take_cells(const struct cpi_window_stage *stage, struct cpi_waiting *waiting,
                           int64_t from, uint64_t count, struct cpi_reader *r);
/* The row of what waited is to be deleted. */
void cpi_window_inbox_gone(struct cpi_window_stage *stage, int64_t step,
                           const struct cpi_waiting *waiting);
/* Merges what is known before `step` into panes and revises what was said of earlier boundaries
 * (W4). */
void cpi_window_merge(struct cpi_window_stage *stage, int64_t step, struct cpi_outbox *box);
/* Everything that is due for one entity at a step: figures, alerts, folding up; sets its due anew.
 */
void cpi_window_fire(struct cpi_window_stage *stage, uint32_t entity, int64_t step,
                     struct cpi_outbox *box);
/* Figures, with `previous` where asked for; the mark is updated if it is the latest end. */
void cpi_window_publish(struct cpi_window_stage *stage, struct cpi_entity *entity,
                        const struct cpi_figure *figure, bool revised, bool latest,
                        uint32_t revision, int64_t watermark, struct cpi_outbox *box);
/* Folds panes up and drops what nothing needs any more. */
void cpi_window_thin(struct cpi_window_stage *stage, uint32_t entity, int64_t step,
                     struct cpi_outbox *box);
int64_t cpi_window_due(struct cpi_window_stage *stage, struct cpi_entity *entity, int64_t step);
/* The rules that are about (indicator, window) step for the entity. */
void cpi_window_alerts(struct cpi_window_stage *stage, struct cpi_entity *entity,
                       const struct cpi_figure *figure, struct cpi_outbox *box);
/* What the rule sees in the figure. */
struct cpi_alert_input cpi_window_judge(struct cpi_window_stage *stage, struct cpi_entity *entity,
                                        const struct cpi_alert *rule,
                                        const struct cpi_figure *figure);
bool cpi_window_rule_is_about(const struct cpi_model *model, const struct cpi_alert *rule,
                              struct cpi_text entity_key);
void cpi_window_refresh(struct cpi_window_stage *stage, struct cpi_outbox *box);

#endif
