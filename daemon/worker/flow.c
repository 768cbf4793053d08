/* What is looked at now and then: pausing intake (K6), proofs of quiet partitions' ends (T2),
 * whether this worker is catching up (K4), and deleting frames that nobody needs any more (K1). */
#include <inttypes.h>

#include "ops/log.h"
#include "worker/parts.h"

/* Asks quiet partitions whether they still are, if the clock has moved since the last proof. */
void worker_probe(struct worker *w, int64_t mono_ms)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_own; i++) {
        struct worker_source *src = w->own[i];
        if (w->model->source[src->source].idle_hold || !src->at_end || src->paused ||
            src->end_clock == w->clock || mono_ms - src->probed_ms < WORKER_PROBE_MS)
            continue;
        src->probed_ms = mono_ms;
        w->position[n++] = (struct port_position){ .place = src->place, .offset = src->next };
    }
    if (n > 0)
        w->port->ops->probe(w->port, w->position, n);
}

static bool has_more(struct worker *w, struct port_place place, int64_t next)
{
    return w->port->ops->end(w->port, place) > next;
}

/* The queue is empty and fetching may have stopped: wakes it where there is more to read. */
void worker_wake(struct worker *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_own; i++)
        if (!w->own[i]->paused && has_more(w, w->own[i]->place, w->own[i]->next))
            w->position[n++] =
                (struct port_position){ .place = w->own[i]->place, .offset = w->own[i]->next };
    for (uint32_t q = 0; q < w->model->partitions; q++) {
        struct port_place place = { (uint32_t)w->setup->topics->n_sources, q };
        if (w->task[q].owned && has_more(w, place, w->task[q].next))
            w->position[n++] = (struct port_position){ .place = place, .offset = w->task[q].next };
    }
    if (n > 0)
        w->port->ops->seek(w->port, w->position, n);
}

static uint64_t tasks_lag_bytes(const struct worker *w)
{
    uint64_t bytes = 0;
    for (uint32_t q = 0; q < w->model->partitions; q++) {
        const struct worker_task *t = &w->task[q];
        if (!t->owned)
            continue;
        int64_t end = w->port->ops->end(
            w->port, (struct port_place){ (uint32_t)w->setup->topics->n_sources, q });
        if (end > t->next)
            bytes += (uint64_t)(end - t->next) * t->frame_bytes;
    }
    return bytes;
}

/* The partition that is furthest behind of those that still have something to read, or NULL. */
static const struct worker_source *find_slowest(const struct worker *w)
{
    const struct worker_source *slowest = NULL;
    int64_t least = CPI_TIME_END;
    for (size_t i = 0; i < w->n_own; i++) {
        int64_t t = cpi_intake_largest_time(w->own[i]->intake);
        if (w->own[i]->at_end || t == CPI_TIME_NONE || t >= least)
            continue;
        slowest = w->own[i];
        least = t;
    }
    return slowest;
}

/* By how much event time the partition must wait for the slowest; 0 = not at all. */
static int64_t ahead_of(const struct worker_source *src, const struct worker_source *slowest)
{
    int64_t t = cpi_intake_largest_time(src->intake);
    int64_t least = slowest ? cpi_intake_largest_time(slowest->intake) : CPI_TIME_NONE;
    return least != CPI_TIME_NONE && t > least && t - least > CPI_HOUR ? t - least : 0;
}

/* Once a minute at most: partitions take turns at being ahead. */
static void ahead_say(struct worker *w, const struct worker_source *src,
                      const struct worker_source *slowest, int64_t mono_ms)
{
    if (w->ahead_ms && mono_ms - w->ahead_ms < WORKER_REPORT_MS)
        return;
    w->ahead_ms = mono_ms;
    char *const *topic = w->setup->topics->source;
    log_line(LOG_AT_NOTICE,
             "ahead worker=%u topic=%s partition=%u by_s=%" PRId64
             " of=\"%s/%u\" behind_records=%" PRId64
             " text=\"waits, so that what is read together happened together\"",
             w->index, topic[src->place.topic], src->place.partition, ahead_of(src, slowest) / 1000,
             topic[slowest->place.topic], slowest->place.partition, worker_behind(w, slowest));
}

static bool intake_tight(struct worker *w)
{
    uint64_t lag = tasks_lag_bytes(w);
    bool memory = w->setup->memory_tight && atomic_load(w->setup->memory_tight);
    bool tight = memory || lag > (w->flow_tight ? WORKER_LAG_BYTES_MAX / 2 : WORKER_LAG_BYTES_MAX);
    if (tight != w->flow_tight && tight)
        log_line(LOG_AT_WARNING, "intake_paused worker=%u why=%s lag_bytes=%" PRIu64, w->index,
                 memory ? "memory" : "lag", lag);
    else if (tight != w->flow_tight)
        log_line(LOG_AT_NOTICE, "intake_resumed worker=%u lag_bytes=%" PRIu64, w->index, lag);
    w->flow_tight = tight;
    return tight;
}

static void sources_pause(struct worker *w, int64_t mono_ms)
{
    bool tight = intake_tight(w);
    const struct worker_source *slowest = find_slowest(w);
    size_t n = 0;
    for (size_t i = 0; i < w->n_own; i++) {
        struct worker_source *src = w->own[i];
        bool ahead = ahead_of(src, slowest) > 0, pause = tight || ahead;
        if (ahead)
            ahead_say(w, src, slowest, mono_ms);
        if (pause && !src->paused)
            w->port->ops->pause(w->port, &src->place, 1);
        else if (!pause && src->paused)
            w->position[n++] = (struct port_position){ .place = src->place, .offset = src->next };
        src->paused = pause;
    }
    if (n > 0)
        w->port->ops->resume(w->port, w->position, n);
}

/* Far behind: then only time and size end a transaction. */
static bool is_catching_up(const struct worker *w)
{
    int64_t lowest = CPI_TIME_END;
    for (size_t i = 0; i < w->n_own; i++) {
        int64_t t = cpi_intake_watermark(w->own[i]->intake);
        if (t != CPI_TIME_NONE && t < lowest)
            lowest = t;
    }
    for (uint32_t q = 0; q < w->model->partitions; q++) {
        int64_t t = w->task[q].owned ? cpi_task_watermark(w->task[q].task) : CPI_TIME_NONE;
        if (t != CPI_TIME_NONE && t < lowest)
            lowest = t;
    }
    return w->clock != CPI_TIME_NONE && lowest != CPI_TIME_END && w->clock > lowest &&
           w->clock - lowest > CPI_HOUR + w->model->longest_wait_ms;
}

void worker_flow(struct worker *w, int64_t mono_ms)
{
    bool memory = w->setup->memory_tight && atomic_load(w->setup->memory_tight);
    if (mono_ms - w->flow_ms < WORKER_FLOW_MS && memory == w->flow_memory)
        return;
    w->flow_ms = mono_ms;
    w->flow_memory = memory;
    if (w->n_own > 0)
        sources_pause(w, mono_ms);
    w->catching_up = is_catching_up(w);
}

void worker_trim(struct worker *w, int64_t mono_ms)
{
    if (mono_ms - w->trim_ms < WORKER_TRIM_MS)
        return;
    bool first = w->trim_ms == 0;
    w->trim_ms = mono_ms;
    size_t n = 0;
    for (uint32_t q = 0; q < w->model->partitions && !first; q++) {
        struct worker_task *t = &w->task[q];
        if (!t->owned || t->committed <= t->trimmed)
            continue;
        t->trimmed = t->committed;
        w->position[n++] =
            (struct port_position){ .place = { (uint32_t)w->setup->topics->n_sources, q },
                                    .offset = t->committed };
    }
    if (n > 0)
        w->port->ops->trim(w->port, w->position, n);
}
