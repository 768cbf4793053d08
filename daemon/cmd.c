#include "cmd.h"

#include <stdarg.h>
#include <stdio.h>

#include <cpi/diag.h>

#include "config/load.h"

int cmd_usage(const char *verb, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "cpid%s%s: ", verb ? " " : "", verb ? verb : "");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nSee `cpid --help`.\n", stderr);
    return EXIT_USAGE;
}

void cmd_print_diag(const struct cpi_diag *diag)
{
    for (size_t i = 0; i < diag->count; i++) {
        const struct cpi_diag_line *line = &diag->line[i];
        if (line->at.file && line->at.line)
            fprintf(stderr, "%s:%u: ", line->at.file, line->at.line);
        else if (line->at.file)
            fprintf(stderr, "%s: ", line->at.file);
        fprintf(stderr, "%s%s%s%s\n", line->warning ? "warning: " : "", line->path,
                line->path[0] ? ": " : "", line->text);
    }
}

int cmd_load(const char *file, struct config *ret)
{
    struct cpi_diag diag;
    cpi_diag_init(&diag);
    int r = config_load(file, ret, &diag);
    cmd_print_diag(&diag);
    cpi_diag_fini(&diag);
    return r < 0 ? EXIT_CONFIG : EXIT_OK;
}
