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
    cpi_journeys_init(&stage->journeys, model, CPI_STAGE_CUSTOMER, 'c', counts);
    stage->horizon_ms = model->longest_cross_within_ms + model->lateness_ms;
    for (size_t i = 0; i < model->n_indicators; i++)
        if (model->indicator[i].cross && !model->indicator[i].within_ms)
            stage->horizon_ms = model->keep_journeys_ms + model->lateness_ms;
}

void cpi_customer_stage_fini(struct cpi_customer_stage *stage)
{
    cpi_journeys_fini(&stage->journeys);
}

static bool decode(struct cpi_journeys *j, struct cpi_text bytes)
{
    struct cpi_reader r = cpi_reader_of(bytes.at, bytes.len);
    j->n_entries = 0;
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
        j->entry = cpi_grow(j->entry, j->n_entries, &j->cap_entries, sizeof *j->entry);
        j->entry[j->n_entries++] = entry;
    }
    return true;
}

static bool decode_bodies(struct cpi_journeys *j)
{
    bool fine = true;
    cpi_arena_reset(&j->arena);
    for (size_t i = 0; i < j->n_entries; i++)
        fine &= cpi_entry_decode(&j->entry[i], j->model, &j->arena) != -EBADMSG;
    return fine;
}

static void encode(struct cpi_journeys *j, uint32_t number)
{
    cpi_buf_reset(&j->scratch);
    for (size_t i = 0; i < j->n_entries; i++) {
        const struct cpi_entry *entry = &j->entry[i];
        cpi_buf_add_byte(&j->scratch, entry->is_start);
        cpi_buf_put_int(&j->scratch, entry->time);
        cpi_buf_put_int(&j->scratch, entry->from);
        cpi_buf_put_uint(&j->scratch, entry->to == CPI_TIME_END
                                          ? 0
                                          : (uint64_t)entry->to - (uint64_t)entry->from + 1);
        cpi_buf_put_text(&j->scratch, entry->body);
    }
    cpi_store_set(&j->store, number, cpi_buf_text(&j->scratch));
}

/* Takes an equal entry back from `known` on. False if there is none: it was forgotten already. */
static bool take_back(struct cpi_journeys *j, struct cpi_text body, int64_t known)
{
    for (size_t i = 0; i < j->n_entries; i++)
        if (j->entry[i].to == CPI_TIME_END && cpi_text_equal(j->entry[i].body, body)) {
            j->entry[i].to = known > j->entry[i].from ? known : j->entry[i].from;
            return true;
        }
    return false;
}

bool cpi_customer_stage_take(struct cpi_customer_stage *stage, const struct cpi_item *item)
{
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_entry entry = { .from = item->known, .to = CPI_TIME_END, .body = item->body };
    cpi_arena_reset(&j->arena);
    int e = cpi_entry_decode(&entry, j->model, &j->arena);
    if (e)
        return e != -EBADMSG; /* or of what this configuration does not have */
    if (j->folded != CPI_TIME_NONE && entry.from < j->folded) {
        entry.from = j->folded;
        j->counts->clamped++;
    }
    uint32_t number = cpi_store_ensure(&j->store, item->key);
    decode(j, cpi_journey_bytes(&j->store.at[number]));
    if (item->sign > 0) {
        j->entry = cpi_grow(j->entry, j->n_entries, &j->cap_entries, sizeof *j->entry);
        j->entry[j->n_entries++] = entry;
    } else if (!take_back(j, entry.body, entry.from)) {
        if (!j->n_entries)
            cpi_store_remove(&j->store, number);
        return true;
    }
    int64_t due = j->store.at[number].due;
    encode(j, number);
    cpi_store_wait(&j->store, number, due < entry.from ? due : entry.from);
    return true;
}

/* Drops entries that were taken back and those beyond the horizon; true if some went. One taken
 * back at `until` itself is still seen by the fold just before it, from which the next one goes on.
 */
static bool forget(struct cpi_customer_stage *stage, int64_t until)
{
    struct cpi_journeys *j = &stage->journeys;
    size_t kept = 0;
    for (size_t i = 0; i < j->n_entries; i++) {
        if (j->entry[i].to >= until && j->entry[i].time + stage->horizon_ms >= until)
            j->entry[kept++] = j->entry[i];
    }
    bool some = kept < j->n_entries;
    j->n_entries = kept;
    return some;
}

/* The instant at which the first entry passes the horizon. */
static int64_t horizon_of(struct cpi_customer_stage *stage)
{
    struct cpi_journeys *j = &stage->journeys;
    int64_t first = CPI_TIME_END;
    for (size_t i = 0; i < j->n_entries; i++) {
        int64_t end = j->entry[i].time + stage->horizon_ms + 1;
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
    const struct cpi_journeys *j = &stage->journeys;
    size_t n = 0;
    if (j->n_entries <= CPI_JOURNEY_EVENTS_MAX)
        return false;
    for (size_t i = 0; i < j->n_entries; i++)
        n += j->entry[i].from <= t && j->entry[i].to > t &&
             j->entry[i].time + stage->horizon_ms >= t;
    return n > CPI_JOURNEY_EVENTS_MAX;
}

/* What came up to t goes with the journey; what comes later begins a new one. */
static void drop_entries(struct cpi_journeys *j, int64_t t)
{
    size_t kept = 0;
    for (size_t i = 0; i < j->n_entries; i++)
        if (j->entry[i].from > t)
            j->entry[kept++] = j->entry[i];
    j->n_entries = kept;
}

/* Folds at one instant; true if the journey ended there. */
static bool fold_at(struct cpi_customer_stage *stage, int64_t t, struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    bool over = is_over(stage, t);
    if (over)
        cpi_fold_customer_end(&j->after, j->entry, j->n_entries, t);
    else
        cpi_fold_customer(&j->after, j->entry, j->n_entries, t);
    j->counts->folds++;
    cpi_journeys_subtract(j, t, box);
    if (over) {
        j->counts->journeys_limited++;
        drop_entries(j, t);
        cpi_fold_customer(&j->before, j->entry, j->n_entries, t);
        return true;
    }
    struct cpi_fold swap = j->before;
    j->before = j->after;
    j->after = swap;
    return false;
}

static void fold_journey(struct cpi_customer_stage *stage, uint32_t number, int64_t from,
                         int64_t until, struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    bool ended = false;
    decode(j, cpi_journey_bytes(&j->store.at[number]));
    decode_bodies(j);
    cpi_fold_customer(&j->before, j->entry, j->n_entries, from - 1);
    for (int64_t t = j->before.next; t < until; t = j->before.next)
        ended |= fold_at(stage, t, box);
    int64_t next = j->before.next;
    if (forget(stage, until) || ended) {
        if (!j->n_entries) {
            cpi_store_remove(&j->store, number);
            return;
        }
        encode(j, number); /* views into the old bytes: encode copies before it replaces them */
        decode(j, cpi_journey_bytes(&j->store.at[number]));
    }
    wait(stage, number, next);
}

void cpi_customer_stage_fold(struct cpi_customer_stage *stage, int64_t w, struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    int64_t step = cpi_journeys_step(j, w);
    size_t count;
    if (step == CPI_TIME_NONE || step <= j->folded)
        return;
    uint32_t *due = cpi_store_take_due(&j->store, step, &count);
    int64_t from = j->folded == CPI_TIME_NONE ? CPI_TIME_MIN : j->folded;
    for (size_t i = 0; i < count; i++)
        fold_journey(stage, due[i], from, step, box);
    free(due);
    j->folded = step;
}

bool cpi_customer_stage_restored(struct cpi_customer_stage *stage)
{
    struct cpi_journeys *j = &stage->journeys;
    int64_t from = j->folded == CPI_TIME_NONE ? CPI_TIME_MIN : j->folded;
    j->sent = j->folded;
    for (uint32_t n = 0; n < j->store.count; n++) {
        if (!j->store.at[n].key)
            continue;
        if (!decode(j, cpi_journey_bytes(&j->store.at[n])) || !decode_bodies(j))
            return false;
        cpi_fold_customer(&j->before, j->entry, j->n_entries, from - 1);
        wait(stage, n, j->before.next);
    }
    return true;
}
