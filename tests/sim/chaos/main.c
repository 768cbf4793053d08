/* Promises 1 to 3 under everything that can go wrong: see README.md in tests.
 *
 *     sim_chaos                 seeds 1 to 1000
 *     sim_chaos SEED            one seed, and its story
 *     sim_chaos SEED clean      the same, of its undisturbed run
 *     sim_chaos SEED COUNT      COUNT seeds from SEED on, without stories
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/log.h"
#include "seed.h"

#define JOBS 2
#define FAILED_MOST 3
#define SEEDS_FOR_ALL 500 /* in so many everything goes wrong that can */

/* Every JOBS-th seed from `first` on, in a process of its own. */
static pid_t job_start(uint64_t first, uint64_t end, struct seed_sums *sums)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    unsigned failed = 0;
    for (uint64_t seed = first; seed < end && failed < FAILED_MOST; seed += JOBS)
        failed += !seed_holds(seed, false, false, sums);
    seed_fini();
    exit(failed > 0);
}

static int many(uint64_t first, uint64_t count)
{
    struct seed_sums *sums = mmap(NULL, (JOBS + 1) * sizeof *sums, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t job[JOBS];
    int failed = sums == MAP_FAILED;
    for (unsigned j = 0; j < JOBS && !failed; j++)
        job[j] = job_start(first + j, first + count, &sums[j]);
    for (unsigned j = 0; j < JOBS && sums != MAP_FAILED; j++) {
        int status;
        waitpid(job[j], &status, 0);
        failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        seed_sums_merge(&sums[JOBS], &sums[j]);
    }
    seed_sums_print(&sums[JOBS]);
    if (!failed && count >= SEEDS_FOR_ALL)
        failed = !seed_sums_are_all(&sums[JOBS]);
    munmap(sums, (JOBS + 1) * sizeof *sums);
    printf("seeds %llu to %llu: %s\n", (unsigned long long)first,
           (unsigned long long)(first + count - 1), failed ? "FAILED" : "all hold");
    return failed;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    bool clean = argc > 2 && strcmp(argv[2], "clean") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_set_level((enum log_level)0);
    if (argc != 2 && !clean)
        return many(first, argc > 2 ? strtoull(argv[2], NULL, 10) : 1000);
    log_set_level(LOG_AT_NOTICE);
    bool holds = seed_holds(first, !clean, clean, NULL);
    seed_fini();
    printf("seed %llu %s\n", (unsigned long long)first, holds ? "holds" : "does not hold");
    return !holds;
}
