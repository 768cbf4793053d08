/* A window is the merge of its panes (W5, W6, J9, J10): panes against one sorted list of facts. */
#include "window/reading.h"

#include "check.h"

static uint64_t state = 88172645463325252u;
static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

enum { AMOUNTS, GAUGE };
static struct cpi_indicator indicator[] = {
    { .kind = CPI_EACH, .amount = true, .samples = true },
    { .kind = CPI_OPEN },
};
static const struct cpi_model model = { .indicator = indicator, .n_indicators = 2 };

struct counted {
    int64_t time, amount;
};
static int order(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

static void add(struct cpi_panes *panes, uint16_t ind, uint8_t kind, int64_t start,
                struct cpi_fact fact)
{
    struct cpi_pane *pane = cpi_panes_ensure(panes, ind, kind, start, 0);
    cpi_agg_add(&pane->agg, &indicator[ind], &fact);
}

static struct cpi_fact plain(int64_t time, int64_t amount, int sign)
{
    return (struct cpi_fact){
        .kind = CPI_FACT_COUNTED, .sign = sign, .time = time, .amount = amount, .good = amount > 0
    };
}

/* Nearest rank: the smallest with at least percent % at or below it. */
static int64_t rank_of(const int64_t *sorted, size_t n, unsigned percent)
{
    size_t r = 0;
    while ((r + 1) * 100 < n * percent)
        r++;
    return sorted[r];
}

static void check_window(const struct cpi_panes *panes, const struct counted *fact, size_t n,
                         int64_t from, int64_t to)
{
    struct cpi_reading reading;
    int64_t in[600], sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (fact[i].time >= from && fact[i].time < to) {
            in[count++] = fact[i].amount;
            sum += fact[i].amount;
        }
    qsort(in, count, sizeof *in, order);
    cpi_reading_init(&reading);
    cpi_reading_read(&reading, &model, panes, AMOUNTS, from, to);
    CHECK_INT(reading.n, count);
    CHECK_INT(reading.sum, sum);
    CHECK(reading.exact && !reading.saturated);
    if (count) {
        CHECK_INT(reading.min, in[0]);
        CHECK_INT(reading.max, in[count - 1]);
        for (unsigned percent = 1; percent < 100; percent += 7)
            CHECK_INT(cpi_reading_quantile(&reading, percent), rank_of(in, count, percent));
        int64_t limit = in[count / 2], above = 0;
        for (size_t i = 0; i < count; i++)
            above += in[i] > limit;
        CHECK_INT(cpi_reading_above(&reading, limit), above);
    }
    cpi_reading_fini(&reading);
}

static void test_brute_force(void)
{
    TEST ("W5 every window over exact panes is what the sorted facts say") {
        for (int round = 0; round < 30; round++) {
            static struct counted fact[600];
            struct cpi_panes panes;
            size_t n = 1 + below(500);
            cpi_panes_init(&panes);
            for (size_t i = 0; i < n; i++) {
                fact[i] = (struct counted){ below(100), (int64_t)below(90) - 20 };
                add(&panes, AMOUNTS, CPI_PANE_WINDOW, fact[i].time / 10 * 10,
                    plain(fact[i].time, fact[i].amount, 1));
            }
            for (int64_t from = -10; from < 110; from += 10)
                for (int64_t to = from; to <= 120; to += 30)
                    check_window(&panes, fact, n, from, to);
            cpi_panes_fini(&panes);
        }
    }
}

/* All but the newest few at rest, at any moment. */
static void pack_some(struct cpi_panes *panes, int64_t until)
{
    for (uint32_t s = 0; s < panes->count; s++)
        cpi_series_pack(&panes->series[s], until);
}

static void test_at_rest(void)
{
    TEST ("panes at rest are read as others, and can be changed at any place") {
        for (int round = 0; round < 100; round++) {
            static struct counted fact[600];
            struct cpi_panes panes;
            size_t n = 1 + below(600);
            unsigned span = 1 + below(4000);
            cpi_panes_init(&panes);
            for (size_t i = 0; i < n; i++) {
                fact[i] = (struct counted){ below(span), (int64_t)below(90) - 20 };
                add(&panes, AMOUNTS, CPI_PANE_WINDOW, fact[i].time / 10 * 10,
                    plain(fact[i].time, fact[i].amount, 1));
                if (below(3) == 0)
                    pack_some(&panes, below(2) ? CPI_TIME_END : below(span));
            }
            for (int64_t from = -10; from < span; from += span / 9 / 10 * 10 + 10)
                check_window(&panes, fact, n, from, from + 10 * (int64_t)below(span / 5 + 2));
            cpi_panes_fini(&panes);
        }
    }
}

static void test_taken_back(void)
{
    struct cpi_panes panes;
    struct cpi_reading reading;
    TEST ("W5 what is taken back leaves n, sum, quantiles and bounds, in any pane order") {
        cpi_panes_init(&panes);
        cpi_reading_init(&reading);
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 20, plain(20, 900, -1)); /* before its +1 */
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 0, plain(0, 5, 1));
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 0, plain(0, 7, 1));
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 10, plain(10, 900, 1));
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 0, 30);
        CHECK_INT(reading.n, 2);
        CHECK_INT(reading.sum, 12);
        CHECK_INT(reading.good, 2);
        CHECK_INT(reading.min, 5);
        CHECK_INT(reading.max, 7);
        CHECK_INT(cpi_reading_quantile(&reading, 90), 7);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 0, 20);
        CHECK_INT(reading.max, 900);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 30, 40);
        CHECK(!reading.any && reading.n == 0);
        cpi_reading_fini(&reading);
        cpi_panes_fini(&panes);
    }
}

static void test_buckets(void)
{
    struct cpi_panes panes;
    struct cpi_reading reading;
    TEST ("W5 above 1,024 facts a pane says that it is not exact, and is off by less than 1/64") {
        cpi_panes_init(&panes);
        cpi_reading_init(&reading);
        for (int i = 1; i <= 1500; i++)
            add(&panes, AMOUNTS, CPI_PANE_WINDOW, 0, plain(0, i * 1000, 1));
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 10, plain(10, 3, 1));
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 0, 20);
        CHECK(!reading.exact);
        CHECK_INT(reading.n, 1501);
        CHECK_INT(reading.min, 3);
        CHECK_INT(reading.max, 1500000);
        int64_t p50 = cpi_reading_quantile(&reading, 50);
        CHECK(p50 >= 750000 && p50 - 750000 <= 750000 / 64);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 10, 20);
        CHECK(reading.exact);
        CHECK_INT(cpi_reading_quantile(&reading, 1), 3);
        cpi_reading_fini(&reading);
        cpi_panes_fini(&panes);
    }
}

static void test_gauge(void)
{
    struct cpi_panes panes;
    struct cpi_reading reading;
    TEST ("J9 a gauge counts everything before the boundary, and ages are exact") {
        cpi_panes_init(&panes);
        cpi_reading_init(&reading);
        for (int64_t t = 0; t < 10; t++) { /* opened at 0, 10 ... 90 */
            struct cpi_fact fact = plain(t * 10, t * 10, 1);
            fact.kind = CPI_FACT_OPEN;
            add(&panes, GAUGE, CPI_PANE_WINDOW, t * 10, fact);
        }
        struct cpi_fact closed = plain(95, 20, -1); /* the one of 20 */
        closed.kind = CPI_FACT_OPEN;
        add(&panes, GAUGE, CPI_PANE_WINDOW, 90, closed);
        cpi_reading_read(&reading, &model, &panes, GAUGE, 50, 90);
        CHECK_INT(reading.n, 9);
        CHECK_INT(cpi_reading_age(&reading, 100, 90), 90);
        cpi_reading_read(&reading, &model, &panes, GAUGE, 50, 100);
        CHECK_INT(reading.n, 9);
        CHECK_INT(cpi_reading_age(&reading, 100, 100), 100); /* oldest: 0 */
        CHECK_INT(cpi_reading_age(&reading, 90, 100),
                  100); /* ranks 1 to 9: ages 10 ... 70, 90, 100 */
        CHECK_INT(cpi_reading_age(&reading, 80, 100), 90);
        CHECK_INT(cpi_reading_age(&reading, 50, 100), 50);
        CHECK_INT(cpi_reading_age(&reading, 1, 100), 10);
        cpi_reading_fini(&reading);
        cpi_panes_fini(&panes);
    }
}

static void test_pending(void)
{
    struct cpi_panes panes;
    struct cpi_reading reading;
    TEST ("J10 pending are all starts known before the boundary, whatever the window's length") {
        cpi_panes_init(&panes);
        cpi_reading_init(&reading);
        for (int64_t t = 0; t < 50; t += 10)
            add(&panes, AMOUNTS, CPI_PANE_PENDING, t,
                (struct cpi_fact){ .kind = CPI_FACT_PENDING, .sign = 1 });
        add(&panes, AMOUNTS, CPI_PANE_PENDING, 30,
            (struct cpi_fact){ .kind = CPI_FACT_PENDING, .sign = -1 });
        for (int64_t packed = 0; packed < 60; packed += 10) {
            pack_some(&panes, packed);
            cpi_reading_read(&reading, &model, &panes, AMOUNTS, 20, 30);
            CHECK_INT(reading.pending, 3);
            CHECK_INT(reading.n, 0);
            cpi_reading_read(&reading, &model, &panes, AMOUNTS, 20, 50);
            CHECK_INT(reading.pending, 4);
        }
        add(&panes, AMOUNTS, CPI_PANE_PENDING, 20, /* unpacks what is not before it */
            (struct cpi_fact){ .kind = CPI_FACT_PENDING, .sign = 1 });
        pack_some(&panes, CPI_TIME_END);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 20, 30);
        CHECK_INT(reading.pending, 4);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 20, 50);
        CHECK_INT(reading.pending, 5);
        cpi_reading_fini(&reading);
        cpi_panes_fini(&panes);
    }
}

static void test_edges(void)
{
    struct cpi_panes panes;
    struct cpi_reading reading;
    TEST ("a sum that fits is right though its panes do not; one that does not stays at the edge") {
        cpi_panes_init(&panes);
        cpi_reading_init(&reading);
        for (int i = 0; i < 3; i++)
            add(&panes, AMOUNTS, CPI_PANE_WINDOW, 0, plain(0, INT64_MAX, 1));
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 10, plain(10, INT64_MIN + 1, 1));
        add(&panes, AMOUNTS, CPI_PANE_WINDOW, 10, plain(10, INT64_MIN + 1, 1));
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 0, 20);
        CHECK(reading.sum == INT64_MAX && !reading.saturated);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 0, 10);
        CHECK(reading.sum == INT64_MAX && reading.saturated);
        cpi_reading_read(&reading, &model, &panes, AMOUNTS, 10, 20);
        CHECK(reading.sum == INT64_MIN && reading.saturated);
        CHECK(reading.min == INT64_MIN + 1);
        cpi_reading_fini(&reading);
        cpi_panes_fini(&panes);
    }
}

int main(void)
{
    test_brute_force();
    test_at_rest();
    test_taken_back();
    test_buckets();
    test_gauge();
    test_pending();
    test_edges();
    return check_done();
}
