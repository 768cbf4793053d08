#include "cpi/decimal.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the exponent at t[i]; false if malformed or beyond +-400. */
static bool read_exponent(struct cpi_text t, uint32_t i, int *ret)
{
    int sign = 1, value = 0;
    if (i < t.len && (t.at[i] == '+' || t.at[i] == '-'))
        sign = t.at[i++] == '-' ? -1 : 1;
    if (i == t.len)
        return false;
    for (; i < t.len; i++) {
        if (!is_digit(t.at[i]) || (value = value * 10 + (t.at[i] - '0')) > 400)
            return false;
    }
    *ret = sign * value;
    return true;
}

bool cpi_decimal_parse(struct cpi_text t, struct cpi_decimal *ret)
{
    uint32_t i = 0, n_digits = 0;
    int exponent = 0, places = 0;
    uint64_t units = 0;
    bool minus = false, point = false;
    if (!t.at || !t.len || t.len > 1000)
        return false;
    if (t.at[0] == '-' || t.at[0] == '+')
        minus = t.at[i++] == '-';
    int zeros = 0; /* that may turn out to be trailing ones */
    for (; i < t.len; i++) {
        char c = t.at[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c))
            break;
        n_digits++;
        places += point;
        zeros++;
        if (c == '0')
            continue;
        for (; zeros; zeros--)
            if (__builtin_mul_overflow(units, 10u, &units))
                return false;
        if (__builtin_add_overflow(units, (uint64_t)(c - '0'), &units))
            return false;
    }
    if (!n_digits || (i < t.len && t.at[i] != 'e' && t.at[i] != 'E') ||
        (i < t.len && !read_exponent(t, i + 1, &exponent)))
        return false;
    int scale = units ? places - zeros - exponent : 0;
    for (; scale < 0; scale++)
        if (__builtin_mul_overflow(units, 10u, &units))
            return false;
    for (; scale > 0 && units % 10 == 0; scale--)
        units /= 10;
    if (scale > 18 || units > (uint64_t)INT64_MAX + minus)
        return false;
    *ret = (struct cpi_decimal){ minus ? (int64_t)(0 - units) : (int64_t)units, (uint8_t)scale };
    return true;
}

static __int128 power(unsigned places)
{
    __int128 p = 1;
    while (places--)
        p *= 10;
    return p;
}

int cpi_decimal_order(struct cpi_decimal a, struct cpi_decimal b)
{
    __int128 l = (__int128)a.units * power(b.scale), r = (__int128)b.units * power(a.scale);
    return (l > r) - (l < r);
}

static bool fits(__int128 v, int64_t *ret)
{
    if (v > INT64_MAX || v < INT64_MIN)
        return false;
    *ret = (int64_t)v;
    return true;
}

bool cpi_decimal_scaled(struct cpi_decimal d, unsigned places, int64_t *ret)
{
    return d.scale <= places && fits((__int128)d.units * power(places - d.scale), ret);
}

bool cpi_decimal_units(struct cpi_text t, unsigned places, int64_t *ret)
{
    static const int64_t scale[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
    struct cpi_decimal number;
    int64_t value = 0;
    uint32_t i = 0;
    for (; i < t.len && i < 12 && is_digit(t.at[i]); i++) /* nearly always */
        value = value * 10 + (t.at[i] - '0');
    if (i && i == t.len && places < sizeof scale / sizeof *scale) {
        *ret = value * scale[places];
        return true;
    }
    return cpi_decimal_parse(t, &number) && cpi_decimal_scaled(number, places, ret);
}

bool cpi_decimal_times(struct cpi_decimal d, int64_t factor, int64_t *ret)
{
    return fits((__int128)d.units * factor / power(d.scale), ret);
}

static void add_digits(struct cpi_buf *buf, unsigned __int128 v, unsigned least)
{
    char text[48];
    unsigned n = 0;
    for (; v > UINT64_MAX; v /= 10)
        text[sizeof text - ++n] = (char)('0' + (unsigned)(v % 10));
    uint64_t low = (uint64_t)v;
    do {
        text[sizeof text - ++n] = (char)('0' + (unsigned)(low % 10));
        low /= 10;
    } while (low || n < least);
    cpi_buf_add(buf, text + sizeof text - n, n);
}

/* Division of 128 bits is slow, and hardly ever needed. */
static unsigned __int128 divide(unsigned __int128 a, unsigned __int128 b,
                                unsigned __int128 *ret_rest)
{
    if (a <= UINT64_MAX && b <= UINT64_MAX) {
        *ret_rest = (uint64_t)a % (uint64_t)b;
        return (uint64_t)a / (uint64_t)b;
    }
    *ret_rest = a % b;
    return a / b;
}

void cpi_decimal_format_ratio(struct cpi_buf *buf, __int128 num, __int128 den, unsigned places)
{
    bool minus = num < 0;
    unsigned __int128 n = minus ? -(unsigned __int128)num : (unsigned __int128)num;
    unsigned __int128 d = (unsigned __int128)den, scale = (unsigned __int128)power(places);
    /* whole and rest apart, so that scaling does not overflow for |num| up to 2^120 / 10^places */
    unsigned __int128 rest, whole = divide(n, d, &rest), part = divide(rest * scale, d, &rest);
    if (rest > d - rest || (rest == d - rest && (part & 1)))
        part++;
    if (rest == d - rest && places == 0 && ((whole + part) & 1))
        part++;
    whole += divide(part, scale, &part);
    if (minus && (whole || part))
        cpi_buf_add_byte(buf, '-');
    add_digits(buf, whole, 1);
    if (places) {
        cpi_buf_add_byte(buf, '.');
        add_digits(buf, part, places);
    }
}

void cpi_decimal_format(struct cpi_buf *buf, __int128 units, unsigned scale)
{
    while (scale && units % 10 == 0) {
        units /= 10;
        scale--;
    }
    cpi_decimal_format_ratio(buf, units, power(scale), scale);
}

void cpi_int_format(struct cpi_buf *buf, int64_t value)
{
    if (value < 0)
        cpi_buf_add_byte(buf, '-');
    add_digits(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}
