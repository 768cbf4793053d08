#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ops/log.h"
#include "worker/parts.h"

void worker_open_txn(struct worker *w, int64_t mono_ms)
{
    if (w->open)
        return;
    w->open = true;
    w->open_ms = mono_ms;
    w->gathered = false;
}

static int64_t floor_step(int64_t t, int64_t step)
{
    int64_t r = t % step;
    return t - (r < 0 ? r + step : r);
}

/* Time goes on everywhere only when the slowest partition lets it. */
static bool slowest_crossed(const struct worker *w)
{
    struct cpi_intake *slowest = NULL;
    for (size_t i = 0; i < w->n_own; i++) {
        struct cpi_intake *intake = w->own[i]->intake;
        if (!slowest || cpi_intake_watermark(intake) < cpi_intake_watermark(slowest))
            slowest = intake;
    }
    return slowest && cpi_intake_has_crossed(slowest);
}

static bool beat_is_due(const struct worker *w)
{
    if (w->n_own == 0 || w->clock == CPI_TIME_NONE)
        return false;
    return w->beat == CPI_TIME_NONE ||
           floor_step(w->clock, WORKER_BEAT_MS) > floor_step(w->beat, WORKER_BEAT_MS);
}

bool worker_is_urgent(const struct worker *w)
{
    if (w->catching_up)
        return !w->open && (slowest_crossed(w) || beat_is_due(w));
    return cpi_outbox_is_urgent(w->box) || slowest_crossed(w) || beat_is_due(w);
}

/* K4. What is urgent still takes along what has arrived already: one transaction instead of many.
 */
bool worker_is_due(const struct worker *w, int64_t mono_ms)
{
    if (cpi_outbox_bytes(w->box) >= WORKER_TXN_BYTES)
        return true;
    if (w->open && mono_ms - w->open_ms >= WORKER_TXN_MS)
        return true;
    return w->quiet && worker_is_urgent(w);
}

/* ---- what goes out ---- */

static bool send_one(struct worker *w, const struct port_message *m)
{
    int r = w->port->ops->send(w->port, m);
    if (r != -EMSGSIZE)
        return r != -EINTR;
    log_line(
        LOG_AT_ERROR,
        "too_large worker=%u kind=%d topic=%d key=\"%.*s\" bytes=%u text=\"a record that no broker "
        "would take\"",
        w->index, (int)m->to, (int)m->output, (int)(m->key.len < 200 ? m->key.len : 200),
        m->key.at ? m->key.at : "", m->value.len);
    return worker_ends(w, WORKER_BROKEN);
}

static bool send_frames(struct worker *w)
{
    size_t count;
    const struct cpi_frame_out *frame = cpi_outbox_frames(w->box, &count);
    for (size_t i = 0; i < count; i++)
        if (!send_one(w, &(struct port_message){ .to = PORT_TO_REPARTITION,
                                                 .partition = (int32_t)frame[i].partition,
                                                 .value = frame[i].bytes }))
            return false;
    return true;
}

static bool send_rows(struct worker *w)
{
    size_t count;
    const struct cpi_row *row = cpi_outbox_rows(w->box, &count);
    for (size_t i = 0; i < count; i++)
        if (!send_one(w, &(struct port_message){ .to = PORT_TO_CHANGELOG,
                                                 .partition = (int32_t)row[i].task,
                                                 .key = row[i].key,
                                                 .value = row[i].value }))
            return false;
    return true;
}

static bool send_outputs(struct worker *w)
{
    size_t count;
    const struct cpi_output *out = cpi_outbox_outputs(w->box, &count);
    for (size_t i = 0; i < count; i++)
        if (!send_one(w, &(struct port_message){ .to = PORT_TO_OUTPUT,
                                                 .output = out[i].topic,
                                                 .partition = -1,
                                                 .key = out[i].key,
                                                 .value = out[i].value,
                                                 .header = out[i].header,
                                                 .n_headers = out[i].n_headers }))
            return false;
    return true;
}

/* Offsets of all it acted for, moved or not: every source partition, since their slots go with
 * every frame, and every task that took a frame or moved on. */
static size_t positions_fill(struct worker *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_own; i++) {
        struct port_position *pos = &w->position[n++];
        struct cpi_buf buf;
        cpi_buf_init(&buf);
        cpi_intake_format(w->own[i]->intake, &buf);
        *pos = (struct port_position){ .place = w->own[i]->place, .offset = w->own[i]->next };
        pos->metadata_len = buf.len < PORT_METADATA_MAX ? (uint32_t)buf.len : 0;
        if (pos->metadata_len > 0)
            memcpy(pos->metadata, buf.at, pos->metadata_len);
        cpi_buf_fini(&buf);
    }
    for (uint32_t q = 0; q < w->model->partitions; q++)
        if (w->task[q].acted)
            w->position[n++] =
                (struct port_position){ .place = { (uint32_t)w->setup->topics->n_sources, q },
                                        .offset = w->task[q].next };
    return n;
}

static void gather(struct worker *w)
{
    bool beat = beat_is_due(w);
    for (size_t i = 0; i < w->n_own; i++)
        cpi_intake_slot(w->own[i]->intake, beat, w->box);
    if (beat)
        w->beat = w->clock;
    for (uint32_t q = 0; q < w->model->partitions; q++)
        if (w->task[q].acted)
            cpi_task_settle(w->task[q].task, w->task[q].next, w->box);
    cpi_outbox_seal(w->box, w->clock);
}

void worker_committed(struct worker *w)
{
    for (size_t i = 0; i < w->n_own; i++)
        w->own[i]->committed = w->own[i]->next;
    for (uint32_t q = 0; q < w->model->partitions; q++) {
        if (w->task[q].acted)
            w->task[q].committed = w->task[q].next;
        w->task[q].transactions += w->task[q].acted;
        w->task[q].acted = false;
    }
    cpi_outbox_reset(w->box);
    w->open = false;
    w->sent_ms = w->open_ms;
    w->abort_streak = 0;
    w->counts.transactions++;
}

/* False: the worker ends. */
bool worker_finish(struct worker *w, struct worker_now now)
{
    worker_open_txn(w, now.mono_ms);
    gather(w);
    size_t n = positions_fill(w);
    if (n == 0) { /* nothing is owned: an empty transaction would be fenced by nobody */
        cpi_outbox_reset(w->box);
        w->open = false;
        return true;
    }
    w->port->ops->begin(w->port);
    if (!send_frames(w) || !send_rows(w) || !send_outputs(w))
        return worker_ends(w, WORKER_LEFT);
    switch (w->port->ops->commit(w->port, w->position, n)) {
    case PORT_COMMITTED:
        worker_committed(w);
        return true;
    case PORT_ABORTED:
        w->counts.aborts++;
        w->abort_streak++;
        return worker_roll_back(w, false, n);
    case PORT_UNKNOWN:
        w->counts.unknown++;
        return worker_roll_back(w, true, n);
    case PORT_STOPPED:
        break;
    }
    return worker_ends(w, WORKER_LEFT);
}
