/* What systemd is told about the workers of a process. */
#include "watch.h"
#include "check.h"

#include <cpi/time.h>

static struct worker_pulse a, b;
static const struct worker_pulse *const both[] = { &a, &b };
static char *sources[] = { "crm.events", "helpdesk.events" };
static const struct port_topics topics = { .source = sources, .n_sources = 2 };
static struct watch watch;

static void begin(void)
{
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.watermark = b.watermark = CPI_TIME_END;
    watch_init(&watch, both, 2, &topics);
}

static void share(struct worker_pulse *p, unsigned n_sources)
{
    p->sources = n_sources;
    p->tasks = p->restored = 4;
}

static void both_read(void)
{
    a.phase = b.phase = WORKER_READING;
    share(&a, 2);
    share(&b, 1);
    a.watermark = INT64_C(1767225600000);
    b.watermark = INT64_C(1767225900000);
    a.behind = 3;
    b.behind = 4;
}

int main(void)
{
    TEST ("a service is ready once every worker has its partitions and their state") {
        begin();
        CHECK(watch_look(&watch));
        CHECK(!watch.ready);
        CHECK_STR(watch.status, "connecting to Kafka");
        a.phase = b.phase = WORKER_RESTORING;
        a.tasks = b.tasks = 4;
        a.restored = 3;
        CHECK(watch_look(&watch));
        CHECK_STR(watch.status, "restoring state: 3 of 8 tasks");
        b.phase = WORKER_READING;
        watch_look(&watch);
        CHECK(!watch.ready);
        both_read();
        CHECK(watch_look(&watch));
        CHECK(watch.ready);
        CHECK_STR(watch.status, "reading 3 source partitions, 8 tasks, 7 records behind; watermark "
                                "2026-01-01T00:00:00.000Z");
        CHECK(!watch_look(&watch));
        watch_fini(&watch);
    }
    TEST ("once ready it stays ready, whatever the group and the broker do") {
        begin();
        both_read();
        watch_look(&watch);
        b.phase = WORKER_RESTORING;
        b.waiting = true;
        CHECK(watch_look(&watch));
        CHECK(watch.ready);
        CHECK_STR(watch.status, "waiting for Kafka; nothing is lost meanwhile");
        watch_fini(&watch);
    }
    TEST ("T1 a partition that nobody has read yet is named: it holds time still") {
        begin();
        both_read();
        b.unread = b.unread_topic = 1;
        b.unread_partition = 2;
        watch_look(&watch);
        CHECK(strstr(watch.status, "watermark not known yet: nothing has been read of "
                                   "helpdesk.events, partition 2"));
        watch_fini(&watch);
    }
    TEST ("the watchdog is fed only when every worker has got on since the last time") {
        begin();
        a.beats = 1;
        watch_look(&watch);
        CHECK(!watch.alive);
        a.beats = 7;
        watch_look(&watch);
        CHECK(!watch.alive);
        b.beats = 1;
        watch_look(&watch);
        CHECK(watch.alive);
        watch_look(&watch);
        CHECK(!watch.alive);
        watch_fini(&watch);
    }
    return check_done();
}
