/* W1: steps and days in zones that shift, and the ladder of panes that serves them. */
#include "window/ladder.h"

#include "check.h"
#include "config/zone.h"
#include "window/panes.h"

static int64_t at(const char *text)
{
    int64_t ms = 0;
    CHECK(cpi_time_parse(cpi_text_of(text), NULL, &ms));
    return ms;
}

/* ---- calendar ---- */
static void test_days(void)
{
    static const struct {
        const char *zone, *begin, *end; /* a local day */
        int minutes;
    } day[] = {
        { "Europe/Berlin", "2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", 23 * 60 },
        { "Europe/Berlin", "2024-10-26T22:00:00Z", "2024-10-27T23:00:00Z", 25 * 60 },
        { "Australia/Lord_Howe", "2024-10-05T13:30:00Z", "2024-10-06T13:00:00Z", 23 * 60 + 30 },
        { "Australia/Lord_Howe", "2024-04-06T13:00:00Z", "2024-04-07T13:30:00Z", 24 * 60 + 30 },
        { "America/Santiago", "2024-09-08T04:00:00Z", "2024-09-09T03:00:00Z", 23 * 60 },
        { "America/Santiago", "2024-04-06T03:00:00Z", "2024-04-07T04:00:00Z", 25 * 60 },
        { "Asia/Beirut", "2022-03-26T22:00:00Z", "2022-03-27T21:00:00Z", 23 * 60 },
        { "UTC", "2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z", 24 * 60 },
        { "UTC", "1969-12-31T00:00:00Z", "1970-01-01T00:00:00Z", 24 * 60 },
    };
    TEST ("W1 a local day runs from midnight to midnight, or from the first instant after it") {
        for (size_t i = 0; i < sizeof day / sizeof *day; i++) {
            struct cpi_zone zone;
            struct cpi_calendar cal;
            const struct cpi_step days = { 0, 1 }, half = { CPI_HOUR / 2, 0 };
            int64_t begin = at(day[i].begin), end = at(day[i].end);
            if (zone_read(day[i].zone, &zone))
                check_skip("no zone database");
            cpi_calendar_init(&cal, &zone);
            CHECK_INT((end - begin) / CPI_MINUTE, day[i].minutes);
            CHECK_INT(cpi_calendar_floor(&cal, days, begin), begin);
            CHECK_INT(cpi_calendar_floor(&cal, days, end - 1), begin);
            CHECK_INT(cpi_calendar_next(&cal, days, begin), end);
            CHECK_INT(cpi_calendar_next(&cal, days, end - 1), end);
            CHECK(cpi_calendar_floor(&cal, days, begin - 1) < begin);
            /* half hours from midnight on, none twice, none missing */
            int64_t t = begin;
            for (int k = 0; k < day[i].minutes / 30; k++) {
                CHECK_INT(cpi_calendar_floor(&cal, half, t + CPI_HOUR / 2 - 1), t);
                CHECK(cpi_calendar_is_step(&cal, half, t));
                t = cpi_calendar_next(&cal, half, t);
            }
            CHECK_INT(t, end);
            cpi_zone_fini(&zone);
        }
    }
    TEST ("W1 a step that does not divide the day of a change begins anew at midnight") {
        struct cpi_zone zone;
        struct cpi_calendar cal;
        const struct cpi_step six = { 6 * CPI_HOUR, 0 };
        if (zone_read("Europe/Berlin", &zone))
            check_skip("no zone database");
        cpi_calendar_init(&cal, &zone);
        int64_t t = at("2024-03-30T23:00:00Z");
        for (int k = 0; k < 3; k++)
            t = cpi_calendar_next(&cal, six, t);
        CHECK_INT(t, at("2024-03-31T17:00:00Z"));
        CHECK_INT(cpi_calendar_next(&cal, six, t), at("2024-03-31T22:00:00Z")); /* after 5 hours */
        cpi_zone_fini(&zone);
    }
    TEST ("W1 weeks begin on Mondays, before the epoch too") {
        struct cpi_zone utc;
        struct cpi_calendar cal;
        const struct cpi_step week = { 0, 7 };
        cpi_zone_init_utc(&utc);
        cpi_calendar_init(&cal, &utc);
        CHECK_INT(cpi_calendar_floor(&cal, week, 0), at("1969-12-29T00:00:00Z"));
        CHECK_INT(cpi_calendar_floor(&cal, week, at("1969-12-28T23:59:59Z")),
                  at("1969-12-22T00:00:00Z"));
        CHECK_INT(cpi_calendar_next(&cal, week, at("2100-02-28T12:00:00Z")),
                  at("2100-03-01T00:00:00Z"));
        cpi_zone_fini(&utc);
    }
}

/* ---- ladder ---- */
static struct cpi_window window[] = {
    { .length_ms = CPI_HOUR, .every_ms = 10 * CPI_MINUTE },
    { .length_ms = 24 * CPI_HOUR, .every_ms = CPI_HOUR },
    { .length_days = 30, .every_days = 1 },
};

static struct cpi_ladder ladder_of(int64_t hour_ms, bool compare, uint16_t *over, size_t n)
{
    const struct cpi_model model = {
        .window = window, .n_windows = 3, .lateness_ms = CPI_DAY, .zone_hour_ms = hour_ms
    };
    const struct cpi_indicator ind = {
        .kind = CPI_EACH, .over = over, .n_over = n, .compare_previous = compare
    };
    return cpi_ladder_of(&model, &ind);
}

static void test_ladder(void)
{
    uint16_t all[] = { 0, 1, 2 };
    TEST ("panes are as fine as the finest window needs, and coarser for those that reach far") {
        struct cpi_ladder l = ladder_of(CPI_HOUR, false, all, 3);
        CHECK_INT(l.count, 3);
        CHECK_INT(l.rung[0].step.every_ms, 10 * CPI_MINUTE);
        CHECK_INT(l.rung[1].step.every_ms, CPI_HOUR);
        CHECK_INT(l.rung[2].step.every_days, 1);
        /* length + lateness + a step: a late fact may change the oldest boundary of that age */
        CHECK(l.rung[0].keep_ms >= CPI_HOUR + CPI_DAY);
        CHECK(l.rung[1].keep_ms >= 24 * CPI_HOUR + CPI_DAY);
        CHECK(l.rung[2].keep_ms >= 31 * CPI_DAY);
    }
    TEST ("W7 with a comparison panes are kept for twice the length") {
        struct cpi_ladder l = ladder_of(CPI_HOUR, true, all, 3);
        CHECK(l.rung[0].keep_ms >= 2 * CPI_HOUR + CPI_DAY);
        CHECK(l.rung[2].keep_ms >= 61 * CPI_DAY);
    }
    TEST ("where a zone shifts by half an hour, panes of hours are half hours") {
        struct cpi_ladder l = ladder_of(CPI_HOUR / 2, false, all + 1, 1);
        CHECK_INT(l.count, 1);
        CHECK_INT(l.rung[0].step.every_ms, CPI_HOUR / 2);
        struct cpi_zone zone;
        if (zone_read("Australia/Lord_Howe", &zone))
            check_skip("no zone database");
        CHECK_INT(cpi_zone_hour_ms(&zone), CPI_HOUR / 2);
        cpi_zone_fini(&zone);
        CHECK_INT(zone_read("Europe/Berlin", &zone), 0);
        CHECK_INT(cpi_zone_hour_ms(&zone), CPI_HOUR);
        cpi_zone_fini(&zone);
    }
    TEST ("a derived indicator has no panes of its own") {
        const struct cpi_model model = { .window = window, .zone_hour_ms = CPI_HOUR };
        const struct cpi_indicator ind = { .kind = CPI_DERIVED, .over = all, .n_over = 1 };
        CHECK_INT(cpi_ladder_of(&model, &ind).count, 0);
    }
}

static void test_place(void)
{
    uint16_t all[] = { 0, 1, 2 };
    struct cpi_zone utc;
    struct cpi_calendar cal;
    cpi_zone_init_utc(&utc);
    cpi_calendar_init(&cal, &utc);
    TEST ("W4 a late fact goes into the pane that still exists: finest, coarser, none") {
        struct cpi_ladder l = ladder_of(CPI_HOUR, false, all, 3);
        int64_t cursor = at("2026-06-30T12:00:00Z"), start;
        uint8_t rung;
        CHECK(cpi_ladder_place(&l, &cal, at("2026-06-30T11:56:00Z"), cursor, &start, &rung));
        CHECK_INT(rung, 0);
        CHECK_INT(start, at("2026-06-30T11:50:00Z"));
        CHECK(cpi_ladder_place(&l, &cal, at("2026-06-29T02:15:00Z"), cursor, &start, &rung));
        CHECK_INT(rung, 1);
        CHECK_INT(start, at("2026-06-29T02:00:00Z"));
        CHECK(cpi_ladder_place(&l, &cal, at("2026-06-10T02:15:00Z"), cursor, &start, &rung));
        CHECK_INT(rung, 2);
        CHECK_INT(start, at("2026-06-10T00:00:00Z"));
        CHECK(!cpi_ladder_place(&l, &cal, at("2026-01-10T02:15:00Z"), cursor, &start, &rung));
    }
    TEST ("the edge of a rung is a step of the next one: no coarse pane is half folded") {
        struct cpi_ladder l = ladder_of(CPI_HOUR, false, all, 3);
        for (int64_t t = at("2026-06-30T12:00:00Z"); t < at("2026-07-02T12:00:00Z");
             t += 7 * CPI_MINUTE) {
            int64_t fine = cpi_ladder_edge(&l, &cal, 0, t),
                    coarse = cpi_ladder_edge(&l, &cal, 1, t);
            CHECK(cpi_calendar_is_step(&cal, l.rung[1].step, fine));
            CHECK(cpi_calendar_is_step(&cal, l.rung[2].step, coarse));
            CHECK(coarse <= fine && fine <= t - l.rung[0].keep_ms);
        }
    }
    cpi_zone_fini(&utc);
}

int main(void)
{
    test_days();
    test_ladder();
    test_place();
    return check_done();
}
