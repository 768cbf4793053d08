#include "batch.h"

const char *const batch_indicator_name[BATCH_INDICATORS] = { "solved", "talk", "csat",   "fcr",
                                                             "then",   "turn", "backlog" };
const char *const batch_entity_name[BATCH_ENTITIES] = { "org:*",      "rep:r0",      "rep:r1",
                                                        "rep:r2",     "team:phone",  "team:mail",
                                                        "team:field", "team:support" };
#define WITHIN (2 * CPI_HOUR)
#define KEEP CPI_DAY

static unsigned entities_of(const struct plan_event *ev)
{
    return 1u | 2u << ev->rep | 16u << ev->rep | (ev->rep < 2 ? 128u : 0);
}

static bool is(const struct plan_event *ev, const char *type)
{
    return strcmp(ev->type, type) == 0;
}

static void count_in(struct batch *batch, enum batch_indicator indicator,
                     const struct plan_event *credit, int64_t time, int64_t amount, bool good)
{
    batch->fact = cpi_grow(batch->fact, batch->count, &batch->cap, sizeof *batch->fact);
    batch->fact[batch->count++] = (struct batch_fact){ .indicator = indicator,
                                                       .entities = entities_of(credit),
                                                       .time = time,
                                                       .amount = amount,
                                                       .good = good };
}

static void count_alone(struct batch *batch, const struct plan_event *ev)
{
    if (is(ev, "case.resolved"))
        count_in(batch, BATCH_SOLVED, ev, ev->time, 0, false);
    if (is(ev, "contact.ended"))
        count_in(batch, BATCH_TALK, ev, ev->time, ev->talk_s * 1000, false);
    if (is(ev, "survey.answered"))
        count_in(batch, BATCH_CSAT, ev, ev->time, 0, ev->score > 0);
}

/* Did the customer, or the case, come back after it was solved? */
static bool came_back(const struct plan *plan, const struct plan_event *solved, bool other_cases)
{
    for (size_t i = 0; i < plan->n_events; i++) {
        const struct plan_event *ev = &plan->event[i];
        if (ev->time <= solved->time || ev->time > solved->time + WITHIN)
            continue;
        if (is(ev, "case.reopened") && ev->case_number == solved->case_number)
            return true;
        if (other_cases && is(ev, "case.opened") && ev->customer == solved->customer &&
            ev->case_number != solved->case_number)
            return true;
    }
    return false;
}

static void count_verdicts(struct batch *batch, const struct plan *plan,
                           const struct plan_event *solved)
{
    count_in(batch, BATCH_FCR, solved, solved->time + WITHIN, 0, !came_back(plan, solved, true));
    count_in(batch, BATCH_THEN, solved, solved->time, 0, !came_back(plan, solved, false));
}

static void open_span(struct batch *batch, const struct plan_event *credit, int64_t opened,
                      int64_t from, int64_t until)
{
    batch->fact = cpi_grow(batch->fact, batch->count, &batch->cap, sizeof *batch->fact);
    batch->fact[batch->count++] = (struct batch_fact){ .indicator = BATCH_BACKLOG,
                                                       .entities = entities_of(credit),
                                                       .time = from,
                                                       .until = until,
                                                       .amount = opened };
}

/* One case, its events in the order of time and, within an instant, of their numbers. */
static void count_case(struct batch *batch, const struct plan *plan,
                       const struct plan_event *const *event, size_t count)
{
    const struct plan_event *solved = NULL, *asked = NULL, *opened = NULL, *whose = NULL;
    int64_t since = 0;
    for (size_t i = 0; i < count; i++) {
        const struct plan_event *ev = event[i];
        if (opened) { /* until now it was this one's */
            open_span(batch, whose, opened->time, since, ev->time);
            since = ev->time;
            whose = ev;
        }
        if (is(ev, "case.resolved")) {
            if (!solved)
                count_verdicts(batch, plan, ev);
            solved = ev;
            if (asked)
                count_in(batch, BATCH_TURN, ev, ev->time, ev->time - asked->time, false);
            asked = opened = NULL;
        }
        if (is(ev, "case.opened") && !asked)
            asked = ev;
        if ((is(ev, "case.opened") || is(ev, "case.reopened")) && !opened) {
            opened = whose = ev;
            since = ev->time;
        }
    }
    if (opened)
        open_span(batch, whose, opened->time, since, opened->time + KEEP);
}

static int order_events(const void *a, const void *b)
{
    const struct plan_event *l = *(const struct plan_event *const *)a;
    const struct plan_event *r = *(const struct plan_event *const *)b;
    if (l->case_number != r->case_number)
        return l->case_number < r->case_number ? -1 : 1;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return (l->number > r->number) - (l->number < r->number);
}

void batch_make(struct batch *batch, const struct plan *plan)
{
    *batch = (struct batch){ NULL, 0, 0 };
    const struct plan_event **event = cpi_xmalloc((plan->n_events + 1) * sizeof *event);
    for (size_t i = 0; i < plan->n_events; i++) {
        event[i] = &plan->event[i];
        count_alone(batch, &plan->event[i]);
    }
    qsort(event, plan->n_events, sizeof *event, order_events);
    for (size_t i = 0, end; i < plan->n_events; i = end) {
        for (end = i; end < plan->n_events && event[end]->case_number == event[i]->case_number;)
            end++;
        if (event[i]->case_number != NO_CASE)
            count_case(batch, plan, event + i, end - i);
    }
    free(event);
}

void batch_fini(struct batch *batch)
{
    free(batch->fact);
}

static int order_numbers(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

/* What is open at b was opened before it and is closed at it or later. */
static bool is_in(const struct batch_fact *fact, int64_t start, int64_t end)
{
    if (fact->indicator == BATCH_BACKLOG)
        return fact->time < end && fact->until >= end;
    return fact->time >= start && fact->time < end;
}

struct batch_figure batch_read(const struct batch *batch, enum batch_indicator indicator,
                               unsigned entity, int64_t start, int64_t end)
{
    struct batch_figure f = { 0 };
    int64_t amount[512];
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_fact *fact = &batch->fact[i];
        if (fact->indicator != indicator || !(fact->entities >> entity & 1) ||
            !is_in(fact, start, end) || f.n == 512)
            continue;
        amount[f.n++] = fact->amount;
        f.sum += fact->amount;
        f.good += fact->good;
    }
    if (f.n == 0)
        return f;
    qsort(amount, (size_t)f.n, sizeof *amount, order_numbers);
    f.min = amount[0];
    f.max = amount[f.n - 1];
    f.p50 = amount[(f.n + 1) / 2 - 1];
    f.p90 = amount[(f.n * 9 + 9) / 10 - 1];
    return f;
}
