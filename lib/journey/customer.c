/* The fold of a customer: starts that their cases sent, and what happened across cases (J1, J2). */
#include <string.h>

#include "journey/journey.h"

/* Order of events of different cases: time, then case and id (O1). */
static int across(const struct cpi_event *a, int64_t time, struct cpi_text case_id,
                  struct cpi_hash128 id)
{
    if (a->time != time)
        return a->time < time ? -1 : 1;
    int order = cpi_text_order(a->case_id, case_id);
    if (order)
        return order;
    if (a->id.hi != id.hi)
        return a->id.hi < id.hi ? -1 : 1;
    return (a->id.lo > id.lo) - (a->id.lo < id.lo);
}

static bool members_fit(const struct cpi_same *same, const struct cpi_breaker *breaker,
                        const struct cpi_start *start, const struct cpi_event *ev)
{
    const uint16_t *member = same->member;
    for (size_t m = 0; m < same->count && m < start->n_same; m++) {
        struct cpi_text value = cpi_event_member(ev, member[m]);
        bool equal = cpi_text_equal(start->same[m], value);
        for (size_t i = 0; i < breaker->n_same; i++)
            if (breaker->same[i] == member[m] && !equal)
                return false;
        for (size_t i = 0; i < breaker->n_other; i++)
            if (breaker->other[i] == member[m] &&
                (equal || !cpi_text_is(value) || !cpi_text_is(start->same[m])))
                return false;
    }
    return true;
}

static bool judges(const struct cpi_fold *fold, const struct cpi_breaker *breaker,
                   const struct cpi_start *start, const struct cpi_seen *seen)
{
    if (!breaker->same_customer || breaker->same_case ||
        !cpi_text_equal(start->customer, seen->ev.customer))
        return false;
    if (breaker->other_case && cpi_text_equal(start->case_id, seen->ev.case_id))
        return false;
    if (seen->ev.id.lo == start->id.lo && seen->ev.id.hi == start->id.hi)
        return false; /* the start itself */
    return cpi_seen_matches(seen, &breaker->sel, &breaker->where) &&
           members_fit(&fold->plan.same[start->indicator], breaker, start, &seen->ev);
}

struct found {
    enum cpi_decision decision;
    const struct cpi_event *ev; /* that decided */
};

static enum cpi_decision look_back(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                                   const struct cpi_start *start, const struct cpi_event **ret_by)
{
    int64_t since = start->time - (ind->within_ms ? ind->within_ms : fold->model->keep_journeys_ms);
    for (size_t b = 0; b < ind->n_breakers; b++) {
        uint32_t count = 0;
        for (size_t i = 0; ind->breaker[b].before && i < fold->n_seen; i++) {
            const struct cpi_event *ev = &fold->seen[i]->ev;
            if (ev->time < since || across(ev, start->time, start->case_id, start->id) >= 0 ||
                !judges(fold, &ind->breaker[b], start, fold->seen[i]))
                continue;
            count++;
            *ret_by = ev;
        }
        if (ind->breaker[b].before && count >= ind->breaker[b].at_least)
            return ind->breaker[b].follows ? CPI_WON_BEFORE : CPI_LOST_BEFORE;
    }
    return CPI_UNDECIDED;
}

/* The event with which the breaker has had enough: its at_least-th in order. */
static const struct cpi_event *nth(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                                   const struct cpi_breaker *breaker, const struct cpi_start *start)
{
    int64_t until = ind->within_ms ? start->time + ind->within_ms : CPI_TIME_END;
    const struct cpi_event *last = NULL;
    for (uint32_t k = 0; k < breaker->at_least; k++) {
        const struct cpi_event *least = NULL;
        for (size_t i = 0; i < fold->n_seen; i++) {
            const struct cpi_event *ev = &fold->seen[i]->ev;
            if (ev->time <= start->time || ev->time > until ||
                (last && across(ev, last->time, last->case_id, last->id) <= 0) ||
                (least && across(ev, least->time, least->case_id, least->id) >= 0) ||
                !judges(fold, breaker, start, fold->seen[i]))
                continue;
            least = ev;
        }
        if (!least)
            return NULL;
        last = least;
    }
    return last;
}

static struct found look_ahead(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                               const struct cpi_start *start)
{
    struct found found = { CPI_UNDECIDED, NULL };
    for (size_t b = 0; b < ind->n_breakers; b++) {
        if (ind->breaker[b].before)
            continue;
        const struct cpi_event *ev = nth(fold, ind, &ind->breaker[b], start);
        int order = !ev         ? 1
                    : !found.ev ? -1
                                : across(ev, found.ev->time, found.ev->case_id, found.ev->id);
        if (order < 0 || (order == 0 && !ind->breaker[b].follows)) {
            found.ev = ev;
            found.decision = ind->breaker[b].follows ? CPI_WON : CPI_LOST;
        }
    }
    return found;
}

static struct cpi_credited held(const struct cpi_start *start, int64_t at)
{
    struct cpi_credited credit = { CPI_ABSENT, CPI_ABSENT };
    for (size_t i = 0; i < start->n_holds && (i == 0 || start->hold[i].from <= at); i++)
        credit = (struct cpi_credited){ start->hold[i].rep, start->hold[i].team };
    return credit;
}

/* All that is known here of the event of its own case that decided a start. */
static const struct cpi_event *own_event(struct cpi_fold *fold, const struct cpi_start *start)
{
    struct cpi_event *ev = cpi_arena_take(&fold->arena, sizeof *ev);
    *ev = (struct cpi_event){ .type = CPI_NO_INDEX,
                              .time = start->own_time,
                              .case_id = start->case_id };
    return ev;
}

static void settle(struct cpi_fold *fold, const struct cpi_start *start)
{
    const struct cpi_indicator *ind = &fold->model->indicator[start->indicator];
    struct cpi_event subject = { .case_id = start->case_id, .customer = start->customer };
    struct cpi_verdict verdict = { .indicator = start->indicator,
                                   .subject = &subject,
                                   .t0 = start->time,
                                   .limited = start->limited,
                                   .limited_at = start->limited_at };
    bool own_early = start->own == CPI_LOST_BEFORE || start->own == CPI_WON_BEFORE;
    const struct cpi_event *by = NULL;
    enum cpi_decision back = own_early ? start->own : look_back(fold, ind, start, &by);
    struct found found = { CPI_UNDECIDED, NULL };
    if (back == CPI_UNDECIDED)
        found = look_ahead(fold, ind, start);
    bool own_first = start->own != CPI_UNDECIDED && back == CPI_UNDECIDED &&
                     (!found.ev || start->own_time <= found.ev->time);
    if (back != CPI_UNDECIDED) {
        verdict.decision = back;
        verdict.decided_at = start->time;
        verdict.by = own_early ? NULL : by;
        verdict.credit = held(start, start->time);
    } else if (own_first) {
        verdict.decision = start->own;
        verdict.decided_at = start->own_time;
        verdict.by = own_event(fold, start);
        verdict.credit = (struct cpi_credited){ start->own_rep, start->own_team };
    } else if (found.ev) {
        verdict.decision = found.decision;
        verdict.decided_at = found.ev->time;
        verdict.by = found.ev;
        verdict.credit = ind->credit == CPI_CREDIT_BREAKER
                             ? (struct cpi_credited){ found.ev->rep, found.ev->team }
                             : held(start, found.ev->time);
    } else {
        verdict.credit = held(start, ind->within_ms ? start->time + ind->within_ms : CPI_TIME_END);
    }
    if (verdict.decision == CPI_UNDECIDED && ind->credit == CPI_CREDIT_BREAKER)
        verdict.credit = (struct cpi_credited){ CPI_ABSENT, CPI_ABSENT };
    struct cpi_dim_fields dims = fold->dims;
    struct cpi_event_field room[CPI_DIM_FIELDS_MAX];
    subject.field = room; /* the dimensions of the start, where cpi_fold_fact looks for them */
    for (unsigned d = 0; d < dims.count; d++) {
        unsigned k = subject.n_fields++;
        uint16_t field = (uint16_t)(dims.member[d] - CPI_MEMBER_FIELD0);
        for (; k && room[k - 1].field > field; k--)
            room[k] = room[k - 1];
        room[k] = (struct cpi_event_field){ field, start->dim[d] };
    }
    cpi_fold_verdict(fold, &verdict);
}

static bool is_visible(const struct cpi_entry *entry, int64_t t)
{
    return entry->from <= t && entry->to > t;
}

static void fold_visible(struct cpi_fold *fold, const struct cpi_entry *entry, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cpi_fold_wait(fold, entry[i].from);
        cpi_fold_wait(fold, entry[i].to);
        if (!entry[i].seen || !is_visible(&entry[i], fold->t))
            continue;
        fold->seen = cpi_grow(fold->seen, fold->n_seen, &fold->cap_seen, sizeof *fold->seen);
        fold->seen[fold->n_seen++] = entry[i].seen;
    }
    for (size_t i = 0; i < count; i++)
        if (entry[i].start && is_visible(&entry[i], fold->t))
            settle(fold, entry[i].start);
    cpi_fold_sort(fold);
}

void cpi_fold_customer_end(struct cpi_fold *fold, const struct cpi_entry *entry, size_t count,
                           int64_t t)
{
    cpi_fold_reset(fold, t - 1);
    fold->limited = true;
    fold->limit_at = t;
    fold_visible(fold, entry, count);
}

void cpi_fold_customer(struct cpi_fold *fold, const struct cpi_entry *entry, size_t count,
                       int64_t t)
{
    cpi_fold_reset(fold, t);
    fold_visible(fold, entry, count);
}
