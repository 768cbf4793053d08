/* Frames: the one kind of record in the repartition topic, and so the only thing between stages.
 *
 *   frame = format byte, generation, clock, slots, items
 *   slot  = stage, origin, partition, count, W, first W: everything that this sender will ever send
 * here with known < W lies at or before this frame (K3) item  = stage byte and sign, known, key,
 * body; a receiver takes items first, then slots
 *
 * Of a split frame only the last piece carries slots and clock. */
#ifndef CPI_ENGINE_FRAME_H
#define CPI_ENGINE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/text.h"

/* Formats begin with a byte that no UTF-8 text contains, so that what others write into the topic
 * is told from frames of another version: 0xC0, 0xC1, 0xF8 - 0xFF. */
#define CPI_FRAME_FORMAT 0xC1
#define CPI_SENDERS_MAX (1u << 17) /* partitions of a topic */
#define CPI_SLOT_BYTES_MIN 6

enum cpi_stage { CPI_STAGE_SOURCE, CPI_STAGE_CASE, CPI_STAGE_CUSTOMER, CPI_STAGE_WINDOW };

struct cpi_slot {
    enum cpi_stage stage; /* of the sender */
    uint32_t origin;      /* source: hash of the topic's name; else 0 */
    uint32_t partition;   /* of that topic, or the sending task */
    uint32_t count;       /* how many partitions that topic, or how many tasks there are */
    int64_t w;
    int64_t first; /* the first W of all: of the partition, or the least of those behind the task */
};
struct cpi_item {
    enum cpi_stage stage; /* that takes it */
    int sign;
    int64_t known;
    struct cpi_text key; /* customer or entity; absent for events */
    struct cpi_text body;
};
struct cpi_frame {
    uint32_t generation;
    int64_t clock; /* CPI_TIME_NONE: a piece that more follow */
    uint32_t n_slots;
    struct cpi_reader slots, items;
};
void cpi_slot_encode(const struct cpi_slot *slot, struct cpi_buf *buf);
void cpi_item_encode(const struct cpi_item *item, struct cpi_buf *buf);
/* What stands before the body; and before the items. */
void cpi_item_encode_head(const struct cpi_item *item, struct cpi_buf *buf);
void cpi_frame_encode_head(uint32_t generation, int64_t clock, struct cpi_text slots,
                           uint32_t n_slots, struct cpi_buf *buf);
static inline void cpi_frame_encode(uint32_t generation, int64_t clock, struct cpi_text slots,
                                    uint32_t n_slots, struct cpi_text items, struct cpi_buf *buf)
{
    cpi_frame_encode_head(generation, clock, slots, n_slots, buf);
    cpi_buf_add_text(buf, items);
}
/* 0, -ENOMSG (not ours: no text or bytes of cpid), -EBADMSG (damaged, or of another version). */
int cpi_frame_decode(struct cpi_text bytes, struct cpi_frame *ret);
void cpi_slot_decode(struct cpi_slot *ret, struct cpi_reader *r);
/* One by one; false at the end or if malformed (then reader.bad). */
bool cpi_frame_next_slot(struct cpi_frame *frame, struct cpi_slot *ret);
bool cpi_frame_next_item(struct cpi_frame *frame, struct cpi_item *ret);

#endif
