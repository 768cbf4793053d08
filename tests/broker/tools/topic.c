/* Creates and deletes topics for the tests, which no small tool does:
 *
 *     topic ADDRESS create NAME PARTITIONS [KEY=VALUE]...
 *     topic ADDRESS delete NAME
 *
 * Replication is 1, as the tests' broker has one node. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define TIMEOUT_MS 15000

static void die(const char *what, const char *why)
{
    fprintf(stderr, "topic: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_t *connect_to(const char *address)
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", address, why, sizeof why) != RD_KAFKA_CONF_OK)
        die(address, why);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!kafka)
        die(address, why);
    return kafka;
}

static rd_kafka_NewTopic_t *described(int argc, char **argv)
{
    char why[512];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[0], atoi(argv[1]), 1, why, sizeof why);
    if (!topic)
        die(argv[0], why);
    for (int i = 2; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            die(argv[i], "KEY=VALUE is wanted");
        *value++ = '\0';
        rd_kafka_NewTopic_set_config(topic, argv[i], value);
    }
    return topic;
}

/* Both kinds of answer hold results of one type. */
static const rd_kafka_topic_result_t **results_of(rd_kafka_event_t *answer, size_t *ret_count)
{
    if (rd_kafka_event_type(answer) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
        return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer),
                                                   ret_count);
    return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer),
                                               ret_count);
}

static void await(rd_kafka_queue_t *queue, const char *name)
{
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, TIMEOUT_MS + 5000);
    if (!answer)
        die(name, "no answer");
    if (rd_kafka_event_error(answer))
        die(name, rd_kafka_event_error_string(answer));
    size_t count;
    const rd_kafka_topic_result_t **result = results_of(answer, &count);
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_topic_result_error(result[i]))
            die(rd_kafka_topic_result_name(result[i]),
                rd_kafka_topic_result_error_string(result[i]));
    rd_kafka_event_destroy(answer);
}

int main(int argc, char **argv)
{
    bool create = argc >= 5 && !strcmp(argv[2], "create");
    if (!create && (argc != 4 || strcmp(argv[2], "delete") != 0)) {
        fprintf(stderr, "usage: topic ADDRESS create NAME PARTITIONS [KEY=VALUE]...\n"
                        "       topic ADDRESS delete NAME\n");
        return 64;
    }
    rd_kafka_t *kafka = connect_to(argv[1]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(
        kafka, create ? RD_KAFKA_ADMIN_OP_CREATETOPICS : RD_KAFKA_ADMIN_OP_DELETETOPICS);
    char why[512];
    rd_kafka_AdminOptions_set_request_timeout(options, TIMEOUT_MS, why, sizeof why);
    rd_kafka_AdminOptions_set_operation_timeout(options, TIMEOUT_MS, why, sizeof why);
    if (create) {
        rd_kafka_NewTopic_t *topic = described(argc - 3, argv + 3);
        rd_kafka_CreateTopics(kafka, &topic, 1, options, queue);
        rd_kafka_NewTopic_destroy(topic);
    } else {
        rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[3]);
        rd_kafka_DeleteTopics(kafka, &topic, 1, options, queue);
        rd_kafka_DeleteTopic_destroy(topic);
    }
    await(queue, argv[3]);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
    return 0;
}
