/* A modelled Kafka for one application: partitions with open, committed and aborted records and
 * the markers between them, a transaction coordinator, a consumer group with static members, and
 * what clients see of it. It answers as brokers 3.9 to 4.1 and librdkafka 2.0 were measured to
 * answer; what goes wrong, and when, is drawn from one seed.
 *
 *   log.c          partitions, the last stable offset, compaction
 *   coordinator.c  transactional identities, epochs, markers, offsets
 *   group.c        members, generations, who owns what
 *   client.c       the port of one worker: reading
 *   producer.c     the port of one worker: transactions
 *   restore.c      the port of one worker: changelogs
 *
 * Nothing here knows what the records mean. */
#ifndef CHAOS_KAFKA_H
#define CHAOS_KAFKA_H

#include <stdarg.h>

#include "fault.h"
#include "kafka/port.h"

#define PARTS_MAX 8
#define OUT_PARTS 2
#define SLOTS 4      /* identities that workers run as */
#define OTHER 100    /* writer of whoever fills the source topics in transactions */
#define TOPICS_MAX 3 /* sources and the repartition topic */
#define PLACES_MAX (TOPICS_MAX * PARTS_MAX)

#define TRANSACTION_TIMEOUT_MS 60000
#define SESSION_TIMEOUT_MS 45000
#define MAX_POLL_MS 300000
#define FENCED_AGAIN_MS 60000

enum record_state { RECORD_OPEN, RECORD_COMMITTED, RECORD_ABORTED, RECORD_MARKER };
struct kafka_record {
    char *key, *value; /* owned; NULL = absent */
    uint32_t key_len, value_len;
    char *note; /* owned: headers as "name=value;", or NULL */
    int64_t timestamp;
    int writer; /* 0 = in no transaction */
    enum record_state state;
    bool gone;          /* compacted */
    int64_t horizon_ms; /* of a tombstone: when it may go; 0 = the cleaner has not met it */
};
struct kafka_open {
    int writer;
    int64_t first;
};
struct kafka_part {
    char name[24];
    struct kafka_record *record; /* by offset */
    size_t count, cap;
    int64_t begin; /* what lies before it was deleted */
    struct kafka_open open[SLOTS + 4];
    size_t n_open;
    int64_t away_until; /* nobody can read or write it before */
};

enum txn_state { TXN_EMPTY, TXN_ONGOING, TXN_COMMITTING, TXN_ABORTING };
struct kafka_txn { /* of one identity */
    enum txn_state state;
    int64_t epoch, began_ms;
    uint64_t number; /* of the transaction */
    bool last_committed;
    struct kafka_part *part[64]; /* that wait for its marker */
    size_t n_parts;
    struct port_position pending[PLACES_MAX]; /* offsets that it carries */
    size_t n_pending;
    bool has_offsets;
};
/* A request on a connection that its client has given up. It was sent again on another one, and
 * arrives when it likes: in the next transaction, too. Only a new epoch fences it. Records are not
 * among them, since their numbers show that they came before. */
enum late_kind { LATE_COMMIT, LATE_ADD, LATE_OFFSETS, LATE_INIT };
struct kafka_late {
    enum late_kind kind;
    unsigned slot;
    int64_t epoch;
    int generation;                 /* of LATE_OFFSETS: the group's */
    struct port_position *position; /* owned */
    size_t n_positions;
};
#define LATE_MOST 16

struct client;
struct kafka_member {
    bool in, joined;
    int id;
    unsigned slot;
    int64_t seen_ms;
};
struct kafka_group {
    int generation, next_id;
    bool preparing;
    int64_t since_ms;
    struct kafka_member member[SLOTS];
    int owner[TOPICS_MAX][PARTS_MAX]; /* slot, -1 = nobody */
    uint32_t known[TOPICS_MAX];       /* partitions at the last assignment */
    unsigned turn;                    /* assignments differ */
};

struct kafka {
    const struct port_topics *topics;
    struct dice dice;
    unsigned fault[FAULTS], happened[FAULTS];
    struct pace pace;
    int64_t now_ms;  /* since the beginning */
    uint64_t events; /* that changed something */
    bool story;
    int64_t wall_ms; /* of the beginning */
    uint32_t n_source_parts[TOPICS_MAX];
    struct kafka_part source[TOPICS_MAX - 1][PARTS_MAX], frames[PARTS_MAX], rows[PARTS_MAX];
    struct kafka_part out[CPI_TOPICS][OUT_PARTS];
    struct port_position offset[TOPICS_MAX][PARTS_MAX];
    struct kafka_txn txn[SLOTS];
    struct kafka_late late[LATE_MOST];
    unsigned n_late, late_met; /* under way; that met a transaction under way */
    struct kafka_group group;
    int64_t coordinator_away_until;
    unsigned restore_rows; /* handed out */
};

void kafka_init(struct kafka *k, const struct port_topics *topics, const uint32_t *source_parts,
                int64_t wall_ms, uint64_t seed);
void kafka_fini(struct kafka *k);
static inline bool comes(struct kafka *k, unsigned of_10000)
{
    return of_10000 > 0 && roll_below(&k->dice, 10000) < of_10000;
}
static inline bool happens(struct kafka *k, enum fault fault)
{
    bool does = comes(k, k->fault[fault]);
    k->happened[fault] += does;
    return does;
}
/* One line of what goes on, if somebody wants to read it. `who` NULL = the brokers. */
void story(const struct kafka *k, const char *who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- log.c ---- */
struct kafka_part *kafka_part(struct kafka *k, struct port_place place);
int64_t part_append(struct kafka *k, struct kafka_part *part, struct kafka_record record);
/* First offset that is undecided; readers of committed records see nothing from there on. */
int64_t part_stable(const struct kafka_part *part);
void part_decide(struct kafka *k, struct kafka_part *part, int writer, bool commit);
bool part_shows(const struct kafka_part *part, int64_t offset);
bool part_is_open(const struct kafka_part *part, int writer);
bool part_is_away(const struct kafka *k, const struct kafka_part *part);
/* What the cleaner does: of the decided records before a drawn offset the last one of each key
 * stays, and of tombstones not even that if they are old. */
void part_compact(struct kafka *k, struct kafka_part *part);

/* ---- coordinator.c ---- */
enum coordinator_answer {
    COORDINATOR_OK,
    COORDINATOR_BUSY,
    COORDINATOR_FENCED,
    COORDINATOR_REFUSED /* what it is for is in no transaction */
};
enum coordinator_answer coordinator_init(struct kafka *k, unsigned slot, int64_t *ret_epoch);
enum coordinator_answer coordinator_add(struct kafka *k, unsigned slot, int64_t epoch,
                                        struct kafka_part *part);
/* What the partition asks when a record comes that is not the first one of its transaction. */
enum coordinator_answer coordinator_verify(struct kafka *k, unsigned slot, int64_t epoch,
                                           const struct kafka_part *part);
enum coordinator_answer coordinator_add_offsets(struct kafka *k, unsigned slot, int64_t epoch);
enum coordinator_answer coordinator_offsets(struct kafka *k, unsigned slot, int64_t epoch,
                                            const struct port_position *position, size_t count);
enum coordinator_answer coordinator_end(struct kafka *k, unsigned slot, int64_t epoch, bool commit);
void coordinator_late(struct kafka *k, struct kafka_late request);
/* The identity is fenced by the timeout of its transaction. */
void coordinator_time_out(struct kafka *k, unsigned slot);
void coordinator_turn(struct kafka *k);
/* Is an offset of the place part of a transaction that is not decided yet? */
bool coordinator_is_unstable(const struct kafka *k, struct port_place place);
bool coordinator_is_busy(const struct kafka *k);

/* ---- group.c ---- */
enum group_answer { GROUP_OK, GROUP_UNKNOWN, GROUP_OLD, GROUP_FENCED };
enum group_answer group_check(const struct kafka *k, const struct client *c);
void group_beat(struct kafka *k, struct client *c);
void group_leave(struct kafka *k, struct client *c);
void group_rebalance(struct kafka *k, const char *why);
void group_turn(struct kafka *k);

/* ---- client.c: one process with one worker ---- */
struct fetched {
    struct port_place place;
    enum port_event_kind kind;
    int64_t offset;
};
struct out_message {
    struct kafka_part *part;
    struct kafka_record record;
    bool done;
};
enum client_wish { WISH_NONE, WISH_ASSIGN, WISH_REVOKE };
struct client {
    struct port port; /* first */
    struct kafka *k;
    unsigned slot;
    char name[24];
    bool dead;     /* killed: whatever it still does happens nowhere */
    bool stopping; /* told to leave */
    int64_t stop_since_ms;
    const char *doing;
    bool idle, polls; /* nothing to read; inside poll */
    /* producer */
    int64_t epoch;
    const char *fatal, *broken; /* the handle; the transaction */
    bool shaken;                /* one of its requests may still be under way */
    struct out_message *out;
    size_t n_out, cap_out, n_done;
    struct kafka_part *added[64]; /* to the transaction, as far as the client knows */
    size_t n_added;
    bool commit_sent;
    const struct port_position *position;
    size_t n_positions;
    struct port_position kept[PLACES_MAX]; /* offsets that the library has yet to send */
    size_t n_kept;
    int kept_generation;
    /* consumer */
    int member_id, generation;
    bool consumer_fatal, rejoin, closed;
    int64_t fenced_ms, polled_ms;
    enum client_wish wish;
    bool wish_lost, holds;
    struct port_place place[PLACES_MAX];
    size_t n_places;
    bool reads[TOPICS_MAX][PARTS_MAX], paused[TOPICS_MAX][PARTS_MAX];
    int64_t held_at[TOPICS_MAX][PARTS_MAX]; /* where it has yet to go to; -1 = nowhere */
    int64_t stuck_since_ms;                 /* since when there are some; 0 = none */
    int64_t fetch_at[TOPICS_MAX][PARTS_MAX], end_said[TOPICS_MAX][PARTS_MAX];
    int64_t end_known[TOPICS_MAX][PARTS_MAX];
    struct fetched *queue;
    size_t n_queue, cap_queue, queue_at;
    uint32_t row_task;
    int64_t row_at, row_end, row_cut;
};
struct client *client_new(struct kafka *k, unsigned slot, unsigned life);
/* What runs beside the worker in its process: heartbeats and fetches. */
void client_background(struct client *c);
/* Killed: of what it has sent some arrives. */
void client_kill(struct client *c);
/* Between two effects others may act; a killed client acts no more. False = killed. */
bool client_effect(struct client *c, const char *what);
/* Waits for the brokers; false = stop waiting. */
bool client_wait(struct client *c, const char *what);
void client_lose(struct client *c, const char *why);

/* producer.c */
void producer_open(struct client *c);
int producer_renew(void *ctx, const char *why);
void producer_begin(struct port *port);
int producer_send(struct port *port, const struct port_message *m);
enum port_outcome producer_commit(struct port *port, const struct port_position *position,
                                  size_t count);
void producer_trim(struct port *port, const struct port_position *position, size_t count);
void producer_forget(struct client *c);
bool producer_deliver(struct client *c, size_t most);
void producer_send_kept(struct client *c);

/* restore.c */
int restore_begin(struct port *port, uint32_t q);
int restore_next(struct port *port, struct cpi_text *ret_key, struct cpi_text *ret_value);
void restore_end(struct port *port);

#endif
