/* The transactional producer of one process. What is sent waits here, arrives in order of each
 * partition, and is all there before the commit is asked for. */
#include <errno.h>

#include <cpi/hash.h>

#include "kafka.h"
#include "kafka/ending.h"

static void record_free(struct kafka_record *r)
{
    free(r->key);
    free(r->value);
    free(r->note);
}

void producer_forget(struct client *c)
{
    for (size_t i = 0; i < c->n_out; i++)
        if (!c->out[i].done)
            record_free(&c->out[i].record);
    c->n_out = c->n_done = c->n_added = 0;
    c->commit_sent = false;
    c->broken = NULL;
}

/* ---- sending ---- */
static char *copy(struct cpi_text t)
{
    return t.at ? cpi_xtextdup(t) : NULL;
}

static char *note_of(const struct port_message *m)
{
    char note[1024];
    size_t len = 0;
    for (size_t i = 0; i < m->n_headers && len < sizeof note; i++)
        len += (size_t)snprintf(note + len, sizeof note - len, "%s=%.*s;", m->header[i].name,
                                CPI_TEXT_ARG(m->header[i].value));
    return m->n_headers ? cpi_xstrdup(note) : NULL;
}

static struct kafka_part *part_of(struct client *c, const struct port_message *m)
{
    if (m->to == PORT_TO_REPARTITION)
        return &c->k->frames[m->partition];
    if (m->to == PORT_TO_CHANGELOG)
        return &c->k->rows[m->partition];
    return &c->k->out[m->output][cpi_hash_partition(cpi_hash_text(m->key), OUT_PARTS)];
}

void producer_begin(struct port *port)
{
    struct client *c = (struct client *)port;
    client_effect(c, "begin");
    producer_forget(c);
}

/* Is there an earlier one for the same partition that has not arrived? */
static bool is_behind(const struct client *c, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!c->out[i].done && c->out[i].part == c->out[at].part)
            return true;
    return false;
}

static enum coordinator_answer admit(struct client *c, struct kafka_part *part)
{
    if (part_is_away(c->k, part))
        return COORDINATOR_BUSY;
    for (size_t i = 0; i < c->n_added; i++)
        if (c->added[i] == part)
            return coordinator_verify(c->k, c->slot, c->epoch, part);
    enum coordinator_answer answer = coordinator_add(c->k, c->slot, c->epoch, part);
    if (answer == COORDINATOR_OK)
        c->added[c->n_added++] = part;
    return answer;
}

static enum coordinator_answer arrive(struct client *c, struct out_message *m)
{
    enum coordinator_answer answer = admit(c, m->part);
    if (answer != COORDINATOR_OK)
        return answer;
    m->record.timestamp = c->k->wall_ms + c->k->now_ms;
    part_append(c->k, m->part, m->record);
    m->done = true;
    c->n_done++;
    return COORDINATOR_OK;
}

/* Up to `most` of what waits arrives; true if nothing is left. */
bool producer_deliver(struct client *c, size_t most)
{
    for (size_t i = 0; i < c->n_out && most > 0 && !c->fatal; i++) {
        if (c->out[i].done || (most < c->n_out && is_behind(c, i)))
            continue;
        switch (arrive(c, &c->out[i])) {
        case COORDINATOR_OK:
            most--;
            break;
        case COORDINATOR_BUSY:
            return false;
        case COORDINATOR_REFUSED:
            c->broken = "INVALID_TXN_STATE";
            return false;
        case COORDINATOR_FENCED:
            c->fatal = "INVALID_PRODUCER_EPOCH";
            return false;
        }
    }
    return c->n_done == c->n_out;
}

int producer_send(struct port *port, const struct port_message *m)
{
    struct client *c = (struct client *)port;
    if (!client_effect(c, "send"))
        return -EINTR;
    if (c->fatal)
        return -EIO;
    c->out = cpi_grow(c->out, c->n_out, &c->cap_out, sizeof *c->out);
    c->out[c->n_out++] = (struct out_message){ part_of(c, m),
                                               { .key = copy(m->key),
                                                 .value = copy(m->value),
                                                 .key_len = m->key.len,
                                                 .value_len = m->value.len,
                                                 .note = note_of(m),
                                                 .writer = (int)c->slot + 1,
                                                 .state = RECORD_OPEN },
                                               false };
    if (happens(c->k, FAULT_MESSAGE_LOST)) {
        c->broken = "_MSG_TIMED_OUT";
        story(c->k, c->name, "a record for %s did not get through",
              c->out[c->n_out - 1].part->name);
    }
    if (chance(&c->k->dice, 10))
        producer_deliver(c, 1 + roll_below(&c->k->dice, 8));
    return client_effect(c, "sent") ? 0 : -EINTR;
}

/* ---- the end of a transaction ---- */
static struct ending_answer answer(const struct client *c, bool fatal, bool abortable,
                                   bool retriable, const char *why)
{
    struct ending_answer a = {
        verdict_judge((struct verdict_signs){ *why, fatal, abortable, retriable }), ""
    };
    snprintf(a.why, sizeof a.why, "%s", why);
    if (*why && a.verdict != VERDICT_RETRY)
        story(c->k, c->name, "%s: %s%s", c->doing, why, fatal ? ", fatal" : ", to be aborted");
    return a;
}

static struct ending_answer again(const struct client *c, const char *why)
{
    return answer(c, false, false, true, why);
}

/* No answer came: the request may still arrive. */
static struct ending_answer unanswered(struct client *c, const char *why)
{
    c->shaken = true;
    return again(c, why);
}

static struct ending_answer must_abort(const struct client *c, const char *why)
{
    return answer(c, false, true, false, why);
}

static struct ending_answer is_fatal(struct client *c, const char *why)
{
    c->fatal = why;
    return answer(c, true, false, false, why);
}

static struct ending_answer group_refusal(struct client *c, enum group_answer group)
{
    return must_abort(c, group == GROUP_UNKNOWN  ? "UNKNOWN_MEMBER_ID"
                         : group == GROUP_FENCED ? "FENCED_INSTANCE_ID"
                                                 : "ILLEGAL_GENERATION");
}

/* The connection of a request is given up; it has left the client, and may arrive. */
static void late(struct client *c, enum late_kind kind)
{
    struct kafka_late request = { .kind = kind, .slot = c->slot, .epoch = c->epoch };
    story(c->k, c->name, "%s: the request comes late, if at all", c->doing);
    if (kind == LATE_OFFSETS) {
        request.generation = c->generation;
        request.n_positions = c->n_positions;
        request.position = cpi_xmalloc(c->n_positions * sizeof *c->position);
        memcpy(request.position, c->position, c->n_positions * sizeof *c->position);
    }
    coordinator_late(c->k, request);
}

static struct ending_answer refusal(struct client *c, enum coordinator_answer answer)
{
    return answer == COORDINATOR_BUSY      ? again(c, "CONCURRENT_TRANSACTIONS")
           : answer == COORDINATOR_REFUSED ? must_abort(c, "INVALID_TXN_STATE")
                                           : is_fatal(c, "_FENCED");
}

/* Two requests: to the coordinator of transactions, and to that of the group. */
static struct ending_answer offsets_ask(struct client *c)
{
    struct kafka *k = c->k;
    if (happens(k, FAULT_ADD_LATE)) {
        late(c, LATE_ADD);
        return unanswered(c, "_TIMED_OUT");
    }
    enum coordinator_answer added = coordinator_add_offsets(k, c->slot, c->epoch);
    if (added != COORDINATOR_OK)
        return refusal(c, added);
    if (!client_effect(c, "offsets added"))
        return again(c, "killed");
    if (happens(k, FAULT_OFFSETS_LATE)) {
        late(c, LATE_OFFSETS);
        return unanswered(c, "_TRANSPORT");
    }
    if (happens(k, FAULT_OFFSETS_KEPT)) {
        memcpy(c->kept, c->position, c->n_positions * sizeof *c->position);
        c->n_kept = c->n_positions;
        c->kept_generation = c->generation;
        return again(c, "_TIMED_OUT");
    }
    if (happens(k, FAULT_OFFSETS_LOST) && chance(&k->dice, 50)) {
        late(c, LATE_OFFSETS);
        return must_abort(c, "_TIMED_OUT");
    }
    if (happens(k, FAULT_OFFSETS_MOVED))
        return chance(&k->dice, 50) ? again(c, "NOT_COORDINATOR")
                                    : must_abort(c, "NOT_COORDINATOR");
    enum group_answer group = group_check(k, c);
    if (group != GROUP_OK)
        return group_refusal(c, group);
    enum coordinator_answer taken =
        coordinator_offsets(k, c->slot, c->epoch, c->position, c->n_positions);
    if (taken != COORDINATOR_OK)
        return refusal(c, taken);
    return happens(k, FAULT_OFFSETS_LOST) ? must_abort(c, "_TIMED_OUT")
                                          : answer(c, false, false, false, "");
}

/* Of a call that was answered long ago, in the epoch of now. */
void producer_send_kept(struct client *c)
{
    story(c->k, c->name, "sends offsets of an earlier call");
    c->k->late_met += c->k->txn[c->slot].state == TXN_ONGOING;
    if (c->kept_generation == c->k->group.generation)
        coordinator_offsets(c->k, c->slot, c->epoch, c->kept, c->n_kept);
    c->n_kept = 0;
}

static struct ending_answer call_offsets(void *ctx)
{
    struct client *c = ctx;
    if (!client_effect(c, "offsets"))
        return again(c, "killed");
    if (c->fatal)
        return is_fatal(c, "_FENCED");
    if (c->broken)
        return must_abort(c, c->broken);
    if (happens(c->k, FAULT_TIMED_OUT)) {
        coordinator_time_out(c->k, c->slot);
        return is_fatal(c, "_FENCED");
    }
    struct ending_answer end = offsets_ask(c);
    return client_effect(c, "offsets sent") ? end : again(c, "killed");
}

/* What may become of the request to commit, and of its answer. */
static struct ending_answer end_ask(struct client *c)
{
    struct kafka *k = c->k;
    if (happens(k, FAULT_END_LOST)) {
        story(k, c->name, "commit: the request is lost");
        return unanswered(c, "_TIMED_OUT");
    }
    if (happens(k, FAULT_END_LATE)) {
        late(c, LATE_COMMIT);
        return unanswered(c, "_TIMED_OUT");
    }
    if (happens(k, FAULT_END_FATAL) && chance(&k->dice, 50)) {
        story(k, c->name, "commit: its transaction is timed out instead");
        coordinator_time_out(k, c->slot);
        return is_fatal(c, "_FENCED");
    }
    switch (coordinator_end(k, c->slot, c->epoch, true)) {
    case COORDINATOR_BUSY:
        return unanswered(c, "_TRANSPORT");
    case COORDINATOR_REFUSED:
    case COORDINATOR_FENCED:
        return is_fatal(c, "_FENCED");
    case COORDINATOR_OK:
        break;
    }
    if (happens(k, FAULT_END_FATAL)) {
        story(k, c->name, "commit: it is done, but nobody hears of it any more");
        return is_fatal(c, "INVALID_TXN_STATE");
    }
    if (happens(k, FAULT_END_UNHEARD)) {
        story(k, c->name, "commit: it is done, the answer is lost");
        return unanswered(c, "_TIMED_OUT");
    }
    return answer(c, false, false, false, "");
}

static struct ending_answer call_commit(void *ctx)
{
    struct client *c = ctx;
    if (!client_effect(c, "commit"))
        return again(c, "killed");
    if (c->fatal)
        return is_fatal(c, "_FENCED");
    if (c->broken)
        return must_abort(c, c->broken);
    while (c->n_done < c->n_out) {
        size_t before = c->n_done;
        producer_deliver(c, 1 + roll_below(&c->k->dice, 16));
        if (c->fatal)
            return is_fatal(c, "_FENCED");
        if (c->broken)
            return must_abort(c, c->broken);
        if (c->n_done == before)
            return unanswered(c, "_TIMED_OUT");
        if (!client_effect(c, "flush"))
            return again(c, "killed");
    }
    if (!c->commit_sent && happens(c->k, FAULT_END_ABORT))
        return must_abort(c, "_INCONSISTENT");
    c->commit_sent = true;
    struct ending_answer end = end_ask(c);
    return client_effect(c, "commit sent") ? end : again(c, "killed");
}

static bool is_shaken(void *ctx)
{
    return ((const struct client *)ctx)->shaken;
}

int producer_renew(void *ctx, const char *why)
{
    struct client *c = ctx;
    enum coordinator_answer answer = COORDINATOR_BUSY;
    producer_forget(c);
    if (*why)
        story(c->k, c->name, "new producer: %s", why);
    while (client_effect(c, "init") && answer != COORDINATOR_OK) {
        if (happens(c->k, FAULT_INIT_LATE))
            late(c, LATE_INIT);
        else
            answer = coordinator_init(c->k, c->slot, &c->epoch);
        if (answer != COORDINATOR_OK && !client_wait(c, "the transaction coordinator"))
            return -EINTR;
    }
    c->fatal = NULL;
    c->shaken = false;
    c->n_kept = 0;
    return client_effect(c, "init") ? 0 : -EINTR;
}

static bool end_wait(void *ctx, const char *why)
{
    (void)why;
    return client_wait(ctx, "the end of a transaction");
}

static void end_failed(void *ctx, bool unknown, const struct ending_answer *end)
{
    const struct client *c = ctx;
    story(c->k, c->name, "transaction failed, %s: %s", unknown ? "outcome unknown" : "aborted",
          end->why);
}

enum port_outcome producer_commit(struct port *port, const struct port_position *position,
                                  size_t count)
{
    static const struct ending_calls calls = { call_offsets,   call_commit, is_shaken,
                                               producer_renew, end_wait,    end_failed };
    struct client *c = (struct client *)port;
    c->position = position;
    c->n_positions = count;
    enum port_outcome outcome = ending_run(&calls, c);
    if (outcome == PORT_COMMITTED)
        story(c->k, c->name, "committed: %zu records, %zu offsets", c->n_out, count);
    return c->dead ? PORT_STOPPED : outcome;
}

void producer_trim(struct port *port, const struct port_position *position, size_t count)
{
    struct client *c = (struct client *)port;
    if (!client_effect(c, "trim") || happens(c->k, FAULT_TRIM_LOST))
        return;
    for (size_t i = 0; i < count; i++) {
        struct kafka_part *part = kafka_part(c->k, position[i].place);
        if (position[i].offset > part->begin)
            part->begin = position[i].offset;
    }
}
