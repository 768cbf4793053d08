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
    bool fixed; /* exactness rests on it: wins over what a user gives */
} own[] = {
    { ALL, "socket.nagle.disable", "true", false },
    { ALL, "socket.timeout.ms", "5000", false },
    { ALL, "reconnect.backoff.max.ms", "500", false },
    { ALL, "retry.backoff.ms", "10", false },
    { ALL, "topic.metadata.refresh.interval.ms", "60000", false },
    { READS, "enable.auto.commit", "false", true },
    { READS, "enable.auto.offset.store", "false", true },
    { READS, "isolation.level", "read_committed", true },
    { READS, "enable.partition.eof", "true", true },
    { READS, "auto.offset.reset", "error", true },
    { LIVE, "partition.assignment.strategy", "range", true },
    { LIVE, "session.timeout.ms", "45000", false },
    { LIVE, "max.poll.interval.ms", "300000", false },
    { LIVE, "fetch.wait.max.ms", "100", false },
    { LIVE, "fetch.message.max.bytes", "262144", false }, /* compressed, per partition */
    { LIVE, "queued.max.messages.kbytes", KAFKA_AHEAD_KBYTES, false },
    { LIVE, "queued.min.messages", KAFKA_AHEAD_MESSAGES, false },
    { RESTORE, "fetch.wait.max.ms", "10", false },
    { ASKS, "isolation.level", "read_uncommitted", true },
    { WRITES, "transaction.timeout.ms", "60000", false },
    { WRITES, "linger.ms", "5", false },
    { WRITES, "partitioner", "murmur2_random", true },
    { WRITES, "compression.type", "lz4", false },
    { WRITES, "message.max.bytes", "16777216", false },
    /* a transaction of 100,000 rows takes 30 MB more in the library otherwise */
    { WRITES, "queue.buffering.max.messages", "20000", false },
};

bool kafka_setting_check(const char *name, const char *value, char *ret_why, size_t why_bytes)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = rd_kafka_conf_set(conf, name, value, ret_why, why_bytes) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_destroy(conf);
    return good;
}

static bool conf_put(rd_kafka_conf_t *conf, const char *name, const char *value, char *why,
                     size_t bytes)
{
    return rd_kafka_conf_set(conf, name, value, why, bytes) == RD_KAFKA_CONF_OK;
}

static bool conf_own(rd_kafka_conf_t *conf, enum kafka_role role, bool fixed_only, char *why,
                     size_t bytes)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if ((own[i].roles >> role & 1) && (own[i].fixed || !fixed_only) &&
            !conf_put(conf, own[i].name, own[i].value, why, bytes))
            return false;
    return true;
}

static bool conf_identity(rd_kafka_conf_t *conf, const struct kafka_setup *setup,
                          enum kafka_role role, char *why, size_t bytes)
{
    char id[512];
    snprintf(id, sizeof id, "%s-%s-%u", setup->application, setup->instance, setup->worker);
    if (!conf_put(conf, "client.id", id, why, bytes))
        return false;
    if (role == KAFKA_PRODUCER)
        return conf_put(conf, "transactional.id", id, why, bytes);
    if (role == KAFKA_CONSUMER && !conf_put(conf, "group.instance.id", id, why, bytes))
        return false;
    /* the reader never joins; it needs the name to be allowed to assign */
    return (role != KAFKA_CONSUMER && role != KAFKA_READER) ||
           conf_put(conf, "group.id", setup->application, why, bytes);
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_setup *setup, enum kafka_role role,
                                char *ret_why, size_t why_bytes)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool good = conf_own(conf, role, false, ret_why, why_bytes);
    for (size_t i = 0; good && i < setup->n_settings; i++)
        good = conf_put(conf, setup->setting[i].name, setup->setting[i].value, ret_why, why_bytes);
    if (good && conf_own(conf, role, true, ret_why, why_bytes) &&
        conf_identity(conf, setup, role, ret_why, why_bytes))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}
