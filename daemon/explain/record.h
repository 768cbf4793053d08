/* What one record becomes, as lines of JSON or in words. */
#ifndef CPID_EXPLAIN_RECORD_H
#define CPID_EXPLAIN_RECORD_H

#include <cpi/buf.h>
#include <cpi/directory.h>
#include <cpi/mapping.h>
#include <cpi/model.h>

struct explain {
    const struct cpi_model *model;
    const struct cpi_directory *directory; /* may be NULL */
    uint16_t source;
    struct cpi_mapper *mapper;
};
/* Appends a line per event: {type, time, id, seq, case, customer, rep, team, fields} as mapped
 * before the directory, or {refused, detail}, or {ignored, detail}. At least one line. */
void explain_json(const struct explain *ex, const struct cpi_record *record, struct cpi_buf *buf);
/* Appends the steps: the rule that matched, each value, who it is, what the event can count for. */
void explain_words(const struct explain *ex, const struct cpi_record *record, struct cpi_buf *buf);

#endif
