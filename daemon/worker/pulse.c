#include "worker/pulse.h"

#include "worker/parts.h"

void worker_beat(struct worker *w)
{
    atomic_fetch_add_explicit(&w->pulse.beats, 1, memory_order_relaxed);
}

int64_t worker_behind(struct worker *w, const struct worker_source *src)
{
    int64_t end = w->port->ops->end(w->port, src->place);
    return src->at_end || end <= src->next ? 0 : end - src->next;
}

void worker_show(struct worker *w, int64_t mono_ms)
{
    struct worker_pulse *p = &w->pulse;
    const struct worker_source *unread = NULL;
    int64_t watermark = CPI_TIME_END, left = 0;
    uint32_t n_unread = 0;
    if (mono_ms - w->shown_ms < WORKER_FLOW_MS)
        return;
    w->shown_ms = mono_ms;
    for (size_t i = 0; i < w->n_own; i++) {
        const struct worker_source *src = w->own[i];
        int64_t wm = cpi_intake_watermark(src->intake);
        left += worker_behind(w, src);
        watermark = wm != CPI_TIME_NONE && wm < watermark ? wm : watermark;
        n_unread += wm == CPI_TIME_NONE;
        unread = wm == CPI_TIME_NONE && !unread ? src : unread;
    }
    atomic_store(&p->behind, left);
    atomic_store(&p->watermark, watermark);
    if (unread) {
        atomic_store(&p->unread_topic, unread->place.topic);
        atomic_store(&p->unread_partition, unread->place.partition);
    }
    atomic_store(&p->unread, n_unread);
}

void worker_show_restoring(struct worker *w, const struct port_place *place, size_t count)
{
    unsigned tasks = 0;
    for (size_t i = 0; i < count; i++)
        tasks += place[i].topic == w->setup->topics->n_sources;
    atomic_store(&w->pulse.phase, WORKER_RESTORING);
    atomic_store(&w->pulse.restored, 0);
    atomic_store(&w->pulse.tasks, tasks);
    atomic_store(&w->pulse.sources, (unsigned)count - tasks);
}
