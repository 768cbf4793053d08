/* Lines of a file or of standard input, as records of one partition. */
#ifndef CPID_REPLAY_INPUT_H
#define CPID_REPLAY_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <cpi/envelope.h>
#include <cpi/text.h>

struct input {
    const char *path; /* "-" = standard input */
    int fd;
    char *buffer;
    size_t cap, from, to; /* unread bytes are [from, to) */
    bool ended;
    uint64_t lines;
};
/* 0 or -errno. */
int input_open(struct input *input, const char *path);
void input_close(struct input *input);
/* The next line without its newline, valid until the next call. 1, 0 at the end, or -errno. */
int input_next(struct input *input, struct cpi_text *ret_line);

#endif
