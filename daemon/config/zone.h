/* Zones of the zone database, as lists of transitions. */
#ifndef CPID_CONFIG_ZONE_H
#define CPID_CONFIG_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include <cpi/time.h>

/* Reads a zone by its name ("Europe/Berlin") from $TZDIR or /usr/share/zoneinfo. 0, -ENOENT (there
 * is no such zone), -EINVAL (the name is no zone name). thread: main, before there are others (the
 * C library is asked under another TZ). */
int zone_read(const char *name, struct cpi_zone *ret);
/* The name of the zone database that is nearest to a wrong one, into `ret`. */
bool zone_nearest(const char *name, char *ret, size_t size);

#endif
