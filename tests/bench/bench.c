/* Speed of cpid's own code against a bare yajl loop over the same bytes, in memory, one thread.
 *
 *   bench FOLDER [ROUNDS]
 *   bench FOLDER yajl|intake|w2|w3      one of them alone, in this process: for a profiler
 *   bench_stages FOLDER [ROUNDS]
 *
 * FOLDER holds events.ndjson, w2.conf and w3.conf. In every round each contestant runs once, one
 * after the other, each in a process of its own so that none finds the heap of another; what counts
 * is its CPU time, user and system. The table shows medians over the rounds, and for ratios the
 * median, least and largest of the ratios within a round.
 *
 * bench_stages is this file too, built so that calls into the stages can be timed (stages.c): it
 * shows how the time is divided, while bench measures what is installed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define ROUNDS_MAX 101

#ifdef BENCH_STAGES
#define TIMES_STAGES true
#else
#define TIMES_STAGES false
#endif

enum contestant { YAJL, INTAKE, W2, W3, W2_STAGES, W3_STAGES, CONTESTANTS };
static const struct {
    const char *name, *word;
    double goal;
} about[CONTESTANTS] = {
    [YAJL] = { "bare yajl loop", "yajl", 0 },
    [INTAKE] = { "intake", "intake", 1.25 },
    [W2] = { "replay W2", "w2", 1.5 },
    [W3] = { "replay W3", "w3", 1.9 },
    [W2_STAGES] = { "replay W2, stages", "w2-stages", 0 },
    [W3_STAGES] = { "replay W3, stages", "w3-stages", 0 },
};
struct measured {
    double ns; /* CPU, an event */
    struct bench_result result;
    double share[STAGES];
};
static struct measured measured[CONTESTANTS][ROUNDS_MAX];

static void run(enum contestant who, const struct bench_input *input, const char *w2,
                const char *w3, struct measured *ret)
{
    *ret = (struct measured){ 0 };
#ifdef BENCH_STAGES
    if (who == W2_STAGES || who == W3_STAGES)
        bench_stages_begin();
#endif
    if (who == YAJL) {
        bench_began_ns = bench_cpu_ns();
        ret->result.items = bench_yajl(input);
        bench_ended_ns = bench_cpu_ns();
    } else if (who == INTAKE) {
        bench_intake(w2, input, &ret->result);
    } else {
        bench_replay(who == W2 || who == W2_STAGES ? w2 : w3, input, &ret->result);
    }
#ifdef BENCH_STAGES
    if (who == W2_STAGES || who == W3_STAGES)
        bench_stages_end(ret->share);
#endif
    ret->ns = (double)(bench_ended_ns - bench_began_ns) / (double)input->count;
}

/* Runs one contestant in a process of its own. */
static void run_apart(enum contestant who, const struct bench_input *input, const char *w2,
                      const char *w3, struct measured *ret)
{
    int channel[2], status;
    if (pipe(channel)) {
        perror("bench: pipe");
        exit(71);
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run(who, input, w2, w3, ret);
        ssize_t written = write(channel[1], ret, sizeof *ret);
        _exit(written == sizeof *ret ? 0 : 71);
    }
    close(channel[1]);
    ssize_t got = read(channel[0], ret, sizeof *ret);
    close(channel[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status || got != sizeof *ret) {
        fprintf(stderr, "bench: %s failed\n", about[who].name);
        exit(1);
    }
}

/* ---- the table ---- */

static int order_doubles(const void *a, const void *b)
{
    const double *l = a, *r = b;
    return (*l > *r) - (*l < *r);
}

struct spread {
    double least, median, largest;
};
static struct spread spread_of(double *value, int count)
{
    qsort(value, (size_t)count, sizeof *value, order_doubles);
    double median = count % 2 ? value[count / 2] : (value[count / 2 - 1] + value[count / 2]) / 2;
    return (struct spread){ value[0], median, value[count - 1] };
}

static struct spread ns_of(enum contestant who, int rounds)
{
    double ns[ROUNDS_MAX];
    for (int r = 0; r < rounds; r++)
        ns[r] = measured[who][r].ns;
    return spread_of(ns, rounds);
}

#ifdef BENCH_STAGES
static double share_of(enum contestant who, enum bench_stage stage, int rounds)
{
    double share[ROUNDS_MAX];
    for (int r = 0; r < rounds; r++)
        share[r] = measured[who][r].share[stage];
    return spread_of(share, rounds).median;
}

static void show(int rounds, const struct bench_input *input)
{
    (void)input;
    double w2 = ns_of(W2, rounds).median, w3 = ns_of(W3, rounds).median;
    printf("\n%-30s %8s %8s   ns an event\n", "stage", "W2", "W3");
    for (enum bench_stage stage = 0; stage < STAGES; stage++)
        printf("%-30s %8.0f %8.0f\n", bench_stage_name[stage],
               w2 * share_of(W2_STAGES, stage, rounds), w3 * share_of(W3_STAGES, stage, rounds));
    printf("%-30s %8.0f %8.0f\n", "total", w2, w3);
    printf("with the stopwatch on: %.0f and %.0f; the stages are its shares of the runs without\n",
           ns_of(W2_STAGES, rounds).median, ns_of(W3_STAGES, rounds).median);
}
#else
static struct spread ratio_of(enum contestant who, int rounds)
{
    double ratio[ROUNDS_MAX];
    for (int r = 0; r < rounds; r++)
        ratio[r] = measured[who][r].ns / measured[YAJL][r].ns;
    return spread_of(ratio, rounds);
}

static void show_ratios(int rounds)
{
    printf("\n%-16s %8s %20s %18s %6s\n", "", "ns/event", "k events/CPU-s", "ratio to yajl",
           "goal");
    for (enum contestant who = YAJL; who <= W3; who++) {
        struct spread ns = ns_of(who, rounds), ratio = ratio_of(who, rounds);
        printf("%-16s %8.0f %6.0f %5.0f %6.0f   ", about[who].name, ns.median, 1e6 / ns.largest,
               1e6 / ns.median, 1e6 / ns.least);
        if (about[who].goal)
            printf("%6.2f %5.2f %5.2f %6.2f %s\n", ratio.least, ratio.median, ratio.largest,
                   about[who].goal, ratio.median <= about[who].goal ? "reached" : "NOT reached");
        else
            printf("%6s %5.2f\n", "", ratio.median);
    }
    puts("three numbers: least, median, largest");
}

static void show_counts(const struct bench_input *input)
{
    const struct bench_result *w2 = &measured[W2][0].result, *w3 = &measured[W3][0].result;
    double n = (double)input->count;
    printf("\n%-30s %8s %8s   an event\n", "what it did", "W2", "W3");
    printf("%-30s %8.2f %8.2f\n", "facts", (double)w2->facts / n, (double)w3->facts / n);
    printf("%-30s %8.2f %8.2f\n", "items between stages", (double)w2->items / n,
           (double)w3->items / n);
    printf("%-30s %8.3f %8.3f\n", "updates", (double)w2->updates / n, (double)w3->updates / n);
    printf("%-30s %8.0f %8.0f\n", "bytes of output", (double)w2->output_bytes / n,
           (double)w3->output_bytes / n);
    printf("%-30s %8.1f %8.1f   MiB\n", "heap at the end", (double)w2->heap_bytes / 1048576.0,
           (double)w3->heap_bytes / 1048576.0);
}

static void show(int rounds, const struct bench_input *input)
{
    printf("%zu events of %.0f bytes, %d rounds\n", input->count,
           (double)input->n_bytes / (double)input->count, rounds);
    show_ratios(rounds);
    show_counts(input);
}
#endif

static enum contestant find(const char *word)
{
    enum contestant who = 0;
    while (who < CONTESTANTS && strcmp(about[who].word, word) != 0)
        who++;
    return who;
}

int main(int argc, char **argv)
{
    struct bench_input input;
    char events[4096], w2[4096], w3[4096];
    enum contestant alone = argc > 2 ? find(argv[2]) : CONTESTANTS;
    int rounds = argc > 2 && alone == CONTESTANTS ? atoi(argv[2]) : 5;
    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
        fputs("usage: bench FOLDER [ROUNDS | yajl | intake | w2 | w3]\n", stderr);
        return 64;
    }
    snprintf(events, sizeof events, "%s/events.ndjson", argv[1]);
    snprintf(w2, sizeof w2, "%s/w2.conf", argv[1]);
    snprintf(w3, sizeof w3, "%s/w3.conf", argv[1]);
    bench_input_read(&input, events);
    if (alone != CONTESTANTS) {
        run(alone, &input, w2, w3, &measured[alone][0]);
        printf("%s: %.0f ns an event\n", about[alone].name, measured[alone][0].ns);
        return 0;
    }
    enum contestant first = TIMES_STAGES ? W2 : YAJL, last = TIMES_STAGES ? W3_STAGES : W3;
    for (int r = 0; r < rounds; r++)
        for (enum contestant who = first; who <= last; who++)
            run_apart(who, &input, w2, w3, &measured[who][r]);
    show(rounds, &input);
    free(input.bytes);
    free(input.line);
    return 0;
}
