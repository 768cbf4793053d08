/* The published facts, read from their topic. */
#ifndef FACTS_H
#define FACTS_H

#include <cpi/text.h>

#include "config/load.h"

/* Hands every committed record of the facts' topic to `take`, up to where it ends now. `brokers`
 * instead of the configuration's, or NULL. An exit code; complains itself. */
int facts_read(const struct config *config, const char *brokers,
               void (*take)(void *context, struct cpi_text value), void *context);

#endif
