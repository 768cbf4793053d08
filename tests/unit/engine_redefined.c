/* A changelog that was written under other definitions: rows of panes lie where the indicators of
 * now put them, after one transaction at most. */
#include <stdlib.h>
#include <string.h>

#include <cpi/intake.h>
#include <cpi/task.h>

#include "check.h"
#include "configure.h"

static const char text[] =
    "zone = \"UTC\"; lateness = \"1h\"; keep = { windows = \"2d\"; journeys = \"2d\"; };\n"
    "event-types = [ \"call\" ];\n"
    "sources = ( { name = \"s\"; topics = [ \"in\" ]; wait = \"1m\";\n"
    "  common = { id = \"/id\"; time = \"/at | ms\"; rep = \"/rep\";\n"
    "    fields = { talk = \"/talk | s\"; }; };\n"
    "  rules = ( { type = \"=call\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"10m\"; }; };\n"
    "indicators = ( { name = \"calls\"; each = \"call\"; over = \"hour\"; }%s );\n";

static const char with_sum[] =
    ", { name = \"talks\"; each = \"call\"; of = \"talk\"; show = [ \"sum\" ]; over = \"hour\"; }";
static const char with_samples[] =
    ", { name = \"talks\"; each = \"call\"; of = \"talk\"; show = [ \"p90\" ]; over = \"hour\"; }";

#define BEGIN INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define MINUTE INT64_C(60000)

/* ---- a changelog, of which the last row with a key counts ---- */

struct changelog {
    struct cpi_text key[500], value[500];
    size_t count;
};

static struct cpi_text copy_of(struct cpi_text t)
{
    return (struct cpi_text){ t.at ? memcpy(malloc(t.len + 1), t.at, t.len) : NULL, t.len };
}

/* How many of the rows that the outbox holds are of panes. */
static size_t take_rows(struct changelog *log, const struct cpi_outbox *box)
{
    size_t count, panes = 0;
    const struct cpi_row *row = cpi_outbox_rows(box, &count);
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        panes += row[i].key.at[0] == 'p';
        while (k < log->count && !cpi_text_equal(log->key[k], row[i].key))
            k++;
        if (k == log->count) {
            if (k == sizeof log->key / sizeof *log->key)
                abort();
            log->key[log->count++] = copy_of(row[i].key);
        } else {
            free((char *)log->value[k].at);
        }
        log->value[k] = copy_of(row[i].value);
    }
    return panes;
}

static void forget(struct changelog *log)
{
    for (size_t k = 0; k < log->count; k++) {
        free((char *)log->key[k].at);
        free((char *)log->value[k].at);
    }
    free(log);
}

static void record(struct cpi_intake *intake, struct cpi_mapper *mapper, struct cpi_outbox *box,
                   int i)
{
    char json[128];
    snprintf(json, sizeof json, "{\"id\":\"e%d\",\"at\":%lld,\"rep\":\"r%d\",\"talk\":%d}", i,
             (long long)(BEGIN + i * 3 * MINUTE), i % 3, 60 + i);
    struct cpi_record r = { .value = cpi_text_of(json), .offset = i, .timestamp = CPI_TIME_NONE };
    cpi_intake_feed(intake, mapper, NULL, &r, box);
}

/* What forty calls within two hours leave. */
static struct changelog *write_under(const char *more)
{
    struct config config;
    configure_text(&config, text, more);
    struct changelog *log = calloc(1, sizeof *log);
    struct cpi_intake *intake = cpi_intake_new(config.model, 0, 0, 0, 1);
    struct cpi_mapper *mapper = cpi_mapper_new();
    struct cpi_task *task = cpi_task_new(config.model, 0, 1);
    struct cpi_outbox *box[2] = { cpi_outbox_new(config.model, 1),
                                  cpi_outbox_new(config.model, 1) };
    int64_t offset = 0;
    for (int i = 0; i < 60; i++) {
        struct cpi_outbox *now = box[i % 2], *next = box[(i + 1) % 2];
        size_t count;
        if (i < 40)
            record(intake, mapper, now, i);
        cpi_intake_slot(intake, false, now);
        cpi_task_settle(task, offset, now);
        cpi_outbox_seal(now, BEGIN + i * 3 * MINUTE);
        take_rows(log, now);
        const struct cpi_frame_out *frame = cpi_outbox_frames(now, &count);
        for (size_t k = 0; k < count; k++)
            CHECK_INT(cpi_task_feed(task, frame[k].bytes, offset++, next), 0);
        cpi_task_advance(task, 1000, next);
        cpi_outbox_reset(now);
    }
    for (int b = 0; b < 2; b++)
        cpi_outbox_free(box[b]);
    cpi_task_free(task);
    cpi_mapper_free(mapper);
    cpi_intake_free(intake);
    config_fini(&config);
    return log;
}

/* Restores, and says how many rows of panes the next transaction writes. */
static size_t written_under(struct changelog *log, const char *more)
{
    struct config config;
    int64_t next;
    configure_text(&config, text, more);
    struct cpi_task *task = cpi_task_new(config.model, 0, 1);
    struct cpi_outbox *box = cpi_outbox_new(config.model, 1);
    for (size_t k = 0; k < log->count; k++)
        CHECK_INT(cpi_task_restore(task, log->key[k], log->value[k]), 0);
    CHECK_INT(cpi_task_restored(task, &next), 0);
    cpi_task_settle(task, next, box);
    size_t panes = take_rows(log, box);
    cpi_outbox_free(box);
    cpi_task_free(task);
    config_fini(&config);
    return panes;
}

int main(void)
{
    TEST ("the same definitions write nothing anew") {
        struct changelog *log = write_under(with_sum);
        CHECK_INT(written_under(log, with_sum), 0);
        forget(log);
    }
    TEST ("an indicator that has samples now moves into rows of its own, once") {
        struct changelog *log = write_under(with_sum);
        CHECK(written_under(log, with_samples) > 0);
        CHECK_INT(written_under(log, with_samples), 0);
        CHECK(written_under(log, with_sum) > 0); /* and back */
        CHECK_INT(written_under(log, with_sum), 0);
        forget(log);
    }
    TEST ("an indicator that is gone leaves all rows at once, and does not come back in half") {
        struct changelog *log = write_under(with_samples), *other = write_under(with_sum);
        CHECK(written_under(log, "") > 0);
        CHECK_INT(written_under(log, with_samples), 0);
        CHECK(written_under(other, "") > 0);
        CHECK_INT(written_under(other, with_sum), 0);
        forget(log);
        forget(other);
    }
    return check_done();
}
