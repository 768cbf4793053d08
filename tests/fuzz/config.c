/* The text of a configuration, as `check` reads it: without the files that it may name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/diag.h>

#include "config/load.h"
#include "fuzz.h"

/* libconfig 1.5 forgets a text that stands before a syntax error: some bytes a run of `check`. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig";
}

static char path[64];

static void remove_folder(void)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

/* A folder of its own in memory: what the text includes is looked for there. No zone database,
 * which takes 20 ms to read: UTC is the only zone. */
static void prepare(void)
{
    strcpy(path, "/dev/shm/cpid-fuzz-XXXXXX");
    FUZZ_HOLDS(mkdtemp(path) && setenv("TZDIR", path, 1) == 0 && chdir(path) == 0);
    strcat(path, "/cpid.conf");
    atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct cpi_diag diag;
    if (!path[0])
        prepare();
    FILE *file = fopen(path, "wb");
    FUZZ_HOLDS(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
    cpi_diag_init(&diag);
    int r = config_check(path, &config, &diag);
    FUZZ_HOLDS((r == 0) == (config.model != NULL));
    FUZZ_HOLDS(r == 0 || diag.errors > 0);
    for (size_t i = 0; r == 0 && i < config.model->n_indicators; i++)
        FUZZ_HOLDS(config.model->indicator[i].sentence.len > 0);
    cpi_diag_fini(&diag);
    config_fini(&config);
    return 0;
}
