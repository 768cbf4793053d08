/* Why a figure is what it is, as words or as one JSON object. */
#ifndef CPID_EXPLAIN_ENTITY_H
#define CPID_EXPLAIN_ENTITY_H

#include <cpi/account.h>
#include <cpi/buf.h>
#include <cpi/model.h>
#include <cpi/spec.h>

struct entity {
    const struct cpi_model *model;
    const struct cpi_spec *spec;
    uint16_t indicator, window;
    struct cpi_text name;    /* "team:phone" */
    int64_t known;           /* what was known before it is counted */
    bool pending;            /* starts without a verdict are among the lines */
    size_t strange;          /* facts of another definition, left out */
    struct cpi_text revised; /* the value of the last revision; absent = none */
    int64_t revised_known;
};
void entity_words(const struct entity *entity, const struct cpi_statement *said,
                  struct cpi_buf *buf);
void entity_json(const struct entity *entity, const struct cpi_statement *said,
                 struct cpi_buf *buf);

#endif
