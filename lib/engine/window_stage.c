#include "engine/window_stage.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "engine/journeys.h"
#include "engine/put.h"

/* Entities that a no-data rule names are watched even if nothing ever came (A4). */
static void watch_named(struct cpi_window_stage *stage)
{
    struct cpi_buf key;
    cpi_buf_init(&key);
    for (size_t a = 0; a < stage->model->n_alerts; a++) {
        const struct cpi_alert *rule = &stage->model->alert[a];
        if (!rule->no_data_ms || !cpi_text_is(rule->entity_id))
            continue;
        cpi_buf_reset(&key);
        cpi_buf_add_text(&key, rule->entity_kind);
        cpi_buf_add_byte(&key, ':');
        cpi_buf_add_text(&key, rule->entity_id);
        struct cpi_text text = cpi_buf_text(&key);
        if (cpi_hash_partition(cpi_hash_text(text), stage->tasks) != stage->task)
            continue;
        uint32_t e = cpi_entities_ensure(&stage->entities, text);
        stage->entities.at[e].due = CPI_TIME_MIN; /* at the first boundary of all */
    }
    cpi_buf_fini(&key);
}

void cpi_window_stage_init(struct cpi_window_stage *stage, const struct cpi_model *model,
                           uint32_t task, uint32_t tasks, struct cpi_task_counts *counts)
{
    *stage = (struct cpi_window_stage){ .model = model,
                                        .task = task,
                                        .tasks = tasks,
                                        .sender = cpi_last_stage(model),
                                        .counts = counts,
                                        .w = CPI_TIME_NONE,
                                        .first_w = CPI_TIME_NONE,
                                        .cursor = CPI_TIME_NONE,
                                        .step = CPI_TIME_NONE,
                                        .min_due = CPI_TIME_END,
                                        .clock = CPI_TIME_NONE,
                                        .next_refresh = CPI_TIME_NONE,
                                        .told_step = CPI_TIME_NONE };
    stage->ladder = cpi_xcalloc(model->n_indicators, sizeof *stage->ladder);
    for (size_t i = 0; i < model->n_indicators; i++)
        stage->ladder[i] = cpi_ladder_of(model, &model->indicator[i]);
    cpi_calendar_init(&stage->calendar, &model->zone);
    cpi_entities_init(&stage->entities, model);
    cpi_inbox_init(&stage->inbox);
    cpi_slots_init(&stage->slots);
    cpi_slots_init(&stage->told);
    cpi_buf_init(&stage->fired);
    cpi_figure_init(&stage->figure);
    cpi_figure_init(&stage->other);
    watch_named(stage);
}

void cpi_window_stage_fini(struct cpi_window_stage *stage)
{
    for (size_t e = 0; e < stage->n_effects; e++)
        free(stage->effect[e].slot);
    for (size_t g = 0; g < stage->n_gone; g++)
        cpi_buf_fini(&stage->gone_row[g]);
    free(stage->effect);
    free(stage->gone_row);
    free(stage->ladder);
    cpi_entities_fini(&stage->entities);
    cpi_inbox_fini(&stage->inbox);
    cpi_slots_fini(&stage->slots);
    cpi_slots_fini(&stage->told);
    cpi_buf_fini(&stage->fired);
    cpi_figure_fini(&stage->figure);
    cpi_figure_fini(&stage->other);
}

bool cpi_window_take_cells(const struct cpi_window_stage *stage, struct cpi_waiting *waiting,
                           int64_t from, uint64_t count, struct cpi_reader *r)
{
    bool fine = true;
    for (uint64_t c = 0; c < count && fine; c++) {
        struct cpi_cell cell;
        fine = cpi_cell_decode(&cell, from, stage->model, r) && cpi_time_fits(cell.start);
        if (fine && cell.indicator != CPI_NO_INDEX && stage->ladder[cell.indicator].count)
            cpi_waiting_merge(waiting, stage->model, &cell);
        cpi_agg_fini(&cell.agg);
    }
    return fine && !r->bad && !cpi_reader_left(r);
}

bool cpi_window_stage_take(struct cpi_window_stage *stage, const struct cpi_item *item)
{
    struct cpi_reader r = cpi_reader_of(item->body.at, item->body.len);
    int64_t step = cpi_read_int(&r), told = step;
    uint64_t cells = cpi_read_uint(&r);
    struct cpi_text path = cpi_read_text(&r);
    if (!cpi_time_fits(step) || !cpi_entity_is_key(item->key))
        return false;
    if (stage->told_step != CPI_TIME_NONE && step < stage->told_step) {
        step = stage->told_step; /* its source appeared later (K3) */
        stage->counts->clamped++;
    }
    uint32_t entity = cpi_entities_ensure(&stage->entities, item->key);
    struct cpi_waiting *waiting = cpi_inbox_ensure(&stage->inbox, step, entity);
    stage->entities.at[entity].waiting += !waiting->counted;
    waiting->counted = true;
    cpi_waiting_set_path(waiting, path);
    return cpi_window_take_cells(stage, waiting, told, cells, &r);
}

void cpi_window_stage_queue(struct cpi_window_stage *stage, const struct cpi_slot *slot,
                            size_t count, int64_t clock)
{
    struct cpi_slot *copy = cpi_xmalloc(count * sizeof *copy);
    if (count)
        memcpy(copy, slot, count * sizeof *copy);
    stage->effect =
        cpi_grow(stage->effect, stage->n_effects, &stage->cap_effects, sizeof *stage->effect);
    stage->effect[stage->n_effects++] = (struct cpi_effect){ clock, copy, count };
    for (size_t i = 0; i < count; i++)
        cpi_slots_update(&stage->told, &slot[i]);
    int64_t w =
        count ? cpi_slots_min_tasks(&stage->told, stage->sender, stage->tasks) : CPI_TIME_NONE;
    if (w != CPI_TIME_NONE)
        stage->told_step = w == CPI_TIME_END ? w
                                             : cpi_calendar_floor(&stage->calendar,
                                                                  cpi_finest_step(stage->model), w);
}

static void begin_effect(struct cpi_window_stage *stage)
{
    const struct cpi_effect *effect = &stage->effect[0];
    for (size_t i = 0; i < effect->n_slots; i++)
        cpi_slots_update(&stage->slots, &effect->slot[i]);
    if (effect->n_slots) {
        int64_t w = cpi_slots_min_tasks(&stage->slots, stage->sender, stage->tasks);
        if (w != CPI_TIME_NONE && (stage->w == CPI_TIME_NONE || w > stage->w))
            stage->w = w;
    }
    int64_t first = cpi_slots_first(&stage->slots);
    if (stage->w != CPI_TIME_NONE && stage->first_w == CPI_TIME_NONE)
        stage->first_w = first < stage->w ? first : stage->w;
    if (effect->clock != CPI_TIME_NONE && effect->clock > stage->clock)
        stage->clock = effect->clock;
    stage->at_work = true;
}

static void end_effect(struct cpi_window_stage *stage, struct cpi_outbox *box)
{
    if (!stage->replay)
        cpi_window_refresh(stage, box);
    free(stage->effect[0].slot);
    stage->n_effects--;
    memmove(stage->effect, stage->effect + 1, stage->n_effects * sizeof *stage->effect);
    stage->at_work = false;
}

static int64_t ceil_step(struct cpi_window_stage *stage, int64_t t)
{
    struct cpi_step finest = cpi_finest_step(stage->model);
    int64_t floor = cpi_calendar_floor(&stage->calendar, finest, t);
    return floor == t ? t : cpi_calendar_next(&stage->calendar, finest, t);
}

/* The next step at which something can happen, CPI_TIME_NONE if there is none up to the watermark.
 */
static int64_t next_step(struct cpi_window_stage *stage)
{
    struct cpi_step finest = cpi_finest_step(stage->model);
    if (stage->w == CPI_TIME_NONE)
        return CPI_TIME_NONE;
    int64_t last = stage->w == CPI_TIME_END ? CPI_TIME_MAX : stage->w;
    last = cpi_calendar_floor(&stage->calendar, finest, last);
    int64_t first = cpi_inbox_first(&stage->inbox);
    if (stage->cursor == CPI_TIME_NONE) {
        stage->cursor = first < last ? first : last;
        int64_t begin = stage->first_w == CPI_TIME_END /* nothing ever came */
                            ? last
                            : cpi_calendar_floor(&stage->calendar, finest, stage->first_w);
        if (begin < stage->cursor)
            stage->cursor = begin;
        stage->min_due = stage->cursor; /* entities that are watched from the beginning */
    }
    if (stage->cursor >= last)
        return CPI_TIME_NONE;
    int64_t wanted =
        first == CPI_TIME_END ? CPI_TIME_END : cpi_calendar_next(&stage->calendar, finest, first);
    if (stage->min_due < wanted)
        wanted = stage->min_due;
    int64_t next = cpi_calendar_next(&stage->calendar, finest, stage->cursor);
    if (wanted > next)
        next = wanted > last ? CPI_TIME_END : ceil_step(stage, wanted);
    if (next > last) {
        stage->cursor = last;
        return CPI_TIME_NONE;
    }
    return next;
}

/* Index in the order of the first entity behind the one that fired last. */
static size_t resume_at(struct cpi_window_stage *stage)
{
    const uint32_t *order = cpi_entities_order(&stage->entities);
    size_t low = 0, high = stage->entities.n_order;
    if (!stage->fired.len)
        return 0;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct cpi_seat *entity = &stage->entities.at[order[mid]];
        if (cpi_text_order((struct cpi_text){ entity->key, entity->key_len },
                           cpi_buf_text(&stage->fired)) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* False if the budget ran out before all entities had fired at the step. */
static bool fire_all(struct cpi_window_stage *stage, uint64_t *budget, struct cpi_outbox *box)
{
    const uint32_t *order = cpi_entities_order(&stage->entities);
    for (size_t i = resume_at(stage); i < stage->entities.n_order; i++) {
        uint32_t e = order[i];
        if (stage->entities.at[e].due > stage->step)
            continue;
        if (!*budget)
            return false;
        --*budget;
        cpi_buf_reset(&stage->fired);
        cpi_buf_add(&stage->fired, stage->entities.at[e].key, stage->entities.at[e].key_len);
        cpi_window_fire(stage, e, stage->step, box);
    }
    stage->min_due = CPI_TIME_END;
    for (size_t i = 0; i < stage->entities.count; i++)
        if (stage->entities.at[i].due < stage->min_due)
            stage->min_due = stage->entities.at[i].due;
    return true;
}

bool cpi_window_stage_advance(struct cpi_window_stage *stage, uint64_t budget,
                              struct cpi_outbox *box)
{
    while (stage->n_effects) {
        if (!stage->at_work)
            begin_effect(stage);
        if (stage->step == CPI_TIME_NONE) {
            int64_t next = next_step(stage);
            if (next == CPI_TIME_NONE) {
                end_effect(stage, box);
                continue;
            }
            stage->step = next;
            cpi_buf_reset(&stage->fired);
            cpi_window_merge(stage, next, box);
        }
        if (!fire_all(stage, &budget, box))
            return false;
        stage->cursor = stage->step;
        stage->step = CPI_TIME_NONE;
    }
    return true;
}
