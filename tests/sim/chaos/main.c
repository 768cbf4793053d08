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
#include <sys/wait.h>
#include <unistd.h>

#include "ops/log.h"
#include "seed.h"

#define JOBS 2
#define FAILED_MOST 3

/* Every JOBS-th seed from `first` on, in a process of its own. */
static pid_t job_start(uint64_t first, uint64_t end)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    unsigned failed = 0;
    for (uint64_t seed = first; seed < end && failed < FAILED_MOST; seed += JOBS)
        failed += !seed_holds(seed, false, false);
    seed_sums();
    seed_fini();
    exit(failed > 0);
}

static int many(uint64_t first, uint64_t count)
{
    pid_t job[JOBS];
    int failed = 0;
    for (unsigned j = 0; j < JOBS; j++)
        job[j] = job_start(first + j, first + count);
    for (unsigned j = 0; j < JOBS; j++) {
        int status;
        waitpid(job[j], &status, 0);
        failed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    printf("seeds %llu to %llu: %s\n", (unsigned long long)first,
           (unsigned long long)(first + count - 1), failed ? "FAILED" : "all hold");
    return failed;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    bool clean = argc > 2 && strcmp(argv[2], "clean") == 0;
    log_set_level((enum log_level)0);
    if (argc != 2 && !clean)
        return many(first, argc > 2 ? strtoull(argv[2], NULL, 10) : 1000);
    log_set_level(LOG_AT_NOTICE);
    bool holds = seed_holds(first, !clean, clean);
    seed_fini();
    printf("seed %llu %s\n", (unsigned long long)first, holds ? "holds" : "does not hold");
    return !holds;
}
