/* Kafka as the rest of the daemon sees it: the settings, a port, topics, and the embedded cluster
 * of the demo. Nothing outside this folder knows the client library. */
#ifndef KAFKA_KAFKA_H
#define KAFKA_KAFKA_H

#include "kafka/port.h"

struct kafka_setting {
    const char *name, *value;
};
struct kafka_setup {
    const char *application, *instance;
    unsigned worker;
    /* Settings by the client library's own names, bootstrap.servers among them. They win over our
     * defaults but not over what exactness rests on. Their values are never logged. */
    const struct kafka_setting *setting;
    size_t n_settings;
};

/* Whether the library takes the value; writes why not. */
bool kafka_setting_check(const char *name, const char *value, char *ret_why, size_t why_bytes);

/* A port of one worker. The setup and the topics are borrowed and outlive it. NULL with a text if
 * the settings do not work together. */
struct port *kafka_port_new(const struct kafka_setup *setup, const struct port_topics *topics,
                            struct port_host host, char *ret_why, size_t why_bytes);

/* ---- topics ---- */
#define KAFKA_WISHES 4
struct kafka_topic_wish {
    const char *name;
    uint32_t partitions; /* how many to create; 0 = not ours to create (sources) */
    bool any_partitions; /* another number is as good */
    const char *cleanup; /* "compact", "delete"; NULL = not ours to create */
    struct kafka_setting setting[KAFKA_WISHES]; /* beside cleanup.policy; name NULL ends */
};
enum kafka_topic_state {
    KAFKA_TOPIC_GOOD,
    KAFKA_TOPIC_MISSING,
    KAFKA_TOPIC_DIFFERS,
    KAFKA_TOPIC_CREATED,
    KAFKA_TOPIC_FAILED
};
struct kafka_topic_found {
    enum kafka_topic_state state;
    uint32_t partitions;
    char text[512]; /* what differs, or the error; may be empty */
};
/* Compares what the broker has with what is wished, and creates what is missing if told to. 0, or
 * -EHOSTUNREACH with a text if no broker answered within timeout_ms. */
int kafka_topics_compare(const struct kafka_setup *setup, const struct kafka_topic_wish *wish,
                         size_t count, bool create, int timeout_ms,
                         struct kafka_topic_found *ret_found, char *ret_why, size_t why_bytes);
/* Settings of the brokers themselves that matter (transaction.max.timeout.ms): a line each of what
 * is wrong, in `ret_text`; returns how many. */
size_t kafka_brokers_check(const struct kafka_setup *setup, int timeout_ms, char *ret_text,
                           size_t text_bytes);

/* ---- reading a topic whole ---- */
struct kafka_scan;
/* Every committed record from the beginning to where the topic ends now. NULL with a text if it
 * cannot be; timeout_ms is for each answer of a broker. */
struct kafka_scan *kafka_scan_new(const struct kafka_setup *setup, const char *topic,
                                  int timeout_ms, char *ret_why, size_t why_bytes);
/* 1 with a record (a view until the next call), 0 at the end, -EHOSTUNREACH. */
int kafka_scan_next(struct kafka_scan *scan, struct cpi_text *ret_value);
void kafka_scan_free(struct kafka_scan *scan);

/* ---- the embedded cluster of the demo ---- */
struct kafka_mock;
struct kafka_mock *kafka_mock_new(void);
const char *kafka_mock_servers(const struct kafka_mock *mock);
int kafka_mock_topic(struct kafka_mock *mock, const char *name, uint32_t partitions);
void kafka_mock_free(struct kafka_mock *mock);

/* Plain producing and reading, for the demo. */
struct kafka_writer;
struct kafka_writer *kafka_writer_new(const char *servers);
int kafka_writer_send(struct kafka_writer *writer, const char *topic, struct cpi_text key,
                      struct cpi_text value, int64_t timestamp_ms);
void kafka_writer_flush(struct kafka_writer *writer);
void kafka_writer_free(struct kafka_writer *writer);

struct kafka_reader;
/* Reads every partition of the topics from their beginning. */
struct kafka_reader *kafka_reader_new(const char *servers, const char *const *topic, size_t count);
/* The next record, or false after timeout_ms; views until the next call. *ret_topic: index. */
bool kafka_reader_next(struct kafka_reader *reader, int timeout_ms, size_t *ret_topic,
                       struct cpi_text *ret_key, struct cpi_text *ret_value);
void kafka_reader_free(struct kafka_reader *reader);

#endif
