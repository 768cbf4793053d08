/* One entity at one step: figures whose window ends here, alerts, folding up, and when it is due
 * again. */
#include <string.h>

#include "engine/window_stage.h"

static bool is_present(const struct cpi_window_stage *stage, const struct cpi_entity *entity,
                       uint16_t indicator)
{
    const struct cpi_indicator *ind = &stage->model->indicator[indicator];
    if (ind->kind == CPI_DERIVED)
        return cpi_panes_has(&entity->panes, ind->left) ||
               cpi_panes_has(&entity->panes, ind->right);
    return cpi_panes_has(&entity->panes, indicator);
}

void cpi_window_publish(struct cpi_window_stage *stage, struct cpi_entity *entity,
                        const struct cpi_figure *figure, bool revised, bool latest,
                        uint32_t revision, int64_t watermark, struct cpi_outbox *box)
{
    const struct cpi_indicator *ind = &stage->model->indicator[figure->indicator];
    struct cpi_update update = {
        figure, cpi_entity_name_of(entity), revised, latest, revision, watermark, NULL
    };
    if (ind->compare_previous) {
        cpi_figure_read(&stage->other, stage->model, &stage->calendar, &entity->panes,
                        figure->indicator, figure->window, figure->start);
        update.previous = &stage->other.value;
    }
    stage->counts->saturated +=
        figure->reading.saturated || (ind->kind == CPI_DERIVED && figure->right.saturated);
    cpi_emit_update(box, stage->model, &update);
    entity->head_dirty = true;
    if (!latest)
        return;
    struct cpi_mark *mark = cpi_entity_mark(entity, figure->indicator, figure->window);
    mark->said = true;
    mark->counts = figure->n > 0;
    mark->hash = mark->counts ? figure->hash : 0; /* whatever has an n differs from it */
}

static void fire_figure(struct cpi_window_stage *stage, struct cpi_entity *entity,
                        uint16_t indicator, uint16_t window, int64_t b, struct cpi_outbox *box)
{
    struct cpi_figure *figure = &stage->figure;
    cpi_figure_read(figure, stage->model, &stage->calendar, &entity->panes, indicator, window, b);
    struct cpi_mark *mark = cpi_entity_find_mark(entity, indicator, window);
    bool said = mark && mark->said;
    bool changed =
        said ? mark->hash != figure->hash && (mark->counts || figure->n > 0) : figure->n > 0;
    if (changed || (stage->every_boundary && figure->n > 0)) {
        stage->counts->updates++;
        cpi_window_publish(stage, entity, figure, false, true, 0, b, box);
    }
    cpi_window_alerts(stage, entity, figure, box);
}

static bool is_watched(const struct cpi_window_stage *stage, const struct cpi_entity *entity,
                       uint16_t indicator)
{
    struct cpi_text key = { entity->key, entity->key_len };
    for (size_t r = 0; r < entity->n_rules; r++)
        if (stage->model->alert[entity->rule[r].rule].indicator == indicator &&
            !cpi_alert_is_idle(&entity->rule[r].state))
            return true;
    for (size_t a = 0; a < stage->model->n_alerts; a++) {
        const struct cpi_alert *rule = &stage->model->alert[a];
        if (rule->indicator == indicator && rule->no_data_ms && cpi_text_is(rule->entity_id) &&
            cpi_window_rule_is_about(stage->model, rule, key))
            return true;
    }
    return false;
}

void cpi_window_fire(struct cpi_window_stage *stage, uint32_t e, int64_t step,
                     struct cpi_outbox *box)
{
    struct cpi_entity *entity = cpi_entities_get(&stage->entities, e);
    const struct cpi_model *model = stage->model;
    for (uint16_t i = 0; i < model->n_indicators; i++) {
        const struct cpi_indicator *ind = &model->indicator[i];
        if (!is_present(stage, entity, i) && !cpi_entity_has_mark(entity, i) &&
            !is_watched(stage, entity, i))
            continue;
        for (size_t o = 0; o < ind->n_over; o++)
            if (cpi_calendar_is_step(&stage->calendar,
                                     cpi_window_step(&model->window[ind->over[o]]), step))
                fire_figure(stage, entity, i, ind->over[o], step, box);
    }
    cpi_window_thin(stage, e, step, box);
    struct cpi_seat *seat = &stage->entities.at[e];
    if (!seat->key)
        return;
    int64_t was_due = seat->due;
    seat->due = cpi_window_due(stage, entity, step);
    entity->head_dirty |= seat->due != was_due;
    entity->idle = cpi_entity_is_idle(seat->due, step);
    cpi_entities_touch(&stage->entities, e);
}

/* ---- when it is due again ---- */

static void sooner(int64_t *due, int64_t at)
{
    if (at < *due)
        *due = at;
}

/* The first boundary at which what is in the window now has begun to leave it. */
static int64_t leaving(struct cpi_window_stage *stage, const struct cpi_entity *entity,
                       uint16_t indicator, const struct cpi_window *window, int64_t step)
{
    struct cpi_step every = cpi_window_step(window);
    int64_t b = cpi_calendar_floor(&stage->calendar, every, step);
    int64_t start = cpi_calendar_start(&stage->calendar, window, b);
    const struct cpi_series *series = cpi_panes_series(&entity->panes, indicator, CPI_PANE_WINDOW);
    int64_t first = series ? cpi_series_first(series, start) : CPI_TIME_END;
    if (first == CPI_TIME_END)
        return CPI_TIME_END;
    int64_t end =
        window->length_days
            ? cpi_zone_add_days(&stage->model->zone, cpi_zone_midnight(&stage->model->zone, first),
                                window->length_days)
            : first + window->length_ms;
    return cpi_calendar_next(&stage->calendar, every, end);
}

static int64_t due_of(struct cpi_window_stage *stage, const struct cpi_entity *entity,
                      uint16_t indicator, uint16_t window, int64_t step)
{
    const struct cpi_indicator *ind = &stage->model->indicator[indicator];
    const struct cpi_window *win = &stage->model->window[window];
    struct cpi_step every = cpi_window_step(win);
    int64_t next = cpi_calendar_next(&stage->calendar, every, step);
    if (stage->every_boundary ||
        entity->changed > cpi_calendar_floor(&stage->calendar, every, step))
        return next;
    if (is_watched(stage, entity, indicator))
        return next;
    for (size_t a = 0; a < stage->model->n_alerts; a++)
        if (stage->model->alert[a].indicator == indicator && stage->model->alert[a].no_data_ms)
            return next;
    if (ind->kind == CPI_OPEN) {
        const struct cpi_mark *mark = cpi_entity_find_mark(entity, indicator, window);
        return !mark || !mark->said || mark->counts ? next : CPI_TIME_END;
    }
    if (ind->kind != CPI_DERIVED)
        return leaving(stage, entity, indicator, win, step);
    int64_t left = leaving(stage, entity, ind->left, win, step);
    int64_t right = leaving(stage, entity, ind->right, win, step);
    return left < right ? left : right;
}

int64_t cpi_window_due(struct cpi_window_stage *stage, struct cpi_entity *entity, int64_t step)
{
    const struct cpi_model *model = stage->model;
    /* folding up goes on once a day at least, until the entity has nothing left and goes */
    int64_t due = cpi_calendar_next(&stage->calendar, (struct cpi_step){ 0, 1 }, step);
    for (uint16_t i = 0; i < model->n_indicators; i++) {
        if (!is_present(stage, entity, i) && !is_watched(stage, entity, i))
            continue;
        for (size_t o = 0; o < model->indicator[i].n_over; o++)
            sooner(&due, due_of(stage, entity, i, model->indicator[i].over[o], step));
    }
    return due;
}
