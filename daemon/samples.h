/* The samples of a configuration's sources, run by `check`. */
#ifndef CPID_SAMPLES_H
#define CPID_SAMPLES_H

#include <stddef.h>

struct config;

/* Runs the samples of every source: those that a pack brings along against the pack as it is
 * shipped (a user's own keys may change what comes out), a source's own against the source as it
 * stands. What fails goes to standard error. Returns the number of errors; *ret_count is that of
 * samples. */
size_t samples_run(const struct config *config, size_t *ret_count);

#endif
