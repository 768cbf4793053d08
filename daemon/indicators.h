/* The catalogue for readers: `cpid check --indicators`. */
#ifndef CPID_INDICATORS_H
#define CPID_INDICATORS_H

/* Prints all of it, or one indicator whole, as a configuration in file `config` (NULL = none) would
 * find it. An exit code. */
int indicators_print(const char *config, const char *name);

#endif
