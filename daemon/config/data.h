/* Where shipped data lies: packs in sources/, the catalogue in indicators/. Private to this folder.
 */
#ifndef CPID_CONFIG_DATA_H
#define CPID_CONFIG_DATA_H

#include <stdbool.h>
#include <stddef.h>

/* The i-th folder to look in: beside the configuration `beside` (NULL = none), then $CPID_DATA
 * alone if it is set, else where data is installed, then near the program: share/cpid of where it
 * was moved to, conf/ of the sources of a build. False when there are no more; some of them need
 * not exist. */
bool data_folder(const char *beside, unsigned i, char *ret, size_t size);

#endif
