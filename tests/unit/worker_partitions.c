/* Partitions come and go, intake pauses, and what the repartition topic and the changelog may hold
 * besides what they should. */
#include "check.h"
#include "engine/frame.h"
#include "ops/log.h"
#include "worker_desk.h"

static struct memory_broker b;
static struct memory_port *mp;
static struct worker *w;
static int64_t mono;

static void begin(uint32_t source_partitions)
{
    memory_broker_init(&b, &topics, source_partitions);
    w = worker_new(&setup, 0);
    mp = memory_port_new(&b);
    worker_attach(w, &mp->port);
    worker_open(w);
    mono = 1000;
}

static void end(void)
{
    worker_free(w);
    memory_broker_fini(&b);
}

/* Steps, 40 ms each, until the worker ends or so many are done. */
static enum worker_end steps(int count)
{
    enum worker_end e = WORKER_GOES_ON;
    while (count-- && e == WORKER_GOES_ON)
        e = worker_step(w, (struct worker_now){ BEGIN, mono += 40 });
    return e;
}

/* One event of each partition and a heartbeat of each five hours later. */
static void day_of(uint32_t partitions)
{
    for (uint32_t p = 0; p < partitions; p++) {
        event_add(&b, p, BEGIN, "thing.done", (int)p);
        event_add(&b, p, BEGIN + 300 * MINUTE, "source.heartbeat", (int)p);
    }
}

static size_t updates_of_org(void)
{
    size_t n = 0;
    for (size_t i = 0; i < b.output[CPI_TOPIC_INDICATORS].count; i++) {
        const char *value = b.output[CPI_TOPIC_INDICATORS].record[i].value;
        n += value && strstr(value, "\"kind\":\"org\"") && strstr(value, "\"n\":2");
    }
    return n;
}

static void test_revoked(void)
{
    TEST ("what was gathered is committed when partitions are revoked") {
        begin(2);
        event_add(&b, 0, BEGIN + 2 * MINUTE, "thing.done", 0);
        steps(5);
        event_add(&b, 0, BEGIN + 2 * MINUTE + 1000, "thing.done", 3); /* W crosses no step */
        unsigned before = b.transactions;
        worker_step(w, (struct worker_now){ BEGIN, mono += 1 }); /* read, not yet due */
        CHECK_INT(b.transactions, before);
        mp->revoke = true;
        worker_step(w, (struct worker_now){ BEGIN, mono += 1 });
        CHECK_INT(b.transactions, before + 1);
        CHECK_INT(b.offset[0][0].offset, 2);
        end();
    }
    TEST ("what was gathered is dropped when partitions are lost, and read again") {
        begin(2);
        event_add(&b, 0, BEGIN + 2 * MINUTE, "thing.begun", 0);
        steps(5);
        event_add(&b, 0, BEGIN + 2 * MINUTE + 1000, "thing.done", 0);
        unsigned before = b.transactions;
        worker_step(w, (struct worker_now){ BEGIN, mono += 1 });
        mp->revoke = mp->lost = true;
        worker_step(w, (struct worker_now){ BEGIN, mono += 1 });
        CHECK_INT(b.transactions, before);
        mp->lost = false;
        event_add(&b, 0, BEGIN + 300 * MINUTE, "source.heartbeat", 0);
        event_add(&b, 1, BEGIN, "thing.done", 1);
        event_add(&b, 1, BEGIN + 300 * MINUTE, "source.heartbeat", 1);
        CHECK_INT(steps(60), WORKER_GOES_ON);
        CHECK(updates_of_org() > 0);
        CHECK_INT(b.offset[0][0].offset, 3);
        end();
    }
    TEST ("partitions that come straight back are not restored; others go on without them") {
        begin(2);
        day_of(1);
        steps(10);
        uint64_t rows = worker_counts(w)->restored_rows;
        mp->revoke = true;
        mp->held = 2; /* source partition 1 goes to somebody else */
        CHECK_INT(steps(10), WORKER_GOES_ON);
        CHECK_INT(worker_counts(w)->restored_rows, rows);
        event_add(&b, 1, BEGIN, "thing.done", 1);
        event_add(&b, 1, BEGIN + 300 * MINUTE, "source.heartbeat", 1);
        CHECK_INT(steps(20), WORKER_GOES_ON);
        CHECK_INT(b.offset[0][1].offset, 0); /* seen at its first assignment, never read */
        CHECK_INT(b.output[CPI_TOPIC_INDICATORS].count, 0);
        mp->revoke = true;
        mp->held = 0;
        CHECK_INT(steps(60), WORKER_GOES_ON);
        CHECK_INT(b.offset[0][1].offset, 2);
        CHECK(updates_of_org() > 0);
        end();
    }
    TEST ("a task that comes back after others had it is restored from its changelog") {
        begin(2);
        day_of(2);
        mp->held = 0;
        steps(20);
        uint64_t rows = worker_counts(w)->restored_rows;
        CHECK_INT(rows, 0);
        mp->revoke = true;
        mp->held = 4 | 8 | 16; /* all tasks */
        steps(5);
        mp->revoke = true;
        mp->held = 0;
        CHECK_INT(steps(20), WORKER_GOES_ON);
        CHECK(worker_counts(w)->restored_rows > rows);
        end();
    }
}

static void test_pausing(void)
{
    static atomic_bool tight;
    TEST ("K6 a source that runs an hour of event time ahead of the slowest pauses, and goes on") {
        begin(2);
        event_add(&b, 0, BEGIN, "thing.done", 0);
        event_add(&b, 1, BEGIN + 90 * MINUTE, "thing.done", 1);
        /* the slow one always has more to read */
        for (int i = 1; i < 1200; i++)
            event_add(&b, 0, BEGIN + i, "thing.done", i);
        bool was_paused = false;
        for (int i = 0; i < 30 && !was_paused; i++) {
            steps(1);
            was_paused = mp->paused[0][1];
        }
        CHECK(was_paused);
        CHECK(!mp->paused[0][0]);
        event_add(&b, 0, BEGIN + 80 * MINUTE, "thing.done", 2000);
        steps(60);
        CHECK(!mp->paused[0][1]);
        end();
    }
    TEST ("K6 intake pauses while memory is tight; tasks go on") {
        begin(2);
        setup.memory_tight = &tight;
        day_of(2);
        steps(10);
        atomic_store(&tight, true);
        steps(10);
        CHECK(mp->paused[0][0] && mp->paused[0][1]);
        CHECK(!mp->paused[1][0] && !mp->paused[1][1] && !mp->paused[1][2]);
        atomic_store(&tight, false);
        steps(10);
        CHECK(!mp->paused[0][0] && !mp->paused[0][1]);
        setup.memory_tight = NULL;
        end();
    }
    TEST ("K6 intake pauses while its tasks lag 64 MiB, and goes on at half of that") {
        begin(1);
        steps(3);
        char *big = cpi_xcalloc(1, 1 << 20);
        const struct cpi_text foreign = { big, 1 << 20 }; /* skipped, but it counts as lag */
        for (int i = 0; i < 700; i++)
            memory_append(&b.repartition[0], CPI_ABSENT, foreign, 0);
        bool was_paused = false;
        for (int i = 0; i < 40; i++) {
            worker_step(w, (struct worker_now){ BEGIN, mono += 260 });
            was_paused |= mp->paused[0][0];
        }
        CHECK(was_paused);
        CHECK(!mp->paused[0][0]);
        free(big);
        end();
    }
}

static void put_frame(uint32_t generation, struct cpi_text items)
{
    struct cpi_buf frame;
    cpi_buf_init(&frame);
    cpi_frame_encode(generation, CPI_TIME_NONE, CPI_TEXT(""), 0, items, &frame);
    memory_append(&b.repartition[1], CPI_ABSENT, cpi_buf_text(&frame), 0);
    cpi_buf_fini(&frame);
}

static void test_strange(void)
{
    TEST ("a frame of a higher generation ends the worker, and commits nothing of it") {
        begin(1);
        steps(3);
        put_frame(config.model->generation + 1, CPI_TEXT(""));
        CHECK_INT(steps(5), WORKER_SUPERSEDED);
        CHECK(b.offset[1][1].offset <= 0);
        end();
    }
    TEST ("a frame that is damaged ends the worker: what it holds would be lost") {
        begin(1);
        steps(3);
        put_frame(config.model->generation, CPI_TEXT("\x01\x02"));
        CHECK_INT(steps(5), WORKER_BROKEN);
        CHECK(b.offset[1][1].offset <= 0);
        end();
    }
    TEST ("what others write into the repartition topic is skipped, and said") {
        begin(2);
        steps(3);
        memory_append(&b.repartition[1], CPI_ABSENT, CPI_TEXT("{\"hello\":1}"), 0);
        memory_append(&b.repartition[1], CPI_ABSENT, CPI_ABSENT, 0);
        day_of(2);
        CHECK_INT(steps(60), WORKER_GOES_ON);
        CHECK_INT(worker_counts(w)->bad_frames, 2);
        CHECK(updates_of_org() > 0);
        end();
    }
    TEST ("a changelog row that is damaged ends the worker before it reads anything") {
        begin(1);
        memory_append(&b.changelog[2], CPI_TEXT("jc1"), CPI_TEXT("\x01"), 0);
        CHECK_INT(steps(3), WORKER_BROKEN);
        end();
    }
    TEST ("a worker that is told to stop before it has its state leaves") {
        begin(1);
        mp->stopped = true;
        CHECK_INT(steps(3), WORKER_LEFT);
        worker_leave(w, (struct worker_now){ BEGIN, mono }, 0);
        end();
    }
    TEST ("an offset without its state ends the worker") {
        begin(1);
        b.offset[1][0].offset = 5;
        CHECK_INT(steps(3), WORKER_BROKEN);
        end();
    }
}

int main(void)
{
    log_set_level(LOG_AT_ERROR - 1);
    configure("idle = \"hold\";");
    test_revoked();
    test_pausing();
    test_strange();
    unconfigure();
    return check_done();
}
