/* The parts of the speed programs: input in memory, CPU time, the yardstick, cpid's own stages. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cpi/text.h>

/* ---- input.c: a file of events in memory, every page touched ---- */
struct bench_input {
    char *bytes;
    size_t n_bytes;
    struct cpi_text *line; /* without newlines */
    size_t count;
};
/* Ends the program if the file cannot be read or is empty. */
void bench_input_read(struct bench_input *input, const char *path);

/* CPU time of this thread, user and system, in ns. */
int64_t bench_cpu_ns(void);

/* ---- yardstick.c: the bare yajl loop. Takes the members that W2 and W3 use from every event, as
 * raw text, with one reused handle. Returns how many members it took; ends the program on bad JSON.
 */
uint64_t bench_yajl(const struct bench_input *input);
/* The same for one event after the other. */
struct bench_loop;
struct bench_loop *bench_loop_new(void);
void bench_loop_free(struct bench_loop *loop);
unsigned bench_loop_take(struct bench_loop *loop, const void *bytes, size_t len);

/* ---- contestants.c: cpid's own stages over the same events ---- */
struct bench_result {
    uint64_t events, updates, facts, items;
    uint64_t output_bytes, heap_bytes;
};
/* Intake alone: events to sealed frames, which nobody reads. */
void bench_intake(const char *conf, const struct bench_input *input, struct bench_result *ret);
/* All stages in memory, in the order in which `cpid replay` calls them. `heap_bytes` is what the
 * allocator had given out at the end of the events. */
void bench_replay(const char *conf, const struct bench_input *input, struct bench_result *ret);
/* Set by the two above around what is to be measured: loading the configuration is not. */
extern int64_t bench_began_ns, bench_ended_ns;

/* ---- stages.c: where the time goes. The program is linked so that calls into the stages pass
 * through this file, which reads the time-stamp counter when it is switched on. ---- */
enum bench_stage {
    STAGE_OTHER,
    STAGE_ENVELOPE,
    STAGE_MAP,
    STAGE_INTAKE,
    STAGE_SEAL,
    STAGE_CASE,
    STAGE_CUSTOMER,
    STAGE_INBOX,
    STAGE_MERGE,
    STAGE_FIRE,
    STAGES
};
extern const char *const bench_stage_name[STAGES];
void bench_stages_begin(void);
/* Shares of the time since the begin, without what the reading itself cost. */
void bench_stages_end(double ret_share[STAGES]);

#endif
