#include "kafka/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cpi/alloc.h>

enum verdict kafka_verdict(const rd_kafka_error_t *error)
{
    return verdict_judge((struct verdict_signs){
        .error = error != NULL,
        .fatal = error && rd_kafka_error_is_fatal(error),
        .abortable = error && rd_kafka_error_txn_requires_abort(error),
        .retriable = error && rd_kafka_error_is_retriable(error),
    });
}

enum verdict kafka_verdict_code(rd_kafka_resp_err_t code)
{
    /* outside transactions nothing is lost by asking again: who waits says so, and why */
    return verdict_judge((struct verdict_signs){
        .error = code != RD_KAFKA_RESP_ERR_NO_ERROR,
        .fatal = code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__FENCED ||
                 code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
        .retriable = true,
    });
}

void kafka_note(struct kafka_port *kp, enum port_level level, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    kp->host.note(kp->host.ctx, level, text);
}

int64_t kafka_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool kafka_tick(struct kafka_port *kp, const char *waiting_for, const char *error)
{
    if (kp->producer)
        rd_kafka_poll(kp->producer, 0);
    bool vague = !*error || strncmp(error, "_TIMED_OUT", 10) == 0;
    return kp->host.tick(kp->host.ctx, waiting_for,
                         vague && *kp->last_error ? kp->last_error : error);
}

const char *kafka_topic_at(const struct kafka_port *kp, uint32_t topic)
{
    return topic < kp->topics->n_sources ? kp->topics->source[topic] : kp->topics->repartition;
}

rd_kafka_topic_partition_list_t *kafka_list_of(const struct kafka_port *kp,
                                               const struct port_position *position, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *tp =
            rd_kafka_topic_partition_list_add(list, kafka_topic_at(kp, position[i].place.topic),
                                              (int32_t)position[i].place.partition);
        tp->offset = position[i].offset;
        if (position[i].metadata_len > 0) {
            /* the list frees it */
            tp->metadata = cpi_xmalloc(position[i].metadata_len);
            memcpy(tp->metadata, position[i].metadata, position[i].metadata_len);
            tp->metadata_size = position[i].metadata_len;
        }
    }
    return list;
}

void kafka_batch_drop(struct kafka_batch *batch)
{
    for (; batch->at < batch->count; batch->at++)
        if (batch->message[batch->at])
            rd_kafka_message_destroy(batch->message[batch->at]);
    batch->at = batch->count = 0;
}

static const struct {
    rd_kafka_resp_err_t code;
    const char *words;
} meanings[] = {
    { RD_KAFKA_RESP_ERR__TIMED_OUT, "no answer yet" },
    { RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, "no answer yet" },
    { RD_KAFKA_RESP_ERR__TRANSPORT, "no connection to a broker" },
    { RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "no connection to any broker" },
    { RD_KAFKA_RESP_ERR__RESOLVE, "a host name is unknown: see kafka.servers" },
    { RD_KAFKA_RESP_ERR__SSL, "TLS does not work: see the certificates in kafka" },
    { RD_KAFKA_RESP_ERR__AUTHENTICATION, "refused: see user and password in kafka" },
    { RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, "refused: see user and password in kafka" },
    { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
      "access refused: cpid needs Read on its sources, Read and Write on its own topics (cpid "
      "topics lists them)" },
    { RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      "access refused: cpid needs Read on the group that is named as the application" },
    { RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      "access refused: cpid needs Write on transactional ids that begin with the application" },
    { RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
      "a topic is missing: cpid topics says which, cpid topics --create makes ours" },
    { RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      "a topic is missing: cpid topics says which, cpid topics --create makes ours" },
    { RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      "a topic is missing: cpid topics says which, cpid topics --create makes ours" },
    { RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, "too few replicas are in sync: see the brokers" },
    { RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, "the broker in charge is starting or moving" },
    { RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      "the broker in charge is starting or moving" },
    { RD_KAFKA_RESP_ERR_NOT_COORDINATOR, "the broker in charge is starting or moving" },
    { RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "the broker in charge is starting or moving" },
    { RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, "the transaction before is still being ended" },
    { RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "another member of the group has our name" },
    { RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, "the group went on without us" },
    { RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, "the group went on without us" },
    { RD_KAFKA_RESP_ERR__FENCED, "the broker has ended this transaction" },
    { RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "the broker has ended this transaction" },
};

const char *kafka_words(rd_kafka_resp_err_t code, char *ret, size_t bytes)
{
    const char *words = rd_kafka_err2str(code);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].code == code)
            words = meanings[i].words;
    snprintf(ret, bytes, "%s: %s", rd_kafka_err2name(code), words);
    return ret;
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct kafka_port *kp = opaque;
    (void)rk;
    kafka_note(kp, PORT_DEBUG, "librdkafka error %s", reason);
    kafka_words((rd_kafka_resp_err_t)err, kp->last_error, sizeof kp->last_error);
}

/* What the library says for itself: a lost connection is worth a line only to somebody who debugs,
 * since whoever waits for the broker says so anyway. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kafka_port *kp = rd_kafka_opaque(rk);
    (void)level;
    if (kp)
        kafka_note(kp, PORT_DEBUG, "librdkafka %s %s", facility, text);
}

/* Without a delivery callback every commit waits 10 ms for nothing. Failures show at the commit. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct kafka_port *kp = opaque;
    if (message->err && message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
        message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        kafka_words(message->err, kp->last_error, sizeof kp->last_error);
}

rd_kafka_t *kafka_handle_new(struct kafka_port *kp, enum kafka_role role)
{
    char why[512] = "";
    rd_kafka_conf_t *conf = kafka_conf_new(kp->setup, role, why, sizeof why);
    if (!conf) {
        kafka_note(kp, PORT_ERROR, "kafka setting does not work: %s", why);
        return NULL;
    }
    rd_kafka_conf_set_opaque(conf, kp);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (role == KAFKA_PRODUCER) {
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        kafka_answers_watch(conf, &kp->answers_to_writes);
    }
    if (role == KAFKA_CONSUMER) {
        rd_kafka_conf_set_rebalance_cb(conf, kafka_rebalanced);
        kafka_answers_watch(conf, &kp->answers_to_reads);
    }
    bool writes = role == KAFKA_PRODUCER || role == KAFKA_ADMIN;
    rd_kafka_t *rk =
        rd_kafka_new(writes ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        kafka_note(kp, PORT_ERROR, "kafka settings do not work together: %s", why);
    } else if (role == KAFKA_CONSUMER || role == KAFKA_READER) {
        rd_kafka_poll_set_consumer(rk);
    }
    return rk;
}

/* ---- topics must be there before anything starts ---- */

static int topic_partitions(struct kafka_port *kp, const char *name, uint32_t *ret_count)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kp->consumer, name, NULL);
    const struct rd_kafka_metadata *meta = NULL;
    *ret_count = 0;
    rd_kafka_resp_err_t err = rd_kafka_metadata(kp->consumer, 0, topic, &meta, 1000);
    int result = err ? -EAGAIN : 0;
    if (err && err != RD_KAFKA_RESP_ERR__TIMED_OUT)
        kafka_words(err, kp->last_error, sizeof kp->last_error);
    if (!err && meta->topic_cnt == 1) {
        if (meta->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            *ret_count = (uint32_t)meta->topics[0].partition_cnt;
        else if (meta->topics[0].err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            int len = snprintf(kp->last_error, sizeof kp->last_error, "%s: ", name);
            kafka_words(meta->topics[0].err, kp->last_error + len,
                        sizeof kp->last_error - (size_t)len);
            result = -EAGAIN;
        }
    }
    if (meta)
        rd_kafka_metadata_destroy(meta);
    rd_kafka_topic_destroy(topic);
    return result;
}

/* 0 there, -EAGAIN not yet (the text says what is waited for), -EINVAL wrong. */
static int topic_look(struct kafka_port *kp, const char *name, uint32_t want, uint32_t *ret_count,
                      char *missing, size_t bytes)
{
    uint32_t count;
    if (topic_partitions(kp, name, &count) < 0)
        return -EAGAIN;
    if (count == 0) {
        size_t len = strlen(missing);
        snprintf(missing + len, bytes - len, "%s%s", len > 0 ? ", " : "", name);
        return -EAGAIN;
    }
    if (want > 0 && count != want) {
        kafka_note(
            kp, PORT_ERROR,
            "topic %s has %u partitions, partitions = %u is configured: the number is fixed when "
            "the topic is created",
            name, count, want);
        return -EINVAL;
    }
    if (ret_count)
        *ret_count = count;
    return 0;
}

static int topics_look(struct kafka_port *kp, char *missing, size_t bytes)
{
    const struct port_topics *t = kp->topics;
    int worst = 0;
    missing[0] = '\0';
    for (uint32_t i = 0; i < t->n_sources && worst != -EINVAL; i++) {
        int r = topic_look(kp, t->source[i], 0, &kp->n_partitions[i], missing, bytes);
        worst = r ? r : worst;
        if (r == -EAGAIN && !*missing)
            return r; /* nobody answers: do not ask for each topic in turn */
    }
    kp->n_partitions[t->n_sources] = t->partitions;
    const char *fixed[] = { t->repartition, t->changelog };
    for (size_t i = 0; i < 2 && worst != -EINVAL; i++) {
        int r = topic_look(kp, fixed[i], t->partitions, NULL, missing, bytes);
        worst = r ? r : worst;
    }
    for (size_t i = 0; i < CPI_TOPICS && worst != -EINVAL; i++) {
        int r = t->output[i] ? topic_look(kp, t->output[i], 0, NULL, missing, bytes) : 0;
        worst = r ? r : worst;
    }
    return worst;
}

static int topics_wait(struct kafka_port *kp)
{
    for (;;) {
        char missing[700], text[1024];
        int r = topics_look(kp, missing, sizeof missing);
        if (r != -EAGAIN)
            return r;
        if (*missing)
            snprintf(text, sizeof text,
                     "topics that do not exist (cpid topics --create makes ours): %s", missing);
        if (!kafka_tick(kp, *missing ? text : "the brokers", ""))
            return -EINTR;
        if (*missing)
            nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
    }
}

static int group_join(struct kafka_port *kp)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (uint32_t i = 0; i <= kp->topics->n_sources; i++)
        rd_kafka_topic_partition_list_add(list, kafka_topic_at(kp, i), RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(kp->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err)
        kafka_note(kp, PORT_ERROR, "cannot subscribe: %s", rd_kafka_err2str(err));
    return err ? -EINVAL : 0;
}

static int consumer_open(struct kafka_port *kp)
{
    atomic_store(&kp->answers_to_reads.missing, false);
    kp->consumer = kafka_handle_new(kp, KAFKA_CONSUMER);
    if (!kp->consumer)
        return -EINVAL;
    kp->queue = rd_kafka_queue_get_consumer(kp->consumer);
    return 0;
}

static int port_open(struct port *port)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    int r = consumer_open(kp);
    if (r == 0)
        r = topics_wait(kp);
    if (r == 0)
        r = kafka_producer_open(kp);
    if (r < 0)
        return r;
    kp->last_error[0] = '\0';
    return group_join(kp);
}

void kafka_rejoin(struct kafka_port *kp)
{
    kp->rejoin = false;
    if (kp->current)
        rd_kafka_message_destroy(kp->current);
    kp->current = NULL;
    rd_kafka_queue_destroy(kp->queue);
    /* a dead one has nothing to say to the group */
    rd_kafka_destroy_flags(kp->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (consumer_open(kp) < 0 || group_join(kp) < 0)
        abort(); /* the very settings that worked before */
}

static uint32_t port_partitions(struct port *port, uint32_t topic)
{
    return ((struct kafka_port *)port)->n_partitions[topic];
}

static void *unassign(void *consumer)
{
    rd_kafka_assign(consumer, NULL);
    return NULL;
}

/* Answers a rebalance while closing. The call waits for an answer without a limit, and none comes
 * from a group that has ended meanwhile (seen once in librdkafka 2.0.2): so a thread of its own
 * waits. */
static void unassign_apart(rd_kafka_t *consumer)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, unassign, consumer) == 0)
        pthread_detach(thread);
}

/* Serves the queue until the consumer has left; a broker that is away must not hold up the exit. */
static bool consumer_close(struct kafka_port *kp, int timeout_ms)
{
    kp->closing = true;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kp->consumer);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(kp->consumer, queue);
    for (int left = timeout_ms; !error && !rd_kafka_consumer_closed(kp->consumer) && left > 0;
         left -= 20) {
        rd_kafka_event_t *ev = rd_kafka_queue_poll(queue, 20);
        if (ev && rd_kafka_event_type(ev) == RD_KAFKA_EVENT_REBALANCE)
            unassign_apart(kp->consumer);
        if (ev)
            rd_kafka_event_destroy(ev);
    }
    bool closed = error || rd_kafka_consumer_closed(kp->consumer);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    return closed;
}

static void port_close(struct port *port, int timeout_ms)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    kafka_restore_close(kp);
    if (kp->current)
        rd_kafka_message_destroy(kp->current);
    kp->current = NULL;
    kafka_batch_drop(&kp->batch);
    if (kp->rebalance && kp->consumer)
        rd_kafka_assign(kp->consumer, NULL);
    bool closed = !kp->consumer || consumer_close(kp, timeout_ms);
    kafka_producer_close(kp);
    if (kp->queue)
        rd_kafka_queue_destroy(kp->queue);
    kp->queue = NULL;
    /* one that did not close in time is left to the end of the process: destroying it would wait */
    if (kp->consumer && closed)
        rd_kafka_destroy_flags(kp->consumer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    kp->consumer = NULL;
}

static void port_free(struct port *port)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_topic_partition_list_destroy(kp->held);
    free(kp->n_partitions);
    free(kp->header);
    free(kp->place);
    free(kp);
}

static void port_probe(struct port *port, const struct port_position *position, size_t count)
{
    /* a seek makes the next fetch answer report the end anew */
    kafka_seek(port, position, count);
}

static const struct port_ops kafka_ops = {
    .open = port_open,
    .poll = kafka_poll,
    .partitions = port_partitions,
    .committed = kafka_committed,
    .start = kafka_start,
    .assign = kafka_assign,
    .unassign = kafka_unassign,
    .seek = kafka_seek,
    .pause = kafka_pause,
    .resume = kafka_resume,
    .end = kafka_end,
    .probe = port_probe,
    .restore_begin = kafka_restore_begin,
    .restore_next = kafka_restore_next,
    .restore_end = kafka_restore_end,
    .begin = kafka_begin,
    .send = kafka_send,
    .commit = kafka_commit,
    .trim = kafka_trim,
    .close = port_close,
    .free = port_free,
};

struct port *kafka_port_new(const struct kafka_setup *setup, const struct port_topics *topics,
                            struct port_host host, char *ret_why, size_t why_bytes)
{
    /* wrong settings show now, not in the worker's thread */
    for (enum kafka_role role = KAFKA_CONSUMER; role <= KAFKA_ADMIN; role++) {
        rd_kafka_conf_t *conf = kafka_conf_new(setup, role, ret_why, why_bytes);
        if (!conf)
            return NULL;
        rd_kafka_conf_destroy(conf);
    }
    struct kafka_port *kp = cpi_xcalloc(1, sizeof *kp);
    kp->port.ops = &kafka_ops;
    kp->setup = setup;
    kp->topics = topics;
    kp->host = host;
    kp->n_partitions = cpi_xcalloc(topics->n_sources + 1, sizeof *kp->n_partitions);
    kp->held = rd_kafka_topic_partition_list_new(4);
    kp->answers_to_writes.of_writes_only = true;
    return &kp->port;
}
