#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cpi/alloc.h>

#include "bench.h"

static void split(struct bench_input *input)
{
    size_t cap = 0;
    const char *at = input->bytes, *end = at + input->n_bytes;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        input->line = cpi_grow(input->line, input->count, &cap, sizeof *input->line);
        input->line[input->count++] = (struct cpi_text){ at, (uint32_t)(stop - at) };
        at = stop + 1;
    }
}

void bench_input_read(struct bench_input *input, const char *path)
{
    struct stat status;
    FILE *in = fopen(path, "r");
    *input = (struct bench_input){ 0 };
    if (in && fstat(fileno(in), &status) == 0 && status.st_size > 0) {
        input->bytes = cpi_xmalloc((size_t)status.st_size);
        input->n_bytes = fread(input->bytes, 1, (size_t)status.st_size, in);
    }
    if (!in || !input->n_bytes || ferror(in)) {
        fprintf(stderr, "%s: %s\n", path, errno ? strerror(errno) : "there is nothing in it");
        exit(66);
    }
    fclose(in);
    split(input);
}

int64_t bench_cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
