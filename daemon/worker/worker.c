#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ops/log.h"
#include "worker/parts.h"
#include <cpi/alloc.h>

#define STEP_RECORDS 512 /* between two looks at the clock */
#define STOP_MS 3000     /* what a stop leaves for the end of a transaction */

struct worker *worker_new(const struct worker_setup *setup, unsigned index)
{
    struct worker *w = cpi_xcalloc(1, sizeof *w);
    w->setup = setup;
    w->model = setup->model;
    w->index = index;
    w->mapper = cpi_mapper_new();
    w->box = cpi_outbox_new(setup->model, setup->model->partitions);
    atomic_store(&w->pulse.watermark, CPI_TIME_END);
    w->clock = w->empty_clock = w->beat = CPI_TIME_NONE;
    w->task = cpi_xcalloc(setup->model->partitions, sizeof *w->task);
    for (uint32_t q = 0; q < setup->model->partitions; q++)
        w->task[q].q = q;
    return w;
}

void worker_attach(struct worker *w, struct port *port)
{
    w->port = port;
}

static void sources_free(struct worker *w)
{
    for (uint32_t t = 0; w->source && t < w->setup->topics->n_sources; t++)
        free(w->source[t]);
    free(w->source);
    free(w->n_partitions);
    free(w->own);
    free(w->position);
    free(w->found);
}

void worker_free(struct worker *w)
{
    if (w->source)
        worker_forget(w);
    sources_free(w);
    free(w->task);
    cpi_mapper_free(w->mapper);
    cpi_outbox_free(w->box);
    if (w->port)
        w->port->ops->free(w->port);
    free(w);
}

bool worker_ends(struct worker *w, enum worker_end end)
{
    if (w->end == WORKER_GOES_ON)
        w->end = end;
    return false;
}

const struct worker_counts *worker_counts(const struct worker *w)
{
    return &w->counts;
}

const struct worker_pulse *worker_pulse(const struct worker *w)
{
    return &w->pulse;
}

/* ---- what the port asks of us ---- */

static struct worker_now now_read(void)
{
    struct timespec wall, mono;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    return (struct worker_now){ (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
                                (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000 };
}

/* Once after a second, then every minute. */
static void wait_say(struct worker *w, int64_t mono_ms, const char *for_what, const char *error)
{
    char a[512], b[512];
    if (w->wait_since_ms == 0)
        w->wait_since_ms = mono_ms;
    int64_t next = w->wait_said_ms ? w->wait_said_ms + 60000 : w->wait_since_ms + 1000;
    if (mono_ms < next)
        return;
    w->wait_said_ms = mono_ms;
    atomic_store(&w->pulse.waiting, true);
    log_line(LOG_AT_WARNING, "waiting worker=%u for=%s since_s=%" PRId64 " error=%s", w->index,
             log_quote(for_what, a, sizeof a), (mono_ms - w->wait_since_ms) / 1000,
             log_quote(error, b, sizeof b));
}

static void wait_over(struct worker *w)
{
    if (w->wait_said_ms)
        log_line(LOG_AT_NOTICE, "resumed worker=%u", w->index);
    w->wait_since_ms = w->wait_said_ms = 0;
    atomic_store(&w->pulse.waiting, false);
}

static bool host_tick(void *ctx, const char *waiting_for, const char *error)
{
    struct worker *w = ctx;
    int64_t mono_ms = now_read().mono_ms;
    worker_beat(w);
    wait_say(w, mono_ms, waiting_for, error);
    if (!atomic_load(w->setup->stop))
        return true;
    if (w->stop_since_ms == 0)
        w->stop_since_ms = mono_ms;
    /* a transaction under way may still end well; before the first one there is nothing to wait for
     */
    return w->open && mono_ms - w->stop_since_ms < STOP_MS;
}

static void host_note(void *ctx, enum port_level level, const char *text)
{
    const struct worker *w = ctx;
    char quoted[1024];
    log_line((enum log_level)level, "kafka worker=%u text=%s", w->index,
             log_quote(text, quoted, sizeof quoted));
}

struct port_host worker_host(struct worker *w)
{
    return (struct port_host){ w, host_tick, host_note };
}

enum worker_end worker_open(struct worker *w)
{
    int r = w->port->ops->open(w->port);
    if (r < 0)
        return r == -EINTR ? WORKER_LEFT : WORKER_REFUSED;
    uint32_t n_topics = (uint32_t)w->setup->topics->n_sources;
    size_t all = w->model->partitions;
    w->source = cpi_xcalloc(n_topics + 1, sizeof *w->source);
    w->n_partitions = cpi_xcalloc(n_topics + 1, sizeof *w->n_partitions);
    for (uint32_t t = 0; t < n_topics; t++) {
        w->n_partitions[t] = w->port->ops->partitions(w->port, t);
        w->source[t] = cpi_xcalloc(w->n_partitions[t], sizeof **w->source);
        all += w->n_partitions[t];
    }
    w->own = cpi_xcalloc(all, sizeof *w->own);
    w->position = cpi_xcalloc(all, sizeof *w->position);
    w->found = cpi_xcalloc(all, sizeof *w->found);
    wait_over(w);
    log_line(LOG_AT_INFO, "joined worker=%u source_partitions=%zu tasks=%u", w->index,
             all - w->model->partitions, w->model->partitions);
    return WORKER_GOES_ON;
}

/* ---- one step ---- */

static void source_feed(struct worker *w, struct worker_source *src,
                        const struct cpi_record *record)
{
    cpi_intake_feed(src->intake, w->mapper, w->dir, record, w->box);
    src->next = record->offset + 1;
    src->at_end = false;
    w->counts.records++;
    if (w->setup->clock == WORKER_CLOCK_RECORD && record->timestamp > w->clock)
        w->clock = record->timestamp;
}

static bool task_feed(struct worker *w, struct worker_task *t, const struct cpi_record *record)
{
    int r = cpi_task_feed(t->task, record->value, record->offset, w->box);
    if (r == -ESTALE) {
        log_line(LOG_AT_ERROR,
                 "superseded worker=%u task=%u text=\"a higher generation of this application "
                 "runs: this "
                 "configuration is old\"",
                 w->index, t->q);
        return worker_ends(w, WORKER_SUPERSEDED);
    }
    if (r == -EBADMSG) {
        log_line(LOG_AT_ERROR,
                 "frame_unreadable worker=%u topic=%s partition=%u offset=%" PRId64
                 " text=\"damaged, or written by another version: what it holds would be lost\"",
                 w->index, w->setup->topics->repartition, t->q, record->offset);
        return worker_ends(w, WORKER_BROKEN);
    }
    if (r == -ENOMSG) {
        w->counts.bad_frames++;
        log_line(LOG_AT_ERROR,
                 "bad_frame worker=%u topic=%s partition=%u offset=%" PRId64
                 " text=\"not one of our frames, skipped: who else writes to this topic?\"",
                 w->index, w->setup->topics->repartition, t->q, record->offset);
    }
    t->next = record->offset + 1;
    t->acted = t->due = true;
    t->frame_bytes = (t->frame_bytes * 7 + record->value.len) / 8;
    w->counts.frames++;
    return true;
}

static bool record_take(struct worker *w, const struct port_event *ev, int64_t mono_ms)
{
    if (ev->place.topic == w->setup->topics->n_sources) {
        struct worker_task *t = &w->task[ev->place.partition];
        if (!t->owned || ev->record.offset < t->next)
            return true;
        worker_open_txn(w, mono_ms);
        return task_feed(w, t, &ev->record);
    }
    struct worker_source *src = &w->source[ev->place.topic][ev->place.partition];
    if (!src->owned || ev->record.offset < src->next)
        return true;
    worker_open_txn(w, mono_ms);
    source_feed(w, src, &ev->record);
    return true;
}

/* T2: at its end the clock moves a partition. The proof was given after the queue was last seen
 * empty, so that clock counts and not a later one. */
static void end_take(struct worker *w, const struct port_event *ev, int64_t mono_ms)
{
    if (ev->place.topic == w->setup->topics->n_sources)
        return;
    struct worker_source *src = &w->source[ev->place.topic][ev->place.partition];
    if (!src->owned || src->paused || ev->offset < src->next)
        return;
    src->next = ev->offset; /* passes the markers of the producer's transactions */
    src->at_end = true;
    src->probed_ms = mono_ms;
    src->end_clock = w->empty_clock;
    if (!w->model->source[src->source].idle_hold && w->empty_clock != CPI_TIME_NONE)
        cpi_intake_idle(src->intake, w->empty_clock);
}

/* Has another member got on with the partition, and deleted what it had done? Then it is ours no
 * more, and we have yet to hear of it. */
static bool is_overtaken(struct worker *w, struct port_place place, int64_t offset)
{
    struct port_position now = { .place = place };
    return !w->task[place.partition].owned || w->port->ops->committed(w->port, &now, 1) < 0 ||
           now.offset > offset;
}

static bool gone_take(struct worker *w, const struct port_event *ev)
{
    if (ev->place.topic < w->setup->topics->n_sources)
        return worker_source_gone(w, &w->source[ev->place.topic][ev->place.partition], ev->offset);
    if (is_overtaken(w, ev->place, ev->offset))
        return true;
    log_line(LOG_AT_ERROR,
             "frames_lost worker=%u topic=%s partition=%u offset=%" PRId64
             " text=\"records of our own topic were deleted before they were read\"",
             w->index, w->setup->topics->repartition, ev->place.partition, ev->offset);
    return worker_ends(w, WORKER_BROKEN);
}

static bool event_take(struct worker *w, const struct port_event *ev, struct worker_now now)
{
    char text[512];
    switch (ev->kind) {
    case PORT_NOTHING:
        w->quiet = true;
        w->empty_clock = w->clock;
        if (ev->asleep)
            worker_wake(w);
        return true;
    case PORT_RECORD:
        return record_take(w, ev, now.mono_ms);
    case PORT_END:
        end_take(w, ev, now.mono_ms);
        return true;
    case PORT_GONE:
        return gone_take(w, ev);
    case PORT_ASSIGNED:
        w->empty_clock = w->clock; /* nothing of these partitions is queued yet */
        return worker_assigned(w, ev->places, ev->n_places);
    case PORT_REVOKED:
        worker_revoked(w, ev->lost, now);
        return w->end == WORKER_GOES_ON;
    case PORT_TROUBLE:
        log_line(LOG_AT_NOTICE, "trouble worker=%u text=%s", w->index,
                 log_quote(ev->text, text, sizeof text));
        return true;
    case PORT_TAKEN:
        log_line(
            LOG_AT_ERROR,
            "taken worker=%u error=%s text=\"another process runs as this instance: give each its "
            "own (instance = ..., run --instance N)\"",
            w->index, log_quote(ev->text, text, sizeof text));
        return worker_ends(w, WORKER_TAKEN);
    }
    return true;
}

/* A bounded piece of the boundaries that are due. True if nothing is left of them. */
static bool task_advance(struct worker *w, struct worker_task *t, uint64_t *budget)
{
    do {
        uint64_t piece = *budget < WORKER_ADVANCE_PIECE ? *budget : WORKER_ADVANCE_PIECE;
        *budget -= piece;
        if (cpi_task_advance(t->task, piece, w->box))
            return true;
    } while (*budget > 0 && cpi_outbox_bytes(w->box) < WORKER_ADVANCE_BYTES);
    return false;
}

/* One task after the other: a full hour over all of them is more than one transaction may hold.
 * When one has been cut short it is the next one's turn. */
static void tasks_advance(struct worker *w, int64_t mono_ms)
{
    uint64_t budget = w->setup->advance_budget ? w->setup->advance_budget : WORKER_ADVANCE_BUDGET;
    uint32_t count = w->model->partitions, first = w->turn;
    for (uint32_t i = 0; i < count && budget > 0; i++) {
        struct worker_task *t = &w->task[(first + i) % count];
        if (!t->owned || !t->due) /* one that was taken away goes on elsewhere */
            continue;
        worker_open_txn(w, mono_ms);
        t->acted = true;
        t->due = !task_advance(w, t, &budget);
        if (!t->due)
            continue;
        w->turn = t->q + 1;
        break;
    }
}

static int wait_ms(const struct worker *w, int64_t mono_ms)
{
    for (uint32_t q = 0; q < w->model->partitions; q++)
        if (w->task[q].owned && w->task[q].due)
            return 0;
    if (!w->open)
        return 100;
    int64_t left = w->open_ms + WORKER_TXN_MS - mono_ms;
    return left < 0 ? 0 : left > 100 ? 100 : (int)left;
}

/* How long the last transaction took: its end is seen when the next step begins. */
static void transaction_time(struct worker *w, int64_t mono_ms)
{
    int64_t took = w->sent_ms ? mono_ms - w->sent_ms : 0;
    w->longest_ms = took > w->longest_ms ? took : w->longest_ms;
    w->counts.longest_ms = took > w->counts.longest_ms ? took : w->counts.longest_ms;
    w->sent_ms = 0;
}

enum worker_end worker_step(struct worker *w, struct worker_now now)
{
    transaction_time(w, now.mono_ms);
    int64_t clock = w->setup->clock == WORKER_CLOCK_REAL    ? now.wall_ms
                    : w->setup->clock == WORKER_CLOCK_GIVEN ? atomic_load(w->setup->given_ms)
                                                            : CPI_TIME_NONE;
    if (clock > w->clock)
        w->clock = clock;
    w->quiet = false;
    atomic_fetch_add(&w->pulse.steps, 1);
    w->dir = atomic_load(&w->setup->dir);
    worker_beat(w);
    /* something urgent waits only for what has already arrived */
    int timeout_ms = worker_is_urgent(w) ? 0 : wait_ms(w, now.mono_ms);
    for (int i = 0; i < STEP_RECORDS && !w->quiet; i++) {
        struct port_event ev;
        w->port->ops->poll(w->port, i == 0 ? timeout_ms : 0, &ev);
        if (ev.kind == PORT_NOTHING && !w->gathered && worker_is_urgent(w)) {
            w->gathered = true;
            w->port->ops->poll(w->port, WORKER_GATHER_MS, &ev);
        }
        if (!event_take(w, &ev, now))
            return w->end;
        if (cpi_outbox_bytes(w->box) >= WORKER_TXN_BYTES)
            break;
    }
    tasks_advance(w, now.mono_ms);
    worker_probe(w, now.mono_ms);
    worker_flow(w, now.mono_ms);
    if (worker_is_due(w, now.mono_ms) && !worker_finish(w, now))
        return w->end;
    worker_trim(w, now.mono_ms);
    worker_report(w, now.mono_ms);
    worker_show(w, now.mono_ms);
    if (w->abort_streak == 0)
        wait_over(w);
    return w->end;
}

void worker_leave(struct worker *w, struct worker_now now, int timeout_ms)
{
    if (w->end == WORKER_GOES_ON && w->source && w->open)
        worker_finish(w, now);
    worker_report_rest(w);
    w->port->ops->close(w->port, timeout_ms);
    uint64_t busiest = 0;
    for (uint32_t q = 0; q < w->model->partitions; q++)
        busiest = w->task[q].transactions > busiest ? w->task[q].transactions : busiest;
    log_line(LOG_AT_INFO,
             "left worker=%u records=%" PRIu64 " frames=%" PRIu64 " transactions=%" PRIu64
             " busiest_task=%" PRIu64 " longest_ms=%" PRId64 " aborts=%" PRIu64 " unknown=%" PRIu64,
             w->index, w->counts.records, w->counts.frames, w->counts.transactions, busiest,
             w->counts.longest_ms, w->counts.aborts, w->counts.unknown);
}

enum worker_end worker_run(struct worker *w)
{
    enum worker_end end = worker_open(w);
    while (end == WORKER_GOES_ON && !atomic_load(w->setup->stop)) {
        end = worker_step(w, now_read());
        if (w->abort_streak > 1) /* a transaction that fails again and again */
            nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
    }
    worker_leave(w, now_read(), 1200);
    return end == WORKER_GOES_ON ? WORKER_LEFT : end;
}
