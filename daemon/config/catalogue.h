/* The catalogue: ready-made indicators, a file a family. */
#ifndef CPID_CONFIG_CATALOGUE_H
#define CPID_CONFIG_CATALOGUE_H

#include <cpi/alloc.h>
#include <cpi/diag.h>

#include "settings.h"

struct catalogue {
    struct settings_family *family; /* those beside the configuration first; `at` names the file */
    size_t n_families;
};

/* Reads indicators/ beside the configuration `beside` (NULL = none), and the first that is found
 * where data lies. False if anything was wrong: see `diag`. All of it lives in `arena`. */
bool catalogue_read(const char *beside, struct cpi_arena *arena, struct catalogue *ret,
                    struct cpi_diag *diag);
/* The indicator of that name: of several, the one beside the configuration. NULL if there is none.
 */
const struct settings_entry *catalogue_find(const struct catalogue *catalogue, const char *name,
                                            const struct settings_family **ret_family);
/* The nearest name, or NULL. */
const char *catalogue_nearest(const struct catalogue *catalogue, const char *name);
/* The words of a choice: "effectiveness", "up". */
const char *catalogue_class(const struct settings_entry *entry);
const char *catalogue_better(const struct settings_entry *entry);

#endif
