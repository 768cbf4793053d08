/* Kafka in memory, for one member: enough to hold a worker's logic. Logs keep records, commit
 * appends all of a transaction or nothing, offsets live beside them. Not a model of the real thing:
 * no other members, no markers, no isolation. */
#ifndef MEMORY_PORT_H
#define MEMORY_PORT_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>

#include "kafka/port.h"

#define MEMORY_LOGS 16

struct memory_record {
    char *key, *value; /* NULL = absent */
    uint32_t key_len, value_len;
    int64_t timestamp;
};
struct memory_log {
    struct memory_record *record;
    size_t count, cap;
};
struct memory_sent {
    struct port_message m;
    struct memory_record copy;
};

/* What outlives a worker. */
struct memory_broker {
    const struct port_topics *topics;
    uint32_t source_partitions; /* of the one source topic */
    struct memory_log source[MEMORY_LOGS], repartition[MEMORY_LOGS], changelog[MEMORY_LOGS];
    struct memory_log output[CPI_TOPICS];
    struct port_position offset[2][MEMORY_LOGS]; /* [0] of source, [1] of repartition */
    unsigned transactions;
    /* the outcome of coming commits: 'c' committed, 'a' aborted, 'y' unknown and happened, 'n'
     * unknown and not; the end of the text = committed */
    const char *outcomes;
    /* of the last transaction */
    struct port_position last[2 * MEMORY_LOGS];
    size_t n_last;
};
struct memory_port {
    struct port port;
    struct memory_broker *broker;
    bool answered; /* the assignment */
    bool assigning;
    bool revoke, lost; /* what the group says next */
    bool stopped;      /* told to stop while it waits for committed offsets */
    uint64_t held;     /* partitions that it does not hand out: bits, sources first */
    struct port_place place[2 * MEMORY_LOGS];
    int64_t at[2][MEMORY_LOGS], end_said[2][MEMORY_LOGS];
    bool paused[2][MEMORY_LOGS];
    unsigned turn, probes;
    /* what others do just after the next answer about committed offsets, once */
    void (*meanwhile)(struct memory_broker *broker);
    struct memory_sent *sent;
    size_t n_sent, cap_sent;
    size_t row;
    uint32_t restoring;
};

static char *memory_copy(struct cpi_text t)
{
    if (!cpi_text_is(t))
        return NULL;
    char *copy = cpi_xmalloc(t.len + 1);
    memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    return copy;
}

static void memory_append(struct memory_log *log, struct cpi_text key, struct cpi_text value,
                          int64_t timestamp)
{
    log->record = cpi_grow(log->record, log->count, &log->cap, sizeof *log->record);
    log->record[log->count++] = (struct memory_record){ memory_copy(key), memory_copy(value),
                                                        key.len, value.len, timestamp };
}

static struct cpi_text memory_text(const char *at, uint32_t len)
{
    return (struct cpi_text){ at, len };
}

static void memory_log_fini(struct memory_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free(log->record[i].key);
        free(log->record[i].value);
    }
    free(log->record);
}

static void memory_broker_fini(struct memory_broker *broker)
{
    for (int i = 0; i < MEMORY_LOGS; i++) {
        memory_log_fini(&broker->source[i]);
        memory_log_fini(&broker->repartition[i]);
        memory_log_fini(&broker->changelog[i]);
    }
    for (int t = 0; t < CPI_TOPICS; t++)
        memory_log_fini(&broker->output[t]);
}

static unsigned memory_kind(const struct memory_port *mp, struct port_place place)
{
    return place.topic == mp->broker->topics->n_sources;
}

static struct memory_log *memory_log_at(struct memory_port *mp, unsigned kind, uint32_t partition)
{
    return kind ? &mp->broker->repartition[partition] : &mp->broker->source[partition];
}

static int memory_open(struct port *port)
{
    (void)port;
    return 0;
}

static uint32_t memory_partitions(struct port *port, uint32_t topic)
{
    (void)topic;
    return ((struct memory_port *)port)->broker->source_partitions;
}

static bool memory_poll_one(struct memory_port *mp, unsigned kind, uint32_t p,
                            struct port_event *ret)
{
    struct memory_log *log = memory_log_at(mp, kind, p);
    ret->place = (struct port_place){ kind ? (uint32_t)mp->broker->topics->n_sources : 0, p };
    ret->offset = mp->at[kind][p];
    if (mp->paused[kind][p])
        return false;
    if (mp->at[kind][p] >= (int64_t)log->count) {
        ret->kind = PORT_END;
        if (mp->end_said[kind][p] == mp->at[kind][p])
            return false;
        mp->end_said[kind][p] = mp->at[kind][p];
        return true;
    }
    const struct memory_record *r = &log->record[mp->at[kind][p]++];
    ret->kind = PORT_RECORD;
    ret->record = (struct cpi_record){ .key = memory_text(r->key, r->key_len),
                                       .value = memory_text(r->value, r->value_len),
                                       .topic = kind ? cpi_text_of(mp->broker->topics->repartition)
                                                     : cpi_text_of(mp->broker->topics->source[0]),
                                       .partition = p,
                                       .offset = ret->offset,
                                       .timestamp = r->timestamp };
    return true;
}

static void memory_poll(struct port *port, int timeout_ms, struct port_event *ret)
{
    struct memory_port *mp = (struct memory_port *)port;
    uint32_t ns = mp->broker->source_partitions, nr = mp->broker->topics->partitions;
    (void)timeout_ms;
    *ret = (struct port_event){ .kind = PORT_NOTHING };
    if (mp->revoke) {
        mp->revoke = false;
        *ret = (struct port_event){ .kind = PORT_REVOKED, .lost = mp->lost };
        return;
    }
    if (!mp->answered) {
        ret->kind = PORT_ASSIGNED;
        ret->places = mp->place;
        for (uint32_t i = 0; i < ns + nr; i++)
            if (!(mp->held >> i & 1))
                mp->place[ret->n_places++] =
                    i < ns ? (struct port_place){ 0, i }
                           : (struct port_place){ (uint32_t)mp->broker->topics->n_sources, i - ns };
        return;
    }
    for (uint32_t i = 0; i < ns + nr; i++) {
        uint32_t k = mp->turn++ % (ns + nr);
        if (mp->held >> k & 1)
            continue;
        if (memory_poll_one(mp, k >= ns, k >= ns ? k - ns : k, ret))
            return;
    }
    *ret = (struct port_event){ .kind = PORT_NOTHING };
}

static int memory_committed(struct port *port, struct port_position *position, size_t count)
{
    struct memory_port *mp = (struct memory_port *)port;
    if (mp->stopped)
        return -EINTR;
    for (size_t i = 0; i < count; i++) {
        const struct port_position *pos =
            &mp->broker->offset[memory_kind(mp, position[i].place)][position[i].place.partition];
        struct port_place place = position[i].place;
        position[i] = *pos;
        position[i].place = place;
    }
    void (*meanwhile)(struct memory_broker *) = mp->meanwhile;
    mp->meanwhile = NULL;
    if (meanwhile)
        meanwhile(mp->broker);
    return 0;
}

static int memory_start(struct port *port, struct port_place place, enum port_start start,
                        int64_t at_ms, int64_t *ret_offset)
{
    struct memory_port *mp = (struct memory_port *)port;
    (void)at_ms;
    *ret_offset = start == PORT_LATEST
                      ? (int64_t)memory_log_at(mp, memory_kind(mp, place), place.partition)->count
                      : 0;
    return 0;
}

static void memory_seek(struct port *port, const struct port_position *position, size_t count)
{
    struct memory_port *mp = (struct memory_port *)port;
    for (size_t i = 0; i < count; i++) {
        unsigned kind = memory_kind(mp, position[i].place);
        mp->at[kind][position[i].place.partition] = position[i].offset;
        mp->end_said[kind][position[i].place.partition] = -1;
    }
}

static int memory_assign(struct port *port, const struct port_position *position, size_t count)
{
    ((struct memory_port *)port)->answered = true;
    memory_seek(port, position, count);
    return 0;
}

static void memory_unassign(struct port *port)
{
    ((struct memory_port *)port)->answered = false;
}

static void memory_pause(struct port *port, const struct port_place *place, size_t count)
{
    struct memory_port *mp = (struct memory_port *)port;
    for (size_t i = 0; i < count; i++)
        mp->paused[memory_kind(mp, place[i])][place[i].partition] = true;
}

static void memory_resume(struct port *port, const struct port_position *position, size_t count)
{
    struct memory_port *mp = (struct memory_port *)port;
    for (size_t i = 0; i < count; i++)
        mp->paused[memory_kind(mp, position[i].place)][position[i].place.partition] = false;
    memory_seek(port, position, count);
}

static int64_t memory_end(struct port *port, struct port_place place)
{
    struct memory_port *mp = (struct memory_port *)port;
    return (int64_t)memory_log_at(mp, memory_kind(mp, place), place.partition)->count;
}

static void memory_probe(struct port *port, const struct port_position *position, size_t count)
{
    ((struct memory_port *)port)->probes++;
    memory_seek(port, position, count);
}

static int memory_restore_begin(struct port *port, uint32_t q)
{
    struct memory_port *mp = (struct memory_port *)port;
    mp->restoring = q;
    mp->row = 0;
    return 0;
}

static int memory_restore_next(struct port *port, struct cpi_text *ret_key,
                               struct cpi_text *ret_value)
{
    struct memory_port *mp = (struct memory_port *)port;
    struct memory_log *log = &mp->broker->changelog[mp->restoring];
    if (mp->row == log->count)
        return 0;
    const struct memory_record *r = &log->record[mp->row++];
    *ret_key = memory_text(r->key, r->key_len);
    *ret_value = memory_text(r->value, r->value_len);
    return 1;
}

static void memory_restore_end(struct port *port)
{
    (void)port;
}

static void memory_forget(struct memory_port *mp)
{
    for (size_t i = 0; i < mp->n_sent; i++) {
        free(mp->sent[i].copy.key);
        free(mp->sent[i].copy.value);
    }
    mp->n_sent = 0;
}

static void memory_begin(struct port *port)
{
    memory_forget((struct memory_port *)port);
}

static int memory_send(struct port *port, const struct port_message *m)
{
    struct memory_port *mp = (struct memory_port *)port;
    mp->sent = cpi_grow(mp->sent, mp->n_sent, &mp->cap_sent, sizeof *mp->sent);
    mp->sent[mp->n_sent++] = (struct memory_sent){
        *m, { memory_copy(m->key), memory_copy(m->value), m->key.len, m->value.len, 0 }
    };
    return 0;
}

static void memory_apply(struct memory_port *mp, const struct port_position *position, size_t count)
{
    struct memory_broker *b = mp->broker;
    for (size_t i = 0; i < mp->n_sent; i++) {
        const struct memory_sent *s = &mp->sent[i];
        struct memory_log *log = s->m.to == PORT_TO_REPARTITION ? &b->repartition[s->m.partition]
                                 : s->m.to == PORT_TO_CHANGELOG ? &b->changelog[s->m.partition]
                                                                : &b->output[s->m.output];
        memory_append(log, memory_text(s->copy.key, s->copy.key_len),
                      memory_text(s->copy.value, s->copy.value_len), 0);
    }
    for (size_t i = 0; i < count; i++)
        b->offset[memory_kind(mp, position[i].place)][position[i].place.partition] = position[i];
    memcpy(b->last, position, count * sizeof *position);
    b->n_last = count;
    b->transactions++;
}

static enum port_outcome memory_commit(struct port *port, const struct port_position *position,
                                       size_t count)
{
    struct memory_port *mp = (struct memory_port *)port;
    char outcome = *mp->broker->outcomes ? *mp->broker->outcomes++ : 'c';
    if (outcome == 'c' || outcome == 'y')
        memory_apply(mp, position, count);
    memory_forget(mp);
    return outcome == 'c' ? PORT_COMMITTED : outcome == 'a' ? PORT_ABORTED : PORT_UNKNOWN;
}

static void memory_trim(struct port *port, const struct port_position *position, size_t count)
{
    (void)port;
    (void)position;
    (void)count;
}

static void memory_close(struct port *port, int timeout_ms)
{
    (void)timeout_ms;
    memory_forget((struct memory_port *)port);
}

static void memory_free(struct port *port)
{
    memory_forget((struct memory_port *)port);
    free(((struct memory_port *)port)->sent);
    free(port);
}

static const struct port_ops memory_ops = {
    memory_open,   memory_poll,     memory_partitions,    memory_committed,    memory_start,
    memory_assign, memory_unassign, memory_seek,          memory_pause,        memory_resume,
    memory_end,    memory_probe,    memory_restore_begin, memory_restore_next, memory_restore_end,
    memory_begin,  memory_send,     memory_commit,        memory_trim,         memory_close,
    memory_free,
};

static struct memory_port *memory_port_new(struct memory_broker *broker)
{
    struct memory_port *mp = cpi_xcalloc(1, sizeof *mp);
    mp->port.ops = &memory_ops;
    mp->broker = broker;
    memset(mp->end_said, -1, sizeof mp->end_said);
    return mp;
}

static void memory_broker_init(struct memory_broker *b, const struct port_topics *topics,
                               uint32_t source_partitions)
{
    *b = (struct memory_broker){ .topics = topics,
                                 .source_partitions = source_partitions,
                                 .outcomes = "" };
    for (unsigned kind = 0; kind < 2; kind++)
        for (unsigned p = 0; p < MEMORY_LOGS; p++)
            b->offset[kind][p].offset = PORT_NO_OFFSET;
}

#endif
