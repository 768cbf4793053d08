/* The window stage's state as rows: what waits in the inbox, and the stage's part of the head row.
 * Entities and panes write their own (entity_rows.c). */
#include <stdlib.h>

#include "cpi/alloc.h"
#include "engine/put.h"
#include "engine/window_stage.h"

static void waiting_key(struct cpi_buf *key, const struct cpi_window_stage *stage, int64_t step,
                        const struct cpi_waiting *waiting)
{
    const struct cpi_seat *entity = &stage->entities.at[waiting->entity];
    cpi_buf_reset(key);
    cpi_buf_add_byte(key, 'b');
    cpi_buf_put_int(key, step);
    cpi_buf_put_text(key, (struct cpi_text){ entity->key, entity->key_len });
}

void cpi_window_inbox_gone(struct cpi_window_stage *stage, int64_t step,
                           const struct cpi_waiting *waiting)
{
    if (!waiting->written)
        return;
    stage->gone_row =
        cpi_grow(stage->gone_row, stage->n_gone, &stage->cap_gone, sizeof *stage->gone_row);
    cpi_buf_init(&stage->gone_row[stage->n_gone]);
    waiting_key(&stage->gone_row[stage->n_gone++], stage, step, waiting);
}

static void encode_waiting(const struct cpi_waiting *waiting, const struct cpi_model *model,
                           int64_t step, struct cpi_buf *value)
{
    cpi_buf_reset(value);
    cpi_buf_put_uint(value, waiting->n_cells);
    cpi_buf_put_text(value, waiting->path);
    for (uint32_t c = 0; c < waiting->n_cells; c++)
        cpi_cell_encode(&waiting->cell[c], step, model, value);
}

static void settle_inbox(struct cpi_window_stage *stage, struct cpi_outbox *box)
{
    struct cpi_buf key, value;
    cpi_buf_init(&key);
    cpi_buf_init(&value);
    for (size_t s = 0; s < stage->inbox.count; s++) {
        struct cpi_inbox_step *step = &stage->inbox.step[s];
        for (size_t i = 0; step->dirty && i < step->count; i++) {
            if (!step->at[i].dirty)
                continue;
            step->at[i].dirty = false;
            step->at[i].written = true;
            waiting_key(&key, stage, step->step, &step->at[i]);
            encode_waiting(&step->at[i], stage->model, step->step, &value);
            cpi_outbox_put_row(box, stage->task, cpi_buf_text(&key), cpi_buf_text(&value));
        }
        step->dirty = false;
    }
    cpi_buf_fini(&key);
    cpi_buf_fini(&value);
}

void cpi_window_stage_settle(struct cpi_window_stage *stage, struct cpi_outbox *box)
{
    for (size_t g = 0; g < stage->n_gone; g++) {
        if (cpi_outbox_wants_rows(box))
            cpi_outbox_put_row(box, stage->task, cpi_buf_text(&stage->gone_row[g]), CPI_ABSENT);
        cpi_buf_fini(&stage->gone_row[g]);
    }
    stage->n_gone = 0;
    if (cpi_outbox_wants_rows(box))
        settle_inbox(stage, box);
    cpi_entities_settle(&stage->entities, stage->task, box);
}

static bool restore_waiting(struct cpi_window_stage *stage, struct cpi_text key,
                            struct cpi_text value)
{
    struct cpi_reader k = cpi_reader_of(key.at + 1, key.len - 1);
    int64_t step = cpi_read_int(&k);
    struct cpi_text name = cpi_read_text(&k);
    if (k.bad || cpi_reader_left(&k) || !cpi_time_fits(step) || !cpi_entity_is_key(name))
        return false;
    uint32_t entity = cpi_entities_ensure(&stage->entities, name);
    struct cpi_waiting *waiting = cpi_inbox_ensure(&stage->inbox, step, entity);
    cpi_waiting_clear(waiting); /* of several rows with one key the last one counts */
    waiting->dirty = false;
    waiting->written = value.at != NULL;
    if (!value.at)
        return true;
    struct cpi_reader r = cpi_reader_of(value.at, value.len);
    uint64_t cells = cpi_read_uint(&r);
    cpi_waiting_set_path(waiting, cpi_read_text(&r));
    return cpi_window_take_cells(stage, waiting, step, cells, &r);
}

bool cpi_window_stage_restore(struct cpi_window_stage *stage, struct cpi_text key,
                              struct cpi_text value)
{
    return key.at[0] == 'b' ? restore_waiting(stage, key, value)
                            : cpi_entities_restore(&stage->entities, key, value);
}

/* What a tombstone emptied does not wait; steps at which nothing does are no steps. */
static void compact_inbox(struct cpi_window_stage *stage)
{
    struct cpi_inbox compact;
    cpi_inbox_init(&compact);
    for (size_t s = 0; s < stage->inbox.count; s++) {
        struct cpi_inbox_step *step = &stage->inbox.step[s];
        for (size_t i = 0; i < step->count; i++) {
            if (!step->at[i].written)
                continue;
            struct cpi_waiting *kept = cpi_inbox_ensure(&compact, step->step, step->at[i].entity);
            *kept = step->at[i]; /* moved */
            kept->counted = true;
            stage->entities.at[kept->entity].waiting++;
            step->at[i] = (struct cpi_waiting){ 0 };
        }
    }
    for (size_t s = 0; s < compact.count; s++)
        compact.step[s].dirty = false;
    cpi_inbox_fini(&stage->inbox);
    stage->inbox = compact;
}

void cpi_window_stage_restored(struct cpi_window_stage *stage)
{
    compact_inbox(stage);
    cpi_entities_restored(&stage->entities, stage->cursor);
    stage->min_due = CPI_TIME_END;
    for (size_t e = 0; e < stage->entities.count; e++)
        if (stage->entities.at[e].due < stage->min_due)
            stage->min_due = stage->entities.at[e].due;
}

void cpi_window_stage_encode_head(const struct cpi_window_stage *stage, struct cpi_buf *buf)
{
    cpi_slots_encode(&stage->slots, buf);
    cpi_buf_put_uint(buf, stage->n_effects);
    for (size_t e = 0; e < stage->n_effects; e++) {
        cpi_buf_put_int(buf, stage->effect[e].clock);
        cpi_buf_put_uint(buf, stage->effect[e].n_slots);
        for (size_t i = 0; i < stage->effect[e].n_slots; i++)
            cpi_slot_encode(&stage->effect[e].slot[i], buf);
    }
    cpi_buf_add_byte(buf, stage->at_work);
    cpi_buf_put_int(buf, stage->told_step);
    cpi_buf_put_int(buf, stage->w);
    cpi_buf_put_int(buf, stage->first_w);
    cpi_buf_put_int(buf, stage->cursor);
    cpi_buf_put_int(buf, stage->step);
    cpi_buf_put_text(buf, cpi_buf_text(&stage->fired));
    cpi_buf_put_int(buf, stage->clock);
    cpi_buf_put_int(buf, stage->next_refresh);
}

static bool decode_effect(struct cpi_window_stage *stage, struct cpi_reader *r)
{
    int64_t clock = cpi_read_int(r);
    uint64_t n = cpi_read_uint(r);
    if (r->bad || n > cpi_reader_left(r) || !cpi_time_fits_or(clock, CPI_TIME_NONE))
        return false;
    struct cpi_slot *slot = cpi_xcalloc(n, sizeof *slot);
    for (uint64_t i = 0; i < n; i++) {
        cpi_slot_decode(&slot[i], r);
        r->bad |= slot[i].w == CPI_TIME_END;
    }
    if (!r->bad)
        cpi_window_stage_queue(stage, slot, n, clock);
    free(slot);
    return !r->bad;
}

static bool is_head_sound(const struct cpi_window_stage *stage)
{
    bool begun = stage->w != CPI_TIME_NONE;
    return cpi_time_fits_or(stage->w, CPI_TIME_NONE) &&
           cpi_time_fits_or(stage->told_step, CPI_TIME_NONE) &&
           (cpi_time_fits_or(stage->first_w, CPI_TIME_NONE) || stage->first_w == CPI_TIME_END) &&
           begun == (stage->first_w != CPI_TIME_NONE) &&
           cpi_time_fits_or(stage->cursor, CPI_TIME_NONE) &&
           (begun || stage->cursor == CPI_TIME_NONE) &&
           cpi_time_fits_or(stage->step, CPI_TIME_NONE) &&
           (stage->step == CPI_TIME_NONE || stage->cursor != CPI_TIME_NONE) &&
           cpi_time_fits_or(stage->clock, CPI_TIME_NONE) &&
           cpi_time_fits_or(stage->next_refresh, CPI_TIME_NONE) &&
           (!stage->at_work || stage->n_effects > 0);
}

bool cpi_window_stage_decode_head(struct cpi_window_stage *stage, struct cpi_reader *r)
{
    for (size_t e = 0; e < stage->n_effects; e++)
        free(stage->effect[e].slot);
    stage->n_effects = 0;
    if (!cpi_slots_decode(&stage->slots, r))
        return false;
    for (size_t i = 0; i < stage->slots.count; i++)
        cpi_slots_update(&stage->told, &stage->slots.at[i]);
    uint64_t effects = cpi_read_uint(r);
    for (uint64_t e = 0; e < effects && !r->bad; e++)
        if (!decode_effect(stage, r))
            return false;
    stage->at_work = cpi_read_byte(r) != 0;
    stage->told_step = cpi_read_int(r);
    stage->w = cpi_read_int(r);
    stage->first_w = cpi_read_int(r);
    stage->cursor = cpi_read_int(r);
    stage->step = cpi_read_int(r);
    struct cpi_text fired = cpi_read_text(r);
    stage->clock = cpi_read_int(r);
    stage->next_refresh = cpi_read_int(r);
    cpi_buf_reset(&stage->fired);
    cpi_buf_add_text(&stage->fired, fired);
    return !r->bad && is_head_sound(stage);
}
