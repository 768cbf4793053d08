/* W5: an aggregate is a function of the multiset of its facts, however they were grouped. */
#include "window/agg.h"

#include "check.h"

static uint64_t state = 88172645463325252u;
static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static const struct cpi_indicator ind = {
    .kind = CPI_EACH, .amount = true, .samples = true, .examples = true
};

static struct cpi_fact draw(void)
{
    static const char *const cases[] = { "a", "b", "c", "d", "e", "f" };
    return (struct cpi_fact){ .kind = below(10) ? CPI_FACT_COUNTED : CPI_FACT_EXCLUDED,
                              .sign = below(5) ? 1 : -1,
                              .good = below(2),
                              .time = below(50),
                              .amount = (int64_t)below(5000) - 500,
                              .case_id = cpi_text_of(cases[below(6)]) };
}

static void text_of(const struct cpi_agg *agg, struct cpi_buf *buf)
{
    cpi_buf_reset(buf);
    cpi_agg_encode(agg, buf);
}

static bool equal(const struct cpi_buf *a, const struct cpi_buf *b)
{
    return a->len == b->len && !memcmp(a->at, b->at, a->len);
}

/* The facts one by one, and in a shuffled order over `groups` aggregates merged in another. */
static void compare(struct cpi_fact *fact, size_t n, unsigned groups)
{
    struct cpi_agg whole, part[8], sum, back;
    struct cpi_buf a, b;
    cpi_buf_init(&a);
    cpi_buf_init(&b);
    cpi_agg_init(&whole);
    cpi_agg_init(&sum);
    cpi_agg_init(&back);
    for (unsigned g = 0; g < groups; g++)
        cpi_agg_init(&part[g]);
    for (size_t i = 0; i < n; i++)
        cpi_agg_add(&whole, &ind, &fact[i]);
    for (size_t i = n; i > 1; i--) {
        size_t k = below((unsigned)i);
        struct cpi_fact swap = fact[k];
        fact[k] = fact[i - 1];
        fact[i - 1] = swap;
    }
    for (size_t i = 0; i < n; i++)
        cpi_agg_add(&part[below(groups)], &ind, &fact[i]);
    for (unsigned g = 1; g < groups; g += 2) /* in pairs first, then all from behind */
        cpi_agg_merge(&part[g - 1], &ind, &part[g]);
    for (unsigned g = groups; g-- > 0;)
        if (g % 2 == 0)
            cpi_agg_merge(&sum, &ind, &part[g]);
    text_of(&whole, &a);
    text_of(&sum, &b);
    CHECK(equal(&a, &b));
    struct cpi_reader r = cpi_reader_of(a.at, a.len);
    CHECK(cpi_agg_decode(&back, &r));
    CHECK_INT(cpi_reader_left(&r), 0);
    text_of(&back, &b);
    CHECK(equal(&a, &b));
    for (size_t cut = 0; cut < a.len; cut += 1 + a.len / 40) {
        struct cpi_agg broken;
        char *copy = malloc(cut ? cut : 1);
        memcpy(copy, a.at, cut);
        cpi_agg_init(&broken);
        r = cpi_reader_of(copy, cut);
        CHECK(!cpi_agg_decode(&broken, &r));
        cpi_agg_fini(&broken);
        free(copy);
    }
    for (unsigned g = 0; g < groups; g++)
        cpi_agg_fini(&part[g]);
    cpi_agg_fini(&whole);
    cpi_agg_fini(&sum);
    cpi_agg_fini(&back);
    cpi_buf_fini(&a);
    cpi_buf_fini(&b);
}

int main(void)
{
    static struct cpi_fact fact[2000];
    TEST ("W5 exact: any grouping and order of merging, and there and back through bytes") {
        for (int round = 0; round < 60; round++) {
            size_t n = below(300);
            for (size_t i = 0; i < n; i++)
                fact[i] = draw();
            compare(fact, n, 1 + below(8));
        }
    }
    TEST ("W5 buckets above 1,024 facts: the same, also where a part was exact") {
        for (int round = 0; round < 15; round++) {
            size_t n = 900 + below(1000);
            for (size_t i = 0; i < n; i++)
                fact[i] = draw();
            compare(fact, n, 1 + below(8));
        }
    }
    TEST ("sums beyond 64 bits are exact in any order, and there and back through bytes") {
        for (int round = 0; round < 40; round++) {
            size_t n = below(200);
            __int128 sum = 0;
            struct cpi_agg all, back;
            struct cpi_buf bytes;
            for (size_t i = 0; i < n; i++) {
                static const int64_t edges[] = { INT64_MAX, INT64_MIN, INT64_MAX - 1, 1, -1 };
                fact[i] = draw();
                fact[i].kind = CPI_FACT_COUNTED;
                fact[i].amount = edges[below(5)];
                sum += (__int128)fact[i].amount * fact[i].sign;
            }
            compare(fact, n, 1 + below(8));
            cpi_buf_init(&bytes);
            cpi_agg_init(&all);
            cpi_agg_init(&back);
            for (size_t i = 0; i < n; i++)
                cpi_agg_add(&all, &ind, &fact[i]);
            text_of(&all, &bytes);
            struct cpi_reader r = cpi_reader_of(bytes.at, bytes.len);
            CHECK(cpi_agg_decode(&back, &r));
            CHECK(cpi_agg_sum(&all) == sum && cpi_agg_sum(&back) == sum);
            cpi_agg_fini(&all);
            cpi_agg_fini(&back);
            cpi_buf_fini(&bytes);
        }
    }
    TEST ("a bucket holds its values, also at the edges and is less than 1/64 wide") {
        for (int i = 0; i < 200000; i++) {
            int64_t v = (int64_t)(((uint64_t)below(1u << 30) << 30 | below(1u << 30)) >> below(60));
            v = below(2) ? v : -v;
            v = i == 0 ? INT64_MIN + 1 : i == 1 ? INT64_MAX : v;
            int64_t bucket = cpi_bucket_of(v), low = cpi_bucket_lower(bucket),
                    high = cpi_bucket_upper(bucket);
            CHECK(low <= v && v <= high);
            CHECK(high - low <= (v < 0 ? -v : v) / 64);
            CHECK_INT(cpi_bucket_of(low), bucket);
            CHECK_INT(cpi_bucket_of(high), bucket);
        }
    }
    return check_done();
}
