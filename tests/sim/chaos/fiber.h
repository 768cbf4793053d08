/* Several courses of one thread: each runs until it yields, and is resumed where it was. So worker
 * code that calls and waits can be stopped between any two effects and gone on with later, or
 * never.
 */
#ifndef CHAOS_FIBER_H
#define CHAOS_FIBER_H

#include <stdbool.h>

struct fiber;
struct fiber *fiber_new(void (*course)(void *arg), void *arg);
/* Only of one that has ended. */
void fiber_free(struct fiber *fiber);
/* Runs it until it yields or ends; false = it has ended. */
bool fiber_resume(struct fiber *fiber);
/* Back to whoever resumed the running one. */
void fiber_yield(void);

#endif
