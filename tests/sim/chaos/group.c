/* The consumer group: eager rebalances, static members. A generation ends when everybody who is
 * left has joined the next one. */
#include "kafka.h"

static struct kafka_member *find(struct kafka_group *g, unsigned slot)
{
    for (unsigned m = 0; m < SLOTS; m++)
        if (g->member[m].in && g->member[m].slot == slot)
            return &g->member[m];
    return NULL;
}

/* What a transaction's offsets are judged by. */
enum group_answer group_check(const struct kafka *k, const struct client *c)
{
    const struct kafka_member *m = find((struct kafka_group *)&k->group, c->slot);
    if (!m)
        return GROUP_UNKNOWN;
    if (m->id != c->member_id)
        return c->member_id ? GROUP_FENCED : GROUP_UNKNOWN;
    return c->generation == k->group.generation ? GROUP_OK : GROUP_OLD;
}

void group_rebalance(struct kafka *k, const char *why)
{
    struct kafka_group *g = &k->group;
    if (g->preparing)
        return;
    story(k, NULL, "group: rebalance, %s", why);
    g->preparing = true;
    g->since_ms = k->now_ms;
    for (unsigned m = 0; m < SLOTS; m++)
        g->member[m].joined = false;
    k->events++;
}

static void join(struct kafka *k, struct client *c)
{
    struct kafka_group *g = &k->group;
    struct kafka_member *m = find(g, c->slot);
    bool same = m && m->id == c->member_id;
    k->events++;
    if (!m) {
        unsigned free = 0;
        while (g->member[free].in)
            free++;
        m = &g->member[free];
        group_rebalance(k, "somebody joins");
    }
    if (!same)
        c->member_id = ++g->next_id;
    *m = (struct kafka_member){ true, g->preparing, c->member_id, c->slot, k->now_ms };
    if (g->preparing)
        return;
    if (same) { /* of its own accord: that is a rebalance */
        group_rebalance(k, "a member joins anew");
        m->joined = true;
        return;
    }
    /* a static member that has come back finds all as it was */
    c->generation = g->generation - 1;
    m->joined = true;
}

static void hand_out(struct kafka *k)
{
    struct kafka_group *g = &k->group;
    unsigned members[SLOTS], n = 0;
    for (unsigned m = 0; m < SLOTS; m++)
        if (g->member[m].in)
            members[n++] = g->member[m].slot;
    g->turn = roll_below(&k->dice, 24);
    for (uint32_t t = 0; t <= k->topics->n_sources; t++) {
        g->known[t] = t == k->topics->n_sources ? k->topics->partitions : k->n_source_parts[t];
        for (uint32_t p = 0; p < g->known[t]; p++) /* ranges, as the assignor makes them */
            g->owner[t][p] = (int)members[(p * n / g->known[t] + g->turn) % n];
    }
}

static void generation_begin(struct kafka *k)
{
    struct kafka_group *g = &k->group;
    unsigned n = 0;
    for (unsigned m = 0; m < SLOTS; m++) {
        if (g->member[m].in && !g->member[m].joined)
            g->member[m].in = false; /* too slow */
        n += g->member[m].in;
    }
    g->preparing = false;
    k->events++;
    if (n == 0)
        return;
    g->generation++;
    hand_out(k);
    story(k, NULL, "group: generation %d of %u members", g->generation, n);
}

void group_leave(struct kafka *k, struct client *c)
{
    struct kafka_member *m = find(&k->group, c->slot);
    if (!m || m->id != c->member_id)
        return;
    m->in = false;
    group_rebalance(k, "somebody leaves");
}

static bool all_joined(const struct kafka_group *g)
{
    for (unsigned m = 0; m < SLOTS; m++)
        if (g->member[m].in && !g->member[m].joined)
            return false;
    return true;
}

void group_turn(struct kafka *k)
{
    struct kafka_group *g = &k->group;
    for (unsigned m = 0; m < SLOTS; m++)
        if (g->member[m].in && k->now_ms - g->member[m].seen_ms > SESSION_TIMEOUT_MS) {
            g->member[m].in = false;
            group_rebalance(k, "a session has timed out");
        }
    for (uint32_t t = 0; t < k->topics->n_sources && g->generation > 0; t++)
        if (k->n_source_parts[t] > g->known[t] && comes(k, 100))
            group_rebalance(k, "partitions were added");
    if (g->preparing && (all_joined(g) || k->now_ms - g->since_ms > MAX_POLL_MS))
        generation_begin(k);
}

static void take_assignment(struct kafka *k, struct client *c)
{
    c->generation = k->group.generation;
    c->n_places = 0;
    for (uint32_t t = 0; t <= k->topics->n_sources; t++)
        for (uint32_t p = 0; p < k->group.known[t]; p++)
            if (k->group.owner[t][p] == (int)c->slot)
                c->place[c->n_places++] = (struct port_place){ t, p };
    c->wish = WISH_ASSIGN;
    k->events++;
}

/* A heartbeat and what follows from its answer. While a wish of the library is not answered
 * nothing else can come. */
void group_beat(struct kafka *k, struct client *c)
{
    struct kafka_group *g = &k->group;
    struct kafka_member *m = find(g, c->slot);
    if (c->closed || c->consumer_fatal || k->now_ms < k->coordinator_away_until)
        return;
    if (c->member_id == 0) {
        if (c->wish == WISH_NONE && c->holds) {
            c->wish = WISH_REVOKE;
            c->wish_lost = true;
            k->events++;
        } else if (c->wish == WISH_NONE) {
            join(k, c);
        }
        return;
    }
    if (m && m->id != c->member_id) {
        c->consumer_fatal = true;
        k->events++;
        story(k, c->name, "fenced: another process is the same static member");
        return;
    }
    if (!m) {
        client_lose(c, "the group does not know it any more");
        return;
    }
    m->seen_ms = k->now_ms;
    if (c->wish != WISH_NONE)
        return;
    if (g->preparing && !m->joined && c->holds) {
        c->wish = WISH_REVOKE;
        c->wish_lost = false;
        k->events++;
    } else if (g->preparing && !m->joined) {
        m->joined = true;
        k->events++;
    } else if (!g->preparing && m->joined && c->generation != g->generation && !c->holds) {
        take_assignment(k, c);
    }
}
