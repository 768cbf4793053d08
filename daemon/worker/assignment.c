/* Partitions come and go; memory follows what is committed. The rule for all of it: positions come
 * from the broker, never from memory, and a task's state is either exactly what its changelog says
 * or gone. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ops/log.h"
#include "worker/latest.h"
#include "worker/names.h"
#include "worker/parts.h"
#include <cpi/alloc.h>

static bool is_task_place(const struct worker *w, struct port_place place)
{
    return place.topic == w->setup->topics->n_sources;
}

static struct worker_source *source_at(const struct worker *w, struct port_place place)
{
    return &w->source[place.topic][place.partition];
}

static void task_drop(struct worker_task *t)
{
    cpi_task_free(t->task);
    *t = (struct worker_task){
        .q = t->q, .owned = t->owned, .trimmed = t->trimmed, .transactions = t->transactions
    };
}

static void source_drop(struct worker_source *src)
{
    cpi_intake_free(src->intake);
    *src = (struct worker_source){ .place = src->place };
}

void worker_forget(struct worker *w)
{
    for (uint32_t t = 0; t < w->setup->topics->n_sources; t++)
        for (uint32_t p = 0; p < w->n_partitions[t]; p++)
            source_drop(&w->source[t][p]);
    for (uint32_t q = 0; q < w->model->partitions; q++) {
        task_drop(&w->task[q]);
        w->task[q].owned = false;
    }
    w->n_own = w->n_own_tasks = 0;
    cpi_outbox_reset(w->box);
    w->open = false;
}

/* The group was lost while it was asked, or we were told to stop. */
static bool offsets_missing(struct worker *w, int error)
{
    if (error == -EINTR)
        return worker_ends(w, WORKER_LEFT);
    worker_forget(w);
    return true;
}

/* ---- restore ---- */

/* `first`: nothing was applied before, so there is nothing that could be gone. */
static int rows_apply(struct worker *w, struct worker_task *t, struct latest *rows, bool first)
{
    struct cpi_text key, value;
    size_t count = latest_sift(rows);
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        latest_at(rows, i, &key, &value);
        if (value.at || !first)
            r = cpi_task_restore(t->task, key, value);
        if (i % 1024 == 0)
            worker_beat(w);
    }
    latest_reset(rows);
    return r;
}

/* -EIO: the changelog was compacted under us, begin again. */
static int rows_restore(struct worker *w, struct worker_task *t, uint64_t *ret_rows)
{
    struct cpi_text key, value;
    struct latest rows;
    bool first = true;
    int r = w->port->ops->restore_begin(w->port, t->q);
    latest_init(&rows);
    *ret_rows = 0;
    while (r == 0 && (r = w->port->ops->restore_next(w->port, &key, &value)) == 1) {
        latest_put(&rows, key, value);
        if (++*ret_rows % 1024 == 0)
            worker_beat(w);
        r = 0;
        if (latest_is_full(&rows)) {
            r = rows_apply(w, t, &rows, first);
            first = false;
        }
    }
    if (r == 0)
        r = rows_apply(w, t, &rows, first);
    latest_fini(&rows);
    w->port->ops->restore_end(w->port);
    return r;
}

static int task_restore(struct worker *w, struct worker_task *t, int64_t *ret_next)
{
    uint64_t rows;
    int r;
    do {
        cpi_task_free(t->task);
        t->task = cpi_task_new(w->model, t->q, w->model->partitions);
        r = rows_restore(w, t, &rows);
    } while (r == -EIO);
    if (r == 0)
        r = cpi_task_restored(t->task, ret_next);
    w->counts.restored_rows += rows;
    if (r == 0)
        log_line(w->abort_streak > 1 ? LOG_AT_DEBUG : LOG_AT_INFO,
                 "restored worker=%u task=%u rows=%" PRIu64 " next_offset=%" PRId64, w->index, t->q,
                 rows, *ret_next);
    return r;
}

static bool restore_failed(struct worker *w, const struct worker_task *t, int error)
{
    if (error == -EINTR)
        return worker_ends(w, WORKER_LEFT);
    if (error == -ESTALE)
        return worker_ends(w, WORKER_SUPERSEDED);
    log_line(LOG_AT_ERROR,
             "restore_failed worker=%u topic=%s partition=%u error=%d text=\"the changelog holds "
             "rows that this version cannot read: go back to the version that wrote them, or begin "
             "anew with another application name\"",
             w->index, w->setup->topics->changelog, t->q, -error);
    return worker_ends(w, WORKER_BROKEN);
}

/* Where the group has been lost without our knowing yet, its new owner commits while we read. */
static bool moved_meanwhile(struct worker *w, const struct port_position *pos)
{
    struct port_position now = { .place = pos->place };
    if (w->port->ops->committed(w->port, &now, 1) < 0)
        return true; /* lost, or told to stop: both show next */
    return now.offset > pos->offset;
}

/* Offset and state were committed together, so they agree unless somebody deleted one of them. */
static bool task_take(struct worker *w, struct worker_task *t, const struct port_position *pos)
{
    /* kept in memory while the group rearranged itself; what was left over others may have done,
     * which moves no offset */
    if (t->task && t->next == pos->offset && !t->due)
        return true;
    int64_t next = -1;
    task_drop(t);
    int r = task_restore(w, t, &next);
    if (r < 0)
        return restore_failed(w, t, r);
    if (pos->offset != PORT_NO_OFFSET && next != pos->offset && !moved_meanwhile(w, pos)) {
        log_line(LOG_AT_ERROR,
                 "state_mismatch worker=%u task=%u committed=%" PRId64 " changelog=%" PRId64
                 " text=\"topic %s does not belong to the offsets of group %.*s: was one of them "
                 "deleted or reset? Then delete the other, too, to begin anew\"",
                 w->index, t->q, pos->offset, next, w->setup->topics->changelog,
                 CPI_TEXT_ARG(w->model->application));
        return worker_ends(w, WORKER_BROKEN);
    }
    t->next = t->committed = next;
    t->due = cpi_task_is_due(t->task);
    if (next >= 0)
        return true;
    r = w->port->ops->start(w->port, pos->place, PORT_EARLIEST, 0, &t->next);
    return r == 0 || worker_ends(w, WORKER_LEFT);
}

/* Others may have moved its time, too, without moving the offset. */
static bool is_as_committed(const struct worker_source *src, const struct port_position *pos)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    if (src->intake)
        cpi_intake_format(src->intake, &buf);
    bool same =
        src->intake && src->next == pos->offset && pos->metadata_len > 0 &&
        cpi_text_equal(cpi_buf_text(&buf), (struct cpi_text){ pos->metadata, pos->metadata_len });
    cpi_buf_fini(&buf);
    return same;
}

static bool source_take(struct worker *w, struct worker_source *src,
                        const struct port_position *pos)
{
    if (is_as_committed(src, pos))
        return true;
    uint16_t topic_index;
    cpi_intake_free(src->intake);
    *src = (struct worker_source){ .place = pos->place,
                                   .owned = src->owned,
                                   .paused = src->paused,
                                   .start = src->start,
                                   .started = src->started };
    names_source(w->model, pos->place.topic, &src->source, &topic_index);
    src->intake = cpi_intake_new(w->model, src->source, topic_index, pos->place.partition,
                                 w->n_partitions[pos->place.topic]);
    src->next = src->committed = pos->offset;
    src->end_clock = CPI_TIME_NONE;
    struct cpi_text metadata = { pos->metadata, (uint32_t)pos->metadata_len };
    if (pos->metadata_len > 0 && !cpi_intake_parse(src->intake, metadata))
        log_line(LOG_AT_WARNING,
                 "metadata_unreadable worker=%u topic=%s partition=%u text=\"the committed offset "
                 "is not of cpid: its watermark begins anew\"",
                 w->index, w->setup->topics->source[pos->place.topic], pos->place.partition);
    if (src->next != PORT_NO_OFFSET)
        return true;
    /* asked once: after a rollback "latest" would be another place */
    if (!src->started && w->port->ops->start(w->port, pos->place, w->setup->start,
                                             w->setup->start_at_ms, &src->start) < 0)
        return worker_ends(w, WORKER_LEFT);
    src->started = true;
    src->next = src->start;
    return true;
}

/* ---- assigned, revoked ---- */

static void kept_drop(struct worker *w)
{
    for (uint32_t t = 0; t < w->setup->topics->n_sources; t++)
        for (uint32_t p = 0; p < w->n_partitions[t]; p++)
            if (w->source[t][p].intake && !w->source[t][p].owned)
                source_drop(&w->source[t][p]);
    for (uint32_t q = 0; q < w->model->partitions; q++)
        if (w->task[q].task && !w->task[q].owned)
            task_drop(&w->task[q]);
}

static bool place_take(struct worker *w, struct port_position *pos)
{
    if (is_task_place(w, pos->place)) {
        struct worker_task *t = &w->task[pos->place.partition];
        if (!task_take(w, t, pos))
            return false;
        pos->offset = t->next;
        w->n_own_tasks++;
        atomic_fetch_add(&w->pulse.restored, 1);
        return true;
    }
    struct worker_source *src = source_at(w, pos->place);
    if (!source_take(w, src, pos))
        return false;
    pos->offset = src->next;
    src->paused = src->at_end = false;
    w->own[w->n_own++] = src;
    return true;
}

/* Partitions that were added to a topic since the worker joined. Whoever owns the last one of a
 * topic knows how many there are, and slots carry the largest count (K3). */
static void sources_grow(struct worker *w, const struct port_place *place, size_t count)
{
    size_t all = w->model->partitions;
    for (size_t i = 0; i < count; i++) {
        uint32_t t = place[i].topic;
        if (is_task_place(w, place[i]) || place[i].partition < w->n_partitions[t])
            continue;
        uint32_t old = w->n_partitions[t], now = place[i].partition + 1;
        w->source[t] = cpi_xrealloc(w->source[t], now * sizeof **w->source);
        memset(w->source[t] + old, 0, (now - old) * sizeof **w->source);
        w->n_partitions[t] = now;
    }
    for (uint32_t t = 0; t < w->setup->topics->n_sources; t++)
        all += w->n_partitions[t];
    w->own = cpi_xrealloc(w->own, all * sizeof *w->own);
    w->position = cpi_xrealloc(w->position, all * sizeof *w->position);
    w->found = cpi_xrealloc(w->found, all * sizeof *w->found);
}

bool worker_assigned(struct worker *w, const struct port_place *place, size_t count)
{
    w->n_own = w->n_own_tasks = 0; /* so nothing points into what may move */
    sources_grow(w, place, count);
    for (size_t i = 0; i < count; i++) {
        w->position[i] = (struct port_position){ .place = place[i] };
        if (is_task_place(w, place[i]))
            w->task[place[i].partition].owned = true;
        else
            source_at(w, place[i])->owned = true;
    }
    kept_drop(w);
    worker_show_restoring(w, place, count);
    int r = count > 0 ? w->port->ops->committed(w->port, w->position, count) : 0;
    if (r < 0)
        return offsets_missing(w, r);
    for (size_t i = 0; i < count; i++)
        if (!place_take(w, &w->position[i]))
            return false;
    log_line(LOG_AT_INFO, "assigned worker=%u source_partitions=%zu tasks=%zu", w->index, w->n_own,
             w->n_own_tasks);
    if (w->port->ops->assign(w->port, w->position, count) < 0)
        return worker_ends(w, WORKER_BROKEN);
    atomic_store(&w->pulse.phase, WORKER_READING);
    return true;
}

/* What was gathered is committed unless it is too late for that. State stays for the case that the
 * partitions come straight back. */
void worker_revoked(struct worker *w, bool lost, struct worker_now now)
{
    w->revoking = true;
    if (lost)
        worker_forget(w);
    else if (w->open)
        worker_finish(w, now);
    w->revoking = false;
    for (size_t i = 0; i < w->n_own; i++)
        w->own[i]->owned = false;
    for (uint32_t q = 0; q < w->model->partitions; q++)
        w->task[q].owned = false;
    w->n_own = w->n_own_tasks = 0;
    log_line(LOG_AT_INFO, "revoked worker=%u lost=%s", w->index, lost ? "yes" : "no");
    w->port->ops->unassign(w->port);
}

bool worker_source_gone(struct worker *w, struct worker_source *src, int64_t offset)
{
    struct port_position pos = { .place = src->place };
    if (!src->owned)
        return true;
    if (w->port->ops->start(w->port, src->place, PORT_EARLIEST, 0, &pos.offset) < 0)
        return worker_ends(w, WORKER_LEFT);
    log_line(LOG_AT_ERROR,
             "records_lost worker=%u topic=%s partition=%u from=%" PRId64 " to=%" PRId64
             " text=\"deleted by the topic's retention before they were read\"",
             w->index, w->setup->topics->source[src->place.topic], src->place.partition, offset,
             pos.offset);
    src->next = pos.offset;
    w->port->ops->seek(w->port, &pos, 1);
    return true;
}

/* ---- after a transaction that failed ---- */

/* Equal offsets prove that a transaction happened only if one of them is new. */
static bool has_happened(const struct worker *w, size_t count)
{
    bool moved = false;
    for (size_t i = 0; i < count; i++) {
        const struct port_position *sent = &w->position[i], *found = &w->found[i];
        if (sent->offset != found->offset)
            return false;
        int64_t before = is_task_place(w, sent->place) ? w->task[sent->place.partition].committed
                                                       : source_at(w, sent->place)->committed;
        moved = moved || sent->offset != before;
    }
    return moved;
}

static bool place_restore(struct worker *w, struct port_position *pos)
{
    if (is_task_place(w, pos->place)) {
        struct worker_task *t = &w->task[pos->place.partition];
        task_drop(t);
        if (!task_take(w, t, pos))
            return false;
        pos->offset = t->next;
        return true;
    }
    struct worker_source *src = source_at(w, pos->place);
    cpi_intake_free(src->intake);
    src->intake = NULL;
    if (!source_take(w, src, pos))
        return false;
    pos->offset = src->next;
    return true;
}

bool worker_roll_back(struct worker *w, bool unknown, size_t n_sent)
{
    if (w->revoking) {
        worker_forget(w);
        return true;
    }
    for (size_t i = 0; i < n_sent; i++)
        w->found[i] = (struct port_position){ .place = w->position[i].place };
    int r = w->port->ops->committed(w->port, w->found, n_sent);
    if (r < 0)
        return offsets_missing(w, r);
    if (unknown && has_happened(w, n_sent)) {
        log_line(LOG_AT_NOTICE, "transaction_found worker=%u text=\"it was committed after all\"",
                 w->index);
        worker_committed(w);
        return true;
    }
    cpi_outbox_reset(w->box);
    w->open = false;
    for (size_t i = 0; i < n_sent; i++)
        if (!place_restore(w, &w->found[i]))
            return false;
    w->port->ops->seek(w->port, w->found, n_sent);
    return true;
}
