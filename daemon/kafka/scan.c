/* A topic from its beginning to where it ends now, committed records only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpi/alloc.h>

#include "kafka/client.h"

struct kafka_scan {
    rd_kafka_t *rk;
    rd_kafka_message_t *message;
    int64_t *end; /* per partition; -1 = reached */
    int n_partitions, n_open;
    int timeout_ms;
    char error[256];
};

static void scan_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
    struct kafka_scan *scan = opaque;
    (void)rk;
    snprintf(scan->error, sizeof scan->error, "%s: %s", rd_kafka_err2name((rd_kafka_resp_err_t)err),
             reason);
}

static void scan_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

static rd_kafka_resp_err_t count_partitions(struct kafka_scan *scan, const char *topic)
{
    const struct rd_kafka_metadata *meta;
    rd_kafka_topic_t *one = rd_kafka_topic_new(scan->rk, topic, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(scan->rk, 0, one, &meta, scan->timeout_ms);
    if (!err && meta->topic_cnt == 1) {
        err = meta->topics[0].err;
        scan->n_partitions = err ? 0 : meta->topics[0].partition_cnt;
    }
    if (one && meta && !err)
        rd_kafka_metadata_destroy(meta);
    rd_kafka_topic_destroy(one);
    return err;
}

static rd_kafka_resp_err_t assign_all(struct kafka_scan *scan, const char *topic)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(scan->n_partitions);
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    scan->end = cpi_xcalloc((size_t)scan->n_partitions + 1, sizeof *scan->end);
    for (int p = 0; p < scan->n_partitions && !err; p++) {
        int64_t low = 0, high = 0;
        err = rd_kafka_query_watermark_offsets(scan->rk, topic, p, &low, &high, scan->timeout_ms);
        scan->end[p] = low < high ? high : -1;
        if (scan->end[p] < 0)
            continue;
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = low;
        scan->n_open++;
    }
    if (!err)
        err = rd_kafka_assign(scan->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

struct kafka_scan *kafka_scan_new(const struct kafka_setup *setup, const char *topic,
                                  int timeout_ms, char *ret_why, size_t why_bytes)
{
    struct kafka_scan *scan = cpi_xcalloc(1, sizeof *scan);
    scan->timeout_ms = timeout_ms;
    rd_kafka_conf_t *conf = kafka_conf_new(setup, KAFKA_READER, ret_why, why_bytes);
    if (conf) {
        rd_kafka_conf_set_opaque(conf, scan);
        rd_kafka_conf_set_error_cb(conf, scan_error);
        rd_kafka_conf_set_log_cb(conf, scan_log);
        scan->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, ret_why, why_bytes);
        if (!scan->rk)
            rd_kafka_conf_destroy(conf);
    }
    if (!scan->rk) {
        free(scan);
        return NULL;
    }
    rd_kafka_poll_set_consumer(scan->rk);
    rd_kafka_resp_err_t err = count_partitions(scan, topic);
    if (!err)
        err = assign_all(scan, topic);
    if (!err)
        return scan;
    snprintf(ret_why, why_bytes, "%s", scan->error[0] ? scan->error : rd_kafka_err2str(err));
    kafka_scan_free(scan);
    return NULL;
}

static void reach(struct kafka_scan *scan, int32_t partition, int64_t next)
{
    if (partition >= scan->n_partitions || scan->end[partition] < 0 || next < scan->end[partition])
        return;
    scan->end[partition] = -1;
    scan->n_open--;
}

int kafka_scan_next(struct kafka_scan *scan, struct cpi_text *ret_value)
{
    while (scan->n_open) {
        if (scan->message)
            rd_kafka_message_destroy(scan->message);
        rd_kafka_message_t *m = scan->message = rd_kafka_consumer_poll(scan->rk, scan->timeout_ms);
        if (!m || (m->err && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF))
            return -EHOSTUNREACH;
        /* at an end the offset is that of the next record; markers of transactions have some too */
        reach(scan, m->partition, m->err ? m->offset : m->offset + 1);
        if (m->err)
            continue;
        *ret_value = (struct cpi_text){ m->payload, m->payload ? (uint32_t)m->len : 0 };
        return 1;
    }
    return 0;
}

void kafka_scan_free(struct kafka_scan *scan)
{
    if (!scan)
        return;
    if (scan->message)
        rd_kafka_message_destroy(scan->message);
    rd_kafka_assign(scan->rk, NULL);
    rd_kafka_destroy_flags(scan->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(scan->end);
    free(scan);
}
