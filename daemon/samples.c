#include "samples.h"

#include <string.h>

#include "cmd.h"
#include "config/load.h"
#include "explain/samples.h"

static void run_source(const struct config *config, uint16_t i, size_t *count,
                       struct cpi_diag *diag)
{
    struct explain ex = { .model = config->model, .source = i };
    struct cpi_text_at name = config->spec->source[i].samples;
    struct cpi_buf text;
    const char *path;
    cpi_buf_init(&text);
    int rc = config_read_samples(config, i, &text, &path);
    if (rc < 0) {
        cpi_diag_error(diag, name.at, "samples", "cannot read %s: %s", path, strerror(-rc));
    } else {
        ex.mapper = cpi_mapper_new();
        *count += samples_check(&ex, path, cpi_buf_text(&text), diag);
        cpi_mapper_free(ex.mapper);
    }
    cpi_buf_fini(&text);
}

static size_t run_pack(const char *file, size_t *count)
{
    struct config pack;
    struct cpi_diag diag;
    cpi_diag_init(&diag);
    if (config_load_pack(file, &pack, &diag) == 0 && pack.spec->source[0].samples.text)
        run_source(&pack, 0, count, &diag);
    cmd_print_diag(&diag);
    size_t errors = diag.errors;
    cpi_diag_fini(&diag);
    config_fini(&pack);
    return errors;
}

size_t samples_run(const struct config *config, size_t *ret_count)
{
    struct cpi_diag diag;
    size_t errors = 0;
    cpi_diag_init(&diag);
    *ret_count = 0;
    for (uint16_t i = 0; i < config->spec->n_sources; i++) {
        const struct cpi_source_spec *spec = &config->spec->source[i];
        const char *file = spec->samples.at.file;
        if (!spec->samples.text)
            continue;
        if (spec->pack.text && strcmp(file, spec->pack.at.file) != 0)
            errors += run_pack(file, ret_count);
        else
            run_source(config, i, ret_count, &diag);
    }
    cmd_print_diag(&diag);
    errors += diag.errors;
    cpi_diag_fini(&diag);
    return errors;
}
