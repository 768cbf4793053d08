/* Signals as something to wait for: they are blocked in every thread and taken by one.
 *
 * thread: main. */
#ifndef OPS_SIGNALS_H
#define OPS_SIGNALS_H

#include <stdbool.h>

enum signal_wish { SIGNAL_NONE, SIGNAL_STOP, SIGNAL_RELOAD };

/* Blocks SIGTERM, SIGINT and SIGHUP and ignores SIGPIPE; before any thread is started. */
void signals_block(void);
/* The next wish; SIGNAL_NONE after timeout_ms without one. */
enum signal_wish signals_wait(int timeout_ms);

#endif
