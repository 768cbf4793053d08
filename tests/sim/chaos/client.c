/* What one process has of Kafka: a consumer whose fetches run ahead of the worker, and beside it
 * the producer (producer.c) and the reader of changelogs (restore.c). Every call may be the last
 * for a while, or for good. */
#include <errno.h>

#include "fiber.h"
#include "kafka.h"

bool client_effect(struct client *c, const char *what)
{
    c->doing = what;
    if (!c->dead && comes(c->k, c->k->pace.yield))
        fiber_yield();
    return !c->dead;
}

#define STOP_MS 3000
#define STUCK_MS 3000

bool client_wait(struct client *c, const char *what)
{
    c->doing = what;
    c->idle = true;
    if (!c->dead)
        fiber_yield();
    c->idle = false;
    if (c->dead)
        return false;
    if (c->stopping && c->stop_since_ms == 0)
        c->stop_since_ms = c->k->now_ms + 1;
    return !c->stopping || c->k->now_ms - c->stop_since_ms < STOP_MS;
}

void client_lose(struct client *c, const char *why)
{
    story(c->k, c->name, "has lost its partitions: %s", why);
    c->member_id = 0;
    c->generation = -1;
    if (c->holds) {
        c->wish = WISH_REVOKE;
        c->wish_lost = true;
    }
    c->k->events++;
}

/* ---- fetching ---- */
static struct kafka_part *part_at(struct client *c, uint32_t t, uint32_t p)
{
    return kafka_part(c->k, (struct port_place){ t, p });
}

static void enqueue(struct client *c, struct fetched f)
{
    c->queue = cpi_grow(c->queue, c->n_queue, &c->cap_queue, sizeof *c->queue);
    c->queue[c->n_queue++] = f;
}

static void forget_place(struct client *c, struct port_place place)
{
    size_t kept = c->queue_at;
    for (size_t i = c->queue_at; i < c->n_queue; i++)
        if (c->queue[i].place.topic != place.topic ||
            c->queue[i].place.partition != place.partition)
            c->queue[kept++] = c->queue[i];
    c->n_queue = kept;
}

/* One answer of the broker for one partition: records, or that this is the end. */
static void fetch(struct client *c, uint32_t t, uint32_t p)
{
    struct kafka_part *part = part_at(c, t, p);
    int64_t *at = &c->fetch_at[t][p], stable = part_stable(part);
    unsigned left = 1 + roll_below(&c->k->dice, c->k->pace.fetch_most);
    struct port_place place = { t, p };
    if (!c->reads[t][p] || c->paused[t][p] || part_is_away(c->k, part))
        return;
    c->end_known[t][p] = (int64_t)part->count;
    if (*at < part->begin || *at > (int64_t)part->count) {
        enqueue(c, (struct fetched){ place, PORT_GONE, *at });
        c->reads[t][p] = false;
        return;
    }
    bool some = false;
    while (*at < stable && left > 0) {
        if (part_shows(part, *at)) {
            enqueue(c, (struct fetched){ place, PORT_RECORD, *at });
            some = true;
            left--;
        }
        ++*at;
    }
    if (!some && *at >= stable && c->end_said[t][p] != *at) {
        enqueue(c, (struct fetched){ place, PORT_END, *at });
        c->end_said[t][p] = *at;
    }
}

static void fetch_some(struct client *c)
{
    uint32_t n = (uint32_t)c->k->topics->n_sources + 1;
    uint32_t first = roll_below(&c->k->dice, n * PARTS_MAX);
    for (uint32_t i = 0; i < n * PARTS_MAX; i++) {
        uint32_t at = (first + i) % (n * PARTS_MAX);
        if (c->reads[at % n][at / n])
            fetch(c, at % n, at / n);
    }
}

void client_background(struct client *c)
{
    struct kafka *k = c->k;
    if (c->dead || c->closed)
        return;
    if (c->polls || c->polled_ms == 0)
        c->polled_ms = k->now_ms;
    if (k->now_ms - c->polled_ms > MAX_POLL_MS && c->member_id) {
        c->polled_ms = k->now_ms;
        group_leave(k, c);
        client_lose(c, "it did not poll for too long");
    }
    group_beat(k, c);
    if (comes(k, k->pace.fetch) && c->n_queue - c->queue_at < 200)
        fetch_some(c);
    if (c->n_out > c->n_done && comes(k, k->pace.fetch))
        producer_deliver(c, 1 + roll_below(&k->dice, 4));
    if (c->n_kept > 0 && comes(k, k->pace.arrive))
        producer_send_kept(c);
}

/* ---- polling ---- */
static void fenced(struct client *c, struct port_event *ret)
{
    int64_t now = c->k->now_ms + 1;
    ret->text = "fenced by another member of the same name";
    ret->kind = PORT_TAKEN;
    if (c->fenced_ms && now - c->fenced_ms < FENCED_AGAIN_MS)
        return;
    c->fenced_ms = now;
    c->rejoin = true;
    ret->kind = PORT_REVOKED;
    ret->lost = true;
}

static void record_give(struct client *c, const struct fetched *f, struct port_event *ret)
{
    const struct kafka_part *part = kafka_part(c->k, f->place);
    const struct kafka_record *r = &part->record[f->offset];
    const struct port_topics *topics = c->k->topics;
    ret->record = (struct cpi_record){ .key = { r->key, r->key_len },
                                       .value = { r->value, r->value_len },
                                       .topic = cpi_text_of(f->place.topic < topics->n_sources
                                                                ? topics->source[f->place.topic]
                                                                : topics->repartition),
                                       .partition = f->place.partition,
                                       .offset = f->offset,
                                       .timestamp = r->timestamp };
}

static bool event_give(struct client *c, struct port_event *ret)
{
    if (c->queue_at == c->n_queue)
        return false;
    const struct fetched *f = &c->queue[c->queue_at++];
    ret->kind = f->kind;
    ret->place = f->place;
    ret->offset = f->offset;
    if (f->kind == PORT_RECORD)
        record_give(c, f, ret);
    if (c->queue_at == c->n_queue)
        c->queue_at = c->n_queue = 0;
    c->k->events++;
    return true;
}

static bool wish_give(struct client *c, struct port_event *ret)
{
    if (c->consumer_fatal) {
        fenced(c, ret);
        return true;
    }
    if (c->wish == WISH_NONE)
        return false;
    ret->kind = c->wish == WISH_ASSIGN ? PORT_ASSIGNED : PORT_REVOKED;
    ret->places = c->place;
    ret->n_places = c->n_places;
    ret->lost = c->wish == WISH_REVOKE && c->wish_lost;
    return true;
}

static void position_set(struct client *c, const struct port_position *pos)
{
    uint32_t t = pos->place.topic, p = pos->place.partition;
    forget_place(c, pos->place);
    c->reads[t][p] = true;
    c->held_at[t][p] = -1;
    c->fetch_at[t][p] = pos->offset;
    c->end_said[t][p] = -1;
}

/* What was held back is told again where to go; false: it never will. */
static bool held_go(struct client *c)
{
    bool some = false;
    for (uint32_t t = 0; t < TOPICS_MAX; t++)
        for (uint32_t p = 0; p < PARTS_MAX; p++) {
            struct port_position pos = { .place = { t, p }, .offset = c->held_at[t][p] };
            if (pos.offset >= 0 && chance(&c->k->dice, 30))
                position_set(c, &pos);
            some |= c->held_at[t][p] >= 0;
        }
    if (!some)
        c->stuck_since_ms = 0;
    return !some || c->k->now_ms - c->stuck_since_ms < STUCK_MS;
}

static void port_poll(struct port *port, int timeout_ms, struct port_event *ret)
{
    struct client *c = (struct client *)port;
    *ret = (struct port_event){ .kind = PORT_NOTHING };
    c->polls = true;
    if (c->stuck_since_ms && !held_go(c)) {
        story(c->k, c->name, "joins the group anew: a partition does not go where it is told to");
        *ret = (struct port_event){ .kind = PORT_REVOKED, .lost = true };
        c->rejoin = true;
        return;
    }
    for (int tries = 0; tries < (timeout_ms > 0 ? 2 : 1); tries++) {
        if (!client_effect(c, "poll"))
            break;
        if (chance(&c->k->dice, 50) && event_give(c, ret))
            break;
        if (wish_give(c, ret) || event_give(c, ret))
            break;
        fetch_some(c);
        if (event_give(c, ret))
            break;
        if (timeout_ms > 0 && tries == 0 && !client_wait(c, "poll"))
            break;
    }
    c->polls = false;
}

/* ---- offsets and assignment ---- */
static int port_open(struct port *port)
{
    struct client *c = (struct client *)port;
    if (producer_renew(c, "") < 0)
        return -EINTR;
    return client_effect(c, "join") ? 0 : -EINTR;
}

static uint32_t port_partitions(struct port *port, uint32_t topic)
{
    return ((struct client *)port)->k->n_source_parts[topic];
}

static int port_committed(struct port *port, struct port_position *position, size_t count)
{
    struct client *c = (struct client *)port;
    for (;;) {
        if (!client_effect(c, "committed offsets"))
            return -EINTR;
        bool unstable = c->k->now_ms < c->k->coordinator_away_until;
        for (size_t i = 0; i < count; i++)
            unstable |= coordinator_is_unstable(c->k, position[i].place);
        if (!unstable)
            break;
        if (c->consumer_fatal)
            return -EIO;
        if (!client_wait(c, "committed offsets"))
            return -EINTR;
    }
    for (size_t i = 0; i < count; i++) {
        struct port_place place = position[i].place;
        position[i] = c->k->offset[place.topic][place.partition];
        position[i].place = place;
    }
    return client_effect(c, "committed offsets") ? 0 : -EINTR;
}

static int port_start(struct port *port, struct port_place place, enum port_start start,
                      int64_t at_ms, int64_t *ret_offset)
{
    struct client *c = (struct client *)port;
    const struct kafka_part *part = kafka_part(c->k, place);
    (void)at_ms;
    *ret_offset = start == PORT_LATEST ? part_stable(part) : part->begin;
    return client_effect(c, "start") ? 0 : -EINTR;
}

/* Does not go there at once: nothing of the place is handed out until it has. */
static void hold(struct client *c, const struct port_position *pos)
{
    uint32_t t = pos->place.topic, p = pos->place.partition;
    forget_place(c, pos->place);
    c->reads[t][p] = false; /* held */
    c->held_at[t][p] = pos->offset;
    if (c->stuck_since_ms == 0)
        c->stuck_since_ms = c->k->now_ms + 1;
    story(c->k, c->name, "%s is held back", kafka_part(c->k, pos->place)->name);
}

static void seek_one(struct client *c, const struct port_position *pos)
{
    if (happens(c->k, FAULT_SEEK_FAILED))
        hold(c, pos);
    else
        position_set(c, pos);
}

static void port_seek(struct port *port, const struct port_position *position, size_t count)
{
    struct client *c = (struct client *)port;
    client_effect(c, "seek");
    for (size_t i = 0; i < count; i++) {
        struct port_place place = position[i].place;
        if (c->reads[place.topic][place.partition] || c->held_at[place.topic][place.partition] >= 0)
            seek_one(c, &position[i]);
    }
}

static void nothing_read(struct client *c)
{
    memset(c->reads, 0, sizeof c->reads);
    memset(c->paused, 0, sizeof c->paused);
    c->stuck_since_ms = 0;
    for (int t = 0; t < TOPICS_MAX; t++)
        for (int p = 0; p < PARTS_MAX; p++)
            c->held_at[t][p] = c->end_known[t][p] = PORT_NO_OFFSET;
    c->queue_at = c->n_queue = 0;
}

static int port_assign(struct port *port, const struct port_position *position, size_t count)
{
    struct client *c = (struct client *)port;
    if (!client_effect(c, "assign"))
        return 0;
    nothing_read(c);
    for (size_t i = 0; i < count; i++)
        position_set(c, &position[i]);
    c->wish = WISH_NONE;
    c->holds = true;
    c->k->events++;
    story(c->k, c->name, "assigned: %zu partitions", count);
    return 0;
}

static void port_unassign(struct port *port)
{
    struct client *c = (struct client *)port;
    if (!client_effect(c, "unassign"))
        return;
    story(c->k, c->name, "gives its partitions up%s", c->wish_lost ? ", they were lost" : "");
    nothing_read(c);
    c->wish = WISH_NONE;
    c->holds = c->wish_lost = false;
    c->k->events++;
    if (c->rejoin) { /* a new consumer of the same name */
        c->rejoin = c->consumer_fatal = false;
        c->member_id = 0;
        c->generation = -1;
    }
}

static void port_pause(struct port *port, const struct port_place *place, size_t count)
{
    struct client *c = (struct client *)port;
    client_effect(c, "pause");
    for (size_t i = 0; i < count; i++) {
        c->paused[place[i].topic][place[i].partition] = true;
        forget_place(c, place[i]);
    }
}

static void port_resume(struct port *port, const struct port_position *position, size_t count)
{
    struct client *c = (struct client *)port;
    for (size_t i = 0; i < count; i++)
        c->paused[position[i].place.topic][position[i].place.partition] = false;
    port_seek(port, position, count);
}

static int64_t port_end(struct port *port, struct port_place place)
{
    return ((struct client *)port)->end_known[place.topic][place.partition];
}

static void port_close(struct port *port, int timeout_ms)
{
    struct client *c = (struct client *)port;
    (void)timeout_ms;
    if (!client_effect(c, "close"))
        return;
    /* a static member does not leave the group: its session ends */
    c->closed = true;
    producer_forget(c);
}

static void port_free(struct port *port)
{
    struct client *c = (struct client *)port;
    producer_forget(c);
    free(c->out);
    free(c->queue);
    free(c);
}

void client_kill(struct client *c)
{
    if (c->n_out > c->n_done)
        producer_deliver(c, roll_below(&c->k->dice, (unsigned)(c->n_out - c->n_done) + 1));
    c->dead = true;
    c->k->events++;
}

static const struct port_ops client_ops = {
    .open = port_open,
    .poll = port_poll,
    .partitions = port_partitions,
    .committed = port_committed,
    .start = port_start,
    .assign = port_assign,
    .unassign = port_unassign,
    .seek = port_seek,
    .pause = port_pause,
    .resume = port_resume,
    .end = port_end,
    .probe = port_seek,
    .restore_begin = restore_begin,
    .restore_next = restore_next,
    .restore_end = restore_end,
    .begin = producer_begin,
    .send = producer_send,
    .commit = producer_commit,
    .trim = producer_trim,
    .close = port_close,
    .free = port_free,
};

struct client *client_new(struct kafka *k, unsigned slot, unsigned life)
{
    struct client *c = cpi_xcalloc(1, sizeof *c);
    c->port.ops = &client_ops;
    c->k = k;
    c->slot = slot;
    c->generation = -1;
    snprintf(c->name, sizeof c->name, "%c%u", 'a' + (int)slot, life);
    nothing_read(c);
    return c;
}
