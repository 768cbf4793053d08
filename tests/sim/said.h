/* Reading members of what was published, where they stand first in a line. */
#ifndef SIM_SAID_H
#define SIM_SAID_H

#include <stdio.h>
#include <string.h>

#include <cpi/decimal.h>
#include <cpi/text.h>
#include <cpi/time.h>

static inline const char *member(const char *json, const char *name)
{
    char quoted[48];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(json, quoted);
    return at ? at + strlen(quoted) : NULL;
}
static inline struct cpi_text member_text(const char *json, const char *name)
{
    const char *at = member(json, name);
    if (!at || *at != '"')
        return CPI_ABSENT;
    return (struct cpi_text){ at + 1, (uint32_t)strcspn(at + 1, "\"") };
}
static inline int64_t member_time(const char *json, const char *name)
{
    int64_t ms = CPI_TIME_NONE;
    struct cpi_zone utc;
    cpi_zone_init_utc(&utc);
    cpi_time_parse(member_text(json, name), &utc, &ms);
    cpi_zone_fini(&utc);
    return ms;
}
/* In units of 10^-scale. */
static inline int64_t member_number(const char *json, const char *name, unsigned scale,
                                    int64_t otherwise)
{
    const char *at = member(json, name);
    struct cpi_decimal number;
    int64_t units;
    if (!at || !cpi_decimal_parse((struct cpi_text){ at, (uint32_t)strcspn(at, ",}") }, &number) ||
        !cpi_decimal_scaled(number, scale, &units))
        return otherwise;
    return units;
}

#endif
