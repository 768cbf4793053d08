/* Comparing and creating topics through the admin API. A topic that was just created may be unknown
 * to the next question for a moment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cpi/alloc.h>

#include "kafka/client.h"

struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    int timeout_ms;
    char error[256];
};

static void admin_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct admin *a = opaque;
    (void)rk;
    snprintf(a->error, sizeof a->error, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)err),
             reason);
}

static void admin_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static int admin_init(struct admin *a, const struct kafka_setup *setup, int timeout_ms, char *why,
                      size_t bytes)
{
    *a = (struct admin){ .timeout_ms = timeout_ms };
    rd_kafka_conf_t *conf = kafka_conf_new(setup, KAFKA_ADMIN, why, bytes);
    if (!conf)
        return -EINVAL;
    rd_kafka_conf_set_opaque(conf, a);
    rd_kafka_conf_set_error_cb(conf, admin_error);
    rd_kafka_conf_set_log_cb(conf, admin_log);
    a->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, bytes);
    if (!a->rk) {
        rd_kafka_conf_destroy(conf);
        return -EINVAL;
    }
    a->queue = rd_kafka_queue_new(a->rk);
    return 0;
}

static void admin_fini(struct admin *a)
{
    rd_kafka_queue_destroy(a->queue);
    rd_kafka_destroy(a->rk);
}

static rd_kafka_AdminOptions_t *admin_options(struct admin *a, rd_kafka_admin_op_t op)
{
    char why[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, op);
    rd_kafka_AdminOptions_set_request_timeout(options, a->timeout_ms, why, sizeof why);
    return options;
}

/* Names and partition counts of all topics of the cluster: asking by name could create one. */
static int metadata_ask(struct admin *a, const struct rd_kafka_metadata **ret, char *why,
                        size_t bytes)
{
    rd_kafka_resp_err_t err = rd_kafka_metadata(a->rk, 1, NULL, ret, a->timeout_ms);
    rd_kafka_poll(a->rk, 0);
    if (!err)
        return 0;
    snprintf(why, bytes, "no broker answered: %s", *a->error ? a->error : rd_kafka_err2str(err));
    return -EHOSTUNREACH;
}

static uint32_t partitions_of(const struct rd_kafka_metadata *meta, const char *name)
{
    for (int i = 0; i < meta->topic_cnt; i++)
        if (strcmp(meta->topics[i].topic, name) == 0 && !meta->topics[i].err)
            return (uint32_t)meta->topics[i].partition_cnt;
    return 0;
}

/* ---- settings of one resource ---- */

typedef void config_take(void *ctx, const char *name, const char *value);

static rd_kafka_resp_err_t describe_once(struct admin *a, rd_kafka_ResourceType_t type,
                                         const char *name, config_take *take, void *ctx)
{
    rd_kafka_ConfigResource_t *res = rd_kafka_ConfigResource_new(type, name);
    rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(a->rk, &res, 1, options, a->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(res);
    rd_kafka_event_t *ev = rd_kafka_queue_poll(a->queue, a->timeout_ms + 1000);
    if (!ev)
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_resp_err_t err = rd_kafka_event_error(ev);
    size_t n = 0;
    const rd_kafka_ConfigResource_t **got =
        err ? NULL
            : rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(ev),
                                                        &n);
    if (n == 1)
        err = rd_kafka_ConfigResource_error(got[0]);
    if (n == 1 && !err) {
        size_t count;
        const rd_kafka_ConfigEntry_t **entry = rd_kafka_ConfigResource_configs(got[0], &count);
        for (size_t i = 0; i < count; i++)
            take(ctx, rd_kafka_ConfigEntry_name(entry[i]), rd_kafka_ConfigEntry_value(entry[i]));
    }
    rd_kafka_event_destroy(ev);
    return err;
}

static rd_kafka_resp_err_t describe(struct admin *a, rd_kafka_ResourceType_t type, const char *name,
                                    config_take *take, void *ctx)
{
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < 10; i++) {
        err = describe_once(a, type, name, take, ctx);
        if (err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            return err;
        nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
    }
    return err;
}

/* ---- one topic ---- */

struct compared {
    const struct kafka_topic_wish *wish;
    struct kafka_topic_found *found;
};

static void differs(struct kafka_topic_found *found, const char *name, const char *is,
                    const char *want)
{
    size_t len = strlen(found->text);
    snprintf(found->text + len, sizeof found->text - len, "%s%s is %s, not %s", len > 0 ? "; " : "",
             name, is, want);
    found->state = KAFKA_TOPIC_DIFFERS;
}

/* "compact,delete" keeps the current rows like "compact", but loses them after a while. */
static void config_compare(void *ctx, const char *name, const char *value)
{
    struct compared *c = ctx;
    if (!value)
        return;
    if (c->wish->cleanup && strcmp(name, "cleanup.policy") == 0 &&
        strcmp(value, c->wish->cleanup) != 0)
        differs(c->found, name, value, c->wish->cleanup);
    for (size_t i = 0; i < KAFKA_WISHES && c->wish->setting[i].name; i++) {
        const struct kafka_setting *set = &c->wish->setting[i];
        if (strcmp(name, set->name) == 0 && strcmp(value, set->value) != 0)
            differs(c->found, name, value, set->value);
    }
}

static void topic_compare(struct admin *a, const struct kafka_topic_wish *wish,
                          struct kafka_topic_found *found)
{
    char is[16], want[16];
    found->state = KAFKA_TOPIC_GOOD;
    if (wish->partitions > 0 && wish->partitions != found->partitions && !wish->any_partitions) {
        snprintf(is, sizeof is, "%u", found->partitions);
        snprintf(want, sizeof want, "%u", wish->partitions);
        differs(found, "number of partitions", is, want);
    }
    struct compared c = { wish, found };
    rd_kafka_resp_err_t err = describe(a, RD_KAFKA_RESOURCE_TOPIC, wish->name, config_compare, &c);
    if (err && found->state == KAFKA_TOPIC_GOOD) {
        found->state = KAFKA_TOPIC_FAILED;
        snprintf(found->text, sizeof found->text, "cannot read its settings: %s",
                 rd_kafka_err2str(err));
    }
}

static void topic_create(struct admin *a, const struct kafka_topic_wish *wish,
                         struct kafka_topic_found *found)
{
    char why[256] = "";
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(wish->name, (int)wish->partitions, -1, why, sizeof why);
    rd_kafka_NewTopic_set_config(topic, "cleanup.policy", wish->cleanup);
    for (size_t i = 0; i < KAFKA_WISHES && wish->setting[i].name; i++)
        rd_kafka_NewTopic_set_config(topic, wish->setting[i].name, wish->setting[i].value);
    rd_kafka_AdminOptions_t *options = admin_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(a->rk, &topic, 1, options, a->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_event_t *ev = rd_kafka_queue_poll(a->queue, a->timeout_ms + 1000);
    rd_kafka_resp_err_t err = ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const char *text = ev && err ? rd_kafka_event_error_string(ev) : rd_kafka_err2str(err);
    if (!err) {
        size_t n;
        const rd_kafka_topic_result_t **got =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &n);
        err = n == 1 ? rd_kafka_topic_result_error(got[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
        text = n == 1 ? rd_kafka_topic_result_error_string(got[0]) : "no answer for it";
    }
    found->state = err ? KAFKA_TOPIC_FAILED : KAFKA_TOPIC_CREATED;
    found->partitions = err ? 0 : wish->partitions;
    if (err)
        snprintf(found->text, sizeof found->text, "%s", text ? text : rd_kafka_err2str(err));
    if (ev)
        rd_kafka_event_destroy(ev);
}

/* Brokers learn of a new topic one after the other; who goes on at once would find it missing. */
static void created_wait(struct admin *a, const struct kafka_topic_wish *wish,
                         const struct kafka_topic_found *found, size_t count)
{
    char why[256];
    const struct rd_kafka_metadata *meta;
    for (int i = 0; i < 100; i++) {
        if (metadata_ask(a, &meta, why, sizeof why) < 0)
            return;
        size_t unseen = 0;
        for (size_t k = 0; k < count; k++)
            unseen += found[k].state == KAFKA_TOPIC_CREATED && !partitions_of(meta, wish[k].name);
        rd_kafka_metadata_destroy(meta);
        if (unseen == 0)
            return;
        nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
    }
}

int kafka_topics_compare(const struct kafka_setup *setup, const struct kafka_topic_wish *wish,
                         size_t count, bool create, int timeout_ms,
                         struct kafka_topic_found *ret_found, char *ret_why, size_t why_bytes)
{
    struct admin a;
    const struct rd_kafka_metadata *meta;
    int r = admin_init(&a, setup, timeout_ms, ret_why, why_bytes);
    if (r < 0)
        return r;
    r = metadata_ask(&a, &meta, ret_why, why_bytes);
    for (size_t i = 0; r == 0 && i < count; i++) {
        ret_found[i] =
            (struct kafka_topic_found){ .partitions = partitions_of(meta, wish[i].name) };
        if (ret_found[i].partitions > 0)
            topic_compare(&a, &wish[i], &ret_found[i]);
        else if (create && wish[i].cleanup)
            topic_create(&a, &wish[i], &ret_found[i]);
        else
            ret_found[i].state = KAFKA_TOPIC_MISSING;
    }
    if (r == 0) {
        rd_kafka_metadata_destroy(meta);
        created_wait(&a, wish, ret_found, count);
    }
    admin_fini(&a);
    return r;
}

/* ---- brokers ---- */

struct broker_found {
    char *text;
    size_t bytes, count;
    int32_t id;
};

static void broker_compare(void *ctx, const char *name, const char *value)
{
    struct broker_found *b = ctx;
    if (!value || strcmp(name, "transaction.max.timeout.ms") != 0 || atoll(value) >= 60000)
        return;
    size_t len = strlen(b->text);
    snprintf(b->text + len, b->bytes - len,
             "broker %d: %s is %s, at least 60000 is needed: every start would be refused\n", b->id,
             name, value);
    b->count++;
}

size_t kafka_brokers_check(const struct kafka_setup *setup, int timeout_ms, char *ret_text,
                           size_t text_bytes)
{
    struct admin a;
    char why[256], id[16];
    const struct rd_kafka_metadata *meta;
    struct broker_found found = { ret_text, text_bytes, 0, 0 };
    ret_text[0] = '\0';
    if (admin_init(&a, setup, timeout_ms, why, sizeof why) < 0)
        return 0;
    if (metadata_ask(&a, &meta, why, sizeof why) == 0) {
        for (int i = 0; i < meta->broker_cnt; i++) {
            found.id = meta->brokers[i].id;
            snprintf(id, sizeof id, "%d", found.id);
            describe(&a, RD_KAFKA_RESOURCE_BROKER, id, broker_compare, &found);
        }
        rd_kafka_metadata_destroy(meta);
    }
    admin_fini(&a);
    return found.count;
}
