#include "window/calendar.h"

void cpi_calendar_init(struct cpi_calendar *cal, const struct cpi_zone *zone)
{
    *cal = (struct cpi_calendar){ zone, 0, 0 };
}

static void look(struct cpi_calendar *cal, int64_t t)
{
    if (t >= cal->day_start && t < cal->day_end)
        return;
    cal->day_start = cpi_zone_midnight(cal->zone, t);
    cal->day_end = cpi_zone_add_days(cal->zone, cal->day_start, 1);
}

/* Local day number, counted so that Mondays are multiples of 7. */
static int64_t day_number(const struct cpi_calendar *cal)
{
    int64_t local = cal->day_start + cpi_zone_offset_ms(cal->zone, cal->day_start);
    return (local - (local % CPI_DAY + CPI_DAY) % CPI_DAY) / CPI_DAY + 3;
}

int64_t cpi_calendar_floor(struct cpi_calendar *cal, struct cpi_step step, int64_t t)
{
    look(cal, t);
    if (!step.every_days)
        return cal->day_start + (t - cal->day_start) / step.every_ms * step.every_ms;
    if (step.every_days == 1)
        return cal->day_start;
    int64_t back = day_number(cal) % step.every_days;
    return cpi_zone_add_days(cal->zone, cal->day_start,
                             -(back < 0 ? back + step.every_days : back));
}

int64_t cpi_calendar_next(struct cpi_calendar *cal, struct cpi_step step, int64_t t)
{
    int64_t floor = cpi_calendar_floor(cal, step, t);
    if (step.every_days == 1)
        return cal->day_end;
    if (step.every_days)
        return cpi_zone_add_days(cal->zone, floor, step.every_days);
    int64_t next = floor + step.every_ms;
    return next < cal->day_end ? next : cal->day_end;
}

int64_t cpi_calendar_start(struct cpi_calendar *cal, const struct cpi_window *window, int64_t b)
{
    if (!window->length_days)
        return b - window->length_ms;
    return cpi_zone_add_days(cal->zone, b, -(int64_t)window->length_days);
}
