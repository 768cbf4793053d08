/* The least that a program like cpid has to do on a broker: consume, parse what is needed, produce
 * as many records of as many bytes as cpid did, in transactions that carry the offsets.
 *
 *   bench_floor ADDRESS TOPIC EVENTS OUT RECORDS BYTES
 *
 * Reads TOPIC from its beginning to its end, and writes RECORDS records of BYTES bytes to OUT,
 * evenly over the EVENTS events. A transaction every 100 ms. Settings are those of cpid. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cpi/alloc.h>

#include "bench.h"
#include "broker.h"

#define BATCH 4096
#define INTERVAL_MS 100
#define OUT_PARTITIONS 8

struct floor {
    rd_kafka_t *consumer, *producer;
    struct bench_loop *loop;
    const char *topic, *out;
    uint64_t events, wanted_events, produced, wanted, taken;
    size_t bytes;
    char *value;
    int64_t position[BENCH_SOURCE_PARTITIONS];
    int ended;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void must(rd_kafka_error_t *error, const char *what)
{
    if (error)
        bench_die(what, rd_kafka_error_string(error));
}

static void produce(struct floor *f)
{
    uint64_t due = f->wanted * f->events / f->wanted_events;
    for (; f->produced < due; f->produced++) {
        char key[24];
        int len = snprintf(key, sizeof key, "rep:rep-%06u", (unsigned)(f->produced % 1000));
        rd_kafka_resp_err_t err;
        do {
            err = rd_kafka_producev(f->producer, RD_KAFKA_V_TOPIC(f->out),
                                    RD_KAFKA_V_KEY(key, (size_t)len),
                                    RD_KAFKA_V_VALUE(f->value, f->bytes),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
            if (err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
                rd_kafka_poll(f->producer, 10);
        } while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL);
        if (err)
            bench_die(f->out, rd_kafka_err2str(err));
    }
}

static void consume(struct floor *f, rd_kafka_queue_t *queue, int timeout_ms)
{
    rd_kafka_message_t *message[BATCH];
    ssize_t count = rd_kafka_consume_batch_queue(queue, timeout_ms, message, BATCH);
    for (ssize_t i = 0; i < count; i++) {
        const rd_kafka_message_t *m = message[i];
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            f->ended++;
        } else if (m->err) {
            bench_die(f->topic, rd_kafka_message_errstr(m));
        } else {
            f->taken += bench_loop_take(f->loop, m->payload, m->len);
            f->position[m->partition] = m->offset + 1;
            f->events++;
        }
        rd_kafka_message_destroy(message[i]);
    }
    produce(f);
}

static void commit(struct floor *f)
{
    rd_kafka_topic_partition_list_t *offsets =
        rd_kafka_topic_partition_list_new(BENCH_SOURCE_PARTITIONS);
    for (int p = 0; p < BENCH_SOURCE_PARTITIONS; p++)
        if (f->position[p])
            rd_kafka_topic_partition_list_add(offsets, f->topic, p)->offset = f->position[p];
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata(f->consumer);
    must(rd_kafka_send_offsets_to_transaction(f->producer, offsets, group, BENCH_WAIT_MS),
         "offsets");
    must(rd_kafka_commit_transaction(f->producer, BENCH_WAIT_MS), "commit");
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(offsets);
}

static void run(struct floor *f)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(f->consumer);
    bench_assign(f->consumer, f->topic, BENCH_SOURCE_PARTITIONS);
    must(rd_kafka_init_transactions(f->producer, BENCH_WAIT_MS), "init");
    while (f->ended < BENCH_SOURCE_PARTITIONS) {
        must(rd_kafka_begin_transaction(f->producer), "begin");
        int64_t end = now_ms() + INTERVAL_MS, left = INTERVAL_MS;
        while (left > 0 && f->ended < BENCH_SOURCE_PARTITIONS) {
            consume(f, queue, (int)left);
            rd_kafka_poll(f->producer, 0);
            left = end - now_ms();
        }
        commit(f);
    }
    rd_kafka_queue_destroy(queue);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fputs("usage: bench_floor ADDRESS TOPIC EVENTS OUT RECORDS BYTES\n", stderr);
        return 64;
    }
    const char *const writes[] = {
        "transactional.id", argv[4],          "linger.ms", "5", "compression.type", "lz4",
        "partitioner",      "murmur2_random", NULL
    };
    struct floor f = { .topic = argv[2],
                       .out = argv[4],
                       .wanted_events = strtoull(argv[3], NULL, 10),
                       .wanted = strtoull(argv[5], NULL, 10),
                       .bytes = strtoul(argv[6], NULL, 10) };
    f.loop = bench_loop_new();
    f.value = cpi_xcalloc(1, f.bytes + 1);
    for (size_t i = 0; i < f.bytes; i++) /* compresses, but not to nothing */
        f.value[i] = (char)('a' + i * i % 23);
    f.consumer = bench_reader(argv[1], argv[4]);
    rd_kafka_poll_set_consumer(f.consumer);
    f.producer = bench_client(RD_KAFKA_PRODUCER, argv[1], writes);
    bench_topic(argv[1], f.out, OUT_PARTITIONS);
    run(&f);
    if (f.events != f.wanted_events || f.produced != f.wanted)
        bench_die(f.topic, "not all events were read");
    rd_kafka_consumer_close(f.consumer);
    rd_kafka_destroy(f.consumer);
    rd_kafka_destroy(f.producer);
    bench_loop_free(f.loop);
    free(f.value);
    return 0;
}
