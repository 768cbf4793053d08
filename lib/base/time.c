#include "cpi/time.h"

#include <string.h>

#define YEARS_100_MS (INT64_C(36525) * CPI_DAY)

static const struct {
    const char *name;
    int64_t ms;
} units[] = { { "w", 7 * CPI_DAY }, { "d", CPI_DAY },    { "h", CPI_HOUR },
              { "m", CPI_MINUTE },  { "s", CPI_SECOND }, { "ms", 1 } };
#define N_UNITS (sizeof units / sizeof *units)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool cpi_duration_parse(struct cpi_text t, int64_t *ret_ms)
{
    int64_t total = 0;
    size_t next_unit = 0;
    uint32_t i = 0;
    if (!t.at || !t.len)
        return false;
    while (i < t.len) {
        int64_t number = 0;
        uint32_t digits = i;
        for (; i < t.len && is_digit(t.at[i]) && number <= YEARS_100_MS; i++)
            number = number * 10 + (t.at[i] - '0');
        uint32_t name = i;
        while (i < t.len && !is_digit(t.at[i]))
            i++;
        size_t u = next_unit;
        while (u < N_UNITS &&
               !cpi_text_equal(cpi_text_part(t, name, i - name), cpi_text_of(units[u].name)))
            u++;
        if (digits == name || u == N_UNITS || number > YEARS_100_MS / units[u].ms)
            return false;
        total += number * units[u].ms;
        next_unit = u + 1;
    }
    if (total > YEARS_100_MS)
        return false;
    *ret_ms = total;
    return true;
}

void cpi_duration_format(struct cpi_buf *buf, int64_t ms)
{
    if (ms == 0)
        cpi_buf_add_string(buf, "0s");
    for (size_t u = 1; u < N_UNITS && ms; u++) /* days rather than weeks */
        if (ms >= units[u].ms) {
            cpi_buf_add_format(buf, "%lld%s", (long long)(ms / units[u].ms), units[u].name);
            ms %= units[u].ms;
        }
}

int64_t cpi_days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t yoe = year - era * 400;
    int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void cpi_days_split(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = yoe + era * 400 + (*ret_month <= 2);
}

/* A cursor over a time text. */
struct scan {
    struct cpi_text t;
    uint32_t i;
};

static bool scan_number(struct scan *s, uint32_t digits, int64_t *ret)
{
    int64_t value = 0;
    for (uint32_t k = 0; k < digits; k++, s->i++) {
        if (s->i >= s->t.len || !is_digit(s->t.at[s->i]))
            return false;
        value = value * 10 + (s->t.at[s->i] - '0');
    }
    *ret = value;
    return true;
}

static bool scan_char(struct scan *s, char c)
{
    if (s->i >= s->t.len || s->t.at[s->i] != c)
        return false;
    s->i++;
    return true;
}

static bool scan_date(struct scan *s, int64_t *ret_days)
{
    static const unsigned char length[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t y, m, d;
    if (!scan_number(s, 4, &y) || !scan_char(s, '-') || !scan_number(s, 2, &m) ||
        !scan_char(s, '-') || !scan_number(s, 2, &d))
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (m < 1 || m > 12 || d < 1 || d > length[m - 1] || (m == 2 && d == 29 && !leap))
        return false;
    *ret_days = cpi_days_of(y, (unsigned)m, (unsigned)d);
    return true;
}

static bool scan_clock(struct scan *s, int64_t *ret_ms)
{
    int64_t h, m, sec = 0, ms = 0;
    if (!scan_number(s, 2, &h) || !scan_char(s, ':') || !scan_number(s, 2, &m))
        return false;
    if (scan_char(s, ':') && !scan_number(s, 2, &sec))
        return false;
    if (scan_char(s, '.') || scan_char(s, ',')) {
        uint32_t from = s->i;
        for (int64_t place = 100; s->i < s->t.len && is_digit(s->t.at[s->i]); s->i++, place /= 10)
            ms += place * (s->t.at[s->i] - '0');
        if (s->i == from)
            return false;
    }
    if (h > 24 || m > 59 || sec > 60 || (h == 24 && (m || sec || ms)))
        return false;
    if (sec == 60) /* a leap second is the last one of its minute here */
        sec = 59;
    *ret_ms = h * CPI_HOUR + m * CPI_MINUTE + sec * CPI_SECOND + ms;
    return true;
}

static bool scan_offset(struct scan *s, int64_t *ret_ms)
{
    bool minus = s->t.at[s->i] == '-';
    int64_t h, m = 0;
    s->i++;
    if (!scan_number(s, 2, &h))
        return false;
    bool colon = scan_char(s, ':');
    if ((colon || s->i < s->t.len) && !scan_number(s, 2, &m))
        return false;
    if (h > 23 || m > 59)
        return false;
    *ret_ms = (h * CPI_HOUR + m * CPI_MINUTE) * (minus ? -1 : 1);
    return true;
}

bool cpi_time_parse(struct cpi_text t, const struct cpi_zone *zone, int64_t *ret_ms)
{
    struct scan s = { t, 0 };
    int64_t days, clock = 0, offset = 0;
    bool given = false;
    if (!t.at || !scan_date(&s, &days))
        return false;
    if (s.i < t.len) {
        if (!(scan_char(&s, 'T') || scan_char(&s, 't') || scan_char(&s, ' ')) ||
            !scan_clock(&s, &clock))
            return false;
        if (s.i + 1 < t.len && t.at[s.i] == ' ')
            s.i++;
        if (scan_char(&s, 'Z') || scan_char(&s, 'z')) {
            given = true;
        } else if (s.i < t.len && (t.at[s.i] == '+' || t.at[s.i] == '-')) {
            if (!scan_offset(&s, &offset))
                return false;
            given = true;
        }
        if (s.i != t.len)
            return false;
    }
    int64_t local = days * CPI_DAY + clock;
    *ret_ms = given ? local - offset : zone ? cpi_zone_instant(zone, local) : local;
    return true;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* `digits` of them, and what stands behind. */
static char *put_part(char *p, unsigned value, unsigned digits, char after)
{
    for (unsigned d = digits; d-- > 0; value /= 10)
        p[d] = (char)('0' + value % 10);
    p[digits] = after;
    return p + digits + 1;
}

void cpi_time_format(struct cpi_buf *buf, int64_t ms)
{
    int64_t days = floor_div(ms, CPI_DAY), year;
    unsigned month, day, rest = (unsigned)(ms - days * CPI_DAY), s = rest / 1000;
    cpi_days_split(days, &year, &month, &day);
    cpi_buf_reserve(buf, 32);
    char *p = (char *)buf->at + buf->len;
    p = put_part(p, (unsigned)year, 4, '-');
    p = put_part(p, month, 2, '-');
    p = put_part(p, day, 2, 'T');
    p = put_part(p, s / 3600, 2, ':');
    p = put_part(p, s / 60 % 60, 2, ':');
    p = put_part(p, s % 60, 2, '.');
    p = put_part(p, rest % 1000, 3, 'Z');
    buf->len = (size_t)(p - (char *)buf->at);
}
