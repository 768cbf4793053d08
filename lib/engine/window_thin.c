/* Folding up: panes that only coarser windows still need become coarser; what nothing needs goes.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/window_stage.h"

static bool is_counter(const struct cpi_window_stage *stage, const struct cpi_series *series)
{
    return series->kind == CPI_PANE_PENDING ||
           stage->model->indicator[series->indicator].kind == CPI_OPEN;
}

static bool is_empty(const struct cpi_agg *agg)
{
    return !agg->n && !agg->pending && !cpi_agg_samples(agg)->count && !cpi_agg_sum(agg) &&
           !agg->good;
}

/* Moves pane i of the series into `start` of `rung`; its own place goes. */
static void move(struct cpi_window_stage *stage, struct cpi_entity *entity,
                 struct cpi_series *series, uint32_t i, int64_t start, uint8_t rung)
{
    struct cpi_agg old = series->at[i].agg;
    cpi_agg_init(&series->at[i].agg); /* moved out */
    cpi_entities_drop_pane(&stage->entities, entity, series, i);
    struct cpi_pane *pane =
        cpi_panes_ensure(&entity->panes, series->indicator, series->kind, start, rung);
    if (pane->rung < rung)
        pane->rung = rung;
    cpi_agg_merge(&pane->agg, &stage->model->indicator[series->indicator], &old);
    pane->dirty = true;
    cpi_agg_fini(&old);
}

/* Whether some pane is beyond the edge of its rung. */
static bool is_due(struct cpi_window_stage *stage, const struct cpi_series *series, int64_t step)
{
    const struct cpi_ladder *ladder = &stage->ladder[series->indicator];
    bool counter = is_counter(stage, series), due = false;
    int64_t edge[CPI_LADDER_MAX];
    struct cpi_pane_cursor cursor;
    const struct cpi_pane *pane;
    for (unsigned r = 0; r < ladder->count; r++)
        edge[r] = cpi_ladder_edge(ladder, &stage->calendar, r, step);
    cpi_cursor_init(&cursor, series, CPI_PANE_BASE);
    while (!due && (pane = cpi_cursor_next(&cursor))) {
        unsigned rung = counter ? 0 : pane->rung;
        due = pane->start == CPI_PANE_BASE ? is_empty(&pane->agg)
                                           : rung < ladder->count && pane->start < edge[rung];
    }
    cpi_cursor_fini(&cursor);
    return due;
}

static void thin_series(struct cpi_window_stage *stage, struct cpi_entity *entity,
                        struct cpi_series *series, int64_t step)
{
    const struct cpi_ladder *ladder = &stage->ladder[series->indicator];
    bool counter = is_counter(stage, series);
    if (!is_due(stage, series, step))
        return;
    cpi_series_unpack(series);
    for (uint32_t i = 0; i < series->count;) {
        int64_t start = series->at[i].start;
        unsigned rung = counter ? 0 : series->at[i].rung;
        if (start == CPI_PANE_BASE) {
            if (is_empty(&series->at[i].agg))
                cpi_entities_drop_pane(&stage->entities, entity, series, i);
            else
                i++;
            continue;
        }
        if (rung >= ladder->count ||
            start >= cpi_ladder_edge(ladder, &stage->calendar, rung, step)) {
            i++;
            continue;
        }
        if (counter)
            move(stage, entity, series, i, CPI_PANE_BASE, 0);
        else if (rung + 1 < ladder->count)
            move(stage, entity, series, i,
                 cpi_calendar_floor(&stage->calendar, ladder->rung[rung + 1].step, start),
                 (uint8_t)(rung + 1));
        else
            cpi_entities_drop_pane(&stage->entities, entity, series, i);
        i = cpi_series_find(series, start);
        i += i < series->count && series->at[i].start == start; /* the coarser one begins there */
    }
}

static void thin_panes(struct cpi_window_stage *stage, struct cpi_entity *entity, int64_t step)
{
    for (uint32_t s = 0; s < entity->panes.count; s++)
        thin_series(stage, entity, &entity->panes.series[s], step);
    cpi_panes_tidy(&entity->panes);
}

/* Figures without any pane left: a tombstone, once (W3). */
static void drop_marks(struct cpi_window_stage *stage, struct cpi_entity *entity,
                       struct cpi_outbox *box)
{
    for (size_t m = 0; m < entity->n_marks;) {
        struct cpi_mark *mark = &entity->mark[m];
        const struct cpi_indicator *ind = &stage->model->indicator[mark->indicator];
        bool left = ind->kind == CPI_DERIVED ? cpi_panes_has(&entity->panes, ind->left) ||
                                                   cpi_panes_has(&entity->panes, ind->right)
                                             : cpi_panes_has(&entity->panes, mark->indicator);
        if (left) {
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
