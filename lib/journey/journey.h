/* Journeys are pure folds: outcomes(events with known <= t, t). The stages fold at t - 1 and at t,
 * and the difference leaves as facts and items, -1 and +1, known at t. Late events, deadlines and
 * corrections are all that one subtraction.
 *
 * Sources: semantics.md J0 - J12, O2, O7. */
#ifndef CPI_JOURNEY_JOURNEY_H
#define CPI_JOURNEY_JOURNEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/alloc.h"
#include "cpi/event.h"
#include "cpi/model.h"
#include "event/fact.h"

#define CPI_JOURNEY_EVENTS_MAX 1000

/* ---- outcomes ---- */
enum cpi_outcome_kind {
    CPI_OUTCOME_FACT,
    CPI_OUTCOME_START,   /* to the customer stage: a start and what its own case knows of it */
    CPI_OUTCOME_FORWARD, /* to the customer stage: an event that a breaker names */
};
enum cpi_decision { CPI_UNDECIDED, CPI_LOST_BEFORE, CPI_WON_BEFORE, CPI_LOST, CPI_WON };

struct cpi_credit_hold {
    int64_t from; /* event time from which it holds; the first holds from the start on */
    struct cpi_text rep, team;
};
struct cpi_start {
    uint16_t indicator;
    int64_t time;          /* t0 */
    struct cpi_hash128 id; /* of the start event */
    struct cpi_text case_id, customer;
    enum cpi_decision own; /* what the case alone decides, and when */
    int64_t own_time;
    struct cpi_text own_rep, own_team; /* credit if the case's own event decides */
    struct cpi_credit_hold *hold;      /* ascending; credit if something else decides */
    size_t n_holds;
    bool limited; /* the case's journey ended here, undecided */
    int64_t limited_at;
    struct cpi_text same[CPI_SAME_MAX * 2]; /* values of the members that breakers compare */
    size_t n_same;
    struct cpi_text dim[CPI_DIM_FIELDS_MAX];
};
struct cpi_outcome {
    enum cpi_outcome_kind kind;
    uint64_t hash; /* of bytes */
    struct cpi_text
        bytes; /* canonical form: equal outcomes have equal bytes; START, FORWARD: item body */
    struct cpi_fact fact;     /* of FACT; sign is part of it */
    struct cpi_text customer; /* of START and FORWARD: the key of the customer stage */
    int64_t time;
};

/* ---- a fold ---- */
struct cpi_seen { /* an event and the words it matches */
    struct cpi_event ev;
    struct cpi_wordset words;
};
/* What a fold needs of the model, looked up once. */
struct cpi_fold_plan {
    uint16_t *folded; /* indicators that need the case's fold, ascending */
    size_t n_folded;
    struct cpi_direct { /* per type: `each` without `pick` that such an event may say alone */
        uint16_t *indicator;
        size_t count;
    } * direct;
    struct cpi_wordset forwarded;     /* words that breakers of other cases name */
    bool completes, completes_fields; /* some source completes anything; fields */
    struct cpi_same { /* per indicator: members that its cross-case breakers compare */
        uint16_t member[CPI_SAME_MAX * 2];
        size_t count;
    } * same;
};
struct cpi_fold {
    const struct cpi_model *model;
    struct cpi_dim_fields dims;
    struct cpi_fold_plan plan;
    struct cpi_arena arena; /* of bytes, holds and completed events; reset by each fold */
    struct cpi_buf scratch;
    const struct cpi_seen **seen; /* visible and completed, in order */
    const struct cpi_seen **came; /* the same as they came, not completed */
    size_t n_seen, cap_seen, cap_came;
    int64_t t;    /* decided up to here: the instant, or just before the limit */
    bool limited; /* more than CPI_JOURNEY_EVENTS_MAX events are visible (J7) */
    int64_t limit_at;
    int64_t next;            /* the next instant at which the same events give other outcomes */
    struct cpi_outcome *out; /* sorted by (hash, bytes) when the fold is done */
    size_t n_out, cap_out;
};
void cpi_fold_init(struct cpi_fold *fold, const struct cpi_model *model);
void cpi_fold_fini(struct cpi_fold *fold);

/* Folds the events of one case, given in their order (O1) with the words of each as it came, at
 * instant t. */
void cpi_fold_case(struct cpi_fold *fold, const struct cpi_seen *event, size_t count, int64_t t);

/* Entries of a customer's journey, as the customer stage keeps them: visible while from <= t < to.
 */
struct cpi_entry {
    bool is_start;
    int64_t time, from, to;
    struct cpi_text body;          /* of the item */
    const struct cpi_start *start; /* decoded: one of the two, or neither if it cannot be */
    const struct cpi_seen *seen;
};
/* Decodes the body into the arena: is_start, time, start or seen. 0, -EBADMSG (malformed), -ENOENT
 * (of an indicator, type or source that the model does not have: neither start nor seen). */
int cpi_entry_decode(struct cpi_entry *entry, const struct cpi_model *model,
                     struct cpi_arena *arena);
/* The journey ends at t, over its limit (J7): what is undecided just before it is excluded. */
void cpi_fold_customer_end(struct cpi_fold *fold, const struct cpi_entry *entry, size_t count,
                           int64_t t);
/* Folds the decoded entries of one customer at t. */
void cpi_fold_customer(struct cpi_fold *fold, const struct cpi_entry *entry, size_t count,
                       int64_t t);

/* The facts of one event that depend on it alone (J0): of every `each` indicator without `pick`
 * whose members the event has or nothing completes. `alone`: nothing will complete them (no
 * journey: every `each` is judged now, J7). */
struct cpi_sayer {
    const struct cpi_fold *fold;
    const struct cpi_seen *seen;
    bool alone;
    size_t next;
    struct cpi_fact fact; /* the one that cpi_sayer_next found; sign and known as the event's */
};
void cpi_sayer_init(struct cpi_sayer *sayer, const struct cpi_fold *fold,
                    const struct cpi_seen *seen, bool alone);
bool cpi_sayer_next(struct cpi_sayer *sayer);

/* ---- shared by the kinds; private to this folder ---- */
struct cpi_credited {
    struct cpi_text rep, team;
};
void cpi_fold_reset(struct cpi_fold *fold, int64_t t);
/* `at` > t becomes a candidate for the next instant. */
void cpi_fold_wait(struct cpi_fold *fold, int64_t at);
struct cpi_fact cpi_fold_fact(const struct cpi_fold *fold, uint16_t indicator,
                              enum cpi_fact_kind kind, const struct cpi_event *subject,
                              struct cpi_credited credit, int64_t time);
void cpi_fold_add_fact(struct cpi_fold *fold, const struct cpi_fact *fact);
void cpi_fold_add_start(struct cpi_fold *fold, const struct cpi_start *start);
void cpi_fold_add_forward(struct cpi_fold *fold, const struct cpi_event *ev);
/* 0, -EBADMSG, -ENOENT (of an indicator that the model does not have). */
int cpi_start_decode(struct cpi_reader *r, const struct cpi_model *model, struct cpi_arena *arena,
                     struct cpi_start *ret);
void cpi_fold_sort(struct cpi_fold *fold);
/* Who has the credit when `decider` (index, or n_seen = none) or the instant `until` decides (J8).
 */
struct cpi_credited cpi_fold_credit(const struct cpi_fold *fold, const struct cpi_indicator *ind,
                                    size_t start, size_t end, size_t decider, int64_t until);
bool cpi_seen_matches(const struct cpi_seen *seen, const struct cpi_wordset *sel,
                      const struct cpi_conds *conds);

void cpi_fold_after(struct cpi_fold *fold, uint16_t indicator);
void cpi_fold_pairs(struct cpi_fold *fold, uint16_t indicator);
void cpi_fold_tally(struct cpi_fold *fold, uint16_t indicator);
void cpi_fold_each(struct cpi_fold *fold, uint16_t indicator);
void cpi_direct_plan(const struct cpi_model *model, uint16_t type, struct cpi_direct *ret);
void cpi_fold_gauge(struct cpi_fold *fold, uint16_t indicator);

/* A start's verdict, from what decided it. Puts the counted, excluded or pending fact. */
struct cpi_verdict {
    uint16_t indicator;
    const struct cpi_event *subject; /* gives case, customer and dimensions */
    int64_t t0;
    enum cpi_decision decision;
    int64_t decided_at;         /* of LOST and WON: the deciding event's time */
    const struct cpi_event *by; /* the deciding event, NULL = none */
    struct cpi_credited credit;
    bool limited; /* over its limit elsewhere (customer stage: of the case) */
    int64_t limited_at;
};
void cpi_fold_verdict(struct cpi_fold *fold, const struct cpi_verdict *verdict);

#endif
