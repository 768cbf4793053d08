/* Time as data: instants are milliseconds since 1970-01-01T00:00:00Z, durations are milliseconds.
 * Nothing here asks what time it is. */
#ifndef CPI_TIME_H
#define CPI_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/text.h"

#define CPI_SECOND INT64_C(1000)
#define CPI_MINUTE (60 * CPI_SECOND)
#define CPI_HOUR (60 * CPI_MINUTE)
#define CPI_DAY (24 * CPI_HOUR)
/* An undefined watermark, and the beginning of all time. */
#define CPI_TIME_NONE INT64_MIN
#define CPI_TIME_END INT64_MAX
/* Instants that cpid accepts: 1900-01-01 .. 2200-01-01, exclusive. */
#define CPI_TIME_MIN INT64_C(-2208988800000)
#define CPI_TIME_MAX INT64_C(7258118400000)

/* Whether an instant can follow from accepted ones (a deadline, a watermark): 300 years beyond them
 * on both sides. What else is found in stored or sent forms is no instant, and sums with durations
 * stay far from the edges of int64. */
static inline bool cpi_time_fits(int64_t t)
{
    return t >= CPI_TIME_MIN - 109573 * CPI_DAY && t <= CPI_TIME_MAX + 109573 * CPI_DAY;
}
static inline bool cpi_time_fits_or(int64_t t, int64_t other)
{
    return t == other || cpi_time_fits(t);
}

/* "90s", "1h30m", "500ms", "7d", "2w": numbers with units, largest first, no sign. False if not so
 * or above 100 years. */
bool cpi_duration_parse(struct cpi_text t, int64_t *ret_ms);
/* The shortest such text. */
void cpi_duration_format(struct cpi_buf *buf, int64_t ms);

/* Days since 1970-01-01 of a civil date (proleptic Gregorian; H. Hinnant's algorithm), and back. */
int64_t cpi_days_of(int64_t year, unsigned month, unsigned day);
void cpi_days_split(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);

/* A zone: instants at which the offset from UTC changes. transition[0].at is CPI_TIME_NONE. */
struct cpi_zone_change {
    int64_t at;       /* first instant with this offset */
    int32_t offset_s; /* local = UTC + offset */
};
struct cpi_zone {
    char *name;
    struct cpi_zone_change *change; /* ascending; count >= 1 */
    size_t count;
};
/* UTC; shares nothing, free with cpi_zone_fini. */
void cpi_zone_init_utc(struct cpi_zone *zone);
void cpi_zone_fini(struct cpi_zone *zone);
int64_t cpi_zone_offset_ms(const struct cpi_zone *zone, int64_t instant);
/* The instant of a local time given as if it were UTC; in a gap the instant after it, in an overlap
 * the earlier one. */
int64_t cpi_zone_instant(const struct cpi_zone *zone, int64_t local_ms);
/* The local midnight at or before `instant`, and the one `days` local days after a midnight. */
int64_t cpi_zone_midnight(const struct cpi_zone *zone, int64_t instant);
int64_t cpi_zone_add_days(const struct cpi_zone *zone, int64_t midnight, int64_t days);
/* The greatest step that divides an hour and every change of the zone's offset since 1970: panes of
 * hours stay aligned over a change of summer time. */
int64_t cpi_zone_hour_ms(const struct cpi_zone *zone);

/* ISO 8601 / RFC 3339: date, 'T' or blank, hh:mm[:ss[.fraction]], then Z, +hh:mm, +hhmm, +hh or
 * nothing (then `zone`); a blank may stand before the offset; a bare date is its midnight.
 * Fractions are cut to ms. False if it is none. */
bool cpi_time_parse(struct cpi_text t, const struct cpi_zone *zone, int64_t *ret_ms);
/* "2026-01-31T08:05:00.000Z" */
void cpi_time_format(struct cpi_buf *buf, int64_t ms);

#endif
