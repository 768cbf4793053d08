/* The fold of a case: which events it sees, what they take from earlier ones (O7), then every
 * definition that needs one case. */
#include <stdlib.h>
#include <string.h>

#include "journey/journey.h"

void cpi_fold_init(struct cpi_fold *fold, const struct cpi_model *model)
{
    *fold = (struct cpi_fold){ .model = model, .dims = cpi_dim_fields_of(model) };
    cpi_arena_init(&fold->arena);
}

void cpi_fold_fini(struct cpi_fold *fold)
{
    cpi_arena_fini(&fold->arena);
    free(fold->seen);
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

static bool some_source_completes_fields(const struct cpi_model *model)
{
    for (size_t s = 0; s < model->n_sources; s++)
        for (size_t f = 0; model->source[s].complete_field && f < model->n_fields; f++)
            if (model->source[s].complete_field[f])
                return true;
    return false;
}

static int order_int64(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

/* The instant at which the number of visible events first exceeds the limit; CPI_TIME_END = never.
 */
static int64_t limit_instant(struct cpi_fold *fold, const struct cpi_event *ev, size_t count,
                             int64_t t)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += ev[i].known <= t;
    if (n <= CPI_JOURNEY_EVENTS_MAX)
        return CPI_TIME_END;
    int64_t *known = cpi_arena_take(&fold->arena, count * sizeof *known);
    for (size_t i = 0; i < count; i++)
        known[i] = ev[i].known;
    qsort(known, count, sizeof *known, order_int64);
    return known[CPI_JOURNEY_EVENTS_MAX];
}

static void see(struct cpi_fold *fold, const struct cpi_event *ev, size_t count, int64_t t)
{
    struct carried carried = { CPI_ABSENT, CPI_ABSENT, CPI_ABSENT, NULL };
    int64_t limit = limit_instant(fold, ev, count, t);
    if (limit != CPI_TIME_END) {
        fold->limited = true;
        fold->limit_at = limit;
        fold->t = limit - 1;
    }
    if (some_source_completes_fields(fold->model))
        carried.field = cpi_arena_take(&fold->arena, fold->model->n_fields * sizeof *carried.field);
    for (size_t i = 0; i < count; i++) {
        if (ev[i].known > fold->t) {
            cpi_fold_wait(fold, ev[i].known);
            continue;
        }
        fold->seen = cpi_grow(fold->seen, fold->n_seen, &fold->cap_seen, sizeof *fold->seen);
        struct cpi_seen *seen = &fold->seen[fold->n_seen++];
        seen->ev = ev[i];
        complete(fold, &seen->ev, &carried);
        seen->words = cpi_event_words(&seen->ev, fold->model);
    }
}

static bool is_forwarded(const struct cpi_indicator *ind, const struct cpi_seen *seen)
{
    for (size_t b = 0; b < ind->n_breakers; b++)
        if (ind->breaker[b].same_customer && !ind->breaker[b].same_case &&
            cpi_wordset_meets(&seen->words, &ind->breaker[b].sel))
            return true;
    return false;
}

static void forward(struct cpi_fold *fold)
{
    for (size_t e = 0; e < fold->n_seen; e++) {
        bool named = false;
        for (size_t i = 0; i < fold->model->n_indicators && !named; i++)
            named = is_forwarded(&fold->model->indicator[i], &fold->seen[e]);
        if (named && cpi_text_is(fold->seen[e].ev.customer))
            cpi_fold_add_forward(fold, &fold->seen[e].ev);
    }
}

void cpi_fold_case(struct cpi_fold *fold, const struct cpi_event *ev, size_t count, int64_t t)
{
    cpi_fold_reset(fold, t);
    see(fold, ev, count, t);
    if (!fold->n_seen)
        return;
    for (uint16_t i = 0; i < fold->model->n_indicators; i++) {
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
        for (who = 0; who < fold->n_seen && !has_credit(&fold->seen[who]); who++)
            ;
        break;
    case CPI_CREDIT_CURRENT:
    case CPI_CREDIT_WORD:
        for (size_t i = 0; i < fold->n_seen; i++) {
            if (decider < fold->n_seen ? i > decider : fold->seen[i].ev.time > until)
                break;
            if (ind->credit == CPI_CREDIT_CURRENT
                    ? has_credit(&fold->seen[i])
                    : cpi_wordset_meets(&fold->seen[i].words, &ind->credit_sel))
                who = i;
        }
        break;
    }
    if (who >= fold->n_seen)
        return (struct cpi_credited){ CPI_ABSENT, CPI_ABSENT };
    return (struct cpi_credited){ fold->seen[who].ev.rep, fold->seen[who].ev.team };
}
