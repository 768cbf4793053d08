#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kafka/client.h"
#include "kafka/ending.h"
#include <cpi/alloc.h>

#define END_MARGIN_MS 5000
#define ROOM_MS 5
#define CALL_MS 1000 /* how long one call may block; a timed-out one is called again */

/* Takes over the identity. Whatever a predecessor of this identity left open is aborted by it. */
static int producer_init(struct kafka_port *kp)
{
    for (;;) {
        rd_kafka_error_t *error = rd_kafka_init_transactions(kp->producer, CALL_MS);
        enum verdict verdict = kafka_verdict(error);
        char why[256];
        kafka_words(rd_kafka_error_code(error), why, sizeof why);
        if (error)
            rd_kafka_error_destroy(error);
        if (verdict == VERDICT_OK)
            return 0;
        if (!kafka_tick(kp, "the transaction coordinator", why))
            return -EINTR;
        if (verdict == VERDICT_FATAL)
            return -EAGAIN;
    }
}

/* The first record to an unknown topic would otherwise wait up to a second inside a transaction. */
static rd_kafka_topic_t *producer_topic(struct kafka_port *kp, const char *name)
{
    if (!name)
        return NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(kp->producer, name, NULL);
    const struct rd_kafka_metadata *meta = NULL;
    if (rd_kafka_metadata(kp->producer, 0, topic, &meta, CALL_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(meta);
    return topic;
}

static int producer_try(struct kafka_port *kp)
{
    atomic_store(&kp->answers_to_writes.missing, false);
    kp->producer = kafka_handle_new(kp, KAFKA_PRODUCER);
    if (!kp->producer)
        return -EINVAL;
    char text[32] = "";
    size_t size = sizeof text;
    rd_kafka_conf_get(rd_kafka_conf(kp->producer), "transaction.timeout.ms", text, &size);
    kp->transaction_ms = atoll(text);
    int r = producer_init(kp);
    if (r < 0)
        return r;
    kp->trimmed = rd_kafka_queue_new(kp->producer);
    kp->repartition = producer_topic(kp, kp->topics->repartition);
    kp->changelog = producer_topic(kp, kp->topics->changelog);
    for (size_t i = 0; i < CPI_TOPICS; i++)
        kp->output[i] = producer_topic(kp, kp->topics->output[i]);
    return 0;
}

int kafka_producer_open(struct kafka_port *kp)
{
    int r;
    while ((r = producer_try(kp)) == -EAGAIN)
        kafka_producer_close(kp);
    return r;
}

void kafka_producer_close(struct kafka_port *kp)
{
    if (!kp->producer)
        return;
    rd_kafka_topic_t **topic[] = { &kp->repartition, &kp->changelog };
    for (size_t i = 0; i < 2; i++) {
        if (*topic[i])
            rd_kafka_topic_destroy(*topic[i]);
        *topic[i] = NULL;
    }
    for (size_t i = 0; i < CPI_TOPICS; i++) {
        if (kp->output[i])
            rd_kafka_topic_destroy(kp->output[i]);
        kp->output[i] = NULL;
    }
    if (kp->trimmed)
        rd_kafka_queue_destroy(kp->trimmed);
    kp->trimmed = NULL;
    rd_kafka_purge(kp->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(kp->producer);
    kp->producer = NULL;
}

/* ---- sending ---- */

void kafka_begin(struct port *port)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_error_t *error = rd_kafka_begin_transaction(kp->producer);
    kp->unsent = rd_kafka_error_code(error);
    if (error)
        rd_kafka_error_destroy(error);
}

static rd_kafka_topic_t *message_topic(const struct kafka_port *kp, const struct port_message *m)
{
    return m->to == PORT_TO_REPARTITION ? kp->repartition
           : m->to == PORT_TO_CHANGELOG ? kp->changelog
                                        : kp->output[m->output];
}

static rd_kafka_headers_t *message_headers(const struct port_message *m)
{
    if (m->n_headers == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(m->n_headers);
    for (size_t i = 0; i < m->n_headers; i++)
        rd_kafka_header_add(headers, m->header[i].name, -1, m->header[i].value.at,
                            (ssize_t)m->header[i].value.len);
    return headers;
}

/* Larger ones would be refused by every broker, and the worker would abort for ever. */
static bool message_fits(const struct port_message *m)
{
    size_t bytes = 512 + m->key.len + m->value.len;
    for (size_t i = 0; i < m->n_headers; i++)
        bytes += 16 + strlen(m->header[i].name) + m->header[i].value.len;
    return bytes <= (m->to == PORT_TO_CHANGELOG ? KAFKA_MESSAGE_BYTES_MAX - 65536u : 1000000u);
}

int kafka_send(struct port *port, const struct port_message *m)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_topic_t *topic = message_topic(kp, m);
    if (!topic)
        return 0; /* this output is switched off */
    if (!message_fits(m))
        return -EMSGSIZE;
    for (int waited_ms = 0;; waited_ms += ROOM_MS) {
        rd_kafka_headers_t *headers = message_headers(m);
        rd_kafka_resp_err_t err = rd_kafka_producev(
            kp->producer, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(m->partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(m->key.at, m->key.len),
            RD_KAFKA_V_VALUE((void *)m->value.at, m->value.len), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_END);
        if (!err)
            return 0;
        if (headers)
            rd_kafka_headers_destroy(headers);
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            /* the library would commit the others without it */
            kp->unsent = err;
            return -EIO;
        }
        rd_kafka_poll(kp->producer, ROOM_MS);
        /* a full queue is nothing to speak of, only one that stays full */
        if (waited_ms >= CALL_MS && !kafka_tick(kp, "room in the send queue", ""))
            return -EINTR;
    }
}

/* ---- the end of a transaction ---- */

struct kafka_ending {
    struct kafka_port *kp;
    rd_kafka_topic_partition_list_t *list;
    int64_t began_ms;
};

static struct ending_answer answer_of(struct kafka_port *kp, rd_kafka_error_t *error)
{
    struct ending_answer answer = { kafka_verdict(error), "" };
    if (!error)
        return answer;
    kafka_words(rd_kafka_error_code(error), answer.why, sizeof answer.why);
    kafka_note(kp, PORT_DEBUG, "librdkafka verdict=%s %s", verdict_name(answer.verdict),
               rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return answer;
}

/* The broker has ended the transaction by then, whatever the library waits for: it once did without
 * end for records of a topic that was deleted and made again. */
static struct ending_answer answer_in_time(const struct kafka_ending *end, rd_kafka_error_t *error)
{
    struct ending_answer answer = answer_of(end->kp, error);
    if (answer.verdict == VERDICT_RETRY &&
        kafka_now_ms() - end->began_ms > end->kp->transaction_ms + END_MARGIN_MS)
        answer.verdict = VERDICT_FATAL;
    return answer;
}

static struct ending_answer call_offsets(void *ctx)
{
    const struct kafka_ending *end = ctx;
    struct ending_answer unsent = { VERDICT_ABORT, "" };
    if (end->kp->unsent) {
        /* the library may just be adding partitions to the transaction, and aborts the process if
         * it is destroyed at that moment (an assertion of 2.0); what was sent has been added */
        rd_kafka_flush(end->kp->producer, CALL_MS);
        kafka_words(end->kp->unsent, unsent.why, sizeof unsent.why);
        return unsent;
    }
    /* fresh every time: its generation is what fences a member that lost its partitions */
    rd_kafka_consumer_group_metadata_t *meta = rd_kafka_consumer_group_metadata(end->kp->consumer);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(end->kp->producer, end->list, meta, CALL_MS);
    rd_kafka_consumer_group_metadata_destroy(meta);
    return answer_in_time(end, error);
}

static struct ending_answer call_commit(void *ctx)
{
    const struct kafka_ending *end = ctx;
    return answer_in_time(end, rd_kafka_commit_transaction(end->kp->producer, CALL_MS));
}

static bool ending_is_shaken(void *ctx)
{
    return atomic_load(&((const struct kafka_ending *)ctx)->kp->answers_to_writes.missing);
}

static int producer_renew(void *ctx, const char *why)
{
    struct kafka_port *kp = ((const struct kafka_ending *)ctx)->kp;
    kafka_note(kp, PORT_DEBUG, "new producer of the same identity: %s", why);
    kafka_producer_close(kp);
    return kafka_producer_open(kp);
}

static bool ending_wait(void *ctx, const char *why)
{
    if (!kafka_tick(((const struct kafka_ending *)ctx)->kp, "the end of a transaction", why))
        return false;
    nanosleep(&(struct timespec){ 0, 5000000 }, NULL); /* some answers come at once */
    return true;
}

/* Said once; one that fails again and again is something to wait for. */
static void ending_failed(void *ctx, bool unknown, const struct ending_answer *end)
{
    struct kafka_port *kp = ((const struct kafka_ending *)ctx)->kp;
    kafka_note(kp, kp->failures++ > 0 ? PORT_DEBUG : PORT_WARNING,
               "transaction failed, %s, verdict=%s error=%s",
               unknown ? "outcome unknown" : "aborted", verdict_name(end->verdict), end->why);
    kafka_tick(kp, "a transaction that succeeds", end->why);
}

enum port_outcome kafka_commit(struct port *port, const struct port_position *position,
                               size_t count)
{
    static const struct ending_calls calls = { call_offsets,   call_commit, ending_is_shaken,
                                               producer_renew, ending_wait, ending_failed };
    struct kafka_port *kp = (struct kafka_port *)port;
    struct kafka_ending end = { kp, kafka_list_of(kp, position, count), kafka_now_ms() };
    enum port_outcome outcome = ending_run(&calls, &end);
    rd_kafka_topic_partition_list_destroy(end.list);
    if (outcome == PORT_COMMITTED) {
        kp->last_error[0] = '\0';
        kp->failures = 0;
    }
    return outcome;
}

/* ---- the repartition topic keeps nothing that is done ---- */

void kafka_trim(struct port *port, const struct port_position *position, size_t count)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_event_t *ev;
    while ((ev = rd_kafka_queue_poll(kp->trimmed, 0)) != NULL) {
        if (rd_kafka_event_error(ev))
            kafka_note(kp, PORT_WARNING, "deleting old frames failed: %s",
                       rd_kafka_event_error_string(ev));
        rd_kafka_event_destroy(ev);
    }
    rd_kafka_topic_partition_list_t *list = kafka_list_of(kp, position, count);
    rd_kafka_DeleteRecords_t *what = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(kp->producer, &what, 1, NULL, kp->trimmed);
    rd_kafka_DeleteRecords_destroy(what);
    rd_kafka_topic_partition_list_destroy(list);
}
