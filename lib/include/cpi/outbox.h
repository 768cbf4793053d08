/* The outbox: every effect of one transaction, collected instead of done. Stages put, the rim
 * drains.
 *
 * Items for later stages are gathered by target partition of the repartition topic, facts are
 * combined by (entity, indicator, pane, known step) so that rows a second do not grow with the
 * event rate, and slots say how far each sender has come. cpi_outbox_seal turns them into frames,
 * one for each partition that has something (all partitions if a slot must go to all), split at 512
 * KiB (K3). */
#ifndef CPI_OUTBOX_H
#define CPI_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/model.h"
#include "cpi/text.h"

enum cpi_topic {
    CPI_TOPIC_INDICATORS,
    CPI_TOPIC_REVISIONS,
    CPI_TOPIC_ALERTS,
    CPI_TOPIC_FACTS,
    CPI_TOPIC_DEAD_LETTERS,
    CPI_TOPICS
};
/* "indicators", "revisions", "alerts", "facts", "dead-letters" */
const char *cpi_topic_name(enum cpi_topic topic);

#define CPI_FRAME_BYTES_MAX (512 * 1024)

struct cpi_out_header {
    const char *name; /* static */
    struct cpi_text value;
};
struct cpi_output {
    enum cpi_topic topic;
    struct cpi_text key;
    struct cpi_text value; /* absent = tombstone */
    const struct cpi_out_header *header;
    size_t n_headers;
};
struct cpi_row { /* of the changelog */
    uint32_t task;
    struct cpi_text key;
    struct cpi_text value; /* absent = gone */
};
struct cpi_frame_out {
    uint32_t partition;
    struct cpi_text bytes;
};

struct cpi_outbox;
struct cpi_outbox *cpi_outbox_new(const struct cpi_model *model, uint32_t partitions);
void cpi_outbox_free(struct cpi_outbox *box);
/* Changelog rows are not wanted (replay): they are neither made nor kept. */
void cpi_outbox_skip_rows(struct cpi_outbox *box);
/* Every fact is published, also where the model says none, and those of starts without a verdict
 * (kind pending): for explain. */
void cpi_outbox_tell_all(struct cpi_outbox *box);
/* Forgets everything: after the commit, or instead of it. */
void cpi_outbox_reset(struct cpi_outbox *box);

/* Makes the frames of what was put since the last seal or reset. `clock_ms` goes into each frame.
 */
void cpi_outbox_seal(struct cpi_outbox *box, int64_t clock_ms);

/* Views that hold until the reset. Outputs and rows stand in the order in which they were put; of
 * several rows with one key the last one counts. */
const struct cpi_frame_out *cpi_outbox_frames(const struct cpi_outbox *box, size_t *ret_count);
const struct cpi_output *cpi_outbox_outputs(const struct cpi_outbox *box, size_t *ret_count);
const struct cpi_row *cpi_outbox_rows(const struct cpi_outbox *box, size_t *ret_count);
/* Something waits that should not wait for the end of the commit interval: a watermark that crossed
 * a finest step, an update, a revision or an alert (K4). */
bool cpi_outbox_is_urgent(const struct cpi_outbox *box);
bool cpi_outbox_is_empty(const struct cpi_outbox *box);
size_t cpi_outbox_bytes(const struct cpi_outbox *box);

#endif
