/* A model from the text of a configuration; one that does not load ends the program with its
 * complaints. */
#ifndef CONFIGURE_H
#define CONFIGURE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/load.h"

/* What was written to fd, which is closed. */
static inline void configure_fd(struct config *config, int fd)
{
    char path[64];
    struct cpi_diag diag;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    cpi_diag_init(&diag);
    if (config_load(path, config, &diag) < 0) {
        for (size_t i = 0; i < diag.count; i++)
            fprintf(stderr, "%u: %s: %s\n", diag.line[i].at.line, diag.line[i].path,
                    diag.line[i].text);
        exit(70);
    }
    cpi_diag_fini(&diag);
    close(fd);
}

static inline void configure_text(struct config *config, const char *format, ...)
{
    int fd = memfd_create("conf", 0);
    va_list args;
    va_start(args, format);
    vdprintf(fd, format, args);
    va_end(args);
    configure_fd(config, fd);
}

#endif
