/* Folding up: panes that only coarser windows still need become coarser; what nothing needs goes.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/window_stage.h"

static bool is_counter(const struct cpi_window_stage *stage, const struct cpi_pane *pane)
{
    return pane->kind == CPI_PANE_PENDING ||
           stage->model->indicator[pane->indicator].kind == CPI_OPEN;
}

static bool is_empty(const struct cpi_agg *agg)
{
    return !agg->n && !agg->pending && !agg->samples.count && !agg->sum && !agg->good;
}

/* Moves pane i into `start` of `rung`; its place in the log goes. */
static void move(struct cpi_window_stage *stage, struct cpi_entity *entity, uint32_t i,
                 int64_t start, uint8_t rung)
{
    struct cpi_pane old = entity->panes.at[i];
    cpi_agg_init(&entity->panes.at[i].agg); /* moved out */
    cpi_entities_drop_pane(&stage->entities, entity, i);
    struct cpi_pane *pane = cpi_panes_ensure(&entity->panes, old.indicator, old.kind, start, rung);
    if (pane->rung < rung)
        pane->rung = rung;
    cpi_agg_merge(&pane->agg, &stage->model->indicator[old.indicator], &old.agg,
                  &stage->counts->saturated);
    pane->dirty = true;
    cpi_agg_fini(&old.agg);
}

static void thin_panes(struct cpi_window_stage *stage, struct cpi_entity *entity, int64_t step)
{
    for (uint32_t i = 0; i < entity->panes.count;) {
        struct cpi_pane *pane = &entity->panes.at[i];
        const struct cpi_ladder *ladder = &stage->ladder[pane->indicator];
        uint16_t indicator = pane->indicator;
        uint8_t kind = pane->kind;
        int64_t start = pane->start;
        bool counter = is_counter(stage, pane);
        if (start == CPI_PANE_BASE) {
            if (is_empty(&pane->agg))
                cpi_entities_drop_pane(&stage->entities, entity, i);
            else
                i++;
            continue;
        }
        unsigned rung = counter ? 0 : pane->rung;
        if (rung >= ladder->count ||
            start >= cpi_ladder_edge(ladder, &stage->calendar, rung, step)) {
            i++;
            continue;
        }
        if (counter)
            move(stage, entity, i, CPI_PANE_BASE, 0);
        else if (rung + 1 < ladder->count)
            move(stage, entity, i,
                 cpi_calendar_floor(&stage->calendar, ladder->rung[rung + 1].step, start),
                 (uint8_t)(rung + 1));
        else
            cpi_entities_drop_pane(&stage->entities, entity, i);
        i = cpi_panes_find(&entity->panes, indicator, kind, start);
        if (i < entity->panes.count && entity->panes.at[i].start == start &&
            entity->panes.at[i].indicator == indicator && entity->panes.at[i].kind == kind)
            i++; /* the coarser pane begins where the finer one did */
    }
}

static bool has_panes(const struct cpi_entity *entity, uint16_t indicator)
{
    uint32_t p = cpi_panes_find(&entity->panes, indicator, CPI_PANE_WINDOW, CPI_PANE_BASE);
    return p < entity->panes.count && entity->panes.at[p].indicator == indicator;
}

/* Figures without any pane left: a tombstone, once (W3). */
static void drop_marks(struct cpi_window_stage *stage, struct cpi_entity *entity,
                       struct cpi_outbox *box)
{
    for (size_t m = 0; m < entity->n_marks;) {
        struct cpi_mark *mark = &entity->mark[m];
        const struct cpi_indicator *ind = &stage->model->indicator[mark->indicator];
        bool left = ind->kind == CPI_DERIVED
                        ? has_panes(entity, ind->left) || has_panes(entity, ind->right)
                        : has_panes(entity, mark->indicator);
        if (left || entity->waiting) {
            m++;
            continue;
        }
        if (mark->said && !stage->replay)
            cpi_emit_gone(box, stage->model, (struct cpi_text){ entity->key, entity->key_len },
                          mark->indicator, mark->window);
        free(mark->revised);
        entity->n_marks--;
        memmove(mark, mark + 1, (entity->n_marks - m) * sizeof *mark);
        entity->head_dirty = true;
    }
}

static void drop_rules(struct cpi_entity *entity)
{
    for (size_t r = 0; r < entity->n_rules;) {
        if (!cpi_alert_is_idle(&entity->rule[r].state)) {
            r++;
            continue;
        }
        entity->n_rules--;
        memmove(&entity->rule[r], &entity->rule[r + 1],
                (entity->n_rules - r) * sizeof *entity->rule);
        entity->head_dirty = true;
    }
}

static bool is_named(const struct cpi_window_stage *stage, const struct cpi_entity *entity)
{
    for (size_t a = 0; a < stage->model->n_alerts; a++)
        if (stage->model->alert[a].no_data_ms && cpi_text_is(stage->model->alert[a].entity_id) &&
            cpi_window_rule_is_about(stage->model, &stage->model->alert[a],
                                     (struct cpi_text){ entity->key, entity->key_len }))
            return true;
    return false;
}

void cpi_window_thin(struct cpi_window_stage *stage, uint32_t e, int64_t step,
                     struct cpi_outbox *box)
{
    struct cpi_entity *entity = &stage->entities.at[e];
    int64_t hour = cpi_calendar_floor(&stage->calendar, (struct cpi_step){ CPI_HOUR, 0 }, step);
    if (entity->thinned != CPI_TIME_NONE && entity->thinned >= hour)
        return;
    entity->thinned = step;
    entity->head_dirty = true;
    thin_panes(stage, entity, step);
    drop_marks(stage, entity, box);
    drop_rules(entity);
    if (!entity->panes.count && !entity->n_marks && !entity->n_rules && !entity->waiting &&
        !is_named(stage, entity))
        cpi_entities_remove(&stage->entities, e);
}
