/* The topics that a configuration needs, how they should be set, and what differs. */
#ifndef TOPICS_H
#define TOPICS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/load.h"

/* Compares (and with `create` makes what is missing of ours), a line a topic on `out`. Returns an
 * exit code: 0 all is as it should be, 69 no broker answered, 78 something is missing or differs.
 * This is `cpid topics` and `cpid check --kafka`. */
int topics_check(const struct config *config, bool create, FILE *out);

#endif
