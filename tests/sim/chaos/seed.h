/* One seed: a plan, its batch, an undisturbed run and a rough one, and everything that must hold.
 */
#ifndef CHAOS_SEED_H
#define CHAOS_SEED_H

#include "run.h"

/* What happened in many of them. All numbers before `killed` are unsigned. */
struct seed_sums {
    unsigned seeds, kind[PLAN_KINDS];
    unsigned grown, silent, cut, joins; /* seeds in which this is so */
    struct run_counts counts;
    unsigned happened[FAULTS];
    struct run_kill killed[KILL_PLACES + 1];
};
void seed_sums_merge(struct seed_sums *sums, const struct seed_sums *more);
void seed_sums_print(const struct seed_sums *sums);
/* Has everything that can go wrong gone wrong? */
bool seed_sums_are_all(const struct seed_sums *sums);

/* Prints what does not hold. The stories are of the rough run and of the undisturbed one. With
 * SIM_SHOW=text in the environment: what both said under keys with this text. `sums` may be NULL.
 */
bool seed_holds(uint64_t seed, bool tell, bool tell_clean, struct seed_sums *sums);
void seed_fini(void);

#endif
