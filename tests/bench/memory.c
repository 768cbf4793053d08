/* What state takes: bytes the allocator has given out for one more rep, case or id.
 *
 *   bench_memory FOLDER [PART...]
 *
 * FOLDER holds memory.conf, reps.conf, cases.conf and ids.conf. Each number is a difference: the
 * heap with twice as many of them, less the heap with as many. Counts are three times a power of
 * two, so that what grows by doubling stands at its middle in both. Outboxes are gone before.
 * PART is the beginning of a row's name. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "pipeline.h"

#define BEGIN_MS 1772409600000 /* 2026-03-02 00:00 UTC, a Monday */
#define MINUTE_MS 60000
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * (int64_t)HOUR_MS)
#define BEAT_MS (5 * MINUTE_MS) /* between heartbeats; everything settles after each */

struct simulation {
    struct pipeline pipeline;
    uint32_t count, number;
    int64_t clock;
    char line[BENCH_BATCH][256];
};

static const char *const types[] = { "case.opened", "contact.ended", "case.resolved",
                                     "case.reopened", "survey.answered" };

static void put_now(struct simulation *s, const char *type, int64_t time, uint32_t case_number,
                    uint32_t rep)
{
    char *line = s->line[s->number % BENCH_BATCH];
    int len = snprintf(line, sizeof s->line[0],
                       "{\"id\":\"%08" PRIx32 "-7a9b-4f34-8946-%012" PRIx32
                       "\",\"type\":\"%s\",\"ts\":%" PRId64 ",\"case\":\"CS-%08" PRIu32
                       "\",\"customer\":\"cu-%07" PRIu32 "\",\"rep\":\"rep-%06" PRIu32
                       "\",\"handle_ms\":%" PRIu32 ",\"value_added\":%s}",
                       s->number, case_number, type, time, case_number, case_number / 3, rep,
                       20000 + s->number * 7919 % 600000, s->number % 5 < 2 ? "true" : "false");
    bench_feed(&s->pipeline, (struct cpi_text){ line, (uint32_t)len }, s->number);
    if (++s->number % BENCH_BATCH == 0)
        bench_settle(&s->pipeline);
}

/* Time goes on with or without events, as it does with a clock. */
static void put(struct simulation *s, const char *type, int64_t time, uint32_t case_number,
                uint32_t rep)
{
    for (; s->clock + BEAT_MS <= time; s->clock += BEAT_MS) {
        put_now(s, "source.heartbeat", s->clock + BEAT_MS, 0, 0);
        bench_settle(&s->pipeline);
    }
    put_now(s, type, time, case_number, rep);
}

/* 60 events a day in 8 hours, Monday to Friday, for 30 days. */
static void busy_reps(struct simulation *s)
{
    for (int day = 0; day < 30; day++)
        for (int i = 0; i < 60 && day % 7 < 5; i++)
            for (uint32_t rep = 0; rep < s->count; rep++)
                put(s, types[i % 5],
                    BEGIN_MS + day * DAY_MS + 8 * HOUR_MS + i * 8 * MINUTE_MS +
                        (int64_t)rep * 8 * MINUTE_MS / s->count,
                    s->number, rep);
}

/* One event each, and then ten days without any. */
static void idle_reps(struct simulation *s)
{
    for (uint32_t rep = 0; rep < s->count; rep++)
        put(s, types[1], BEGIN_MS + (int64_t)rep * HOUR_MS / s->count, rep, rep);
    put(s, types[1], BEGIN_MS + 10 * DAY_MS, UINT32_MAX, 0);
}

/* Six events each over six hours, and not yet resolved. */
static void open_cases(struct simulation *s)
{
    for (int i = 0; i < 6; i++)
        for (uint32_t c = 0; c < s->count; c++)
            put(s, types[i ? 1 : 0], BEGIN_MS + i * HOUR_MS + (int64_t)c * HOUR_MS / s->count, c,
                c % 1000);
}

static void ids(struct simulation *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        put(s, types[1], BEGIN_MS + (int64_t)i * HOUR_MS / s->count, i, i % 100);
}

struct part {
    const char *name, *conf;
    void (*simulate)(struct simulation *s);
    uint32_t count;
    double goal;
};
static const struct part parts[] = {
    { "busy rep: 15 indicators, 4 windows, 30 days", "reps.conf", busy_reps, 96, 12288 },
    { "idle rep: one event ten days ago", "reps.conf", idle_reps, 3072, 300 },
    { "open case of six events", "cases.conf", open_cases, 6144, 520 },
    { "remembered id", "ids.conf", ids, 49152, 0 },
};

static void simulate(const struct part *part, const char *folder, uint32_t count, size_t *ret_bytes,
                     struct cpi_task_status *ret)
{
    char conf[4096];
    struct simulation *s = cpi_xcalloc(1, sizeof *s);
    snprintf(conf, sizeof conf, "%s/%s", folder, part->conf);
    s->count = count;
    s->clock = BEGIN_MS;
    bench_open(&s->pipeline, conf);
    part->simulate(s);
    bench_settle(&s->pipeline);
    const struct cpi_intake_counts *counts = cpi_intake_counts(s->pipeline.intake);
    if (counts->events + counts->heartbeats != s->number || counts->late) {
        fprintf(stderr, "bench_memory: %s: intake did not take all events in time\n", part->name);
        exit(1);
    }
    cpi_outbox_free(s->pipeline.box);
    cpi_outbox_free(s->pipeline.other);
    *ret_bytes = bench_heap_bytes();
    if (!*ret_bytes) {
        fputs("bench_memory: this allocator does not say what it has given out\n", stderr);
        exit(1);
    }
    cpi_task_status(s->pipeline.task, ret);
    /* the process ends here: nothing else is given back */
}

/* In a process of its own. */
static void simulate_apart(const struct part *part, const char *folder, uint32_t count,
                           size_t *ret_bytes, struct cpi_task_status *ret)
{
    int channel[2], status;
    if (pipe(channel)) {
        perror("bench_memory: pipe");
        exit(71);
    }
    pid_t child = fork();
    if (child == 0) {
        simulate(part, folder, count, ret_bytes, ret);
        bool sent = write(channel[1], ret_bytes, sizeof *ret_bytes) == sizeof *ret_bytes &&
                    write(channel[1], ret, sizeof *ret) == sizeof *ret;
        _exit(!sent);
    }
    close(channel[1]);
    bool got = read(channel[0], ret_bytes, sizeof *ret_bytes) == sizeof *ret_bytes &&
               read(channel[0], ret, sizeof *ret) == sizeof *ret;
    close(channel[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status || !got) {
        fprintf(stderr, "bench_memory: %s failed\n", part->name);
        exit(1);
    }
}

static bool is_asked_for(const char *name, char **part)
{
    bool asked = !*part;
    for (; *part; part++)
        asked |= strncmp(name, *part, strlen(*part)) == 0;
    return asked;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: bench_memory FOLDER [PART...]\n", stderr);
        return 64;
    }
    printf("\n%-46s %8s %8s\n", "bytes of heap for one more", "bytes", "goal");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct part *part = &parts[i];
        size_t once, twice;
        struct cpi_task_status fewer, more;
        if (!is_asked_for(part->name, argv + 2))
            continue;
        fflush(stdout);
        simulate_apart(part, argv[1], part->count, &once, &fewer);
        simulate_apart(part, argv[1], 2 * part->count, &twice, &more);
        double bytes = ((double)twice - (double)once) / part->count;
        printf("%-46s %8.0f", part->name, bytes);
        if (part->goal)
            printf(" %8.0f %s", part->goal, bytes <= part->goal ? "reached" : "NOT reached");
        printf("   (%" PRIu64 " entities, %" PRIu64 " journeys)\n", more.entities, more.journeys);
    }
    return 0;
}
