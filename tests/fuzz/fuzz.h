/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: linked with
 * libFuzzer (preset fuzz) or with standalone.c, which runs files and folders through it. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include <cpi/directory.h>
#include <cpi/model.h>
#include <cpi/outbox.h>
#include <cpi/task.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a contract promises must hold, also where assertions would be off. */
#define FUZZ_HOLDS(condition) fuzz_holds(!!(condition), __FILE__, __LINE__, #condition)
void fuzz_holds(bool holds, const char *file, int line, const char *what);

/* rich.conf, loaded once: every kind of indicator, completion, a directory, alerts of every sort.
 */
struct fuzz_world {
    const struct cpi_model *model;
    const struct cpi_directory *dir;
};
const struct fuzz_world *fuzz_world(void);

/* The bytes of an input, taken from the front; zeros when there are no more. */
struct fuzz_bytes {
    const uint8_t *at, *end;
};
uint8_t fuzz_byte(struct fuzz_bytes *bytes);
/* A length of two bytes and as much of what follows as there is. */
struct cpi_text fuzz_text(struct fuzz_bytes *bytes);

/* One task that is fed its own frames, and the changelog rows that it wrote. */
struct fuzz_task {
    struct cpi_task *task;
    struct cpi_outbox *box, *other;
    struct cpi_buf log; /* key and value of each row */
    int64_t offset;
};
void fuzz_task_init(struct fuzz_task *t);
void fuzz_task_fini(struct fuzz_task *t);
/* Ends a transaction: settles, seals at `clock`, feeds the frames. With `restart` the task is made
 * anew from the log before that: whatever a task accepts, it can restore. */
void fuzz_commit(struct fuzz_task *t, int64_t clock, bool restart);

#endif
