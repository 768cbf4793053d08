/* Frames to a task. An input is a list of steps: a letter, and for most a text (two bytes of
 * length, and the bytes):
 *   F body          a frame of this format and generation with that behind its head
 *   R bytes         the whole record
 *   A               a piece of the boundaries that are due
 *   C, S            the transaction ends; S: and the task is restored from its changelog
 * A frame that is refused must leave nothing behind but a task that can be freed. */
#include <errno.h>

#include "engine/frame.h"
#include "fuzz.h"

#define CLOCK (INT64_C(1772532000000))

static int feed(struct fuzz_task *t, struct cpi_text bytes)
{
    int r = cpi_task_feed(t->task, bytes, t->offset, t->box);
    FUZZ_HOLDS(r == 0 || r == -EBADMSG || r == -ESTALE || r == -ENOMSG);
    t->offset++;
    return r;
}

static int feed_body(struct fuzz_task *t, struct cpi_text body)
{
    struct cpi_buf frame;
    cpi_buf_init(&frame);
    cpi_buf_add_byte(&frame, CPI_FRAME_FORMAT);
    cpi_buf_put_uint(&frame, fuzz_world()->model->generation);
    cpi_buf_add_text(&frame, body);
    int r = feed(t, cpi_buf_text(&frame));
    cpi_buf_fini(&frame);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes in = { data, data + size };
    struct fuzz_task t;
    int r = 0;
    fuzz_task_init(&t);
    while (r != -EBADMSG && in.at < in.end) {
        uint8_t step = fuzz_byte(&in);
        if (step == 'F')
            r = feed_body(&t, fuzz_text(&in));
        else if (step == 'R')
            r = feed(&t, fuzz_text(&in));
        else if (step == 'A')
            cpi_task_advance(t.task, 10, t.box);
        else if (step == 'C' || step == 'S')
            fuzz_commit(&t, CLOCK, step == 'S');
    }
    if (r != -EBADMSG) {
        for (int round = 0; round < 3; round++)
            fuzz_commit(&t, CLOCK, round == 0);
        cpi_task_advance(t.task, 30, t.box);
        fuzz_commit(&t, CLOCK, true);
    }
    fuzz_task_fini(&t);
    return 0;
}
