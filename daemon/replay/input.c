#include "replay/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cpi/alloc.h>

#define FIRST_BYTES ((size_t)256 * 1024)

int input_open(struct input *input, const char *path)
{
    struct stat st;
    *input = (struct input){ .path = path, .fd = STDIN_FILENO };
    if (strcmp(path, "-") != 0) {
        input->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (input->fd < 0)
            return -errno;
        if (fstat(input->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
            close(input->fd);
            input->fd = -1;
            return -EISDIR;
        }
    }
    input->cap = FIRST_BYTES;
    input->buffer = cpi_xmalloc(input->cap);
    return 0;
}

void input_close(struct input *input)
{
    if (input->fd > STDIN_FILENO)
        close(input->fd);
    free(input->buffer);
    *input = (struct input){ .fd = -1 };
}

/* Reads more behind what is unread. 1, 0 at the end, or -errno. */
static int read_more(struct input *input)
{
    if (input->from) {
        memmove(input->buffer, input->buffer + input->from, input->to - input->from);
        input->to -= input->from;
        input->from = 0;
    }
    if (input->to == input->cap) {
        input->cap *= 2;
        input->buffer = cpi_xrealloc(input->buffer, input->cap);
    }
    ssize_t n;
    do
        n = read(input->fd, input->buffer + input->to, input->cap - input->to);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    input->to += (size_t)n;
    input->ended = n == 0;
    return n > 0;
}

int input_next(struct input *input, struct cpi_text *ret_line)
{
    size_t seen = 0;
    for (;;) {
        char *at = input->buffer + input->from;
        size_t left = input->to - input->from;
        char *end = memchr(at + seen, '\n', left - seen);
        if (end || (input->ended && left)) {
            size_t len = end ? (size_t)(end - at) : left;
            *ret_line = (struct cpi_text){ at, (uint32_t)len };
            input->from += len + (end != NULL);
            input->lines++;
            return 1;
        }
        if (input->ended)
            return 0;
        seen = left;
        int err = read_more(input);
        if (err < 0)
            return err;
    }
}
