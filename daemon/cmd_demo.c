/* Everything on one machine with nothing to set up: an embedded broker, a made-up company, the real
 * worker on a clock that runs fast. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cpi/alloc.h>
#include <cpi/time.h>

#include "cmd.h"
#include "config/load.h"
#include "connect.h"
#include "demo/board.h"
#include "demo/files.h"
#include "demo/output.h"
#include "demo/story.h"
#include "ops/log.h"
#include "ops/signals.h"
#include "worker/names.h"
#include "worker/pool.h"

#define SOURCE_PARTITIONS 2
#define OUTPUT_PARTITIONS 4 /* the embedded broker keeps 5 MiB of each */
#define SPEED 600           /* the day of ten hours in a minute */
#define PROBE_MS 2000       /* how old the worker lets the proof of an end become */
#define HOUR INT64_C(3600000)

struct demo_options {
    uint64_t seed;
    int speed;
    const char *keep;
};
struct demo {
    struct demo_options options;
    struct demo_files files;
    struct config config;
    struct connect connect;
    struct port_topics topics;
    struct kafka_setup kafka;
    struct worker_setup setup;
    struct kafka_mock *mock;
    struct kafka_writer *writer;
    struct kafka_reader *reader;
    struct pool *pool;
    struct story story;
    struct board board;
    size_t sent;
    bool drawn; /* a board on a terminal; else lines */
    atomic_int_fast64_t clock;
    atomic_bool stop, memory_tight;
};

static int64_t mono_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what comes out ---- */

/* Without a terminal: teams on the full hour of the day that is watched. */
static void update_print(const struct output_update *u)
{
    char value[24];
    if (strcmp(u->kind, "team") != 0 || strcmp(u->end, "2026-03-16T08:30") < 0 ||
        strncmp(u->end + 14, "00", 2) != 0)
        return;
    output_value_text(u->value, u->unit, value, sizeof value);
    printf("%.5s  %-8s %-12s %10s  of %5s%s%s%s\n", u->end + 11, u->id, u->indicator, value, u->n,
           u->pending[0] && strcmp(u->pending, "0") != 0 ? ", pending " : "",
           strcmp(u->pending, "0") != 0 ? u->pending : "",
           u->met == 'f' ? "  misses its target" : "");
}

/* Takes what has come out by now; true if there was something. */
static bool outputs_take(struct demo *d, int timeout_ms)
{
    size_t topic;
    struct cpi_text key, value;
    struct output_update update;
    struct output_alert alert;
    bool some = false;
    while (kafka_reader_next(d->reader, some ? 0 : timeout_ms, &topic, &key, &value)) {
        some = true;
        if (topic == 0 && output_update_read(value, &update)) {
            if (strcmp(update.end, "2026-03-16T18:00:00.000Z") > 0)
                continue; /* of the seconds after the day */
            board_update(&d->board, &update);
            if (!d->drawn)
                update_print(&update);
        } else if (topic == 1 && output_alert_read(value, &alert) &&
                   board_alert(&d->board, &alert) && !d->drawn) {
            printf("%s\n", d->board.news[d->board.n_news - 1]);
        }
    }
    return some;
}

static void show(struct demo *d)
{
    char head[96];
    struct winsize size;
    int64_t clock_ms = atomic_load(&d->clock);
    time_t at = (time_t)((clock_ms < STORY_END ? clock_ms : STORY_END) / 1000);
    struct tm day;
    if (!d->drawn)
        return;
    gmtime_r(&at, &day);
    strftime(head, sizeof head, "%A %d %B, %H:%M", &day);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        size.ws_col = BOARD_WIDTH;
    board_draw(&d->board, head, size.ws_col);
}

/* False: told to stop, or the worker ended. */
static bool goes_on(struct demo *d)
{
    enum worker_end end;
    return signals_wait(0) == SIGNAL_NONE && pool_is_running(d->pool, &end);
}

/* ---- the story goes in ---- */

/* The events up to an instant, and then the clock: never the clock before them. */
static void story_send(struct demo *d, int64_t until)
{
    for (; d->sent < d->story.count && d->story.event[d->sent].time <= until; d->sent++) {
        const struct story_event *ev = &d->story.event[d->sent];
        kafka_writer_send(d->writer, d->topics.source[ev->source], cpi_text_of(ev->key),
                          cpi_text_of(ev->json), ev->time);
    }
    kafka_writer_flush(d->writer);
    atomic_store(&d->clock, until);
}

/* Until the worker has read everything and nothing more comes out. */
static bool drain(struct demo *d, int quiet_ms)
{
    const struct worker_pulse *pulse = pool_pulses(d->pool)[0];
    for (int64_t last = mono_ms(), now = last; now - last < quiet_ms; now = mono_ms()) {
        if (!goes_on(d))
            return false;
        if (outputs_take(d, 40) || atomic_load(&pulse->phase) != WORKER_READING)
            last = now;
    }
    return true;
}

/* The two weeks before, as fast as they go. */
static bool history_play(struct demo *d)
{
    if (!drain(d, 300)) /* the group has formed */
        return false;
    for (int64_t t = STORY_BEGIN; t < STORY_LIVE; t += HOUR) {
        story_send(d, t);
        outputs_take(d, 0);
        if (t % (6 * HOUR) == 0)
            show(d);
        if (!goes_on(d))
            return false;
    }
    story_send(d, STORY_LIVE - 1);
    return drain(d, 600);
}

/* The day, and some seconds more so that the last boundaries are published: quiet partitions are
 * looked at every two seconds, whatever the clock says. */
static bool day_play(struct demo *d)
{
    int64_t began = mono_ms(), length_ms = (STORY_END - STORY_LIVE) / d->options.speed + 6000;
    for (int64_t now = began; now < began + length_ms; now = mono_ms()) {
        story_send(d, STORY_LIVE + (now - began) * d->options.speed);
        outputs_take(d, 40);
        show(d);
        fflush(stdout);
        if (!goes_on(d))
            return false;
    }
    return drain(d, 500);
}

/* ---- the end ---- */

#define LOST_SHOWN 8

/* `cpid explain` of one figure, as a process of its own; its output is `ret`. */
static bool explain_start(const struct demo *d, FILE **ret, pid_t *ret_pid)
{
    char helpdesk[600], crm[600];
    snprintf(helpdesk, sizeof helpdesk, "helpdesk.events=%s/helpdesk.ndjson", d->files.folder);
    snprintf(crm, sizeof crm, "crm.events=%s/crm.ndjson", d->files.folder);
    char *words[] = { "cpid",        "explain",
                      "-c",          (char *)d->files.conf,
                      "-i",          helpdesk,
                      "-i",          crm,
                      "--entity",    "rep:finn",
                      "--indicator", "fcr",
                      "--at",        "2026-03-16T18:00:00Z",
                      NULL };
    int ends[2];
    if (pipe(ends) < 0)
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    bool started = posix_spawn(ret_pid, "/proc/self/exe", &actions, NULL, words, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *ret = fdopen(ends[0], "r");
    return started && *ret;
}

/* Its head, and some of the cases that were lost. */
static void number_explain(const struct demo *d)
{
    FILE *said;
    pid_t pid;
    char line[512];
    bool cases = false;
    int lost = 0;
    if (!explain_start(d, &said, &pid))
        return;
    printf(
        "\nWhy is finn's figure what it is? `cpid explain` finds each case and what broke it:\n\n");
    while (fgets(line, sizeof line, said)) {
        bool is_lost = strstr(line, "  lost  ") != NULL;
        cases = cases || strcmp(line, "cases\n") == 0;
        lost += cases && is_lost;
        if (!cases || lost == 0 || (is_lost && lost <= LOST_SHOWN))
            fputs(line, stdout);
    }
    printf("  ... and %d more\n", lost > LOST_SHOWN ? lost - LOST_SHOWN : 0);
    fclose(said);
    waitpid(pid, NULL, 0);
}

static void goodbye(const struct demo *d)
{
    printf("\ndemo: done. %zu events in, %u updates, %u alerts and %u refreshes of them out.\n",
           d->sent, d->board.updates, d->board.alerts, d->board.refreshes);
    if (d->options.keep)
        printf(
            "%s has the configuration, people, customers and all records. Try there:\n"
            "  cpid explain -c demo.conf --entity team:mail --indicator fcr --at 2026-03-12T12:00Z "
            "\\\n               -i helpdesk.events=helpdesk.ndjson -i crm.events=crm.ndjson\n"
            "  cpid check   -c demo.conf --explain fcr\n"
            "  cpid replay  -c demo.conf -i helpdesk.events=helpdesk.ndjson -i "
            "crm.events=crm.ndjson -o out\n",
            d->options.keep);
    else
        printf("`cpid demo --keep FOLDER` leaves its configuration and records to play with; "
               "README.md goes on\nfrom there: your own events, and a real broker. This one was "
               "librdkafka's mock cluster: it shows\none worker at work, but not what holds after "
               "a crash.\n");
}

/* ---- beginning and end ---- */

static void topics_make(struct demo *d)
{
    for (size_t i = 0; i < d->topics.n_sources; i++)
        kafka_mock_topic(d->mock, d->topics.source[i], SOURCE_PARTITIONS);
    kafka_mock_topic(d->mock, d->topics.repartition, d->topics.partitions);
    kafka_mock_topic(d->mock, d->topics.changelog, d->topics.partitions);
    for (size_t i = 0; i < CPI_TOPICS; i++)
        if (d->topics.output[i])
            kafka_mock_topic(d->mock, d->topics.output[i], OUTPUT_PARTITIONS);
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
                                      .clock = WORKER_CLOCK_GIVEN,
                                      .given_ms = &d->clock,
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

static int demo_open(struct demo *d)
{
    char why[512] = "";
    d->mock = kafka_mock_new();
    if (!d->mock) {
        fprintf(stderr, "cpid demo: the embedded broker does not start\n");
        return EXIT_INTERNAL;
    }
    story_init(&d->story, d->options.seed);
    if (files_write(&d->files, d->options.keep, &d->story, kafka_mock_servers(d->mock)) < 0)
        return EXIT_BAD_DATA;
    int code = cmd_load(d->files.conf, &d->config);
    if (code != EXIT_OK)
        return code;
    if (connect_init(&d->connect, &d->config, why, sizeof why) < 0)
        return EXIT_INTERNAL;
    names_init(&d->topics, d->config.model);
    topics_make(d);
    board_init(&d->board);
    atomic_store(&d->clock, STORY_BEGIN);
    return worker_begin(d);
}

/* A board needs room. */
static bool has_terminal(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
           size.ws_col >= BOARD_WIDTH && size.ws_row > board_height();
}

static int demo_run(struct demo *d)
{
    enum worker_end end;
    printf(
        "A made-up company: two weeks of %zu events through an embedded broker into cpid, then a "
        "Monday, 8 to\n18 o'clock in %d seconds. A value is followed by how it compares with the "
        "window before (+ or -), the\nnumber of samples, and +verdicts that are still due.\n\n",
        d->story.count, (int)((STORY_END - STORY_LIVE) / 1000 / d->options.speed));
    fflush(stdout);
    if (d->drawn)
        fputs("\033[?25l", stdout); /* no cursor in the board */
    bool told = !history_play(d) || !day_play(d);
    if (d->drawn)
        fputs("\033[?25h", stdout);
    bool failed = !pool_is_running(d->pool, &end);
    atomic_store(&d->stop, true);
    if (failed)
        printf("\ndemo: FAILED, the worker ended by itself; its lines above say why\n");
    else if (told)
        printf("\ndemo: stopped\n");
    fflush(stdout);
    if (failed || told)
        return failed ? EXIT_INTERNAL : EXIT_OK;
    number_explain(d);
    goodbye(d);
    return d->board.updates == 0 ? EXIT_INTERNAL : EXIT_OK;
}

static int options_read(int argc, char **argv, struct demo_options *ret)
{
    static const struct option options[] = { { "seed", required_argument, NULL, 's' },
                                             { "speed", required_argument, NULL, 'v' },
                                             { "keep", required_argument, NULL, 'k' },
                                             { 0 } };
    char *rest = "";
    *ret = (struct demo_options){ .seed = 7, .speed = SPEED };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        errno = 0;
        if (c == 's')
            ret->seed = strtoull(optarg, &rest, 10);
        else if (c == 'v')
            ret->speed = (int)strtol(optarg, &rest, 10);
        else if (c == 'k')
            ret->keep = optarg;
        else
            return cmd_usage("demo", "want [--seed N] [--speed N] [--keep FOLDER]");
        if (*rest || errno || (c != 'k' && !*optarg))
            return cmd_usage("demo", "\"%s\" is no whole number", optarg);
    }
    if (optind < argc)
        return cmd_usage("demo", "\"%s\" is one argument too many", argv[optind]);
    if (ret->speed < 1 || ret->speed > 36000)
        return cmd_usage("demo", "--speed: 1 (as it happened) to 36000 (the day in a second)");
    return EXIT_OK;
}

int cmd_demo(int argc, char **argv)
{
    struct demo *d = cpi_xcalloc(1, sizeof *d);
    int code = options_read(argc, argv, &d->options);
    if (code != EXIT_OK)
        return code;
    signals_block();
    log_set_level(LOG_AT_ERROR);
    d->drawn = has_terminal();
    code = demo_open(d);
    if (code == EXIT_OK)
        code = demo_run(d);
    files_remove(&d->files);
    /* the process ends now; the embedded broker and its clients end with it */
    fflush(stdout);
    _exit(code);
}
