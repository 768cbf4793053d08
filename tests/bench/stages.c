#include <stdio.h>
#include <stdlib.h>

#include <x86intrin.h>

#include <cpi/envelope.h>
#include <cpi/intake.h>
#include <cpi/outbox.h>
#include <cpi/task.h>

#include "bench.h"
#include "engine/journeys.h"
#include "engine/window_stage.h"

const char *const bench_stage_name[STAGES] = {
    [STAGE_OTHER] = "frames, slots, the rest", [STAGE_ENVELOPE] = "line or envelope?",
    [STAGE_MAP] = "JSON and mapping",          [STAGE_INTAKE] = "watermark, directory, encode",
    [STAGE_SEAL] = "combine, fan out, seal",   [STAGE_CASE] = "case stage",
    [STAGE_CUSTOMER] = "customer stage",       [STAGE_INBOX] = "window stage: inbox",
    [STAGE_MERGE] = "window stage: merge",     [STAGE_FIRE] = "window stage: boundary, JSON",
};

static struct {
    bool on;
    enum bench_stage now;
    uint64_t since;
    uint64_t ticks[STAGES], entered[STAGES];
} watch;

static inline enum bench_stage enter(enum bench_stage stage)
{
    enum bench_stage outer = watch.now;
    uint64_t tick = __rdtsc();
    watch.ticks[outer] += tick - watch.since;
    watch.since = tick;
    watch.now = stage;
    watch.entered[stage]++;
    return outer;
}

/* What one entering and leaving costs, in ticks: half of it falls into the stage, half outside. */
static double price(void)
{
    enum { TURNS = 100000 };
    uint64_t began = __rdtsc();
    for (int i = 0; i < TURNS; i++) {
        enum bench_stage outer = enter(STAGE_SEAL);
        __asm__ volatile("" ::: "memory");
        enter(outer);
    }
    return (double)(__rdtsc() - began) / TURNS;
}

/* The linker leads calls of NAME to __wrap_NAME, and __real_NAME is NAME itself. */
#define WRAP(stage, type, name, parameters, arguments)                                             \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        if (!watch.on)                                                                             \
            return __real_##name arguments;                                                        \
        enum bench_stage outer = enter(stage);                                                     \
        type value = __real_##name arguments;                                                      \
        enter(outer);                                                                              \
        return value;                                                                              \
    }
#define WRAP_VOID(stage, name, parameters, arguments)                                              \
    void __real_##name parameters;                                                                 \
    void __wrap_##name parameters;                                                                 \
    void __wrap_##name parameters                                                                  \
    {                                                                                              \
        if (!watch.on) {                                                                           \
            __real_##name arguments;                                                               \
            return;                                                                                \
        }                                                                                          \
        enum bench_stage outer = enter(stage);                                                     \
        __real_##name arguments;                                                                   \
        enter(outer);                                                                              \
    }

WRAP(STAGE_ENVELOPE, bool, cpi_envelope_parse,
     (struct cpi_envelope_reader * reader, struct cpi_text line, struct cpi_record *ret),
     (reader, line, ret))
WRAP(STAGE_MAP, enum cpi_refusal, cpi_mapper_map,
     (struct cpi_mapper * mapper, const struct cpi_mapping *mapping,
      const struct cpi_record *record, const bool *field_kept, struct cpi_mapped **ret_events,
      size_t *ret_count, struct cpi_text *ret_detail),
     (mapper, mapping, record, field_kept, ret_events, ret_count, ret_detail))
WRAP_VOID(STAGE_INTAKE, cpi_intake_feed,
          (struct cpi_intake * intake, struct cpi_mapper *mapper, const struct cpi_directory *dir,
           const struct cpi_record *record, struct cpi_outbox *box),
          (intake, mapper, dir, record, box))
WRAP_VOID(STAGE_SEAL, cpi_outbox_seal, (struct cpi_outbox * box, int64_t clock_ms), (box, clock_ms))
WRAP_VOID(STAGE_CASE, cpi_case_stage_take,
          (struct cpi_case_stage * stage, const struct cpi_item *item, struct cpi_outbox *box),
          (stage, item, box))
WRAP_VOID(STAGE_CASE, cpi_case_stage_fold,
          (struct cpi_case_stage * stage, int64_t w, struct cpi_outbox *box), (stage, w, box))
WRAP_VOID(STAGE_CUSTOMER, cpi_customer_stage_take,
          (struct cpi_customer_stage * stage, const struct cpi_item *item), (stage, item))
WRAP_VOID(STAGE_CUSTOMER, cpi_customer_stage_fold,
          (struct cpi_customer_stage * stage, int64_t w, struct cpi_outbox *box), (stage, w, box))
WRAP_VOID(STAGE_INBOX, cpi_window_stage_take,
          (struct cpi_window_stage * stage, const struct cpi_item *item), (stage, item))
WRAP_VOID(STAGE_MERGE, cpi_window_merge,
          (struct cpi_window_stage * stage, int64_t step, struct cpi_outbox *box),
          (stage, step, box))
WRAP(STAGE_FIRE, bool, cpi_window_stage_advance,
     (struct cpi_window_stage * stage, uint64_t budget, struct cpi_outbox *box),
     (stage, budget, box))

void bench_stages_begin(void)
{
    watch.on = true;
    watch.since = __rdtsc();
}

/* A compiler that sees all files at once may call a stage directly; then nothing here is true. */
static void check_entered(void)
{
    static const enum bench_stage needed[] = { STAGE_ENVELOPE, STAGE_MAP,  STAGE_INTAKE,
                                               STAGE_SEAL,     STAGE_CASE, STAGE_INBOX };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!watch.entered[needed[i]]) {
            fprintf(stderr, "bench_stages: no call passed through '%s'\n",
                    bench_stage_name[needed[i]]);
            exit(1);
        }
}

void bench_stages_end(double ret_share[STAGES])
{
    double sum = 0;
    enter(STAGE_OTHER);
    watch.on = false;
    check_entered();
    uint64_t entered[STAGES], ticks[STAGES];
    for (int s = 0; s < STAGES; s++) {
        entered[s] = watch.entered[s];
        ticks[s] = watch.ticks[s];
    }
    double pair = price();
    for (int s = 0; s < STAGES; s++) {
        ret_share[s] = (double)ticks[s] - pair / 2 * (double)entered[s];
        if (ret_share[s] < 0)
            ret_share[s] = 0;
        sum += ret_share[s];
    }
    for (int s = 0; s < STAGES; s++)
        ret_share[s] /= sum;
}
