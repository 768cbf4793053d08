/* One run of a plan: workers over the modelled Kafka, and what they have committed in the end. */
#ifndef CHAOS_RUN_H
#define CHAOS_RUN_H

#include "config/load.h"
#include "kafka.h"
#include "plan.h"
#include "worker/worker.h"

/* How rough it gets. */
struct roughness {
    struct rates rates;
    unsigned workers; /* identities */
    int64_t join_ms;  /* until when the last of them starts for the first time */
    int64_t skew_ms;  /* by which their clocks differ at most */
    uint64_t budget;  /* of each advance; 0 = the worker's own */
};
void roughness_none(struct roughness *rough);
void roughness_draw(struct roughness *rough, struct dice *dice);

struct process {
    struct run *run;
    struct client *client;
    struct worker *worker;
    struct worker_setup setup;
    struct fiber *fiber;
    atomic_bool stop;
    unsigned slot;
    bool paused, leaving, ended, open;
    int64_t wake_ms, skew_ms;
    unsigned idle_turns; /* in which it could have done something, and nothing happened */
    enum worker_end end;
};
#define PROCESSES (2 * SLOTS)
#define KILL_PLACES 31
struct run_kill {
    const char *where; /* static */
    unsigned times;
};
struct run_counts {
    unsigned transactions, aborts, unknown, restored, late;
};
struct run {
    struct kafka k;
    const struct plan *plan;
    const struct config *config;
    struct port_topics topics;
    struct roughness rough;
    struct dice dice;
    size_t next_record;
    struct kafka_hold { /* transactions of whoever fills the source topics */
        struct kafka_part *part;
        int64_t until_ms;
        bool commit, waits;
        int writer;
    } hold[4];
    struct process *process[PROCESSES];
    int64_t restart_ms[SLOTS];
    unsigned lives[SLOTS];
    bool had_twin;
    int64_t wait_ms; /* how long the clock was moved while nothing could happen */
    uint64_t seen_events;
    bool calm;         /* no more faults */
    const char *wrong; /* what must not happen; static */
    char wrong_room[128];
    struct run_counts counts;
    struct run_kill killed[KILL_PLACES + 1];
    unsigned turns;
};
/* Plays the plan until everything has been said. False: something went wrong on the way. */
bool run_play(struct run *run, const struct plan *plan, const struct config *config,
              const struct roughness *rough, uint64_t seed, bool tell);
/* State that is left: the first thing that should not be, or NULL. */
const char *run_leftovers(struct run *run);
void run_end(struct run *run);

#endif
