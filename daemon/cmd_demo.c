/* Everything on one machine with nothing to set up: an embedded broker, a made-up day, the real
 * worker. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "cmd.h"
#include "config/load.h"
#include "connect.h"
#include "demo/day.h"
#include "demo/lines.h"
#include "ops/log.h"
#include "ops/signals.h"
#include "worker/names.h"
#include "worker/pool.h"

#define DEMO_SECONDS 40 /* what the day takes */
#define SOURCE_PARTITIONS 2

struct demo {
    struct config config;
    struct connect connect;
    struct port_topics topics;
    struct kafka_setup kafka;
    struct worker_setup setup;
    struct kafka_mock *mock;
    struct kafka_writer *writer;
    struct kafka_reader *reader;
    struct pool *pool;
    struct day day;
    size_t sent;
    struct demo_counts counts;
    atomic_bool stop, memory_tight;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The loader reads files; this one has no name. */
static int configuration_load(struct config *ret, const char *servers)
{
    char path[64];
    int fd = memfd_create("demo.conf", MFD_CLOEXEC);
    if (fd < 0)
        return EXIT_INTERNAL;
    dprintf(fd,
            "kafka = { servers = \"%s\"; options = ( (\"session.timeout.ms\", \"6000\"),\n"
            "  (\"fetch.wait.max.ms\", \"10\") ); };\n%s",
            servers, day_configuration);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int code = cmd_load(path, ret);
    close(fd);
    return code;
}

static void topics_make(struct demo *d)
{
    kafka_mock_topic(d->mock, d->topics.source[0], SOURCE_PARTITIONS);
    kafka_mock_topic(d->mock, d->topics.repartition, d->topics.partitions);
    kafka_mock_topic(d->mock, d->topics.changelog, d->topics.partitions);
    for (size_t i = 0; i < CPI_TOPICS; i++)
        if (d->topics.output[i])
            kafka_mock_topic(d->mock, d->topics.output[i], 1);
}

static int worker_begin(struct demo *d)
{
    char why[512] = "";
    const char *watched[] = { d->topics.output[CPI_TOPIC_INDICATORS],
                              d->topics.output[CPI_TOPIC_ALERTS] };
    d->kafka = connect_setup(&d->connect, 0);
    d->setup = (struct worker_setup){ .model = d->config.model,
                                      .dir = d->config.directory,
                                      .topics = &d->topics,
                                      .clock = WORKER_CLOCK_RECORD,
                                      .start = PORT_EARLIEST,
                                      .stop = &d->stop,
                                      .memory_tight = &d->memory_tight };
    struct worker *worker = worker_new(&d->setup, 0);
    struct port *port = kafka_port_new(&d->kafka, &d->topics, worker_host(worker), why, sizeof why);
    d->writer = kafka_writer_new(kafka_mock_servers(d->mock));
    d->reader = kafka_reader_new(kafka_mock_servers(d->mock), watched, 2);
    if (!port || !d->writer || !d->reader) {
        fprintf(stderr, "cpid demo: the embedded broker does not work: %s\n", why);
        worker_free(worker);
        return EXIT_INTERNAL;
    }
    worker_attach(worker, port);
    d->pool = pool_start(&worker, 1);
    return EXIT_OK;
}

/* The events up to an instant of the day. */
static void day_send(struct demo *d, int64_t until)
{
    for (; d->sent < d->day.count && d->day.event[d->sent].time <= until; d->sent++) {
        const struct day_event *ev = &d->day.event[d->sent];
        kafka_writer_send(d->writer, d->topics.source[0], cpi_text_of(ev->id),
                          cpi_text_of(ev->json), ev->time);
    }
}

/* Heartbeats of every source partition, so that the last windows close: keys are tried until each
 * partition must have had one. */
static void day_close(struct demo *d)
{
    char key[16], json[160];
    int64_t end = DAY_END + 2 * INT64_C(3600000);
    for (int i = 0; i < 32; i++) {
        snprintf(key, sizeof key, "beat-%d", i);
        snprintf(json, sizeof json,
                 "{\"id\":\"%s\",\"time\":%" PRId64 ",\"type\":\"source.heartbeat\"}", key, end);
        kafka_writer_send(d->writer, d->topics.source[0], cpi_text_of(key), cpi_text_of(json), end);
    }
    kafka_writer_flush(d->writer);
}

/* Prints what has come out by now; true if there was something. */
static bool outputs_show(struct demo *d, int timeout_ms)
{
    size_t topic;
    struct cpi_text key, value;
    bool some = false;
    while (kafka_reader_next(d->reader, some ? 0 : timeout_ms, &topic, &key, &value)) {
        some = true;
        if (topic == 0)
            demo_update(value, &d->counts);
        else
            demo_alert(value, &d->counts);
    }
    fflush(stdout);
    return some;
}

/* False: told to stop, or the worker ended. */
static bool demo_step(struct demo *d, int timeout_ms, bool *ret_some)
{
    enum worker_end end;
    *ret_some = outputs_show(d, timeout_ms);
    return signals_wait(0) == SIGNAL_NONE && pool_is_running(d->pool, &end);
}

static bool demo_play(struct demo *d)
{
    bool some;
    /* the group needs three seconds to form */
    int64_t began = now_ms() + 3000;
    for (int64_t now = now_ms(); now < began + DEMO_SECONDS * 1000; now = now_ms()) {
        if (now > began)
            day_send(d,
                     DAY_BEGIN + (now - began) * ((DAY_END - DAY_BEGIN) / (DEMO_SECONDS * 1000)));
        if (!demo_step(d, 40, &some))
            return false;
    }
    day_send(d, DAY_END);
    day_close(d);
    for (int64_t last = now_ms(), now = last; now - last < 3000; now = now_ms()) {
        if (!demo_step(d, 40, &some))
            return false;
        last = some ? now : last;
    }
    return true;
}

static int demo_run(struct demo *d)
{
    bool told = !demo_play(d);
    enum worker_end end;
    bool failed = !pool_is_running(d->pool, &end);
    atomic_store(&d->stop, true);
    if (failed)
        printf("\ndemo: FAILED, the worker ended by itself; its lines above say why\n");
    else if (told)
        printf("\ndemo: stopped\n");
    else
        printf("\ndemo: done. %zu events in, %u updates, %u alerts and %u refreshes of them out.\n",
               d->sent, d->counts.updates, d->counts.alerts, d->counts.refreshes);
    fflush(stdout);
    if (told && !failed)
        _exit(EXIT_OK); /* at once: nothing of it is kept */
    if (pool_wait(d->pool, 4000))
        pool_free(d->pool);
    return failed || d->counts.updates == 0 ? EXIT_INTERNAL : EXIT_OK;
}

static int demo_open(struct demo *d)
{
    char why[512] = "";
    d->mock = kafka_mock_new();
    if (!d->mock) {
        fprintf(stderr, "cpid demo: the embedded broker does not start\n");
        return EXIT_INTERNAL;
    }
    int code = configuration_load(&d->config, kafka_mock_servers(d->mock));
    if (code != EXIT_OK)
        return code;
    if (connect_init(&d->connect, &d->config, why, sizeof why) < 0)
        return EXIT_INTERNAL;
    names_init(&d->topics, d->config.model);
    topics_make(d);
    day_init(&d->day, 7);
    return worker_begin(d);
}

int cmd_demo(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return cmd_usage("demo", "demo takes no arguments");
    struct demo *d = cpi_xcalloc(1, sizeof *d);
    signals_block();
    log_set_level(LOG_AT_WARNING);
    int code = demo_open(d);
    if (code == EXIT_OK) {
        demo_intro(d->day.count, DEMO_SECONDS);
        code = demo_run(d);
    }
    /* the process ends now; the embedded broker and its clients end with it */
    fflush(stdout);
    _exit(code);
}
