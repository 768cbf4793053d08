#include "cpi/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/hash.h"
#include "engine/combine.h"
#include "engine/emit.h"
#include "engine/put.h"

/* Room for what stands before the items of a frame: its head and slots come last but go first. */
#define HEAD_ROOM 1024

struct target {           /* a partition of the repartition topic */
    struct cpi_buf frame; /* HEAD_ROOM, and the items so far; empty = no item */
};
struct cpi_outbox {
    const struct cpi_model *model;
    uint32_t partitions;
    struct target *target;
    struct cpi_combiner combiner;
    struct cpi_slot *slot;
    size_t n_slots, cap_slots;
    bool to_all, urgent, skip_rows, all_facts;
    struct cpi_frame_out *frame;
    struct cpi_buf *sent; /* what the frames are views of */
    size_t n_frames, cap_frames, cap_sent;
    struct cpi_output *output;
    size_t n_outputs, cap_outputs;
    struct cpi_row *row;
    size_t n_rows, cap_rows;
    struct cpi_arena arena; /* of outputs and rows */
    size_t bytes;
    struct cpi_buf head, body;
};

static const char *const topic_names[CPI_TOPICS] = { "indicators", "revisions", "alerts", "facts",
                                                     "dead-letters" };

const char *cpi_topic_name(enum cpi_topic topic)
{
    return topic_names[topic];
}

struct cpi_outbox *cpi_outbox_new(const struct cpi_model *model, uint32_t partitions)
{
    struct cpi_outbox *box = cpi_xcalloc(1, sizeof *box);
    box->model = model;
    box->partitions = partitions;
    box->target = cpi_xcalloc(partitions, sizeof *box->target);
    cpi_combiner_init(&box->combiner, model);
    cpi_arena_init(&box->arena);
    return box;
}

void cpi_outbox_free(struct cpi_outbox *box)
{
    if (!box)
        return;
    cpi_outbox_reset(box);
    for (uint32_t p = 0; p < box->partitions; p++)
        cpi_buf_fini(&box->target[p].frame);
    free(box->target);
    cpi_combiner_fini(&box->combiner);
    free(box->slot);
    free(box->frame);
    free(box->sent);
    free(box->output);
    free(box->row);
    cpi_arena_fini(&box->arena);
    cpi_buf_fini(&box->head);
    cpi_buf_fini(&box->body);
    free(box);
}

/* A frame's memory goes back to its partition if that has none, so that the next one need not grow.
 */
static void take_back(struct cpi_outbox *box, size_t f)
{
    struct cpi_buf *frame = &box->target[box->frame[f].partition].frame;
    if (frame->cap)
        cpi_buf_fini(&box->sent[f]);
    else
        *frame = box->sent[f];
    cpi_buf_reset(frame);
}

void cpi_outbox_reset(struct cpi_outbox *box)
{
    for (size_t f = 0; f < box->n_frames; f++)
        take_back(box, f);
    for (uint32_t p = 0; p < box->partitions; p++)
        cpi_buf_reset(&box->target[p].frame);
    cpi_combiner_reset(&box->combiner);
    box->n_slots = box->n_frames = box->n_outputs = box->n_rows = 0;
    box->to_all = box->urgent = false;
    box->bytes = 0;
    cpi_arena_reset(&box->arena);
}

/* Writes the head before the items: what they lie in becomes a frame. */
static void finish_frame(struct cpi_outbox *box, uint32_t p, int64_t clock_ms,
                         struct cpi_text slots, uint32_t n_slots)
{
    struct cpi_buf *frame = &box->target[p].frame;
    size_t n_items = frame->len ? frame->len - HEAD_ROOM : 0;
    cpi_buf_reset(&box->head);
    cpi_frame_encode_head(box->model->generation, clock_ms, slots, n_slots, &box->head);
    size_t begin = box->head.len > HEAD_ROOM ? 0 : HEAD_ROOM - box->head.len;
    if (!frame->len || !begin) { /* nothing lies there yet, or the head is long */
        cpi_buf_reserve(frame, HEAD_ROOM + box->head.len);
        if (n_items)
            memmove(frame->at + begin + box->head.len, frame->at + HEAD_ROOM, n_items);
    }
    memcpy(frame->at + begin, box->head.at, box->head.len);
    struct cpi_text bytes = { (const char *)frame->at + begin,
                              (uint32_t)(box->head.len + n_items) };
    box->frame = cpi_grow(box->frame, box->n_frames, &box->cap_frames, sizeof *box->frame);
    box->sent = cpi_grow(box->sent, box->n_frames, &box->cap_sent, sizeof *box->sent);
    box->sent[box->n_frames] = *frame;
    box->frame[box->n_frames++] = (struct cpi_frame_out){ p, bytes };
    cpi_buf_init(frame);
}

/* Where the next item of that key goes. */
static uint32_t begin_item(struct cpi_outbox *box, struct cpi_text partition_key)
{
    uint32_t p = cpi_hash_partition(cpi_hash_text(partition_key), box->partitions);
    struct cpi_buf *frame = &box->target[p].frame;
    if (!frame->len) {
        cpi_buf_reserve(frame, HEAD_ROOM + 64);
        frame->len = HEAD_ROOM;
    }
    return p;
}

/* The item that began at `from` is complete. If the frame is full now, the item opens the next. */
static void end_item(struct cpi_outbox *box, uint32_t p, size_t from)
{
    struct cpi_buf *frame = &box->target[p].frame, item = { NULL, 0, 0 };
    box->bytes += frame->len - from;
    if (from == HEAD_ROOM || frame->len - HEAD_ROOM <= CPI_FRAME_BYTES_MAX - 4096)
        return;
    cpi_buf_reserve(&item, HEAD_ROOM + frame->len - from);
    item.len = HEAD_ROOM;
    cpi_buf_add(&item, frame->at + from, frame->len - from);
    frame->len = from;
    finish_frame(box, p, CPI_TIME_NONE, CPI_TEXT(""), 0);
    *frame = item;
}

static void put_item(struct cpi_outbox *box, struct cpi_text partition_key,
                     const struct cpi_item *item)
{
    uint32_t p = begin_item(box, partition_key);
    size_t from = box->target[p].frame.len;
    cpi_item_encode(item, &box->target[p].frame);
    end_item(box, p, from);
}

void cpi_outbox_put_event(struct cpi_outbox *box, const struct cpi_event *ev)
{
    uint32_t p = begin_item(box, ev->case_id);
    struct cpi_buf *frame = &box->target[p].frame;
    size_t from = frame->len;
    cpi_item_encode_head(&(struct cpi_item){ CPI_STAGE_CASE, 1, ev->known, CPI_ABSENT, CPI_ABSENT },
                         frame);
    size_t body = cpi_buf_begin_text(frame);
    cpi_event_encode(ev, box->model, frame);
    cpi_buf_end_text(frame, body);
    end_item(box, p, from);
}

void cpi_outbox_put_customer(struct cpi_outbox *box, struct cpi_text key, int64_t known, int sign,
                             struct cpi_text body)
{
    struct cpi_item item = { CPI_STAGE_CUSTOMER, sign, known, key, body };
    put_item(box, key, &item);
}

void cpi_outbox_put_fact(struct cpi_outbox *box, const struct cpi_fact *fact, bool alike)
{
    if (box->model->indicator[fact->indicator].n_over)
        cpi_combiner_add(&box->combiner, fact, alike);
    if (box->all_facts || (box->model->facts && fact->kind != CPI_FACT_PENDING))
        cpi_emit_fact(box, box->model, &box->combiner.dims, fact);
}

void cpi_outbox_put_slot(struct cpi_outbox *box, const struct cpi_slot *slot, bool to_all)
{
    size_t i = 0;
    while (i < box->n_slots &&
           (box->slot[i].stage != slot->stage || box->slot[i].origin != slot->origin ||
            box->slot[i].partition != slot->partition))
        i++;
    if (i == box->n_slots) {
        box->slot = cpi_grow(box->slot, box->n_slots, &box->cap_slots, sizeof *box->slot);
        box->n_slots++;
    }
    box->slot[i] = *slot;
    box->to_all |= to_all;
}

void cpi_outbox_put_output(struct cpi_outbox *box, enum cpi_topic topic, struct cpi_text key,
                           struct cpi_text value, const struct cpi_out_header *header,
                           size_t n_headers)
{
    struct cpi_out_header *copy = cpi_arena_take(&box->arena, n_headers * sizeof *copy);
    for (size_t i = 0; i < n_headers; i++)
        copy[i] =
            (struct cpi_out_header){ header[i].name, cpi_arena_text(&box->arena, header[i].value) };
    box->output = cpi_grow(box->output, box->n_outputs, &box->cap_outputs, sizeof *box->output);
    box->output[box->n_outputs++] =
        (struct cpi_output){ topic, cpi_arena_text(&box->arena, key),
                             cpi_arena_text(&box->arena, value), copy, n_headers };
    box->bytes += (size_t)key.len + value.len;
    box->urgent |=
        topic == CPI_TOPIC_INDICATORS || topic == CPI_TOPIC_REVISIONS || topic == CPI_TOPIC_ALERTS;
}

void cpi_outbox_put_row(struct cpi_outbox *box, uint32_t task, struct cpi_text key,
                        struct cpi_text value)
{
    box->row = cpi_grow(box->row, box->n_rows, &box->cap_rows, sizeof *box->row);
    box->row[box->n_rows++] = (struct cpi_row){ task, cpi_arena_text(&box->arena, key),
                                                cpi_arena_text(&box->arena, value) };
    box->bytes += (size_t)key.len + value.len;
}

void cpi_outbox_tell_all(struct cpi_outbox *box)
{
    box->all_facts = true;
}

void cpi_outbox_skip_rows(struct cpi_outbox *box)
{
    box->skip_rows = true;
}

bool cpi_outbox_wants_rows(const struct cpi_outbox *box)
{
    return !box->skip_rows;
}

void cpi_outbox_urge(struct cpi_outbox *box)
{
    box->urgent = true;
}

static void put_rows(struct cpi_outbox *box)
{
    struct cpi_buf *body = &box->body;
    cpi_combiner_fan_out(&box->combiner);
    struct cpi_groups *groups = &box->combiner.entities;
    for (size_t g = 0; g < groups->count; g++) {
        cpi_buf_reset(body);
        cpi_group_encode(&groups->at[g], box->model, body);
        struct cpi_item item = { CPI_STAGE_WINDOW, 1, groups->at[g].known_step, groups->at[g].key,
                                 cpi_buf_text(body) };
        put_item(box, groups->at[g].key, &item);
    }
    cpi_combiner_reset(&box->combiner);
}

void cpi_outbox_seal(struct cpi_outbox *box, int64_t clock_ms)
{
    struct cpi_buf slots;
    cpi_buf_init(&slots);
    put_rows(box);
    for (size_t i = 0; i < box->n_slots; i++)
        cpi_slot_encode(&box->slot[i], &slots);
    for (uint32_t p = 0; p < box->partitions; p++)
        if (box->target[p].frame.len || box->to_all)
            finish_frame(box, p, clock_ms, cpi_buf_text(&slots), (uint32_t)box->n_slots);
    box->n_slots = 0;
    box->to_all = false;
    cpi_buf_fini(&slots);
}

const struct cpi_frame_out *cpi_outbox_frames(const struct cpi_outbox *box, size_t *ret_count)
{
    *ret_count = box->n_frames;
    return box->frame;
}

const struct cpi_output *cpi_outbox_outputs(const struct cpi_outbox *box, size_t *ret_count)
{
    *ret_count = box->n_outputs;
    return box->output;
}

const struct cpi_row *cpi_outbox_rows(const struct cpi_outbox *box, size_t *ret_count)
{
    *ret_count = box->n_rows;
    return box->row;
}

bool cpi_outbox_is_urgent(const struct cpi_outbox *box)
{
    return box->urgent;
}

bool cpi_outbox_is_empty(const struct cpi_outbox *box)
{
    return !box->bytes && !box->n_slots && !box->n_frames && !box->combiner.credits.count;
}

size_t cpi_outbox_bytes(const struct cpi_outbox *box)
{
    return box->bytes;
}
