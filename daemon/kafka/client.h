/* Inside of the Kafka port: one consumer, one transactional producer, and for restores a reader
 * (committed records only) and an asker (sees the true end of a partition). */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "kafka/kafka.h"
#include "kafka/verdict.h"

#define KAFKA_BATCH 1000
/* Largest message that any of our topics takes (the changelog's rows can be the largest). */
#define KAFKA_MESSAGE_BYTES_MAX (16 * 1024 * 1024)

enum kafka_role { KAFKA_CONSUMER, KAFKA_PRODUCER, KAFKA_READER, KAFKA_ASKER, KAFKA_ADMIN };

/* conf.c */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_setup *setup, enum kafka_role role,
                                char *ret_why, size_t why_bytes);

/* answers.c */
struct kafka_answers {
    bool of_writes_only; /* in transactions */
    atomic_bool missing; /* a request got no answer: it was sent again, and may arrive twice */
};
/* Of the handle that is made of this configuration. */
void kafka_answers_watch(rd_kafka_conf_t *conf, struct kafka_answers *answers);

/* verdicts of what the library returns; both destroy nothing */
enum verdict kafka_verdict(const rd_kafka_error_t *error);
enum verdict kafka_verdict_code(rd_kafka_resp_err_t code);

/* What is read ahead at most (conf.c), and how much read at a stretch shows that it may have been
 * all of that. */
#define KAFKA_AHEAD_KBYTES "12288"
#define KAFKA_AHEAD_MESSAGES "20000"
#define KAFKA_STRETCH_BYTES (4u << 20)
#define KAFKA_STRETCH_MESSAGES 8000u
#define KAFKA_ASLEEP_MS 10

struct kafka_batch {
    rd_kafka_message_t *message[KAFKA_BATCH];
    size_t count, at;
};

struct kafka_port {
    struct port port; /* first */
    const struct kafka_setup *setup;
    const struct port_topics *topics;
    struct port_host host;
    char last_error[256];       /* what the library complained about last, for whoever waits */
    rd_kafka_resp_err_t unsent; /* why a record of this transaction was not taken; 0 = all were */
    unsigned failures;          /* transactions in a row that failed */
    int64_t transaction_ms;     /* after so long the broker ends a transaction by itself */
    struct kafka_answers answers_to_writes; /* of this producer's transactions */
    struct kafka_answers answers_to_reads;  /* of this consumer */

    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue; /* of the consumer */
    rd_kafka_t *producer;
    rd_kafka_topic_t *repartition, *changelog, *output[CPI_TOPICS];
    rd_kafka_queue_t *trimmed; /* answers to DeleteRecords, thrown away */
    uint32_t *n_partitions;    /* per topic that is read */

    struct kafka_batch batch;
    rd_kafka_message_t *current; /* what the last poll handed out */
    struct cpi_header *header;
    size_t header_cap;
    rd_kafka_topic_partition_list_t *held;  /* partitions of which nothing may be handed out */
    int64_t stuck_since_ms;                 /* since when there are some; 0 = none */
    size_t stretch_bytes, stretch_messages; /* read since the queue was last empty */
    bool asleep;                            /* and may be so because nothing is fetched */

    /* a rebalance that the worker has not answered yet */
    bool rebalance, rebalance_assigns, rebalance_lost, closing;
    bool rejoin;       /* the consumer is dead: a new one when the worker has let go */
    int64_t fenced_ms; /* when that was last so; 0 = never */
    struct port_place *place;
    size_t n_places;

    rd_kafka_t *reader, *asker;
    rd_kafka_queue_t *reader_queue;
    struct kafka_batch rows;
    rd_kafka_message_t *row;
    int64_t restore_end; /* offset to reach; -1 = nothing to do */
};

/* client.c */
int64_t kafka_now_ms(void); /* monotonic */
/* A new consumer of the same identity in the group. */
void kafka_rejoin(struct kafka_port *kp);
void kafka_batch_drop(struct kafka_batch *batch);
/* A code's name, and what it means in words that help. */
const char *kafka_words(rd_kafka_resp_err_t code, char *ret, size_t bytes);
bool kafka_tick(struct kafka_port *kp, const char *waiting_for, const char *error);
void kafka_note(struct kafka_port *kp, enum port_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *kafka_topic_at(const struct kafka_port *kp, uint32_t topic);
rd_kafka_topic_partition_list_t *kafka_list_of(const struct kafka_port *kp,
                                               const struct port_position *position, size_t count);
rd_kafka_t *kafka_handle_new(struct kafka_port *kp, enum kafka_role role);

/* consumer.c */
void kafka_poll(struct port *port, int timeout_ms, struct port_event *ret);
int kafka_committed(struct port *port, struct port_position *position, size_t count);
int kafka_start(struct port *port, struct port_place place, enum port_start start, int64_t at_ms,
                int64_t *ret_offset);
int kafka_assign(struct port *port, const struct port_position *position, size_t count);
void kafka_unassign(struct port *port);
void kafka_seek(struct port *port, const struct port_position *position, size_t count);
void kafka_pause(struct port *port, const struct port_place *place, size_t count);
void kafka_resume(struct port *port, const struct port_position *position, size_t count);
int64_t kafka_end(struct port *port, struct port_place place);
void kafka_rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                      rd_kafka_topic_partition_list_t *list, void *opaque);

/* producer.c */
int kafka_producer_open(struct kafka_port *kp);
void kafka_producer_close(struct kafka_port *kp);
void kafka_begin(struct port *port);
int kafka_send(struct port *port, const struct port_message *message);
enum port_outcome kafka_commit(struct port *port, const struct port_position *position,
                               size_t count);
void kafka_trim(struct port *port, const struct port_position *position, size_t count);

/* restore.c */
int kafka_restore_begin(struct port *port, uint32_t q);
int kafka_restore_next(struct port *port, struct cpi_text *ret_key, struct cpi_text *ret_value);
void kafka_restore_end(struct port *port);
void kafka_restore_close(struct kafka_port *kp);

#endif
