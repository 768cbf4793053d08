/* From a configuration file to the model, the directory, and what the daemon alone needs.
 *
 * This folder is the only one that knows libconfig. Nothing here opens a connection. */
#ifndef CPID_CONFIG_LOAD_H
#define CPID_CONFIG_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cpi/buf.h>
#include <cpi/diag.h>
#include <cpi/directory.h>
#include <cpi/model.h>
#include <cpi/spec.h>

enum config_start { CONFIG_START_EARLIEST, CONFIG_START_LATEST, CONFIG_START_TIME };
enum config_log_level { CONFIG_LOG_ERROR, CONFIG_LOG_WARNING, CONFIG_LOG_INFO, CONFIG_LOG_DEBUG };

/* A property of librdkafka, by its own name ("session.timeout.ms"). */
struct config_property {
    const char *name, *value;
    struct cpi_origin at; /* of a passthrough option; not given for what cpid derives */
};

struct config {
    struct cpi_model *model;
    struct cpi_directory *directory;
    uint32_t workers;
    enum config_start start; /* of sources, at the very first start */
    int64_t start_ms;        /* of CONFIG_START_TIME */
    enum config_log_level log_level;
    /* Of the connection, in the order to set them: bootstrap.servers, security.protocol, sasl.*,
     * ssl.*, then the passthrough options. Passwords are not among them. */
    const struct config_property *kafka;
    size_t n_kafka;
    const char *password_file, *key_password_file; /* as found; NULL = none */
    const struct cpi_spec *spec;                   /* what the model was built from */
    struct config_memory *memory;                  /* owns all of it but model and directory */
};

/* Loads the file. 0, or -EINVAL with every error in `diag`, sorted; then model and directory are
 * NULL. config_fini is due in both cases, after the last use of `diag` (whose places lie in its
 * memory). */
int config_load(const char *path, struct config *ret, struct cpi_diag *diag);
/* The same for `check`: files of people, customers and passwords that are not there are warnings,
 * so that a configuration can be checked where they are not. */
int config_check(const char *path, struct config *ret, struct cpi_diag *diag);
/* A pack alone, as the only source, so that its samples can be run: `pack` is its name, or a file
 * if that holds a slash or ends in .conf. Its topic is its name. As config_load. */
int config_load_pack(const char *pack, struct config *ret, struct cpi_diag *diag);
void config_fini(struct config *config);

/* The file of samples that the source (by its place) names, into `ret`. 0 or -errno; *ret_path is
 * its path in both cases, owned by `config`. */
int config_read_samples(const struct config *config, size_t source, struct cpi_buf *ret,
                        const char **ret_path);

/* `run --instance`. 0, or -EINVAL if it is no name. */
int config_set_instance(struct config *config, const char *instance);
/* Reads a password file: its first line, without blanks at its ends. The caller wipes it. 0 or
 * -errno. */
int config_read_password(const char *path, struct cpi_buf *ret);

#endif
