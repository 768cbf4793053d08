/* The configuration's connection as the Kafka folder takes it, with the passwords read from their
 * files: these two folders do not know each other. */
#ifndef CONNECT_H
#define CONNECT_H

#include "config/load.h"
#include "kafka/kafka.h"

struct connect {
    char *application, *instance;
    struct kafka_setting *setting;
    size_t n_settings;
    struct cpi_buf password, key_password;
};
/* 0, or -errno with a text: a password file that cannot be read. */
int connect_init(struct connect *connect, const struct config *config, char *ret_why,
                 size_t why_bytes);
/* The passwords are wiped. */
void connect_fini(struct connect *connect);
/* Borrows from `connect`. */
struct kafka_setup connect_setup(const struct connect *connect, unsigned worker);

#endif
