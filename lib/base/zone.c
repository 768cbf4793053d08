#include <assert.h>
#include <stdlib.h>

#include "cpi/alloc.h"
#include "cpi/time.h"

void cpi_zone_init_utc(struct cpi_zone *zone)
{
    zone->name = cpi_xstrdup("UTC");
    zone->change = cpi_xmalloc(sizeof *zone->change);
    zone->change[0] = (struct cpi_zone_change){ CPI_TIME_NONE, 0 };
    zone->count = 1;
}

void cpi_zone_fini(struct cpi_zone *zone)
{
    free(zone->name);
    free(zone->change);
    *zone = (struct cpi_zone){ 0 };
}

int64_t cpi_zone_offset_ms(const struct cpi_zone *zone, int64_t instant)
{
    size_t low = 0, high = zone->count;
    assert(zone->count);
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (zone->change[mid].at <= instant)
            low = mid;
        else
            high = mid;
    }
    return (int64_t)zone->change[low].offset_s * 1000;
}

int64_t cpi_zone_instant(const struct cpi_zone *zone, int64_t local_ms)
{
    /* Offsets change by less than a day, so the candidates are the offsets a day before and after.
     */
    int64_t before = cpi_zone_offset_ms(zone, local_ms - CPI_DAY);
    int64_t after = cpi_zone_offset_ms(zone, local_ms + CPI_DAY);
    int64_t early = local_ms - before, late = local_ms - after;
    if (early + cpi_zone_offset_ms(zone, early) == local_ms)
        return early;
    if (late + cpi_zone_offset_ms(zone, late) == local_ms)
        return late;
    return early; /* in a gap: the old offset carries on past it */
}

int64_t cpi_zone_midnight(const struct cpi_zone *zone, int64_t instant)
{
    int64_t local = instant + cpi_zone_offset_ms(zone, instant);
    int64_t day = local / CPI_DAY - (local % CPI_DAY < 0);
    int64_t midnight = cpi_zone_instant(zone, day * CPI_DAY);
    return midnight <= instant ? midnight : cpi_zone_instant(zone, (day - 1) * CPI_DAY);
}

int64_t cpi_zone_add_days(const struct cpi_zone *zone, int64_t midnight, int64_t days)
{
    int64_t local = midnight + cpi_zone_offset_ms(zone, midnight);
    int64_t day = local / CPI_DAY - (local % CPI_DAY < 0);
    return cpi_zone_instant(zone, (day + days) * CPI_DAY);
}

static int64_t divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

int64_t cpi_zone_hour_ms(const struct cpi_zone *zone)
{
    int64_t hour = CPI_HOUR;
    for (size_t i = 1; i < zone->count; i++)
        if (zone->change[i].at >= 0)
            hour = divisor(
                hour, (int64_t)(zone->change[i].offset_s - zone->change[i - 1].offset_s) * 1000);
    return hour;
}
