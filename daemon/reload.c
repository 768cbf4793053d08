#include "reload.h"

#include <inttypes.h>
#include <stdlib.h>

#include <cpi/alloc.h>

#include "cmd.h"
#include "ops/log.h"

void reload_init(struct reload *r, const char *path, struct config *config,
                 struct worker_setup *setup, const struct worker_pulse *const *pulse,
                 unsigned count)
{
    *r = (struct reload){
        .path = path, .first = config, .now = config, .setup = setup, .pulse = pulse, .count = count
    };
    r->steps = cpi_xcalloc(count, sizeof *r->steps);
}

/* The first configuration also owns the model that the workers run by. */
static void config_drop(struct reload *r, struct config *config)
{
    if (!config)
        return;
    if (config == r->first) {
        cpi_directory_free(config->directory);
        config->directory = NULL;
        return;
    }
    config_fini(config);
    free(config);
}

void reload_fini(struct reload *r)
{
    config_drop(r, r->old);
    if (r->now != r->first)
        config_drop(r, r->now);
    free(r->steps);
}

/* A worker takes the directory at the beginning of each step. */
static bool old_is_unused(const struct reload *r)
{
    for (unsigned i = 0; i < r->count; i++)
        if (atomic_load(&r->pulse[i]->steps) == r->steps[i])
            return false;
    return true;
}

static void read_again(struct reload *r)
{
    struct config *fresh = cpi_xcalloc(1, sizeof *fresh);
    if (cmd_load(r->path, fresh) != EXIT_OK) {
        log_line(LOG_AT_ERROR, "reload_failed text=\"people, customers and teams stay as they "
                               "were: what is wrong is printed before this line\"");
        config_fini(fresh);
        free(fresh);
        return;
    }
    atomic_store(&r->setup->dir, fresh->directory);
    for (unsigned i = 0; i < r->count; i++)
        r->steps[i] = atomic_load(&r->pulse[i]->steps);
    r->old = r->now;
    r->now = fresh;
    log_line(LOG_AT_NOTICE, "reloaded text=\"people, customers and teams; all else of the "
                            "configuration is taken at a restart\"");
}

void reload_want(struct reload *r)
{
    r->wanted = true;
}

bool reload_go_on(struct reload *r)
{
    if (r->old && old_is_unused(r)) {
        config_drop(r, r->old);
        r->old = NULL;
    }
    if (!r->wanted || r->old)
        return false;
    r->wanted = false;
    read_again(r);
    return true;
}
