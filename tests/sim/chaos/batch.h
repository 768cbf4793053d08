/* The other way to the same figures: plain counting over the events that happened, once, with all
 * of them at hand. It knows nothing of stages, folds, panes or windows, and nothing of libcpi's
 * model; the definitions of chaos.conf are written out here once more. */
#ifndef CHAOS_BATCH_H
#define CHAOS_BATCH_H

#include "plan.h"

#define BATCH_ENTITIES 8
#define BATCH_ENTITY_NAME 16
enum batch_indicator {
    BATCH_SOLVED,
    BATCH_TALK,
    BATCH_CSAT,
    BATCH_FCR,
    BATCH_THEN,
    BATCH_TURN,
    BATCH_BACKLOG,
    BATCH_INDICATORS
};
extern const char *const batch_indicator_name[BATCH_INDICATORS];
extern const char *const batch_entity_name[BATCH_ENTITIES];

struct batch_fact {
    enum batch_indicator indicator;
    unsigned entities;           /* bits */
    int64_t time, until, amount; /* until: of the backlog */
    bool good;
};
struct batch {
    struct batch_fact *fact;
    size_t count, cap;
};
struct batch_figure {
    int64_t n, good, sum, min, max, p50, p90;
};
void batch_make(struct batch *batch, const struct plan *plan);
void batch_fini(struct batch *batch);
struct batch_figure batch_read(const struct batch *batch, enum batch_indicator indicator,
                               unsigned entity, int64_t start, int64_t end);

#endif
