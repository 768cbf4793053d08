/* A fact: one counted thing, the only input of windows. Made by the case and customer stages,
 * combined in the outbox, merged into panes by the window stage. Texts are views. */
#ifndef CPI_EVENT_FACT_H
#define CPI_EVENT_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/event.h"
#include "cpi/model.h"
#include "cpi/text.h"

enum cpi_fact_kind {
    CPI_FACT_COUNTED,  /* in n of a window */
    CPI_FACT_EXCLUDED, /* given up, or nothing to measure: in `excluded` */
    CPI_FACT_PENDING,  /* a start without a verdict so far (J10) */
    CPI_FACT_OPEN,     /* a gauge's opening or, with sign -1, closing; amount = opening time (J9) */
};
enum cpi_excluded {
    CPI_EXCLUDED_NOT,
    CPI_EXCLUDED_UNDECIDED,
    CPI_EXCLUDED_LIMIT,
    CPI_EXCLUDED_AMOUNT
};

struct cpi_fact {
    uint16_t indicator;
    enum cpi_fact_kind kind;
    enum cpi_excluded excluded;
    int sign;     /* +1, or -1 to take one back */
    bool good;    /* of shares */
    bool partial; /* made from one event of a journey that is gone (J7) */
    int64_t time;
    int64_t known;
    int64_t amount;            /* scaled as the indicator says; ms for elapsed times */
    struct cpi_text rep, team; /* credited; absent = unassigned */
    struct cpi_text dim[CPI_DIM_FIELDS_MAX]; /* values of the model's dimension fields */
    struct cpi_text case_id, customer;
    const struct cpi_event *by; /* that decided it, NULL = none; published, not summed */
};

/* The distinct fields that report dimensions name, ascending. */
struct cpi_dim_fields {
    uint16_t member[CPI_DIM_FIELDS_MAX];
    unsigned count;
};
struct cpi_dim_fields cpi_dim_fields_of(const struct cpi_model *model);

#endif
