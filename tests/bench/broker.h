/* What the parts that need a broker share. They end the program on any error: a measurement that
 * went wrong is none. */
#ifndef BENCH_BROKER_H
#define BENCH_BROKER_H

#include <librdkafka/rdkafka.h>

#define BENCH_SOURCE_PARTITIONS 4
#define BENCH_WAIT_MS 30000

__attribute__((noreturn)) void bench_die(const char *what, const char *why);
/* A client with the settings: name, value, ..., NULL. Role: RD_KAFKA_PRODUCER or RD_KAFKA_CONSUMER.
 */
rd_kafka_t *bench_client(rd_kafka_type_t role, const char *address, const char *const *setting);
/* A consumer of committed records that stores no offsets by itself and reports ends. */
rd_kafka_t *bench_reader(const char *address, const char *group);
/* A topic that keeps records however old they are. */
void bench_topic(const char *address, const char *name, int partitions);
/* Assigns all partitions of the topic, from their beginnings. */
void bench_assign(rd_kafka_t *consumer, const char *topic, int partitions);

#endif
