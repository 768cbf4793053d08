#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>
#include <cpi/buf.h>
#include <cpi/time.h>

void watch_init(struct watch *w, const struct worker_pulse *const *pulse, unsigned count,
                const struct port_topics *topics)
{
    *w = (struct watch){ .pulse = pulse, .count = count, .topics = topics };
    w->beats = cpi_xcalloc(count, sizeof *w->beats);
}

void watch_fini(struct watch *w)
{
    free(w->beats);
    w->beats = NULL;
}

/* All workers as one. */
struct sum {
    bool waiting, restoring, connecting;
    unsigned sources, tasks, restored;
    int64_t watermark, behind;
    const struct worker_pulse *unread;
};

static void sum_add(struct sum *sum, const struct worker_pulse *p)
{
    int phase = atomic_load(&p->phase);
    int64_t watermark = atomic_load(&p->watermark);
    sum->waiting |= atomic_load(&p->waiting);
    sum->connecting |= phase == WORKER_CONNECTING;
    sum->restoring |= phase == WORKER_RESTORING;
    sum->sources += atomic_load(&p->sources);
    sum->tasks += atomic_load(&p->tasks);
    sum->restored += atomic_load(&p->restored);
    sum->behind += atomic_load(&p->behind);
    if (watermark < sum->watermark)
        sum->watermark = watermark;
    if (atomic_load(&p->unread) > 0)
        sum->unread = p;
}

static void reading_say(const struct watch *w, const struct sum *sum, char *ret)
{
    struct cpi_buf time;
    cpi_buf_init(&time);
    if (sum->unread)
        cpi_buf_add_string(&time, "not known yet");
    else if (sum->watermark == CPI_TIME_END)
        cpi_buf_add_string(&time, "that of others");
    else
        cpi_time_format(&time, sum->watermark);
    struct cpi_text t = cpi_buf_text(&time);
    int n = snprintf(ret, WATCH_STATUS_BYTES,
                     "reading %u source partitions, %u tasks, %" PRId64
                     " records behind; watermark %.*s",
                     sum->sources, sum->tasks, sum->behind, CPI_TEXT_ARG(t));
    cpi_buf_fini(&time);
    uint32_t topic = sum->unread ? (uint32_t)atomic_load(&sum->unread->unread_topic) : 0;
    if (sum->unread && n < WATCH_STATUS_BYTES && topic < w->topics->n_sources)
        snprintf(ret + n, (size_t)(WATCH_STATUS_BYTES - n),
                 ": nothing has been read of %s, partition %" PRIuFAST32, w->topics->source[topic],
                 atomic_load(&sum->unread->unread_partition));
}

static void say(const struct watch *w, const struct sum *sum, char *ret)
{
    if (sum->waiting)
        snprintf(ret, WATCH_STATUS_BYTES, "waiting for Kafka; nothing is lost meanwhile");
    else if (sum->connecting)
        snprintf(ret, WATCH_STATUS_BYTES, "connecting to Kafka");
    else if (sum->restoring)
        snprintf(ret, WATCH_STATUS_BYTES, "restoring state: %u of %u tasks", sum->restored,
                 sum->tasks);
    else
        reading_say(w, sum, ret);
}

static bool all_moved(struct watch *w)
{
    for (unsigned i = 0; i < w->count; i++)
        if (atomic_load(&w->pulse[i]->beats) == w->beats[i])
            return false;
    for (unsigned i = 0; i < w->count; i++)
        w->beats[i] = atomic_load(&w->pulse[i]->beats);
    return true;
}

bool watch_look(struct watch *w)
{
    struct sum sum = { .watermark = CPI_TIME_END };
    char status[WATCH_STATUS_BYTES];
    for (unsigned i = 0; i < w->count; i++)
        sum_add(&sum, w->pulse[i]);
    bool ready = w->ready || (!sum.connecting && !sum.restoring);
    say(w, &sum, status);
    bool changed = ready != w->ready || strcmp(status, w->status) != 0;
    memcpy(w->status, status, sizeof status);
    w->ready = ready;
    w->alive = all_moved(w);
    return changed;
}
