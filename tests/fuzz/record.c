/* Records to events, and on through all stages to restored state. An input is NDJSON as `replay`
 * reads it: each line a record, plain or in an envelope of kcat -J. */
#include <string.h>

#include <cpi/envelope.h>
#include <cpi/intake.h>
#include <cpi/mapping.h>

#include "fuzz.h"

#define CLOCK (INT64_C(1772532000000))

/* The source of a topic; of another one, as its first letters say. */
static uint16_t source_of(const struct cpi_model *model, const struct cpi_record *record)
{
    for (uint16_t s = 0; s < model->n_sources; s++)
        if (cpi_text_equal(model->source[s].topic[0], record->topic))
            return s;
    return (uint16_t)((record->value.len > 2 ? (unsigned char)record->value.at[2] : 0u) %
                      model->n_sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cpi_mapper *mapper;
    static struct cpi_envelope_reader *envelopes;
    const struct fuzz_world *world = fuzz_world();
    struct cpi_intake *intake[8] = { NULL };
    struct fuzz_task t;
    int64_t offset = 0;
    if (!mapper) {
        mapper = cpi_mapper_new();
        envelopes = cpi_envelope_reader_new();
    }
    fuzz_task_init(&t);
    for (const uint8_t *at = data, *end = data + size; at < end;) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        struct cpi_record record;
        if (!cpi_envelope_parse(envelopes, (struct cpi_text){ (const char *)at, (uint32_t)len },
                                &record))
            record.offset = offset++;
        uint16_t s = source_of(world->model, &record);
        if (!intake[s])
            intake[s] = cpi_intake_new(world->model, s, 0, 0, 1);
        cpi_intake_feed(intake[s], mapper, world->dir, &record, t.box);
        at += len + 1;
    }
    for (uint16_t s = 0; s < world->model->n_sources; s++) {
        if (!intake[s])
            intake[s] = cpi_intake_new(world->model, s, 0, 0, 1);
        struct cpi_buf text;
        cpi_buf_init(&text);
        cpi_intake_format(intake[s], &text);
        FUZZ_HOLDS(cpi_intake_parse(intake[s], cpi_buf_text(&text)));
        cpi_buf_fini(&text);
        cpi_intake_idle(intake[s], CLOCK);
        cpi_intake_slot(intake[s], true, t.box);
        cpi_intake_free(intake[s]);
    }
    for (int round = 0; round < 3; round++) /* case, customer and window stage */
        fuzz_commit(&t, CLOCK, round == 2);
    cpi_task_advance(t.task, 15, t.box);
    fuzz_task_fini(&t);
    return 0;
}
