/* from X to Y (first | last | each) … until Z, quiet (J3, J6); tally X until Y. */
#include "journey/journey.h"

struct pair {
    size_t start, to; /* n_seen = none */
};

static void put(struct cpi_fold *fold, uint16_t indicator, const struct pair *pair, size_t decider,
                int64_t at)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    const struct cpi_event *start = &fold->seen[pair->start]->ev, *to = &fold->seen[pair->to]->ev;
    struct cpi_credited credit = cpi_fold_credit(fold, ind, pair->start, pair->to, decider, at);
    int64_t time = ind->count_when == CPI_HAPPENED ? start->time : at;
    struct cpi_fact fact = cpi_fold_fact(fold, indicator, CPI_FACT_COUNTED, to, credit, time);
    fact.amount = to->time - start->time;
    cpi_fold_add_fact(fold, &fact);
}

static void exclude(struct cpi_fold *fold, uint16_t indicator, const struct pair *pair,
                    enum cpi_excluded reason, size_t decider, int64_t at)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    size_t end = pair->to < fold->n_seen ? pair->to : pair->start;
    struct cpi_credited credit = cpi_fold_credit(fold, ind, pair->start, end, decider, at);
    struct cpi_fact fact =
        cpi_fold_fact(fold, indicator, CPI_FACT_EXCLUDED, &fold->seen[pair->start]->ev, credit, at);
    fact.excluded = reason;
    cpi_fold_add_fact(fold, &fact);
}

/* When silence ends the pair, if no event of it comes before: quiet after the last `to`, or given
 * up. */
static int64_t silence_end(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                           const struct pair *pair, bool to_is_newest)
{
    int64_t given_up = fold->seen[pair->start]->ev.time + fold->model->keep_journeys_ms;
    if (!ind->quiet_ms || pair->to == fold->n_seen || !to_is_newest)
        return given_up;
    int64_t quiet = fold->seen[pair->to]->ev.time + ind->quiet_ms;
    return quiet < given_up ? quiet : given_up;
}

/* The pair ended in silence at `at`. */
static void end_in_silence(struct cpi_fold *fold, uint16_t indicator, const struct pair *pair,
                           int64_t at)
{
    int64_t given_up = fold->seen[pair->start]->ev.time + fold->model->keep_journeys_ms;
    if (at < given_up)
        put(fold, indicator, pair, fold->n_seen, at);
    else
        exclude(fold, indicator, pair, CPI_EXCLUDED_UNDECIDED, fold->n_seen, at);
}

static void leave_open(struct cpi_fold *fold, uint16_t indicator, const struct pair *pair,
                       bool to_is_newest)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    const struct cpi_event *start = &fold->seen[pair->start]->ev;
    int64_t at = silence_end(fold, ind, pair, to_is_newest);
    if (at <= fold->t) {
        end_in_silence(fold, indicator, pair, at);
        return;
    }
    if (fold->limited) {
        exclude(fold, indicator, pair, CPI_EXCLUDED_LIMIT, fold->n_seen, fold->limit_at);
        return;
    }
    size_t end = pair->to < fold->n_seen ? pair->to : pair->start;
    struct cpi_credited credit =
        cpi_fold_credit(fold, ind, pair->start, end, fold->n_seen, CPI_TIME_END);
    struct cpi_fact fact =
        cpi_fold_fact(fold, indicator, CPI_FACT_PENDING, start, credit, start->time);
    cpi_fold_add_fact(fold, &fact);
    cpi_fold_wait(fold, at);
}

/* Decides the pair at event i, if i does. */
static bool decide(struct cpi_fold *fold, uint16_t indicator, struct pair *pair, size_t i,
                   bool is_to, bool is_until)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    if (is_to)
        pair->to = i;
    if (is_to && ind->pick != CPI_PICK_LAST) {
        put(fold, indicator, pair, i, fold->seen[i]->ev.time);
        return true;
    }
    if (!is_until)
        return false;
    if (pair->to < fold->n_seen)
        put(fold, indicator, pair, i, fold->seen[i]->ev.time);
    else
        exclude(fold, indicator, pair, CPI_EXCLUDED_UNDECIDED, i, fold->seen[i]->ev.time);
    return true;
}

void cpi_fold_pairs(struct cpi_fold *fold, uint16_t indicator)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    struct pair pair = { fold->n_seen, fold->n_seen };
    bool to_is_newest = false;
    for (size_t i = 0; i < fold->n_seen; i++) {
        const struct cpi_seen *seen = fold->seen[i];
        bool is_from = cpi_seen_matches(seen, &ind->start, &ind->where);
        bool is_to = cpi_wordset_meets(&seen->words, &ind->end);
        bool is_until = cpi_wordset_meets(&seen->words, &ind->until);
        if (!is_from && !is_to && !is_until)
            continue;
        if (pair.start < fold->n_seen) {
            int64_t silence = silence_end(fold, ind, &pair, to_is_newest);
            if (silence < seen->ev.time) {
                end_in_silence(fold, indicator, &pair, silence);
                pair.start = fold->n_seen;
            }
        }
        if (pair.start < fold->n_seen && decide(fold, indicator, &pair, i, is_to, is_until))
            pair.start = fold->n_seen;
        else if (is_from && (pair.start == fold->n_seen || ind->pick == CPI_PICK_EACH))
            pair = (struct pair){ i, fold->n_seen };
        to_is_newest = is_to;
    }
    if (pair.start < fold->n_seen)
        leave_open(fold, indicator, &pair, to_is_newest);
}

void cpi_fold_tally(struct cpi_fold *fold, uint16_t indicator)
{
    const struct cpi_indicator *ind = &fold->model->indicator[indicator];
    int64_t count = 0;
    for (size_t i = 0; i < fold->n_seen; i++) {
        const struct cpi_seen *seen = fold->seen[i];
        count += cpi_seen_matches(seen, &ind->start, &ind->where);
        if (!cpi_wordset_meets(&seen->words, &ind->end))
            continue;
        struct cpi_credited credit = cpi_fold_credit(fold, ind, i, i, i, 0);
        struct cpi_fact fact =
            cpi_fold_fact(fold, indicator, CPI_FACT_COUNTED, &seen->ev, credit, seen->ev.time);
        fact.amount = count;
        cpi_fold_add_fact(fold, &fact);
        count = 0;
    }
}
