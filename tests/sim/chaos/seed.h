/* One seed: a plan, its batch, an undisturbed run and a rough one, and everything that must hold.
 */
#ifndef CHAOS_SEED_H
#define CHAOS_SEED_H

#include <stdbool.h>
#include <stdint.h>

/* Prints what does not hold. The stories are of the rough run and of the undisturbed one. With
 * SIM_SHOW=text in the environment: what both said under keys with this text. */
bool seed_holds(uint64_t seed, bool tell, bool tell_clean);
/* Prints what went wrong in all of them together. */
void seed_sums(void);
void seed_fini(void);

#endif
