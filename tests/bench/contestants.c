#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "pipeline.h"

int64_t bench_began_ns, bench_ended_ns;

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
    bench_open(&p, conf);
    bench_began_ns = bench_cpu_ns();
    for (size_t i = 0; i < input->count;) {
        for (size_t end = i + BENCH_BATCH; i < end && i < input->count; i++)
            bench_feed(&p, input->line[i], i);
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
    bench_close(&p);
}

void bench_replay(const char *conf, const struct bench_input *input, struct bench_result *ret)
{
    struct pipeline p;
    bench_open(&p, conf);
    size_t before = bench_heap_bytes();
    bench_began_ns = bench_cpu_ns();
    for (size_t i = 0; i < input->count;) {
        for (size_t end = i + BENCH_BATCH; i < end && i < input->count; i++)
            bench_feed(&p, input->line[i], i);
        bench_settle(&p);
    }
    p.result.heap_bytes = bench_heap_bytes() - before;
    cpi_intake_end(p.intake, cpi_intake_last_event_time(p.intake) + 1);
    bench_settle(&p);
    bench_ended_ns = bench_cpu_ns();
    check_counts(&p, input);
    const struct cpi_task_counts *counts = cpi_task_counts(p.task);
    p.result.events = counts->events;
    p.result.updates = counts->updates;
    p.result.facts = counts->facts;
    p.result.items = counts->items;
    *ret = p.result;
    bench_close(&p);
}
