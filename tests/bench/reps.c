/* What an event costs with few reps and with many, in memory, one thread, one task.
 *
 *   bench_reps FOLDER [busy|idle] REPS...
 *
 * FOLDER holds w2.conf and what it includes; people.csv is written into it. "busy": every rep has
 * an event every ten minutes for two hours. "idle": 1,000 reps have 240,000 events an hour, and the
 * others had one event each before that hour. Each count runs in a process of its own, a small one
 * as often as it takes for 240,000 events. What counts is CPU time, user and system; making up the
 * events is left out. Exit 1: an event costs more than twice as much with the most reps as with the
 * fewest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "pipeline.h"

#define BEGIN_MS 1772434800000 /* 2026-03-02 07:00 UTC, a Monday */
#define HOUR_MS 3600000
#define EVENTS_LEAST 240000
#define EVENTS_EACH 12 /* of a busy rep */
#define ACTIVE 1000    /* beside idle ones */
#define COUNTS_MAX 8
#define TIMES 2.0

struct measured {
    uint32_t reps;
    double ns, updates, heap;
};
struct simulation {
    struct pipeline pipeline;
    uint32_t number, waiting; /* events made up; lines that have not gone through yet */
    int64_t cpu_ns;
    uint64_t updates; /* before what is measured */
    char line[BENCH_BATCH][320];
};

static void fail(const char *what)
{
    fprintf(stderr, "bench_reps: %s\n", what);
    exit(1);
}

/* What was made up goes through all stages. */
static void run_batch(struct simulation *s)
{
    int64_t began = bench_cpu_ns();
    for (uint32_t i = 0; i < s->waiting; i++)
        bench_feed(&s->pipeline, cpi_text_of(s->line[i]), s->number - s->waiting + i);
    bench_settle(&s->pipeline);
    s->cpu_ns += bench_cpu_ns() - began;
    s->waiting = 0;
}

static void put(struct simulation *s, int64_t time, uint32_t rep, uint32_t nth)
{
    static const char *const types[] = { "case.opened",   "contact.ended", "contact.ended",
                                         "contact.ended", "case.resolved", "survey.answered" };
    uint32_t n = s->number++, case_number = rep * 1000 + nth / 6;
    snprintf(s->line[s->waiting], sizeof s->line[0],
             "{\"id\":\"%08" PRIx32 "-7a9b-4f34-8946-%012" PRIx32
             "\",\"type\":\"%s\",\"ts\":%" PRId64 ",\"case\":\"CS-%08" PRIu32
             "\",\"customer\":\"cu-%07" PRIu32 "\",\"rep\":\"rep-%07" PRIu32
             "\",\"team\":\"team-%02" PRIu32 "\",\"handle_ms\":%" PRIu32
             ",\"value_added\":%s,\"csat\":%s}",
             n, case_number, types[nth % 6], time, case_number, case_number / 3, rep, rep % 50,
             20000 + n * 7919 % 600000, n % 5 < 2 ? "true" : "false", n % 4 ? "null" : "4");
    if (++s->waiting == BENCH_BATCH)
        run_batch(s);
}

/* Neighbours in time are no neighbours in memory. */
static uint32_t scatter(uint64_t i, uint32_t reps)
{
    return (uint32_t)(i * 7368787 % reps);
}

static void busy(struct simulation *s, uint32_t reps)
{
    uint64_t count = (uint64_t)reps * EVENTS_EACH;
    for (uint64_t i = 0; i < count; i++)
        put(s, BEGIN_MS + (int64_t)(i * 2 * HOUR_MS / count), scatter(i, reps),
            (uint32_t)(i / reps));
    run_batch(s);
}

static void idle(struct simulation *s, uint32_t reps)
{
    for (uint32_t i = ACTIVE; i < reps; i++)
        put(s, BEGIN_MS + (int64_t)i * HOUR_MS / reps, i, 0);
    put(s, BEGIN_MS + 3 * HOUR_MS, 0, 0); /* their windows are over */
    run_batch(s);
    s->cpu_ns = 0;
    s->updates = cpi_task_counts(s->pipeline.task)->updates;
    for (uint32_t i = 0; i < EVENTS_LEAST; i++)
        put(s, BEGIN_MS + 3 * HOUR_MS + (int64_t)i * HOUR_MS / EVENTS_LEAST, scatter(i, ACTIVE),
            1 + i / ACTIVE);
    run_batch(s);
}

static void write_people(const char *folder, uint32_t reps)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/people.csv", folder);
    FILE *out = fopen(path, "w");
    if (!out)
        fail("people.csv cannot be written");
    fputs("rep,team,from,until,also\n", out);
    for (uint32_t rep = 0; rep < reps; rep++)
        fprintf(out, "rep-%07" PRIu32 ",team-%02" PRIu32 ",,,\n", rep, rep % 50);
    if (fclose(out))
        fail("people.csv cannot be written");
}

static void simulate(const char *folder, bool is_idle, uint32_t reps, struct measured *ret)
{
    char conf[4096];
    uint64_t events = 0, updates = 0;
    int64_t cpu_ns = 0;
    snprintf(conf, sizeof conf, "%s/w2.conf", folder);
    write_people(folder, reps);
    while (events < EVENTS_LEAST) {
        struct simulation *s = cpi_xcalloc(1, sizeof *s);
        bench_open(&s->pipeline, conf);
        size_t before = bench_heap_bytes();
        uint32_t set_up = is_idle ? reps - ACTIVE + 1 : 0;
        (is_idle ? idle : busy)(s, reps);
        const struct cpi_intake_counts *counts = cpi_intake_counts(s->pipeline.intake);
        if (counts->events != s->number || counts->late || counts->unknown_rep)
            fail("intake did not take all events as meant");
        events += s->number - set_up;
        updates += cpi_task_counts(s->pipeline.task)->updates - s->updates;
        cpu_ns += s->cpu_ns;
        ret->heap = (double)(bench_heap_bytes() - before) / reps;
        bench_close(&s->pipeline);
        free(s);
    }
    ret->reps = reps;
    ret->ns = (double)cpu_ns / (double)events;
    ret->updates = (double)updates / (double)events;
}

/* In a process of its own. */
static void simulate_apart(const char *folder, bool is_idle, uint32_t reps, struct measured *ret)
{
    int channel[2], status;
    if (pipe(channel))
        fail("no pipe");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        simulate(folder, is_idle, reps, ret);
        _exit(write(channel[1], ret, sizeof *ret) != sizeof *ret);
    }
    close(channel[1]);
    ssize_t got = read(channel[0], ret, sizeof *ret);
    close(channel[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status || got != sizeof *ret)
        fail("a run failed");
}

static bool compare(const char *folder, bool is_idle, char **count)
{
    struct measured measured[COUNTS_MAX];
    double least = 0, most = 0;
    printf("\n%-44s %9s %8s %11s %9s\n",
           is_idle ? "1,000 reps with 240,000 events an hour" : "every rep has 6 events an hour",
           "reps", "ns/event", "updates/ev", "bytes/rep");
    for (size_t n = 0; count[n] && n < COUNTS_MAX; n++) {
        struct measured *m = &measured[n];
        simulate_apart(folder, is_idle, (uint32_t)strtoul(count[n], NULL, 10), m);
        printf("%-44s %9" PRIu32 " %8.0f %11.2f %9.0f\n",
               is_idle && n ? "beside others that are idle" : "", m->reps, m->ns, m->updates,
               m->heap);
        least = n == 0 || m->ns < least ? m->ns : least;
        most = m->ns > most ? m->ns : most;
    }
    printf("wanted: flat within %.1f. measured: %.2f  %s\n", TIMES, most / least,
           most <= TIMES * least ? "met" : "NOT met");
    return most <= TIMES * least;
}

int main(int argc, char **argv)
{
    bool alone = argc > 2 && (strcmp(argv[2], "busy") == 0 || strcmp(argv[2], "idle") == 0);
    char **count = argv + (alone ? 3 : 2);
    if (argc < 3 || !*count) {
        fputs("usage: bench_reps FOLDER [busy|idle] REPS...\n", stderr);
        return 64;
    }
    bool flat = true;
    if (!alone || strcmp(argv[2], "busy") == 0)
        flat = compare(argv[1], false, count) && flat;
    if (!alone || strcmp(argv[2], "idle") == 0)
        flat = compare(argv[1], true, count) && flat;
    return !flat;
}
