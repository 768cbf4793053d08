/* Who is who: people (rep, team, validity, aliases), customers (aliases), teams (parent), applied
 * once at intake, by event time, and stamped on the event (O3, O6, O7).
 *
 * The rim reads the files; this reads their text. Immutable once loaded; a reload makes a new one.
 */
#ifndef CPI_DIRECTORY_H
#define CPI_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "cpi/diag.h"
#include "cpi/text.h"
#include "cpi/time.h"

struct cpi_directory;

struct cpi_team_spec {
    const char *team, *parent;
    struct cpi_origin at;
};

struct cpi_directory *cpi_directory_new(const struct cpi_zone *zone);
void cpi_directory_free(struct cpi_directory *dir);
/* Adds the rows of a CSV file (RFC 4180 quoting, header line required: rep,team,from,until,also;
 * columns in any order, from/until may be empty or missing; `also` = aliases "source:raw" separated
 * by blanks). Errors with file:line: unknown column, bad date, until <= from, two rows of one rep
 * that overlap, one alias for two people at one time. */
void cpi_directory_add_people(struct cpi_directory *dir, const char *file, struct cpi_text csv,
                              struct cpi_diag *diag);
/* customer,also */
void cpi_directory_add_customers(struct cpi_directory *dir, const char *file, struct cpi_text csv,
                                 struct cpi_diag *diag);
/* Team -> parent; a cycle or two parents is an error. */
void cpi_directory_add_teams(struct cpi_directory *dir, const struct cpi_team_spec *team,
                             size_t count, struct cpi_diag *diag);

bool cpi_directory_has_people(const struct cpi_directory *dir);
/* The canonical rep of an alias "source:raw" or of its own id at `time`; absent = unknown. An alias
 * names whose row with it is valid then; else it stays with its person in their other rows, unless
 * it was several people's.
 * *ret_team_path: that person's team then with all parents, innermost first, joined with
 * CPI_TEAM_SEPARATOR; absent = none. Views live as long as the directory. */
struct cpi_text cpi_directory_rep(const struct cpi_directory *dir, struct cpi_text source,
                                  struct cpi_text raw, int64_t time,
                                  struct cpi_text *ret_team_path);
/* The canonical customer of "source:raw", absent = unknown. */
struct cpi_text cpi_directory_customer(const struct cpi_directory *dir, struct cpi_text source,
                                       struct cpi_text raw);
/* The path of a team, innermost first; absent if the directory does not know it. */
struct cpi_text cpi_directory_team_path(const struct cpi_directory *dir, struct cpi_text team);

#endif
