/* Changes topics for the tests, which no small tool does:
 *
 *     topic ADDRESS create NAME PARTITIONS [KEY=VALUE]...
 *     topic ADDRESS delete NAME
 *     topic ADDRESS grow NAME PARTITIONS      to so many
 *     topic ADDRESS deny NAME                 nobody may write to it
 *     topic ADDRESS allow NAME                again
 *
 * Replication is what the broker has for its default. */
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
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(argv[0], atoi(argv[1]), -1, why, sizeof why);
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

static rd_kafka_AclBinding_t *denial_of(const char *topic, bool filter)
{
    char why[512];
    rd_kafka_AclBinding_t *acl =
        filter ? rd_kafka_AclBindingFilter_new(
                     RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_RESOURCE_PATTERN_LITERAL, NULL, NULL,
                     RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof why)
               : rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, topic,
                                         RD_KAFKA_RESOURCE_PATTERN_LITERAL, "User:*", "*",
                                         RD_KAFKA_ACL_OPERATION_WRITE,
                                         RD_KAFKA_ACL_PERMISSION_TYPE_DENY, why, sizeof why);
    if (!acl)
        die(topic, why);
    return acl;
}

/* All answers about topics hold results of one type. */
static const rd_kafka_topic_result_t **results_of(rd_kafka_event_t *answer, size_t *ret_count)
{
    switch (rd_kafka_event_type(answer)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer),
                                                   ret_count);
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        return rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(answer), ret_count);
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer),
                                                   ret_count);
    default: /* about access: an error would be one of the whole answer */
        *ret_count = 0;
        return NULL;
    }
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

struct asked {
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
};

static void ask_create(const struct asked *a, int argc, char **argv)
{
    rd_kafka_NewTopic_t *topic = described(argc, argv);
    rd_kafka_CreateTopics(a->kafka, &topic, 1, a->options, a->queue);
    rd_kafka_NewTopic_destroy(topic);
}

static void ask_delete(const struct asked *a, int argc, char **argv)
{
    (void)argc;
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[0]);
    rd_kafka_DeleteTopics(a->kafka, &topic, 1, a->options, a->queue);
    rd_kafka_DeleteTopic_destroy(topic);
}

static void ask_grow(const struct asked *a, int argc, char **argv)
{
    char why[512];
    (void)argc;
    rd_kafka_NewPartitions_t *more =
        rd_kafka_NewPartitions_new(argv[0], (size_t)atoi(argv[1]), why, sizeof why);
    if (!more)
        die(argv[0], why);
    rd_kafka_CreatePartitions(a->kafka, &more, 1, a->options, a->queue);
    rd_kafka_NewPartitions_destroy(more);
}

static void ask_deny(const struct asked *a, int argc, char **argv)
{
    (void)argc;
    rd_kafka_AclBinding_t *acl = denial_of(argv[0], false);
    rd_kafka_CreateAcls(a->kafka, &acl, 1, a->options, a->queue);
    rd_kafka_AclBinding_destroy(acl);
}

static void ask_allow(const struct asked *a, int argc, char **argv)
{
    (void)argc;
    rd_kafka_AclBinding_t *acl = denial_of(argv[0], true);
    rd_kafka_DeleteAcls(a->kafka, &acl, 1, a->options, a->queue);
    rd_kafka_AclBinding_destroy(acl);
}

static const struct verb {
    const char *name;
    int least, most; /* arguments behind it */
    rd_kafka_admin_op_t op;
    void (*ask)(const struct asked *a, int argc, char **argv);
    bool waits; /* takes an operation timeout */
} verbs[] = {
    { "create", 2, 99, RD_KAFKA_ADMIN_OP_CREATETOPICS, ask_create, true },
    { "delete", 1, 1, RD_KAFKA_ADMIN_OP_DELETETOPICS, ask_delete, true },
    { "grow", 2, 2, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, ask_grow, true },
    { "deny", 1, 1, RD_KAFKA_ADMIN_OP_CREATEACLS, ask_deny, false },
    { "allow", 1, 1, RD_KAFKA_ADMIN_OP_DELETEACLS, ask_allow, false },
};

static const struct verb *verb_find(int argc, char **argv)
{
    for (size_t i = 0; argc >= 4 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[2], verbs[i].name) == 0 && argc - 3 >= verbs[i].least &&
            argc - 3 <= verbs[i].most)
            return &verbs[i];
    return NULL;
}

int main(int argc, char **argv)
{
    char why[512];
    const struct verb *verb = verb_find(argc, argv);
    if (!verb) {
        fprintf(stderr, "usage: topic ADDRESS create NAME PARTITIONS [KEY=VALUE]...\n"
                        "       topic ADDRESS delete | deny | allow NAME\n"
                        "       topic ADDRESS grow NAME PARTITIONS\n");
        return 64;
    }
    struct asked a = { .kafka = connect_to(argv[1]) };
    a.queue = rd_kafka_queue_new(a.kafka);
    a.options = rd_kafka_AdminOptions_new(a.kafka, verb->op);
    rd_kafka_AdminOptions_set_request_timeout(a.options, TIMEOUT_MS, why, sizeof why);
    if (verb->waits)
        rd_kafka_AdminOptions_set_operation_timeout(a.options, TIMEOUT_MS, why, sizeof why);
    verb->ask(&a, argc - 3, argv + 3);
    await(a.queue, argv[3]);
    rd_kafka_AdminOptions_destroy(a.options);
    rd_kafka_queue_destroy(a.queue);
    rd_kafka_destroy(a.kafka);
    return 0;
}
