/* Diagnostics: what is wrong in a configuration or a file of people, and what would be right.
 *
 * All errors of a run are collected and shown together, as `file:line: path: message`. */
#ifndef CPI_DIAG_H
#define CPI_DIAG_H

#include <stdbool.h>
#include <stddef.h>

/* Where a setting stands. `file` outlives every diagnostic that names it. */
struct cpi_origin {
    const char *file; /* NULL = no file */
    unsigned line;    /* 0 = the whole file */
};

struct cpi_diag_line {
    struct cpi_origin at;
    bool warning;
    char *path; /* "indicators.fcr.within"; "" = none */
    char *text;
};
struct cpi_diag {
    struct cpi_diag_line *line;
    size_t count, cap;
    size_t errors; /* lines that are not warnings */
};

void cpi_diag_init(struct cpi_diag *diag);
void cpi_diag_fini(struct cpi_diag *diag);
void cpi_diag_error(struct cpi_diag *diag, struct cpi_origin at, const char *path,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
void cpi_diag_warn(struct cpi_diag *diag, struct cpi_origin at, const char *path,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Sorts by file (in order of first appearance) and line, drops exact repeats. */
void cpi_diag_sort(struct cpi_diag *diag);
/* The candidate nearest to `name` by edit distance (at most a third of its length), or NULL. */
const char *cpi_diag_nearest(const char *name, const char *const *candidates, size_t count);

#endif
