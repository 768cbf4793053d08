/* The case stage: duplicates, order, what one event says alone, and the folds of cases. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/journeys.h"
#include "engine/put.h"

void cpi_case_stage_init(struct cpi_case_stage *stage, const struct cpi_model *model,
                         struct cpi_task_counts *counts)
{
    cpi_journeys_init(&stage->journeys, model, CPI_STAGE_CASE, 'j', counts);
    cpi_ids_init(&stage->ids, 'i', model->dedup_ms);
    cpi_ids_init(&stage->gone, 'g', model->keep_journeys_ms);
}

void cpi_case_stage_fini(struct cpi_case_stage *stage)
{
    cpi_journeys_fini(&stage->journeys);
    cpi_ids_fini(&stage->ids);
    cpi_ids_fini(&stage->gone);
}

static bool makes_journey(const struct cpi_model *model, const struct cpi_event *ev)
{
    return !ev->own_case && (cpi_wordset_has(&model->journey_types, ev->type) ||
                             model->source[ev->source].all_journeys);
}

/* ---- the journey at hand ---- */

static bool decode(struct cpi_journeys *j, struct cpi_text bytes)
{
    struct cpi_event_field room[CPI_EVENT_FIELDS_MAX];
    struct cpi_reader r = cpi_reader_of(bytes.at, bytes.len);
    cpi_arena_reset(&j->arena);
    j->n_events = 0;
    while (cpi_reader_left(&r)) {
        const char *from = (const char *)r.at;
        j->event = cpi_grow(j->event, j->n_events, &j->cap_events, sizeof *j->event);
        j->coded = cpi_grow(j->coded, j->n_events, &j->cap_coded, sizeof *j->coded);
        struct cpi_event *ev = &j->event[j->n_events].ev;
        if (!cpi_event_decode(&r, j->model, room, ev)) {
            ev->field = cpi_arena_take(&j->arena, ev->n_fields * sizeof *room);
            memcpy(ev->field, room, ev->n_fields * sizeof *room);
            j->coded[j->n_events++] =
                (struct cpi_text){ from, (uint32_t)((const char *)r.at - from) };
        }
        if (r.bad)
            return false;
    }
    return true;
}

/* Puts the event in its place, in the stead of the one at `instead` (n_events = of none). The
 * events at hand are the old ones until the next decode. */
static void insert(struct cpi_journeys *j, uint32_t number, const struct cpi_event *ev,
                   size_t instead)
{
    bool placed = false;
    cpi_buf_reset(&j->scratch);
    for (size_t i = 0; i < j->n_events; i++) {
        if (!placed && cpi_event_order(&j->event[i].ev, ev) > 0) {
            cpi_event_encode(ev, j->model, &j->scratch);
            placed = true;
        }
        if (i != instead)
            cpi_buf_add_text(&j->scratch, j->coded[i]);
    }
    if (!placed)
        cpi_event_encode(ev, j->model, &j->scratch);
    cpi_store_set(&j->store, number, cpi_buf_text(&j->scratch));
}

static int64_t last_time(const struct cpi_journeys *j)
{
    return j->n_events ? j->event[j->n_events - 1].ev.time : CPI_TIME_NONE;
}

/* When a journey whose last event is of `last` goes itself (J7). */
static int64_t end_of(const struct cpi_journeys *j, int64_t last)
{
    return last + j->model->keep_journeys_ms + 1;
}

static void wait(struct cpi_journeys *j, uint32_t number, int64_t next, int64_t last)
{
    int64_t end = end_of(j, last);
    cpi_store_wait(&j->store, number, next < end ? next : end);
}

/* ---- facts of one event ---- */

static void count_alone(struct cpi_journeys *j, const struct cpi_event *ev, int sign, bool alone,
                        struct cpi_outbox *box)
{
    cpi_fold_direct(&j->after, ev, alone);
    for (size_t i = 0; i < j->after.n_out; i++) {
        struct cpi_fact *fact = &j->after.out[i].fact;
        fact->known = ev->known;
        fact->sign = sign;
        fact->partial = alone;
        j->counts->facts++;
        cpi_outbox_put_fact(box, fact);
    }
}

/* Is `a` the copy that counts? The smallest (known, source, partition, offset) does (O4). */
static bool counts_before(const struct cpi_event *a, const struct cpi_event *b)
{
    if (a->known != b->known)
        return a->known < b->known;
    if (a->source != b->source)
        return a->source < b->source;
    if (a->partition != b->partition)
        return a->partition < b->partition;
    return a->offset < b->offset;
}

static void take_alone(struct cpi_case_stage *stage, const struct cpi_event *ev, bool partial,
                       struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_id *id = cpi_ids_find(&stage->ids, ev->id);
    if (!id || ev->known > id->known + stage->ids.keep_ms) {
        cpi_ids_add(&stage->ids, ev->id, ev->known); /* beside a forgotten one, in its own hour */
        j->counts->partial += partial;
        count_alone(j, ev, 1, partial, box);
        return;
    }
    j->counts->duplicates++;
    if (ev->known >= id->known)
        return;
    struct cpi_event old = *ev;
    old.known = id->known;
    count_alone(j, &old, -1, partial, box);
    cpi_ids_lower(&stage->ids, id, ev->known);
    count_alone(j, ev, 1, partial, box);
}

/* The instant from which a journey that is full takes no more (J7). */
static bool is_over(const struct cpi_journeys *j, const struct cpi_event *ev)
{
    size_t earlier = 0;
    for (size_t i = 0; i < j->n_events; i++)
        earlier += j->event[i].ev.known <= ev->known;
    return earlier > CPI_JOURNEY_EVENTS_MAX;
}

static void take_in_journey(struct cpi_case_stage *stage, const struct cpi_event *ev,
                            struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    uint32_t number = cpi_store_ensure(&j->store, ev->case_id);
    decode(j, cpi_journey_bytes(&j->store.at[number]));
    size_t same = 0;
    while (same < j->n_events &&
           (j->event[same].ev.id.lo != ev->id.lo || j->event[same].ev.id.hi != ev->id.hi))
        same++;
    if (same < j->n_events) {
        j->counts->duplicates++;
        if (!counts_before(ev, &j->event[same].ev))
            return;
        count_alone(j, &j->event[same].ev, -1, false, box);
    } else if (j->n_events > CPI_JOURNEY_EVENTS_MAX && is_over(j, ev)) {
        j->counts->journeys_limited++;
        take_alone(stage, ev, true, box);
        return;
    } else if (j->n_events && ev->known >= end_of(j, last_time(j))) {
        take_alone(stage, ev, true, box); /* the watermark will take the journey away (J7) */
        return;
    }
    int64_t due = j->store.at[number].due, last = last_time(j);
    count_alone(j, ev, 1, false, box);
    insert(j, number, ev, same);
    wait(j, number, due < ev->known ? due : ev->known, ev->time > last ? ev->time : last);
}

static struct cpi_hash128 case_hash(struct cpi_text case_id)
{
    return cpi_hash128(case_id.at, case_id.len);
}

/* Is the case's journey over at the newcomer's known? Not whether it is still in memory (O4, J7).
 */
static bool is_gone(struct cpi_case_stage *stage, const struct cpi_event *ev)
{
    struct cpi_id *id =
        stage->gone.index.count ? cpi_ids_find(&stage->gone, case_hash(ev->case_id)) : NULL;
    return id && ev->known >= id->known && ev->known <= id->known + stage->gone.keep_ms &&
           cpi_store_find(&stage->journeys.store, ev->case_id) == CPI_NONE;
}

bool cpi_case_stage_take(struct cpi_case_stage *stage, const struct cpi_item *item,
                         struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_event_field room[CPI_EVENT_FIELDS_MAX];
    struct cpi_event ev;
    struct cpi_reader r = cpi_reader_of(item->body.at, item->body.len);
    int e = cpi_event_decode(&r, j->model, room, &ev);
    if (e == -EBADMSG || cpi_reader_left(&r))
        return false;
    if (e)
        return true; /* of a type or source that this configuration does not have */
    j->counts->events++;
    if (j->folded != CPI_TIME_NONE && ev.known < j->folded) { /* its source appeared later (K3) */
        ev.known = j->folded;
        j->counts->clamped++;
    }
    if (!makes_journey(j->model, &ev)) {
        take_alone(stage, &ev, false, box);
    } else if (is_gone(stage, &ev)) {
        take_alone(stage, &ev, true, box);
    } else {
        take_in_journey(stage, &ev, box);
    }
    return true;
}

/* ---- folding ---- */

static void find_words(struct cpi_journeys *j)
{
    for (size_t i = 0; i < j->n_events; i++)
        j->event[i].words = cpi_event_words(&j->event[i].ev, j->model);
}

/* Folds one journey at all its instants before `until`. */
static void fold_journey(struct cpi_case_stage *stage, uint32_t number, int64_t from, int64_t until,
                         struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    decode(j, cpi_journey_bytes(&j->store.at[number]));
    if (!j->n_events) { /* all of types that the configuration no longer has */
        cpi_store_remove(&j->store, number);
        j->counts->journeys_dropped++;
        return;
    }
    find_words(j);
    cpi_fold_case(&j->before, j->event, j->n_events, from - 1);
    for (int64_t t = j->before.next; t < until; t = j->before.next) {
        cpi_fold_case(&j->after, j->event, j->n_events, t);
        j->counts->folds++;
        cpi_journeys_subtract(j, t, box);
        struct cpi_fold swap = j->before;
        j->before = j->after;
        j->after = swap;
    }
    if (end_of(j, last_time(j)) <= until) {
        struct cpi_text key = cpi_journey_key(&j->store.at[number]);
        cpi_ids_add(&stage->gone, case_hash(key), last_time(j) + j->model->keep_journeys_ms);
        cpi_store_remove(&j->store, number);
        j->counts->journeys_dropped++;
        return;
    }
    wait(j, number, j->before.next, last_time(j));
}

void cpi_case_stage_fold(struct cpi_case_stage *stage, int64_t w, struct cpi_outbox *box)
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
    cpi_ids_expire(&stage->ids, step);
    cpi_ids_expire(&stage->gone, step);
}

bool cpi_case_stage_restored(struct cpi_case_stage *stage)
{
    struct cpi_journeys *j = &stage->journeys;
    int64_t from = j->folded == CPI_TIME_NONE ? CPI_TIME_MIN : j->folded;
    j->sent = j->folded;
    for (uint32_t n = 0; n < j->store.count; n++) {
        if (!j->store.at[n].key)
            continue;
        if (!decode(j, cpi_journey_bytes(&j->store.at[n])))
            return false;
        find_words(j);
        cpi_fold_case(&j->before, j->event, j->n_events, from - 1);
        wait(j, n, j->before.next, last_time(j));
    }
    return true;
}
