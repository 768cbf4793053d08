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
static void move(struct cpi_window_stage *stage, uint32_t e, struct cpi_series *series, uint32_t i,
                 int64_t start, uint8_t rung)
{
    struct cpi_agg old = series->at[i].agg;
    cpi_agg_init(&series->at[i].agg); /* moved out */
    cpi_entities_drop_pane(&stage->entities, e, series, i);
    struct cpi_pane *pane =
        cpi_entities_pane(&stage->entities, e, series->indicator, series->kind, start, rung);
    if (pane->rung < rung)
        pane->rung = rung;
    cpi_agg_merge(&pane->agg, &stage->model->indicator[series->indicator], &old);
    cpi_agg_fini(&old);
}

/* What lies beyond its edge: the first such pane, CPI_TIME_END = none. When the series was folded
 * up at `since`, nothing lay beyond the edges of then, and what came later lies behind them: of
 * each rung only the panes between its edge then and its edge now are looked at. */
static int64_t first_due(struct cpi_window_stage *stage, const struct cpi_series *series,
                         int64_t since, int64_t step)
{
    const struct cpi_ladder *ladder = &stage->ladder[series->indicator];
    bool counter = is_counter(stage, series);
    int64_t first = CPI_TIME_END;
    for (unsigned r = counter ? 1 : ladder->count; r-- > 0 && first == CPI_TIME_END;) {
        int64_t edge = cpi_ladder_edge(ladder, &stage->calendar, r, step);
        int64_t from = since == CPI_TIME_NONE ? CPI_PANE_BASE + 1
                                              : cpi_ladder_edge(ladder, &stage->calendar, r, since);
        struct cpi_pane_cursor cursor;
        const struct cpi_pane *pane;
        cpi_cursor_init(&cursor, series, from);
        while (first == CPI_TIME_END && (pane = cpi_cursor_next(&cursor)) && pane->start < edge)
            if (counter || pane->rung == r)
                first = pane->start;
        cpi_cursor_fini(&cursor);
    }
    return first;
}

static bool has_empty_base(const struct cpi_series *series)
{
    struct cpi_pane_cursor cursor;
    cpi_cursor_init(&cursor, series, CPI_PANE_BASE);
    const struct cpi_pane *pane = cpi_cursor_next(&cursor);
    bool empty = pane && pane->start == CPI_PANE_BASE && is_empty(&pane->agg);
    cpi_cursor_fini(&cursor);
    return empty;
}

/* Folds pane i up if it lies beyond its edge; returns the index to go on from. */
static uint32_t thin_pane(struct cpi_window_stage *stage, uint32_t e, struct cpi_series *series,
                          uint32_t i, int64_t step)
{
    const struct cpi_ladder *ladder = &stage->ladder[series->indicator];
    bool counter = is_counter(stage, series);
    int64_t start = series->at[i].start, coarser = CPI_PANE_BASE;
    unsigned rung = counter ? 0 : series->at[i].rung;
    if (start == CPI_PANE_BASE) {
        if (!is_empty(&series->at[i].agg))
            return i + 1;
        cpi_entities_drop_pane(&stage->entities, e, series, i);
        return i;
    }
    if (rung >= ladder->count || start >= cpi_ladder_edge(ladder, &stage->calendar, rung, step))
        return i + 1;
    if (!counter && rung + 1 == ladder->count) {
        cpi_entities_drop_pane(&stage->entities, e, series, i);
        return i;
    }
    if (!counter)
        coarser = cpi_calendar_floor(&stage->calendar, ladder->rung[rung + 1].step, start);
    move(stage, e, series, i, coarser, (uint8_t)(counter ? 0 : rung + 1));
    return cpi_series_find(series, coarser); /* it may lie beyond its own edge, too */
}

static void thin_series(struct cpi_window_stage *stage, uint32_t e, struct cpi_series *series,
                        int64_t since, int64_t step)
{
    bool counter = is_counter(stage, series);
    int64_t first = first_due(stage, series, since, step);
    if (first == CPI_TIME_END && !(counter && has_empty_base(series)))
        return;
    cpi_series_unpack(series, counter ? CPI_PANE_BASE : first);
    for (uint32_t i = 0; i < series->count;)
        i = thin_pane(stage, e, series, i, step);
}

static void thin_panes(struct cpi_window_stage *stage, uint32_t e, int64_t step)
{
    struct cpi_entity *entity = cpi_entities_get(&stage->entities, e);
    int64_t since = entity->swept ? entity->thinned : CPI_TIME_NONE;
    for (uint32_t s = 0; s < entity->panes.count; s++)
        thin_series(stage, e, &entity->panes.series[s], since, step);
    cpi_panes_tidy(&entity->panes);
    entity->swept = true;
}

static bool has_panes(const struct cpi_window_stage *stage, const struct cpi_entity *entity,
                      uint16_t indicator)
{
    const struct cpi_indicator *ind = &stage->model->indicator[indicator];
    return ind->kind == CPI_DERIVED ? cpi_panes_has(&entity->panes, ind->left) ||
                                          cpi_panes_has(&entity->panes, ind->right)
                                    : cpi_panes_has(&entity->panes, indicator);
}

/* Figures without any pane left: a tombstone, once (W3). */
static void drop_marks(struct cpi_window_stage *stage, struct cpi_entity *entity,
                       struct cpi_outbox *box)
{
    size_t kept = 0;
    for (size_t m = 0; m < entity->n_marks; m++) {
        const struct cpi_mark mark = entity->mark[m];
        if (has_panes(stage, entity, mark.indicator)) {
            entity->mark[kept++] = mark;
            continue;
        }
        if (mark.said && !stage->replay)
            cpi_emit_gone(box, stage->model, (struct cpi_text){ entity->key, entity->key_len },
                          mark.indicator, mark.window);
        cpi_entity_forget_revisions(entity, mark.indicator, mark.window, CPI_TIME_END);
        entity->head_dirty = true;
    }
    entity->n_marks = kept;
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
    struct cpi_entity *entity = cpi_entities_get(&stage->entities, e);
    int64_t hour = cpi_calendar_floor(&stage->calendar, (struct cpi_step){ CPI_HOUR, 0 }, step);
    if (entity->thinned != CPI_TIME_NONE && entity->thinned >= hour)
        return;
    thin_panes(stage, e, step);
    entity->thinned = step;
    entity->head_dirty = true;
    drop_marks(stage, entity, box);
    drop_rules(entity);
    cpi_entity_forget_ends(entity, step - stage->model->lateness_ms - CPI_DAY);
    if (!entity->panes.count && !entity->n_marks && !entity->n_rules &&
        !stage->entities.at[e].waiting && !is_named(stage, entity))
        cpi_entities_remove(&stage->entities, e);
}
