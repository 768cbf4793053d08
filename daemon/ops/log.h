/* Log lines: "event key=value ...". To the journal with fields if stderr leads there (journal.h),
 * else on stderr, with a priority prefix ("<6>", sd-daemon(3)) unless it is a terminal. One
 * write(2) a line, so lines of several threads never mix. Never secrets.
 *
 * thread: any. */
#ifndef OPS_LOG_H
#define OPS_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_AT_ERROR = 3,
    LOG_AT_WARNING = 4,
    LOG_AT_NOTICE = 5,
    LOG_AT_INFO = 6,
    LOG_AT_DEBUG = 7
};

/* Lines below this level are dropped; set once, before threads start. Default: info. */
void log_set_level(enum log_level level);
/* "error", "warning", "notice", "info", "debug"; false for any other. */
bool log_level_parse(const char *name, enum log_level *ret);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes `text` as a value: as it stands if it is plain, else in quotes with \ before " and \,
 * control characters as \xHH. Cut at `bytes`. Returns ret. */
const char *log_quote(const char *text, char *ret, unsigned bytes);

#endif
