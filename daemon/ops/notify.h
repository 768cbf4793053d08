/* What systemd is told about the service (sd_notify(3)); nothing happens where nobody listens.
 *
 * thread: main. */
#ifndef OPS_NOTIFY_H
#define OPS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Assignments such as "READY=1\nSTATUS=reading", one a line. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* RELOADING=1; a READY=1 is due when it is done. */
void notify_reloading(void);
/* WATCHDOG=1 is wanted at least this often; 0 = no watchdog. */
int64_t notify_watchdog_ms(void);

#endif
