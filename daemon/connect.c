#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>

static int password_read(struct connect *c, const char *path, const char *name, struct cpi_buf *ret,
                         char *why, size_t why_bytes)
{
    if (!path)
        return 0;
    int r = config_read_password(path, ret);
    if (r < 0) {
        snprintf(why, why_bytes, "cannot read %s: %s", path, strerror(-r));
        return r;
    }
    cpi_buf_add_byte(ret, 0);
    c->setting[c->n_settings++] = (struct kafka_setting){ name, (const char *)ret->at };
    return 0;
}

int connect_init(struct connect *c, const struct config *config, char *ret_why, size_t why_bytes)
{
    *c = (struct connect){ 0 };
    cpi_buf_init(&c->password);
    cpi_buf_init(&c->key_password);
    c->application = cpi_xtextdup(config->model->application);
    c->instance = cpi_xtextdup(config->model->instance);
    c->setting = cpi_xcalloc(config->n_kafka + 2, sizeof *c->setting);
    for (size_t i = 0; i < config->n_kafka; i++)
        c->setting[c->n_settings++] =
            (struct kafka_setting){ config->kafka[i].name, config->kafka[i].value };
    int r =
        password_read(c, config->password_file, "sasl.password", &c->password, ret_why, why_bytes);
    if (r == 0)
        r = password_read(c, config->key_password_file, "ssl.key.password", &c->key_password,
                          ret_why, why_bytes);
    return r;
}

static void wipe(struct cpi_buf *buf)
{
    if (buf->at)
        explicit_bzero(buf->at, buf->cap);
    cpi_buf_fini(buf);
}

void connect_fini(struct connect *c)
{
    wipe(&c->password);
    wipe(&c->key_password);
    free(c->setting);
    free(c->application);
    free(c->instance);
}

struct kafka_setup connect_setup(const struct connect *c, unsigned worker)
{
    return (struct kafka_setup){ .application = c->application,
                                 .instance = c->instance,
                                 .worker = worker,
                                 .setting = c->setting,
                                 .n_settings = c->n_settings };
}
