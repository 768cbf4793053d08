/* Facts as they are published, read back. */
#ifndef CPI_EVENT_FACT_JSON_H
#define CPI_EVENT_FACT_JSON_H

#include "cpi/alloc.h"
#include "event/fact.h"
#include "json/json.h"

/* What a published fact says beside the fact. */
struct cpi_fact_told {
    struct cpi_fact fact;
    bool strange;          /* made by another definition of the indicator */
    struct cpi_text value; /* amount as written */
    struct cpi_text reason;
    int64_t by_time; /* CPI_TIME_NONE = no event decided it */
    struct cpi_text by_type, by_case;
};
/* Reads one; texts are copied into the arena. 0; -ENOENT: of an indicator that the model does not
 * have; -EBADMSG: no fact. */
int cpi_fact_parse(const struct cpi_model *model, const struct cpi_dim_fields *dims,
                   struct json_parser *parser, struct cpi_text text, struct cpi_arena *arena,
                   struct cpi_fact_told *ret);

#endif
