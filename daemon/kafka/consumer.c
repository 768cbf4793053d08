#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/client.h"
#include <cpi/alloc.h>
#include <cpi/time.h>

#define FENCED_AGAIN_MS 60000
#define STUCK_MS 3000

/* Index of a topic that we read, by name. */
static uint32_t topic_index(const struct kafka_port *kp, const char *name)
{
    uint32_t i = 0;
    while (i < kp->topics->n_sources && strcmp(kp->topics->source[i], name) != 0)
        i++;
    return i;
}

/* Only notes the wish: the worker ends its transaction first and answers with assign or unassign,
 * and the group waits for that. While closing nobody is left to answer. */
void kafka_rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                      rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_port *kp = opaque;
    if (kp->closing) {
        rd_kafka_assign(rk, NULL);
        return;
    }
    kp->rebalance = true;
    kp->rebalance_assigns = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    kp->rebalance_lost = !kp->rebalance_assigns && rd_kafka_assignment_lost(rk);
    kp->n_places = (size_t)list->cnt;
    kp->place = cpi_xrealloc(kp->place, (kp->n_places + 1) * sizeof *kp->place);
    for (size_t i = 0; i < kp->n_places; i++)
        kp->place[i] = (struct port_place){ topic_index(kp, list->elems[i].topic),
                                            (uint32_t)list->elems[i].partition };
}

static void headers_read(struct kafka_port *kp, const rd_kafka_message_t *m, struct cpi_record *ret)
{
    rd_kafka_headers_t *headers = NULL;
    ret->n_headers = 0;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    size_t count = rd_kafka_header_cnt(headers);
    if (count > kp->header_cap) {
        kp->header = cpi_xrealloc(kp->header, count * sizeof *kp->header);
        kp->header_cap = count;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
            break;
        kp->header[ret->n_headers++] =
            (struct cpi_header){ cpi_text_of(name), { value, value ? (uint32_t)size : 0 } };
    }
    ret->header = kp->header;
}

static struct cpi_text bytes_text(const void *at, size_t len)
{
    return (struct cpi_text){ at, at ? (uint32_t)len : 0 };
}

static void record_read(struct kafka_port *kp, const rd_kafka_message_t *m, struct port_event *ret)
{
    struct cpi_record *rec = &ret->record;
    rd_kafka_timestamp_type_t type;
    ret->kind = PORT_RECORD;
    rec->value = bytes_text(m->payload, m->len);
    rec->key = bytes_text(m->key, m->key_len);
    rec->topic = cpi_text_of(kafka_topic_at(kp, ret->place.topic));
    rec->partition = ret->place.partition;
    rec->offset = m->offset;
    rec->timestamp = rd_kafka_message_timestamp(m, &type);
    if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || rec->timestamp < 0 ||
        rec->timestamp >= CPI_TIME_MAX)
        rec->timestamp = CPI_TIME_NONE;
    if (kp->topics->headers) /* they are costly to read */
        headers_read(kp, m, rec);
}

static void message_read(struct kafka_port *kp, const rd_kafka_message_t *m, struct port_event *ret)
{
    if (m->rkt)
        ret->place = (struct port_place){ topic_index(kp, rd_kafka_topic_name(m->rkt)),
                                          (uint32_t)m->partition };
    ret->offset = m->offset;
    switch (m->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        record_read(kp, m, ret);
        break;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        ret->kind = PORT_END;
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        ret->kind = PORT_GONE;
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        ret->kind = PORT_NOTHING; /* seen to when the queue is empty */
        break;
    default:
        ret->kind = PORT_TROUBLE;
        ret->text = rd_kafka_message_errstr(m);
        snprintf(kp->last_error, sizeof kp->last_error, "%s", ret->text);
    }
}

/* ---- partitions that are held back ---- */

static void hold(struct kafka_port *kp, const rd_kafka_topic_partition_t *tp)
{
    if (kp->stuck_since_ms == 0)
        kp->stuck_since_ms = kafka_now_ms();
    rd_kafka_topic_partition_list_add(kp->held, tp->topic, tp->partition)->offset = tp->offset;
    kafka_note(kp, PORT_DEBUG, "%s %d is held back: %s", tp->topic, tp->partition,
               rd_kafka_err2str(tp->err));
}

static bool is_held(const struct kafka_port *kp, const rd_kafka_message_t *m)
{
    return kp->held->cnt > 0 && m->rkt &&
           rd_kafka_topic_partition_list_find(kp->held, rd_kafka_topic_name(m->rkt), m->partition);
}

static void held_drop(struct kafka_port *kp)
{
    rd_kafka_topic_partition_list_destroy(kp->held);
    kp->held = rd_kafka_topic_partition_list_new(4);
    kp->stuck_since_ms = 0;
}

/* Where the library stands that could not go is beyond what has been read: what came from there
 * would leave a gap. So nothing does until it has gone. */
static void seek_list(struct kafka_port *kp, rd_kafka_topic_partition_list_t *list)
{
    /* -1: other timeouts are a thousand times too short in 2.0 */
    rd_kafka_error_t *error = rd_kafka_seek_partitions(kp->consumer, list, -1);
    for (int i = 0; i < list->cnt; i++) {
        rd_kafka_topic_partition_t *tp = &list->elems[i];
        rd_kafka_topic_partition_list_del(kp->held, tp->topic, tp->partition);
        if (error)
            tp->err = rd_kafka_error_code(error);
        if (tp->err)
            hold(kp, tp);
    }
    if (kp->held->cnt == 0)
        kp->stuck_since_ms = 0;
    if (error)
        rd_kafka_error_destroy(error);
}

/* False if that has not worked for so long that it never will. */
static bool seek_held(struct kafka_port *kp)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_copy(kp->held);
    seek_list(kp, list);
    rd_kafka_topic_partition_list_destroy(list);
    return kp->rebalance || kp->stuck_since_ms == 0 ||
           kafka_now_ms() - kp->stuck_since_ms < STUCK_MS;
}

/* When the library has read ahead as far as it may, it fetches nothing for up to a second, although
 * the queue is long empty by then (before 2.2; there fetch.queue.backoff.ms rules it). Whoever has
 * emptied a queue that may have been full, and then gets nothing for a moment, wakes it: the worker
 * knows where to go on. */
static rd_kafka_message_t *message_await(struct kafka_port *kp, int timeout_ms)
{
    if (kp->stretch_bytes < KAFKA_STRETCH_BYTES && kp->stretch_messages < KAFKA_STRETCH_MESSAGES)
        return rd_kafka_consumer_poll(kp->consumer, timeout_ms);
    if (timeout_ms < KAFKA_ASLEEP_MS)
        return rd_kafka_consumer_poll(kp->consumer, timeout_ms);
    rd_kafka_message_t *m = rd_kafka_consumer_poll(kp->consumer, KAFKA_ASLEEP_MS);
    kp->asleep = !m;
    kp->stretch_bytes = kp->stretch_messages = 0;
    return m;
}

/* The library's batch call is the cheapest way to read but waits for its whole timeout; a single
 * poll is quick. So: batches while there is something, a poll to wait. */
static rd_kafka_message_t *message_any(struct kafka_port *kp, int timeout_ms)
{
    struct kafka_batch *b = &kp->batch;
    for (;;) {
        while (b->at < b->count) {
            rd_kafka_message_t *m = b->message[b->at++];
            if (m)
                return m;
        }
        b->at = b->count = 0;
        if (kp->rebalance)
            return NULL;
        ssize_t n = rd_kafka_consume_batch_queue(kp->queue, 0, b->message, KAFKA_BATCH);
        if (n <= 0)
            return kp->rebalance ? NULL : message_await(kp, timeout_ms);
        b->count = (size_t)n;
        kp->stretch_messages += b->count;
        for (size_t i = 0; i < b->count; i++)
            kp->stretch_bytes += b->message[i]->len;
    }
}

/* What comes of a partition that is held back is not the next of it. */
static rd_kafka_message_t *message_next(struct kafka_port *kp, int timeout_ms)
{
    rd_kafka_message_t *m;
    while ((m = message_any(kp, timeout_ms)) != NULL && is_held(kp, m))
        rd_kafka_message_destroy(m);
    return m;
}

/* A static member that was fenced: another process may have its identity, but an answer that was
 * lost while a broker restarted looks the same. So it joins anew, once; who is fenced again soon
 * after, and has had all its answers meanwhile, has a rival, and of the two it is the older one
 * that meets this first. */
static void fenced(struct kafka_port *kp, const char *why, struct port_event *ret)
{
    int64_t now = kafka_now_ms();
    snprintf(kp->last_error, sizeof kp->last_error, "%s", why);
    ret->text = kp->last_error;
    ret->kind = PORT_TAKEN;
    if (kp->fenced_ms && now - kp->fenced_ms < FENCED_AGAIN_MS &&
        !atomic_load(&kp->answers_to_reads.missing))
        return;
    kp->fenced_ms = now;
    kp->rejoin = true;
    kafka_note(kp, PORT_NOTICE,
               "joining the group anew: it has given this member's name (group.instance.id) to "
               "another one, which is either a second process of this instance, or itself before "
               "a broker was restarted (%s)",
               why);
    ret->kind = PORT_REVOKED;
    ret->lost = true;
}

void kafka_poll(struct port *port, int timeout_ms, struct port_event *ret)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    *ret = (struct port_event){ .kind = PORT_NOTHING };
    if (kp->current)
        rd_kafka_message_destroy(kp->current);
    kp->current = NULL;
    kp->asleep = false;
    if (kp->held->cnt > 0 && !seek_held(kp)) {
        kafka_note(kp, PORT_NOTICE,
                   "joining the group anew: a partition does not go where it is told to");
        kp->rejoin = true;
        ret->kind = PORT_REVOKED;
        ret->lost = true;
        return;
    }
    kp->current = message_next(kp, timeout_ms);
    ret->asleep = kp->asleep;
    if (kp->current) {
        message_read(kp, kp->current, ret);
        return;
    }
    rd_kafka_poll(kp->producer, 0);
    char why[256];
    if (rd_kafka_fatal_error(kp->consumer, why, sizeof why)) {
        fenced(kp, why, ret);
    } else if (kp->rebalance) {
        ret->kind = kp->rebalance_assigns ? PORT_ASSIGNED : PORT_REVOKED;
        ret->places = kp->place;
        ret->n_places = kp->n_places;
        ret->lost = kp->rebalance_lost;
    }
}

/* ---- offsets ---- */

static void position_take(struct port_position *pos, const rd_kafka_topic_partition_t *tp)
{
    pos->offset = tp->offset >= 0 ? tp->offset : PORT_NO_OFFSET;
    pos->metadata_len = 0;
    if (tp->metadata && tp->metadata_size <= PORT_METADATA_MAX) {
        memcpy(pos->metadata, tp->metadata, tp->metadata_size);
        pos->metadata_len = (uint32_t)tp->metadata_size;
    }
}

int kafka_committed(struct port *port, struct port_position *position, size_t count)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_topic_partition_list_t *list = NULL;
    for (;;) {
        if (list)
            rd_kafka_topic_partition_list_destroy(list);
        list = kafka_list_of(kp, position, count);
        for (int i = 0; i < list->cnt; i++)
            list->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
        /* times out while another member's transaction with offsets of these partitions is open */
        rd_kafka_resp_err_t err = rd_kafka_committed(kp->consumer, list, 1000);
        for (int i = 0; !err && i < list->cnt; i++)
            err = list->elems[i].err;
        if (!err)
            break;
        if (rd_kafka_fatal_error(kp->consumer, NULL, 0)) {
            rd_kafka_topic_partition_list_destroy(list);
            return -EIO;
        }
        char why[256];
        if (!kafka_tick(kp, "committed offsets", kafka_words(err, why, sizeof why))) {
            rd_kafka_topic_partition_list_destroy(list);
            return -EINTR;
        }
    }
    for (size_t i = 0; i < count; i++)
        position_take(&position[i], &list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    return 0;
}

static rd_kafka_resp_err_t start_at(struct kafka_port *kp, struct port_place place, int64_t at_ms,
                                    int64_t *ret_offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *tp = rd_kafka_topic_partition_list_add(
        list, kafka_topic_at(kp, place.topic), (int32_t)place.partition);
    tp->offset = at_ms;
    rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(kp->consumer, list, 1000);
    err = err ? err : list->elems[0].err;
    *ret_offset = list->elems[0].offset; /* negative: nothing that late */
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

int kafka_start(struct port *port, struct port_place place, enum port_start start, int64_t at_ms,
                int64_t *ret_offset)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    for (;;) {
        int64_t low, high, at = -1;
        rd_kafka_resp_err_t err =
            rd_kafka_query_watermark_offsets(kp->consumer, kafka_topic_at(kp, place.topic),
                                             (int32_t)place.partition, &low, &high, 1000);
        if (!err && start == PORT_AT)
            err = start_at(kp, place, at_ms, &at);
        if (!err) {
            *ret_offset = start == PORT_EARLIEST ? low : at >= 0 ? at : high;
            return 0;
        }
        char why[256];
        if (!kafka_tick(kp, "the ends of a partition", kafka_words(err, why, sizeof why)))
            return -EINTR;
    }
}

int kafka_assign(struct port *port, const struct port_position *position, size_t count)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    kafka_restore_close(kp);
    kafka_batch_drop(&kp->batch);
    held_drop(kp);
    rd_kafka_topic_partition_list_t *list = kafka_list_of(kp, position, count);
    rd_kafka_resp_err_t err = rd_kafka_assign(kp->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    kp->rebalance = false;
    if (err)
        kafka_note(kp, PORT_ERROR, "assign failed: %s", rd_kafka_err2str(err));
    return err ? -EIO : 0;
}

void kafka_unassign(struct port *port)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    kafka_batch_drop(&kp->batch);
    held_drop(kp);
    kp->rebalance = false;
    rd_kafka_assign(kp->consumer, NULL);
    if (kp->rejoin)
        kafka_rejoin(kp);
}

/* What was fetched for these partitions but not handed out yet comes again after a seek. */
static void batch_forget(struct kafka_port *kp, uint32_t topic, uint32_t partition)
{
    const char *name = kafka_topic_at(kp, topic);
    struct kafka_batch *b = &kp->batch;
    for (size_t i = b->at; i < b->count; i++) {
        rd_kafka_message_t *m = b->message[i];
        if (m && m->rkt && m->partition == (int32_t)partition &&
            strcmp(rd_kafka_topic_name(m->rkt), name) == 0) {
            rd_kafka_message_destroy(m);
            b->message[i] = NULL;
        }
    }
}

void kafka_seek(struct port *port, const struct port_position *position, size_t count)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    for (size_t i = 0; i < count; i++)
        batch_forget(kp, position[i].place.topic, position[i].place.partition);
    rd_kafka_topic_partition_list_t *list = kafka_list_of(kp, position, count);
    seek_list(kp, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_pause(struct port *port, const struct port_place *place, size_t count)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        batch_forget(kp, place[i].topic, place[i].partition);
        rd_kafka_topic_partition_list_add(list, kafka_topic_at(kp, place[i].topic),
                                          (int32_t)place[i].partition);
    }
    rd_kafka_pause_partitions(kp->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_resume(struct port *port, const struct port_position *position, size_t count)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    rd_kafka_topic_partition_list_t *list = kafka_list_of(kp, position, count);
    rd_kafka_resume_partitions(kp->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    /* wakes the fetcher, which would otherwise sleep for up to a second */
    kafka_seek(port, position, count);
}

int64_t kafka_end(struct port *port, struct port_place place)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(kp->consumer, kafka_topic_at(kp, place.topic),
                                       (int32_t)place.partition, &low, &high) ||
        high < 0)
        return PORT_NO_OFFSET;
    return high;
}
