/* Inside of a worker. */
#ifndef WORKER_PARTS_H
#define WORKER_PARTS_H

#include "worker/worker.h"
#include <cpi/intake.h>
#include <cpi/outbox.h>
#include <cpi/task.h>

#define WORKER_TXN_MS 100  /* K4 */
#define WORKER_GATHER_MS 2 /* what is urgent waits so long, once, for others of its kind */
#define WORKER_TXN_BYTES (64u * CPI_FRAME_BYTES_MAX)
#define WORKER_BEAT_MS (10 * CPI_SECOND) /* K2 */
#define WORKER_PROBE_MS 2000             /* how old the proof of a partition's end may get */
#define WORKER_FLOW_MS 250
#define WORKER_TRIM_MS (3 * 60 * 1000)            /* K1 */
#define WORKER_REPORT_MS (60 * 1000)              /* K8 */
#define WORKER_LAG_BYTES_MAX (UINT64_C(64) << 20) /* K6 */
/* Of boundaries: entities and merged cells a step, so many at a time, and bytes that may wait. */
#define WORKER_ADVANCE_BUDGET 20000
#define WORKER_ADVANCE_PIECE 250
#define WORKER_ADVANCE_BYTES (UINT32_C(4) << 20)

struct worker_source {
    struct port_place place;
    uint16_t source;
    struct cpi_intake *intake;
    int64_t next; /* first offset not yet taken */
    int64_t committed;
    int64_t start;     /* where it began if nothing was committed; known once started */
    int64_t end_clock; /* clock of the last proof that the end was reached */
    int64_t probed_ms; /* monotonic time of that proof, or of asking for it */
    bool owned, at_end, paused, started;
    struct cpi_intake_counts said; /* at the last minute line */
};
struct worker_task {
    uint32_t q;
    struct cpi_task *task; /* NULL = not here */
    int64_t next, committed;
    int64_t trimmed;
    uint64_t frame_bytes;  /* of a typical record, for the lag */
    uint64_t transactions; /* in which it took part */
    bool owned, acted, due;
};

struct worker {
    const struct worker_setup *setup;
    const struct cpi_model *model;
    unsigned index;
    struct port *port;
    struct cpi_mapper *mapper;
    struct cpi_outbox *box;
    const struct cpi_directory *dir; /* of this step */
    struct worker_pulse pulse;

    struct worker_source **source; /* [topic][partition] */
    uint32_t *n_partitions;        /* [topic] */
    struct worker_task *task;      /* [q] */
    struct worker_source **own;    /* the owned ones of source, as a list */
    size_t n_own, n_own_tasks;
    uint32_t turn;                          /* task that goes on first with its boundaries */
    struct port_position *position, *found; /* scratch, room for everything there is */

    int64_t clock;       /* CPI_TIME_NONE = none yet */
    int64_t empty_clock; /* clock when the queue was last seen empty */
    int64_t beat;        /* last clock at which intake beat */
    bool open;           /* something waits to be committed */
    int64_t open_ms;     /* since when */
    int64_t sent_ms;     /* since when the one was open that was committed in the last step */
    bool quiet;          /* nothing was left to read at the last look */
    bool gathered;       /* it has waited for what else is urgent */
    bool catching_up;
    bool revoking;    /* partitions are going away: nothing is worth restoring */
    bool flow_tight;  /* said that intake pauses for memory or lag */
    bool flow_memory; /* memory_tight at the last look */
    unsigned abort_streak;

    int64_t flow_ms, trim_ms, report_ms, shown_ms; /* last time of each */
    int64_t ahead_ms;                    /* when it was last said that a source is held back */
    int64_t longest_ms;                  /* transaction since the last minute's line */
    int64_t wait_since_ms, wait_said_ms; /* waiting for the broker; 0 = not */
    int64_t stop_since_ms;
    enum worker_end end;
    struct worker_counts counts;
};

/* assignment.c; false = the worker must end (w->end says how) */
bool worker_assigned(struct worker *w, const struct port_place *place, size_t count);
void worker_revoked(struct worker *w, bool lost, struct worker_now now);
bool worker_roll_back(struct worker *w, bool unknown, size_t n_sent); /* of w->position */
void worker_forget(struct worker *w);                                 /* everything in memory */
bool worker_source_gone(struct worker *w, struct worker_source *src, int64_t offset);

/* commit.c */
bool worker_is_urgent(const struct worker *w);
bool worker_is_due(const struct worker *w, int64_t mono_ms);
bool worker_finish(struct worker *w, struct worker_now now);
void worker_committed(struct worker *w); /* memory is now what the broker has */
void worker_open_txn(struct worker *w, int64_t mono_ms);

/* flow.c */
void worker_flow(struct worker *w, int64_t mono_ms);
void worker_trim(struct worker *w, int64_t mono_ms);
void worker_probe(struct worker *w, int64_t mono_ms);
void worker_wake(struct worker *w);

/* pulse.c */
void worker_beat(struct worker *w);
/* Records of the partition that are known and not yet read. */
int64_t worker_behind(struct worker *w, const struct worker_source *src);
void worker_show(struct worker *w, int64_t mono_ms);
void worker_show_restoring(struct worker *w, const struct port_place *place, size_t count);

/* report.c */
void worker_report(struct worker *w, int64_t mono_ms);
/* At once: what came since the last one. */
void worker_report_rest(struct worker *w);

/* The end of the worker, for the first reason only. Always false. */
bool worker_ends(struct worker *w, enum worker_end end);

#endif
