#include "worker/pool.h"

#include <pthread.h>
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
    pool->count = count;
    atomic_store(&pool->running, count);
    for (unsigned i = 0; i < count; i++) {
        pool->place[i].pool = pool;
        pool->place[i].worker = worker[i];
        if (pthread_create(&pool->place[i].thread, NULL, place_run, &pool->place[i]) != 0)
            abort();
    }
    return pool;
}

bool pool_is_running(struct pool *pool, enum worker_end *ret_end)
{
    *ret_end = (enum worker_end)atomic_load(&pool->first_end);
    return *ret_end == WORKER_GOES_ON;
}

bool pool_wait(struct pool *pool, int timeout_ms)
{
    for (int left = timeout_ms; atomic_load(&pool->running) > 0; left -= 10) {
        if (left <= 0)
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
    free(pool->place);
    free(pool);
}
