/* `date`: times in a format of their own. The part of strptime that vendors' texts need. */
#include <string.h>

#include "event/map.h"

struct cursor {
    const char *at, *end;
};
struct parts {
    int64_t year, month, day, hour, minute, second, ms, offset_ms;
    bool pm, am, has_offset;
};

static bool is_digit(const struct cursor *c)
{
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

/* Up to `most` digits. */
static bool read_digits(struct cursor *c, int most, int64_t *ret)
{
    const char *from = c->at;
    *ret = 0;
    while (is_digit(c) && c->at - from < most)
        *ret = *ret * 10 + (*c->at++ - '0');
    return c->at > from;
}

static bool read_number(struct cursor *c, int most, int64_t low, int64_t high, int64_t *ret)
{
    return read_digits(c, most, ret) && *ret >= low && *ret <= high;
}

static bool read_month_name(struct cursor *c, int64_t *ret)
{
    static const char *const name[] = { "january",   "february", "march",    "april",
                                        "may",       "june",     "july",     "august",
                                        "september", "october",  "november", "december" };
    struct cpi_text left = { c->at, (uint32_t)(c->end - c->at) };
    for (int m = 0; m < 12; m++) {
        struct cpi_text full = cpi_text_of(name[m]);
        if (!cpi_text_equal_nocase(cpi_text_part(left, 0, 3), cpi_text_part(full, 0, 3)))
            continue;
        bool all = cpi_text_equal_nocase(cpi_text_part(left, 0, full.len), full);
        c->at += all ? full.len : 3;
        *ret = m + 1;
        return true;
    }
    return false;
}

static bool read_half(struct cursor *c, struct parts *p)
{
    if (c->end - c->at < 2 || (c->at[1] | 0x20) != 'm')
        return false;
    p->am = (c->at[0] | 0x20) == 'a';
    p->pm = (c->at[0] | 0x20) == 'p';
    c->at += 2;
    return p->am || p->pm;
}

/* .123456 after %S: digits beyond the ms are cut. */
static bool read_fraction(struct cursor *c, int64_t *ret_ms)
{
    int64_t place = 100;
    *ret_ms = 0;
    if (!is_digit(c))
        return false;
    for (; is_digit(c); c->at++, place /= 10)
        *ret_ms += place * (*c->at - '0');
    return true;
}

static bool read_offset(struct cursor *c, struct parts *p)
{
    int64_t hours, minutes = 0;
    p->has_offset = true;
    if (c->at < c->end && (*c->at == 'Z' || *c->at == 'z')) {
        c->at++;
        return true;
    }
    if (c->at == c->end || (*c->at != '+' && *c->at != '-'))
        return false;
    bool minus = *c->at++ == '-';
    if (!read_number(c, 2, 0, 23, &hours))
        return false;
    if (c->at < c->end && *c->at == ':')
        c->at++;
    if (is_digit(c) && !read_number(c, 2, 0, 59, &minutes))
        return false;
    p->offset_ms = (hours * 60 + minutes) * (minus ? -CPI_MINUTE : CPI_MINUTE);
    return true;
}

static bool read_year(struct cursor *c, bool two, struct parts *p)
{
    if (!read_digits(c, two ? 2 : 4, &p->year))
        return false;
    if (two)
        p->year += p->year < 69 ? 2000 : 1900; /* POSIX */
    return true;
}

static bool read_part(struct cursor *c, char what, struct parts *p)
{
    switch (what) {
    case 'Y':
        return read_year(c, false, p);
    case 'y':
        return read_year(c, true, p);
    case 'm':
        return read_number(c, 2, 1, 12, &p->month);
    case 'b':
    case 'B':
        return read_month_name(c, &p->month);
    case 'd':
        return read_number(c, 2, 1, 31, &p->day);
    case 'H':
        return read_number(c, 2, 0, 23, &p->hour);
    case 'I':
        return read_number(c, 2, 1, 12, &p->hour);
    case 'M':
        return read_number(c, 2, 0, 59, &p->minute);
    case 'S':
        return read_number(c, 2, 0, 60, &p->second);
    case 'f':
        return read_fraction(c, &p->ms);
    case 'p':
        return read_half(c, p);
    case 'z':
        return read_offset(c, p);
    default:
        return c->at < c->end && *c->at++ == '%'; /* checked: %% */
    }
}

bool map_date_check(struct cpi_text format, char *ret_unknown)
{
    for (uint32_t i = 0; i < format.len; i++) {
        if (format.at[i] != '%')
            continue;
        *ret_unknown = ++i < format.len ? format.at[i] : ' ';
        if (!strchr("YymbBdHIMSfpz%", *ret_unknown))
            return false;
    }
    return true;
}

static unsigned month_days(int64_t year, int64_t month)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (unsigned)(month == 2 && leap);
}

bool map_date_parse(struct cpi_text t, struct cpi_text format, const struct cpi_zone *zone,
                    int64_t *ret_ms)
{
    struct cursor c = { t.at, t.at + t.len };
    struct parts p = { .year = 1970, .month = 1, .day = 1 };
    for (uint32_t i = 0; i < format.len; i++) {
        char want = format.at[i];
        if (want == '%') {
            if (!read_part(&c, format.at[++i], &p))
                return false;
        } else if (c.at == c.end || *c.at++ != want) {
            return false;
        }
    }
    if (c.at != c.end || p.day > month_days(p.year, p.month) || ((p.am || p.pm) && p.hour > 12))
        return false;
    if (p.am || p.pm)
        p.hour = p.hour % 12 + (p.pm ? 12 : 0);
    if (p.second == 60)
        p.second = 59;
    int64_t local = cpi_days_of(p.year, (unsigned)p.month, (unsigned)p.day) * CPI_DAY +
                    p.hour * CPI_HOUR + p.minute * CPI_MINUTE + p.second * CPI_SECOND + p.ms;
    *ret_ms = p.has_offset ? local - p.offset_ms : zone ? cpi_zone_instant(zone, local) : local;
    return true;
}
