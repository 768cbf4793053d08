/* Changelog rows to a task. An input is a list of rows: length of two bytes and key, length and
 * value; a value of the length 0xFFFF is a tombstone. What is restored goes on working, and can be
 * restored again. */
#include <errno.h>

#include "fuzz.h"

#define CLOCK (INT64_C(1772532000000))

static struct cpi_text value_of(struct fuzz_bytes *in)
{
    if (in->end - in->at >= 2 && in->at[0] == 0xFF && in->at[1] == 0xFF) {
        in->at += 2;
        return CPI_ABSENT;
    }
    return fuzz_text(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes in = { data, data + size };
    struct fuzz_task t;
    int r = 0;
    int64_t next = -1;
    fuzz_task_init(&t);
    while (r == 0 && in.at < in.end) {
        struct cpi_text key = fuzz_text(&in), value = value_of(&in);
        r = cpi_task_restore(t.task, key, value);
        cpi_buf_put_text(&t.log, key);
        cpi_buf_put_text(&t.log, value);
    }
    if (r == 0)
        r = cpi_task_restored(t.task, &next);
    FUZZ_HOLDS(r == 0 || r == -EBADMSG);
    for (int round = 0; r == 0 && round < 3; round++) {
        cpi_task_advance(t.task, 20, t.box);
        fuzz_commit(&t, CLOCK, round < 2);
    }
    fuzz_task_fini(&t);
    return 0;
}
