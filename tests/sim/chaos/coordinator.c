#include "kafka.h"

static const char *slot_name(unsigned slot)
{
    static const char *const names[SLOTS] = { "a", "b", "c", "d" };
    return names[slot];
}

/* Whatever is open is aborted first; the answer until that is done is to come again. */
enum coordinator_answer coordinator_init(struct kafka *k, unsigned slot, int64_t *ret_epoch)
{
    struct kafka_txn *txn = &k->txn[slot];
    if (k->now_ms < k->coordinator_away_until)
        return COORDINATOR_BUSY;
    if (txn->state == TXN_ONGOING) {
        txn->epoch++;
        txn->state = TXN_ABORTING;
        k->events++;
        story(k, slot_name(slot), "what its predecessor left open is aborted");
    }
    if (txn->state != TXN_EMPTY)
        return COORDINATOR_BUSY;
    *ret_epoch = ++txn->epoch;
    k->events++;
    return COORDINATOR_OK;
}

static enum coordinator_answer look(struct kafka *k, unsigned slot, int64_t epoch)
{
    const struct kafka_txn *txn = &k->txn[slot];
    if (k->now_ms < k->coordinator_away_until)
        return COORDINATOR_BUSY;
    if (epoch != txn->epoch)
        return COORDINATOR_FENCED;
    return txn->state == TXN_COMMITTING || txn->state == TXN_ABORTING ? COORDINATOR_BUSY
                                                                      : COORDINATOR_OK;
}

static void begin(struct kafka *k, struct kafka_txn *txn)
{
    if (txn->state != TXN_EMPTY)
        return;
    txn->state = TXN_ONGOING;
    txn->began_ms = k->now_ms;
    txn->number++;
    txn->n_parts = txn->n_pending = 0;
    txn->has_offsets = false;
}

enum coordinator_answer coordinator_add(struct kafka *k, unsigned slot, int64_t epoch,
                                        struct kafka_part *part)
{
    struct kafka_txn *txn = &k->txn[slot];
    enum coordinator_answer answer = look(k, slot, epoch);
    if (answer != COORDINATOR_OK)
        return answer;
    begin(k, txn);
    for (size_t i = 0; i < txn->n_parts; i++)
        if (txn->part[i] == part)
            return COORDINATOR_OK;
    txn->part[txn->n_parts++] = part;
    return COORDINATOR_OK;
}

enum coordinator_answer coordinator_verify(struct kafka *k, unsigned slot, int64_t epoch,
                                           const struct kafka_part *part)
{
    const struct kafka_txn *txn = &k->txn[slot];
    if (epoch != txn->epoch)
        return COORDINATOR_FENCED;
    if (part_is_open(part, (int)slot + 1)) /* it asks nobody, and the next marker decides */
        return COORDINATOR_OK;
    if (k->now_ms < k->coordinator_away_until)
        return COORDINATOR_BUSY;
    for (size_t i = 0; i < txn->n_parts && txn->state == TXN_ONGOING; i++)
        if (txn->part[i] == part)
            return COORDINATOR_OK;
    return COORDINATOR_REFUSED;
}

/* The last word on a place counts. */
static void pending_put(struct kafka_txn *txn, const struct port_position *pos)
{
    size_t i = 0;
    while (i < txn->n_pending && (txn->pending[i].place.topic != pos->place.topic ||
                                  txn->pending[i].place.partition != pos->place.partition))
        i++;
    txn->pending[i] = *pos;
    txn->n_pending += i == txn->n_pending;
}

enum coordinator_answer coordinator_add_offsets(struct kafka *k, unsigned slot, int64_t epoch)
{
    enum coordinator_answer answer = look(k, slot, epoch);
    if (answer != COORDINATOR_OK)
        return answer;
    begin(k, &k->txn[slot]);
    k->txn[slot].has_offsets = true;
    k->events++;
    return COORDINATOR_OK;
}

enum coordinator_answer coordinator_offsets(struct kafka *k, unsigned slot, int64_t epoch,
                                            const struct port_position *position, size_t count)
{
    struct kafka_txn *txn = &k->txn[slot];
    enum coordinator_answer answer = look(k, slot, epoch);
    if (answer != COORDINATOR_OK)
        return answer;
    if (txn->state != TXN_ONGOING || !txn->has_offsets)
        return COORDINATOR_REFUSED;
    for (size_t i = 0; i < count; i++)
        pending_put(txn, &position[i]);
    k->events++;
    return COORDINATOR_OK;
}

enum coordinator_answer coordinator_end(struct kafka *k, unsigned slot, int64_t epoch, bool commit)
{
    struct kafka_txn *txn = &k->txn[slot];
    if (k->now_ms < k->coordinator_away_until)
        return COORDINATOR_BUSY;
    if (epoch != txn->epoch)
        return COORDINATOR_FENCED;
    if (txn->state == TXN_EMPTY) /* asked again; to abort nothing is fine, too */
        return !commit || txn->last_committed ? COORDINATOR_OK : COORDINATOR_FENCED;
    if (txn->state == TXN_ONGOING) {
        txn->state = commit ? TXN_COMMITTING : TXN_ABORTING;
        txn->last_committed = commit;
        k->events++;
        return COORDINATOR_OK;
    }
    return (txn->state == TXN_COMMITTING) == commit ? COORDINATOR_OK : COORDINATOR_FENCED;
}

void coordinator_time_out(struct kafka *k, unsigned slot)
{
    struct kafka_txn *txn = &k->txn[slot];
    if (txn->state != TXN_ONGOING)
        return;
    story(k, slot_name(slot), "its transaction timed out and is aborted");
    txn->epoch++;
    txn->state = TXN_ABORTING;
    k->events++;
}

/* ---- markers ---- */
static void offsets_decide(struct kafka *k, struct kafka_txn *txn)
{
    for (size_t i = 0; i < txn->n_pending && txn->state == TXN_COMMITTING; i++)
        k->offset[txn->pending[i].place.topic][txn->pending[i].place.partition] = txn->pending[i];
    txn->n_pending = 0;
    txn->has_offsets = false;
}

/* Partitions learn in any order that a transaction is decided, and so does the group. */
static void marker_write(struct kafka *k, unsigned slot)
{
    struct kafka_txn *txn = &k->txn[slot];
    size_t n = txn->n_parts + txn->has_offsets;
    size_t i = n ? roll_below(&k->dice, (unsigned)n) : 0;
    if (n && i == txn->n_parts) {
        offsets_decide(k, txn);
    } else if (n) {
        struct kafka_part *part = txn->part[i];
        if (part_is_away(k, part))
            return;
        part_decide(k, part, (int)slot + 1, txn->state == TXN_COMMITTING);
        txn->part[i] = txn->part[--txn->n_parts];
    }
    k->events++;
    if (txn->n_parts + txn->has_offsets == 0) {
        txn->last_committed = txn->state == TXN_COMMITTING;
        txn->state = TXN_EMPTY;
    }
}

/* ---- requests that come late ---- */
void coordinator_late(struct kafka *k, struct kafka_late request)
{
    if (k->n_late < LATE_MOST)
        k->late[k->n_late++] = request;
    else
        free(request.position);
}

static void late_arrive(struct kafka *k, struct kafka_late *late)
{
    static const char *const what[] = { "commit", "partition", "offsets", "producer" };
    enum txn_state state = k->txn[late->slot].state;
    bool valid = late->kind == LATE_INIT || late->epoch == k->txn[late->slot].epoch;
    int64_t epoch;
    story(k, slot_name(late->slot), "late: %s%s%s", what[late->kind], valid ? "" : ", of old",
          state == TXN_ONGOING ? ", in a transaction" : "");
    k->late_met += valid && state == TXN_ONGOING;
    switch (late->kind) {
    case LATE_COMMIT:
        coordinator_end(k, late->slot, late->epoch, true);
        break;
    case LATE_ADD:
        coordinator_add_offsets(k, late->slot, late->epoch);
        break;
    case LATE_OFFSETS:
        if (late->generation == k->group.generation)
            coordinator_offsets(k, late->slot, late->epoch, late->position, late->n_positions);
        break;
    case LATE_INIT:
        coordinator_init(k, late->slot, &epoch);
        break;
    }
    free(late->position);
}

void coordinator_turn(struct kafka *k)
{
    if (k->n_late > 0 && k->now_ms >= k->coordinator_away_until && comes(k, k->pace.arrive)) {
        unsigned i = roll_below(&k->dice, k->n_late);
        struct kafka_late late = k->late[i];
        k->late[i] = k->late[--k->n_late];
        late_arrive(k, &late);
    }
    for (unsigned s = 0; s < SLOTS; s++) {
        struct kafka_txn *txn = &k->txn[s];
        if (txn->state == TXN_ONGOING && k->now_ms - txn->began_ms > TRANSACTION_TIMEOUT_MS)
            coordinator_time_out(k, s);
        while ((txn->state == TXN_COMMITTING || txn->state == TXN_ABORTING) &&
               comes(k, k->pace.marker)) {
            size_t before = txn->n_parts + txn->has_offsets;
            marker_write(k, s);
            if (txn->state != TXN_EMPTY && txn->n_parts + txn->has_offsets == before)
                break;
        }
    }
}

bool coordinator_is_unstable(const struct kafka *k, struct port_place place)
{
    for (unsigned s = 0; s < SLOTS; s++)
        for (size_t i = 0; i < k->txn[s].n_pending; i++)
            if (k->txn[s].pending[i].place.topic == place.topic &&
                k->txn[s].pending[i].place.partition == place.partition)
                return true;
    return false;
}

bool coordinator_is_busy(const struct kafka *k)
{
    for (unsigned s = 0; s < SLOTS; s++)
        if (k->txn[s].state != TXN_EMPTY)
            return true;
    return false;
}
