#include "ops/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

void log_line(enum log_level level, const char *format, ...)
{
    if (level > lowest)
        return;
    char line[4096];
    size_t at = 0;
    if (!isatty(STDERR_FILENO))
        at = (size_t)snprintf(line, sizeof line, "<%d>", (int)level);
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line + at, sizeof line - at - 1, format, args);
    va_end(args);
    if (len < 0)
        return;
    at += (size_t)len < sizeof line - at - 1 ? (size_t)len : sizeof line - at - 2;
    line[at++] = '\n';
    /* nothing can be done about a log that cannot be written */
    ssize_t done = write(STDERR_FILENO, line, at);
    (void)done;
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
