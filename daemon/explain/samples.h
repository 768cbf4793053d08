/* Samples: records and what each must become, as a file that people read and write.
 *
 *     # A customer writes: words for the reader.
 *     @header ce_type: ticket.created
 *     @timestamp 2026-03-02T08:00:00Z
 *     { "id": 1,
 *       "status": "new" }
 *     => {"type":"case.opened","time":"2026-03-02T08:00:00.000Z","id":"1","fields":{}}
 *
 * An empty line ends a sample. The record stands over one line or several, as it is or as one line
 * of `kcat -J`; without any it is a tombstone. @key TEXT, @header NAME: VALUE and @timestamp TIME,
 * before it, say what Kafka knows beside the value; partition and offset are 0. Every line that
 * `cpid explain --json` would print for it stands behind =>, in that order; blanks outside of texts
 * do not count, and a line that begins with a blank goes on with the one before. */
#ifndef CPID_EXPLAIN_SAMPLES_H
#define CPID_EXPLAIN_SAMPLES_H

#include <cpi/diag.h>

#include "explain/record.h"

/* Runs the samples of `text` through the mapping of ex->source. What differs goes into `diag`, with
 * the line of `file` (which outlives it) and what came out instead. Returns how many there were. */
size_t samples_check(const struct explain *ex, const char *file, struct cpi_text text,
                     struct cpi_diag *diag);

#endif
