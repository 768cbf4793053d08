/* The least that anybody does who reads a topic, with cpid's settings.
 *
 *   bench_consume ADDRESS TOPIC EVENTS [parse]
 *
 * Reads TOPIC from its beginning to its end; with `parse` takes the members from each event as the
 * bare yajl loop does. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "broker.h"

#define BATCH 4096

struct counts {
    uint64_t events, members;
    int ended;
};

static void take(struct counts *counts, struct bench_loop *loop, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        counts->ended++;
        return;
    }
    if (m->err)
        bench_die("consume", rd_kafka_message_errstr(m));
    if (loop)
        counts->members += bench_loop_take(loop, m->payload, m->len);
    counts->events++;
}

static void consume(rd_kafka_t *consumer, struct bench_loop *loop, struct counts *counts)
{
    static rd_kafka_message_t *message[BATCH];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    while (counts->ended < BENCH_SOURCE_PARTITIONS) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 100, message, BATCH);
        for (ssize_t i = 0; i < count; i++) {
            take(counts, loop, message[i]);
            rd_kafka_message_destroy(message[i]);
        }
    }
    rd_kafka_queue_destroy(queue);
}

int main(int argc, char **argv)
{
    struct counts counts = { 0 };
    if (argc < 4 || argc > 5) {
        fputs("usage: bench_consume ADDRESS TOPIC EVENTS [parse]\n", stderr);
        return 64;
    }
    struct bench_loop *loop = argc > 4 ? bench_loop_new() : NULL;
    rd_kafka_t *consumer = bench_reader(argv[1], "bench-consume");
    rd_kafka_poll_set_consumer(consumer);
    bench_assign(consumer, argv[2], BENCH_SOURCE_PARTITIONS);
    consume(consumer, loop, &counts);
    if (counts.events != strtoull(argv[3], NULL, 10) || (loop && !counts.members))
        bench_die(argv[2], "not all events were read");
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    if (loop)
        bench_loop_free(loop);
    return 0;
}
