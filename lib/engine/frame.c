#include "engine/frame.h"

#include <errno.h>

#include "cpi/time.h"

void cpi_slot_encode(const struct cpi_slot *slot, struct cpi_buf *buf)
{
    cpi_buf_add_byte(buf, (uint8_t)slot->stage);
    cpi_buf_put_uint(buf, slot->origin);
    cpi_buf_put_uint(buf, slot->partition);
    cpi_buf_put_uint(buf, slot->count);
    cpi_buf_put_int(buf, slot->w);
    cpi_buf_put_int(buf, slot->first);
}

void cpi_item_encode_head(const struct cpi_item *item, struct cpi_buf *buf)
{
    cpi_buf_add_byte(buf, (uint8_t)((unsigned)item->stage | (item->sign < 0 ? 0x80 : 0)));
    cpi_buf_put_int(buf, item->known);
    cpi_buf_put_text(buf, item->key);
}

void cpi_item_encode(const struct cpi_item *item, struct cpi_buf *buf)
{
    cpi_item_encode_head(item, buf);
    cpi_buf_put_text(buf, item->body);
}

void cpi_frame_encode_head(uint32_t generation, int64_t clock, struct cpi_text slots,
                           uint32_t n_slots, struct cpi_buf *buf)
{
    cpi_buf_add_byte(buf, CPI_FRAME_FORMAT);
    cpi_buf_put_uint(buf, generation);
    cpi_buf_put_int(buf, clock);
    cpi_buf_put_uint(buf, n_slots);
    cpi_buf_put_uint(buf, slots.len);
    cpi_buf_add_text(buf, slots);
}

int cpi_frame_decode(struct cpi_text bytes, struct cpi_frame *ret)
{
    struct cpi_reader r = cpi_reader_of(bytes.at, bytes.at ? bytes.len : 0);
    uint8_t format = cpi_read_byte(&r);
    if (format != 0xC0 && format != 0xC1 && format < 0xF8)
        return -ENOMSG;
    uint64_t generation = cpi_read_uint(&r);
    ret->clock = cpi_read_int(&r);
    uint64_t n_slots = cpi_read_uint(&r);
    struct cpi_text slots = cpi_read_bytes(&r, cpi_read_uint(&r));
    if (r.bad || format != CPI_FRAME_FORMAT || generation > UINT32_MAX ||
        n_slots > slots.len / CPI_SLOT_BYTES_MIN || !cpi_time_fits_or(ret->clock, CPI_TIME_NONE))
        return -EBADMSG;
    ret->generation = (uint32_t)generation;
    ret->n_slots = (uint32_t)n_slots;
    ret->slots = cpi_reader_of(slots.at, slots.len);
    ret->items = r;
    return 0;
}

void cpi_slot_decode(struct cpi_slot *ret, struct cpi_reader *r)
{
    uint8_t stage = cpi_read_byte(r);
    uint64_t origin = cpi_read_uint(r), partition = cpi_read_uint(r), count = cpi_read_uint(r);
    ret->stage = (enum cpi_stage)stage;
    ret->origin = (uint32_t)origin;
    ret->partition = (uint32_t)partition;
    ret->count = (uint32_t)count;
    ret->w = cpi_read_int(r);
    ret->first = cpi_read_int(r);
    r->bad = r->bad || stage >= CPI_STAGE_WINDOW || origin > UINT32_MAX || partition >= count ||
             count > CPI_SENDERS_MAX || !cpi_time_fits_or(ret->w, CPI_TIME_END) ||
             !cpi_time_fits_or(ret->first, CPI_TIME_END);
}

bool cpi_frame_next_slot(struct cpi_frame *frame, struct cpi_slot *ret)
{
    if (!cpi_reader_left(&frame->slots))
        return false;
    cpi_slot_decode(ret, &frame->slots);
    return !frame->slots.bad;
}

bool cpi_frame_next_item(struct cpi_frame *frame, struct cpi_item *ret)
{
    struct cpi_reader *r = &frame->items;
    if (!cpi_reader_left(r))
        return false;
    uint8_t head = cpi_read_byte(r);
    ret->stage = (enum cpi_stage)(head & 0x7F);
    ret->sign = head & 0x80 ? -1 : 1;
    ret->known = cpi_read_int(r);
    ret->key = cpi_read_text(r);
    ret->body = cpi_read_text(r);
    r->bad = r->bad || ret->stage == CPI_STAGE_SOURCE || ret->stage > CPI_STAGE_WINDOW ||
             !cpi_time_fits(ret->known) || (ret->stage != CPI_STAGE_CASE && !ret->key.len);
    return !r->bad;
}
