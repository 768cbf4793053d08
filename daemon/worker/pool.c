#include "worker/pool.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cpi/alloc.h>

struct pool_place {
    struct pool *pool;
    struct worker *worker;
    pthread_t thread;
    enum worker_end end; /* read after running fell */
};
struct pool {
    struct pool_place *place;
    const struct worker_pulse **pulse;
    unsigned count;
    atomic_uint running;
    atomic_int first_end; /* enum worker_end of the first to end */
};

static void *place_run(void *arg)
{
    struct pool_place *place = arg;
    place->end = worker_run(place->worker);
    int none = WORKER_GOES_ON;
    atomic_compare_exchange_strong(&place->pool->first_end, &none, (int)place->end);
    atomic_fetch_sub(&place->pool->running, 1);
    return NULL;
}

struct pool *pool_start(struct worker **worker, unsigned count)
{
    struct pool *pool = cpi_xcalloc(1, sizeof *pool);
    pool->place = cpi_xcalloc(count, sizeof *pool->place);
    pool->pulse = cpi_xcalloc(count, sizeof *pool->pulse);
    pool->count = count;
    atomic_store(&pool->running, count);
    for (unsigned i = 0; i < count; i++) {
        pool->place[i].pool = pool;
        pool->place[i].worker = worker[i];
        pool->pulse[i] = worker_pulse(worker[i]);
        if (pthread_create(&pool->place[i].thread, NULL, place_run, &pool->place[i]) != 0)
            abort();
    }
    return pool;
}

const struct worker_pulse *const *pool_pulses(const struct pool *pool)
{
    return pool->pulse;
}

bool pool_is_running(struct pool *pool, enum worker_end *ret_end)
{
    *ret_end = (enum worker_end)atomic_load(&pool->first_end);
    return *ret_end == WORKER_GOES_ON;
}

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool pool_wait(struct pool *pool, int timeout_ms)
{
    int64_t end_ms = mono_ms() + timeout_ms; /* a nap may last longer than it should */
    while (atomic_load(&pool->running) > 0) {
        if (mono_ms() >= end_ms)
            return false;
        nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
    }
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->place[i].thread, NULL);
    return true;
}

void pool_free(struct pool *pool)
{
    for (unsigned i = 0; i < pool->count; i++)
        worker_free(pool->place[i].worker);
    free(pool->pulse);
    free(pool->place);
    free(pool);
}
