#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/diag.h>
#include <cpi/envelope.h>
#include <cpi/intake.h>
#include <cpi/outbox.h>
#include <cpi/task.h>

#include "bench.h"
#include "config/load.h"

#define BATCH 4096 /* as in a replay */

int64_t bench_began_ns, bench_ended_ns;

struct pipeline {
    struct config config;
    struct cpi_diag diag;
    struct cpi_intake *intake;
    struct cpi_mapper *mapper;
    struct cpi_envelope_reader *reader;
    struct cpi_task *task;
    struct cpi_outbox *box, *other;
    struct bench_result result;
};

static void open_pipeline(struct pipeline *p, const char *conf)
{
    *p = (struct pipeline){ 0 };
    cpi_diag_init(&p->diag);
    if (config_load(conf, &p->config, &p->diag)) {
        fprintf(stderr, "%s is not right; see cpid check -c %s\n", conf, conf);
        exit(78);
    }
    p->intake = cpi_intake_new(p->config.model, 0, 0, 0, 1);
    p->mapper = cpi_mapper_new();
    p->reader = cpi_envelope_reader_new();
    p->task = cpi_task_new(p->config.model, 0, 1);
    cpi_task_replay(p->task, false);
    p->box = cpi_outbox_new(p->config.model, 1);
    p->other = cpi_outbox_new(p->config.model, 1);
    cpi_outbox_skip_rows(p->box);
    cpi_outbox_skip_rows(p->other);
}

static void close_pipeline(struct pipeline *p)
{
    cpi_intake_free(p->intake);
    cpi_mapper_free(p->mapper);
    cpi_envelope_reader_free(p->reader);
    cpi_task_free(p->task);
    cpi_outbox_free(p->box);
    cpi_outbox_free(p->other);
    config_fini(&p->config);
    cpi_diag_fini(&p->diag);
}

static void feed(struct pipeline *p, struct cpi_text line, size_t offset)
{
    struct cpi_record record;
    if (!cpi_envelope_parse(p->reader, line, &record))
        record.offset = (int64_t)offset;
    record.topic = p->config.model->source[0].topic[0];
    cpi_intake_feed(p->intake, p->mapper, p->config.directory, &record, p->box);
}

static void count_outputs(struct pipeline *p)
{
    size_t count;
    const struct cpi_output *output = cpi_outbox_outputs(p->box, &count);
    for (size_t i = 0; i < count; i++)
        p->result.output_bytes += output[i].value.len;
}

/* Feeds frames to the task until it has nothing more to say to itself. */
static void settle(struct pipeline *p)
{
    for (;;) {
        size_t count;
        cpi_outbox_seal(p->box, cpi_intake_largest_time(p->intake));
        count_outputs(p);
        const struct cpi_frame_out *frame = cpi_outbox_frames(p->box, &count);
        struct cpi_outbox *full = p->box;
        p->box = p->other;
        p->other = full;
        for (size_t i = 0; i < count; i++) {
            cpi_task_feed(p->task, frame[i].bytes, 0, p->box);
            cpi_task_advance(p->task, UINT64_MAX, p->box);
        }
        cpi_outbox_reset(full);
        if (!count)
            return;
        cpi_task_settle(p->task, 0, p->box);
    }
}

static void check_counts(const struct pipeline *p, const struct bench_input *input)
{
    const struct cpi_intake_counts *counts = cpi_intake_counts(p->intake);
    if (counts->events != input->count || counts->late || counts->unreadable ||
        counts->unknown_rep || counts->unknown_team) {
        fprintf(stderr, "intake took %zu of %zu events as meant\n", (size_t)counts->events,
                input->count);
        exit(1);
    }
}

void bench_intake(const char *conf, const struct bench_input *input, struct bench_result *ret)
{
    struct pipeline p;
    size_t n_frames;
    open_pipeline(&p, conf);
    bench_began_ns = bench_cpu_ns();
    for (size_t i = 0; i < input->count;) {
        for (size_t end = i + BATCH; i < end && i < input->count; i++)
            feed(&p, input->line[i], i);
        cpi_intake_slot(p.intake, false, p.box);
        cpi_outbox_seal(p.box, cpi_intake_largest_time(p.intake));
        const struct cpi_frame_out *frame = cpi_outbox_frames(p.box, &n_frames);
        for (size_t f = 0; f < n_frames; f++)
            p.result.output_bytes += frame[f].bytes.len;
        cpi_outbox_reset(p.box);
    }
    bench_ended_ns = bench_cpu_ns();
    check_counts(&p, input);
    p.result.events = input->count;
    *ret = p.result;
    close_pipeline(&p);
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void bench_replay(const char *conf, const struct bench_input *input, struct bench_result *ret)
{
    struct pipeline p;
    open_pipeline(&p, conf);
    size_t before = heap_bytes();
    bench_began_ns = bench_cpu_ns();
    for (size_t i = 0; i < input->count;) {
        for (size_t end = i + BATCH; i < end && i < input->count; i++)
            feed(&p, input->line[i], i);
        cpi_intake_slot(p.intake, false, p.box);
        settle(&p);
    }
    p.result.heap_bytes = heap_bytes() - before;
    cpi_intake_end(p.intake, cpi_intake_last_event_time(p.intake) + 1);
    cpi_intake_slot(p.intake, false, p.box);
    settle(&p);
    bench_ended_ns = bench_cpu_ns();
    check_counts(&p, input);
    const struct cpi_task_counts *counts = cpi_task_counts(p.task);
    p.result.events = counts->events;
    p.result.updates = counts->updates;
    p.result.facts = counts->facts;
    p.result.items = counts->items;
    *ret = p.result;
    close_pipeline(&p);
}
