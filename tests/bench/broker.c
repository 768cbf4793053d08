#include "broker.h"

#include <stdio.h>
#include <stdlib.h>

void bench_die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        bench_die(name, why);
}

rd_kafka_t *bench_client(rd_kafka_type_t role, const char *address, const char *const *setting)
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", address);
    for (; *setting; setting += 2)
        set(conf, setting[0], setting[1]);
    rd_kafka_t *client = rd_kafka_new(role, conf, why, sizeof why);
    if (!client)
        bench_die(address, why);
    return client;
}

rd_kafka_t *bench_reader(const char *address, const char *group)
{
    return bench_client(
        RD_KAFKA_CONSUMER, address,
        (const char *const[]){ "group.id", group, "isolation.level", "read_committed",
                               "enable.auto.commit", "false", "enable.auto.offset.store", "false",
                               "enable.partition.eof", "true", "fetch.wait.max.ms", "100", NULL });
}

void bench_topic(const char *address, const char *name, int partitions)
{
    char why[512];
    rd_kafka_t *client = bench_client(RD_KAFKA_PRODUCER, address, (const char *const[]){ NULL });
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, partitions, 1, why, sizeof why);
    if (!topic)
        bench_die(name, why);
    rd_kafka_NewTopic_set_config(topic, "retention.ms", "-1");
    rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, BENCH_WAIT_MS);
    if (!answer || rd_kafka_event_error(answer))
        bench_die(name, answer ? rd_kafka_event_error_string(answer) : "no answer");
    size_t count;
    const rd_kafka_topic_result_t **result =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &count);
    if (rd_kafka_topic_result_error(result[0]))
        bench_die(name, rd_kafka_err2str(rd_kafka_topic_result_error(result[0])));
    rd_kafka_event_destroy(answer);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

void bench_assign(rd_kafka_t *consumer, const char *topic, int partitions)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t err = rd_kafka_assign(consumer, list);
    if (err)
        bench_die(topic, rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(list);
}
