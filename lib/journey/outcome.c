/* Outcomes and their canonical bytes: two folds are compared by bytes, and what goes to the
 * customer stage goes as these bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journey/journey.h"

enum { BODY_START = 1, BODY_EVENT = 2 };

struct cpi_fact cpi_fold_fact(const struct cpi_fold *fold, uint16_t indicator,
                              enum cpi_fact_kind kind, const struct cpi_event *subject,
                              struct cpi_credited credit, int64_t time)
{
    struct cpi_fact fact = { .indicator = indicator,
                             .kind = kind,
                             .sign = 1,
                             .time = time,
                             .rep = credit.rep,
                             .team = credit.team,
                             .case_id = subject->case_id,
                             .customer = subject->customer };
    for (unsigned d = 0; d < fold->dims.count; d++)
        fact.dim[d] = cpi_event_member(subject, fold->dims.member[d]);
    return fact;
}

static struct cpi_buf *scratch(struct cpi_fold *fold)
{
    cpi_buf_reset(&fold->scratch);
    return &fold->scratch;
}

static struct cpi_outcome *add(struct cpi_fold *fold, enum cpi_outcome_kind kind, int64_t time,
                               const struct cpi_buf *bytes)
{
    fold->out = cpi_grow(fold->out, fold->n_out, &fold->cap_out, sizeof *fold->out);
    struct cpi_outcome *out = &fold->out[fold->n_out++];
    out->kind = kind;
    out->time = time;
    out->bytes = cpi_arena_text(&fold->arena, cpi_buf_text(bytes));
    out->hash = cpi_hash_text(out->bytes);
    return out;
}

void cpi_fold_add_fact(struct cpi_fold *fold, const struct cpi_fact *fact)
{
    struct cpi_buf *buf = scratch(fold);
    cpi_buf_put_uint(buf, fact->indicator);
    cpi_buf_add_byte(buf, (uint8_t)(fact->kind | (fact->good ? 16 : 0) | (fact->sign < 0 ? 32 : 0) |
                                    (fact->by ? 64 : 0)));
    cpi_buf_add_byte(buf, (uint8_t)fact->excluded);
    cpi_buf_put_int(buf, fact->time);
    cpi_buf_put_int(buf, fact->amount);
    cpi_buf_put_text(buf, fact->rep);
    cpi_buf_put_text(buf, fact->team);
    cpi_buf_put_text(buf, fact->case_id);
    cpi_buf_put_text(buf, fact->customer);
    for (unsigned d = 0; d < fold->dims.count; d++)
        cpi_buf_put_text(buf, fact->dim[d]);
    if (fact->by) { /* what is said of it is to be a function of the events, too */
        cpi_buf_put_uint(buf, fact->by->type);
        cpi_buf_put_int(buf, fact->by->time);
        cpi_buf_put_text(buf, fact->by->case_id);
    }
    add(fold, CPI_OUTCOME_FACT, fact->time, buf)->fact = *fact;
}

void cpi_fold_add_forward(struct cpi_fold *fold, const struct cpi_event *ev)
{
    struct cpi_buf *buf = scratch(fold);
    struct cpi_event sent = *ev;
    sent.known = ev->time; /* the item carries its own known; what is compared is the event */
    cpi_buf_add_byte(buf, BODY_EVENT);
    cpi_event_encode(&sent, fold->model, buf);
    add(fold, CPI_OUTCOME_FORWARD, ev->time, buf)->customer = ev->customer;
}

/* A start whose customer is unknown is decided in a journey of its own case (J1). */
static struct cpi_text start_key(struct cpi_fold *fold, const struct cpi_start *start)
{
    if (cpi_text_is(start->customer))
        return start->customer;
    return cpi_arena_format(&fold->arena, "\x1f%.*s", CPI_TEXT_ARG(start->case_id));
}

void cpi_fold_add_start(struct cpi_fold *fold, const struct cpi_start *start)
{
    struct cpi_buf *buf = scratch(fold);
    cpi_buf_add_byte(buf, BODY_START);
    cpi_buf_put_u64(buf, fold->model->indicator[start->indicator].hash);
    cpi_buf_put_int(buf, start->time);
    cpi_buf_put_u64(buf, start->id.lo);
    cpi_buf_put_u64(buf, start->id.hi);
    cpi_buf_put_text(buf, start->case_id);
    cpi_buf_put_text(buf, start->customer);
    cpi_buf_add_byte(buf, (uint8_t)start->own);
    cpi_buf_put_int(buf, start->own_time);
    cpi_buf_put_text(buf, start->own_rep);
    cpi_buf_put_text(buf, start->own_team);
    cpi_buf_put_uint(buf, start->n_holds);
    for (size_t i = 0; i < start->n_holds; i++) {
        cpi_buf_put_int(buf, start->hold[i].from);
        cpi_buf_put_text(buf, start->hold[i].rep);
        cpi_buf_put_text(buf, start->hold[i].team);
    }
    cpi_buf_add_byte(buf, start->limited);
    cpi_buf_put_int(buf, start->limited_at);
    cpi_buf_put_uint(buf, start->n_same);
    for (size_t i = 0; i < start->n_same; i++)
        cpi_buf_put_text(buf, start->same[i]);
    cpi_buf_put_uint(buf, fold->dims.count);
    for (unsigned d = 0; d < fold->dims.count; d++)
        cpi_buf_put_text(buf, start->dim[d]);
    struct cpi_text key = start_key(fold, start);
    add(fold, CPI_OUTCOME_START, start->time, buf)->customer = key;
}

/* Reads what follows the kind byte. */
int cpi_start_decode(struct cpi_reader *r, const struct cpi_model *model, struct cpi_arena *arena,
                     struct cpi_start *ret)
{
    *ret = (struct cpi_start){ 0 };
    ret->indicator = cpi_model_indicator_of_hash(model, (uint32_t)cpi_read_u64(r));
    ret->time = cpi_read_int(r);
    ret->id.lo = cpi_read_u64(r);
    ret->id.hi = cpi_read_u64(r);
    ret->case_id = cpi_read_text(r);
    ret->customer = cpi_read_text(r);
    ret->own = (enum cpi_decision)cpi_read_byte(r);
    ret->own_time = cpi_read_int(r);
    ret->own_rep = cpi_read_text(r);
    ret->own_team = cpi_read_text(r);
    ret->n_holds = cpi_read_uint(r);
    if (r->bad || ret->own > CPI_WON || ret->n_holds > cpi_reader_left(r) ||
        !cpi_time_fits(ret->time) || !cpi_time_fits(ret->own_time))
        return -EBADMSG;
    ret->hold = cpi_arena_take(arena, ret->n_holds * sizeof *ret->hold);
    for (size_t i = 0; i < ret->n_holds; i++) {
        ret->hold[i].from = cpi_read_int(r);
        ret->hold[i].rep = cpi_read_text(r);
        ret->hold[i].team = cpi_read_text(r);
        r->bad |= !cpi_time_fits(ret->hold[i].from);
    }
    ret->limited = cpi_read_byte(r) != 0;
    ret->limited_at = cpi_read_int(r);
    r->bad |= !cpi_time_fits_or(ret->limited_at, CPI_TIME_END);
    ret->n_same = cpi_read_uint(r);
    for (size_t i = 0; i < ret->n_same && !r->bad; i++) {
        struct cpi_text value = cpi_read_text(r);
        if (i < CPI_SAME_MAX * 2)
            ret->same[i] = value;
    }
    uint64_t dims = cpi_read_uint(r);
    for (uint64_t i = 0; i < dims && !r->bad; i++) {
        struct cpi_text value = cpi_read_text(r);
        if (i < CPI_DIM_FIELDS_MAX)
            ret->dim[i] = value;
    }
    if (ret->n_same > CPI_SAME_MAX * 2)
        ret->n_same = CPI_SAME_MAX * 2;
    if (r->bad)
        return -EBADMSG;
    return ret->indicator == CPI_NO_INDEX ? -ENOENT : 0;
}

int cpi_entry_decode(struct cpi_entry *entry, const struct cpi_model *model,
                     struct cpi_arena *arena)
{
    struct cpi_reader r = cpi_reader_of(entry->body.at, entry->body.len);
    uint8_t kind = cpi_read_byte(&r);
    entry->is_start = kind == BODY_START;
    entry->start = NULL;
    entry->seen = NULL;
    if (entry->is_start) {
        struct cpi_start *start = cpi_arena_take(arena, sizeof *start);
        int e = cpi_start_decode(&r, model, arena, start);
        entry->time = start->time;
        entry->start = e ? NULL : start;
        return cpi_reader_left(&r) ? -EBADMSG : e;
    }
    struct cpi_event_field room[CPI_EVENT_FIELDS_MAX];
    struct cpi_seen *seen = cpi_arena_take(arena, sizeof *seen);
    int e = cpi_event_decode(&r, model, room, &seen->ev);
    if (e || kind != BODY_EVENT || cpi_reader_left(&r))
        return e == -ENOENT && kind == BODY_EVENT && !cpi_reader_left(&r) ? -ENOENT : -EBADMSG;
    entry->time = seen->ev.time;
    seen->ev.field = cpi_arena_take(arena, seen->ev.n_fields * sizeof *room);
    memcpy(seen->ev.field, room, seen->ev.n_fields * sizeof *room);
    seen->words = cpi_event_words(&seen->ev, model);
    entry->seen = seen;
    return 0;
}

static int order_outcomes(const void *a, const void *b)
{
    const struct cpi_outcome *l = a, *r = b;
    if (l->hash != r->hash)
        return l->hash < r->hash ? -1 : 1;
    return cpi_text_order(l->bytes, r->bytes);
}

void cpi_fold_sort(struct cpi_fold *fold)
{
    bool sorted = true;
    for (size_t i = 1; i < fold->n_out && sorted; i++)
        sorted = order_outcomes(&fold->out[i - 1], &fold->out[i]) <= 0;
    if (!sorted)
        qsort(fold->out, fold->n_out, sizeof *fold->out, order_outcomes);
}
