/* A whole topology in memory: source partitions, intakes, tasks, the repartition topic and the
 * changelog as arrays, and a schedule drawn from a seed that says who acts when and how much a
 * transaction takes. Nothing runs in parallel; every interleaving that Kafka allows can be drawn.
 *
 * What happens at the desk is made up by desk.h and read with tests/sim/desk.conf. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>
#include <cpi/buf.h>
#include <cpi/diag.h>
#include <cpi/intake.h>
#include <cpi/mapping.h>
#include <cpi/outbox.h>
#include <cpi/task.h>
#include <cpi/text.h>
#include <cpi/time.h>

#include "config/load.h"
#include "dice.h"

#define SIM_TASKS_MAX 8
#define SIM_FEEDS_MAX 10

/* ---- what goes in ---- */
struct sim_record {
    char *json;
    int64_t time, arrival;
    unsigned source, partition;
    int64_t number; /* of the event: breaks ties of arrival */
};
struct sim_records {
    struct sim_record *at;
    size_t count, cap;
};
static inline void records_fini(struct sim_records *records)
{
    for (size_t i = 0; i < records->count; i++)
        free(records->at[i].json);
    free(records->at);
    *records = (struct sim_records){ NULL, 0, 0 };
}

/* ---- what stands in the topics ---- */
struct sim_blob {
    char *at;
    uint32_t len;
};
struct sim_log { /* a partition of the repartition topic */
    struct sim_blob *frame;
    size_t count, cap;
};
struct sim_row {
    struct sim_blob key, value; /* value.at NULL = tombstone */
};
struct sim_rows { /* a partition of the changelog */
    struct sim_row *at;
    size_t count, cap;
    size_t least; /* when it was compacted last */
};
struct sim_output {
    enum cpi_topic topic;
    char *key, *value; /* value NULL = tombstone */
};
struct sim_outputs {
    struct sim_output *at;
    size_t count, cap;
};

enum sim_restore {
    SIM_ALL_ROWS,
    SIM_COMPACTED,
    SIM_NO_TOMBSTONES,
    SIM_HALF_COMPACTED,
    SIM_RESTORES
};
struct sim_setup {
    unsigned tasks;
    unsigned records_most, frames_most; /* taken by one action */
    uint64_t budget;                    /* of each advance; 0 = drawn */
    unsigned actions_most;              /* of one transaction */
    unsigned restart_percent;           /* after a transaction, one task of it */
    unsigned intake_restart_percent;
    bool replay, every_boundary;
    bool in_step; /* of the sources the hindmost goes, and only when no task has work: as if live */
    unsigned intake_percent; /* how often a source goes rather than a task */
};
struct sim_feed { /* a source partition */
    struct cpi_intake *intake;
    const struct sim_record **record;
    size_t count, next;
    uint16_t source;
    uint32_t partition, partitions;
};
struct world {
    const struct cpi_model *model;
    const struct cpi_directory *directory;
    struct sim_setup setup;
    struct dice dice, restart_dice; /* restarts do not change the schedule */
    struct sim_feed feed[SIM_FEEDS_MAX];
    unsigned n_feeds;
    struct cpi_task *task[SIM_TASKS_MAX];
    struct sim_log log[SIM_TASKS_MAX];
    struct sim_rows rows[SIM_TASKS_MAX];
    size_t position[SIM_TASKS_MAX];
    bool advanced[SIM_TASKS_MAX];
    struct cpi_outbox *box;
    struct cpi_mapper *mapper;
    int64_t clock;
    struct sim_outputs outputs;
    struct cpi_buf transcript; /* outputs and frames, byte by byte, in order */
    size_t transactions, restarts, cut, bad_restores;
};

/* ---- configuration: loaded once a program ---- */
__attribute__((unused)) static void desk_load(const char *path, struct config *config)
{
    struct cpi_diag diag;
    cpi_diag_init(&diag);
    if (config_load(path, config, &diag)) {
        for (size_t i = 0; i < diag.count; i++)
            printf("%s:%u: %s: %s\n", path, diag.line[i].at.line, diag.line[i].path,
                   diag.line[i].text);
        exit(1);
    }
    cpi_diag_fini(&diag);
}

/* ---- a world ---- */
static int order_arrivals_(const void *a, const void *b)
{
    const struct sim_record *l = *(const struct sim_record *const *)a;
    const struct sim_record *r = *(const struct sim_record *const *)b;
    if (l->arrival != r->arrival)
        return l->arrival < r->arrival ? -1 : 1;
    return (l->number > r->number) - (l->number < r->number);
}

static inline void world_add_feed_(struct world *w, const struct sim_records *records,
                                   uint16_t source, uint32_t partition, uint32_t partitions)
{
    struct sim_feed *feed = &w->feed[w->n_feeds++];
    *feed = (struct sim_feed){ .source = source, .partition = partition, .partitions = partitions };
    feed->intake = cpi_intake_new(w->model, source, 0, partition, partitions);
    feed->record = cpi_xmalloc(records->count * sizeof *feed->record);
    for (size_t i = 0; i < records->count; i++)
        if (records->at[i].source == source && records->at[i].partition % partitions == partition)
            feed->record[feed->count++] = &records->at[i];
    qsort(feed->record, feed->count, sizeof *feed->record, order_arrivals_);
}

static inline void world_make_task_(struct world *w, unsigned q)
{
    w->task[q] = cpi_task_new(w->model, q, w->setup.tasks);
    if (w->setup.replay)
        cpi_task_replay(w->task[q], w->setup.every_boundary);
}

/* Each source is split into `partitions` partitions. */
static inline void world_init(struct world *w, const struct config *config, struct sim_setup setup,
                              const struct sim_records *records, unsigned partitions, uint64_t seed)
{
    *w = (struct world){ .model = config->model,
                         .directory = config->directory,
                         .setup = setup,
                         .dice = { seed },
                         .restart_dice = { ~seed },
                         .clock = CPI_TIME_NONE };
    for (uint16_t s = 0; s < w->model->n_sources; s++)
        for (uint32_t p = 0; p < partitions; p++)
            world_add_feed_(w, records, s, p, partitions);
    for (unsigned q = 0; q < setup.tasks; q++) {
        world_make_task_(w, q);
        w->advanced[q] = true;
    }
    w->box = cpi_outbox_new(w->model, setup.tasks);
    w->mapper = cpi_mapper_new();
    cpi_buf_init(&w->transcript);
}

static inline void world_fini(struct world *w)
{
    for (unsigned f = 0; f < w->n_feeds; f++) {
        cpi_intake_free(w->feed[f].intake);
        free(w->feed[f].record);
    }
    for (unsigned q = 0; q < w->setup.tasks; q++) {
        cpi_task_free(w->task[q]);
        for (size_t i = 0; i < w->log[q].count; i++)
            free(w->log[q].frame[i].at);
        free(w->log[q].frame);
        for (size_t i = 0; i < w->rows[q].count; i++) {
            free(w->rows[q].at[i].key.at);
            free(w->rows[q].at[i].value.at);
        }
        free(w->rows[q].at);
    }
    for (size_t i = 0; i < w->outputs.count; i++) {
        free(w->outputs.at[i].key);
        free(w->outputs.at[i].value);
    }
    free(w->outputs.at);
    cpi_outbox_free(w->box);
    cpi_mapper_free(w->mapper);
    cpi_buf_fini(&w->transcript);
}

/* A copy of exactly that size, so that the sanitizer sees every byte too far. */
static inline struct sim_blob blob_of(struct cpi_text t)
{
    struct sim_blob blob = { NULL, t.len };
    if (!cpi_text_is(t))
        return blob;
    blob.at = cpi_xmalloc(t.len ? t.len : 1);
    memcpy(blob.at, t.at, t.len);
    return blob;
}
static inline struct cpi_text blob_text(struct sim_blob blob)
{
    return (struct cpi_text){ blob.at, blob.len };
}

/* ---- actions ---- */
static inline void feed_one_(struct world *w, struct sim_feed *feed)
{
    const struct sim_record *r = feed->record[feed->next];
    struct cpi_record record = { .value = cpi_text_of(r->json),
                                 .topic = w->model->source[feed->source].topic[0],
                                 .partition = feed->partition,
                                 .offset = (int64_t)feed->next++,
                                 .timestamp = CPI_TIME_NONE };
    cpi_intake_feed(feed->intake, w->mapper, w->directory, &record, w->box);
    if (r->time > w->clock)
        w->clock = r->time;
}

static inline void act_source_(struct world *w, struct sim_feed *feed)
{
    unsigned n = 1 + roll_below(&w->dice, w->setup.records_most);
    while (n-- && feed->next < feed->count)
        feed_one_(w, feed);
    cpi_intake_slot(feed->intake, chance(&w->dice, 5), w->box);
}

static inline bool has_work_(const struct world *w, unsigned q)
{
    return w->position[q] < w->log[q].count || !w->advanced[q];
}

static inline void act_task_(struct world *w, unsigned q)
{
    unsigned n = roll_below(&w->dice, w->setup.frames_most + 1);
    if (w->advanced[q] && !n)
        n = 1;
    for (; n && w->position[q] < w->log[q].count; n--) {
        struct sim_blob frame = w->log[q].frame[w->position[q]];
        if (cpi_task_feed(w->task[q], blob_text(frame), (int64_t)w->position[q], w->box))
            abort();
        w->position[q]++;
        if (chance(&w->dice, 30))
            cpi_task_advance(w->task[q], 1 + roll_below(&w->dice, 20), w->box);
    }
    uint64_t budget = w->setup.budget ? w->setup.budget : 1 + roll_below(&w->dice, 400);
    w->advanced[q] = cpi_task_advance(w->task[q], budget, w->box);
    w->cut += !w->advanced[q];
    cpi_task_settle(w->task[q], (int64_t)w->position[q], w->box);
}

/* ---- commit ---- */
static inline void compact_rows_(struct sim_rows *rows);
static inline void write_(struct cpi_buf *buf, char kind, uint32_t number, struct cpi_text a,
                          struct cpi_text b)
{
    cpi_buf_add_byte(buf, (uint8_t)kind);
    cpi_buf_put_uint(buf, number);
    cpi_buf_put_text(buf, a);
    cpi_buf_put_text(buf, b);
}

static inline void commit_frames_(struct world *w)
{
    size_t count;
    const struct cpi_frame_out *frame = cpi_outbox_frames(w->box, &count);
    for (size_t i = 0; i < count; i++) {
        struct sim_log *log = &w->log[frame[i].partition];
        log->frame = cpi_grow(log->frame, log->count, &log->cap, sizeof *log->frame);
        log->frame[log->count++] = blob_of(frame[i].bytes);
        write_(&w->transcript, 'F', frame[i].partition, frame[i].bytes, CPI_ABSENT);
    }
}

static inline void commit_outputs_(struct world *w)
{
    size_t count;
    const struct cpi_output *output = cpi_outbox_outputs(w->box, &count);
    struct sim_outputs *all = &w->outputs;
    for (size_t i = 0; i < count; i++) {
        all->at = cpi_grow(all->at, all->count, &all->cap, sizeof *all->at);
        all->at[all->count++] =
            (struct sim_output){ output[i].topic, own(output[i].key), own(output[i].value) };
        write_(&w->transcript, 'O', output[i].topic, output[i].key, output[i].value);
        for (size_t h = 0; h < output[i].n_headers; h++)
            write_(&w->transcript, 'H', 0, cpi_text_of(output[i].header[h].name),
                   output[i].header[h].value);
    }
}

static inline void commit_rows_(struct world *w)
{
    size_t count;
    const struct cpi_row *row = cpi_outbox_rows(w->box, &count);
    for (size_t i = 0; i < count; i++) {
        struct sim_rows *rows = &w->rows[row[i].task];
        rows->at = cpi_grow(rows->at, rows->count, &rows->cap, sizeof *rows->at);
        rows->at[rows->count++] = (struct sim_row){ blob_of(row[i].key), blob_of(row[i].value) };
    }
}

static inline void commit_(struct world *w)
{
    cpi_outbox_seal(w->box, w->clock);
    commit_frames_(w);
    commit_outputs_(w);
    commit_rows_(w);
    cpi_outbox_reset(w->box);
    for (unsigned q = 0; q < w->setup.tasks; q++)
        if (w->rows[q].count > 2 * w->rows[q].least + 4000)
            compact_rows_(&w->rows[q]);
    w->transactions++;
}

/* ---- the changelog ---- */
struct order_of_rows_ {
    const struct sim_row *row;
    size_t number;
};
static int order_rows_(const void *a, const void *b)
{
    const struct order_of_rows_ *l = a, *r = b;
    int order = cpi_text_order(blob_text(l->row->key), blob_text(r->row->key));
    return order ? order : (l->number > r->number) - (l->number < r->number);
}
/* Marks the rows among the first `end` that compaction keeps: the last one of each key. */
static inline bool *rows_last(const struct sim_rows *rows, size_t end)
{
    bool *last = cpi_xcalloc(rows->count + 1, sizeof *last);
    struct order_of_rows_ *sorted = cpi_xmalloc((end + 1) * sizeof *sorted);
    for (size_t i = 0; i < end; i++)
        sorted[i] = (struct order_of_rows_){ &rows->at[i], i };
    qsort(sorted, end, sizeof *sorted, order_rows_);
    for (size_t i = 0; i < end; i++)
        if (i + 1 == end ||
            cpi_text_order(blob_text(sorted[i].row->key), blob_text(sorted[i + 1].row->key)))
            last[sorted[i].number] = true;
    free(sorted);
    return last;
}

/* A new task from the changelog as a compacting broker may show it. */
static inline void restart_task(struct world *w, unsigned q, enum sim_restore how)
{
    const struct sim_rows *rows = &w->rows[q];
    size_t cleaned = how == SIM_ALL_ROWS         ? 0
                     : how == SIM_HALF_COMPACTED ? roll(&w->restart_dice) % (rows->count + 1)
                                                 : rows->count;
    bool *last = rows_last(rows, cleaned);
    int64_t next_offset = -2;
    cpi_task_free(w->task[q]);
    world_make_task_(w, q);
    for (size_t i = 0; i < rows->count; i++) {
        if (i < cleaned && !last[i])
            continue;
        if (how == SIM_NO_TOMBSTONES && !rows->at[i].value.at)
            continue;
        if (cpi_task_restore(w->task[q], blob_text(rows->at[i].key), blob_text(rows->at[i].value)))
            w->bad_restores++;
    }
    if (cpi_task_restored(w->task[q], &next_offset) ||
        next_offset != (rows->count ? (int64_t)w->position[q] : -1))
        w->bad_restores++;
    w->restarts++;
    free(last);
}

/* What the broker's cleaner does now and then: only the last row of each key is left. */
static inline void compact_rows_(struct sim_rows *rows)
{
    bool *last = rows_last(rows, rows->count);
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (last[i]) {
            rows->at[kept++] = rows->at[i];
            continue;
        }
        free(rows->at[i].key.at);
        free(rows->at[i].value.at);
    }
    rows->count = rows->least = kept;
    free(last);
}

static inline void restart_intake_(struct world *w, struct sim_feed *feed)
{
    struct cpi_buf metadata;
    cpi_buf_init(&metadata);
    cpi_intake_format(feed->intake, &metadata);
    cpi_intake_free(feed->intake);
    feed->intake = cpi_intake_new(w->model, feed->source, 0, feed->partition, feed->partitions);
    if (!cpi_intake_parse(feed->intake, cpi_buf_text(&metadata)))
        w->bad_restores++;
    cpi_buf_fini(&metadata);
}

/* Live rows as lines "key=value" in hex: what the state is, whatever its history. */
__attribute__((unused)) static void world_state(const struct world *w, unsigned q,
                                                struct lines *ret)
{
    const struct sim_rows *rows = &w->rows[q];
    bool *last = rows_last(rows, rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        if (!last[i] || !rows->at[i].value.at)
            continue;
        struct cpi_buf line;
        cpi_buf_init(&line);
        cpi_buf_add_format(&line, "%c ", rows->at[i].key.at[0]);
        for (int part = 0; part < 2; part++) {
            struct sim_blob blob = part ? rows->at[i].value : rows->at[i].key;
            for (uint32_t k = 0; k < blob.len; k++)
                cpi_buf_add_format(&line, "%02x", (uint8_t)blob.at[k]);
            cpi_buf_add_byte(&line, part ? ' ' : '=');
        }
        lines_add(ret, own(cpi_buf_text(&line)));
        cpi_buf_fini(&line);
    }
    lines_sort(ret);
    free(last);
}

/* ---- running ---- */
static inline struct sim_feed *hindmost_(struct world *w)
{
    struct sim_feed *behind = NULL;
    for (unsigned f = 0; f < w->n_feeds; f++) {
        struct sim_feed *feed = &w->feed[f];
        if (feed->next < feed->count &&
            (!behind || feed->record[feed->next]->arrival < behind->record[behind->next]->arrival))
            behind = feed;
    }
    return behind;
}

static inline bool act_(struct world *w, int *ret_task)
{
    unsigned feeds[SIM_FEEDS_MAX], n_feeds = 0, tasks[SIM_TASKS_MAX], n_tasks = 0;
    for (unsigned f = 0; f < w->n_feeds; f++)
        if (w->feed[f].next < w->feed[f].count)
            feeds[n_feeds++] = f;
    for (unsigned q = 0; q < w->setup.tasks; q++)
        if (has_work_(w, q))
            tasks[n_tasks++] = q;
    *ret_task = -1;
    if (!n_feeds && !n_tasks)
        return false;
    if (n_feeds && (!n_tasks || chance(&w->dice, w->setup.in_step ? 2 : w->setup.intake_percent))) {
        unsigned f = feeds[roll_below(&w->dice, n_feeds)];
        act_source_(w, w->setup.in_step ? hindmost_(w) : &w->feed[f]);
    } else {
        *ret_task = (int)tasks[roll_below(&w->dice, n_tasks)];
        act_task_(w, (unsigned)*ret_task);
    }
    return true;
}

/* One transaction; false if nothing was left to do. */
static inline bool world_step(struct world *w)
{
    bool acted[SIM_TASKS_MAX] = { false }, some = false;
    unsigned actions = 1 + roll_below(&w->dice, w->setup.actions_most);
    for (int task; actions; actions--) {
        if (!act_(w, &task))
            break;
        some = true;
        if (task >= 0)
            acted[task] = true;
    }
    if (!some)
        return false;
    commit_(w);
    for (unsigned q = 0; q < w->setup.tasks; q++)
        if (acted[q] && chance(&w->restart_dice, w->setup.restart_percent))
            restart_task(w, q, (enum sim_restore)roll_below(&w->restart_dice, SIM_RESTORES));
    for (unsigned f = 0; f < w->n_feeds; f++)
        if (chance(&w->restart_dice, w->setup.intake_restart_percent))
            restart_intake_(w, &w->feed[f]);
    return true;
}

/* Everybody hears once where time begins, so that no rule's first boundary depends on the batches
 * (A4: it is judged from the first W on). */
static inline void world_begin_(struct world *w)
{
    for (unsigned f = 0; f < w->n_feeds; f++) {
        feed_one_(w, &w->feed[f]);
        cpi_intake_slot(w->feed[f].intake, true, w->box);
        commit_(w);
    }
    for (unsigned q = 0, idle = 0; idle < w->setup.tasks; q = (q + 1) % w->setup.tasks) {
        idle++;
        if (!has_work_(w, q))
            continue;
        idle = 0;
        act_task_(w, q);
        commit_(w);
    }
}

static inline void world_run(struct world *w)
{
    world_begin_(w);
    while (world_step(w))
        ;
}

#endif
