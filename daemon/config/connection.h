/* The kafka group as properties of librdkafka, which are only texts here. */
#ifndef CPID_CONFIG_CONNECTION_H
#define CPID_CONFIG_CONNECTION_H

#include "load.h"
#include "settings.h"

/* Fills in kafka, n_kafka and the password files. `lenient`: files that are not there are warnings.
 */
void connection_read(const struct settings *settings, bool lenient, struct cpi_arena *arena,
                     struct cpi_diag *diag, struct config *ret);

#endif
