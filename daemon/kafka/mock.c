/* The embedded cluster of the demo, and the plain clients that feed and watch it. The mock keeps 5
 * MiB a partition, forgets offsets that were committed in transactions and filters nothing: enough
 * to show one worker at work, useless to test exactness. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include <librdkafka/rdkafka_mock.h> /* after it, it insists */

#include <cpi/alloc.h>

#include "kafka/client.h"

struct kafka_mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
};

static void quiet(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static rd_kafka_conf_t *plain_conf(const char *const *setting)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, quiet);
    for (; *setting; setting += 2)
        if (rd_kafka_conf_set(conf, setting[0], setting[1], why, sizeof why) != RD_KAFKA_CONF_OK) {
            rd_kafka_conf_destroy(conf);
            return NULL;
        }
    return conf;
}

static rd_kafka_t *plain_new(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[256];
    rd_kafka_t *rk = conf ? rd_kafka_new(type, conf, why, sizeof why) : NULL;
    if (!rk && conf)
        rd_kafka_conf_destroy(conf);
    return rk;
}

struct kafka_mock *kafka_mock_new(void)
{
    /* with Nagle's algorithm its answers come 40 ms late now and then */
    rd_kafka_t *rk = plain_new(RD_KAFKA_PRODUCER,
                               plain_conf((const char *const[]){
                                   "client.id", "demo", "socket.nagle.disable", "true", NULL }));
    if (!rk)
        return NULL;
    struct kafka_mock *mock = cpi_xcalloc(1, sizeof *mock);
    mock->rk = rk;
    mock->cluster = rd_kafka_mock_cluster_new(rk, 1);
    if (!mock->cluster) {
        rd_kafka_destroy(rk);
        free(mock);
        return NULL;
    }
    return mock;
}

const char *kafka_mock_servers(const struct kafka_mock *mock)
{
    return rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

int kafka_mock_topic(struct kafka_mock *mock, const char *name, uint32_t partitions)
{
    return rd_kafka_mock_topic_create(mock->cluster, name, (int)partitions, 1) ? -EINVAL : 0;
}

void kafka_mock_free(struct kafka_mock *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
    free(mock);
}

/* ---- writer ---- */

struct kafka_writer {
    rd_kafka_t *rk;
};

struct kafka_writer *kafka_writer_new(const char *servers)
{
    rd_kafka_t *rk = plain_new(
        RD_KAFKA_PRODUCER,
        plain_conf((const char *const[]){ "bootstrap.servers", servers, "socket.nagle.disable",
                                          "true", "partitioner", "murmur2_random", NULL }));
    if (!rk)
        return NULL;
    struct kafka_writer *writer = cpi_xcalloc(1, sizeof *writer);
    writer->rk = rk;
    return writer;
}

int kafka_writer_send(struct kafka_writer *writer, const char *topic, struct cpi_text key,
                      struct cpi_text value, int64_t timestamp_ms)
{
    for (;;) {
        rd_kafka_resp_err_t err = rd_kafka_producev(
            writer->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key.at, key.len), RD_KAFKA_V_VALUE((void *)value.at, value.len),
            RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);
        rd_kafka_poll(writer->rk, err == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 10 : 0);
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return err ? -EIO : 0;
    }
}

void kafka_writer_flush(struct kafka_writer *writer)
{
    rd_kafka_flush(writer->rk, 10000);
}

void kafka_writer_free(struct kafka_writer *writer)
{
    rd_kafka_destroy(writer->rk);
    free(writer);
}

/* ---- reader ---- */

struct kafka_reader {
    rd_kafka_t *rk;
    char **topic;
    size_t count;
    rd_kafka_message_t *message;
};

static void reader_assign(struct kafka_reader *reader)
{
    const struct rd_kafka_metadata *meta;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    if (rd_kafka_metadata(reader->rk, 1, NULL, &meta, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        for (int t = 0; t < meta->topic_cnt; t++)
            for (size_t i = 0; i < reader->count; i++)
                for (int p = 0; strcmp(meta->topics[t].topic, reader->topic[i]) == 0 &&
                                p < meta->topics[t].partition_cnt;
                     p++)
                    rd_kafka_topic_partition_list_add(list, reader->topic[i], p)->offset = 0;
        rd_kafka_metadata_destroy(meta);
    }
    rd_kafka_assign(reader->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

struct kafka_reader *kafka_reader_new(const char *servers, const char *const *topic, size_t count)
{
    rd_kafka_t *rk =
        plain_new(RD_KAFKA_CONSUMER,
                  plain_conf((const char *const[]){
                      "bootstrap.servers", servers, "group.id", "cpid-reader", "enable.auto.commit",
                      "false", "fetch.wait.max.ms", "10", "socket.nagle.disable", "true", NULL }));
    if (!rk)
        return NULL;
    struct kafka_reader *reader = cpi_xcalloc(1, sizeof *reader);
    reader->rk = rk;
    reader->count = count;
    reader->topic = cpi_xcalloc(count, sizeof *reader->topic);
    for (size_t i = 0; i < count; i++)
        reader->topic[i] = cpi_xstrdup(topic[i]);
    rd_kafka_poll_set_consumer(rk);
    reader_assign(reader);
    return reader;
}

bool kafka_reader_next(struct kafka_reader *reader, int timeout_ms, size_t *ret_topic,
                       struct cpi_text *ret_key, struct cpi_text *ret_value)
{
    if (reader->message)
        rd_kafka_message_destroy(reader->message);
    reader->message = rd_kafka_consumer_poll(reader->rk, timeout_ms);
    rd_kafka_message_t *m = reader->message;
    if (!m || m->err)
        return false;
    *ret_topic = 0;
    while (strcmp(reader->topic[*ret_topic], rd_kafka_topic_name(m->rkt)) != 0)
        ++*ret_topic;
    *ret_key = (struct cpi_text){ m->key, (uint32_t)m->key_len };
    *ret_value = (struct cpi_text){ m->payload, m->payload ? (uint32_t)m->len : 0 };
    return true;
}

void kafka_reader_free(struct kafka_reader *reader)
{
    if (reader->message)
        rd_kafka_message_destroy(reader->message);
    rd_kafka_assign(reader->rk, NULL);
    rd_kafka_destroy_flags(reader->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    for (size_t i = 0; i < reader->count; i++)
        free(reader->topic[i]);
    free(reader->topic);
    free(reader);
}
