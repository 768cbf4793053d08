/* CSV by RFC 4180: records of fields, quoted where they hold commas, quotes or newlines. A byte
 * order mark is skipped, lines may end in CRLF or LF, empty lines are passed over. Private to
 * lib/event. */
#ifndef CPI_EVENT_CSV_H
#define CPI_EVENT_CSV_H

#include "cpi/alloc.h"
#include "cpi/diag.h"
#include "cpi/text.h"

#define CSV_COLUMNS_MAX 64

struct csv {
    const char *file;
    struct cpi_text left;
    struct cpi_arena *arena; /* takes fields that had doubled quotes */
    struct cpi_diag *diag;
    unsigned line; /* of the last record's beginning */
    unsigned next_line;
    struct cpi_text field[CSV_COLUMNS_MAX];
    size_t n_fields;
    unsigned errors; /* said so far; the rest of a hopeless file is not read */
};
/* False after a complaint: empty, or not UTF-8. */
bool csv_init(struct csv *csv, const char *file, struct cpi_text text, struct cpi_arena *arena,
              struct cpi_diag *diag);
/* The next record; false at the end. Malformed records are complained about and passed over. */
bool csv_read(struct csv *csv);
/* Complains about the record at hand. */
void csv_complain(struct csv *csv, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Reads the header line: column[i] becomes the place of name[i], or -1 if the file does not have
 * it. False after a complaint; the first `n_required` must be there. */
bool csv_read_header(struct csv *csv, const char *const *name, size_t n_names, size_t n_required,
                     int *column);
/* The trimmed field of a column, empty if the file does not have it. */
struct cpi_text csv_field(const struct csv *csv, int column);

#endif
