/* What a worker asks of Kafka, without a single type of the client library: the worker's logic runs
 * the same over the real library (kafka_port_new) and over a modelled Kafka.
 *
 * thread: the worker that opened it, for every call. */
#ifndef KAFKA_PORT_H
#define KAFKA_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cpi/mapping.h>
#include <cpi/outbox.h>
#include <cpi/text.h>

/* Every topic that one application uses. `source` stands in the order of the model (source by
 * source). */
struct port_topics {
    char **source;
    size_t n_sources;
    char *repartition, *changelog;
    char *output[CPI_TOPICS];
    uint32_t partitions; /* of the repartition topic and of the changelog */
    bool headers;        /* some source looks at those of its records */
};

/* A partition that a worker reads: topic = index of a source topic, or n_sources = repartition. */
struct port_place {
    uint32_t topic;
    uint32_t partition;
};
#define PORT_NO_OFFSET INT64_C(-1)
#define PORT_METADATA_MAX 256
struct port_position {
    struct port_place place;
    int64_t offset; /* PORT_NO_OFFSET = none committed */
    char metadata[PORT_METADATA_MAX];
    uint32_t metadata_len;
};

enum port_event_kind {
    PORT_NOTHING, /* asleep */
    PORT_RECORD,  /* place, record: views that hold until the next poll */
    PORT_END,  /* place: everything before `offset` has been read, and that is the end of it now */
    PORT_GONE, /* place: `offset` does not exist (any more) on the broker */
    PORT_ASSIGNED, /* places: answer with assign() */
    PORT_REVOKED,  /* places, lost: answer with unassign() */
    PORT_TROUBLE,  /* text: the library goes on by itself */
    PORT_TAKEN,    /* another living process has this identity: this one must stop */
};
struct port_event {
    enum port_event_kind kind;
    struct port_place place;
    int64_t offset;
    struct cpi_record record;
    const struct port_place *places;
    size_t n_places;
    bool lost;   /* somebody else may own them already: nothing can be committed any more */
    bool asleep; /* fetching may have stopped for up to a second: a seek to where one is wakes it */
    const char *text;
};

enum port_target { PORT_TO_REPARTITION, PORT_TO_CHANGELOG, PORT_TO_OUTPUT };
struct port_message {
    enum port_target to;
    enum cpi_topic output;
    int32_t partition; /* of outputs: -1 = by key */
    struct cpi_text key;
    struct cpi_text value; /* absent = tombstone */
    const struct cpi_out_header *header;
    size_t n_headers;
};

enum port_outcome {
    PORT_COMMITTED,
    PORT_ABORTED, /* rolled back */
    PORT_UNKNOWN, /* a new producer of the same identity: only committed() can tell what happened */
    PORT_STOPPED, /* told to stop while waiting: leave, a successor will find out */
};

enum port_level {
    PORT_ERROR = 3,
    PORT_WARNING = 4,
    PORT_NOTICE = 5,
    PORT_INFO = 6,
    PORT_DEBUG = 7
};
/* What a port asks of whoever opened it. `tick` is called while it waits for the broker, several
 * times a second, with what for and the latest error ("" = none): false = stop waiting. `note` may
 * come from any thread. */
struct port_host {
    void *ctx;
    bool (*tick)(void *ctx, const char *waiting_for, const char *error);
    void (*note)(void *ctx, enum port_level level, const char *text);
};

enum port_start { PORT_EARLIEST, PORT_LATEST, PORT_AT };

struct port;
/* Where a call returns int: 0, -EINTR (told to stop while waiting), or what is said at it. */
struct port_ops {
    /* Connects, checks the topics, takes over the transactional identity (which ends what a
     * predecessor left open) and joins the group. Waits as long as it takes. -EINVAL: a topic has
     * the wrong number of partitions; the host was told. */
    int (*open)(struct port *port);
    /* One event; waits up to timeout_ms for it. */
    void (*poll)(struct port *port, int timeout_ms, struct port_event *ret);
    /* Number of partitions of a topic that is read. */
    uint32_t (*partitions)(struct port *port, uint32_t topic);

    /* Offset and metadata of every place, stable: waits for transactions of others to end. -EIO:
     * the group was lost meanwhile, a PORT_REVOKED follows. */
    int (*committed)(struct port *port, struct port_position *position, size_t count);
    /* Where a partition begins that nobody has read yet, or whose offset is gone. */
    int (*start)(struct port *port, struct port_place place, enum port_start start, int64_t at_ms,
                 int64_t *ret_offset);
    int (*assign)(struct port *port, const struct port_position *position, size_t count);
    void (*unassign)(struct port *port);
    /* Goes (back) to exactly these offsets; what is paused stays so. Where that does not work at
     * once, nothing of the partition is handed out until it has. */
    void (*seek)(struct port *port, const struct port_position *position, size_t count);
    void (*pause)(struct port *port, const struct port_place *place, size_t count);
    void (*resume)(struct port *port, const struct port_position *position, size_t count);
    /* Where the partition ends as far as known from what was fetched, PORT_NO_OFFSET = unknown. */
    int64_t (*end)(struct port *port, struct port_place place);
    /* Asks for a fresh PORT_END of quiet partitions: their next fetch answer gives one. */
    void (*probe)(struct port *port, const struct port_position *position, size_t count);

    /* The changelog of task q, from its first row to the end as it is now: restore_next gives 1
     * with a row (views until the next call), 0 at the end, -EINTR. */
    int (*restore_begin)(struct port *port, uint32_t q);
    int (*restore_next)(struct port *port, struct cpi_text *ret_key, struct cpi_text *ret_value);
    void (*restore_end)(struct port *port);

    /* A transaction: begin, send ..., commit. Whatever failed in between shows in commit's outcome.
     * send: -EMSGSIZE if no broker would take it. */
    void (*begin)(struct port *port);
    int (*send)(struct port *port, const struct port_message *message);
    enum port_outcome (*commit)(struct port *port, const struct port_position *position,
                                size_t count);

    /* Deletes the repartition topic's records before these offsets; nobody waits for it. */
    void (*trim)(struct port *port, const struct port_position *position, size_t count);
    /* Leaves, within timeout_ms. */
    void (*close)(struct port *port, int timeout_ms);
    void (*free)(struct port *port);
};
struct port {
    const struct port_ops *ops;
};

#endif
