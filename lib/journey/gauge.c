/* open X until Y: a gauge. +1 at the opening, -1 at the close; credit moves with the case (J9). */
#include "journey/journey.h"

struct opening {
    size_t at; /* n_seen = closed */
    struct cpi_credited credit;
};

static void put(struct cpi_fold *fold, uint16_t indicator, const struct opening *opening, int sign,
                int64_t time)
{
    const struct cpi_event *opened = &fold->seen[opening->at]->ev;
    struct cpi_fact fact =
        cpi_fold_fact(fold, indicator, CPI_FACT_OPEN, opened, opening->credit, time);
    fact.sign = sign;
    fact.amount = opened->time;
    cpi_fold_add_fact(fold, &fact);
}

static void give_up(struct cpi_fold *fold, uint16_t indicator, const struct opening *opening,
                    int64_t at, enum cpi_excluded reason)
{
    put(fold, indicator, opening, -1, at);
    struct cpi_fact fact = cpi_fold_fact(fold, indicator, CPI_FACT_EXCLUDED,
                                         &fold->seen[opening->at]->ev, opening->credit, at);
    fact.excluded = reason;
    cpi_fold_add_fact(fold, &fact);
}

static bool same_credit(struct cpi_credited a, struct cpi_credited b)
{
    return cpi_text_order(a.rep, b.rep) == 0 && cpi_text_order(a.team, b.team) == 0;
}

void cpi_fold_gauge(struct cpi_fold *fold, uint16_t indicator)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    int64_t keep = fold->model->keep_journeys_ms;
    struct opening opening = { fold->n_seen, { CPI_ABSENT, CPI_ABSENT } };
    for (size_t i = 0; i < fold->n_seen; i++) {
        const struct cpi_seen *seen = fold->seen[i];
        int64_t time = seen->ev.time;
        bool opens = cpi_seen_matches(seen, &ind->start, &ind->where);
        bool closes = cpi_wordset_meets(&seen->words, &ind->end);
        if (opening.at < fold->n_seen && fold->seen[opening.at]->ev.time + keep < time) {
            give_up(fold, indicator, &opening, fold->seen[opening.at]->ev.time + keep,
                    CPI_EXCLUDED_UNDECIDED);
            opening.at = fold->n_seen;
        }
        if (opening.at == fold->n_seen) {
            if (opens) {
                opening.at = i;
                opening.credit = cpi_fold_credit(fold, ind, i, i, i, time);
                put(fold, indicator, &opening, 1, time);
            }
        } else if (closes) {
            put(fold, indicator, &opening, -1, time);
            opening.at = fold->n_seen;
        } else {
            struct cpi_credited credit = cpi_fold_credit(fold, ind, opening.at, i, i, time);
            if (!same_credit(credit, opening.credit)) {
                put(fold, indicator, &opening, -1, time);
                opening.credit = credit;
                put(fold, indicator, &opening, 1, time);
            }
        }
    }
    if (opening.at == fold->n_seen)
        return;
    int64_t given_up = fold->seen[opening.at]->ev.time + keep;
    if (given_up <= fold->t)
        give_up(fold, indicator, &opening, given_up, CPI_EXCLUDED_UNDECIDED);
    else if (fold->limited)
        give_up(fold, indicator, &opening, fold->limit_at, CPI_EXCLUDED_LIMIT);
    else
        cpi_fold_wait(fold, given_up);
}
