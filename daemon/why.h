/* cpid explain --entity: why a figure is what it is. Gathers the facts from event files (by a
 * replay), from a file of facts, or from the topic; the account says the rest. */
#ifndef WHY_H
#define WHY_H

#include <stdbool.h>
#include <stddef.h>

#include "config/load.h"

struct why {
    const char *entity, *indicator, *window, *at, *known; /* window, known: NULL = the usual */
    const char **input;                                   /* TOPIC=PATH: events */
    size_t n_inputs;
    const char *facts;   /* a file of facts; "-" = standard input */
    const char *brokers; /* instead of the configuration's */
    bool json;
};
/* An exit code. */
int why(const struct why *why, const struct config *config);

#endif
