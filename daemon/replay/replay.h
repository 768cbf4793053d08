/* A replay: files in, the records that `run` would write out, with the same stages over an
 * in-memory log and no clock (T5). */
#ifndef CPID_REPLAY_REPLAY_H
#define CPID_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <cpi/directory.h>
#include <cpi/envelope.h>
#include <cpi/intake.h>
#include <cpi/model.h>
#include <cpi/outbox.h>
#include <cpi/task.h>

#include "replay/input.h"
#include "replay/output.h"

struct replay_partition {
    struct cpi_text topic;
    uint32_t number; /* partition of its topic */
    struct input input;
    struct cpi_intake *intake;
    int64_t offset;
    bool ended;
};
struct replay {
    const struct cpi_model *model;
    const struct cpi_directory *directory;
    struct replay_partition *partition; /* in command-line order */
    size_t n_partitions;
    struct cpi_intake **absent; /* configured topics without a file: ended from the beginning */
    size_t n_absent;
    struct cpi_task *task;
    struct cpi_outbox *box, *other; /* one is filled while the frames of the other are fed */
    struct cpi_mapper *mapper;
    struct cpi_envelope_reader *reader;
    struct output output;
    int64_t clock, until;
    uint64_t records;
};
/* The topic's source and index in it; false if no source of the model has it. */
bool replay_find_topic(const struct cpi_model *model, struct cpi_text topic, uint16_t *ret_source,
                       uint16_t *ret_index);
void replay_init(struct replay *replay, const struct cpi_model *model,
                 const struct cpi_directory *directory, bool every_boundary, int64_t until);
void replay_fini(struct replay *replay);
/* Adds a file as the next partition of its topic. 0 or -errno. The topic is the model's. */
int replay_add(struct replay *replay, struct cpi_text topic, const char *path);
/* Before the first step: topics without files are taken as ended; returns how many there are. */
size_t replay_begin(struct replay *replay);
/* Reads up to `records` records and all that follows from them. 1, 0 when everything is read, or
 * -errno with *ret_path. */
int replay_step(struct replay *replay, uint64_t records, const char **ret_path);

#endif
