/* The deciding events of a statement, found again in event files: facts say when and of which case,
 * not which record. */
#ifndef CAUSES_H
#define CAUSES_H

#include <cpi/account.h>
#include <cpi/alloc.h>

#include "config/load.h"

/* Reads the files (TOPIC=PATH; not standard input) and fills in by_type, by_id and by_place of the
 * lines, from the arena. What is not found stays as it is. */
void causes_find(const struct config *config, const char *const *input, size_t n_inputs,
                 struct cpi_statement *said, struct cpi_arena *arena);

#endif
