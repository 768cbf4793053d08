#include "ops/signals.h"

#include <signal.h>
#include <time.h>

static sigset_t wished(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

void signals_block(void)
{
    sigset_t set = wished();
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

enum signal_wish signals_wait(int timeout_ms)
{
    sigset_t set = wished();
    struct timespec span = { timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000 };
    switch (sigtimedwait(&set, NULL, &span)) {
    case SIGTERM:
    case SIGINT:
        return SIGNAL_STOP;
    case SIGHUP:
        return SIGNAL_RELOAD;
    default:
        return SIGNAL_NONE;
    }
}
