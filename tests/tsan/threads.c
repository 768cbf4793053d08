/* For builds with the thread sanitizer alone. librdkafka makes its threads, mutexes and conditions
 * with <threads.h>, which the sanitizer of gcc 12 does not know: a thread that it did not see begin
 * crashes it, and what a mutex orders looks like a race. Here they are pthreads', which it knows;
 * glibc's types are the same inside. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

static int result_of(int error)
{
    return error == 0           ? thrd_success
           : error == ETIMEDOUT ? thrd_timedout
           : error == EBUSY     ? thrd_busy
           : error == ENOMEM    ? thrd_nomem
                                : thrd_error;
}

struct begin {
    thrd_start_t run;
    void *arg;
};

static void *begin(void *arg)
{
    struct begin b = *(struct begin *)arg;
    free(arg);
    return (void *)(intptr_t)b.run(b.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
    struct begin *b = malloc(sizeof *b);
    if (!b)
        return thrd_nomem;
    *b = (struct begin){ run, arg };
    int error = pthread_create(thread, NULL, begin, b);
    if (error)
        free(b);
    return result_of(error);
}

int thrd_join(thrd_t thread, int *ret)
{
    void *value;
    int error = pthread_join(thread, &value);
    if (!error && ret)
        *ret = (int)(intptr_t)value;
    return result_of(error);
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

static pthread_mutex_t *mutex(mtx_t *m)
{
    return (pthread_mutex_t *)(void *)m;
}

static pthread_cond_t *condition(cnd_t *c)
{
    return (pthread_cond_t *)(void *)c;
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    int error = pthread_mutex_init(mutex(m), &kind);
    pthread_mutexattr_destroy(&kind);
    return result_of(error);
}

void mtx_destroy(mtx_t *m)
{
    pthread_mutex_destroy(mutex(m));
}

int mtx_lock(mtx_t *m)
{
    return result_of(pthread_mutex_lock(mutex(m)));
}

int mtx_trylock(mtx_t *m)
{
    return result_of(pthread_mutex_trylock(mutex(m)));
}

int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict until)
{
    return result_of(pthread_mutex_timedlock(mutex(m), until));
}

int mtx_unlock(mtx_t *m)
{
    return result_of(pthread_mutex_unlock(mutex(m)));
}

int cnd_init(cnd_t *c)
{
    return result_of(pthread_cond_init(condition(c), NULL));
}

void cnd_destroy(cnd_t *c)
{
    pthread_cond_destroy(condition(c));
}

int cnd_signal(cnd_t *c)
{
    return result_of(pthread_cond_signal(condition(c)));
}

int cnd_broadcast(cnd_t *c)
{
    return result_of(pthread_cond_broadcast(condition(c)));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return result_of(pthread_cond_wait(condition(c), mutex(m)));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
    return result_of(pthread_cond_timedwait(condition(c), mutex(m), until));
}
