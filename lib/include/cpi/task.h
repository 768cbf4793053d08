/* A task: partition q of the repartition topic and the state of its keys in all three stages. Its
 * state changes only by consuming R[q] (rule T of the design): the same frames give the same bytes.
 *
 *   frame -> case stage -> items for customer and window stages  (into the outbox, to any
 * partition)
 *         -> customer stage -> items for window stages
 *         -> window stage -> updates, revisions, alerts
 *
 * thread: one owner. */
#ifndef CPI_TASK_H
#define CPI_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/model.h"
#include "cpi/outbox.h"

struct cpi_task_counts {
    uint64_t frames, items, events, duplicates, facts, updates, revisions, transitions, refreshes;
    uint64_t folds, journeys_dropped, journeys_limited, partial, clamped, too_old_changes;
    uint64_t saturated; /* updates whose sum does not fit into 64 bits: it stays at the edge */
};
struct cpi_task_status {
    int64_t case_w, customer_w, window_w; /* CPI_TIME_NONE = undefined */
    int64_t cursor;                       /* window boundaries done */
    int64_t clock;                        /* of the last frame whose effects are complete */
    uint64_t journeys, customers, entities, firing, pending_alerts, open_cases;
    uint64_t state_bytes; /* estimate */
    /* who holds the case stage's time: the slot with the lowest W, or one that has not reported */
    struct cpi_text holds_topic;
    uint32_t holds_partition;
    bool holds_missing;
};

struct cpi_task;
struct cpi_task *cpi_task_new(const struct cpi_model *model, uint32_t q, uint32_t partitions);
void cpi_task_free(struct cpi_task *task);

/* Replay's --every-boundary: every boundary with n > 0 is sent. And no refresh, no tombstones (T5).
 */
void cpi_task_replay(struct cpi_task *task, bool every_boundary);

/* Takes one frame at `offset` of R[q]. 0, -ENOMSG (nothing of cpid's: nothing changed), -ESTALE (it
 * comes from a higher generation: this process must stop; nothing changed), -EBADMSG (a frame that
 * is damaged or of another version: what it holds is unknown, and the task must be dropped with all
 * that was not committed).
 * Frames must come in order; call cpi_task_advance until it is done before the rows are drained
 * only if there is time: what is left over is state. */
int cpi_task_feed(struct cpi_task *task, struct cpi_text frame, int64_t offset,
                  struct cpi_outbox *box);
/* Goes on with window boundaries that are due: at most about `budget` entities. True if nothing is
 * left. */
bool cpi_task_advance(struct cpi_task *task, uint64_t budget, struct cpi_outbox *box);
/* Is something left over from an advance? Also of a task that was restored. */
bool cpi_task_is_due(const struct cpi_task *task);

/* Puts the slots of the case and customer stages (K2), the changelog rows of everything touched
 * since the last call, and the head row with `next_offset` (of R[q]). Once a transaction in which
 * the task acted, before cpi_outbox_seal. */
void cpi_task_settle(struct cpi_task *task, int64_t next_offset, struct cpi_outbox *box);

/* Restore: every row of C[q] in order, then once cpi_task_restored. Both: -EBADMSG for a row that
 * is damaged or of an unknown format; the task must be dropped. *ret_next_offset: where to go on in
 * R[q]; -1 if there was no head row (an empty state). */
int cpi_task_restore(struct cpi_task *task, struct cpi_text key, struct cpi_text value);
int cpi_task_restored(struct cpi_task *task, int64_t *ret_next_offset);

const struct cpi_task_counts *cpi_task_counts(const struct cpi_task *task);
/* Looks at every entity: for now and then. */
void cpi_task_status(const struct cpi_task *task, struct cpi_task_status *ret);
/* How far time has come in the window stage: window_w of the above, at once. */
int64_t cpi_task_watermark(const struct cpi_task *task);

#endif
