/* The minute's lines (K8): one a source, one for the tasks. */
#include <inttypes.h>
#include <stdio.h>

#include "ops/log.h"
#include "worker/parts.h"

static const char *time_text(int64_t ms, char *ret, size_t bytes)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    if (ms == CPI_TIME_NONE)
        cpi_buf_add_string(&buf, "undefined");
    else
        cpi_time_format(&buf, ms);
    struct cpi_text t = cpi_buf_text(&buf);
    snprintf(ret, bytes, "%.*s", CPI_TEXT_ARG(t));
    cpi_buf_fini(&buf);
    return ret;
}

struct source_sum {
    uint64_t partitions, records, events, late, paused;
    uint64_t refused[CPI_REFUSALS];
    int64_t w, lag;
    bool undefined;
};

static uint64_t refused_all(const struct source_sum *sum)
{
    uint64_t all = 0;
    for (size_t i = 0; i < CPI_REFUSALS; i++)
        all += sum->refused[i];
    return all;
}

static void source_add(struct worker *w, struct worker_source *src, struct source_sum *sum)
{
    const struct cpi_intake_counts *c = cpi_intake_counts(src->intake);
    int64_t wm = cpi_intake_watermark(src->intake);
    sum->partitions++;
    /* a rollback counts what it read again; a new intake counts from 0 */
    if (c->records < src->said.records)
        src->said = (struct cpi_intake_counts){ 0 };
    sum->records += c->records - src->said.records;
    sum->events += c->events - src->said.events;
    sum->late += c->late - src->said.late;
    for (size_t i = 0; i < CPI_REFUSALS; i++)
        sum->refused[i] += c->refused[i] - src->said.refused[i];
    sum->paused += src->paused;
    sum->undefined = sum->undefined || wm == CPI_TIME_NONE;
    if (wm != CPI_TIME_NONE && wm < sum->w)
        sum->w = wm;
    sum->lag += worker_behind(w, src);
    src->said = *c;
}

/* What was refused, by reason; nothing if nothing was. */
static void refused_report(struct worker *w, uint16_t source, const struct source_sum *sum)
{
    char reasons[512] = "";
    for (size_t i = 0, n = 0; i < CPI_REFUSALS; i++)
        if (sum->refused[i] && n < sizeof reasons)
            n += (size_t)snprintf(reasons + n, sizeof reasons - n, " %s=%" PRIu64,
                                  cpi_refusal_name((enum cpi_refusal)i), sum->refused[i]);
    if (!*reasons)
        return;
    log_line(LOG_AT_WARNING,
             "refused name=%.*s worker=%u%s text=\"they lie in %s; cpid explain says why, of one "
             "record\"",
             CPI_TEXT_ARG(w->model->source[source].name), w->index, reasons,
             w->setup->topics->output[CPI_TOPIC_DEAD_LETTERS]);
}

static void source_report(struct worker *w, uint16_t source)
{
    struct source_sum sum = { .w = CPI_TIME_END };
    char text[40];
    for (size_t i = 0; i < w->n_own; i++)
        if (w->own[i]->source == source)
            source_add(w, w->own[i], &sum);
    if (sum.partitions == 0)
        return;
    int64_t wm = sum.undefined || sum.w == CPI_TIME_END ? CPI_TIME_NONE : sum.w;
    log_line(LOG_AT_INFO,
             "source name=%.*s worker=%u partitions=%" PRIu64 " watermark=%s lag_records=%" PRId64
             " records=%" PRIu64 " events=%" PRIu64 " late_share=%.4f dead_letters=%" PRIu64
             " paused=%" PRIu64,
             CPI_TEXT_ARG(w->model->source[source].name), w->index, sum.partitions,
             time_text(wm, text, sizeof text), sum.lag, sum.records, sum.events,
             sum.events ? (double)sum.late / (double)sum.events : 0.0, refused_all(&sum),
             sum.paused);
    refused_report(w, source, &sum);
}

static void tasks_report(struct worker *w)
{
    struct cpi_task_status all = { .window_w = CPI_TIME_END };
    uint64_t tasks = 0, saturated = 0;
    bool undefined = false;
    char text[40], holds[320] = "none";
    for (uint32_t q = 0; q < w->model->partitions; q++) {
        struct cpi_task_status s;
        if (!w->task[q].owned || !w->task[q].task) /* told to stop before it was restored */
            continue;
        cpi_task_status(w->task[q].task, &s);
        saturated += cpi_task_counts(w->task[q].task)->saturated;
        tasks++;
        all.journeys += s.journeys;
        all.open_cases += s.open_cases;
        all.entities += s.entities;
        all.firing += s.firing;
        all.pending_alerts += s.pending_alerts;
        all.state_bytes += s.state_bytes;
        undefined = undefined || s.window_w == CPI_TIME_NONE;
        if (s.window_w < all.window_w || tasks == 1) {
            all.window_w = s.window_w;
            if (cpi_text_is(s.holds_topic))
                snprintf(holds, sizeof holds, "%.*s/%u%s", CPI_TEXT_ARG(s.holds_topic),
                         s.holds_partition, s.holds_missing ? " (nothing read yet)" : "");
        }
    }
    char quoted[400];
    if (tasks > 0)
        log_line(LOG_AT_INFO,
                 "tasks worker=%u count=%" PRIu64 " watermark=%s holds=%s journeys=%" PRIu64
                 " open_cases=%" PRIu64 " entities=%" PRIu64 " firing=%" PRIu64 " pending=%" PRIu64
                 " state_mb=%" PRIu64 " transactions=%" PRIu64 " longest_ms=%" PRId64
                 " aborts=%" PRIu64 " saturated=%" PRIu64,
                 w->index, tasks,
                 time_text(undefined ? CPI_TIME_NONE : all.window_w, text, sizeof text),
                 log_quote(holds, quoted, sizeof quoted), all.journeys, all.open_cases,
                 all.entities, all.firing, all.pending_alerts, all.state_bytes >> 20,
                 w->counts.transactions, w->longest_ms, w->counts.aborts, saturated);
}

void worker_report(struct worker *w, int64_t mono_ms)
{
    if (w->report_ms == 0)
        w->report_ms = mono_ms;
    if (mono_ms - w->report_ms < WORKER_REPORT_MS)
        return;
    w->report_ms = mono_ms;
    worker_report_rest(w);
}

void worker_report_rest(struct worker *w)
{
    for (uint16_t s = 0; s < w->model->n_sources; s++)
        source_report(w, s);
    tasks_report(w);
    w->longest_ms = 0;
}
