/* Frames: what goes in comes out, and bytes that are no frame never do harm. */
#include "engine/frame.h"

#include <cpi/hash.h>
#include <cpi/text.h>
#include <cpi/time.h>

#include "check.h"
#include "engine/emit.h"

static void encode(struct cpi_buf *frame)
{
    const struct cpi_slot slot = {
        .stage = CPI_STAGE_SOURCE, .origin = 77, .partition = 3, .count = 9, .w = -5, .first = -8
    };
    const struct cpi_item item = { CPI_STAGE_CUSTOMER, -1, 1234567890123, CPI_TEXT("k1"),
                                   CPI_TEXT("body") };
    struct cpi_buf slots, items;
    cpi_buf_init(&slots);
    cpi_buf_init(&items);
    cpi_slot_encode(&slot, &slots);
    cpi_item_encode(&item, &items);
    cpi_frame_encode(7, 42, cpi_buf_text(&slots), 1, cpi_buf_text(&items), frame);
    cpi_buf_fini(&slots);
    cpi_buf_fini(&items);
}

/* Reads all there is; the number of items. */
static int read_all(struct cpi_text bytes)
{
    struct cpi_frame frame;
    struct cpi_slot slot;
    struct cpi_item item;
    int items = 0;
    if (cpi_frame_decode(bytes, &frame))
        return -1;
    while (cpi_frame_next_slot(&frame, &slot))
        ;
    while (cpi_frame_next_item(&frame, &item))
        items++;
    return items;
}

static void test_round(void)
{
    TEST ("K3 a frame gives back its slots and items") {
        struct cpi_buf bytes;
        struct cpi_frame frame;
        struct cpi_slot slot;
        struct cpi_item item;
        cpi_buf_init(&bytes);
        encode(&bytes);
        CHECK_INT(cpi_frame_decode(cpi_buf_text(&bytes), &frame), 0);
        CHECK_INT(frame.generation, 7);
        CHECK_INT(frame.clock, 42);
        CHECK(cpi_frame_next_slot(&frame, &slot));
        CHECK_INT(slot.stage, CPI_STAGE_SOURCE);
        CHECK_INT(slot.origin, 77);
        CHECK_INT(slot.partition, 3);
        CHECK_INT(slot.count, 9);
        CHECK_INT(slot.w, -5);
        CHECK_INT(slot.first, -8);
        CHECK(!cpi_frame_next_slot(&frame, &slot));
        CHECK(cpi_frame_next_item(&frame, &item));
        CHECK_INT(item.stage, CPI_STAGE_CUSTOMER);
        CHECK_INT(item.sign, -1);
        CHECK_INT(item.known, 1234567890123);
        CHECK_TEXT(item.key, "k1");
        CHECK_TEXT(item.body, "body");
        CHECK(!cpi_frame_next_item(&frame, &item));
        cpi_buf_fini(&bytes);
    }
}

static void test_malformed(void)
{
    TEST ("bytes that are no frame are refused or end early") {
        struct cpi_buf bytes;
        cpi_buf_init(&bytes);
        encode(&bytes);
        CHECK_INT(read_all(CPI_TEXT("")), -1);
        CHECK_INT(read_all(CPI_ABSENT), -1);
        CHECK_INT(read_all(CPI_TEXT("\x01\x02\x03")), -1);
        for (uint32_t cut = 0; cut < bytes.len;
             cut++) { /* an exact copy: the sanitizer sees more */
            char *copy = malloc(cut ? cut : 1);
            memcpy(copy, bytes.at, cut);
            CHECK(read_all((struct cpi_text){ copy, cut }) <= 0);
            free(copy);
        }
        for (uint32_t i = 0; i < bytes.len; i++)
            for (int bit = 0; bit < 8; bit++) {
                bytes.at[i] = (uint8_t)(bytes.at[i] ^ 1 << bit);
                CHECK(read_all(cpi_buf_text(&bytes)) <= 1 + (int)bytes.len);
                bytes.at[i] = (uint8_t)(bytes.at[i] ^ 1 << bit);
            }
        CHECK_INT(read_all(cpi_buf_text(&bytes)), 1);
        cpi_buf_fini(&bytes);
    }
}

int main(void)
{
    test_round();
    test_malformed();
    TEST ("a fingerprint is FNV-1a over names and values, each ended by 0xFF") {
        /* by hand: h = 14695981039346656037; h = (h ^ byte) * 1099511628211 for 61 FF 62 FF */
        const struct cpi_text label[][2] = { { { "a", 1 }, { "b", 1 } } };
        CHECK(cpi_alert_fingerprint(label, 1) == UINT64_C(0xd2b371819297f98a));
        CHECK(cpi_alert_fingerprint(label, 0) == UINT64_C(0xcbf29ce484222325));
    }
    return check_done();
}
