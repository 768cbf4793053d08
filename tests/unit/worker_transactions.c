/* A worker over Kafka in memory: when a transaction ends, what it carries, and that failed ones
 * change nothing. */
#include "check.h"
#include "ops/log.h"
#include "worker_desk.h"

#define DAY_STEPS 180
/* Three hours of two partitions, a minute a step, and at last heartbeats that close them. */
static void day_step(struct memory_broker *b, int i)
{
    if (i < DAY_STEPS) {
        event_add(b, (uint32_t)i % 2, BEGIN + i * MINUTE, "thing.begun", i);
        event_add(b, (uint32_t)i % 2, BEGIN + i * MINUTE + 20000 + i * 100, "thing.done", i);
    } else if (i == DAY_STEPS) {
        event_add(b, 0, BEGIN + 300 * MINUTE, "source.heartbeat", 1);
        event_add(b, 1, BEGIN + 300 * MINUTE, "source.heartbeat", 2);
    }
}

/* Steps until nothing more is committed; 40 ms pass at each, and from `day` on a minute of the day.
 */
static int64_t run(struct memory_broker *b, struct worker *w, int64_t mono_ms, int day)
{
    unsigned before = b->transactions;
    for (int idle = 0; idle < 30; idle++) {
        day_step(b, day);
        if (day++ <= DAY_STEPS)
            idle = 0;
        if (worker_step(w, (struct worker_now){ BEGIN, mono_ms += 40 }) != WORKER_GOES_ON) {
            CHECK(!"the worker ended");
            break;
        }
        idle = b->transactions != before ? 0 : idle;
        before = b->transactions;
    }
    return mono_ms;
}

/* All updates in the order of their keys, as one text. */
static int text_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *outputs(const struct memory_broker *b)
{
    char *line[4000];
    size_t n = 0, bytes = 1;
    for (int t = 0; t < CPI_TOPICS; t++)
        for (size_t i = 0; t != CPI_TOPIC_FACTS && i < b->output[t].count; i++) {
            line[n] = b->output[t].record[i].value ? b->output[t].record[i].value : "gone";
            bytes += strlen(line[n++]) + 1;
        }
    qsort(line, n, sizeof *line, text_order);
    char *all = calloc(1, bytes);
    for (size_t i = 0; i < n; i++)
        strcat(strcat(all, line[i]), "\n");
    return all;
}

static char *clean_run(void)
{
    struct memory_broker b;
    memory_broker_init(&b, &topics, 2);
    struct worker *w = worker_over(&b);
    run(&b, w, 1000, 0);
    CHECK(b.transactions > 50);
    char *all = outputs(&b);
    worker_free(w);
    memory_broker_fini(&b);
    return all;
}

/* How many lines differ is more telling than two long texts. */
static void check_same(const char *got, const char *want)
{
    CHECK_INT((long long)strlen(got), (long long)strlen(want));
    CHECK(strcmp(got, want) == 0);
}

static void test_ends(void)
{
    struct memory_broker b;
    TEST ("K4 a transaction ends 100 ms after its first record") {
        memory_broker_init(&b, &topics, 2);
        struct worker *w = worker_over(&b);
        worker_step(w, (struct worker_now){ BEGIN, 1000 });
        worker_step(w, (struct worker_now){ BEGIN, 1010 });
        event_add(&b, 0, BEGIN, "thing.begun", 1);
        unsigned before = b.transactions;
        worker_step(w, (struct worker_now){ BEGIN, 1020 }); /* W is new: that is urgent */
        CHECK_INT(b.transactions - before, 1);
        run(&b, w, 1030, DAY_STEPS + 1);
        event_add(&b, 0, BEGIN + 1, "thing.begun", 2);
        before = b.transactions;
        worker_step(w, (struct worker_now){ BEGIN, 9000 });
        worker_step(w, (struct worker_now){ BEGIN, 9099 });
        CHECK_INT(b.transactions - before, 0);
        worker_step(w, (struct worker_now){ BEGIN, 9100 });
        CHECK_INT(b.transactions - before, 1);
        worker_free(w);
        memory_broker_fini(&b);
    }
    TEST ("K4 it ends at once when W crosses a finest step") {
        memory_broker_init(&b, &topics, 1);
        struct worker *w = worker_over(&b);
        event_add(&b, 0, BEGIN + MINUTE, "thing.begun", 1);
        run(&b, w, 1000, DAY_STEPS + 1);
        unsigned before = b.transactions;
        event_add(&b, 0, BEGIN + 11 * MINUTE, "thing.begun", 2);
        worker_step(w, (struct worker_now){ BEGIN, 9000 });
        CHECK_INT(b.transactions - before, 1);
        worker_free(w);
        memory_broker_fini(&b);
    }
    TEST ("K4 each stage hands time on at once: an update waits for no transaction to grow old") {
        memory_broker_init(&b, &topics, 1);
        struct worker *w = worker_over(&b);
        event_add(&b, 0, BEGIN + MINUTE, "thing.done", 1);
        run(&b, w, 1000, DAY_STEPS + 1);
        char *before = outputs(&b);
        event_add(&b, 0, BEGIN + 21 * MINUTE, "thing.begun", 2);
        for (int i = 0; i < 8; i++)
            worker_step(w, (struct worker_now){ BEGIN, 9000 });
        char *after = outputs(&b);
        CHECK(strlen(after) > strlen(before));
        free(before);
        free(after);
        worker_free(w);
        memory_broker_fini(&b);
    }
    TEST ("K4 not where another of its partitions holds time back") {
        memory_broker_init(&b, &topics, 2);
        struct worker *w = worker_over(&b);
        event_add_at(&b, 0, BEGIN + MINUTE, BEGIN + 11 * MINUTE, "thing.begun", 1);
        event_add(&b, 1, BEGIN + MINUTE, "thing.begun", 2);
        run(&b, w, 1000, DAY_STEPS + 1); /* the clock is where it will be: no beat comes between */
        unsigned begun = b.transactions;
        event_add(&b, 0, BEGIN + 11 * MINUTE, "thing.begun", 3);
        worker_step(w, (struct worker_now){ BEGIN, 9000 });
        CHECK_INT(b.transactions - begun, 0);
        event_add(&b, 1, BEGIN + 11 * MINUTE, "thing.begun", 4);
        worker_step(w, (struct worker_now){ BEGIN, 9010 });
        CHECK_INT(b.transactions - begun, 1);
        worker_free(w);
        memory_broker_fini(&b);
    }
    TEST ("rule T a transaction carries the offsets of all it acted for, with the metadata of "
          "intake") {
        memory_broker_init(&b, &topics, 2);
        struct worker *w = worker_over(&b);
        worker_step(w, (struct worker_now){ BEGIN, 1000 });
        event_add(&b, 1, BEGIN, "thing.begun", 1);
        worker_step(w, (struct worker_now){ BEGIN, 1010 });
        CHECK_INT(b.n_last, 2); /* both source partitions; no task has acted */
        for (size_t i = 0; i < b.n_last; i++) {
            CHECK_INT(b.last[i].place.topic, 0);
            CHECK(b.last[i].metadata_len > 0);
            CHECK_INT(b.last[i].offset, b.last[i].place.partition);
        }
        run(&b, w, 1020, DAY_STEPS + 1);
        for (size_t i = 0; i < b.n_last; i++)
            CHECK(b.last[i].offset >= 0);
        CHECK(b.n_last > 2);
        worker_free(w);
        memory_broker_fini(&b);
    }
    TEST ("nothing to do is no transaction") {
        memory_broker_init(&b, &topics, 2);
        struct worker *w = worker_over(&b);
        for (int i = 0; i < 50; i++)
            worker_step(w, (struct worker_now){ BEGIN, 1000 + i * 1000 });
        CHECK_INT(b.transactions, 0);
        worker_free(w);
        memory_broker_fini(&b);
    }
}

static void test_failures(void)
{
    static const char *const outcomes[] = {
        "a",
        "cacacacacacacacaca",
        "ccyccyccyccyccycc",
        "ncncncncncncncncnc",
        "aaannnyyyaynaynayncacncycacncycacncy",
    };
    TEST ("promise 1 aborted and unknown transactions change nothing in what is committed") {
        char *want = clean_run();
        CHECK(strstr(want, "\"took\"") != NULL && strstr(want, "\"done\"") != NULL);
        for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
            struct memory_broker b;
            memory_broker_init(&b, &topics, 2);
            b.outcomes = outcomes[i];
            struct worker *w = worker_over(&b);
            run(&b, w, 1000, 0);
            char *got = outputs(&b);
            check_same(got, want);
            free(got);
            worker_free(w);
            memory_broker_fini(&b);
        }
        free(want);
    }
    TEST ("promise 1 a worker that dies after any transaction is continued by the next") {
        char *want = clean_run();
        for (int steps = 4; steps < 40; steps += 3) {
            struct memory_broker b;
            memory_broker_init(&b, &topics, 2);
            int day = 0;
            while (day < DAY_STEPS) {
                struct worker *w = worker_over(&b);
                for (int s = 0; s < steps; s++) {
                    day_step(&b, day++);
                    worker_step(w, (struct worker_now){ BEGIN, 1000 + s * 40 });
                }
                worker_free(w);
            }
            struct worker *w = worker_over(&b);
            run(&b, w, 1000, day);
            char *got = outputs(&b);
            check_same(got, want);
            free(got);
            worker_free(w);
            memory_broker_fini(&b);
        }
        free(want);
    }
}

/* The group gave all partitions to another member, which gets on with them. */
static void rival_commits(struct memory_broker *b)
{
    struct worker *rival = worker_over(b);
    for (int i = 0; i < 30; i++)
        worker_step(rival, (struct worker_now){ BEGIN, 90000 + i * 100 });
    worker_free(rival);
}

static void test_rival(void)
{
    TEST ("promise 1 a changelog that another member writes while it is read is no contradiction") {
        struct memory_broker b;
        memory_broker_init(&b, &topics, 2);
        struct worker *w = worker_new(&setup, 0);
        struct memory_port *mp = memory_port_new(&b);
        worker_attach(w, &mp->port);
        worker_open(w);
        int64_t mono = run(&b, w, 1000, DAY_STEPS - 100);
        int64_t before = b.offset[1][0].offset;
        for (int i = 0; i < 20; i++)
            event_add(&b, 0, BEGIN + (301 + i) * MINUTE, "thing.done", 900 + i);
        b.outcomes = "ca"; /* what a task did of it fails */
        mp->meanwhile = rival_commits;
        for (int i = 0; i < 10; i++)
            CHECK_INT(worker_step(w, (struct worker_now){ BEGIN, mono += 100 }), WORKER_GOES_ON);
        CHECK(mp->meanwhile == NULL && b.offset[1][0].offset > before);
        worker_free(w);
        memory_broker_fini(&b);
    }
}

static void test_added(void)
{
    struct memory_broker b;
    TEST ("K3 partitions added to a source hold time until they report, and then count") {
        memory_broker_init(&b, &topics, 2);
        struct worker *w = worker_new(&setup, 0);
        struct memory_port *mp = memory_port_new(&b);
        worker_attach(w, &mp->port);
        worker_open(w);
        event_add(&b, 0, BEGIN, "thing.done", 1);
        event_add(&b, 1, BEGIN, "thing.done", 2);
        int64_t mono = run(&b, w, 1000, DAY_STEPS + 1);
        b.source_partitions = 9; /* the group hands them out */
        mp->answered = mp->assigning = false;
        for (uint32_t p = 0; p < 8; p++)
            event_add(&b, p, BEGIN + 300 * MINUTE, "source.heartbeat", 10 + (int)p);
        mono = run(&b, w, mono, DAY_STEPS + 1);
        CHECK_INT(b.output[CPI_TOPIC_INDICATORS].count, 0); /* one has not reported */
        event_add(&b, 8, BEGIN, "thing.done", 3);
        event_add(&b, 8, BEGIN + 300 * MINUTE, "source.heartbeat", 18);
        run(&b, w, mono, DAY_STEPS + 1);
        CHECK(b.output[CPI_TOPIC_INDICATORS].count > 0);
        char *all = outputs(&b);
        CHECK(strstr(all, "\"kind\":\"org\"") != NULL && strstr(all, "\"n\":3") != NULL);
        free(all);
        worker_free(w);
        memory_broker_fini(&b);
    }
}

static void test_clock(void)
{
    struct memory_broker b;
    TEST ("T2 at the end of a quiet partition the clock closes windows, and K2 intake beats every "
          "10 s") {
        memory_broker_init(&b, &topics, 2);
        setup.clock = WORKER_CLOCK_REAL;
        struct worker *w = worker_over(&b);
        event_add(&b, 0, BEGIN, "thing.done", 1);
        int64_t mono = 1000;
        for (int i = 0; i < 40; i++)
            worker_step(w, (struct worker_now){ BEGIN + i * 100, mono += 100 });
        CHECK_INT(b.output[CPI_TOPIC_INDICATORS].count, 0);
        unsigned before = b.transactions;
        for (int i = 0; i < 40; i++)
            worker_step(w, (struct worker_now){ BEGIN + 4000 + i * 100, mono += 100 });
        CHECK_INT(b.transactions - before, 0); /* 8 s, no multiple of ten passed */
        for (int i = 0; i < 7200; i++)
            worker_step(w, (struct worker_now){ BEGIN + 8000 + i * 100, mono += 100 });
        CHECK(b.output[CPI_TOPIC_INDICATORS].count > 0);
        /* 720 s are 72 beats; each costs a transaction and one of the tasks that hear it */
        CHECK(b.transactions - before <= 72 * 4);
        CHECK(b.transactions - before >= 72);
        worker_free(w);
        memory_broker_fini(&b);
        setup.clock = WORKER_CLOCK_RECORD;
    }
    TEST ("T2 a clock that jumped by hours and stands still closes all windows up to it") {
        atomic_int_fast64_t given = BEGIN;
        memory_broker_init(&b, &topics, 2);
        setup.clock = WORKER_CLOCK_GIVEN;
        setup.given_ms = &given;
        struct worker *w = worker_over(&b);
        event_add(&b, 0, BEGIN, "thing.done", 1);
        int64_t mono = 1000;
        for (int i = 0; i < 30; i++)
            worker_step(w, (struct worker_now){ 0, mono += 100 });
        given = BEGIN + 1; /* so that the proof of the ends is a second old when it jumps */
        for (int i = 0; i < 10; i++)
            worker_step(w, (struct worker_now){ 0, mono += 100 });
        given = BEGIN + 180 * MINUTE;
        for (int i = 0; i < 60; i++)
            worker_step(w, (struct worker_now){ 0, mono += 100 });
        char *said = outputs(&b); /* the last says that the hour is empty again */
        CHECK(strstr(said, "\"end\":\"2026-03-02T09:10:00.000Z\"") != NULL);
        free(said);
        worker_free(w);
        memory_broker_fini(&b);
        setup.clock = WORKER_CLOCK_RECORD;
    }
}

/* Bytes of updates from record `from` on. */
static size_t update_bytes(const struct memory_broker *b, size_t from)
{
    size_t bytes = 0;
    for (size_t i = from; i < b->output[CPI_TOPIC_INDICATORS].count; i++)
        bytes += b->output[CPI_TOPIC_INDICATORS].record[i].value_len;
    return bytes;
}

static void test_full_hour(void)
{
    enum { REPS = 30000 };
    struct memory_broker b;
    TEST ("K4 a boundary over many reps goes out in transactions of a few megabytes") {
        memory_broker_init(&b, &topics, 1);
        struct worker *w = worker_over(&b);
        for (int i = 0; i < REPS; i++) {
            char json[256];
            snprintf(json, sizeof json,
                     "{\"id\":\"e%d\",\"ts\":%lld,\"type\":\"thing.done\",\"case\":\"c%d\","
                     "\"rep\":\"rep-with-a-long-name-%d\"}",
                     i, (long long)(BEGIN + i), i, i);
            memory_append(&b.source[0], CPI_ABSENT, cpi_text_of(json), BEGIN + i);
        }
        int64_t mono_ms = run(&b, w, 1000, DAY_STEPS + 1);
        CHECK_INT(b.output[CPI_TOPIC_INDICATORS].count, 0);
        event_add(&b, 0, BEGIN + 12 * MINUTE, "source.heartbeat", 1);
        size_t most = 0, seen = 0;
        for (int step = 0; step < 200; step++) {
            CHECK_INT(worker_step(w, (struct worker_now){ BEGIN, mono_ms += 40 }), WORKER_GOES_ON);
            size_t bytes = update_bytes(&b, seen);
            most = bytes > most ? bytes : most;
            seen = b.output[CPI_TOPIC_INDICATORS].count;
        }
        CHECK_INT(seen, REPS + 2); /* and those without a team, and the whole */
        printf("at most %zu of %zu bytes in one transaction\n", most, update_bytes(&b, 0));
        CHECK(update_bytes(&b, 0) > 8 << 20);
        CHECK(most < 5 << 20);
        worker_free(w);
        memory_broker_fini(&b);
    }
}

int main(void)
{
    log_set_level(LOG_AT_ERROR);
    configure("idle = \"hold\";");
    test_ends();
    test_full_hour();
    test_failures();
    test_rival();
    test_added();
    unconfigure();
    configure("");
    test_clock();
    unconfigure();
    return check_done();
}
