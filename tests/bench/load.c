/* Fills a topic with events, keyed by case, each record as old as its event.
 *
 *   bench_load ADDRESS TOPIC FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "broker.h"

/* What stands behind `"name":` in the line, up to `end`. */
static struct cpi_text member(struct cpi_text line, const char *name, char end)
{
    const char *at = memmem(line.at, line.len, name, strlen(name));
    if (!at)
        bench_die(name, "an event does not have it");
    at += strlen(name);
    const char *stop = memchr(at, end, (size_t)(line.at + line.len - at));
    return (struct cpi_text){ at, (uint32_t)((stop ? stop : at) - at) };
}

static void produce(rd_kafka_t *producer, const char *topic, struct cpi_text line)
{
    struct cpi_text key = member(line, "\"case\":\"", '"');
    int64_t time = strtoll(member(line, "\"ts\":", ',').at, NULL, 10);
    for (;;) {
        rd_kafka_resp_err_t err = rd_kafka_producev(
            producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY((void *)(uintptr_t)key.at, key.len),
            RD_KAFKA_V_VALUE((void *)(uintptr_t)line.at, line.len), RD_KAFKA_V_TIMESTAMP(time),
            RD_KAFKA_V_END);
        if (!err)
            return;
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            bench_die(topic, rd_kafka_err2str(err));
        rd_kafka_poll(producer, 100);
    }
}

int main(int argc, char **argv)
{
    static const char *const setting[] = {
        "batch.size", "131072",      "linger.ms",      "50", "enable.idempotence",
        "true",       "partitioner", "murmur2_random", NULL
    };
    struct bench_input input;
    if (argc != 4) {
        fputs("usage: bench_load ADDRESS TOPIC FILE\n", stderr);
        return 64;
    }
    bench_input_read(&input, argv[3]);
    bench_topic(argv[1], argv[2], BENCH_SOURCE_PARTITIONS);
    rd_kafka_t *producer = bench_client(RD_KAFKA_PRODUCER, argv[1], setting);
    for (size_t i = 0; i < input.count; i++) {
        produce(producer, argv[2], input.line[i]);
        if (i % 1024 == 0)
            rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, 120000))
        bench_die(argv[2], "the events could not be written");
    rd_kafka_destroy(producer);
    printf("%zu events in %s\n", input.count, argv[2]);
    return 0;
}
