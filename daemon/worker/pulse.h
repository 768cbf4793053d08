/* What a worker shows of itself to whoever watches it: written by the worker alone, read by any
 * thread, each member for itself (two of them may be of different moments). */
#ifndef WORKER_PULSE_H
#define WORKER_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum worker_phase {
    WORKER_CONNECTING, /* no partitions yet */
    WORKER_RESTORING,
    WORKER_READING,
};

struct worker_pulse {
    /* Moves as long as the worker gets on: with every step, with rows restored, and several times a
     * second while it waits for the broker. */
    atomic_uint_fast64_t beats;
    atomic_uint_fast64_t steps;           /* begun; each takes the directory as it is then */
    atomic_int phase;                     /* enum worker_phase */
    atomic_bool waiting;                  /* for the broker, for more than a second */
    atomic_uint sources, tasks, restored; /* partitions it has; tasks restored of those */
    atomic_int_fast64_t watermark;        /* the least of its source partitions; ms */
    atomic_int_fast64_t behind;           /* records it has yet to read */
    atomic_uint_fast32_t unread;          /* its source partitions without a watermark */
    atomic_uint_fast32_t unread_topic, unread_partition; /* the first of them; topic as in port.h */
};

#endif
