/* A task and bytes that are not what they should be: frames and changelog rows that are damaged, of
 * others, of another generation. Nothing is silent, and nothing that is refused is half believed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/intake.h>
#include <cpi/task.h>

#include "check.h"
#include "configure.h"
#include "engine/frame.h"

static struct config config;

/* Every kind of item and row: cases, customers, cells, remembered ids, gauges, alerts. */
static const char text[] =
    "zone = \"Europe/Berlin\"; lateness = \"1h\"; dedup = \"1d\";\n"
    "keep = { windows = \"2d\"; journeys = \"2d\"; };\n"
    "sources = ( { name = \"s\"; topics = [ \"in\" ]; wait = \"1m\";\n"
    "  common = { id = \"/id\"; time = \"/at | ms\"; case = \"/case\"; customer = \"/cust\";\n"
    "    rep = \"/rep\"; fields = { talk = \"/talk | s\"; }; };\n"
    "  rules = ( { type = \"/type\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"10m\"; }; };\n"
    "indicators = (\n"
    "  { name = \"talks\"; each = \"contact.ended\"; of = \"talk\"; show = [ \"p90\" ];\n"
    "    over = \"hour\"; },\n"
    "  { name = \"answers\"; each = \"survey.answered\"; over = \"hour\"; },\n"
    "  { name = \"back\"; after = \"case.resolved\"; within = \"30m\"; over = \"hour\";\n"
    "    broken-by = ( { event = \"case.opened\"; same = \"customer\"; other = \"case\"; } ); },\n"
    "  { name = \"open\"; open = \"case.opened\"; until = \"case.resolved\"; every = \"10m\";\n"
    "    show = [ \"count\", \"age.max\" ]; } );\n"
    "alerts = ( { name = \"slow\"; indicator = \"talks\"; over = \"hour\"; on = \"rep\";\n"
    "    when = \"p90 > 1m\"; severity = \"info\"; } );\n";

#define BEGIN INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define MINUTE INT64_C(60000)

/* ---- all frames and rows of a small day ---- */
struct bytes {
    char *key, *value; /* of a frame: the value */
    uint32_t key_len, value_len;
};
static struct bytes frame[64], row[256];
static size_t n_frames, n_rows;

static char *copy_of(struct cpi_text t)
{
    return t.at ? memcpy(malloc(t.len + 1), t.at, t.len) : NULL;
}

static void keep(struct cpi_outbox *box)
{
    size_t count;
    const struct cpi_frame_out *f = cpi_outbox_frames(box, &count);
    for (size_t i = 0; i < count && n_frames < 64; i++)
        frame[n_frames++] = (struct bytes){ NULL, copy_of(f[i].bytes), 0, f[i].bytes.len };
    const struct cpi_row *r = cpi_outbox_rows(box, &count);
    for (size_t i = 0; i < count && n_rows < 256; i++)
        row[n_rows++] =
            (struct bytes){ copy_of(r[i].key), copy_of(r[i].value), r[i].key.len, r[i].value.len };
}

static void record(struct cpi_intake *intake, struct cpi_mapper *mapper, struct cpi_outbox *box,
                   int i, const char *type)
{
    char json[256];
    snprintf(json, sizeof json,
             "{\"id\":\"e%d\",\"at\":%lld,\"type\":\"%s\",\"%s\":\"c%d\",\"cust\":\"k%d\","
             "\"rep\":\"r%d\",\"talk\":%d}",
             i, (long long)(BEGIN + i * 3 * MINUTE), type, type[0] == 's' ? "nothing" : "case",
             i / 4, i % 2, i % 3, 60 + i);
    struct cpi_record r = { .value = cpi_text_of(json), .offset = i, .timestamp = CPI_TIME_NONE };
    cpi_intake_feed(intake, mapper, NULL, &r, box);
}

static void make_bytes(void)
{
    static const char *const types[] = { "case.opened", "contact.ended", "case.resolved",
                                         "survey.answered" };
    struct cpi_intake *intake = cpi_intake_new(config.model, 0, 0, 0, 1);
    struct cpi_mapper *mapper = cpi_mapper_new();
    struct cpi_task *task = cpi_task_new(config.model, 0, 1);
    struct cpi_outbox *box = cpi_outbox_new(config.model, 1),
                      *next = cpi_outbox_new(config.model, 1);
    int64_t offset = 0;
    for (int i = 0; i < 40; i++) {
        if (i < 16)
            record(intake, mapper, box, i, types[i % 4]);
        else
            cpi_intake_idle(intake, BEGIN + i * 4 * MINUTE);
        cpi_intake_slot(intake, false, box);
        cpi_task_settle(task, offset, box);
        cpi_outbox_seal(box, BEGIN + i * 4 * MINUTE);
        keep(box);
        size_t count;
        const struct cpi_frame_out *f = cpi_outbox_frames(box, &count);
        for (size_t k = 0; k < count; k++)
            CHECK_INT(cpi_task_feed(task, f[k].bytes, offset++, next), 0);
        cpi_task_advance(task, 2, next); /* some is always left over */
        cpi_outbox_reset(box);
        struct cpi_outbox *swap = box;
        box = next;
        next = swap;
    }
    cpi_outbox_free(box);
    cpi_outbox_free(next);
    cpi_task_free(task);
    cpi_mapper_free(mapper);
    cpi_intake_free(intake);
}

static void free_bytes(void)
{
    for (size_t i = 0; i < n_frames; i++)
        free(frame[i].value);
    for (size_t i = 0; i < n_rows; i++) {
        free(row[i].key);
        free(row[i].value);
    }
    config_fini(&config);
}

/* ---- frames ---- */

/* Feeds a fresh task with the frames before `i`, then the bytes. */
static int feed_one(size_t i, const char *at, uint32_t len)
{
    struct cpi_task *task = cpi_task_new(config.model, 0, 1);
    struct cpi_outbox *box = cpi_outbox_new(config.model, 1);
    for (size_t k = 0; k < i; k++)
        cpi_task_feed(task, (struct cpi_text){ frame[k].value, frame[k].value_len }, (int64_t)k,
                      box);
    /* an allocation of its very size: the sanitizer sees reads past it */
    char *exact = memcpy(malloc(len ? len : 1), at, len);
    int r = cpi_task_feed(task, (struct cpi_text){ exact, len }, (int64_t)i, box);
    free(exact);
    if (r == 0)
        cpi_task_advance(task, 20, box);
    cpi_outbox_free(box);
    cpi_task_free(task);
    return r;
}

static void test_frames(void)
{
    TEST ("a frame that was cut is refused, wherever") {
        unsigned whole = 0;
        for (size_t i = 0; i < n_frames; i += 3)
            for (uint32_t cut = 0; cut < frame[i].value_len; cut += 1 + cut / 16) {
                int r = feed_one(i, frame[i].value, cut);
                whole += r == 0; /* between two items nothing is missing that could be known */
                CHECK(r == 0 || r == (cut ? -EBADMSG : -ENOMSG));
            }
        CHECK(whole < n_frames);
        CHECK(n_frames > 20);
    }
    TEST ("a frame with one bit turned is refused or does no harm") {
        unsigned refused = 0, taken = 0;
        for (size_t i = 0; i < n_frames; i += 5)
            for (uint32_t at = 0; at < frame[i].value_len; at += 1 + at / 8)
                for (int bit = 0; bit < 8; bit++) {
                    char *byte = frame[i].value + at;
                    *byte = (char)(*byte ^ 1 << bit);
                    int r = feed_one(i, frame[i].value, frame[i].value_len);
                    *byte = (char)(*byte ^ 1 << bit);
                    r ? refused++ : taken++;
                    CHECK(r == 0 || r == -EBADMSG || r == -ENOMSG || r == -ESTALE);
                }
        CHECK(refused > 0 && taken > 0);
    }
    TEST ("a frame that declares more than it holds is refused before memory is asked for") {
        struct cpi_buf buf;
        cpi_buf_init(&buf);
        cpi_frame_encode(config.model->generation, BEGIN, CPI_TEXT(""), UINT32_MAX, CPI_TEXT(""),
                         &buf);
        CHECK_INT(feed_one(0, (const char *)buf.at, (uint32_t)buf.len), -EBADMSG);
        cpi_buf_fini(&buf);
    }
    TEST ("instants that no clock shows are refused: sums with durations never overflow") {
        static const int64_t times[] = { CPI_TIME_NONE + 1, CPI_TIME_END - 1, INT64_C(1) << 60 };
        for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
            struct cpi_buf slots, buf;
            const struct cpi_slot slot = { CPI_STAGE_CASE, 0, 0, 1, times[i], BEGIN };
            cpi_buf_init(&slots);
            cpi_buf_init(&buf);
            cpi_slot_encode(&slot, &slots);
            cpi_frame_encode(config.model->generation, BEGIN, cpi_buf_text(&slots), 1, CPI_TEXT(""),
                             &buf);
            CHECK_INT(feed_one(0, (const char *)buf.at, (uint32_t)buf.len), -EBADMSG);
            cpi_buf_reset(&buf);
            cpi_frame_encode(config.model->generation, times[i], CPI_TEXT(""), 0, CPI_TEXT(""),
                             &buf);
            CHECK_INT(feed_one(0, (const char *)buf.at, (uint32_t)buf.len), -EBADMSG);
            cpi_buf_fini(&slots);
            cpi_buf_fini(&buf);
        }
    }
    TEST ("bytes of others are told from frames of another version") {
        CHECK_INT(feed_one(0, "{\"a\":1}", 7), -ENOMSG);
        CHECK_INT(feed_one(0, "", 0), -ENOMSG);
        CHECK_INT(feed_one(0, "\xC3\x84pfel", 6), -ENOMSG); /* text */
        CHECK_INT(feed_one(0, "\xC0\x01\x00\x00\x00", 5), -EBADMSG);
        CHECK_INT(feed_one(0, "\xF9\x01\x00\x00\x00", 5), -EBADMSG);
    }
    TEST ("a frame of a higher generation is refused and changes nothing") {
        struct cpi_buf buf;
        cpi_buf_init(&buf);
        cpi_frame_encode(config.model->generation + 1, BEGIN, CPI_TEXT(""), 0, CPI_TEXT(""), &buf);
        CHECK_INT(feed_one(0, (const char *)buf.at, (uint32_t)buf.len), -ESTALE);
        cpi_buf_reset(&buf);
        cpi_frame_encode(config.model->generation - 1, BEGIN, CPI_TEXT(""), 0, CPI_TEXT(""), &buf);
        CHECK_INT(feed_one(0, (const char *)buf.at, (uint32_t)buf.len), 0);
        cpi_buf_fini(&buf);
    }
}

/* ---- rows ---- */

/* All rows in order, with one that is replaced by other bytes (or none: i = n_rows). */
static int restore_with(size_t i, struct cpi_text key, struct cpi_text value)
{
    struct cpi_task *task = cpi_task_new(config.model, 0, 1);
    int64_t next;
    int r = 0;
    for (size_t k = 0; k < n_rows && r == 0; k++)
        r = k == i ? cpi_task_restore(task, key, value)
                   : cpi_task_restore(task, (struct cpi_text){ row[k].key, row[k].key_len },
                                      (struct cpi_text){ row[k].value, row[k].value_len });
    if (r == 0)
        r = cpi_task_restored(task, &next);
    struct cpi_outbox *box = cpi_outbox_new(config.model, 1);
    if (r == 0)
        cpi_task_advance(task, 20, box);
    cpi_outbox_free(box);
    cpi_task_free(task);
    return r;
}

static int restore_damaged(size_t i, bool of_key, const char *at, uint32_t len)
{
    char *exact = memcpy(malloc(len ? len : 1), at, len);
    struct cpi_text t = { exact, len }, key = { row[i].key, row[i].key_len },
                    value = { row[i].value, row[i].value_len };
    int r = restore_with(i, of_key ? t : key, of_key ? value : t);
    free(exact);
    return r;
}

/* Only once of each letter in so many: rows of one kind are much alike. */
static bool is_tried(size_t i)
{
    static unsigned seen[128];
    return seen[(unsigned char)row[i].key[0]]++ % 8 == 0;
}

static void test_rows(void)
{
    TEST ("rows of every kind come back") {
        static const char letters[] = "hjicbep";
        bool seen[128] = { false };
        CHECK_INT(restore_with(n_rows, CPI_ABSENT, CPI_ABSENT), 0);
        for (size_t i = 0; i < n_rows; i++)
            seen[(unsigned char)row[i].key[0]] = true;
        for (const char *letter = letters; *letter; letter++)
            CHECK(seen[(unsigned char)*letter]);
    }
    TEST ("a row that was cut is refused, wherever; with one bit turned it is, or does no harm") {
        unsigned refused = 0;
        for (size_t i = 0; i < n_rows; i++) {
            if (!row[i].value || !is_tried(i))
                continue;
            for (uint32_t cut = 0; cut < row[i].value_len; cut += 1 + cut / 8) {
                int r = restore_damaged(i, false, row[i].value, cut);
                /* rows of journeys and ids are lists: between two elements nothing is missing */
                CHECK(r == -EBADMSG || (r == 0 && strchr("jic", row[i].key[0])));
            }
            for (uint32_t at = 0; at < row[i].value_len; at += 1 + at / 4)
                for (int bit = 0; bit < 8; bit++) {
                    row[i].value[at] = (char)(row[i].value[at] ^ 1 << bit);
                    int r = restore_damaged(i, false, row[i].value, row[i].value_len);
                    row[i].value[at] = (char)(row[i].value[at] ^ 1 << bit);
                    CHECK(r == 0 || r == -EBADMSG);
                    refused += r != 0;
                }
            for (uint32_t at = 0; at < row[i].key_len; at++)
                for (int bit = 0; bit < 8; bit++) {
                    row[i].key[at] = (char)(row[i].key[at] ^ 1 << bit);
                    int r = restore_damaged(i, true, row[i].key, row[i].key_len);
                    row[i].key[at] = (char)(row[i].key[at] ^ 1 << bit);
                    CHECK(r == 0 || r == -EBADMSG);
                }
        }
        CHECK(refused > 0);
    }
    TEST ("rows of an unknown kind, or with nothing behind it, are refused") {
        static const char *const keys[] = { "", "x", "b", "p", "e", "i", "enobody" };
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            CHECK_INT(restore_with(0, cpi_text_of(keys[i]), CPI_TEXT("")), -EBADMSG);
        CHECK_INT(restore_with(0, CPI_TEXT("h"), CPI_TEXT("\x02")), -EBADMSG);
    }
    TEST ("a row of remembered ids may not say how much memory is taken") {
        struct cpi_buf key;
        cpi_buf_init(&key);
        cpi_buf_add_byte(&key, 'i');
        cpi_buf_put_int(&key, BEGIN / CPI_HOUR);
        cpi_buf_put_uint(&key, UINT32_MAX);
        CHECK_INT(restore_with(0, cpi_buf_text(&key), CPI_TEXT("0123456789abcdef\x01")), -EBADMSG);
        cpi_buf_fini(&key);
    }
}

int main(void)
{
    configure_text(&config, "%s", text);
    make_bytes();
    test_frames();
    test_rows();
    free_bytes();
    return check_done();
}
