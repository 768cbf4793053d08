/* cpid's stages in memory, as a replay drives them. */
#ifndef BENCH_PIPELINE_H
#define BENCH_PIPELINE_H

#include <cpi/diag.h>
#include <cpi/envelope.h>
#include <cpi/intake.h>
#include <cpi/outbox.h>
#include <cpi/task.h>

#include "bench.h"
#include "config/load.h"

#define BENCH_BATCH 4096 /* events between two settlings, as in a replay */

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

/* Ends the program if the configuration is not right. */
void bench_open(struct pipeline *p, const char *conf);
void bench_close(struct pipeline *p);
/* One event into intake. */
void bench_feed(struct pipeline *p, struct cpi_text line, size_t offset);
/* Tells how far time has come, and feeds frames to the task until it has nothing more to say. */
void bench_settle(struct pipeline *p);
/* What the allocator has given out in this process. */
size_t bench_heap_bytes(void);

#endif
