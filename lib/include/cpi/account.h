/* An account of a figure: the published facts about one entity and indicator go in, and what its
 * window said at a boundary comes out again, with everything that it is made of.
 *
 * It runs the window stage over these facts alone, so it says what was published, to the last
 * digit, or the facts are not all there. Facts are taken as records of `facts` hold them (JSON).
 *
 * thread: one owner. */
#ifndef CPI_ACCOUNT_H
#define CPI_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/model.h"
#include "cpi/text.h"
#include "cpi/time.h"

struct cpi_account;
/* Of the entity "rep:anna" (as in the key of an update), and one of the indicator's windows. */
struct cpi_account *cpi_account_new(const struct cpi_model *model, uint16_t indicator,
                                    uint16_t window, struct cpi_text entity);
void cpi_account_free(struct cpi_account *account);

enum cpi_account_take {
    CPI_ACCOUNT_ABOUT,  /* taken */
    CPI_ACCOUNT_OTHER,  /* about something else */
    CPI_ACCOUNT_STRANGE /* about the indicator, by another definition: not taken */
};
/* One fact. An enum cpi_account_take, or -EBADMSG if it is none. Facts may come in any order. */
int cpi_account_take(struct cpi_account *account, struct cpi_text fact);
size_t cpi_account_count(const struct cpi_account *account);
/* The last boundary of the window at or before the instant. */
int64_t cpi_account_boundary(struct cpi_account *account, int64_t at);

/* One counted thing that no later fact took back. */
struct cpi_account_line {
    uint16_t indicator;    /* of a derived one: which side */
    struct cpi_text kind;  /* counted, excluded, pending, open */
    int64_t time, known;   /* open: when it was opened; pending: when it started */
    bool good;             /* of shares */
    struct cpi_text value; /* the amount, as the fact has it; absent = none */
    struct cpi_text reason;
    struct cpi_text case_id, customer, rep;
    /* the event that decided it, where one did; absent type = it is not known which */
    int64_t by_time; /* CPI_TIME_NONE = none */
    struct cpi_text by_type, by_case;
    struct cpi_text by_id, by_place; /* for whoever finds the event itself; absent */
};
/* What happened in one step of time. */
struct cpi_account_pane {
    uint16_t indicator;
    int64_t start; /* CPI_TIME_NONE: all that is older (gauges) */
    int64_t n, good, excluded;
    struct cpi_text sum; /* of amounts; absent otherwise */
};
/* An alert whose state changed at a boundary. */
enum cpi_account_phase { CPI_ACCOUNT_INACTIVE, CPI_ACCOUNT_PENDING, CPI_ACCOUNT_FIRING };
struct cpi_account_move {
    uint16_t rule; /* index of the model's alerts */
    int64_t at;
    enum cpi_account_phase phase; /* from then on */
    int64_t n;
    struct cpi_text value; /* of the statistic that the rule watches */
};
/* An alert at the boundary itself. */
struct cpi_account_rule {
    uint16_t rule;
    enum cpi_account_phase phase;
    bool enough, breached, cleared;
};
struct cpi_account_sum { /* of the lines, added up by hand */
    int64_t n, good, excluded, pending;
    struct cpi_text sum; /* of amounts; absent otherwise */
    bool meets;          /* the figure has the same */
};
struct cpi_statement {
    int64_t start, end;
    struct cpi_text update; /* the record that was published */
    int64_t n;
    struct cpi_text value;     /* as in the update; "null" with n = 0 */
    struct cpi_text low, high; /* of shares, 95 % confidence; absent otherwise */
    bool ms;                   /* the value is a duration in ms */
    enum { CPI_TARGET_NONE, CPI_TARGET_MET, CPI_TARGET_MISSED } target;
    struct cpi_account_line *line; /* ascending by time */
    size_t n_lines;
    size_t taken_back; /* facts that were counted once and are not any more */
    size_t later;      /* facts of the window that became known at `known` or after it */
    struct cpi_account_pane *pane;
    size_t n_panes;
    struct cpi_account_sum sum;
    struct cpi_account_rule *rule; /* alerts about it */
    size_t n_rules;
    struct cpi_account_move *move; /* of them, up to `end`, ascending */
    size_t n_moves;
};
/* What the window that ends at `end` (a boundary) said when everything known before `known` (at
 * least `end`) was counted: known = end is the update on time, end + lateness its last revision.
 * Everything in it holds until the next call. */
void cpi_account_read(struct cpi_account *account, int64_t end, int64_t known,
                      struct cpi_statement *ret);

#endif
