/* Entities as rows of the changelog: 'e' (head of an entity) and 'p' (panes that begin together).
 */
#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "engine/combine.h"
#include "engine/entities.h"
#include "engine/put.h"

#define ROWS_KEPT 1024 /* room for so many stays */

/* Panes of one start share a row, since an event mostly changes several; those with samples, which
 * are large, have one each. */
static uint32_t group_of(const struct cpi_model *model, uint16_t indicator)
{
    const struct cpi_indicator *ind = &model->indicator[indicator];
    return ind->samples || ind->kind == CPI_OPEN ? ind->hash : 0;
}

static void change(struct cpi_entities *entities, uint32_t e, uint32_t group, int64_t start)
{
    const struct cpi_seat *seat = &entities->at[e];
    const struct cpi_pane_row *last =
        entities->n_rows ? &entities->row[entities->n_rows - 1] : NULL;
    if (last && last->key == seat->key && last->group == group && last->start == start)
        return;
    entities->row =
        cpi_grow(entities->row, entities->n_rows, &entities->cap_rows, sizeof *entities->row);
    entities->row[entities->n_rows++] =
        (struct cpi_pane_row){ seat->key, seat->key_len, e, group, start };
}

struct cpi_pane *cpi_entities_pane(struct cpi_entities *entities, uint32_t e, uint16_t indicator,
                                   uint8_t kind, int64_t start, uint8_t rung)
{
    change(entities, e, group_of(entities->model, indicator), start);
    return cpi_panes_ensure(&cpi_entities_get(entities, e)->panes, indicator, kind, start, rung);
}

void cpi_entities_drop_pane(struct cpi_entities *entities, uint32_t e, struct cpi_series *series,
                            uint32_t pane)
{
    change(entities, e, group_of(entities->model, series->indicator), series->at[pane].start);
    cpi_series_remove(series, pane);
}

static void head_key(struct cpi_buf *key, struct cpi_text entity)
{
    cpi_buf_reset(key);
    cpi_buf_add_byte(key, 'e');
    cpi_buf_add_text(key, entity);
}

static void encode_head(const struct cpi_entity *entity, int64_t due, const struct cpi_model *model,
                        struct cpi_buf *value)
{
    cpi_buf_reset(value);
    cpi_buf_put_text(value, entity->path);
    cpi_buf_put_int(value, due);
    cpi_buf_put_int(value, entity->changed);
    cpi_buf_put_int(value, entity->thinned);
    cpi_buf_put_uint(value, entity->n_marks);
    for (size_t m = 0; m < entity->n_marks; m++) {
        const struct cpi_mark *mark = &entity->mark[m];
        cpi_buf_put_uint(value, model->indicator[mark->indicator].hash);
        cpi_buf_put_text(value, model->window[mark->window].name);
        cpi_buf_put_int(value, model->window[mark->window].every_ms);
        cpi_buf_add_byte(value, mark->said);
        cpi_buf_put_u64(value, mark->hash);
        cpi_buf_put_int(value, mark->counts);
        size_t i = cpi_entity_seek_revised(entity, mark->indicator, mark->window, INT64_MIN);
        size_t end = cpi_entity_seek_revised(entity, mark->indicator, mark->window, CPI_TIME_END);
        cpi_buf_put_uint(value, end - i);
        for (; i < end; i++) {
            cpi_buf_put_int(value, entity->revised[i].end);
            cpi_buf_put_uint(value, entity->revised[i].revision);
        }
    }
    cpi_buf_put_uint(value, entity->n_rules);
    for (size_t r = 0; r < entity->n_rules; r++) {
        cpi_buf_put_text(value, model->alert[entity->rule[r].rule].name);
        cpi_alert_encode(&entity->rule[r].state, value);
    }
}

static int order_rows(const void *a, const void *b)
{
    const struct cpi_pane_row *l = a, *r = b;
    if (l->entity != r->entity)
        return l->entity < r->entity ? -1 : 1;
    if (l->start != r->start)
        return l->start < r->start ? -1 : 1;
    return (l->group > r->group) - (l->group < r->group);
}

static bool is_same_row(const struct cpi_pane_row *a, const struct cpi_pane_row *b)
{
    return a->key == b->key && a->start == b->start && a->group == b->group;
}

static void row_key(struct cpi_buf *key, const struct cpi_pane_row *row)
{
    cpi_buf_reset(key);
    cpi_buf_add_byte(key, 'p');
    cpi_buf_put_text(key, (struct cpi_text){ row->key, row->key_len });
    cpi_buf_put_uint(key, row->group);
    cpi_buf_put_int(key, row->start);
}

/* The panes of the row, each as its rung and a cell. Returns how many there are. */
static uint32_t encode_panes(struct cpi_entities *entities, const struct cpi_pane_row *row,
                             struct cpi_buf *buf)
{
    const struct cpi_model *model = entities->model;
    uint32_t e = row->entity, count = 0;
    if (entities->at[e].key != row->key) /* it went, and may have come back since */
        e = cpi_entities_find(entities, (struct cpi_text){ row->key, row->key_len });
    const struct cpi_panes *panes = e == CPI_NONE ? NULL : &cpi_entities_get(entities, e)->panes;
    for (uint32_t s = 0; panes && s < panes->count; s++) {
        const struct cpi_series *series = &panes->series[s];
        struct cpi_pane_cursor cursor;
        if (group_of(model, series->indicator) != row->group)
            continue;
        cpi_cursor_init(&cursor, series, row->start);
        const struct cpi_pane *pane = cpi_cursor_next(&cursor);
        if (pane && pane->start == row->start) {
            count++;
            cpi_buf_add_byte(buf, pane->rung);
            cpi_cell_encode(
                &(struct cpi_cell){ series->indicator, series->kind, pane->start, pane->agg },
                row->start, model, buf);
        }
        cpi_cursor_fini(&cursor);
    }
    return count;
}

static void settle_rows(struct cpi_entities *entities, uint32_t task, struct cpi_outbox *box)
{
    struct cpi_buf key, panes, value;
    cpi_buf_init(&key);
    cpi_buf_init(&panes);
    cpi_buf_init(&value);
    if (entities->n_rows > 1)
        qsort(entities->row, entities->n_rows, sizeof *entities->row, order_rows);
    for (size_t i = 0; i < entities->n_rows; i++) {
        const struct cpi_pane_row *row = &entities->row[i];
        if (i && is_same_row(row - 1, row))
            continue;
        row_key(&key, row);
        cpi_buf_reset(&panes);
        cpi_buf_reset(&value);
        uint32_t count = encode_panes(entities, row, &panes);
        cpi_buf_put_uint(&value, count);
        cpi_buf_add(&value, panes.at, panes.len);
        cpi_outbox_put_row(box, task, cpi_buf_text(&key),
                           count ? cpi_buf_text(&value) : CPI_ABSENT);
    }
    cpi_buf_fini(&key);
    cpi_buf_fini(&panes);
    cpi_buf_fini(&value);
}

static void settle_gone(struct cpi_entities *entities, uint32_t task, struct cpi_outbox *box)
{
    struct cpi_buf key;
    cpi_buf_init(&key);
    for (size_t g = 0; g < entities->n_gone; g++) {
        const struct cpi_gone_entity *gone = &entities->gone[g];
        if (!gone->has_row)
            continue;
        head_key(&key, (struct cpi_text){ gone->key, gone->key_len });
        cpi_outbox_put_row(box, task, cpi_buf_text(&key), CPI_ABSENT);
    }
    cpi_buf_fini(&key);
}

/* Most panes are written once: facts wait for the step that makes them known. An entity with
 * nothing to do sleeps. */
static void put_to_rest(struct cpi_seat *seat)
{
    struct cpi_entity *entity = seat->awake;
    for (uint32_t i = 0; i < entity->panes.count; i++)
        cpi_series_pack(&entity->panes.series[i], CPI_TIME_END);
    if (!entity->idle || seat->waiting || !cpi_entity_can_sleep(entity))
        return;
    seat->bytes = cpi_entity_sleep(entity);
    seat->asleep = true;
}

static void settle_entity(struct cpi_entities *entities, struct cpi_seat *seat, uint32_t task,
                          struct cpi_buf *key, struct cpi_buf *value, struct cpi_outbox *box)
{
    struct cpi_entity *entity = seat->awake;
    entity->touched = false;
    if (entity->head_dirty && cpi_outbox_wants_rows(box)) {
        head_key(key, (struct cpi_text){ seat->key, seat->key_len });
        encode_head(entity, seat->due, entities->model, value);
        cpi_outbox_put_row(box, task, cpi_buf_text(key), cpi_buf_text(value));
    }
    entity->head_dirty = false;
    put_to_rest(seat);
}

void cpi_entities_settle(struct cpi_entities *entities, uint32_t task, struct cpi_outbox *box)
{
    struct cpi_buf key, value;
    cpi_buf_init(&key);
    cpi_buf_init(&value);
    if (cpi_outbox_wants_rows(box)) {
        settle_gone(entities, task, box);
        settle_rows(entities, task, box);
    }
    for (size_t d = 0; d < entities->n_dirty; d++) {
        struct cpi_seat *seat = &entities->at[entities->dirty[d]];
        if (seat->key && !seat->asleep && seat->awake->touched)
            settle_entity(entities, seat, task, &key, &value, box);
    }
    for (size_t g = 0; g < entities->n_gone; g++)
        free(entities->gone[g].key);
    entities->n_dirty = entities->n_rows = entities->n_gone = 0;
    if (entities->cap_rows > ROWS_KEPT) { /* a boundary at which much was folded up */
        free(entities->row);
        entities->row = NULL;
        entities->cap_rows = 0;
    }
    cpi_buf_fini(&key);
    cpi_buf_fini(&value);
}

static uint16_t find_mark_window(const struct cpi_model *model, struct cpi_text name,
                                 int64_t every_ms)
{
    for (uint16_t w = 0; w < model->n_windows; w++) /* gauges' windows are all named "now" */
        if (cpi_text_equal(model->window[w].name, name) && model->window[w].every_ms == every_ms)
            return w;
    return CPI_NO_INDEX;
}

static void decode_mark(struct cpi_entity *entity, const struct cpi_model *model,
                        struct cpi_reader *r)
{
    uint16_t indicator = cpi_model_indicator_of_hash(model, (uint32_t)cpi_read_uint(r));
    struct cpi_text name = cpi_read_text(r);
    int64_t every_ms = cpi_read_int(r);
    uint16_t window = find_mark_window(model, name, every_ms);
    struct cpi_mark unknown = { 0 }, *mark = &unknown; /* of a definition that is gone: read past */
    bool is_known = indicator != CPI_NO_INDEX && window != CPI_NO_INDEX && !r->bad;
    if (is_known)
        mark = cpi_entity_mark(entity, indicator, window);
    mark->said = cpi_read_byte(r) != 0;
    mark->hash = cpi_read_u64(r);
    mark->counts = cpi_read_int(r) > 0;
    uint64_t n = cpi_read_uint(r);
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        int64_t end = cpi_read_int(r);
        uint32_t revision = (uint32_t)cpi_read_uint(r);
        r->bad |= !cpi_time_fits(end);
        if (is_known && !r->bad)
            cpi_entity_add_revised(entity, indicator, window, end)->revision = revision;
    }
}

static bool restore_head(struct cpi_entities *entities, struct cpi_text key, struct cpi_text value)
{
    const struct cpi_model *model = entities->model;
    uint32_t e = cpi_entities_ensure(entities, cpi_text_part(key, 1, key.len));
    struct cpi_entity *entity = cpi_entities_get(entities, e);
    struct cpi_reader r = cpi_reader_of(value.at, value.len);
    cpi_entity_clear_marks(entity);
    cpi_entity_set_path(entity, cpi_read_text(&r));
    entity->head_dirty = false;
    int64_t due = entities->at[e].due = cpi_read_int(&r);
    entity->changed = cpi_read_int(&r);
    entity->thinned = cpi_read_int(&r);
    uint64_t marks = cpi_read_uint(&r);
    for (uint64_t m = 0; m < marks && !r.bad; m++)
        decode_mark(entity, model, &r);
    uint64_t rules = cpi_read_uint(&r);
    for (uint64_t i = 0; i < rules && !r.bad; i++) {
        struct cpi_text name = cpi_read_text(&r);
        struct cpi_alert_state state;
        if (!cpi_alert_decode(&state, &r))
            return false;
        for (uint16_t a = 0; a < model->n_alerts; a++)
            if (cpi_text_equal(model->alert[a].name, name))
                cpi_entity_rule(entity, a)->state = state;
    }
    return !r.bad && !cpi_reader_left(&r) && cpi_time_fits_or(due, CPI_TIME_END) &&
           cpi_time_fits_or(entity->changed, CPI_TIME_NONE) &&
           cpi_time_fits_or(entity->thinned, CPI_TIME_NONE);
}

/* An entity that went: what its rows said before does not hold for one that came back. */
static void forget_head(struct cpi_entities *entities, uint32_t e)
{
    struct cpi_entity *entity = cpi_entities_get(entities, e);
    cpi_entity_clear_marks(entity);
    free((char *)entity->path.at);
    entity->path = CPI_ABSENT;
    entities->at[e].due = CPI_TIME_END;
    entity->changed = entity->thinned = CPI_TIME_NONE;
}

/* The panes of an earlier row of that place. */
static void forget_row(struct cpi_entities *entities, uint32_t e, uint32_t group, int64_t start)
{
    struct cpi_panes *panes = &cpi_entities_get(entities, e)->panes;
    for (uint32_t s = 0; s < panes->count; s++) {
        struct cpi_series *series = &panes->series[s];
        if (group_of(entities->model, series->indicator) != group)
            continue;
        cpi_series_unpack(series, start);
        uint32_t p = cpi_series_find(series, start);
        if (p < series->count && series->at[p].start == start)
            cpi_series_remove(series, p);
    }
}

#define RESTORED_PANES 64 /* of a series before they are packed */

static bool restore_pane(struct cpi_entities *entities, uint32_t e, uint32_t group, int64_t start,
                         struct cpi_reader *r)
{
    struct cpi_panes *panes = &cpi_entities_get(entities, e)->panes;
    struct cpi_cell cell;
    uint8_t rung = cpi_read_byte(r);
    bool fine = cpi_cell_decode(&cell, start, entities->model, r) && cell.start == start &&
                rung < CPI_LADDER_MAX;
    bool known = fine && cell.indicator != CPI_NO_INDEX;
    /* the definitions have changed since: all rows that say otherwise are written anew */
    if (fine && (!known || group_of(entities->model, cell.indicator) != group))
        change(entities, e, group, start);
    if (!known) {
        cpi_agg_fini(&cell.agg);
        return fine;
    }
    struct cpi_pane *pane = cpi_panes_ensure(panes, cell.indicator, cell.kind, start, rung);
    cpi_agg_fini(&pane->agg);
    pane->agg = cell.agg; /* moved */
    pane->rung = rung;
    if (group_of(entities->model, cell.indicator) != group)
        change(entities, e, group_of(entities->model, cell.indicator), start);
    struct cpi_series *series = cpi_panes_series(panes, cell.indicator, cell.kind);
    if (series->count >= RESTORED_PANES) /* what comes later in the log is nearly always later */
        cpi_series_pack(series, series->at[series->count / 2].start);
    return true;
}

static bool restore_row(struct cpi_entities *entities, struct cpi_text key, struct cpi_text value)
{
    struct cpi_reader k = cpi_reader_of(key.at + 1, key.len - 1);
    struct cpi_text name = cpi_read_text(&k);
    uint32_t group = (uint32_t)cpi_read_uint(&k);
    int64_t start = cpi_read_int(&k);
    if (k.bad || cpi_reader_left(&k) || !cpi_entity_is_key(name) ||
        !cpi_time_fits_or(start, CPI_PANE_BASE))
        return false;
    uint32_t e = cpi_entities_ensure(entities, name);
    forget_row(entities, e, group, start);
    struct cpi_reader r = cpi_reader_of(value.at, value.at ? value.len : 0);
    bool fine = true;
    uint64_t count = value.at ? cpi_read_uint(&r) : 0;
    for (uint64_t i = 0; i < count && fine; i++)
        fine = restore_pane(entities, e, group, start, &r) && !r.bad;
    return fine && !r.bad && !cpi_reader_left(&r);
}

bool cpi_entities_restore(struct cpi_entities *entities, struct cpi_text key, struct cpi_text value)
{
    if (key.at[0] == 'p')
        return restore_row(entities, key, value);
    if (!cpi_entity_is_key(cpi_text_part(key, 1, key.len)))
        return false;
    if (value.at)
        return restore_head(entities, key, value);
    uint32_t e = cpi_entities_find(entities, cpi_text_part(key, 1, key.len));
    if (e != CPI_NONE)
        forget_head(entities, e);
    return true;
}

static bool is_nothing(const struct cpi_seat *seat)
{
    const struct cpi_entity *entity = seat->awake;
    return !entity->panes.count && !entity->n_marks && !entity->n_rules && !seat->waiting &&
           seat->due == CPI_TIME_END;
}

void cpi_entities_restored(struct cpi_entities *entities, int64_t cursor)
{
    for (uint32_t e = 0; e < entities->count; e++) {
        struct cpi_seat *seat = &entities->at[e];
        if (!seat->key)
            continue;
        cpi_panes_tidy(&cpi_entities_get(entities, e)->panes);
        if (is_nothing(seat)) {
            cpi_entities_remove(entities, e);
            entities->gone[entities->n_gone - 1].has_row = false; /* it is gone already */
            continue;
        }
        seat->awake->idle = cpi_entity_is_idle(seat->due, cursor);
        put_to_rest(seat);
    }
}
