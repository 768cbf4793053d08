/* each X: one fact an event, or per case the first or last of them; and what an event says alone
 * (J0). */
#include "journey/journey.h"

/* Whether the member is there, or nothing will complete it. */
static bool is_final(const struct cpi_model *model, const struct cpi_event *ev, uint16_t member)
{
    const struct cpi_source *source = &model->source[ev->source];
    switch (member) {
    case CPI_MEMBER_CASE:
        return true;
    case CPI_MEMBER_CUSTOMER:
        return !source->complete_customer || cpi_text_is(ev->customer) || ev->customer_null;
    case CPI_MEMBER_REP:
    case CPI_MEMBER_TEAM:
        return !source->complete_credit || cpi_text_is(ev->rep) || cpi_text_is(ev->team) ||
               ev->rep_null || ev->team_null;
    default:
        break;
    }
    uint16_t field = (uint16_t)(member - CPI_MEMBER_FIELD0);
    if (!source->complete_field || !source->complete_field[field])
        return true;
    for (unsigned i = 0; i < ev->n_fields; i++)
        if (ev->field[i].field == field)
            return true; /* also when it is present and null */
    return false;
}

static bool conds_final(const struct cpi_model *model, const struct cpi_event *ev,
                        const struct cpi_conds *conds);

static bool cond_final(const struct cpi_model *model, const struct cpi_event *ev,
                       const struct cpi_cond *cond)
{
    if (cond->cmp != CPI_CMP_WORD)
        return is_final(model, ev, cond->member);
    return conds_final(model, ev, &model->word[cond->word].conds);
}

static bool conds_final(const struct cpi_model *model, const struct cpi_event *ev,
                        const struct cpi_conds *conds)
{
    for (size_t i = 0; i < conds->n_all; i++)
        if (!cond_final(model, ev, &conds->all[i]))
            return false;
    for (size_t i = 0; i < conds->n_any; i++)
        if (!cond_final(model, ev, &conds->any[i]))
            return false;
    return true;
}

static bool words_final(const struct cpi_model *model, const struct cpi_event *ev,
                        const struct cpi_wordset *sel)
{
    for (size_t w = model->n_types; w < model->n_words; w++)
        if (cpi_wordset_has(sel, (unsigned)w) && cpi_wordset_has(&model->word[w].types, ev->type) &&
            (!conds_final(model, ev, &model->word[w].conds) ||
             !words_final(model, ev, &model->word[w].base)))
            return false;
    return true;
}

/* J0: rep, fields and conditions are there, or nothing completes them. */
static bool is_direct(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                      const struct cpi_event *ev)
{
    const struct cpi_model *model = fold->model;
    if (ind->pick != CPI_PICK_NONE || ind->credit != CPI_CREDIT_START)
        return false;
    if (!model->source[ev->source].completes)
        return true;
    if (!is_final(model, ev, CPI_MEMBER_REP) || !words_final(model, ev, &ind->start) ||
        !conds_final(model, ev, &ind->where) || !conds_final(model, ev, &ind->good) ||
        !conds_final(model, ev, &ind->bad))
        return false;
    for (size_t i = 0; i < ind->n_of; i++)
        if (!is_final(model, ev, ind->of[i]))
            return false;
    for (unsigned d = 0; d < fold->dims.count; d++)
        if (!is_final(model, ev, fold->dims.member[d]))
            return false;
    return true;
}

/* Completes the fact of an event that matches; false if it counts neither as good nor as bad. */
static bool judge(const struct cpi_indicator *ind, const struct cpi_seen *seen,
                  struct cpi_fact *fact)
{
    fact->kind = CPI_FACT_COUNTED;
    fact->excluded = CPI_EXCLUDED_NOT;
    fact->good = false;
    fact->amount = 0;
    if (ind->share) {
        fact->good = cpi_conds_hold(&ind->good, &seen->ev, &seen->words);
        if (ind->has_bad && !fact->good && !cpi_conds_hold(&ind->bad, &seen->ev, &seen->words))
            return false;
    }
    if (ind->amount && !cpi_event_amount(&seen->ev, ind, &fact->amount)) {
        fact->kind = CPI_FACT_EXCLUDED;
        fact->excluded = CPI_EXCLUDED_AMOUNT;
    }
    return true;
}

static void count(struct cpi_fold *fold, uint16_t indicator, size_t i)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    const struct cpi_event *ev = &fold->seen[i]->ev;
    struct cpi_credited credit = cpi_fold_credit(fold, ind, i, i, i, ev->time);
    struct cpi_fact fact = cpi_fold_fact(fold, indicator, CPI_FACT_COUNTED, ev, credit, ev->time);
    if (judge(ind, fold->seen[i], &fact))
        cpi_fold_add_fact(fold, &fact);
}

void cpi_fold_each(struct cpi_fold *fold, uint16_t indicator)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    size_t picked = fold->n_seen;
    for (size_t i = 0; i < fold->n_seen; i++) {
        if (!cpi_seen_matches(fold->seen[i], &ind->start, &ind->where))
            continue;
        if (ind->pick == CPI_PICK_NONE) {
            if (!is_direct(fold, ind, &fold->came[i]->ev)) /* else it has been counted as it came */
                count(fold, indicator, i);
        } else if (picked == fold->n_seen || ind->pick == CPI_PICK_LAST) {
            picked = i;
        }
    }
    if (picked < fold->n_seen)
        count(fold, indicator, picked);
}

/* ---- what one event says alone ---- */

/* Whether an event of the type can match any of the words. */
static bool may_match(const struct cpi_model *model, uint16_t type, const struct cpi_wordset *sel)
{
    for (size_t w = 0; w < model->n_words; w++)
        if (cpi_wordset_has(sel, (unsigned)w) &&
            (w == type || (w >= model->n_types && cpi_wordset_has(&model->word[w].types, type))))
            return true;
    return false;
}

void cpi_direct_plan(const struct cpi_model *model, uint16_t type, struct cpi_direct *ret)
{
    ret->count = 0;
    ret->indicator = cpi_xcalloc(model->n_indicators, sizeof *ret->indicator);
    for (uint16_t i = 0; i < model->n_indicators; i++) {
        const struct cpi_indicator *ind = &model->indicator[i];
        if (ind->kind == CPI_EACH && ind->pick == CPI_PICK_NONE &&
            may_match(model, type, &ind->start))
            ret->indicator[ret->count++] = i;
    }
}

void cpi_sayer_init(struct cpi_sayer *sayer, const struct cpi_fold *fold,
                    const struct cpi_seen *seen, bool alone)
{
    const struct cpi_event *ev = &seen->ev;
    sayer->fold = fold;
    sayer->seen = seen;
    sayer->alone = alone;
    sayer->next = 0;
    sayer->fact = cpi_fold_fact(fold, 0, CPI_FACT_COUNTED, ev,
                                (struct cpi_credited){ ev->rep, ev->team }, ev->time);
    sayer->fact.known = ev->known;
    sayer->fact.partial = alone;
}

bool cpi_sayer_next(struct cpi_sayer *sayer)
{
    const struct cpi_fold *fold = sayer->fold;
    const struct cpi_seen *seen = sayer->seen;
    const struct cpi_direct *direct = &fold->plan.direct[seen->ev.type];
    while (sayer->next < direct->count) {
        uint16_t i = direct->indicator[sayer->next++];
        const struct cpi_indicator *ind = &fold->model->indicator[i];
        sayer->fact.indicator = i;
        if (cpi_seen_matches(seen, &ind->start, &ind->where) &&
            (sayer->alone || is_direct(fold, ind, &seen->ev)) && judge(ind, seen, &sayer->fact))
            return true;
    }
    return false;
}
