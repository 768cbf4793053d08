/* The files that a replay writes: one NDJSON file a topic. */
#ifndef CPID_REPLAY_OUTPUT_H
#define CPID_REPLAY_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include <cpi/outbox.h>

struct output {
    FILE *file[CPI_TOPICS];
    uint64_t lines[CPI_TOPICS];
    char *folder;
};
/* Makes the folder if it is missing and empties the files. `facts`: that file too. 0 or -errno. */
int output_open(struct output *output, const char *folder, bool facts);
/* 0 or -errno (a full disk). */
int output_write(struct output *output, const struct cpi_outbox *box);
int output_close(struct output *output);

#endif
