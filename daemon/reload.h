/* SIGHUP: reads people, customers and teams again, while the workers go on. Everything else of the
 * configuration needs a restart.
 *
 * thread: main. */
#ifndef CPID_RELOAD_H
#define CPID_RELOAD_H

#include "config/load.h"
#include "worker/worker.h"

struct reload {
    const char *path;
    struct config *first, *now, *old; /* now: whose directory is in use; old: whose was */
    struct worker_setup *setup;
    const struct worker_pulse *const *pulse;
    unsigned count;
    uint64_t *steps; /* [count] when `old` was replaced */
    bool wanted;
};

/* Borrows everything; `config` is what the workers were made from. */
void reload_init(struct reload *reload, const char *path, struct config *config,
                 struct worker_setup *setup, const struct worker_pulse *const *pulse,
                 unsigned count);
/* After the workers have ended. */
void reload_fini(struct reload *reload);

/* Reads the files anew. What is wrong with them is printed, and the old ones stay in use. */
void reload_want(struct reload *reload);
/* From time to time: frees the old directory once no worker uses it. True when a reload that was
 * wanted has been done, well or not. */
bool reload_go_on(struct reload *reload);

#endif
