#include "ops/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/journal.h"

static enum log_level lowest = LOG_AT_INFO;

void log_set_level(enum log_level level)
{
    lowest = level;
}

bool log_level_parse(const char *name, enum log_level *ret)
{
    static const char *const names[] = { [LOG_AT_ERROR] = "error",
                                         [LOG_AT_WARNING] = "warning",
                                         [LOG_AT_NOTICE] = "notice",
                                         [LOG_AT_INFO] = "info",
                                         [LOG_AT_DEBUG] = "debug" };
    for (unsigned i = LOG_AT_ERROR; i <= LOG_AT_DEBUG; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    return false;
}

static void line_write(enum log_level level, const char *line)
{
    char text[4096 + 8];
    int len = isatty(STDERR_FILENO) ? snprintf(text, sizeof text, "%s\n", line)
                                    : snprintf(text, sizeof text, "<%d>%s\n", (int)level, line);
    /* nothing can be done about a log that cannot be written */
    ssize_t done = write(STDERR_FILENO, text, (size_t)len);
    (void)done;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > lowest)
        return;
    char line[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (!journal_is_stderr() || !journal_send((int)level, line))
        line_write(level, line);
}

static bool is_plain(const char *text)
{
    if (!*text)
        return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '\\' || *c == '=' || *c == 0x7f)
            return false;
    return true;
}

const char *log_quote(const char *text, char *ret, unsigned bytes)
{
    if (is_plain(text)) {
        snprintf(ret, bytes, "%s", text);
        return ret;
    }
    unsigned at = 0;
    ret[at++] = '"';
    for (const char *c = text; *c && at + 6 < bytes; c++) {
        if (*c == '"' || *c == '\\') {
            ret[at++] = '\\';
            ret[at++] = *c;
        } else if ((unsigned char)*c < ' ' || *c == 0x7f) {
            at += (unsigned)snprintf(ret + at, bytes - at, "\\x%02x", (unsigned char)*c);
        } else {
            ret[at++] = *c;
        }
    }
    ret[at++] = '"';
    ret[at] = '\0';
    return ret;
}
