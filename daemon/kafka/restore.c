/* Reading a changelog to its true end. The end is asked for without isolation: with it, a
 * transaction of a predecessor that is still undecided would hide everything behind it, and a
 * restore that stops there misses committed rows. The reader itself sees committed rows only and
 * waits at such a transaction. */
#include <errno.h>
#include <string.h>

#include "kafka/client.h"

static int ends_ask(struct kafka_port *kp, uint32_t q, int64_t *ret_low, int64_t *ret_high)
{
    for (;;) {
        rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(
            kp->asker, kp->topics->changelog, (int32_t)q, ret_low, ret_high, 1000);
        if (!err)
            return 0;
        char why[256];
        if (!kafka_tick(kp, "the end of the changelog", kafka_words(err, why, sizeof why)))
            return -EINTR;
    }
}

int kafka_restore_begin(struct port *port, uint32_t q)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    if (!kp->asker)
        kp->asker = kafka_handle_new(kp, KAFKA_ASKER);
    if (!kp->reader) {
        kp->reader = kafka_handle_new(kp, KAFKA_READER);
        kp->reader_queue = kp->reader ? rd_kafka_queue_get_consumer(kp->reader) : NULL;
    }
    if (!kp->asker || !kp->reader)
        return -EINVAL;
    int64_t low, high;
    int r = ends_ask(kp, q, &low, &high);
    if (r < 0)
        return r;
    kp->restore_end = low < high ? high : -1;
    if (kp->restore_end < 0)
        return 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    /* a numeric offset: "beginning" costs half a second */
    rd_kafka_topic_partition_list_add(list, kp->topics->changelog, (int32_t)q)->offset = low;
    rd_kafka_resp_err_t err = rd_kafka_assign(kp->reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return err ? -EIO : 0;
}

static rd_kafka_message_t *row_next(struct kafka_port *kp)
{
    struct kafka_batch *b = &kp->rows;
    if (b->at == b->count) {
        ssize_t n = rd_kafka_consume_batch_queue(kp->reader_queue, 0, b->message, KAFKA_BATCH);
        b->at = 0;
        b->count = n > 0 ? (size_t)n : 0;
    }
    if (b->at < b->count)
        return b->message[b->at++];
    return rd_kafka_consumer_poll(kp->reader, 200);
}

int kafka_restore_next(struct port *port, struct cpi_text *ret_key, struct cpi_text *ret_value)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    while (kp->restore_end >= 0) {
        if (kp->row)
            rd_kafka_message_destroy(kp->row);
        kp->row = row_next(kp);
        rd_kafka_message_t *m = kp->row;
        if (!m || (m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)) {
            char why[256] = "";
            if (m)
                kafka_words(m->err, why, sizeof why);
            if (!kafka_tick(kp, "the rest of the changelog", why))
                return -EINTR;
            if (m && m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
                return -EIO; /* compaction removed what was to be read: begin again */
            continue;
        }
        if (m->err) { /* an end, perhaps that before an undecided transaction */
            if (m->offset >= kp->restore_end)
                kp->restore_end = -1;
            continue;
        }
        if (m->offset + 1 >= kp->restore_end)
            kp->restore_end = -1;
        *ret_key = (struct cpi_text){ m->key, (uint32_t)m->key_len };
        *ret_value = (struct cpi_text){ m->payload, m->payload ? (uint32_t)m->len : 0 };
        return 1;
    }
    return 0;
}

void kafka_restore_end(struct port *port)
{
    struct kafka_port *kp = (struct kafka_port *)port;
    if (kp->row)
        rd_kafka_message_destroy(kp->row);
    kp->row = NULL;
    kafka_batch_drop(&kp->rows);
    if (kp->reader)
        rd_kafka_assign(kp->reader, NULL);
}

void kafka_restore_close(struct kafka_port *kp)
{
    kafka_restore_end(&kp->port);
    if (kp->reader) {
        rd_kafka_queue_destroy(kp->reader_queue);
        rd_kafka_destroy_flags(kp->reader, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    if (kp->asker)
        rd_kafka_destroy_flags(kp->asker, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    kp->reader = kp->asker = NULL;
    kp->reader_queue = NULL;
}
