/* Intake: one source partition's records into events, judged once against the partition's own
 * watermark (T2, T3), stamped by the directory, and sent toward the case stage. */
#ifndef CPI_INTAKE_H
#define CPI_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/directory.h"
#include "cpi/mapping.h"
#include "cpi/model.h"
#include "cpi/outbox.h"

struct cpi_intake_counts {
    uint64_t records, events, late, unmapped, no_id, unreadable, heartbeats;
    uint64_t refused[CPI_REFUSALS];
    uint64_t unknown_rep, unknown_team;
};

struct cpi_intake;
/* Partition `partition` of topic `topic_index` of source `source`, of `topic_partitions`
 * altogether. */
struct cpi_intake *cpi_intake_new(const struct cpi_model *model, uint16_t source,
                                  uint16_t topic_index, uint32_t partition,
                                  uint32_t topic_partitions);
void cpi_intake_free(struct cpi_intake *intake);

/* What survives in the metadata of the committed offset (T6): text, at most 200 bytes. Parsing
 * absent or foreign text leaves a fresh intake and returns false. */
void cpi_intake_format(const struct cpi_intake *intake, struct cpi_buf *buf);
bool cpi_intake_parse(struct cpi_intake *intake, struct cpi_text metadata);

/* Takes one record: events, heartbeats and dead letters go into the outbox. `dir` may be NULL. */
void cpi_intake_feed(struct cpi_intake *intake, struct cpi_mapper *mapper,
                     const struct cpi_directory *dir, const struct cpi_record *record,
                     struct cpi_outbox *box);
/* The partition's end was reached at `clock_ms` and the source lets the clock move it: W = clock -
 * wait. Nothing with idle = "hold" (T2). */
void cpi_intake_idle(struct cpi_intake *intake, int64_t clock_ms);
/* The partition has ended for good (replay): W = `end_ms`, or nothing more will come
 * (CPI_TIME_END). */
void cpi_intake_end(struct cpi_intake *intake, int64_t end_ms);

/* Whether W has crossed a finest step since everybody was last told. */
bool cpi_intake_has_crossed(struct cpi_intake *intake);
/* Puts the partition's slot: to all targets if W crossed a finest step since it last was, or
 * `beat`; else only along with frames that go anyway. Once a transaction, after the feeds. */
void cpi_intake_slot(struct cpi_intake *intake, bool beat, struct cpi_outbox *box);

int64_t cpi_intake_watermark(const struct cpi_intake *intake); /* CPI_TIME_NONE = undefined */
int64_t cpi_intake_largest_time(const struct cpi_intake *intake);
int64_t cpi_intake_last_event_time(const struct cpi_intake *intake);
const struct cpi_intake_counts *cpi_intake_counts(const struct cpi_intake *intake);
/* Events of ignored types, by name (at most 64 names; further ones under "other"). */
size_t cpi_intake_unmapped(const struct cpi_intake *intake, size_t i, struct cpi_text *ret_name,
                           uint64_t *ret_count);
/* Replay with --until: events at or after it are not read as facts. CPI_TIME_END = no limit. */
void cpi_intake_until(struct cpi_intake *intake, int64_t until_ms);

#endif
