#include "connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "text.h"

/* Options that are not the user's to set, and what to do instead. */
static const struct {
    const char *name, *instead;
} refused[] = {
    { "transactional.id", "it follows from application and instance" },
    { "group.id", "it is the application" },
    { "group.instance.id", "it follows from application and instance" },
    { "isolation.level", "exactness needs read_committed" },
    { "enable.idempotence", "exactness needs it on" },
    { "acks", "exactness needs all" },
    { "request.required.acks", "exactness needs all" },
    { "enable.auto.commit", "offsets are committed in transactions" },
    { "auto.commit.enable", "offsets are committed in transactions" },
    { "auto.commit.interval.ms", "offsets are committed in transactions" },
    { "enable.auto.offset.store", "offsets are committed in transactions" },
    { "auto.offset.reset", "set start" },
    { "enable.partition.eof", "time at the end of a partition depends on it" },
    { "partition.assignment.strategy", "tasks rely on range" },
    { "partitioner", "keys are placed by cpid" },
    { "bootstrap.servers", "set kafka.servers" },
    { "metadata.broker.list", "set kafka.servers" },
    { "sasl.username", "set kafka.user" },
    { "sasl.password", "set kafka.password-file: secrets do not stand in this file" },
    { "ssl.key.password", "set kafka.key-password-file: secrets do not stand in this file" },
    { "sasl.oauthbearer.client.secret", "secrets do not stand in this file" },
    { "ssl.keystore.password", "secrets do not stand in this file" },
    { "ssl.key.pem", "set kafka.key-file: secrets do not stand in this file" },
};

struct connecting {
    const struct settings *settings;
    struct cpi_arena *arena;
    struct cpi_diag *diag;
    struct config_property *property;
    size_t count;
    bool lenient;
};

static void add(struct connecting *c, const char *name, const char *value, struct cpi_origin at)
{
    c->property[c->count++] = (struct config_property){ name, value, at };
}

/* A file that the connection needs: a credential of the service, or beside the configuration. */
static const char *find_file(struct connecting *c, struct cpi_text_at name, const char *path)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (!name.text)
        return NULL;
    if (credentials && *credentials && name.text[0] != '/') {
        struct cpi_text file = cpi_arena_format(c->arena, "%s/%s%c", credentials, name.text, 0);
        if (access(file.at, R_OK) == 0)
            return file.at;
    }
    const char *file = config_path_beside(name.at.file ? name.at.file : "", name.text, c->arena);
    if (access(file, R_OK) == 0)
        return file;
    int error = errno;
    if (c->lenient)
        cpi_diag_warn(c->diag, name.at, path, "cannot read %s: %s; `run` needs it", file,
                      strerror(error));
    return file; /* `run` says so when it opens it; replay does not need it */
}

static void add_options(struct connecting *c)
{
    const struct settings *s = c->settings;
    for (size_t i = 0; i < s->kafka.n_options; i++) {
        const struct settings_pair *pair = &s->kafka.option[i];
        const char *instead = NULL;
        bool again = false;
        for (size_t k = 0; k < sizeof refused / sizeof *refused; k++)
            if (strcmp(refused[k].name, pair->name.text) == 0)
                instead = refused[k].instead;
        for (size_t k = 0; k < i; k++)
            again = again || strcmp(s->kafka.option[k].name.text, pair->name.text) == 0;
        if (instead)
            cpi_diag_error(c->diag, pair->name.at, "kafka.options", "\"%s\" is not to be set: %s",
                           pair->name.text, instead);
        else if (again)
            cpi_diag_error(c->diag, pair->name.at, "kafka.options", "\"%s\" stands twice; keep one",
                           pair->name.text);
        else
            add(c, pair->name.text, pair->value.text, pair->name.at);
    }
}

static void check_pairs(struct connecting *c)
{
    const struct settings *s = c->settings;
    if (cpi_origin_is_given(s->kafka.user.at) != cpi_origin_is_given(s->kafka.password_file.at))
        cpi_diag_error(c->diag, s->kafka.user.text ? s->kafka.user.at : s->kafka.password_file.at,
                       s->kafka.user.text ? "kafka.user" : "kafka.password-file",
                       "user and password-file go together; set both or none");
    if (s->kafka.certificate_file.text && !s->kafka.key_file.text)
        cpi_diag_error(c->diag, s->kafka.certificate_file.at, "kafka.certificate-file",
                       "a certificate needs its key; set key-file too");
}

void connection_read(const struct settings *s, bool lenient, struct cpi_arena *arena,
                     struct cpi_diag *diag, struct config *ret)
{
    static const char *const protocols[] = { "plaintext", "ssl", "sasl_plaintext", "sasl_ssl" };
    static const char *const mechanisms[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" };
    const struct cpi_origin derived = { 0 };
    struct connecting c = { .settings = s, .arena = arena, .diag = diag, .lenient = lenient };
    c.property = cpi_arena_take(arena, (s->kafka.n_options + 8) * sizeof *c.property);
    bool tls = s->kafka.tls.value || s->kafka.ca_file.text || s->kafka.certificate_file.text;
    bool login = s->kafka.user.text != NULL;
    check_pairs(&c);
    if (s->kafka.servers.text)
        add(&c, "bootstrap.servers", s->kafka.servers.text, s->kafka.servers.at);
    add(&c, "security.protocol", protocols[(login ? 2 : 0) + (tls ? 1 : 0)], derived);
    if (login) {
        add(&c, "sasl.mechanism", mechanisms[s->kafka.mechanism.value], derived);
        add(&c, "sasl.username", s->kafka.user.text, s->kafka.user.at);
    }
    const char *ca = find_file(&c, s->kafka.ca_file, "kafka.ca-file");
    const char *certificate = find_file(&c, s->kafka.certificate_file, "kafka.certificate-file");
    const char *key = find_file(&c, s->kafka.key_file, "kafka.key-file");
    if (ca)
        add(&c, "ssl.ca.location", ca, s->kafka.ca_file.at);
    if (certificate)
        add(&c, "ssl.certificate.location", certificate, s->kafka.certificate_file.at);
    if (key)
        add(&c, "ssl.key.location", key, s->kafka.key_file.at);
    ret->password_file = find_file(&c, s->kafka.password_file, "kafka.password-file");
    ret->key_password_file = find_file(&c, s->kafka.key_password_file, "kafka.key-password-file");
    add_options(&c);
    ret->kafka = c.property;
    ret->n_kafka = c.count;
}
