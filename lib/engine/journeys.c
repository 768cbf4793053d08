#include "engine/journeys.h"

#include <stdlib.h>

#include "engine/put.h"
#include "window/calendar.h"

enum cpi_stage cpi_last_stage(const struct cpi_model *model)
{
    for (size_t i = 0; i < model->n_indicators; i++)
        if (model->indicator[i].cross)
            return CPI_STAGE_CUSTOMER;
    return CPI_STAGE_CASE;
}

#define AHEAD 4 /* journeys whose bytes are fetched while others are folded */

void cpi_journeys_init(struct cpi_journeys *journeys, const struct cpi_model *model,
                       enum cpi_stage stage, char row_letter, struct cpi_task_counts *counts)
{
    *journeys =
        (struct cpi_journeys){ .model = model,
                               .stage = stage,
                               .folded = CPI_TIME_NONE,
                               .sent = CPI_TIME_NONE,
                               .heard = stage == CPI_STAGE_CASE || stage == cpi_last_stage(model),
                               .counts = counts };
    cpi_store_init(&journeys->store, row_letter);
    cpi_slots_init(&journeys->slots);
    cpi_fold_init(&journeys->before, model);
    cpi_fold_init(&journeys->after, model);
    cpi_buf_init(&journeys->scratch);
}

bool cpi_journeys_decode_head(struct cpi_journeys *journeys, struct cpi_reader *r)
{
    if (!cpi_slots_decode(&journeys->slots, r))
        return false;
    journeys->folded = cpi_read_int(r);
    return cpi_time_fits_or(journeys->folded, CPI_TIME_NONE);
}

void cpi_journeys_fini(struct cpi_journeys *journeys)
{
    cpi_store_fini(&journeys->store);
    cpi_slots_fini(&journeys->slots);
    cpi_fold_fini(&journeys->before);
    cpi_fold_fini(&journeys->after);
    cpi_buf_fini(&journeys->scratch);
}

/* The finest step at or before w. */
static int64_t step_at(const struct cpi_journeys *journeys, int64_t w)
{
    struct cpi_calendar cal;
    if (w == CPI_TIME_NONE || w == CPI_TIME_END)
        return w;
    cpi_calendar_init(&cal, &journeys->model->zone);
    return cpi_calendar_floor(&cal, cpi_finest_step(journeys->model), w);
}

int64_t cpi_journeys_from(const struct cpi_journeys *journeys)
{
    return journeys->folded == CPI_TIME_NONE ? CPI_TIME_MIN : journeys->folded;
}

void cpi_journeys_fold(struct cpi_journeys *journeys, int64_t w,
                       void (*fold)(void *stage, uint32_t journey, int64_t from, int64_t until,
                                    struct cpi_outbox *box),
                       void *stage, struct cpi_outbox *box)
{
    int64_t step = step_at(journeys, w), from = cpi_journeys_from(journeys);
    size_t count;
    if (step == CPI_TIME_NONE || step <= journeys->folded)
        return;
    uint32_t *due = cpi_store_take_due(&journeys->store, step, &count);
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            cpi_store_prefetch(&journeys->store, due[i + AHEAD]);
        fold(stage, due[i], from, step, box);
    }
    free(due);
    journeys->folded = step;
    if (journeys->heard)
        cpi_outbox_urge(box);
}

static void put(const struct cpi_outcome *out, int sign, int64_t t, struct cpi_journeys *journeys,
                struct cpi_outbox *box)
{
    if (out->kind != CPI_OUTCOME_FACT) {
        cpi_outbox_put_customer(box, out->customer, t, sign, out->bytes);
        return;
    }
    struct cpi_fact fact = out->fact;
    fact.known = t;
    fact.sign *= sign;
    journeys->counts->facts++;
    cpi_outbox_put_fact(box, &fact, false);
}

static int order_outcomes(const struct cpi_fold *before, size_t b, const struct cpi_fold *after,
                          size_t a)
{
    if (b == before->n_out || a == after->n_out)
        return b == before->n_out ? 1 : -1;
    if (before->out[b].hash != after->out[a].hash)
        return before->out[b].hash < after->out[a].hash ? -1 : 1;
    return cpi_text_order(before->out[b].bytes, after->out[a].bytes);
}

static void subtract(struct cpi_journeys *journeys, int64_t t, struct cpi_outbox *box)
{
    const struct cpi_fold *before = &journeys->before, *after = &journeys->after;
    for (int sign = -1; sign <= 1;
         sign += 2) /* what is taken back goes out before what replaces it */
        for (size_t b = 0, a = 0; b < before->n_out || a < after->n_out;) {
            int order = order_outcomes(before, b, after, a);
            if (order < 0 && sign < 0)
                put(&before->out[b], -1, t, journeys, box);
            else if (order > 0 && sign > 0)
                put(&after->out[a], 1, t, journeys, box);
            b += order <= 0;
            a += order >= 0;
        }
}

void cpi_journeys_step_to(struct cpi_journeys *journeys, int64_t t, struct cpi_outbox *box)
{
    struct cpi_fold swap = journeys->before;
    journeys->counts->folds++;
    subtract(journeys, t, box);
    journeys->before = journeys->after;
    journeys->after = swap;
}

void cpi_journeys_slot(struct cpi_journeys *journeys, uint32_t task, uint32_t tasks,
                       struct cpi_outbox *box)
{
    if (journeys->folded == CPI_TIME_NONE || !journeys->heard)
        return;
    struct cpi_slot slot = {
        journeys->stage, 0, task, tasks, journeys->folded, cpi_slots_first(&journeys->slots)
    };
    cpi_outbox_put_slot(box, &slot, journeys->folded != journeys->sent);
    journeys->sent = journeys->folded;
}
