/* Rules at boundaries, transitions, and the refresh on the frames' clock (A1 - A5). */
#include <string.h>

#include "engine/window_stage.h"

/* Is some part of the id, or of the tuple of ids, nobody? */
static bool is_unassigned(struct cpi_text id)
{
    while (id.len) {
        const char *plus = memchr(id.at, '+', id.len);
        uint32_t len = plus ? (uint32_t)(plus - id.at) : id.len;
        if (cpi_text_equal(cpi_text_part(id, 0, len), CPI_TEXT("unassigned")))
            return true;
        id = cpi_text_part(id, plus ? len + 1 : len, id.len);
    }
    return false;
}

bool cpi_window_rule_is_about(const struct cpi_model *model, const struct cpi_alert *rule,
                              struct cpi_text key)
{
    struct cpi_text kind =
        rule->dim != CPI_NO_INDEX ? model->dim[rule->dim].name : rule->entity_kind;
    if (key.len <= kind.len || key.at[kind.len] != ':' || !cpi_text_starts(key, kind))
        return false;
    struct cpi_text id = cpi_text_part(key, kind.len + 1, key.len);
    if (cpi_text_is(rule->entity_id))
        return cpi_text_equal(id, rule->entity_id);
    return !is_unassigned(id); /* skipped unless `on` names them (O6) */
}

/* Nothing with time in [b - D, b) is known; first judged a D after the beginning (A4). */
static struct cpi_alert_input judge_silence(struct cpi_window_stage *stage,
                                            struct cpi_entity *entity, const struct cpi_alert *rule,
                                            int64_t b)
{
    struct cpi_alert_input input = { .enough = b - rule->no_data_ms >= stage->first_w };
    cpi_reading_read(&stage->other.reading, stage->model, &entity->panes, rule->indicator,
                     b - rule->no_data_ms, b);
    /* of a dimension only who still has panes is missed; who has left is not called for ever */
    bool missed = cpi_text_is(rule->entity_id) || cpi_panes_has(&entity->panes, rule->indicator);
    input.breached = input.enough && missed && stage->other.reading.n <= 0;
    input.cleared = !input.breached;
    return input;
}

static void send(struct cpi_window_stage *stage, const struct cpi_entity *entity,
                 const struct cpi_rule_state *rule, bool firing, bool no_data, int64_t ends_at,
                 int64_t at, const struct cpi_figure *figure, struct cpi_outbox *box)
{
    struct cpi_alert_out out = { &stage->model->alert[rule->rule],
                                 cpi_entity_name_of(entity),
                                 firing,
                                 no_data,
                                 firing ? rule->state.since : rule->state.began,
                                 ends_at,
                                 at,
                                 figure };
    cpi_emit_alert(box, stage->model, &out);
}

struct cpi_alert_input cpi_window_judge(struct cpi_window_stage *stage, struct cpi_entity *entity,
                                        const struct cpi_alert *rule,
                                        const struct cpi_figure *figure)
{
    const struct cpi_model *model = stage->model;
    if (rule->no_data_ms)
        return judge_silence(stage, entity, rule, figure->end);
    struct cpi_reading sample = figure->reading; /* of derived ones: n is the smaller side's */
    sample.n = figure->n;
    return cpi_alert_judge(rule, &model->indicator[rule->indicator], &sample,
                           cpi_figure_value(figure, model, rule->when.show),
                           cpi_figure_value(figure, model, rule->clear.show), figure->end);
}

static void step_rule(struct cpi_window_stage *stage, struct cpi_entity *entity, uint16_t number,
                      const struct cpi_figure *figure, struct cpi_outbox *box)
{
    const struct cpi_model *model = stage->model;
    const struct cpi_alert *rule = &model->alert[number];
    struct cpi_rule_state *state = cpi_entity_rule(entity, number);
    struct cpi_alert_state old = state->state;
    struct cpi_alert_input input = cpi_window_judge(stage, entity, rule, figure);
    int64_t b = figure->end;
    enum cpi_alert_move move =
        cpi_alert_step(rule, model->window[rule->window].length_ms, &state->state, input, b);
    if (stage->replay) /* transitions alone: nobody is told twice (T5) */
        state->state.resends = 0;
    if (move == CPI_ALERT_FIRES)
        send(stage, entity, state, true, false, b + model->longest_wait_ms + 4 * model->refresh_ms,
             b, figure, box);
    else if (move != CPI_ALERT_STAYS)
        send(stage, entity, state, false, move == CPI_ALERT_RESOLVES_NO_DATA, b, b, figure, box);
    stage->counts->transitions += move != CPI_ALERT_STAYS;
    entity->head_dirty |= !cpi_alert_equal(&old, &state->state);
}

/* Silence on a dimension is about entities that have been heard of (A4). */
static bool is_heard(const struct cpi_entity *entity, uint16_t number, const struct cpi_alert *rule)
{
    if (!rule->no_data_ms || cpi_text_is(rule->entity_id) ||
        cpi_panes_has(&entity->panes, rule->indicator))
        return true;
    for (size_t r = 0; r < entity->n_rules; r++)
        if (entity->rule[r].rule == number)
            return !cpi_alert_is_idle(&entity->rule[r].state);
    return false;
}

void cpi_window_alerts(struct cpi_window_stage *stage, struct cpi_entity *entity,
                       const struct cpi_figure *figure, struct cpi_outbox *box)
{
    for (uint16_t a = 0; a < stage->model->n_alerts; a++) {
        const struct cpi_alert *rule = &stage->model->alert[a];
        if (rule->indicator == figure->indicator && rule->window == figure->window &&
            cpi_window_rule_is_about(stage->model, rule,
                                     (struct cpi_text){ entity->key, entity->key_len }) &&
            is_heard(entity, a, rule))
            step_rule(stage, entity, a, figure, box);
    }
}

static void refresh_rule(struct cpi_window_stage *stage, uint32_t e, struct cpi_rule_state *state,
                         struct cpi_outbox *box)
{
    struct cpi_entity *entity = cpi_entities_get(&stage->entities, e);
    const struct cpi_alert *rule = &stage->model->alert[state->rule];
    bool firing = state->state.phase == CPI_ALERT_FIRING;
    if (!firing && !state->state.resends)
        return;
    int64_t b = cpi_calendar_floor(
        &stage->calendar, cpi_window_step(&stage->model->window[rule->window]), stage->cursor);
    cpi_figure_read(&stage->figure, stage->model, &stage->calendar, &entity->panes, rule->indicator,
                    rule->window, b);
    stage->counts->refreshes++;
    if (firing) {
        send(stage, entity, state, true, false, stage->clock + 4 * stage->model->refresh_ms,
             stage->clock, &stage->figure, box);
        return;
    }
    send(stage, entity, state, false, false, state->state.ended, stage->clock, &stage->figure, box);
    state->state.resends--;
    entity->head_dirty = true;
    cpi_entities_touch(&stage->entities, e);
}

void cpi_window_refresh(struct cpi_window_stage *stage, struct cpi_outbox *box)
{
    if (stage->clock == CPI_TIME_NONE || stage->cursor == CPI_TIME_NONE)
        return;
    if (stage->next_refresh == CPI_TIME_NONE)
        stage->next_refresh = stage->clock + stage->model->refresh_ms;
    if (stage->clock < stage->next_refresh)
        return;
    stage->next_refresh = stage->clock + stage->model->refresh_ms;
    if (stage->w <= stage->clock - CPI_HOUR - stage->model->longest_wait_ms)
        return; /* catching up: transitions alone, and they arrive already ended */
    const uint32_t *order = cpi_entities_order(&stage->entities);
    for (size_t i = 0; i < stage->entities.n_order; i++) {
        const struct cpi_seat *seat = &stage->entities.at[order[i]];
        for (size_t r = 0; !seat->asleep && r < seat->awake->n_rules; r++)
            refresh_rule(stage, order[i], &seat->awake->rule[r], box);
    }
}
