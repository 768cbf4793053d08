#include "engine/held.h"

#include <stdlib.h>
#include <string.h>

enum {
    CUSTOMER_NULL = 1,
    REP_NULL = 2,
    TEAM_NULL = 4,
    SAME_SOURCE = 8, /* as the event before */
    SAME_CUSTOMER = 16,
    SAME_REP = 32,
    SAME_TEAM = 64,
};

void cpi_held_init(struct cpi_held *held, const struct cpi_model *model)
{
    *held = (struct cpi_held){ .model = model, .gone = CPI_TIME_NONE };
    cpi_arena_init(&held->arena);
}

void cpi_held_fini(struct cpi_held *held)
{
    free(held->event);
    free(held->part);
    free(held->known);
    free(held->member);
    cpi_arena_fini(&held->arena);
}

/* ---- bytes ---- */

static bool is_same(struct cpi_text a, struct cpi_text b)
{
    return !a.at == !b.at && a.len == b.len && (!a.len || memcmp(a.at, b.at, a.len) == 0);
}

static uint8_t flags_of(const struct cpi_event *ev, const struct cpi_event *last)
{
    return (uint8_t)((ev->customer_null ? CUSTOMER_NULL : 0) | (ev->rep_null ? REP_NULL : 0) |
                     (ev->team_null ? TEAM_NULL : 0) |
                     (ev->source == last->source ? SAME_SOURCE : 0) |
                     (is_same(ev->customer, last->customer) ? SAME_CUSTOMER : 0) |
                     (is_same(ev->rep, last->rep) ? SAME_REP : 0) |
                     (is_same(ev->team, last->team) ? SAME_TEAM : 0));
}

static void put_event(const struct cpi_model *model, const struct cpi_event *ev,
                      const struct cpi_event *last, struct cpi_buf *buf)
{
    uint8_t flags = flags_of(ev, last);
    cpi_buf_add_byte(buf, flags);
    cpi_buf_put_u32(buf, model->type[ev->type].hash);
    if (!(flags & SAME_SOURCE))
        cpi_buf_put_u32(buf, model->source[ev->source].hash);
    cpi_buf_put_int(buf, (int64_t)((uint64_t)ev->time - (uint64_t)last->time));
    cpi_buf_put_uint(buf, (uint64_t)ev->known - (uint64_t)ev->time); /* known >= time (T3) */
    cpi_buf_put_int(buf, ev->seq);
    cpi_buf_put_uint(buf, ev->partition);
    cpi_buf_put_int(buf, ev->offset);
    cpi_buf_put_uint(buf, ev->index);
    cpi_buf_put_u64(buf, ev->id.lo);
    cpi_buf_put_u64(buf, ev->id.hi);
    if (!(flags & SAME_CUSTOMER))
        cpi_buf_put_text(buf, ev->customer);
    if (!(flags & SAME_REP))
        cpi_buf_put_text(buf, ev->rep);
    if (!(flags & SAME_TEAM))
        cpi_buf_put_text(buf, ev->team);
    cpi_buf_put_uint(buf, ev->n_fields);
    for (unsigned i = 0; i < ev->n_fields; i++) {
        cpi_buf_put_u32(buf, model->field[ev->field[i].field].hash);
        cpi_buf_put_text(buf, ev->field[i].value);
    }
}

/* The first event is written beside nothing. */
static const struct cpi_event nothing = { .source = CPI_NO_INDEX };

void cpi_held_encode(const struct cpi_held *held, size_t first, struct cpi_buf *buf)
{
    for (size_t i = first; i < held->count; i++)
        put_event(held->model, &held->event[i].ev, i ? &held->event[i - 1].ev : &nothing, buf);
}

static void read_fields(struct cpi_held *held, struct cpi_reader *r, struct cpi_event *ev)
{
    uint64_t count = cpi_read_uint(r);
    ev->n_fields = 0;
    if (!count || r->bad || count > CPI_EVENT_FIELDS_MAX) {
        r->bad |= count > CPI_EVENT_FIELDS_MAX;
        return;
    }
    ev->field = cpi_arena_take(&held->arena, (size_t)count * sizeof *ev->field);
    for (uint64_t i = 0; i < count && !r->bad; i++) {
        uint16_t field = cpi_model_field_of_hash(held->model, cpi_read_u32(r));
        struct cpi_text value = cpi_read_text(r);
        if (field == CPI_NO_INDEX)
            continue;
        cpi_event_put_field(ev, field, value);
    }
}

/* False: of a type or source that the model does not have. */
static bool read_event(struct cpi_held *held, struct cpi_reader *r, const struct cpi_event *last,
                       struct cpi_event *ev)
{
    uint8_t flags = cpi_read_byte(r);
    ev->customer_null = flags & CUSTOMER_NULL;
    ev->rep_null = flags & REP_NULL;
    ev->team_null = flags & TEAM_NULL;
    ev->type = cpi_model_type_of_hash(held->model, cpi_read_u32(r));
    ev->source =
        flags & SAME_SOURCE ? last->source : cpi_model_source_of_hash(held->model, cpi_read_u32(r));
    ev->time = (int64_t)((uint64_t)last->time + (uint64_t)cpi_read_int(r));
    ev->known = (int64_t)((uint64_t)ev->time + cpi_read_uint(r));
    cpi_event_read_place(r, ev);
    ev->customer = flags & SAME_CUSTOMER ? last->customer : cpi_read_text(r);
    ev->rep = flags & SAME_REP ? last->rep : cpi_read_text(r);
    ev->team = flags & SAME_TEAM ? last->team : cpi_read_text(r);
    read_fields(held, r, ev);
    r->bad |=
        flags >> 7 || !cpi_time_fits(ev->time) || !cpi_time_fits(ev->known) || ev->known < ev->time;
    return ev->type != CPI_NO_INDEX && ev->source != CPI_NO_INDEX;
}

bool cpi_held_decode(struct cpi_held *held, struct cpi_text key, struct cpi_text bytes)
{
    struct cpi_reader r = cpi_reader_of(bytes.at, bytes.len);
    struct cpi_event last = nothing;
    cpi_arena_reset(&held->arena);
    held->count = 0;
    held->is_whole = true;
    while (cpi_reader_left(&r)) {
        held->event = cpi_grow(held->event, held->count, &held->cap, sizeof *held->event);
        struct cpi_event *ev = &held->event[held->count].ev;
        *ev = (struct cpi_event){ .case_id = key };
        bool is_known = read_event(held, &r, &last, ev);
        if (r.bad)
            return false;
        last = *ev;
        held->count += is_known;
        held->is_whole &= is_known;
    }
    return true;
}

/* ---- one event more or less ---- */

size_t cpi_held_put(struct cpi_held *held, const struct cpi_event *ev)
{
    size_t at = held->count;
    held->event = cpi_grow(held->event, held->count, &held->cap, sizeof *held->event);
    while (at && cpi_event_order(&held->event[at - 1].ev, ev) > 0)
        at--;
    memmove(held->event + at + 1, held->event + at, (held->count - at) * sizeof *held->event);
    held->event[at].ev = *ev;
    held->count++;
    return at;
}

void cpi_held_remove(struct cpi_held *held, size_t at)
{
    held->count--;
    memmove(held->event + at, held->event + at + 1, (held->count - at) * sizeof *held->event);
}

/* ---- journeys ---- */

static int64_t end_after(const struct cpi_held *held, int64_t last)
{
    return last + held->model->keep_journeys_ms + 1;
}

/* Nearly always: nothing is known after any journey that these events could make. */
static bool is_one_journey(const struct cpi_held *held)
{
    int64_t first = CPI_TIME_END, known = CPI_TIME_NONE;
    for (size_t i = 0; i < held->count; i++) {
        const struct cpi_event *ev = &held->event[i].ev;
        if (ev->time < first)
            first = ev->time;
        if (ev->known > known)
            known = ev->known;
    }
    return held->gone == CPI_TIME_NONE && held->count <= CPI_JOURNEY_EVENTS_MAX + 1 &&
           (!held->count || known < end_after(held, first));
}

static int order_known(const void *a, const void *b, void *arg)
{
    const struct cpi_held *held = arg;
    uint32_t l = *(const uint32_t *)a, r = *(const uint32_t *)b;
    int64_t left = held->event[l].ev.known, right = held->event[r].ev.known;
    return left != right ? (left < right ? -1 : 1) : (l > r) - (l < r);
}

static void sort_by_known(struct cpi_held *held)
{
    if (held->cap_known < held->count) {
        held->cap_known = held->cap;
        held->known = cpi_xrealloc(held->known, held->cap_known * sizeof *held->known);
    }
    for (size_t i = 0; i < held->count; i++)
        held->known[i] = (uint32_t)i;
    if (held->count > 1) /* none: the array may not be there */
        qsort_r(held->known, held->count, sizeof *held->known, order_known, held);
}

void cpi_held_part(struct cpi_held *held)
{
    if (held->cap_parts < held->count) {
        held->cap_parts = held->cap;
        held->part = cpi_xrealloc(held->part, held->cap_parts * sizeof *held->part);
    }
    if (is_one_journey(held)) {
        for (size_t i = 0; i < held->count; i++)
            held->part[i] = 1;
        return;
    }
    int64_t end = held->gone;
    uint32_t part = 0, members = 0; /* 0 members: no journey lives */
    sort_by_known(held);
    for (size_t k = 0; k < held->count; k++) {
        const struct cpi_event *ev = &held->event[held->known[k]].ev;
        if (members && ev->known >= end)
            members = 0;
        bool remembered = end != CPI_TIME_NONE && ev->known < end + held->model->keep_journeys_ms;
        if (members > CPI_JOURNEY_EVENTS_MAX || (!members && remembered)) {
            held->part[held->known[k]] = CPI_ALONE;
            continue;
        }
        int64_t own_end = end_after(held, ev->time);
        end = members && end > own_end ? end : own_end;
        part += !members;
        members++;
        held->part[held->known[k]] = part;
    }
}

int64_t cpi_held_end(const struct cpi_held *held, uint32_t part)
{
    int64_t last = CPI_TIME_MIN - CPI_TIME_MAX;
    for (size_t i = 0; i < held->count; i++)
        if (held->part[i] == part && held->event[i].ev.time > last)
            last = held->event[i].ev.time;
    return end_after(held, last);
}

const struct cpi_seen *cpi_held_members(struct cpi_held *held, uint32_t part, size_t *ret_count)
{
    size_t n = 0;
    for (size_t i = 0; i < held->count; i++) {
        if (held->part[i] != part)
            continue;
        held->event[i].words = cpi_event_words(&held->event[i].ev, held->model);
        n++;
    }
    *ret_count = n;
    if (n == held->count)
        return held->event;
    n = 0;
    for (size_t i = 0; i < held->count; i++) {
        if (held->part[i] != part)
            continue;
        held->member = cpi_grow(held->member, n, &held->cap_members, sizeof *held->member);
        held->member[n++] = held->event[i];
    }
    return held->member;
}
