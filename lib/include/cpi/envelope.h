/* Lines of NDJSON as records: the value itself, or an envelope as `kcat -J` writes it, with topic,
 * partition, offset, time, headers, key and payload. */
#ifndef CPI_ENVELOPE_H
#define CPI_ENVELOPE_H

#include <stdbool.h>

#include "cpi/mapping.h"
#include "cpi/text.h"

struct cpi_envelope_reader;
struct cpi_envelope_reader *cpi_envelope_reader_new(void);
void cpi_envelope_reader_free(struct cpi_envelope_reader *reader);

/* Reads one line (without its newline) into a record whose texts point into the line or the
 * reader's memory, until the next line. True for an envelope: an object with topic, partition,
 * offset and payload. Any other line is the value of a record of which nothing else is known:
 * false, timestamp CPI_TIME_NONE, the rest absent or 0 for the caller to fill in. A payload of null
 * is a tombstone. */
bool cpi_envelope_parse(struct cpi_envelope_reader *reader, struct cpi_text line,
                        struct cpi_record *ret);

#endif
