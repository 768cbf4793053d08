#include "seed.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "configure.h"
#include "ops/log.h"

static char *text_of_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(70);
    }
    char *text = cpi_xcalloc(1, 65536);
    size_t n = fread(text, 1, 65535, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static void put_instead(int fd, const char *text, const char *const words[][2])
{
    while (*text) {
        unsigned w = 0;
        while (words[w][0] && strncmp(text, words[w][0], strlen(words[w][0])) != 0)
            w++;
        const char *from = words[w][0] ? words[w][1] : text;
        size_t len = words[w][0] ? strlen(words[w][1]) : 1;
        if (write(fd, from, len) != (ssize_t)len)
            exit(70);
        text += words[w][0] ? strlen(words[w][0]) : 1;
    }
}

static void configure(struct config *config, unsigned tasks, bool hold, bool refresh)
{
    char partitions[8];
    char *text = text_of_file("tests/sim/chaos/chaos.conf");
    int fd = memfd_create("chaos", 0);
    snprintf(partitions, sizeof partitions, "%u", tasks);
    put_instead(fd, text,
                (const char *const[][2]){ { "@PARTITIONS@", partitions },
                                          { "@IDLE@", hold ? "hold" : "clock" },
                                          { "@REFRESH@", refresh ? "1m" : "1h" },
                                          { NULL, NULL } });
    configure_fd(config, fd);
    free(text);
}

static struct config configs[4][2][2];
static bool configured[4][2][2];

static const struct config *config_for(const struct plan *plan)
{
    bool hold = plan->kind == PLAN_HOLD_LATE;
    if (!configured[plan->tasks][hold][plan->refresh])
        configure(&configs[plan->tasks][hold][plan->refresh], plan->tasks, hold, plan->refresh);
    configured[plan->tasks][hold][plan->refresh] = true;
    return &configs[plan->tasks][hold][plan->refresh];
}

void seed_fini(void)
{
    for (int i = 0; i < 16; i++)
        if ((&configured[0][0][0])[i])
            config_fini(&(&configs[0][0][0])[i]);
}

static bool play(struct run *run, const struct plan *plan, const struct roughness *rough,
                 uint64_t seed, bool tell)
{
    if (run_play(run, plan, config_for(plan), rough, seed, tell))
        return true;
    printf("%s\n", run->wrong);
    return false;
}

static bool holds(struct run *run, const struct batch *batch)
{
    const char *left = run_leftovers(run);
    if (left)
        printf("memory: %s\n", left);
    return check_rest(run) & check_batch(run, batch) & check_alerts(run) & check_dead_letters(run) &
           (left == NULL);
}

/* ---- what happened in many ---- */
static void kill_add(struct seed_sums *sums, const struct run_kill *kill)
{
    unsigned i = 0;
    while (sums->killed[i].where && strcmp(sums->killed[i].where, kill->where) != 0)
        i++;
    sums->killed[i].where = kill->where;
    sums->killed[i].times += kill->times;
}

static void sums_add(struct seed_sums *sums, const struct run *run)
{
    sums->seeds++;
    sums->kind[run->plan->kind]++;
    sums->grown += run->plan->grows;
    sums->silent += run->plan->silent;
    sums->cut += run->rough.budget > 0;
    sums->joins += run->rough.join_ms > 0;
    for (size_t i = 0; i < sizeof sums->counts / sizeof(unsigned); i++)
        ((unsigned *)&sums->counts)[i] += ((const unsigned *)&run->counts)[i];
    for (int f = 0; f < FAULTS; f++)
        sums->happened[f] += run->k.happened[f];
    for (unsigned i = 0; run->killed[i].where; i++)
        kill_add(sums, &run->killed[i]);
}

void seed_sums_merge(struct seed_sums *sums, const struct seed_sums *more)
{
    for (size_t i = 0; i < offsetof(struct seed_sums, killed) / sizeof(unsigned); i++)
        ((unsigned *)sums)[i] += ((const unsigned *)more)[i];
    for (unsigned i = 0; more->killed[i].where; i++)
        kill_add(sums, &more->killed[i]);
}

void seed_sums_print(const struct seed_sums *sums)
{
    const struct run_counts *c = &sums->counts;
    printf("%u seeds: %u with time from records, %u from clocks, %u from clocks and late events; "
           "in %u a partition is added, in %u a topic is silent, in %u advances are cut, in %u "
           "workers join later\n",
           sums->seeds, sums->kind[PLAN_HOLD_LATE], sums->kind[PLAN_CLOCK],
           sums->kind[PLAN_CLOCK_LATE], sums->grown, sums->silent, sums->cut, sums->joins);
    printf("%u transactions, %u aborted, %u unknown, %u rows restored, %u late requests "
           "met a transaction\n",
           c->transactions, c->aborts, c->unknown, c->restored, c->late);
    for (int f = 0; f < FAULTS; f++)
        printf("%s%s %u", f ? ", " : "", fault_row[f].name, sums->happened[f]);
    printf("\nkilled in");
    for (unsigned i = 0; sums->killed[i].where; i++)
        printf("%s %s %u", i ? "," : "", sums->killed[i].where, sums->killed[i].times);
    printf("\n");
}

static unsigned kills_in(const struct seed_sums *sums, const char *where)
{
    for (unsigned i = 0; sums->killed[i].where; i++)
        if (strcmp(sums->killed[i].where, where) == 0)
            return sums->killed[i].times;
    return 0;
}

bool seed_sums_are_all(const struct seed_sums *sums)
{
    static const char *const places[] = { "poll",         "send",      "sent",
                                          "flush",        "offsets",   "offsets added",
                                          "offsets sent", "commit",    "commit sent",
                                          "init",         "changelog", "committed offsets" };
    bool all = sums->grown && sums->silent && sums->cut && sums->joins && sums->counts.late;
    if (!all)
        printf("some kind of plan was never drawn\n");
    for (int f = 0; f < FAULTS; f++)
        if (sums->happened[f] == 0) {
            printf("never happened: %s\n", fault_row[f].name);
            all = false;
        }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (kills_in(sums, places[i]) == 0) {
            printf("never killed in %s\n", places[i]);
            all = false;
        }
    return all;
}

/* ---- one ---- */
bool seed_holds(uint64_t seed, bool tell, bool tell_clean, struct seed_sums *sums)
{
    static struct run run, clean;
    struct plan plan;
    struct batch batch;
    struct roughness rough, none;
    struct dice dice = { seed * 101 };
    plan_make(&plan, seed);
    batch_make(&batch, &plan);
    roughness_draw(&rough, &dice);
    roughness_none(&none);
    bool fine = play(&clean, &plan, &none, seed, tell_clean);
    fine = fine && holds(&clean, &batch);
    if (!fine)
        printf("that was the undisturbed run\n");
    if (fine) {
        fine = play(&run, &plan, &rough, seed, tell);
        show_said(&run, "disturbed");
        show_said(&clean, "undisturbed");
        fine = fine && holds(&run, &batch) & check_same(&run, &clean);
        run_end(&run);
        if (sums)
            sums_add(sums, &run);
    }
    run_end(&clean);
    batch_fini(&batch);
    plan_fini(&plan);
    if (!fine)
        printf("seed %llu does not hold\n", (unsigned long long)seed);
    return fine;
}
