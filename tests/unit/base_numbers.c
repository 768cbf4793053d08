/* Buffers and their bounds, decimals, durations, times and zones, the index of hashes. */
#include <cpi/buf.h>
#include <cpi/decimal.h>
#include <cpi/hash.h>
#include <cpi/text.h>
#include <cpi/time.h>

#include "check.h"

static uint64_t state = 1234567;
static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void test_buf(void)
{
    TEST ("numbers and texts come back from bytes; every cut is noticed") {
        for (int round = 0; round < 2000; round++) {
            uint64_t u = draw() >> draw() % 64;
            int64_t i = (int64_t)(draw() >> draw() % 64) * (draw() % 2 ? 1 : -1);
            struct cpi_buf buf;
            cpi_buf_init(&buf);
            cpi_buf_put_uint(&buf, u);
            cpi_buf_put_int(&buf, i);
            cpi_buf_put_text(&buf, CPI_ABSENT);
            cpi_buf_put_u64(&buf, u);
            cpi_buf_put_text(&buf, CPI_TEXT("abc"));
            for (size_t cut = 0; cut <= buf.len; cut++) {
                struct cpi_reader r = cpi_reader_of(buf.at, cut);
                uint64_t got_u = cpi_read_uint(&r);
                int64_t got_i = cpi_read_int(&r);
                struct cpi_text absent = cpi_read_text(&r);
                uint64_t got_u64 = cpi_read_u64(&r);
                struct cpi_text text = cpi_read_text(&r);
                CHECK_INT(r.bad, cut < buf.len);
                if (cut < buf.len)
                    continue;
                CHECK(got_u == u && got_i == i && got_u64 == u && !cpi_text_is(absent));
                CHECK_TEXT(text, "abc");
            }
            cpi_buf_fini(&buf);
        }
    }
    TEST ("a varint that never ends is bad") {
        struct cpi_reader r = cpi_reader_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
        CHECK_INT(cpi_read_uint(&r), 0);
        CHECK(r.bad);
    }
}

static void check_ratio(__int128 num, __int128 den, unsigned places, const char *want)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_decimal_format_ratio(&buf, num, den, places);
    CHECK_TEXT(buf, want);
    cpi_buf_fini(&buf);
}

static void check_decimal(const char *text, int64_t units, unsigned scale)
{
    struct cpi_decimal d;
    CHECK(cpi_decimal_parse(cpi_text_of(text), &d));
    CHECK_INT(d.units, units);
    CHECK_INT(d.scale, scale);
}

static void test_decimal(void)
{
    TEST ("W6 ties are rounded to the even digit, on both sides of zero") {
        check_ratio(1, 8, 2, "0.12");
        check_ratio(3, 8, 2, "0.38");
        check_ratio(-1, 8, 2, "-0.12");
        check_ratio(-3, 8, 2, "-0.38");
        check_ratio(1, 2, 0, "0");
        check_ratio(3, 2, 0, "2");
        check_ratio(5, 2, 0, "2");
        check_ratio(2, 3, 6, "0.666667");
        check_ratio(1999999, 2000000, 6, "1.000000");
        check_ratio(0, 7, 3, "0.000");
    }
    TEST ("decimals are exact, without zeros behind; what does not fit is refused") {
        struct cpi_decimal d;
        check_decimal("0", 0, 0);
        check_decimal("-12.50", -125, 1);
        check_decimal("1e3", 1000, 0);
        check_decimal("1.5E-3", 15, 4);
        check_decimal("9223372036854775807", INT64_MAX, 0);
        CHECK(!cpi_decimal_parse(CPI_TEXT("9223372036854775808"), &d));
        CHECK(!cpi_decimal_parse(CPI_TEXT(""), &d));
        CHECK(!cpi_decimal_parse(CPI_TEXT("1e400"), &d));
        CHECK(!cpi_decimal_parse(CPI_TEXT("1."), &d) || d.units == 1);
        CHECK(!cpi_decimal_parse(CPI_TEXT("abc"), &d));
        CHECK(!cpi_decimal_parse(CPI_TEXT("1 2"), &d));
    }
}

static void test_time(void)
{
    struct cpi_zone_change change[] = { { CPI_TIME_NONE, 3600 },
                                        { INT64_C(1774746000000), 7200 },   /* 2026-03-29 01:00Z */
                                        { INT64_C(1792890000000), 3600 } }; /* 2026-10-25 01:00Z */
    const struct cpi_zone zone = { "Europe/Berlin", change, 3 };
    TEST ("durations: numbers with units, largest first") {
        static const struct {
            const char *text;
            int64_t ms;
        } rows[] = {
            { "90s", 90000 },      { "1h30m", 5400000 }, { "500ms", 500 }, { "7d", 604800000 },
            { "2w", 1209600000 },  { "0s", 0 },          { "", -1 },       { "5", -1 },
            { "m", -1 },           { "30m1h", -1 },      { "-1s", -1 },    { "1.5h", -1 },
            { "99999999999d", -1 }
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            int64_t ms = -1;
            CHECK_INT(cpi_duration_parse(cpi_text_of(rows[i].text), &ms), rows[i].ms >= 0);
            CHECK_INT(ms, rows[i].ms);
        }
    }
    TEST ("T dates: every day from 1900 to 2200 comes back") {
        int64_t year;
        unsigned month, day;
        for (int64_t d = CPI_TIME_MIN / CPI_DAY; d < CPI_TIME_MAX / CPI_DAY; d++) {
            cpi_days_split(d, &year, &month, &day);
            CHECK(cpi_days_of(year, month, day) == d);
        }
    }
    TEST ("W1 the day of the change has 23 or 25 hours") {
        int64_t spring = cpi_zone_midnight(&zone, INT64_C(1774746000000)),
                autumn = cpi_zone_midnight(&zone, INT64_C(1792890000000));
        CHECK_INT(cpi_zone_add_days(&zone, spring, 1) - spring, 23 * CPI_HOUR);
        CHECK_INT(cpi_zone_add_days(&zone, autumn, 1) - autumn, 25 * CPI_HOUR);
        for (int64_t t = spring - CPI_DAY; t < spring + 3 * CPI_DAY; t += 7 * CPI_MINUTE) {
            int64_t midnight = cpi_zone_midnight(&zone, t);
            CHECK(midnight <= t && t < cpi_zone_add_days(&zone, midnight, 1));
            CHECK_INT((midnight + cpi_zone_offset_ms(&zone, midnight)) % CPI_DAY, 0);
            CHECK_INT(cpi_zone_instant(&zone, t + cpi_zone_offset_ms(&zone, t)), t);
        }
    }
    TEST ("times: offsets, fractions, blanks, and what is none") {
        static const struct {
            const char *text;
            int64_t ms;
        } rows[] = { { "2026-03-29T01:00:00Z", INT64_C(1774746000000) },
                     { "2026-03-29 03:00:00.1239+02:00", INT64_C(1774746000123) },
                     { "2026-03-29T03:00", INT64_C(1774746000000) },
                     { "2026-03-29", INT64_C(1774738800000) },
                     { "2026-02-29", -1 },
                     { "2026-13-01", -1 },
                     { "2026-03-29T25:00:00Z", -1 },
                     { "yesterday", -1 } };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            int64_t ms = -1;
            CHECK_INT(cpi_time_parse(cpi_text_of(rows[i].text), &zone, &ms), rows[i].ms >= 0);
            CHECK_INT(ms, rows[i].ms);
        }
        struct cpi_buf buf;
        cpi_buf_init(&buf);
        cpi_time_format(&buf, INT64_C(1774746000123));
        CHECK_TEXT(buf, "2026-03-29T01:00:00.123Z");
        cpi_buf_fini(&buf);
    }
}

static void test_text(void)
{
    TEST ("J2 absent equals nothing, not even absent") {
        CHECK(!cpi_text_equal(CPI_ABSENT, CPI_ABSENT));
        CHECK(!cpi_text_equal(CPI_ABSENT, CPI_TEXT("")));
        CHECK(cpi_text_equal(CPI_TEXT(""), CPI_TEXT("")));
    }
    TEST ("UTF-8 is strict: no overlong forms, surrogates, nothing above U+10FFFF") {
        CHECK(cpi_text_is_utf8(CPI_TEXT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")));
        CHECK(!cpi_text_is_utf8(CPI_TEXT("\xc0\x80")));
        CHECK(!cpi_text_is_utf8(CPI_TEXT("\xed\xa0\x80")));
        CHECK(!cpi_text_is_utf8(CPI_TEXT("\xf4\x90\x80\x80")));
        CHECK(!cpi_text_is_utf8(CPI_TEXT("\xe2\x82")));
        CHECK(!cpi_text_is_utf8(CPI_TEXT("\x80")));
    }
}

/* Against an array, with few hashes so that they meet, and many removals. */
static void test_index(void)
{
    TEST ("an index finds what was added and not what was taken out") {
        static bool there[64][512];
        struct cpi_index ix;
        size_t count = 0;
        cpi_index_init(&ix);
        for (int step = 0; step < 60000; step++) {
            uint64_t h = draw() % 64, hash = h * UINT64_C(0x9E3779B97F4A7C15);
            uint32_t value = (uint32_t)(draw() % 512);
            if (there[h][value] || draw() % 3 == 0) {
                CHECK_INT(cpi_index_take(&ix, hash, value), there[h][value]);
                count -= there[h][value];
                there[h][value] = false;
            } else {
                cpi_index_add(&ix, hash, value);
                there[h][value] = true;
                count++;
            }
            if (step % 100)
                continue;
            size_t found = 0, want = 0;
            for (uint32_t p = cpi_index_first(&ix, hash); p != CPI_NONE;
                 p = cpi_index_next(&ix, hash, p))
                found += there[h][cpi_index_at(&ix, p)] ? 1 : 1000000;
            for (size_t v = 0; v < 512; v++)
                want += there[h][v];
            CHECK_INT(found, want);
            CHECK_INT(ix.count, count);
        }
        cpi_index_fini(&ix);
    }
}

/* A task's keys are those whose hashes chose its partition. */
static void test_index_of_one_partition(void)
{
    TEST ("the keys of one partition spread over all of an index") {
        struct cpi_index ix;
        double steps = 0;
        cpi_index_init(&ix);
        for (uint32_t key = 0; ix.count < 150000; key++) {
            uint64_t hash = cpi_hash(&key, sizeof key);
            if (cpi_hash_partition(hash, 8) == 3)
                cpi_index_add(&ix, hash, key);
        }
        for (uint32_t place = 0; place <= ix.mask; place++)
            if (ix.slot[place].value != CPI_NONE)
                steps += (place - ix.slot[place].tag) & ix.mask;
        CHECK(steps / ix.count < 4);
        cpi_index_fini(&ix);
    }
}

int main(void)
{
    test_buf();
    test_decimal();
    test_time();
    test_text();
    test_index();
    test_index_of_one_partition();
    return check_done();
}
