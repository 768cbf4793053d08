/* Frames: everything that was put is in them once, whatever their number and the length of their
 * heads. */
#include "check.h"

#include "engine/put.h"

enum { ITEMS = 3000, BODY_BYTES = 500 };

static const struct cpi_model model = { .generation = 3 };

/* Reads the frames of one partition; false at the first thing that is not as it was put. */
static bool frames_hold(struct cpi_outbox *box, uint32_t items, uint32_t slots)
{
    size_t count;
    uint32_t seen = 0, n_slots = 0;
    const struct cpi_frame_out *out = cpi_outbox_frames(box, &count);
    for (size_t f = 0; f < count; f++) {
        struct cpi_frame frame;
        struct cpi_item item;
        struct cpi_slot slot;
        if (cpi_frame_decode(out[f].bytes, &frame) || frame.generation != 3 ||
            out[f].bytes.len > CPI_FRAME_BYTES_MAX ||
            (frame.clock == CPI_TIME_NONE) != (f + 1 < count))
            return false;
        while (cpi_frame_next_item(&frame, &item)) {
            char want[16];
            snprintf(want, sizeof want, "%u", seen++);
            if (!cpi_text_equal(item.key, cpi_text_of(want)) || item.body.len != BODY_BYTES)
                return false;
        }
        while (cpi_frame_next_slot(&frame, &slot))
            n_slots += slot.partition == n_slots;
        if (frame.items.bad || frame.slots.bad)
            return false;
    }
    return seen == items && n_slots == slots;
}

static void put(struct cpi_outbox *box, uint32_t items, uint32_t slots)
{
    char body[BODY_BYTES] = { 0 };
    for (uint32_t i = 0; i < items; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i);
        cpi_outbox_put_customer(box, cpi_text_of(key), i, 1, (struct cpi_text){ body, BODY_BYTES });
    }
    for (uint32_t s = 0; s < slots; s++)
        cpi_outbox_put_slot(
            box, &(struct cpi_slot){ CPI_STAGE_SOURCE, 77, s, slots, 1234567890123, 5 }, true);
    cpi_outbox_seal(box, 42);
}

int main(void)
{
    struct cpi_outbox *box = cpi_outbox_new(&model, 1);
    for (int turn = 0; turn < 2; turn++)
        for (uint32_t slots = 0; slots <= 200; slots += 100) {
            TEST ("K3 frames of 512 KiB hold all items in order, the last one the slots") {
                put(box, ITEMS, slots);
                CHECK(frames_hold(box, ITEMS, slots));
                cpi_outbox_reset(box);
            }
            TEST ("K3 one item, and a head of any length") {
                put(box, 1, slots);
                CHECK(frames_hold(box, 1, slots));
                cpi_outbox_reset(box);
            }
            TEST ("K3 a slot for all makes a frame without items") {
                put(box, 0, slots + 1);
                CHECK(frames_hold(box, 0, slots + 1));
                cpi_outbox_reset(box);
            }
        }
    TEST ("what was put after a seal is in frames of its own") {
        put(box, 2, 1);
        put(box, 0, 1);
        size_t count;
        cpi_outbox_frames(box, &count);
        CHECK_INT(count, 2);
        cpi_outbox_reset(box);
        CHECK(cpi_outbox_is_empty(box));
    }
    cpi_outbox_free(box);
    return check_done();
}
