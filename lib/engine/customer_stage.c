/* The customer stage: starts and events of all cases of one customer. Entries come with +1, go with
 * -1. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/journeys.h"
#include "engine/put.h"

void cpi_customer_stage_init(struct cpi_customer_stage *stage, const struct cpi_model *model,
                             struct cpi_task_counts *counts)
{
    *stage = (struct cpi_customer_stage){ 0 };
    cpi_journeys_init(&stage->journeys, model, CPI_STAGE_CUSTOMER, 'c', counts);
    cpi_arena_init(&stage->arena);
    stage->horizon_ms = model->longest_cross_within_ms + model->lateness_ms;
    for (size_t i = 0; i < model->n_indicators; i++)
        if (model->indicator[i].cross && !model->indicator[i].within_ms)
            stage->horizon_ms = model->keep_journeys_ms + model->lateness_ms;
}

void cpi_customer_stage_fini(struct cpi_customer_stage *stage)
{
    cpi_journeys_fini(&stage->journeys);
    cpi_arena_fini(&stage->arena);
    free(stage->entry);
}

static bool decode(struct cpi_customer_stage *stage, uint32_t number)
{
    struct cpi_text bytes = cpi_journey_bytes(&stage->journeys.store.at[number]);
    struct cpi_reader r = cpi_reader_of(bytes.at, bytes.len);
    stage->n_entries = 0;
    while (cpi_reader_left(&r)) {
        struct cpi_entry entry = { 0 };
        entry.is_start = cpi_read_byte(&r) != 0;
        entry.time = cpi_read_int(&r);
        entry.from = cpi_read_int(&r);
        uint64_t length = cpi_read_uint(&r); /* 0 = until it is taken back */
        entry.to = length ? (int64_t)((uint64_t)entry.from + length - 1) : CPI_TIME_END;
        entry.body = cpi_read_text(&r);
        if (r.bad || !cpi_time_fits(entry.time) || !cpi_time_fits(entry.from) ||
            entry.to < entry.from || !cpi_time_fits_or(entry.to, CPI_TIME_END))
            return false;
        stage->entry =
            cpi_grow(stage->entry, stage->n_entries, &stage->cap_entries, sizeof *stage->entry);
        stage->entry[stage->n_entries++] = entry;
    }
    return true;
}

struct span { /* of time, both ends included */
    int64_t first, last;
};

static void widen(struct span *span, int64_t time)
{
    if (time < span->first)
        span->first = time;
    if (time > span->last)
        span->last = time;
}

static bool is_near(const struct span *span, int64_t time, int64_t reach_ms)
{
    return span->first <= span->last && time >= span->first - reach_ms &&
           time <= span->last + reach_ms;
}

/* The times of the starts whose verdict may be another at `until` than just before `from`: it is
 * not due before, or something came or went that lies within reach. Times of others may lie among
 * them. */
static struct span open_starts(const struct cpi_customer_stage *stage, int64_t from, int64_t until,
                               int64_t reach_ms)
{
    struct span changed = { CPI_TIME_END, CPI_TIME_NONE }, open = changed;
    for (size_t i = 0; i < stage->n_entries; i++) {
        const struct cpi_entry *entry = &stage->entry[i];
        if ((entry->from >= from && entry->from < until) ||
            (entry->to >= from && entry->to < until))
            widen(&changed, entry->time);
    }
    for (size_t i = 0; i < stage->n_entries; i++) {
        const struct cpi_entry *entry = &stage->entry[i];
        if (entry->is_start &&
            (entry->time + reach_ms >= from || is_near(&changed, entry->time, reach_ms)))
            widen(&open, entry->time);
    }
    return open;
}

/* Bodies of what the folds from just before `from` to `until` can differ in: the others say the
 * same in all of them. */
static bool decode_bodies(struct cpi_customer_stage *stage, int64_t from, int64_t until)
{
    const struct cpi_model *model = stage->journeys.model;
    int64_t reach_ms = stage->horizon_ms - model->lateness_ms;
    struct span open = open_starts(stage, from, until, reach_ms);
    bool fine = true;
    cpi_arena_reset(&stage->arena);
    for (size_t i = 0; i < stage->n_entries; i++) {
        struct cpi_entry *entry = &stage->entry[i];
        if (from == CPI_TIME_MIN || is_near(&open, entry->time, entry->is_start ? 0 : reach_ms))
            fine &= cpi_entry_decode(entry, model, &stage->arena) != -EBADMSG;
    }
    return fine;
}

static void put_entry(struct cpi_buf *buf, const struct cpi_entry *entry)
{
    cpi_buf_add_byte(buf, entry->is_start);
    cpi_buf_put_int(buf, entry->time);
    cpi_buf_put_int(buf, entry->from);
    cpi_buf_put_uint(
        buf, entry->to == CPI_TIME_END ? 0 : (uint64_t)entry->to - (uint64_t)entry->from + 1);
    cpi_buf_put_text(buf, entry->body);
}

static void encode(struct cpi_customer_stage *stage, uint32_t number)
{
    struct cpi_journeys *j = &stage->journeys;
    cpi_buf_reset(&j->scratch);
    for (size_t i = 0; i < stage->n_entries; i++)
        put_entry(&j->scratch, &stage->entry[i]);
    cpi_store_set(&j->store, number, cpi_buf_text(&j->scratch));
}

static void append(struct cpi_customer_stage *stage, uint32_t number, const struct cpi_entry *entry)
{
    struct cpi_journeys *j = &stage->journeys;
    cpi_buf_reset(&j->scratch);
    put_entry(&j->scratch, entry);
    cpi_store_append(&j->store, number, cpi_buf_text(&j->scratch));
}

/* Takes an equal entry back from `known` on. False if there is none: it was forgotten already. */
static bool take_back(struct cpi_customer_stage *stage, struct cpi_text body, int64_t known)
{
    for (size_t i = 0; i < stage->n_entries; i++)
        if (stage->entry[i].to == CPI_TIME_END && cpi_text_equal(stage->entry[i].body, body)) {
            stage->entry[i].to = known > stage->entry[i].from ? known : stage->entry[i].from;
            return true;
        }
    return false;
}

bool cpi_customer_stage_take(struct cpi_customer_stage *stage, const struct cpi_item *item)
{
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_entry entry = { .from = item->known, .to = CPI_TIME_END, .body = item->body };
    cpi_arena_reset(&stage->arena);
    int e = cpi_entry_decode(&entry, j->model, &stage->arena);
    if (e)
        return e != -EBADMSG; /* or of what this configuration does not have */
    if (j->folded != CPI_TIME_NONE && entry.from < j->folded) {
        entry.from = j->folded;
        j->counts->clamped++;
    }
    uint32_t number = cpi_store_ensure(&j->store, item->key);
    if (item->sign > 0) {
        append(stage, number, &entry);
    } else {
        decode(stage, number);
        bool is_there = take_back(stage, entry.body, entry.from);
        if (!stage->n_entries)
            cpi_store_remove(&j->store, number);
        if (!is_there)
            return true;
        encode(stage, number);
    }
    int64_t due = j->store.at[number].due;
    cpi_store_wait(&j->store, number, due < entry.from ? due : entry.from);
    return true;
}

/* Drops entries that were taken back and those beyond the horizon; true if some went. One taken
 * back at `until` itself is still seen by the fold just before it, from which the next one goes on.
 */
static bool forget(struct cpi_customer_stage *stage, int64_t until)
{
    size_t kept = 0;
    for (size_t i = 0; i < stage->n_entries; i++) {
        if (stage->entry[i].to >= until && stage->entry[i].time + stage->horizon_ms >= until)
            stage->entry[kept++] = stage->entry[i];
    }
    bool some = kept < stage->n_entries;
    stage->n_entries = kept;
    return some;
}

/* The instant at which the first entry passes the horizon. */
static int64_t horizon_of(struct cpi_customer_stage *stage)
{
    int64_t first = CPI_TIME_END;
    for (size_t i = 0; i < stage->n_entries; i++) {
        int64_t end = stage->entry[i].time + stage->horizon_ms + 1;
        if (end < first)
            first = end;
    }
    return first;
}

static void wait(struct cpi_customer_stage *stage, uint32_t number, int64_t next)
{
    int64_t horizon = horizon_of(stage);
    cpi_store_wait(&stage->journeys.store, number, next < horizon ? next : horizon);
}

/* Are there more entries at t than a journey may have, without those that are beyond the horizon by
 * then? Counted so, it does not matter when they are really forgotten. */
static bool is_over(const struct cpi_customer_stage *stage, int64_t t)
{
    size_t n = 0;
    if (stage->n_entries <= CPI_JOURNEY_EVENTS_MAX)
        return false;
    for (size_t i = 0; i < stage->n_entries; i++)
        n += stage->entry[i].from <= t && stage->entry[i].to > t &&
             stage->entry[i].time + stage->horizon_ms >= t;
    return n > CPI_JOURNEY_EVENTS_MAX;
}

/* What came up to t goes with the journey; what comes later begins a new one. */
static void drop_entries(struct cpi_customer_stage *stage, int64_t t)
{
    size_t kept = 0;
    for (size_t i = 0; i < stage->n_entries; i++)
        if (stage->entry[i].from > t)
            stage->entry[kept++] = stage->entry[i];
    stage->n_entries = kept;
}

/* Folds at one instant; true if the journey ended there. */
static bool fold_at(struct cpi_customer_stage *stage, int64_t t, struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    bool over = is_over(stage, t);
    if (!over) {
        cpi_fold_customer(&j->after, stage->entry, stage->n_entries, t);
        cpi_journeys_step_to(j, t, box);
        return false;
    }
    cpi_fold_customer_end(&j->after, stage->entry, stage->n_entries, t);
    cpi_journeys_step_to(j, t, box);
    j->counts->journeys_limited++;
    drop_entries(stage, t);
    cpi_fold_customer(&j->before, stage->entry, stage->n_entries, t);
    return true;
}

static void fold_journey(void *arg, uint32_t number, int64_t from, int64_t until,
                         struct cpi_outbox *box)
{
    struct cpi_customer_stage *stage = arg;
    struct cpi_journeys *j = &stage->journeys;
    bool ended = false;
    decode(stage, number);
    decode_bodies(stage, from, until);
    cpi_fold_customer(&j->before, stage->entry, stage->n_entries, from - 1);
    for (int64_t t = j->before.next; t < until; t = j->before.next)
        ended |= fold_at(stage, t, box);
    int64_t next = j->before.next;
    if (forget(stage, until) || ended) {
        if (!stage->n_entries) {
            cpi_store_remove(&j->store, number);
            return;
        }
        encode(stage, number); /* views into the old bytes: encode copies before it replaces them */
        decode(stage, number);
    }
    wait(stage, number, next);
}

void cpi_customer_stage_fold(struct cpi_customer_stage *stage, int64_t w, struct cpi_outbox *box)
{
    cpi_journeys_fold(&stage->journeys, w, fold_journey, stage, box);
}

bool cpi_customer_stage_restored(struct cpi_customer_stage *stage)
{
    struct cpi_journeys *j = &stage->journeys;
    int64_t from = cpi_journeys_from(j);
    j->sent = j->folded;
    for (uint32_t n = 0; n < j->store.count; n++) {
        if (!j->store.at[n].key)
            continue;
        if (!decode(stage, n) || !decode_bodies(stage, CPI_TIME_MIN, CPI_TIME_END))
            return false;
        cpi_fold_customer(&j->before, stage->entry, stage->n_entries, from - 1);
        wait(stage, n, j->before.next);
    }
    return true;
}
