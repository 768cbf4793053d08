/* A3: bounds in integers, confidence, and Wilson's interval, against what a long double says. */
#include "alert/bound.h"

#include "check.h"

static long double root(long double v)
{
    long double x = v > 1 ? v : 1;
    for (int i = 0; i < 200; i++) /* Newton */
        x = (x + v / x) / 2;
    return x;
}

static void wilson(long double k, long double n, long double *low, long double *high)
{
    const long double z2 = 3.841459L;
    long double spread = root(z2 * (k * (n - k) / n + z2 / 4));
    *low = (k + z2 / 2 - spread) / (n + z2);
    *high = (k + z2 / 2 + spread) / (n + z2);
}

static void test_wilson(void)
{
    TEST ("Wilson's interval is rounded outward by less than a millionth, whatever the sample") {
        static const int64_t sizes[] = { 1,    2,      3,       7,          30,
                                         1000, 123457, 1 << 20, 3000000000, INT64_C(1) << 40 };
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int part = 0; part <= 20; part++) {
                int64_t n = sizes[s], k = n / 20 * part + n % 20 * part / 20, low, high;
                long double exact_low, exact_high;
                cpi_wilson(k, n, &low, &high);
                wilson((long double)k, (long double)n, &exact_low, &exact_high);
                long double below = exact_low * 1e6L - (long double)low,
                            above = (long double)high - exact_high * 1e6L;
                CHECK(below > -1e-6L && below < 1.000001L);
                CHECK(above > -1e-6L && above < 1.000001L);
                CHECK(low >= 0 && high <= 1000000 && low <= high);
                CHECK((__int128)low * n <= (__int128)k * 1000000 &&
                      (__int128)high * n >= (__int128)k * 1000000);
            }
    }
    TEST ("by hand: 1 of 4 is 0.045587 to 0.699358, 0 of n begins at 0, n of n ends at 1") {
        int64_t low, high;
        cpi_wilson(1, 4, &low, &high);
        CHECK_INT(low, 45587);
        CHECK_INT(high, 699359);
        cpi_wilson(0, 10, &low, &high);
        CHECK_INT(low, 0);
        cpi_wilson(10, 10, &low, &high);
        CHECK_INT(high, 1000000);
    }
}

static struct cpi_bound bound(enum cpi_cmp cmp, int64_t num, int64_t den)
{
    return (struct cpi_bound){
        .set = true, .show = { CPI_STAT_SHARE, 0 }, .cmp = cmp, .num = num, .den = den
    };
}

static bool below(__int128 num, __int128 den, int64_t bound_num, int64_t bound_den)
{
    struct cpi_bound b = bound(CPI_CMP_LT, bound_num, bound_den);
    return cpi_bound_holds(&b, (struct cpi_value){ false, num, den });
}

static void test_holds(void)
{
    TEST ("a value is compared with its bound by cross-multiplication, exactly") {
        CHECK(below(1, 3, 3333333333, 9999999998));  /* a third is less than a little more */
        CHECK(!below(1, 3, 3333333333, 9999999999)); /* equal */
        CHECK(!below(1, 3, 3333333333, 10000000000));
        CHECK(below(-1, 2, 0, 1) && !below(1, 2, 0, 1) && !below(0, 2, 0, 1));
        CHECK(below(-2, 3, -1, 2) && !below(-1, 3, -1, 2));
    }
    TEST ("also where the products have more than 128 bits") {
        const __int128 large = (__int128)1 << 123;
        CHECK(below(large - 1, large, 1000000000, 1000000000));
        CHECK(!below(large, large, 1000000000, 1000000000));
        CHECK(!below(large + 1, large, 1000000000, 1000000000));
        CHECK(below(-large - 1, large, -1000000000, 1000000000));
        CHECK(!below(-large + 1, large, -1000000000, 1000000000));
        CHECK(!below(large, 1, INT64_MAX, 1) && below(-large, 1, INT64_MIN + 1, 1));
    }
    TEST ("no value breaches nothing, and does not miss its target") {
        struct cpi_bound b = bound(CPI_CMP_LT, 1, 2);
        CHECK(!cpi_bound_holds(&b, (struct cpi_value){ true, 0, 1 }));
        b.misses_target = true;
        CHECK(!cpi_bound_holds(&b, (struct cpi_value){ true, 0, 1 }));
        CHECK(cpi_bound_holds(&b, (struct cpi_value){ false, 1, 2 }));
        CHECK(!cpi_bound_holds(&b, (struct cpi_value){ false, 1, 3 }));
    }
}

/* 90 % one-sided: z = 1.281552 */
#define Z2_NUM 1642374
#define Z2_DEN 1000000

static bool sure(int64_t good, int64_t n, int64_t num, int64_t den)
{
    const struct cpi_indicator ind = { .share = true };
    struct cpi_bound b = bound(CPI_CMP_LT, num, den);
    const struct cpi_reading reading = { .n = n, .good = good };
    return cpi_bound_sure(&b, &ind, &reading, 0, Z2_NUM, Z2_DEN);
}

/* The same with floating point: p + z sqrt(q (1 - q) / n) < q, where q is the bound. */
static bool is_sure(long double k, long double n, long double q)
{
    long double distance = q - k / n;
    return distance > 0 && distance * distance * n * Z2_DEN > Z2_NUM * q * (1 - q);
}

static void test_sure(void)
{
    TEST ("A3 sure: the bound must breach, as floating point says it too, away from equality") {
        unsigned yes = 0, no = 0;
        for (int64_t n = 1; n < 400; n += 3)
            for (int64_t k = 0; k <= n; k++) {
                bool got = sure(k, n, 70, 100);
                CHECK(got == is_sure((long double)k, (long double)n, 0.7L));
                got ? yes++ : no++;
            }
        CHECK(yes > 1000 && no > 1000);
    }
    TEST ("A3 sure: nine decimals in the bound and 10^9 samples do not overflow") {
        CHECK(sure(699000000, 1000000000, 70000000001, 100000000000));
        CHECK(!sure(700000000, 1000000000, 70000000001, 100000000000));
        CHECK(!sure(700000001, 1000000000, 70000000001, 100000000000));
        CHECK(sure(0, INT64_C(1) << 40, 99999999999, 100000000000));
    }
    TEST ("A3 nothing is sure of no samples") {
        CHECK(!sure(0, 0, 70, 100));
    }
}

static void test_derived(void)
{
    struct cpi_value a = { false, 1, 3 }, b = { false, 1, 2 }, zero = { false, 0, 1 },
                     null = { true, 0, 1 }, minus = { false, -1, 2 };
    TEST ("J11 a ratio and a difference are exact; nothing divides by zero or by nothing") {
        struct cpi_value r = cpi_value_derived(a, b, false), d = cpi_value_derived(a, b, true);
        CHECK(!r.null && r.num * 3 == r.den * 2);
        CHECK(!d.null && d.num * 6 == -d.den && d.den > 0);
        r = cpi_value_derived(a, minus, false);
        CHECK(!r.null && r.den > 0 && r.num * 3 == -r.den * 2);
        CHECK(cpi_value_derived(a, zero, false).null);
        CHECK(!cpi_value_derived(a, zero, true).null);
        CHECK(cpi_value_derived(null, b, true).null && cpi_value_derived(a, null, false).null);
    }
    TEST ("a difference of sums at both edges is printed with all of its 65 bits") {
        const struct cpi_indicator ind = { .amount = true };
        const struct cpi_show show = { CPI_STAT_SUM, 0 };
        struct cpi_value high = { false, INT64_MAX, 1 }, low = { false, INT64_MIN, 1 };
        struct cpi_buf buf;
        cpi_buf_init(&buf);
        cpi_value_format(&buf, &ind, show, cpi_value_derived(high, low, true));
        CHECK_TEXT(buf, "18446744073709551615");
        cpi_buf_reset(&buf);
        cpi_value_format(&buf, &ind, show, cpi_value_derived(low, high, true));
        CHECK_TEXT(buf, "-18446744073709551615");
        cpi_buf_fini(&buf);
    }
}

int main(void)
{
    test_wilson();
    test_holds();
    test_sure();
    test_derived();
    return check_done();
}
