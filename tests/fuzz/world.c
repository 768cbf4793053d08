#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"
#include "fuzz.h"

void fuzz_holds(bool holds, const char *file, int line, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

const struct fuzz_world *fuzz_world(void)
{
    static struct config config;
    static struct fuzz_world world;
    struct cpi_diag diag;
    if (world.model)
        return &world;
    cpi_diag_init(&diag);
    int r = config_load(FUZZ_FOLDER "/rich.conf", &config, &diag);
    for (size_t i = 0; i < diag.count && r; i++)
        fprintf(stderr, "%s:%u: %s: %s\n", diag.line[i].at.file, diag.line[i].at.line,
                diag.line[i].path, diag.line[i].text);
    FUZZ_HOLDS(r == 0);
    cpi_diag_fini(&diag);
    world.model = config.model;
    world.dir = config.directory;
    return &world;
}

uint8_t fuzz_byte(struct fuzz_bytes *bytes)
{
    return bytes->at < bytes->end ? *bytes->at++ : 0;
}

struct cpi_text fuzz_text(struct fuzz_bytes *bytes)
{
    size_t len = (size_t)fuzz_byte(bytes) << 8;
    len |= fuzz_byte(bytes);
    size_t left = (size_t)(bytes->end - bytes->at);
    if (len > left)
        len = left;
    struct cpi_text text = { (const char *)bytes->at, (uint32_t)len };
    bytes->at += len;
    return text;
}

void fuzz_task_init(struct fuzz_task *t)
{
    const struct cpi_model *model = fuzz_world()->model;
    *t = (struct fuzz_task){ cpi_task_new(model, 0, 1),
                             cpi_outbox_new(model, 1),
                             cpi_outbox_new(model, 1),
                             { NULL, 0, 0 },
                             0 };
}

void fuzz_task_fini(struct fuzz_task *t)
{
    cpi_task_free(t->task);
    cpi_outbox_free(t->box);
    cpi_outbox_free(t->other);
    cpi_buf_fini(&t->log);
}

static void show(struct cpi_text key, struct cpi_text value)
{
    fprintf(stderr, "key  ");
    for (uint32_t i = 0; i < key.len; i++)
        fprintf(stderr, "%02x", (unsigned char)key.at[i]);
    fprintf(stderr, "\nvalue ");
    for (uint32_t i = 0; i < value.len; i++)
        fprintf(stderr, "%02x", (unsigned char)value.at[i]);
    fputc('\n', stderr);
}

static void restore(struct fuzz_task *t)
{
    struct cpi_reader r = cpi_reader_of(t->log.at, t->log.len);
    int64_t next = -1;
    cpi_task_free(t->task);
    t->task = cpi_task_new(fuzz_world()->model, 0, 1);
    while (cpi_reader_left(&r)) {
        struct cpi_text key = cpi_read_text(&r), value = cpi_read_text(&r);
        int e = cpi_task_restore(t->task, key, value);
        if (e)
            show(key, value);
        FUZZ_HOLDS(e == 0);
    }
    FUZZ_HOLDS(cpi_task_restored(t->task, &next) == 0);
    FUZZ_HOLDS(next == t->offset);
}

/* With FUZZ_DUMP=FOLDER in the environment, what the task was given and what it wrote: seeds for
 * the targets frame and row, when rich.conf or a format has changed. */
static void dump_text(FILE *file, struct cpi_text text)
{
    fputc((int)(text.len >> 8), file);
    fputc((int)(text.len & 0xFF), file);
    fwrite(text.at, 1, text.len, file);
}

static void dump(const struct cpi_outbox *sent)
{
    static unsigned n;
    const char *folder = getenv("FUZZ_DUMP");
    char path[4096];
    size_t count;
    if (!folder)
        return;
    const struct cpi_frame_out *frame = cpi_outbox_frames(sent, &count);
    snprintf(path, sizeof path, "%s/frame/%u", folder, n);
    FILE *file = fopen(path, "wb");
    FUZZ_HOLDS(file);
    for (size_t f = 0; f < count; f++) {
        fputc('R', file);
        dump_text(file, frame[f].bytes);
        fputs("CAS", file);
    }
    fclose(file);
    const struct cpi_row *row = cpi_outbox_rows(sent, &count);
    snprintf(path, sizeof path, "%s/row/%u", folder, n++);
    file = fopen(path, "wb");
    FUZZ_HOLDS(file);
    for (size_t i = 0; i < count; i++) {
        dump_text(file, row[i].key);
        if (row[i].value.at)
            dump_text(file, row[i].value);
        else
            fputs("\xFF\xFF", file);
    }
    fclose(file);
}

void fuzz_commit(struct fuzz_task *t, int64_t clock, bool restart)
{
    struct cpi_outbox *sent = t->box;
    size_t count;
    cpi_task_settle(t->task, t->offset, sent);
    cpi_outbox_seal(sent, clock);
    const struct cpi_row *row = cpi_outbox_rows(sent, &count);
    for (size_t i = 0; i < count; i++) {
        cpi_buf_put_text(&t->log, row[i].key);
        cpi_buf_put_text(&t->log, row[i].value);
    }
    dump(sent);
    if (restart)
        restore(t);
    t->box = t->other;
    t->other = sent;
    const struct cpi_frame_out *frame = cpi_outbox_frames(sent, &count);
    for (size_t f = 0; f < count; f++, t->offset++)
        FUZZ_HOLDS(cpi_task_feed(t->task, frame[f].bytes, t->offset, t->box) == 0);
    cpi_outbox_reset(sent);
}
