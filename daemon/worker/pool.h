/* The workers of a process: a thread each.
 *
 * thread: main. */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "worker/worker.h"

struct pool;
/* Takes the workers over, each with its port. Their common `stop` ends them all. */
struct pool *pool_start(struct worker **worker, unsigned count);
/* The pulses of its workers. */
const struct worker_pulse *const *pool_pulses(const struct pool *pool);
/* Whether every worker still runs; *ret_end: how the first one that ended did. */
bool pool_is_running(struct pool *pool, enum worker_end *ret_end);
/* Waits for the threads; false if one still runs after timeout_ms. */
bool pool_wait(struct pool *pool, int timeout_ms);
/* After pool_wait was true. */
void pool_free(struct pool *pool);

#endif
