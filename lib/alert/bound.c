#include "alert/bound.h"

static __int128 power(unsigned places)
{
    __int128 p = 1;
    while (places--)
        p *= 10;
    return p;
}

struct cpi_value cpi_value_of(const struct cpi_indicator *ind, struct cpi_show show,
                              const struct cpi_reading *reading, int64_t b)
{
    struct cpi_value value = { reading->n <= 0, 0, 1 };
    if (show.stat == CPI_STAT_COUNT)
        return (struct cpi_value){ false, reading->n, 1 };
    if (value.null)
        return value;
    value.den = power(ind->scale);
    switch (show.stat) {
    case CPI_STAT_SUM:
        value.num = reading->sum;
        break;
    case CPI_STAT_MEAN:
        value.num = reading->sum;
        value.den *= reading->n;
        break;
    case CPI_STAT_MIN:
        value.num = reading->min;
        break;
    case CPI_STAT_MAX:
        value.num = reading->max;
        break;
    case CPI_STAT_QUANTILE:
        value.num = cpi_reading_quantile(reading, show.percent);
        break;
    case CPI_STAT_SHARE:
        value.num = reading->good;
        value.den = reading->n;
        break;
    case CPI_STAT_AGE_QUANTILE:
        value.num = cpi_reading_age(reading, show.percent, b);
        value.den = 1;
        break;
    case CPI_STAT_AGE_MAX:
        value.num = cpi_reading_age(reading, 100, b);
        value.den = 1;
        break;
    case CPI_STAT_COUNT:
    case CPI_STAT_RATIO:
    case CPI_STAT_DIFFERENCE:
        value.null = true;
        break;
    }
    return value;
}

struct cpi_value cpi_value_derived(struct cpi_value left, struct cpi_value right, bool difference)
{
    struct cpi_value value = { left.null || right.null || (!difference && right.num == 0), 0, 1 };
    if (value.null)
        return value;
    if (difference) {
        value.num = left.num * right.den - right.num * left.den;
        value.den = left.den * right.den;
        return value;
    }
    value.num = left.num * right.den;
    value.den = left.den * right.num;
    if (value.den < 0) {
        value.num = -value.num;
        value.den = -value.den;
    }
    return value;
}

void cpi_value_format(struct cpi_buf *buf, const struct cpi_indicator *ind, struct cpi_show show,
                      struct cpi_value value)
{
    if (value.null) {
        cpi_buf_add_string(buf, "null");
        return;
    }
    switch (show.stat) {
    case CPI_STAT_SHARE:
    case CPI_STAT_RATIO:
    case CPI_STAT_DIFFERENCE:
        cpi_decimal_format_ratio(buf, value.num, value.den, 6);
        break;
    case CPI_STAT_MEAN:
        cpi_decimal_format_ratio(buf, value.num, value.den, 3);
        break;
    case CPI_STAT_COUNT:
    case CPI_STAT_AGE_QUANTILE:
    case CPI_STAT_AGE_MAX:
        cpi_int_format(buf, (int64_t)value.num);
        break;
    case CPI_STAT_SUM:
    case CPI_STAT_MIN:
    case CPI_STAT_MAX:
    case CPI_STAT_QUANTILE:
        cpi_decimal_format(buf, value.num, ind->scale); /* of a difference: 65 bits */
        break;
    }
}

/* a * b against c * d, with all 256 bits of the products: sums at the edge of int64 times bounds
 * with many decimals do not fit into 128. */
static int order_products(unsigned __int128 a, unsigned __int128 b, unsigned __int128 c,
                          unsigned __int128 d)
{
    unsigned __int128 high[2], low[2];
    for (int i = 0; i < 2; i++, a = c, b = d) {
        uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b,
                 b1 = (uint64_t)(b >> 64);
        unsigned __int128 inner = (unsigned __int128)a0 * b0, left = (unsigned __int128)a1 * b0,
                          right = (unsigned __int128)a0 * b1;
        unsigned __int128 middle = (inner >> 64) + (uint64_t)left + (uint64_t)right;
        low[i] = middle << 64 | (uint64_t)inner;
        high[i] = (unsigned __int128)a1 * b1 + (left >> 64) + (right >> 64) + (middle >> 64);
    }
    if (high[0] != high[1])
        return high[0] < high[1] ? -1 : 1;
    return (low[0] > low[1]) - (low[0] < low[1]);
}

static unsigned __int128 magnitude(__int128 v)
{
    return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

/* l / l_den against r / r_den; denominators are positive. */
static int order_ratios(__int128 l, __int128 l_den, __int128 r, __int128 r_den)
{
    if ((l < 0) != (r < 0))
        return l < 0 ? -1 : 1;
    int order = order_products(magnitude(l), magnitude(r_den), magnitude(r), magnitude(l_den));
    return l < 0 ? -order : order;
}

static bool compares(int order, enum cpi_cmp cmp)
{
    switch (cmp) {
    case CPI_CMP_LT:
        return order < 0;
    case CPI_CMP_LE:
        return order <= 0;
    case CPI_CMP_GT:
        return order > 0;
    case CPI_CMP_GE:
        return order >= 0;
    case CPI_CMP_EQ:
    case CPI_CMP_NE:
    case CPI_CMP_WORD:
        break;
    }
    return false;
}

bool cpi_bound_holds(const struct cpi_bound *bound, struct cpi_value value)
{
    bool holds = !value.null &&
                 compares(order_ratios(value.num, value.den, bound->num, bound->den), bound->cmp);
    return bound->misses_target ? !value.null && !holds : holds;
}

/* Is k/n on that side of a/d for sure? */
static bool sure_share(int64_t k, int64_t n, int64_t a, int64_t d, bool below, int64_t z2_num,
                       int64_t z2_den)
{
    __int128 distance = (__int128)k * d - (__int128)n * a;
    if (below ? distance >= 0 : distance <= 0)
        return false;
    return order_products(magnitude(distance), magnitude(distance * z2_den),
                          magnitude(n * (__int128)z2_num), magnitude((__int128)a * (d - a))) > 0;
}

/* T in the unit of the samples: the greatest integer at or below it. */
static int64_t floor_limit(const struct cpi_bound *bound, unsigned scale, bool *ret_whole)
{
    __int128 num = (__int128)bound->num * power(scale);
    __int128 whole = num / bound->den, rest = num % bound->den;
    *ret_whole = rest == 0;
    return (int64_t)(rest < 0 ? whole - 1 : whole);
}

bool cpi_bound_sure(const struct cpi_bound *bound, const struct cpi_indicator *ind,
                    const struct cpi_reading *reading, int64_t b, int64_t z2_num, int64_t z2_den)
{
    enum cpi_cmp cmp = bound->cmp;
    if (bound->misses_target) /* not (value >= T) is value < T */
        cmp = cmp == CPI_CMP_GE   ? CPI_CMP_LT
              : cmp == CPI_CMP_GT ? CPI_CMP_LE
              : cmp == CPI_CMP_LE ? CPI_CMP_GT
                                  : CPI_CMP_GE;
    bool below = cmp == CPI_CMP_LT || cmp == CPI_CMP_LE;
    if (reading->n <= 0)
        return false;
    if (bound->show.stat == CPI_STAT_SHARE)
        return sure_share(reading->good, reading->n, bound->num, bound->den, below, z2_num, z2_den);
    bool whole, age = bound->show.stat == CPI_STAT_AGE_QUANTILE;
    int64_t limit = floor_limit(bound, age ? 0 : ind->scale, &whole);
    if (whole && (cmp == CPI_CMP_GE || cmp == CPI_CMP_LT)) /* samples at T are on the upper side */
        limit--;
    /* an age above the limit began before b - limit */
    int64_t above = age ? reading->n - cpi_reading_above(reading, b - limit - 1)
                        : cpi_reading_above(reading, limit);
    return sure_share(above, reading->n, 100 - bound->show.percent, 100, below, z2_num, z2_den);
}

static unsigned __int128 root(unsigned __int128 v)
{
    unsigned __int128 x = 0, bit = (unsigned __int128)1 << 126;
    while (bit > v)
        bit >>= 2;
    for (; bit; bit >>= 2) {
        if (v >= x + bit) {
            v -= x + bit;
            x = (x >> 1) + bit;
        } else {
            x >>= 1;
        }
    }
    return x;
}

/* (p + z²/2n -+ z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), multiplied by 2n and with z² = Z/10^6:
 * (2k + z² -+ sqrt(z²·(4k(n-k)/n + z²))) / (2(n + z²)). The root has 12 places, so that what is
 * rounded outward is the bound and not the root's error. Source: E. B. Wilson 1927; z = 1.959964.
 */
void cpi_wilson(int64_t good, int64_t n, int64_t *ret_low_ppm, int64_t *ret_high_ppm)
{
    const unsigned __int128 fine = 1000000000000, unit = 1000000, z2 = 3841459; /* millionths */
    unsigned __int128 k = (unsigned __int128)good, m = (unsigned __int128)n;
    unsigned __int128 square = z2 * (4 * k * (m - k) * fine / m + z2 * unit) * unit;
    unsigned __int128 spread = root(square);                       /* in 10^-12, rounded down */
    unsigned __int128 above = spread + (spread * spread < square); /* rounded up */
    unsigned __int128 middle = 2 * k * fine + z2 * unit, width = 2 * (m * unit + z2);
    unsigned __int128 low = middle > above ? (middle - above) / width : 0;
    unsigned __int128 high = (middle + above + width - 1) / width;
    *ret_low_ppm = good == 0 ? 0 : (int64_t)low;
    *ret_high_ppm = good == n || high > unit ? 1000000 : (int64_t)high;
}
