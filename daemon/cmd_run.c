#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "cmd.h"
#include "config/load.h"
#include "connect.h"
#include "ops/log.h"
#include "ops/notify.h"
#include "ops/signals.h"
#include "reload.h"
#include "watch.h"
#include "worker/names.h"
#include "worker/pool.h"

#define STOP_MS 4500  /* of the five seconds that a stop may take */
#define MEMORY_MS 100 /* between two looks at it: state can grow by 100 MB a second */
#define MEMORY_SAY_LOOKS 10
#define MEMORY_TRIM_LOOKS 50
#define TELL_LOOKS 5            /* so many of them between two words to systemd */
#define START_PATIENCE_MS 30000 /* that a worker which gets on is given at a start */

struct run {
    struct config config;
    struct connect connect;
    struct port_topics topics;
    struct worker_setup setup;
    struct kafka_setup *kafka; /* one a worker */
    struct reload reload;
    atomic_bool stop, memory_tight;
    unsigned tight_looks; /* at memory, one after the other that found it tight */
    bool said_tight;
};

struct run_options {
    const char *path, *instance;
    enum worker_clock clock;
};

static int options_read(int argc, char **argv, struct run_options *ret)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "instance", required_argument, NULL, 'i' },
                                             { "clock", required_argument, NULL, 'k' },
                                             { 0 } };
    bool good = true;
    *ret = (struct run_options){ .clock = WORKER_CLOCK_REAL };
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'c')
            ret->path = optarg;
        else if (c == 'i')
            ret->instance = optarg;
        else if (c == 'k' && strcmp(optarg, "record") == 0)
            ret->clock = WORKER_CLOCK_RECORD;
        else if (c != 'k' || strcmp(optarg, "real") != 0)
            good = false;
    }
    if (good && ret->path && optind == argc)
        return EXIT_OK;
    return cmd_usage("run", "want -c FILE [--instance NAME] [--clock real|record], and no more");
}

static enum log_level level_of(enum config_log_level level)
{
    static const enum log_level levels[] = { [CONFIG_LOG_ERROR] = LOG_AT_ERROR,
                                             [CONFIG_LOG_WARNING] = LOG_AT_WARNING,
                                             [CONFIG_LOG_INFO] = LOG_AT_INFO,
                                             [CONFIG_LOG_DEBUG] = LOG_AT_DEBUG };
    return levels[level];
}

static enum port_start start_of(enum config_start start)
{
    return start == CONFIG_START_EARLIEST ? PORT_EARLIEST
           : start == CONFIG_START_LATEST ? PORT_LATEST
                                          : PORT_AT;
}

static uint64_t memory_used(void)
{
    unsigned long long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Said once it has lasted for a second: peaks pass. */
static void memory_say(struct run *run, bool tight, uint64_t used)
{
    uint64_t limit = run->config.model->memory_bytes;
    run->tight_looks = tight ? run->tight_looks + 1 : 0;
    if (run->tight_looks == MEMORY_SAY_LOOKS)
        log_line(LOG_AT_WARNING,
                 "memory_tight used_mb=%" PRIu64 " memory_mb=%" PRIu64
                 " text=\"reading pauses and nothing is lost; it goes on when there is more: a "
                 "larger `memory`, or more processes to share the state\"",
                 used >> 20, limit >> 20);
    else if (!tight && run->said_tight)
        log_line(LOG_AT_NOTICE, "memory_eased used_mb=%" PRIu64 " memory_mb=%" PRIu64, used >> 20,
                 limit >> 20);
    run->said_tight = run->tight_looks >= MEMORY_SAY_LOOKS;
}

/* Resident memory against `memory`: at 90 % intake pauses, below 80 % it goes on (K6). What was
 * freed is resident until the allocator gives it back, which it is asked for now and then. */
static void memory_watch(struct run *run)
{
    uint64_t limit = run->config.model->memory_bytes, used = limit > 0 ? memory_used() : 0;
    uint64_t bound = limit / 100 * (atomic_load(&run->memory_tight) ? 80 : 90);
    if (used > bound && run->tight_looks % MEMORY_TRIM_LOOKS == 0 && malloc_trim(0))
        used = memory_used();
    atomic_store(&run->memory_tight, used > bound);
    memory_say(run, used > bound, used);
}

static void workers_free(struct worker **worker, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        worker_free(worker[i]);
}

/* -1: the settings do not work; the log says why. */
static int workers_make(struct run *run, struct worker **worker)
{
    char why[512], quoted[600];
    for (unsigned i = 0; i < run->config.workers; i++) {
        run->kafka[i] = connect_setup(&run->connect, i);
        worker[i] = worker_new(&run->setup, i);
        struct port *port =
            kafka_port_new(&run->kafka[i], &run->topics, worker_host(worker[i]), why, sizeof why);
        if (!port) {
            log_line(LOG_AT_ERROR, "kafka_settings error=%s",
                     log_quote(why, quoted, sizeof quoted));
            workers_free(worker, i + 1);
            return -1;
        }
        worker_attach(worker[i], port);
    }
    return 0;
}

static int code_of(enum worker_end end)
{
    switch (end) {
    case WORKER_SUPERSEDED:
    case WORKER_TAKEN:
    case WORKER_REFUSED:
        return EXIT_CONFIG;
    case WORKER_BROKEN:
        return EXIT_INTERNAL;
    default:
        return EXIT_OK;
    }
}

/* Words for systemd. A start may take as long as the broker and the state need: it is told that we
 * get on, every half second. */
static void systemd_tell(struct watch *watch)
{
    bool was_ready = watch->ready, changed = watch_look(watch);
    if (changed)
        notify_send("STATUS=%s%s", watch->status, watch->ready && !was_ready ? "\nREADY=1" : "");
    if (watch->alive && !watch->ready)
        notify_send("EXTEND_TIMEOUT_USEC=%d", START_PATIENCE_MS * 1000);
    if (watch->alive && notify_watchdog_ms() > 0)
        notify_send("WATCHDOG=1");
}

/* Until a signal says stop or a worker ends. */
static enum worker_end workers_watch(struct run *run, const char *path, struct pool *pool)
{
    struct watch watch;
    struct reload reload;
    enum worker_end end;
    watch_init(&watch, pool_pulses(pool), run->config.workers, &run->topics);
    reload_init(&reload, path, &run->config, &run->setup, pool_pulses(pool), run->config.workers);
    for (unsigned looks = 0; pool_is_running(pool, &end); looks++) {
        enum signal_wish wish = signals_wait(MEMORY_MS);
        if (wish == SIGNAL_STOP)
            break;
        if (wish == SIGNAL_RELOAD)
            reload_want(&reload);
        if (wish == SIGNAL_RELOAD && watch.ready)
            notify_reloading();
        if (reload_go_on(&reload) && watch.ready)
            notify_send("READY=1");
        memory_watch(run);
        if (looks % TELL_LOOKS == 0)
            systemd_tell(&watch);
    }
    run->reload = reload;
    watch_fini(&watch);
    return end;
}

static int workers_run(struct run *run, const char *path)
{
    unsigned count = run->config.workers;
    struct worker **worker = cpi_xcalloc(count, sizeof *worker);
    if (workers_make(run, worker) < 0) {
        free(worker);
        return EXIT_CONFIG;
    }
    struct pool *pool = pool_start(worker, count);
    free(worker);
    enum worker_end end = workers_watch(run, path, pool);
    notify_send("STOPPING=1\nSTATUS=stopping: open transactions are ended");
    log_line(LOG_AT_INFO, "stopping");
    atomic_store(&run->stop, true);
    if (!pool_wait(pool, STOP_MS)) {
        /* a broker that does not answer: the next start of this instance ends what is left open */
        log_line(LOG_AT_NOTICE, "stopped text=\"without an answer from the broker\"");
        _exit(code_of(end));
    }
    reload_fini(&run->reload);
    pool_free(pool);
    log_line(LOG_AT_INFO, "stopped");
    return code_of(end);
}

static int run_config(struct run *run, const struct run_options *options)
{
    char why[512] = "", quoted[600];
    const struct cpi_model *model = run->config.model;
    log_set_level(level_of(run->config.log_level));
    if (options->instance && config_set_instance(&run->config, options->instance) < 0)
        return cmd_usage("run", "--instance %s: not a name", options->instance);
    int r = connect_init(&run->connect, &run->config, why, sizeof why);
    if (r < 0) {
        log_line(LOG_AT_ERROR, "connection error=%s", log_quote(why, quoted, sizeof quoted));
        connect_fini(&run->connect);
        return EXIT_CONFIG;
    }
    names_init(&run->topics, model);
    run->kafka = cpi_xcalloc(run->config.workers, sizeof *run->kafka);
    run->setup = (struct worker_setup){ .model = model,
                                        .dir = run->config.directory,
                                        .topics = &run->topics,
                                        .clock = options->clock,
                                        .start = start_of(run->config.start),
                                        .start_at_ms = run->config.start_ms,
                                        .stop = &run->stop,
                                        .memory_tight = &run->memory_tight };
    log_line(LOG_AT_INFO,
             "start version=%s application=%.*s instance=%.*s workers=%u partitions=%u",
             CPID_VERSION, CPI_TEXT_ARG(model->application), CPI_TEXT_ARG(model->instance),
             run->config.workers, model->partitions);
    int code = workers_run(run, options->path);
    free(run->kafka);
    names_fini(&run->topics);
    connect_fini(&run->connect);
    return code;
}

int cmd_run(int argc, char **argv)
{
    struct run_options options;
    struct run run = { 0 };
    int code = options_read(argc, argv, &options);
    if (code != EXIT_OK)
        return code;
    signals_block();
    code = cmd_load(options.path, &run.config);
    if (code == EXIT_OK)
        code = run_config(&run, &options);
    config_fini(&run.config);
    return code;
}
