#include "cpi/event.h"

#include <errno.h>
#include <string.h>

#include "cpi/time.h"

enum {
    OWN_CASE = 1,
    CUSTOMER_NULL = 2,
    REP_NULL = 4,
    TEAM_NULL = 8,
};

static struct cpi_text innermost(struct cpi_text path)
{
    const char *end = path.at ? memchr(path.at, CPI_TEAM_SEPARATOR, path.len) : NULL;
    return end ? (struct cpi_text){ path.at, (uint32_t)(end - path.at) } : path;
}

struct cpi_text cpi_event_member(const struct cpi_event *ev, uint16_t member)
{
    switch (member) {
    case CPI_MEMBER_CASE:
        return ev->case_id;
    case CPI_MEMBER_CUSTOMER:
        return ev->customer;
    case CPI_MEMBER_REP:
        return ev->rep;
    case CPI_MEMBER_TEAM:
        return innermost(ev->team);
    default:
        break;
    }
    uint16_t field = (uint16_t)(member - CPI_MEMBER_FIELD0);
    for (unsigned i = 0; i < ev->n_fields && ev->field[i].field <= field; i++)
        if (ev->field[i].field == field)
            return ev->field[i].value;
    return CPI_ABSENT;
}

int cpi_event_order(const struct cpi_event *a, const struct cpi_event *b)
{
    const int64_t left[] = { a->time, a->seq, a->source, a->partition, a->offset, a->index };
    const int64_t right[] = { b->time, b->seq, b->source, b->partition, b->offset, b->index };
    for (unsigned i = 0; i < sizeof left / sizeof *left; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static uint8_t flags_of(const struct cpi_event *ev)
{
    return (uint8_t)((ev->own_case ? OWN_CASE : 0) | (ev->customer_null ? CUSTOMER_NULL : 0) |
                     (ev->rep_null ? REP_NULL : 0) | (ev->team_null ? TEAM_NULL : 0));
}

/* At most what the event takes. */
static size_t bytes_max(const struct cpi_event *ev)
{
    size_t bytes = 64 + 12 * CPI_UINT_BYTES_MAX;
    bytes += (size_t)ev->case_id.len + ev->customer.len + ev->rep.len + ev->team.len;
    for (unsigned i = 0; i < ev->n_fields; i++)
        bytes += 4 + CPI_UINT_BYTES_MAX + (size_t)ev->field[i].value.len;
    return bytes;
}

void cpi_event_encode(const struct cpi_event *ev, const struct cpi_model *model,
                      struct cpi_buf *buf)
{
    cpi_buf_reserve(buf, bytes_max(ev));
    uint8_t *p = buf->at + buf->len;
    *p++ = flags_of(ev);
    p = cpi_write_u32(p, model->type[ev->type].hash);
    p = cpi_write_u32(p, model->source[ev->source].hash);
    p = cpi_write_uint(p, cpi_zigzag(ev->time));
    p = cpi_write_uint(p, (uint64_t)ev->known - (uint64_t)ev->time); /* known >= time (T3) */
    p = cpi_write_uint(p, cpi_zigzag(ev->seq));
    p = cpi_write_uint(p, ev->partition);
    p = cpi_write_uint(p, cpi_zigzag(ev->offset));
    p = cpi_write_uint(p, ev->index);
    p = cpi_write_u64(p, ev->id.lo);
    p = cpi_write_u64(p, ev->id.hi);
    p = cpi_write_text(p, ev->case_id);
    p = cpi_write_text(p, ev->customer);
    p = cpi_write_text(p, ev->rep);
    p = cpi_write_text(p, ev->team);
    p = cpi_write_uint(p, ev->n_fields);
    for (unsigned i = 0; i < ev->n_fields; i++) {
        p = cpi_write_u32(p, model->field[ev->field[i].field].hash);
        p = cpi_write_text(p, ev->field[i].value);
    }
    buf->len = (size_t)(p - buf->at);
}

void cpi_event_put_field(struct cpi_event *ev, uint16_t field, struct cpi_text value)
{
    unsigned k = ev->n_fields++;
    for (; k && ev->field[k - 1].field > field; k--)
        ev->field[k] = ev->field[k - 1];
    ev->field[k] = (struct cpi_event_field){ field, value };
}

void cpi_event_read_place(struct cpi_reader *r, struct cpi_event *ret)
{
    ret->seq = cpi_read_int(r);
    uint64_t partition = cpi_read_uint(r);
    ret->offset = cpi_read_int(r);
    uint64_t index = cpi_read_uint(r);
    ret->partition = (uint32_t)partition;
    ret->index = (uint32_t)index;
    ret->id.lo = cpi_read_u64(r);
    ret->id.hi = cpi_read_u64(r);
    r->bad |= (partition | index) > UINT32_MAX;
}

static void decode_fields(struct cpi_reader *r, const struct cpi_model *model,
                          struct cpi_event_field *room, struct cpi_event *ret)
{
    uint64_t count = cpi_read_uint(r);
    ret->field = room;
    ret->n_fields = 0;
    for (uint64_t i = 0; i < count && !r->bad; i++) {
        uint16_t field = cpi_model_field_of_hash(model, cpi_read_u32(r));
        struct cpi_text value = cpi_read_text(r);
        if (field == CPI_NO_INDEX || ret->n_fields == CPI_EVENT_FIELDS_MAX)
            continue;
        cpi_event_put_field(ret, field, value);
    }
}

int cpi_event_decode(struct cpi_reader *r, const struct cpi_model *model,
                     struct cpi_event_field *room, struct cpi_event *ret)
{
    uint8_t flags = cpi_read_byte(r);
    ret->own_case = flags & OWN_CASE;
    ret->customer_null = flags & CUSTOMER_NULL;
    ret->rep_null = flags & REP_NULL;
    ret->team_null = flags & TEAM_NULL;
    ret->type = cpi_model_type_of_hash(model, cpi_read_u32(r));
    ret->source = cpi_model_source_of_hash(model, cpi_read_u32(r));
    ret->time = cpi_read_int(r);
    ret->known = (int64_t)((uint64_t)ret->time + cpi_read_uint(r));
    cpi_event_read_place(r, ret);
    ret->id_text = CPI_ABSENT;
    ret->case_id = cpi_read_text(r);
    ret->customer = cpi_read_text(r);
    ret->rep = cpi_read_text(r);
    ret->team = cpi_read_text(r);
    decode_fields(r, model, room, ret);
    if (r->bad || flags > 15 || !cpi_time_fits(ret->time) || !cpi_time_fits(ret->known) ||
        ret->known < ret->time || !cpi_text_is(ret->case_id))
        return -EBADMSG;
    return ret->type == CPI_NO_INDEX || ret->source == CPI_NO_INDEX ? -ENOENT : 0;
}
