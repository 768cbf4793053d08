#include "cpi/task.h"

#include <errno.h>
#include <stdlib.h>

#include "cpi/alloc.h"
#include "engine/journeys.h"
#include "engine/put.h"
#include "engine/window_stage.h"

#define HEAD_FORMAT 3

struct cpi_task {
    const struct cpi_model *model;
    uint32_t q, partitions;
    struct cpi_case_stage cases;
    struct cpi_customer_stage customers;
    struct cpi_window_stage windows;
    struct cpi_task_counts counts;
    uint32_t generation; /* the highest one seen in frames */
    int64_t next_offset; /* restored */
};

struct cpi_task *cpi_task_new(const struct cpi_model *model, uint32_t q, uint32_t partitions)
{
    struct cpi_task *task = cpi_xcalloc(1, sizeof *task);
    task->model = model;
    task->q = q;
    task->partitions = partitions;
    task->generation = model->generation;
    task->next_offset = -1;
    cpi_case_stage_init(&task->cases, model, &task->counts);
    cpi_customer_stage_init(&task->customers, model, &task->counts);
    cpi_window_stage_init(&task->windows, model, q, partitions, &task->counts);
    return task;
}

void cpi_task_free(struct cpi_task *task)
{
    if (!task)
        return;
    cpi_case_stage_fini(&task->cases);
    cpi_customer_stage_fini(&task->customers);
    cpi_window_stage_fini(&task->windows);
    free(task);
}

void cpi_task_replay(struct cpi_task *task, bool every_boundary)
{
    task->windows.replay = true;
    task->windows.every_boundary = every_boundary;
}

static bool take_items(struct cpi_task *task, struct cpi_frame *frame, struct cpi_outbox *box)
{
    struct cpi_item item;
    bool fine = true;
    while (fine && cpi_frame_next_item(frame, &item)) {
        task->counts.items++;
        if (item.stage == CPI_STAGE_CASE)
            fine = cpi_case_stage_take(&task->cases, &item, box);
        else if (item.stage == CPI_STAGE_CUSTOMER)
            fine = cpi_customer_stage_take(&task->customers, &item);
        else
            fine = cpi_window_stage_take(&task->windows, &item);
    }
    return fine && !frame->items.bad;
}

static bool take_slots(struct cpi_task *task, struct cpi_frame *frame, struct cpi_outbox *box)
{
    struct cpi_slots *sources = &task->cases.journeys.slots,
                     *cases = &task->customers.journeys.slots;
    struct cpi_slot slot, *last = cpi_xcalloc(frame->n_slots, sizeof *last);
    size_t n_sources = 0, n_cases = 0, n_last = 0;
    bool ended = false;
    while (cpi_frame_next_slot(frame, &slot)) {
        ended |= slot.w == CPI_TIME_END;
        if (slot.stage == CPI_STAGE_SOURCE) {
            cpi_slots_update(sources, &slot);
            n_sources++;
        } else if (slot.stage == CPI_STAGE_CASE) {
            cpi_slots_update(cases, &slot);
            n_cases++;
        }
        if (slot.stage == task->windows.sender && n_last < frame->n_slots)
            last[n_last++] = slot;
    }
    if (frame->slots.bad || (ended && !task->windows.replay)) { /* only files have an end */
        free(last);
        return false;
    }
    if (n_sources)
        cpi_case_stage_fold(&task->cases, cpi_slots_min_sources(sources, task->model), box);
    if (n_cases)
        cpi_customer_stage_fold(&task->customers,
                                cpi_slots_min_tasks(cases, CPI_STAGE_CASE, task->partitions), box);
    if (n_last || frame->clock != CPI_TIME_NONE)
        cpi_window_stage_queue(&task->windows, last, n_last, frame->clock);
    free(last);
    return true;
}

int cpi_task_feed(struct cpi_task *task, struct cpi_text bytes, int64_t offset,
                  struct cpi_outbox *box)
{
    struct cpi_frame frame;
    (void)offset;
    int r = cpi_frame_decode(bytes, &frame);
    if (r)
        return r;
    if (frame.generation > task->model->generation)
        return -ESTALE;
    task->counts.frames++;
    return take_items(task, &frame, box) && take_slots(task, &frame, box) ? 0 : -EBADMSG;
}

bool cpi_task_advance(struct cpi_task *task, uint64_t budget, struct cpi_outbox *box)
{
    return cpi_window_stage_advance(&task->windows, budget, box);
}

bool cpi_task_is_due(const struct cpi_task *task)
{
    return task->windows.n_effects > 0;
}

static void put_head(struct cpi_task *task, int64_t next_offset, struct cpi_outbox *box)
{
    struct cpi_buf head;
    cpi_buf_init(&head);
    cpi_buf_add_byte(&head, HEAD_FORMAT);
    cpi_buf_put_uint(&head, task->model->generation);
    cpi_buf_put_int(&head, next_offset);
    cpi_slots_encode(&task->cases.journeys.slots, &head);
    cpi_buf_put_int(&head, task->cases.journeys.folded);
    cpi_slots_encode(&task->customers.journeys.slots, &head);
    cpi_buf_put_int(&head, task->customers.journeys.folded);
    cpi_window_stage_encode_head(&task->windows, &head);
    cpi_outbox_put_row(box, task->q, CPI_TEXT("h"), cpi_buf_text(&head));
    cpi_buf_fini(&head);
}

void cpi_task_settle(struct cpi_task *task, int64_t next_offset, struct cpi_outbox *box)
{
    cpi_journeys_slot(&task->cases.journeys, task->q, task->partitions, box);
    cpi_journeys_slot(&task->customers.journeys, task->q, task->partitions, box);
    cpi_store_settle(&task->cases.journeys.store, task->q, box);
    cpi_ids_settle(&task->cases.ids, task->q, box);
    cpi_ids_settle(&task->cases.gone, task->q, box);
    cpi_store_settle(&task->customers.journeys.store, task->q, box);
    cpi_window_stage_settle(&task->windows, box);
    if (cpi_outbox_wants_rows(box))
        put_head(task, next_offset, box);
}

static bool restore_head(struct cpi_task *task, struct cpi_text value)
{
    struct cpi_reader r = cpi_reader_of(value.at, value.at ? value.len : 0);
    if (cpi_read_byte(&r) != HEAD_FORMAT)
        return false;
    cpi_read_uint(&r); /* the generation that wrote it */
    task->next_offset = cpi_read_int(&r);
    return task->next_offset >= 0 && cpi_journeys_decode_head(&task->cases.journeys, &r) &&
           cpi_journeys_decode_head(&task->customers.journeys, &r) &&
           cpi_window_stage_decode_head(&task->windows, &r) && !cpi_reader_left(&r);
}

int cpi_task_restore(struct cpi_task *task, struct cpi_text key, struct cpi_text value)
{
    bool fine = false;
    switch (key.len ? key.at[0] : 0) {
    case 'h':
        fine = restore_head(task, value);
        break;
    case 'j':
        fine = cpi_store_restore(&task->cases.journeys.store, key, value);
        break;
    case 'i':
        fine = cpi_ids_restore(&task->cases.ids, key, value);
        break;
    case 'g':
        fine = cpi_ids_restore(&task->cases.gone, key, value);
        break;
    case 'c':
        fine = cpi_store_restore(&task->customers.journeys.store, key, value);
        break;
    case 'b':
    case 'e':
    case 'p':
        fine = cpi_window_stage_restore(&task->windows, key, value);
        break;
    default:
        break;
    }
    return fine ? 0 : -EBADMSG;
}

int cpi_task_restored(struct cpi_task *task, int64_t *ret_next_offset)
{
    *ret_next_offset = task->next_offset;
    if (!cpi_case_stage_restored(&task->cases) || !cpi_customer_stage_restored(&task->customers))
        return -EBADMSG;
    cpi_window_stage_restored(&task->windows);
    return 0;
}

const struct cpi_task_counts *cpi_task_counts(const struct cpi_task *task)
{
    return &task->counts;
}

static void count_rules(const struct cpi_entities *entities, struct cpi_task_status *ret)
{
    for (size_t e = 0; e < entities->count; e++) {
        const struct cpi_seat *seat = &entities->at[e];
        ret->state_bytes += cpi_seat_bytes(seat);
        for (size_t r = 0; seat->key && !seat->asleep && r < seat->awake->n_rules; r++) {
            ret->firing += seat->awake->rule[r].state.phase == CPI_ALERT_FIRING;
            ret->pending_alerts += seat->awake->rule[r].state.phase == CPI_ALERT_PENDING;
        }
    }
}

int64_t cpi_task_watermark(const struct cpi_task *task)
{
    return task->windows.w;
}

void cpi_task_status(const struct cpi_task *task, struct cpi_task_status *ret)
{
    const struct cpi_journeys *cases = &task->cases.journeys,
                              *customers = &task->customers.journeys;
    const struct cpi_slot *holds = &cases->slots.lowest;
    *ret = (struct cpi_task_status){ .case_w = cases->folded,
                                     .customer_w = customers->folded,
                                     .window_w = task->windows.w,
                                     .cursor = task->windows.cursor,
                                     .clock = task->windows.clock };
    ret->journeys = ret->open_cases = cases->store.live;
    ret->customers = customers->store.live;
    ret->entities = cpi_entities_live(&task->windows.entities);
    ret->state_bytes = cases->store.bytes + customers->store.bytes +
                       cpi_ids_bytes(&task->cases.ids) + cpi_ids_bytes(&task->cases.gone);
    count_rules(&task->windows.entities, ret);
    ret->holds_missing = cases->slots.missing;
    ret->holds_partition = holds->partition;
    for (size_t s = 0; s < task->model->n_sources; s++)
        for (size_t t = 0; t < task->model->source[s].n_topics; t++)
            if (cpi_hash_name(task->model->source[s].topic[t]) == holds->origin)
                ret->holds_topic = task->model->source[s].topic[t];
}
