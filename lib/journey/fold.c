/* The fold of a case: which events it sees, what they take from earlier ones (O7), then every
 * definition that needs one case. */
#include <stdlib.h>
#include <string.h>

#include "journey/journey.h"

static void plan_same(const struct cpi_indicator *ind, struct cpi_same *same)
{
    for (size_t b = 0; b < ind->n_breakers; b++) {
        const struct cpi_breaker *breaker = &ind->breaker[b];
        for (size_t i = 0; i < breaker->n_same + breaker->n_other; i++) {
            uint16_t member =
                i < breaker->n_same ? breaker->same[i] : breaker->other[i - breaker->n_same];
            size_t k = 0;
            while (k < same->count && same->member[k] != member)
                k++;
            if (k == same->count && k < CPI_SAME_MAX * 2)
                same->member[same->count++] = member;
        }
    }
}

static void plan_sources(struct cpi_fold_plan *plan, const struct cpi_model *model)
{
    for (size_t s = 0; s < model->n_sources; s++) {
        const struct cpi_source *source = &model->source[s];
        plan->completes |= source->complete_customer || source->complete_credit;
        for (size_t f = 0; source->complete_field && f < model->n_fields; f++)
            plan->completes_fields |= source->complete_field[f];
    }
    plan->completes |= plan->completes_fields;
}

static void plan_forwarded(struct cpi_fold_plan *plan, const struct cpi_indicator *ind)
{
    for (size_t b = 0; b < ind->n_breakers; b++)
        for (size_t k = 0;
             ind->breaker[b].same_customer && !ind->breaker[b].same_case && k < CPI_WORDS_MAX / 64;
             k++)
            plan->forwarded.bits[k] |= ind->breaker[b].sel.bits[k];
}

void cpi_fold_init(struct cpi_fold *fold, const struct cpi_model *model)
{
    *fold = (struct cpi_fold){ .model = model, .dims = cpi_dim_fields_of(model) };
    struct cpi_fold_plan *plan = &fold->plan;
    plan->folded = cpi_xcalloc(model->n_indicators, sizeof *plan->folded);
    plan->direct = cpi_xcalloc(model->n_types, sizeof *plan->direct);
    plan->same = cpi_xcalloc(model->n_indicators, sizeof *plan->same);
    plan_sources(plan, model);
    for (uint16_t i = 0; i < model->n_indicators; i++) {
        const struct cpi_indicator *ind = &model->indicator[i];
        plan_forwarded(plan, ind);
        plan_same(ind, &plan->same[i]);
        if (ind->kind != CPI_DERIVED && (ind->kind != CPI_EACH || ind->in_case || plan->completes))
            plan->folded[plan->n_folded++] = i;
    }
    for (uint16_t t = 0; t < model->n_types; t++)
        cpi_direct_plan(model, t, &plan->direct[t]);
    cpi_arena_init(&fold->arena);
    cpi_buf_init(&fold->scratch);
}

void cpi_fold_fini(struct cpi_fold *fold)
{
    cpi_arena_fini(&fold->arena);
    cpi_buf_fini(&fold->scratch);
    free(fold->plan.folded);
    for (size_t t = 0; t < fold->model->n_types; t++)
        free(fold->plan.direct[t].indicator);
    free(fold->plan.direct);
    free(fold->plan.same);
    free(fold->seen);
    free(fold->came);
    free(fold->out);
}

void cpi_fold_reset(struct cpi_fold *fold, int64_t t)
{
    cpi_arena_reset(&fold->arena);
    fold->n_seen = fold->n_out = 0;
    fold->t = t;
    fold->limited = false;
    fold->limit_at = CPI_TIME_END;
    fold->next = CPI_TIME_END;
}

void cpi_fold_wait(struct cpi_fold *fold, int64_t at)
{
    if (at > fold->t && at < fold->next && !fold->limited)
        fold->next = at;
}

bool cpi_seen_matches(const struct cpi_seen *seen, const struct cpi_wordset *sel,
                      const struct cpi_conds *conds)
{
    return cpi_wordset_meets(&seen->words, sel) && cpi_conds_hold(conds, &seen->ev, &seen->words);
}

/* What later events of the case may take: the latest value so far of each member. */
struct carried {
    struct cpi_text customer, rep, team;
    struct cpi_text *field; /* per model field */
};

static void complete_fields(struct cpi_fold *fold, const struct cpi_source *source,
                            struct cpi_event *ev, struct carried *carried)
{
    size_t n = fold->model->n_fields;
    struct cpi_event_field *merged =
        cpi_arena_take(&fold->arena, CPI_EVENT_FIELDS_MAX * sizeof *merged);
    unsigned k = 0, own = 0;
    for (uint16_t f = 0; f < n && k < CPI_EVENT_FIELDS_MAX; f++) {
        if (own < ev->n_fields && ev->field[own].field == f) {
            carried->field[f] = ev->field[own].value;
            merged[k++] = ev->field[own++];
        } else if (source->complete_field && source->complete_field[f] &&
                   cpi_text_is(carried->field[f])) {
            merged[k++] = (struct cpi_event_field){ f, carried->field[f] };
        }
    }
    ev->field = merged;
    ev->n_fields = k;
}

static void complete(struct cpi_fold *fold, struct cpi_event *ev, struct carried *carried)
{
    const struct cpi_source *source = &fold->model->source[ev->source];
    if (cpi_text_is(ev->customer) || ev->customer_null)
        carried->customer = ev->customer;
    else if (source->complete_customer)
        ev->customer = carried->customer;
    if (cpi_text_is(ev->rep) || cpi_text_is(ev->team) || ev->rep_null || ev->team_null) {
        carried->rep = ev->rep; /* rep and team travel together */
        carried->team = ev->team;
    } else if (source->complete_credit) {
        ev->rep = carried->rep;
        ev->team = carried->team;
    }
    if (carried->field)
        complete_fields(fold, source, ev, carried);
}

static int order_int64(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

/* The instant at which the number of visible events first exceeds the limit; CPI_TIME_END = never.
 */
static int64_t limit_instant(struct cpi_fold *fold, const struct cpi_seen *event, size_t count,
                             int64_t t)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += event[i].ev.known <= t;
    if (n <= CPI_JOURNEY_EVENTS_MAX)
        return CPI_TIME_END;
    int64_t *known = cpi_arena_take(&fold->arena, count * sizeof *known);
    for (size_t i = 0; i < count; i++)
        known[i] = event[i].ev.known;
    qsort(known, count, sizeof *known, order_int64);
    return known[CPI_JOURNEY_EVENTS_MAX];
}

/* The event with what it takes from earlier ones, in the arena. */
static const struct cpi_seen *completed(struct cpi_fold *fold, const struct cpi_seen *event,
                                        struct carried *carried)
{
    struct cpi_seen *seen = cpi_arena_take(&fold->arena, sizeof *seen);
    seen->ev = event->ev;
    complete(fold, &seen->ev, carried);
    seen->words = cpi_event_words(&seen->ev, fold->model);
    return seen;
}

static void see(struct cpi_fold *fold, const struct cpi_seen *event, size_t count, int64_t t)
{
    struct carried carried = { CPI_ABSENT, CPI_ABSENT, CPI_ABSENT, NULL };
    int64_t limit =
        count > CPI_JOURNEY_EVENTS_MAX ? limit_instant(fold, event, count, t) : CPI_TIME_END;
    if (limit != CPI_TIME_END) {
        fold->limited = true;
        fold->limit_at = limit;
        fold->t = limit - 1;
    }
    if (fold->plan.completes_fields)
        carried.field = cpi_arena_take(&fold->arena, fold->model->n_fields * sizeof *carried.field);
    for (size_t i = 0; i < count; i++) {
        if (event[i].ev.known > fold->t) {
            cpi_fold_wait(fold, event[i].ev.known);
            continue;
        }
        fold->seen = cpi_grow(fold->seen, fold->n_seen, &fold->cap_seen, sizeof *fold->seen);
        fold->came = cpi_grow(fold->came, fold->n_seen, &fold->cap_came, sizeof *fold->came);
        fold->came[fold->n_seen] = &event[i];
        fold->seen[fold->n_seen++] =
            fold->plan.completes ? completed(fold, &event[i], &carried) : &event[i];
    }
}

static void forward(struct cpi_fold *fold)
{
    if (cpi_wordset_is_empty(&fold->plan.forwarded))
        return;
    for (size_t e = 0; e < fold->n_seen; e++)
        if (cpi_wordset_meets(&fold->seen[e]->words, &fold->plan.forwarded) &&
            cpi_text_is(fold->seen[e]->ev.customer))
            cpi_fold_add_forward(fold, &fold->seen[e]->ev);
}

void cpi_fold_case(struct cpi_fold *fold, const struct cpi_seen *event, size_t count, int64_t t)
{
    cpi_fold_reset(fold, t);
    see(fold, event, count, t);
    if (!fold->n_seen)
        return;
    for (size_t f = 0; f < fold->plan.n_folded; f++) {
        uint16_t i = fold->plan.folded[f];
        switch (fold->model->indicator[i].kind) {
        case CPI_EACH:
            cpi_fold_each(fold, i);
            break;
        case CPI_AFTER:
            cpi_fold_after(fold, i);
            break;
        case CPI_FROM:
            cpi_fold_pairs(fold, i);
            break;
        case CPI_TALLY:
            cpi_fold_tally(fold, i);
            break;
        case CPI_OPEN:
            cpi_fold_gauge(fold, i);
            break;
        case CPI_DERIVED:
            break;
        }
    }
    forward(fold);
    cpi_fold_sort(fold);
}

static bool has_credit(const struct cpi_seen *seen)
{
    return cpi_text_is(seen->ev.rep) || cpi_text_is(seen->ev.team);
}

struct cpi_credited cpi_fold_credit(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                                    size_t start, size_t end, size_t decider, int64_t until)
{
    size_t who = fold->n_seen;
    switch (ind->credit) {
    case CPI_CREDIT_START:
        who = start;
        break;
    case CPI_CREDIT_END:
        who = end;
        break;
    case CPI_CREDIT_BREAKER:
        who = decider;
        break;
    case CPI_CREDIT_FIRST:
        for (who = 0; who < fold->n_seen && !has_credit(fold->seen[who]); who++)
            ;
        break;
    case CPI_CREDIT_CURRENT:
    case CPI_CREDIT_WORD:
        for (size_t i = 0; i < fold->n_seen; i++) {
            if (decider < fold->n_seen ? i > decider : fold->seen[i]->ev.time > until)
                break;
            if (ind->credit == CPI_CREDIT_CURRENT
                    ? has_credit(fold->seen[i])
                    : cpi_wordset_meets(&fold->seen[i]->words, &ind->credit_sel))
                who = i;
        }
        break;
    }
    if (who >= fold->n_seen)
        return (struct cpi_credited){ CPI_ABSENT, CPI_ABSENT };
    return (struct cpi_credited){ fold->seen[who]->ev.rep, fold->seen[who]->ev.team };
}
