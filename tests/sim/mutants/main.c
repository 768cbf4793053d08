/* Each fault of mutants.txt must be found by the seeds of sim/chaos, and by one that holds without
 * it. A fault's own seed comes first, so that this is quick; if it finds nothing any more, the
 * others are tried, and the end says which to write down instead.
 *
 *     sim_mutants               all of them, at most 1000 seeds each
 *     sim_mutants NUMBER        one of them
 *     sim_mutants NUMBER 1      one of them, by the first seed that finds it
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../chaos/seed.h"
#include "ops/log.h"
#include "table.h"

#define SEEDS 1000
#define HANG_S 120 /* a fault may also show as an endless loop */

extern int sim_mutant;
int sim_mutant;

static void be_silent(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere < 0 || getenv("SIM_SHOW"))
        return;
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
}

/* In a process of its own, since a fault may end it. */
static bool seed_finds(int number, unsigned seed)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        be_silent();
        sim_mutant = number;
        alarm(HANG_S);
        _exit(!seed_holds(seed, false, false, NULL));
    }
    waitpid(pid, &status, 0);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static unsigned hunt(int number, unsigned first)
{
    if (first > 0 && seed_finds(number, first))
        return first;
    for (unsigned seed = 1; seed <= SEEDS; seed++)
        if (seed_finds(number, seed))
            return seed;
    return 0;
}

static bool seed_holds_without(unsigned seed)
{
    static bool known[SEEDS + 1]; /* many faults have one seed */
    if (!known[seed])
        known[seed] = !seed_finds(0, seed);
    return known[seed];
}

static bool is_found(int number, bool anew)
{
    unsigned known = anew ? 0 : mutants[number - 1].seed, seed = hunt(number, known);
    bool holds = seed > 0 && seed_holds_without(seed);
    printf("%2d  %-8s %4u  %s%s%s\n", number, seed ? "found at" : "SURVIVED", seed,
           mutants[number - 1].says, seed == 0 || holds ? "" : ": FAILS WITHOUT IT, TOO",
           seed == known ? "" : " (write this seed down)");
    return holds;
}

int main(int argc, char **argv)
{
    int only = argc > 1 ? atoi(argv[1]) : 0, failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    log_set_level((enum log_level)0);
    for (int i = 1; i <= (int)(sizeof mutants / sizeof *mutants); i++) {
        if (only && i != only)
            continue;
        if (!mutants[i - 1].there)
            printf("%2d  its line is gone from %s, write it anew: %s\n", i, mutants[i - 1].file,
                   mutants[i - 1].says);
        failed += !mutants[i - 1].there || !is_found(i, argc > 2);
    }
    printf("%d of %zu not found\n", failed, sizeof mutants / sizeof *mutants);
    return failed > 0;
}
