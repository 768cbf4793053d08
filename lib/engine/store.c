#include "engine/store.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/buf.h"
#include "cpi/time.h"
#include "engine/put.h"

#define AHEAD 8 /* journeys whose memory is fetched while others are worked on */

void cpi_store_init(struct cpi_store *store, char row_letter)
{
    *store = (struct cpi_store){ .row_letter = row_letter };
    cpi_index_init(&store->index);
}

static void journey_fini(struct cpi_journey *journey)
{
    free(journey->key);
    free(journey->bytes);
    *journey = (struct cpi_journey){ .due = CPI_TIME_END, .later = CPI_TIME_END };
}

void cpi_store_fini(struct cpi_store *store)
{
    for (size_t j = 0; j < store->count; j++)
        journey_fini(&store->at[j]);
    for (size_t g = 0; g < store->n_gone; g++)
        free(store->gone[g]);
    free(store->at);
    free(store->free);
    free(store->heap);
    free(store->dirty);
    free(store->gone);
    free(store->gone_len);
    cpi_index_fini(&store->index);
}

uint32_t cpi_store_find(const struct cpi_store *store, struct cpi_text key)
{
    uint64_t hash = cpi_hash_text(key);
    for (uint32_t p = cpi_index_first(&store->index, hash); p != CPI_NONE;
         p = cpi_index_next(&store->index, hash, p)) {
        uint32_t j = cpi_index_at(&store->index, p);
        if (cpi_text_equal(cpi_journey_key(&store->at[j]), key))
            return j;
    }
    return CPI_NONE;
}

void cpi_store_fetch(const struct cpi_store *store, uint64_t hash, bool bytes)
{
    uint32_t p = cpi_index_first(&store->index, hash);
    if (p == CPI_NONE)
        return;
    const struct cpi_journey *journey = &store->at[cpi_index_at(&store->index, p)];
    __builtin_prefetch(bytes ? (const void *)journey->key : journey);
    if (bytes)
        cpi_store_prefetch(store, cpi_index_at(&store->index, p));
}

uint32_t cpi_store_ensure(struct cpi_store *store, struct cpi_text key)
{
    uint32_t j = cpi_store_find(store, key);
    if (j != CPI_NONE)
        return j;
    if (store->n_free) {
        j = store->free[--store->n_free];
    } else {
        store->at = cpi_grow(store->at, store->count, &store->cap, sizeof *store->at);
        j = (uint32_t)store->count++;
    }
    store->at[j] = (struct cpi_journey){
        .key = cpi_xtextdup(key), .key_len = key.len, .due = CPI_TIME_END, .later = CPI_TIME_END
    };
    cpi_index_add(&store->index, cpi_hash_text(key), j);
    store->live++;
    store->bytes += key.len + sizeof *store->at + 2 * sizeof *store->index.slot;
    return j;
}

static void mark(struct cpi_store *store, uint32_t j)
{
    if (store->at[j].dirty)
        return;
    store->at[j].dirty = true;
    store->dirty = cpi_grow(store->dirty, store->n_dirty, &store->cap_dirty, sizeof *store->dirty);
    store->dirty[store->n_dirty++] = j;
}

static void set_bytes(struct cpi_store *store, uint32_t j, struct cpi_text bytes)
{
    struct cpi_journey *journey = &store->at[j];
    store->bytes += bytes.len;
    store->bytes -= journey->len;
    journey->bytes = cpi_xrealloc(journey->bytes, bytes.len);
    memcpy(journey->bytes, bytes.at, bytes.len);
    journey->len = bytes.len;
}

void cpi_store_set(struct cpi_store *store, uint32_t j, struct cpi_text bytes)
{
    set_bytes(store, j, bytes);
    mark(store, j);
}

void cpi_store_append(struct cpi_store *store, uint32_t j, struct cpi_text more)
{
    struct cpi_journey *journey = &store->at[j];
    store->bytes += more.len;
    journey->bytes = cpi_xrealloc(journey->bytes, (size_t)journey->len + more.len);
    memcpy(journey->bytes + journey->len, more.at, more.len);
    journey->len += more.len;
    mark(store, j);
}

static bool is_later(const struct cpi_due *a, const struct cpi_due *b)
{
    return a->at != b->at ? a->at > b->at : a->journey > b->journey;
}

static void heap_push(struct cpi_store *store, struct cpi_due due)
{
    store->heap = cpi_grow(store->heap, store->n_heap, &store->cap_heap, sizeof *store->heap);
    size_t i = store->n_heap++;
    for (; i && is_later(&store->heap[(i - 1) / 2], &due); i = (i - 1) / 2)
        store->heap[i] = store->heap[(i - 1) / 2];
    store->heap[i] = due;
}

static struct cpi_due heap_pop(struct cpi_store *store)
{
    struct cpi_due top = store->heap[0], last = store->heap[--store->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < store->n_heap; i = child) {
        if (child + 1 < store->n_heap && is_later(&store->heap[child], &store->heap[child + 1]))
            child++;
        if (!is_later(&last, &store->heap[child]))
            break;
        store->heap[i] = store->heap[child];
    }
    store->heap[i] = last;
    return top;
}

/* A journey's end moves with every event, and far away: it goes on standing in the heap where it
 * stood before, and is looked at once in vain, rather than once more for each event. */
void cpi_store_wait(struct cpi_store *store, uint32_t j, int64_t due)
{
    struct cpi_journey *journey = &store->at[j];
    if (due == journey->due)
        return;
    if (due < journey->due && journey->due < journey->later)
        journey->later = journey->due;
    if (due >= journey->later) {
        journey->due = journey->later;
        return;
    }
    journey->due = due;
    if (due != CPI_TIME_END)
        heap_push(store, (struct cpi_due){ due, j });
}

void cpi_store_remove(struct cpi_store *store, uint32_t j)
{
    struct cpi_journey *journey = &store->at[j];
    struct cpi_text key = cpi_journey_key(journey);
    cpi_index_take(&store->index, cpi_hash_text(key), j);
    store->gone_len =
        cpi_grow(store->gone_len, store->n_gone, &store->cap_gone_len, sizeof *store->gone_len);
    store->gone = cpi_grow(store->gone, store->n_gone, &store->cap_gone, sizeof *store->gone);
    store->gone[store->n_gone] = journey->key;
    store->gone_len[store->n_gone++] = key.len;
    store->live--;
    store->bytes -= journey->len + key.len + sizeof *store->at + 2 * sizeof *store->index.slot;
    journey->key = NULL;
    bool dirty = journey->dirty;
    journey_fini(journey);
    journey->dirty = dirty; /* it stands in the list; settling passes over it */
    store->free = cpi_grow(store->free, store->n_free, &store->cap_free, sizeof *store->free);
    store->free[store->n_free++] = j;
}

struct taken { /* a journey, and the first bytes of its key as they compare */
    uint64_t key[2];
    uint32_t journey;
};

static struct taken take(const struct cpi_store *store, uint32_t j)
{
    const struct cpi_journey *journey = &store->at[j];
    struct taken taken = { { 0, 0 }, j };
    for (uint32_t i = 0; i < sizeof taken.key && i < journey->key_len; i++)
        taken.key[i / 8] |= (uint64_t)(uint8_t)journey->key[i] << (56 - i % 8 * 8);
    return taken;
}

static int order_taken(const void *a, const void *b, void *arg)
{
    const struct cpi_store *store = arg;
    const struct taken *l = a, *r = b;
    for (int i = 0; i < 2; i++)
        if (l->key[i] != r->key[i])
            return l->key[i] < r->key[i] ? -1 : 1;
    return cpi_text_order(cpi_journey_key(&store->at[l->journey]),
                          cpi_journey_key(&store->at[r->journey]));
}

/* Puts the journeys in the order of their keys. */
static void sort(struct cpi_store *store, uint32_t *number, size_t count)
{
    struct taken *taken = cpi_xmalloc(count * sizeof *taken);
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count)
            __builtin_prefetch(store->at[number[i + AHEAD]].key);
        taken[i] = take(store, number[i]);
    }
    if (count > 1)
        qsort_r(taken, count, sizeof *taken, order_taken, store);
    for (size_t i = 0; i < count; i++)
        number[i] = taken[i].journey;
    free(taken);
}

uint32_t *cpi_store_take_due(struct cpi_store *store, int64_t before, size_t *ret_count)
{
    uint32_t *taken = NULL;
    size_t n = 0, cap = 0;
    while (store->n_heap && store->heap[0].at < before) {
        struct cpi_due due = heap_pop(store);
        struct cpi_journey *journey = &store->at[due.journey];
        if (journey->later == due.at)
            journey->later = CPI_TIME_END;
        if (journey->due != due.at) /* stale */
            continue;
        journey->due = CPI_TIME_END;
        taken = cpi_grow(taken, n, &cap, sizeof *taken);
        taken[n++] = due.journey;
    }
    sort(store, taken, n);
    *ret_count = n;
    return taken;
}

void cpi_store_settle(struct cpi_store *store, uint32_t task, struct cpi_outbox *box)
{
    bool wanted = cpi_outbox_wants_rows(box);
    struct cpi_buf key;
    cpi_buf_init(&key);
    for (size_t g = 0; g < store->n_gone; g++) {
        cpi_buf_reset(&key);
        cpi_buf_add_byte(&key, (uint8_t)store->row_letter);
        cpi_buf_add(&key, store->gone[g], store->gone_len[g]);
        if (wanted)
            cpi_outbox_put_row(box, task, cpi_buf_text(&key), CPI_ABSENT);
        free(store->gone[g]);
    }
    store->n_gone = 0;
    for (size_t i = 0; i < store->n_dirty; i++) {
        struct cpi_journey *journey = &store->at[store->dirty[i]];
        if (!journey->dirty)
            continue;
        journey->dirty = false;
        if (!journey->key || !wanted)
            continue;
        cpi_buf_reset(&key);
        cpi_buf_add_byte(&key, (uint8_t)store->row_letter);
        cpi_buf_add_text(&key, cpi_journey_key(journey));
        cpi_outbox_put_row(box, task, cpi_buf_text(&key), cpi_journey_bytes(journey));
    }
    store->n_dirty = 0;
    cpi_buf_fini(&key);
}

bool cpi_store_restore(struct cpi_store *store, struct cpi_text key, struct cpi_text value)
{
    struct cpi_text name = cpi_text_part(key, 1, key.len);
    if (value.at) {
        set_bytes(store, cpi_store_ensure(store, name), value);
        return true;
    }
    uint32_t j = cpi_store_find(store, name);
    if (j != CPI_NONE) {
        cpi_store_remove(store, j);
        free(store->gone[--store->n_gone]); /* its row is gone already */
    }
    return true;
}
