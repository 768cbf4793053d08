/* A worker: one thread that reads source partitions and partitions of the repartition topic, feeds
 * them to intakes and tasks, and commits what comes out in transactions. It shares nothing that
 * changes.
 *
 * A transaction is gathered in memory first (the outbox); only its end speaks to the broker:
 * frames, changelog rows, outputs, the offsets of every partition it acted for, commit. A
 * transaction without offsets is never made: nothing would fence it. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kafka/port.h"
#include "worker/pulse.h"
#include <cpi/directory.h>
#include <cpi/model.h>

enum worker_clock {
    WORKER_CLOCK_REAL,
    WORKER_CLOCK_RECORD, /* the largest record timestamp read so far (T1) */
    WORKER_CLOCK_GIVEN,  /* `given_ms`, which never goes back */
};
/* Shared by the workers of a process; all but the atomics is constant while they run. Each step
 * takes the directory as it is at its beginning. */
struct worker_setup {
    const struct cpi_model *model;
    _Atomic(const struct cpi_directory *) dir; /* may be NULL */
    const struct port_topics *topics;
    enum worker_clock clock;
    const atomic_int_fast64_t *given_ms; /* of WORKER_CLOCK_GIVEN: what has happened by then has
                                            been written to the sources */
    enum port_start start;               /* of partitions that nobody has read yet */
    int64_t start_at_ms;
    uint64_t advance_budget; /* entities that one advance fires; 0 = the usual number */
    atomic_bool *stop;
    const atomic_bool *memory_tight; /* 90 % of `memory` are in use: intake pauses (K6) */
};

enum worker_end {
    WORKER_GOES_ON,
    WORKER_LEFT,       /* told to stop */
    WORKER_SUPERSEDED, /* a higher generation runs: exit 78 */
    WORKER_TAKEN,      /* another process has this instance: exit 78 */
    WORKER_REFUSED,    /* topics or settings are wrong: exit 78 */
    WORKER_BROKEN,     /* what is stored contradicts itself: exit 70 */
};

/* Now, as two values: what a wall clock shows, and one that never jumps. */
struct worker_now {
    int64_t wall_ms, mono_ms;
};

struct worker;
struct worker *worker_new(const struct worker_setup *setup, unsigned index);
/* What the worker's port must be made with. */
struct port_host worker_host(struct worker *worker);
/* Takes the port over. */
void worker_attach(struct worker *worker, struct port *port);
enum worker_end worker_open(struct worker *worker);
/* Waits for something for up to 100 ms, takes what is there, and ends the transaction if it is
 * time. */
enum worker_end worker_step(struct worker *worker, struct worker_now now);
/* Ends the transaction, leaves the group within timeout_ms. */
void worker_leave(struct worker *worker, struct worker_now now, int timeout_ms);
void worker_free(struct worker *worker);

/* open, step until told to stop, leave: with the real clocks. */
enum worker_end worker_run(struct worker *worker);

struct worker_counts {
    uint64_t records, frames, transactions, aborts, unknown, restored_rows, bad_frames;
    int64_t longest_ms; /* from a transaction's first record until it was committed */
};
const struct worker_counts *worker_counts(const struct worker *worker);
/* May be read by any thread. */
const struct worker_pulse *worker_pulse(const struct worker *worker);

#endif
