/* Everything that can go wrong. A rate says how often, of 10,000 times that it could; each seed
 * draws its own (fault.c). */
#ifndef CHAOS_FAULT_H
#define CHAOS_FAULT_H

#include "../dice.h"

enum fault {
    /* of processes, at each turn */
    FAULT_CRASH,
    FAULT_PAUSE, /* it stands still, and wakes as a zombie */
    FAULT_TWIN,  /* another process of the same identity is started meanwhile */
    FAULT_LEAVE,
    FAULT_CLOCK_SET, /* its own clock, back or forth */
    /* of brokers, at each turn */
    FAULT_REBALANCE,
    FAULT_AWAY, /* a partition */
    FAULT_COORDINATOR_AWAY,
    FAULT_COMPACT,
    /* of time, when it moves */
    FAULT_CLOCK_JUMP,
    /* of requests; late: on a connection that was given up, it arrives at any time after it was
     * sent again on another one */
    FAULT_MESSAGE_LOST,
    FAULT_ADD_LATE,
    FAULT_OFFSETS_LOST, /* and no second try: the transaction must be aborted */
    FAULT_OFFSETS_LATE,
    FAULT_OFFSETS_KEPT,  /* inside the library, until it sends them in whatever transaction is open
                          */
    FAULT_OFFSETS_MOVED, /* to another coordinator */
    FAULT_END_LOST,
    FAULT_END_LATE,
    FAULT_END_UNHEARD, /* it is done, and the answer is lost */
    FAULT_END_FATAL,   /* done or timed out, and nobody can say which */
    FAULT_END_ABORT,
    FAULT_TIMED_OUT, /* the transaction, before its offsets */
    FAULT_INIT_LATE,
    FAULT_TRIM_LOST,
    FAULT_SEEK_FAILED, /* for some of the partitions */
    FAULT_RESTORE_CUT, /* the cleaner was quicker */
    FAULTS
};
struct fault_row {
    const char *name;
    unsigned most; /* of 10,000 */
};
extern const struct fault_row fault_row[FAULTS];

/* How things go on: of 10,000 turns, too. */
struct pace {
    unsigned yield;  /* between two effects others act */
    unsigned marker; /* one is written */
    unsigned fetch;  /* something is fetched ahead */
    unsigned fetch_most;
    unsigned arrive; /* a late request does */
};
struct rates {
    unsigned fault[FAULTS];
    struct pace pace;
};
void rates_none(struct rates *rates);
void rates_draw(struct rates *rates, struct dice *dice);

#endif
