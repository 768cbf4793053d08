/* after X followed-by | broken-by … within: one case's part (J1 - J5, O2). */
#include "journey/journey.h"

static bool members_fit(const struct cpi_breaker *breaker, const struct cpi_event *start,
                        const struct cpi_event *ev)
{
    if (breaker->same_customer && !cpi_text_equal(start->customer, ev->customer))
        return false;
    for (size_t i = 0; i < breaker->n_same; i++)
        if (!cpi_text_equal(cpi_event_member(start, breaker->same[i]),
                            cpi_event_member(ev, breaker->same[i])))
            return false;
    for (size_t i = 0; i < breaker->n_other; i++) {
        struct cpi_text a = cpi_event_member(start, breaker->other[i]);
        struct cpi_text b = cpi_event_member(ev, breaker->other[i]);
        if (!cpi_text_is(a) || !cpi_text_is(b) || cpi_text_equal(a, b))
            return false;
    }
    return true;
}

static bool judges(const struct cpi_breaker *breaker, const struct cpi_seen *start,
                   const struct cpi_seen *seen)
{
    return breaker->same_case && !breaker->other_case &&
           cpi_seen_matches(seen, &breaker->sel, &breaker->where) &&
           members_fit(breaker, &start->ev, &seen->ev);
}

/* What the case's own events say of the start: the decision, and the index of the event that made
 * it. */
struct own {
    enum cpi_decision decision;
    size_t decider;             /* of LOST and WON */
    const struct cpi_event *by; /* the event behind the decision, also of one before the start */
};

static enum cpi_decision before(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                                size_t start, const struct cpi_event **ret_by)
{
    const struct cpi_seen *s = fold->seen[start];
    if (ind->has_good && !cpi_conds_hold(&ind->good, &s->ev, &s->words))
        return CPI_LOST_BEFORE;
    for (size_t b = 0; b < ind->n_breakers; b++) {
        uint32_t count = 0;
        for (size_t i = 0; ind->breaker[b].before && i < start; i++) {
            if (!judges(&ind->breaker[b], s, fold->seen[i]))
                continue;
            count++;
            *ret_by = &fold->seen[i]->ev;
        }
        if (ind->breaker[b].before && count >= ind->breaker[b].at_least)
            return ind->breaker[b].follows ? CPI_WON_BEFORE : CPI_LOST_BEFORE;
    }
    return CPI_UNDECIDED;
}

static struct own judge(const struct cpi_fold *fold, const struct cpi_indicator *ind, size_t start)
{
    struct own own = { .decider = fold->n_seen };
    own.decision = before(fold, ind, start, &own.by);
    const struct cpi_seen *s = fold->seen[start];
    int64_t until = ind->within_ms ? s->ev.time + ind->within_ms : CPI_TIME_END;
    uint32_t count[64] = { 0 };
    if (own.decision != CPI_UNDECIDED)
        return own;
    for (size_t i = start + 1; i < fold->n_seen && fold->seen[i]->ev.time <= until; i++) {
        if (fold->seen[i]->ev.time == s->ev.time) /* strictly later in time (O2) */
            continue;
        for (size_t b = 0; b < ind->n_breakers && b < 64; b++) {
            if (ind->breaker[b].before || !judges(&ind->breaker[b], s, fold->seen[i]) ||
                ++count[b] < ind->breaker[b].at_least)
                continue;
            /* of one event that breaks and follows, the break counts */
            if (own.decision == CPI_UNDECIDED || !ind->breaker[b].follows)
                own.decision = ind->breaker[b].follows ? CPI_WON : CPI_LOST;
            own.decider = i;
            own.by = &fold->seen[i]->ev;
        }
        if (own.decision != CPI_UNDECIDED)
            break;
    }
    return own;
}

static bool breaks_on_silence(const struct cpi_indicator *ind)
{
    for (size_t b = 0; b < ind->n_breakers; b++)
        if (ind->breaker[b].follows)
            return true;
    return false; /* only broken-by: silence is success (J4) */
}

void cpi_fold_verdict(struct cpi_fold *fold, const struct cpi_verdict *v)
{
    const struct cpi_indicator *ind = &fold->model->indicator[v->indicator];
    bool decided = v->decision != CPI_UNDECIDED, early = v->decision <= CPI_WON_BEFORE;
    bool good =
        decided ? v->decision == CPI_WON || v->decision == CPI_WON_BEFORE : !breaks_on_silence(ind);
    int64_t limit = fold->limited ? fold->limit_at : v->limited ? v->limited_at : CPI_TIME_END;
    int64_t cause = decided ? (early ? v->t0 : v->decided_at) : CPI_TIME_END;
    int64_t end = ind->within_ms ? v->t0 + ind->within_ms : cause; /* when the verdict is due */
    int64_t time = ind->count_when == CPI_HAPPENED  ? v->t0
                   : ind->count_when == CPI_AT_ONCE ? (decided ? cause : end)
                                                    : end;
    int64_t due = ind->count_when == CPI_AT_ONCE ? time : end;
    int64_t given_up = v->t0 + fold->model->keep_journeys_ms;
    struct cpi_fact fact =
        cpi_fold_fact(fold, v->indicator, CPI_FACT_COUNTED, v->subject, v->credit, time);
    fact.good = good;
    fact.by = v->by;
    if (due <= fold->t && due < limit) {
        cpi_fold_add_fact(fold, &fact);
        return;
    }
    int64_t excluded_at = limit < given_up ? limit : given_up;
    bool over = fold->limited || (limit <= fold->t);
    if (over || (!ind->within_ms && given_up <= fold->t)) {
        fact.kind = CPI_FACT_EXCLUDED;
        fact.good = false;
        fact.by = NULL;
        fact.excluded = over ? CPI_EXCLUDED_LIMIT : CPI_EXCLUDED_UNDECIDED;
        fact.time = over ? limit : excluded_at;
        cpi_fold_add_fact(fold, &fact);
        return;
    }
    fact.kind = CPI_FACT_PENDING;
    fact.good = false;
    fact.by = NULL;
    fact.time = v->t0;
    cpi_fold_add_fact(fold, &fact);
    cpi_fold_wait(fold, due != CPI_TIME_END ? due : given_up);
    if (limit != CPI_TIME_END)
        cpi_fold_wait(fold, limit);
}

static void add_holds(struct cpi_fold *fold, const struct cpi_indicator *ind, size_t start,
                      struct cpi_start *item)
{
    int64_t t0 = item->time;
    struct cpi_credited at_start = cpi_fold_credit(fold, ind, start, start, start, t0);
    item->hold = cpi_arena_take(&fold->arena, (fold->n_seen + 1) * sizeof *item->hold);
    item->hold[item->n_holds++] = (struct cpi_credit_hold){ t0, at_start.rep, at_start.team };
    if (ind->credit != CPI_CREDIT_CURRENT && ind->credit != CPI_CREDIT_WORD)
        return;
    int64_t until = ind->within_ms ? t0 + ind->within_ms : CPI_TIME_END;
    for (size_t i = start + 1; i < fold->n_seen && fold->seen[i]->ev.time <= until; i++) {
        struct cpi_credit_hold *last = &item->hold[item->n_holds - 1];
        struct cpi_credited credit = cpi_fold_credit(fold, ind, start, start, i, 0);
        if (cpi_text_order(credit.rep, last->rep) == 0 &&
            cpi_text_order(credit.team, last->team) == 0)
            continue;
        item->hold[item->n_holds++] =
            (struct cpi_credit_hold){ fold->seen[i]->ev.time, credit.rep, credit.team };
    }
}

static void send_start(struct cpi_fold *fold, uint16_t indicator, size_t start, struct own own)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    const struct cpi_event *ev = &fold->seen[start]->ev;
    struct cpi_start item = { .indicator = indicator,
                              .time = ev->time,
                              .id = ev->id,
                              .case_id = ev->case_id,
                              .customer = ev->customer,
                              .own = own.decision,
                              .own_time = ev->time,
                              .limited = fold->limited,
                              .limited_at = fold->limit_at };
    const struct cpi_same *same = &fold->plan.same[indicator];
    item.n_same = same->count;
    for (size_t i = 0; i < same->count; i++)
        item.same[i] = cpi_event_member(ev, same->member[i]);
    for (unsigned d = 0; d < fold->dims.count; d++)
        item.dim[d] = cpi_event_member(ev, fold->dims.member[d]);
    if (own.decision != CPI_UNDECIDED) {
        size_t decider = own.decider < fold->n_seen ? own.decider : start;
        struct cpi_credited credit = cpi_fold_credit(fold, ind, start, decider, decider, 0);
        item.own_time = fold->seen[decider]->ev.time;
        item.own_rep = credit.rep;
        item.own_team = credit.team;
    }
    add_holds(fold, ind, start, &item);
    cpi_fold_add_start(fold, &item);
}

static void settle_start(struct cpi_fold *fold, uint16_t indicator, size_t start, struct own own)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    const struct cpi_event *ev = &fold->seen[start]->ev;
    if (ind->cross) {
        send_start(fold, indicator, start, own);
        return;
    }
    bool early = own.decision == CPI_LOST_BEFORE || own.decision == CPI_WON_BEFORE;
    bool by_event = own.decider < fold->n_seen;
    size_t decider = early ? start : own.decider;
    struct cpi_verdict verdict = {
        .indicator = indicator,
        .subject = ev,
        .t0 = ev->time,
        .decision = own.decision,
        .decided_at = by_event ? fold->seen[own.decider]->ev.time : ev->time,
        .by = own.decision != CPI_UNDECIDED ? own.by : NULL,
        .credit = cpi_fold_credit(fold, ind, start, by_event ? own.decider : start, decider,
                                  ev->time + ind->within_ms),
    };
    cpi_fold_verdict(fold, &verdict);
}

/* pick = last: does the next start come while this one is undecided, and so replace it? (J3) */
static bool is_replaced(const struct cpi_fold *fold, const struct cpi_indicator *ind, size_t start,
                        size_t next, struct own own)
{
    if (own.decision == CPI_LOST_BEFORE || own.decision == CPI_WON_BEFORE)
        return false;
    if (own.decider < fold->n_seen)
        return next < own.decider;
    return !ind->within_ms ||
           fold->seen[next]->ev.time <= fold->seen[start]->ev.time + ind->within_ms;
}

static size_t next_start(const struct cpi_fold *fold, const struct cpi_indicator *ind, size_t from)
{
    while (from < fold->n_seen && !cpi_seen_matches(fold->seen[from], &ind->start, &ind->where))
        from++;
    return from;
}

void cpi_fold_after(struct cpi_fold *fold, uint16_t indicator)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    for (size_t s = next_start(fold, ind, 0); s < fold->n_seen;) {
        size_t next = next_start(fold, ind, s + 1);
        struct own own = judge(fold, ind, s);
        if (ind->pick != CPI_PICK_LAST || next == fold->n_seen ||
            !is_replaced(fold, ind, s, next, own))
            settle_start(fold, indicator, s, own);
        if (ind->pick == CPI_PICK_FIRST)
            break;
        s = next;
    }
}
