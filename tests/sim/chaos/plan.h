/* What happens at the desk in one seed, and how it comes into the source topics. */
#ifndef CHAOS_PLAN_H
#define CHAOS_PLAN_H

#include <cpi/time.h>

#include "../dice.h"

#define PLAN_BEGIN INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define NO_CASE UINT32_MAX

/* How time moves, and whether events may come later than `wait`. */
enum plan_kind {
    PLAN_HOLD_LATE,  /* records alone: when an event became known is a matter of its log alone */
    PLAN_CLOCK,      /* the clock at the end of partitions; nothing is late */
    PLAN_CLOCK_LATE, /* both: what is late depends on who read when, the last word does not */
    PLAN_KINDS
};

struct plan_event {
    int64_t time;
    const char *type, *team; /* static */
    uint32_t case_number, customer, rep;
    int64_t talk_s; /* -1 = none */
    int score;      /* 1 good, -1 bad, 0 none */
    int64_t number; /* id and order */
};
enum plan_fate { PLAN_PLAIN, PLAN_IN_TRANSACTION, PLAN_TAKEN_BACK };
struct plan_record {
    int64_t at_ms; /* appended; since PLAN_BEGIN */
    uint32_t topic, partition;
    char *json;      /* NULL: the partition is added to its topic now */
    int64_t hold_ms; /* in a transaction: until it is decided */
    enum plan_fate fate;
    bool refused, beat;
    int64_t delay_ms; /* after it happened */
    int64_t number;   /* order among those of one time */
};
struct plan {
    enum plan_kind kind;
    uint32_t partitions[2]; /* of the source topics, at first */
    unsigned tasks;
    bool refresh;       /* firing alerts are told again often */
    bool grows, silent; /* a partition is added; one says nothing for hours */
    struct plan_event *event;
    size_t n_events, cap_events;
    struct plan_record *record; /* by at_ms */
    size_t n_records, cap_records;
    size_t calm_from; /* record from which on nothing goes wrong, so that all comes to an end */
};
void plan_make(struct plan *plan, uint64_t seed);
void plan_fini(struct plan *plan);

#endif
