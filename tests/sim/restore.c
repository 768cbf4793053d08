/* Promise 1: a task that is thrown away after any transaction and made anew from its changelog goes
 * on byte for byte as if nothing had happened, wherever its work was cut. */
#include "check.h"
#include "desk.h"

static struct config config;

static size_t differs_at(const struct cpi_buf *a, const struct cpi_buf *b)
{
    size_t i = 0;
    while (i < a->len && i < b->len && a->at[i] == b->at[i])
        i++;
    return i;
}

/* Where the two first differ, as text. */
static void show_difference(const struct world *a, const struct world *b)
{
    size_t at = differs_at(&a->transcript, &b->transcript), from = at > 300 ? at - 300 : 0;
    printf("transcripts of %zu and %zu bytes differ at %zu:\n", a->transcript.len,
           b->transcript.len, at);
    for (int side = 0; side < 2; side++) {
        const struct cpi_buf *t = side ? &b->transcript : &a->transcript;
        printf("--- %s\n", side ? "restarted" : "undisturbed");
        for (size_t i = from; i < at + 300 && i < t->len; i++)
            putchar(t->at[i] >= 32 && t->at[i] < 127 ? t->at[i] : '.');
        putchar('\n');
    }
}

static void check_same(const struct world *a, const struct world *b)
{
    bool same = a->transcript.len == b->transcript.len &&
                differs_at(&a->transcript, &b->transcript) == a->transcript.len;
    CHECK(same);
    if (!same)
        show_difference(a, b);
    for (unsigned q = 0; q < a->setup.tasks; q++) {
        struct lines left = { NULL, 0, 0 }, right = { NULL, 0, 0 };
        world_state(a, q, &left);
        world_state(b, q, &right);
        CHECK(lines_equal(&left, &right, "state"));
        lines_fini(&left);
        lines_fini(&right);
    }
}

/* Nothing holds that never came up. */
static void check_coverage(const struct world *w)
{
    struct cpi_task_counts sum = { 0 };
    for (unsigned q = 0; q < w->setup.tasks; q++) {
        const struct cpi_task_counts *counts = cpi_task_counts(w->task[q]);
        sum.duplicates += counts->duplicates;
        sum.revisions += counts->revisions;
        sum.transitions += counts->transitions;
        sum.refreshes += counts->refreshes;
        sum.journeys_dropped += counts->journeys_dropped;
        sum.partial += counts->partial;
    }
    CHECK(sum.duplicates > 0);
    CHECK(sum.revisions > 0);
    CHECK(sum.transitions > 0);
    CHECK(!w->setup.in_step || sum.refreshes > 0);
    CHECK(sum.journeys_dropped > 0);
    CHECK(w->setup.budget == UINT64_MAX || w->cut > 0);
}

static void run_pair(const struct sim_records *records, struct sim_setup setup, unsigned partitions,
                     uint64_t seed, unsigned restart_percent)
{
    struct world plain, restarted;
    world_init(&plain, &config, setup, records, partitions, seed);
    world_run(&plain);
    setup.restart_percent = restart_percent;
    world_init(&restarted, &config, setup, records, partitions, seed);
    world_run(&restarted);
    CHECK(restarted.restarts > 0);
    CHECK_INT(restarted.bad_restores, 0);
    if (!getenv("SIM_SEEDS"))
        check_coverage(&plain);
    check_same(&plain, &restarted);
    if (check_.failed)
        printf("seed %llu\n", (unsigned long long)seed);
    world_fini(&plain);
    world_fini(&restarted);
}

static void make(struct sim_records *records, const struct desk *desk, uint64_t seed,
                 unsigned partitions, int64_t delay_ms, int64_t end)
{
    desk_open(records, desk, seed);
    desk_delay(records, 30, delay_ms, seed);
    desk_beat(records, partitions, DESK_BEGIN);
    desk_beat(records, partitions, end);
}

static void many_restarts(unsigned tasks, unsigned cases, uint64_t budget, int64_t delay_ms,
                          uint64_t seed)
{
    bool in_step = seed % 2 && budget == UINT64_MAX; /* so live that alerts are refreshed */
    struct sim_records records;
    const struct desk desk = { cases, 1 + cases / 8, 8, true, true };
    const struct sim_setup setup = { .tasks = tasks,
                                     .records_most = in_step ? 1 : 12,
                                     .frames_most = 3,
                                     .in_step = in_step,
                                     .budget = budget,
                                     .actions_most = 2,
                                     .intake_percent = 40 };
    make(&records, &desk, seed, 2, delay_ms, DESK_BEGIN + 20 * CPI_DAY);
    run_pair(&records, setup, 2, seed, budget == 3 ? 2 : 6);
    records_fini(&records);
}

int main(void)
{
    desk_load("tests/sim/desk.conf", &config);
    TEST ("promise 1: one task, restarted everywhere, gives the same bytes") {
        for (uint64_t seed = 1; seed < 1 + seeds(2) && !check_.failed; seed++)
            many_restarts(1, 30, UINT64_MAX, 8 * CPI_HOUR, seed);
    }
    TEST ("promise 1: four tasks, restarted everywhere, give the same bytes") {
        for (uint64_t seed = 11; seed < 11 + seeds(2) && !check_.failed; seed++)
            many_restarts(4, 30, UINT64_MAX, 8 * CPI_HOUR, seed);
    }
    TEST ("W2 a boundary cut after three entities is taken up again where it was") {
        for (uint64_t seed = 21; seed < 21 + seeds(2) && !check_.failed; seed++)
            many_restarts(2, 12, 3, 8 * CPI_HOUR, seed);
    }
    TEST ("promise 1 holds for what arrives beyond lateness, too") {
        for (uint64_t seed = 31; seed < 31 + seeds(2) && !check_.failed; seed++)
            many_restarts(3, 24, 0, 4 * CPI_DAY, seed);
    }
    config_fini(&config);
    return check_done();
}
