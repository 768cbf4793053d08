#include <stdio.h>
#include <string.h>

#include "kafka/client.h"

/* Where the values come from: measured against real brokers. The long transaction timeout with
 * short backoffs turns broker outages into waiting instead of aborts and dead producers; a static
 * member with a long session is back half a second after kill -9 and costs the group no rebalance.
 */
enum {
    ALL = 31,
    READS = 1 << KAFKA_CONSUMER | 1 << KAFKA_READER,
    LIVE = 1 << KAFKA_CONSUMER,
    WRITES = 1 << KAFKA_PRODUCER,
    RESTORE = 1 << KAFKA_READER,
    ASKS = 1 << KAFKA_ASKER
};
static const struct {
    unsigned roles;
    const char *name, *value;
} own[] = {
    { ALL, "log.configuration.warnings", "false" },
    { ALL, "socket.nagle.disable", "true" },
    { ALL, "socket.timeout.ms", "5000" },
    { ALL, "reconnect.backoff.max.ms", "500" },
    { ALL, "retry.backoff.ms", "10" },
    { ALL, "topic.metadata.refresh.interval.ms", "60000" },
    { READS, "enable.auto.commit", "false" },
    { READS, "enable.auto.offset.store", "false" },
    { READS, "isolation.level", "read_committed" },
    { READS, "enable.partition.eof", "true" },
    { READS, "auto.offset.reset", "error" },
    { LIVE, "partition.assignment.strategy", "range" },
    { LIVE, "session.timeout.ms", "45000" },
    { LIVE, "max.poll.interval.ms", "300000" },
    { LIVE, "fetch.wait.max.ms", "100" },
    { RESTORE, "fetch.wait.max.ms", "10" },
    { ASKS, "isolation.level", "read_uncommitted" },
    { WRITES, "transaction.timeout.ms", "60000" },
    { WRITES, "linger.ms", "5" },
    { WRITES, "partitioner", "murmur2_random" },
    { WRITES, "compression.type", "lz4" },
    { WRITES, "message.max.bytes", "16777216" },
};

static const struct {
    const char *name, *why;
} refused[] = {
    { "bootstrap.servers", "this is kafka.servers" },
    { "metadata.broker.list", "this is kafka.servers" },
    { "transactional.id", "made from application, instance and worker" },
    { "group.id", "this is application" },
    { "group.instance.id", "made from application, instance and worker" },
    { "client.id", "made from application, instance and worker" },
    { "enable.idempotence", "exactly-once needs it on" },
    { "acks", "exactly-once needs all" },
    { "request.required.acks", "exactly-once needs all" },
    { "max.in.flight", "exactly-once bounds it" },
    { "max.in.flight.requests.per.connection", "exactly-once bounds it" },
    { "enable.auto.commit", "offsets are committed in transactions" },
    { "enable.auto.offset.store", "offsets are committed in transactions" },
    { "auto.commit.interval.ms", "offsets are committed in transactions" },
    { "isolation.level", "only committed records may be read" },
    { "auto.offset.reset", "this is start" },
    { "enable.partition.eof", "time needs to know where a partition ends" },
    { "partition.assignment.strategy", "range is the one that is known to work" },
    { "allow.auto.create.topics", "topics are created by cpid topics --create" },
    { "message.max.bytes", "set by what is sent" },
    { "log.queue", "internal" },
    { "opaque", "internal" },
    { "plugin.library.paths", "no foreign code is loaded" },
    { "interceptors", "no foreign code is loaded" },
    { "partitioner", "keys must stay where they are" },
};

const char *kafka_setting_refused(const char *name)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(refused[i].name, name) == 0)
            return refused[i].why;
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, "_cb") == 0)
        return "internal";
    if (strncmp(name, "test.", 5) == 0)
        return "for the library's own tests";
    return NULL;
}

bool kafka_setting_check(const char *name, const char *value, char *ret_why, size_t why_bytes)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = rd_kafka_conf_set(conf, name, value, ret_why, why_bytes) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_destroy(conf);
    return good;
}

static bool conf_identity(rd_kafka_conf_t *conf, const struct kafka_setup *setup,
                          enum kafka_role role, char *why, size_t bytes)
{
    char id[512];
    snprintf(id, sizeof id, "%s-%s-%u", setup->application, setup->instance, setup->worker);
    if (rd_kafka_conf_set(conf, "client.id", id, why, bytes) != RD_KAFKA_CONF_OK ||
        rd_kafka_conf_set(conf, "bootstrap.servers", setup->servers, why, bytes) !=
            RD_KAFKA_CONF_OK)
        return false;
    if (role == KAFKA_PRODUCER)
        return rd_kafka_conf_set(conf, "transactional.id", id, why, bytes) == RD_KAFKA_CONF_OK;
    if (role == KAFKA_CONSUMER &&
        rd_kafka_conf_set(conf, "group.instance.id", id, why, bytes) != RD_KAFKA_CONF_OK)
        return false;
    /* the reader never joins; it needs the name to be allowed to assign */
    if (role == KAFKA_CONSUMER || role == KAFKA_READER)
        return rd_kafka_conf_set(conf, "group.id", setup->application, why, bytes) ==
               RD_KAFKA_CONF_OK;
    return true;
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_setup *setup, enum kafka_role role,
                                char *ret_why, size_t why_bytes)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if ((own[i].roles >> role & 1) && rd_kafka_conf_set(conf, own[i].name, own[i].value,
                                                            ret_why, why_bytes) != RD_KAFKA_CONF_OK)
            goto bad;
    for (size_t i = 0; i < setup->n_settings; i++) {
        const struct kafka_setting *set = &setup->setting[i];
        if (!kafka_setting_refused(set->name) &&
            rd_kafka_conf_set(conf, set->name, set->value, ret_why, why_bytes) != RD_KAFKA_CONF_OK)
            goto bad;
    }
    if (conf_identity(conf, setup, role, ret_why, why_bytes))
        return conf;
bad:
    rd_kafka_conf_destroy(conf);
    return NULL;
}
