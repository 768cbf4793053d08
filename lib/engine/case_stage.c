/* The case stage: duplicates, order, what one event says alone, and the folds of cases. */
#include <errno.h>
#include <string.h>

#include "engine/journeys.h"
#include "engine/put.h"

void cpi_case_stage_init(struct cpi_case_stage *stage, const struct cpi_model *model,
                         struct cpi_task_counts *counts)
{
    cpi_journeys_init(&stage->journeys, model, CPI_STAGE_CASE, 'j', counts);
    cpi_held_init(&stage->held, model);
    cpi_ids_init(&stage->ids, 'i', model->dedup_ms);
    /* a copy of an event that came while it was remembered is still one after that */
    cpi_ids_init(&stage->gone, 'g', model->keep_journeys_ms + model->dedup_ms);
}

void cpi_case_stage_fini(struct cpi_case_stage *stage)
{
    cpi_journeys_fini(&stage->journeys);
    cpi_held_fini(&stage->held);
    cpi_ids_fini(&stage->ids);
    cpi_ids_fini(&stage->gone);
}

static bool makes_journey(const struct cpi_model *model, const struct cpi_event *ev)
{
    return !ev->own_case && (cpi_wordset_has(&model->journey_types, ev->type) ||
                             model->source[ev->source].all_journeys);
}

/* ---- the case at hand ---- */

static struct cpi_hash128 case_hash(struct cpi_text case_id)
{
    return cpi_hash128(case_id.at, case_id.len);
}

/* What is known from the return value on came after the case's last journey; CPI_TIME_NONE = there
 * was none, or it is forgotten. */
static int64_t gone_of(struct cpi_case_stage *stage, struct cpi_text case_id)
{
    struct cpi_id *id =
        stage->gone.index.count ? cpi_ids_find(&stage->gone, case_hash(case_id)) : NULL;
    return id ? id->known + 1 : CPI_TIME_NONE;
}

/* CPI_NONE: an empty one. False if malformed. */
static bool look_at(struct cpi_case_stage *stage, uint32_t number, struct cpi_text case_id)
{
    struct cpi_store *store = &stage->journeys.store;
    struct cpi_text bytes = CPI_ABSENT;
    if (number != CPI_NONE) {
        bytes = cpi_journey_bytes(&store->at[number]);
        case_id = cpi_journey_key(&store->at[number]);
    }
    bool fine = cpi_held_decode(&stage->held, case_id, bytes);
    stage->held.gone =
        number == CPI_NONE || store->at[number].follows ? gone_of(stage, case_id) : CPI_TIME_NONE;
    cpi_held_part(&stage->held);
    return fine;
}

/* Writes the case down; `from` = the first event that is not as it stands there. */
static void keep(struct cpi_case_stage *stage, uint32_t number, size_t from)
{
    struct cpi_journeys *j = &stage->journeys;
    cpi_buf_reset(&j->scratch);
    if (from && from + 1 == stage->held.count && stage->held.is_whole) {
        cpi_held_encode(&stage->held, from, &j->scratch);
        cpi_store_append(&j->store, number, cpi_buf_text(&j->scratch));
    } else {
        cpi_held_encode(&stage->held, 0, &j->scratch);
        cpi_store_set(&j->store, number, cpi_buf_text(&j->scratch));
    }
    j->store.at[number].follows = stage->held.gone != CPI_TIME_NONE;
}

/* ---- facts of one event ---- */

static void count_alone(struct cpi_journeys *j, const struct cpi_seen *seen, int sign, bool alone,
                        struct cpi_outbox *box)
{
    struct cpi_sayer sayer;
    bool alike = false;
    cpi_sayer_init(&sayer, &j->after, seen, alone);
    sayer.fact.sign = sign;
    while (cpi_sayer_next(&sayer)) {
        j->counts->facts++;
        cpi_outbox_put_fact(box, &sayer.fact, alike);
        alike |= j->model->indicator[sayer.fact.indicator].n_over > 0; /* others are not combined */
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

static void take_alone(struct cpi_case_stage *stage, const struct cpi_seen *seen,
                       struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    const struct cpi_event *ev = &seen->ev;
    struct cpi_id *id = cpi_ids_find(&stage->ids, ev->id);
    if (!id || ev->known > id->known + stage->ids.keep_ms) {
        cpi_ids_add(&stage->ids, ev->id, ev->known); /* beside a forgotten one, in its own hour */
        count_alone(j, seen, 1, false, box);
        return;
    }
    j->counts->duplicates++;
    if (ev->known >= id->known)
        return;
    struct cpi_seen old = *seen;
    old.ev.known = id->known;
    count_alone(j, &old, -1, false, box);
    cpi_ids_lower(&stage->ids, id, ev->known);
    count_alone(j, seen, 1, false, box);
}

static bool is_remembered(struct cpi_case_stage *stage, const struct cpi_event *ev)
{
    struct cpi_id *id = cpi_ids_find(&stage->ids, ev->id);
    return id && ev->known <= id->known + stage->ids.keep_ms;
}

/* The event in memory of which this is a copy; held.count = none (O4). */
static size_t copy_of(const struct cpi_held *held, const struct cpi_event *ev, int64_t dedup_ms)
{
    for (size_t i = 0; i < held->count; i++) {
        const struct cpi_event *old = &held->event[i].ev;
        if (old->id.lo == ev->id.lo && old->id.hi == ev->id.hi &&
            ev->known <= (held->part[i] == CPI_ALONE ? old->known + dedup_ms
                                                     : cpi_held_end(held, held->part[i]) - 1))
            return i;
    }
    return held->count;
}

/* Counts the newcomer at `at`, and anew whom it makes alone or not so any more; `was` are the parts
 * of the others before it came. */
static void count_changes(struct cpi_case_stage *stage, size_t at, const uint32_t *was,
                          struct cpi_outbox *box)
{
    struct cpi_held *held = &stage->held;
    for (size_t i = 0; i < held->count; i++) {
        bool alone = held->part[i] == CPI_ALONE, was_alone = i != at && *was++ == CPI_ALONE;
        if (i != at && alone == was_alone)
            continue;
        held->event[i].words = cpi_event_words(&held->event[i].ev, held->model);
        if (i != at)
            count_alone(&stage->journeys, &held->event[i], -1, was_alone, box);
        count_alone(&stage->journeys, &held->event[i], 1, alone, box);
    }
}

static void take_in_journey(struct cpi_case_stage *stage, const struct cpi_event *ev,
                            struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_held *held = &stage->held;
    uint32_t number = cpi_store_find(&j->store, ev->case_id);
    look_at(stage, number, ev->case_id);
    size_t same = copy_of(held, ev, stage->ids.keep_ms), n = held->count;
    bool known_alone =
        (held->gone != CPI_TIME_NONE || n > CPI_JOURNEY_EVENTS_MAX) && is_remembered(stage, ev);
    if (same < n || known_alone) {
        j->counts->duplicates++;
        if (known_alone || !counts_before(ev, &held->event[same].ev))
            return;
        held->event[same].words = cpi_event_words(&held->event[same].ev, held->model);
        count_alone(j, &held->event[same], -1, held->part[same] == CPI_ALONE, box);
        cpi_held_remove(held, same);
        cpi_held_part(held);
    }
    uint32_t *was = cpi_arena_take(&held->arena, (held->count + 1) * sizeof *was);
    if (held->count)
        memcpy(was, held->part, held->count * sizeof *was);
    size_t at = cpi_held_put(held, ev);
    cpi_held_part(held);
    count_changes(stage, at, was, box);
    if (held->part[at] == CPI_ALONE) {
        j->counts->partial++;
        j->counts->journeys_limited += n > CPI_JOURNEY_EVENTS_MAX;
    }
    if (number == CPI_NONE)
        number = cpi_store_ensure(&j->store, ev->case_id);
    keep(stage, number, same < n ? 0 : at);
    int64_t due = j->store.at[number].due;
    cpi_store_wait(&j->store, number, due < ev->known ? due : ev->known);
}

bool cpi_case_stage_take(struct cpi_case_stage *stage, const struct cpi_item *item,
                         struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_event_field room[CPI_EVENT_FIELDS_MAX];
    struct cpi_seen seen;
    struct cpi_event *ev = &seen.ev;
    struct cpi_reader r = cpi_reader_of(item->body.at, item->body.len);
    int e = cpi_event_decode(&r, j->model, room, ev);
    if (e == -EBADMSG || cpi_reader_left(&r))
        return false;
    if (e)
        return true; /* of a type or source that this configuration does not have */
    j->counts->events++;
    if (j->folded != CPI_TIME_NONE && ev->known < j->folded) { /* its source appeared later (K3) */
        ev->known = j->folded;
        j->counts->clamped++;
    }
    if (makes_journey(j->model, ev)) {
        take_in_journey(stage, ev, box);
        return true;
    }
    seen.words = cpi_event_words(ev, j->model);
    take_alone(stage, &seen, box);
    return true;
}

/* ---- folding ---- */

/* When the case is due again: its first journey goes on at `next`, or ends; others become known. */
static void wait(struct cpi_case_stage *stage, uint32_t number, int64_t next)
{
    const struct cpi_held *held = &stage->held;
    int64_t end = cpi_held_end(held, 1);
    if (!held->count) /* all of types that the configuration no longer has */
        next = CPI_TIME_MIN;
    for (size_t i = 0; i < held->count; i++) {
        if (held->part[i] == 1 && end < next)
            next = end;
        if (held->part[i] != 1 && held->event[i].ev.known < next)
            next = held->event[i].ev.known;
    }
    cpi_store_wait(&stage->journeys.store, number, next);
}

/* Removes the events of a journey that is over, or those alone known before `until`, whose ids are
 * remembered on their own. */
static void drop(struct cpi_case_stage *stage, uint32_t part, int64_t until)
{
    struct cpi_held *held = &stage->held;
    for (size_t i = held->count; i-- > 0;) {
        const struct cpi_event *ev = &held->event[i].ev;
        if (held->part[i] != part || ev->known >= until)
            continue;
        if (part == CPI_ALONE)
            cpi_ids_add(&stage->ids, ev->id, ev->known);
        cpi_held_remove(held, i);
        memmove(held->part + i, held->part + i + 1, (held->count - i) * sizeof *held->part);
    }
}

/* Folds the case's first journey at all its instants before `until`; true if it is over then. */
static bool fold_first(struct cpi_case_stage *stage, int64_t from, int64_t until,
                       struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    size_t count;
    const struct cpi_seen *event = cpi_held_members(&stage->held, 1, &count);
    int64_t end = cpi_held_end(&stage->held, 1);
    cpi_fold_case(&j->before, event, count, from - 1);
    for (int64_t t = j->before.next; t < until; t = j->before.next) {
        cpi_fold_case(&j->after, event, count, t);
        cpi_journeys_step_to(j, t, box);
    }
    for (size_t i = 0; i < count; i++)
        if (event[i].ev.known >= until)
            return false; /* it is later than keep.journeys itself */
    return count && end <= until;
}

static void fold_case(void *arg, uint32_t number, int64_t from, int64_t until,
                      struct cpi_outbox *box)
{
    struct cpi_case_stage *stage = arg;
    struct cpi_journeys *j = &stage->journeys;
    struct cpi_held *held = &stage->held;
    look_at(stage, number, CPI_ABSENT);
    size_t count = held->count;
    while (fold_first(stage, from, until, box)) {
        held->gone = cpi_held_end(held, 1);
        cpi_ids_add(&stage->gone, case_hash(held->event[0].ev.case_id), held->gone - 1);
        drop(stage, 1, CPI_TIME_END);
        cpi_held_part(held);
        j->counts->journeys_dropped++;
    }
    drop(stage, CPI_ALONE, until);
    if (!held->count) {
        cpi_store_remove(&j->store, number);
        return;
    }
    if (held->count < count)
        keep(stage, number, 0);
    wait(stage, number, j->before.next);
}

void cpi_case_stage_fold(struct cpi_case_stage *stage, int64_t w, struct cpi_outbox *box)
{
    struct cpi_journeys *j = &stage->journeys;
    cpi_journeys_fold(j, w, fold_case, stage, box);
    if (j->folded != CPI_TIME_NONE) {
        cpi_ids_expire(&stage->ids, j->folded);
        cpi_ids_expire(&stage->gone, j->folded);
    }
}

bool cpi_case_stage_restored(struct cpi_case_stage *stage)
{
    struct cpi_journeys *j = &stage->journeys;
    int64_t from = cpi_journeys_from(j);
    size_t count;
    j->sent = j->folded;
    for (uint32_t n = 0; n < j->store.count; n++) {
        if (!j->store.at[n].key)
            continue;
        j->store.at[n].follows = true; /* look */
        if (!look_at(stage, n, CPI_ABSENT))
            return false;
        j->store.at[n].follows = stage->held.gone != CPI_TIME_NONE;
        const struct cpi_seen *event = cpi_held_members(&stage->held, 1, &count);
        cpi_fold_case(&j->before, event, count, from - 1);
        wait(stage, n, j->before.next);
    }
    return true;
}
