#include "replay/replay.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <cpi/alloc.h>

#define BATCH 4096 /* records between two looks at the watermarks */

bool replay_find_topic(const struct cpi_model *model, struct cpi_text topic, uint16_t *ret_source,
                       uint16_t *ret_index)
{
    for (uint16_t s = 0; s < model->n_sources; s++)
        for (uint16_t t = 0; t < model->source[s].n_topics; t++)
            if (cpi_text_equal(model->source[s].topic[t], topic)) {
                *ret_source = s;
                *ret_index = t;
                return true;
            }
    return false;
}

void replay_init(struct replay *replay, const struct cpi_model *model,
                 const struct cpi_directory *directory, bool every_boundary, int64_t until)
{
    *replay = (struct replay){
        .model = model, .directory = directory, .clock = CPI_TIME_NONE, .until = until
    };
    replay->task = cpi_task_new(model, 0, 1);
    cpi_task_replay(replay->task, every_boundary);
    replay->box = cpi_outbox_new(model, 1);
    replay->other = cpi_outbox_new(model, 1);
    cpi_outbox_skip_rows(replay->box);
    cpi_outbox_skip_rows(replay->other);
    replay->mapper = cpi_mapper_new();
    replay->reader = cpi_envelope_reader_new();
}

void replay_fini(struct replay *replay)
{
    for (size_t p = 0; p < replay->n_partitions; p++) {
        input_close(&replay->partition[p].input);
        cpi_intake_free(replay->partition[p].intake);
    }
    for (size_t a = 0; a < replay->n_absent; a++)
        cpi_intake_free(replay->absent[a]);
    free(replay->partition);
    free(replay->absent);
    cpi_task_free(replay->task);
    cpi_outbox_free(replay->box);
    cpi_outbox_free(replay->other);
    cpi_mapper_free(replay->mapper);
    cpi_envelope_reader_free(replay->reader);
}

int replay_add(struct replay *replay, struct cpi_text topic, const char *path)
{
    struct input input;
    int err = input_open(&input, path);
    if (err)
        return err;
    replay->partition =
        cpi_xrealloc(replay->partition, (replay->n_partitions + 1) * sizeof *replay->partition);
    uint32_t number = 0;
    for (size_t p = 0; p < replay->n_partitions; p++)
        number += cpi_text_equal(replay->partition[p].topic, topic);
    replay->partition[replay->n_partitions++] =
        (struct replay_partition){ .topic = topic, .number = number, .input = input };
    return 0;
}

static struct cpi_intake *make_intake(const struct replay *replay, struct cpi_text topic,
                                      uint32_t number, uint32_t count)
{
    uint16_t source = 0, index = 0;
    replay_find_topic(replay->model, topic, &source, &index);
    struct cpi_intake *intake = cpi_intake_new(replay->model, source, index, number, count);
    cpi_intake_until(intake, replay->until);
    return intake;
}

static uint32_t partitions_of(const struct replay *replay, struct cpi_text topic)
{
    uint32_t count = 0;
    for (size_t p = 0; p < replay->n_partitions; p++)
        count += cpi_text_equal(replay->partition[p].topic, topic);
    return count;
}

size_t replay_begin(struct replay *replay)
{
    for (size_t p = 0; p < replay->n_partitions; p++) {
        struct replay_partition *part = &replay->partition[p];
        part->intake =
            make_intake(replay, part->topic, part->number, partitions_of(replay, part->topic));
    }
    for (size_t s = 0; s < replay->model->n_sources; s++)
        for (size_t t = 0; t < replay->model->source[s].n_topics; t++) {
            struct cpi_text topic = replay->model->source[s].topic[t];
            if (partitions_of(replay, topic))
                continue;
            replay->absent =
                cpi_xrealloc(replay->absent, (replay->n_absent + 1) * sizeof *replay->absent);
            replay->absent[replay->n_absent++] = make_intake(replay, topic, 0, 1);
        }
    return replay->n_absent;
}

/* The partition that is behind: its W is the lowest; ties in command-line order. NULL: all have
 * ended. */
static struct replay_partition *hindmost(struct replay *replay)
{
    struct replay_partition *behind = NULL;
    int64_t least = CPI_TIME_END;
    for (size_t p = 0; p < replay->n_partitions; p++) {
        struct replay_partition *part = &replay->partition[p];
        int64_t w = part->ended ? CPI_TIME_END : cpi_intake_watermark(part->intake);
        if (!part->ended && (!behind || w < least)) {
            behind = part;
            least = w;
        }
    }
    return behind;
}

/* An ended partition leaves the minimum; the last one takes time to its end (T5). */
static void end_partition(struct replay *replay, struct replay_partition *part)
{
    part->ended = true;
    if (hindmost(replay)) {
        cpi_intake_end(part->intake, CPI_TIME_END);
        return;
    }
    int64_t last = CPI_TIME_NONE;
    for (size_t p = 0; p < replay->n_partitions; p++) {
        int64_t time = cpi_intake_last_event_time(replay->partition[p].intake);
        last = time > last ? time : last;
    }
    if (replay->until != CPI_TIME_END)
        cpi_intake_end(part->intake, replay->until);
    else if (last != CPI_TIME_NONE)
        cpi_intake_end(part->intake, last + 1);
}

static void feed_line(struct replay *replay, struct replay_partition *part, struct cpi_text line)
{
    struct cpi_record record;
    if (!cpi_envelope_parse(replay->reader, line, &record)) {
        record.offset = part->offset;
        record.partition = part->number;
    }
    record.topic = part->topic;
    if (record.offset >= part->offset)
        part->offset = record.offset + 1;
    cpi_intake_feed(part->intake, replay->mapper, replay->directory, &record, replay->box);
    int64_t clock = record.timestamp != CPI_TIME_NONE ? record.timestamp
                                                      : cpi_intake_largest_time(part->intake);
    if (clock > replay->clock)
        replay->clock = clock;
    replay->records++;
}

/* Feeds frames to the task until it has nothing more to say to itself. */
static int settle(struct replay *replay)
{
    for (;;) {
        size_t count;
        cpi_outbox_seal(replay->box, replay->clock);
        int err = output_write(&replay->output, replay->box);
        const struct cpi_frame_out *frame = cpi_outbox_frames(replay->box, &count);
        struct cpi_outbox *full = replay->box;
        replay->box = replay->other;
        replay->other = full;
        for (size_t i = 0; i < count && !err; i++) {
            int r = cpi_task_feed(replay->task, frame[i].bytes, 0, replay->box);
            assert(r == 0); /* it is what we have just made */
            (void)r;
            cpi_task_advance(replay->task, UINT64_MAX, replay->box);
        }
        cpi_outbox_reset(full);
        if (err || !count)
            return err;
        cpi_task_settle(replay->task, 0, replay->box);
    }
}

static void put_slots(struct replay *replay)
{
    for (size_t p = 0; p < replay->n_partitions; p++)
        cpi_intake_slot(replay->partition[p].intake, false, replay->box);
    for (size_t a = 0; a < replay->n_absent; a++) {
        cpi_intake_end(replay->absent[a], CPI_TIME_END);
        cpi_intake_slot(replay->absent[a], false, replay->box);
    }
}

int replay_step(struct replay *replay, uint64_t records, const char **ret_path)
{
    while (records) {
        uint64_t batch = records < BATCH ? records : BATCH;
        struct replay_partition *part;
        for (uint64_t i = 0; i < batch && (part = hindmost(replay)); i++) {
            struct cpi_text line;
            int more = input_next(&part->input, &line);
            if (more < 0) {
                *ret_path = part->input.path;
                return more;
            }
            if (!more)
                end_partition(replay, part);
            else
                feed_line(replay, part, line);
        }
        records -= batch;
        put_slots(replay);
        int err = settle(replay);
        if (err) {
            *ret_path = replay->output.folder;
            return err;
        }
        if (!hindmost(replay))
            return 0;
    }
    return 1;
}
