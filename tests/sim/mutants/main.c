/* Each fault of mutants.txt must be found by the seeds of sim/chaos.
 *
 *     sim_mutants               all of them, at most 1000 seeds each
 *     sim_mutants NUMBER        one of them
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../chaos/seed.h"
#include "ops/log.h"
#include "table.h"

#define SEEDS 1000
#define HANG_S 120 /* a fault may also show as an endless loop */

extern int sim_mutant;
int sim_mutant;

/* In a process of its own, since a fault may end it. */
static void hunt(int number, uint64_t *seed)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0 && !getenv("SIM_SHOW")) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
    sim_mutant = number;
    for (*seed = 1; *seed <= SEEDS; ++*seed) {
        alarm(HANG_S);
        if (!seed_holds(*seed, false, false))
            _exit(1);
    }
    _exit(0);
}

static bool is_found(int number)
{
    uint64_t *seed =
        mmap(NULL, sizeof *seed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        hunt(number, seed);
    waitpid(pid, &status, 0);
    bool found = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    printf("%2d  %s %4llu  %s\n", number,
           !found                ? "SURVIVED"
           : WIFSIGNALED(status) ? "dies at "
                                 : "found at",
           (unsigned long long)*seed, mutants[number - 1].says);
    munmap(seed, sizeof *seed);
    return found;
}

int main(int argc, char **argv)
{
    int only = argc > 1 ? atoi(argv[1]) : 0, failed = 0;
    log_set_level((enum log_level)0);
    for (int i = 1; i <= (int)(sizeof mutants / sizeof *mutants); i++) {
        if (only && i != only)
            continue;
        if (!mutants[i - 1].there)
            printf("%2d  its line is gone from %s, write it anew: %s\n", i, mutants[i - 1].file,
                   mutants[i - 1].says);
        failed += !mutants[i - 1].there || !is_found(i);
    }
    printf("%d of %zu not found\n", failed, sizeof mutants / sizeof *mutants);
    return failed > 0;
}
