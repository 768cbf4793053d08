#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline.h"

void bench_open(struct pipeline *p, const char *conf)
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

void bench_close(struct pipeline *p)
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

void bench_feed(struct pipeline *p, struct cpi_text line, size_t offset)
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

void bench_settle(struct pipeline *p)
{
    cpi_intake_slot(p->intake, false, p->box);
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

size_t bench_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
