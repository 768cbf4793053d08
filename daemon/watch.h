/* Watches the workers of a process and finds words for what they do: for systemd, which starts what
 * waits for us once we are ready, shows our status, and ends us if a worker hangs.
 *
 * thread: main. */
#ifndef CPID_WATCH_H
#define CPID_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/port.h"
#include "worker/pulse.h"

#define WATCH_STATUS_BYTES 256

struct watch {
    const struct worker_pulse *const *pulse;
    const struct port_topics *topics;
    unsigned count;
    uint64_t *beats; /* [count] at the last sign of life */
    bool ready, alive;
    char status[WATCH_STATUS_BYTES];
};

/* Borrows pulses and topics. */
void watch_init(struct watch *watch, const struct worker_pulse *const *pulse, unsigned count,
                const struct port_topics *topics);
void watch_fini(struct watch *watch);

/* Looks once, and leaves in `watch`:
 *
 * alive   every worker has got on since this was true last: the moment for WATCHDOG=1. Waiting for
 *         the broker is getting on.
 * ready   every worker has had its partitions and their state; stays true.
 * status  what to say now, in words.
 *
 * Returns whether `ready` or `status` changed. */
bool watch_look(struct watch *watch);

#endif
