#include "engine/entities.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_entities_init(struct cpi_entities *entities, const struct cpi_model *model)
{
    *entities = (struct cpi_entities){ .model = model };
    cpi_index_init(&entities->index);
}

static void seat_fini(struct cpi_seat *seat)
{
    if (seat->asleep)
        free(seat->bytes);
    else
        cpi_entity_free(seat->awake);
    free(seat->key);
}

struct cpi_entity *cpi_entities_get(struct cpi_entities *entities, uint32_t e)
{
    struct cpi_seat *seat = &entities->at[e];
    if (seat->asleep) {
        uint8_t *bytes = seat->bytes;
        seat->awake = cpi_entity_wake(bytes, seat->key, seat->key_len);
        seat->asleep = false;
        free(bytes);
    }
    return seat->awake;
}

uint64_t cpi_seat_bytes(const struct cpi_seat *seat)
{
    uint64_t bytes = sizeof *seat + seat->key_len;
    if (seat->asleep)
        return bytes + cpi_entity_sleeping_bytes(seat->bytes);
    if (!seat->awake)
        return bytes;
    bytes += sizeof *seat->awake;
    for (uint32_t i = 0; i < seat->awake->panes.count; i++)
        bytes += cpi_series_bytes(&seat->awake->panes.series[i]);
    return bytes;
}

void cpi_entities_fini(struct cpi_entities *entities)
{
    for (size_t e = 0; e < entities->count; e++)
        seat_fini(&entities->at[e]);
    for (size_t g = 0; g < entities->n_gone; g++)
        free(entities->gone[g].key);
    free(entities->gone);
    free(entities->row);
    free(entities->at);
    free(entities->order);
    free(entities->dirty);
    free(entities->free);
    free(entities->left);
    cpi_index_fini(&entities->index);
}

bool cpi_entity_is_key(struct cpi_text key)
{
    return key.len && memchr(key.at, ':', key.len);
}

uint32_t cpi_entities_find(const struct cpi_entities *entities, struct cpi_text key)
{
    uint64_t hash = cpi_hash_text(key);
    for (uint32_t p = cpi_index_first(&entities->index, hash); p != CPI_NONE;
         p = cpi_index_next(&entities->index, hash, p)) {
        uint32_t e = cpi_index_at(&entities->index, p);
        if (cpi_text_equal((struct cpi_text){ entities->at[e].key, entities->at[e].key_len }, key))
            return e;
    }
    return CPI_NONE;
}

uint32_t cpi_entities_ensure(struct cpi_entities *entities, struct cpi_text key)
{
    uint32_t e = cpi_entities_find(entities, key);
    if (e != CPI_NONE)
        return e;
    if (!entities->n_free)
        entities->at =
            cpi_grow(entities->at, entities->count, &entities->cap, sizeof *entities->at);
    if (entities->n_free)
        e = entities->free[--entities->n_free];
    else
        e = (uint32_t)entities->count++;
    struct cpi_seat *seat = &entities->at[e];
    *seat = (struct cpi_seat){ .key = cpi_xtextdup(key), .key_len = key.len, .due = CPI_TIME_END };
    seat->awake = cpi_entity_new(seat->key, key.len);
    cpi_index_add(&entities->index, cpi_hash_text(key), e);
    entities->order =
        cpi_grow(entities->order, entities->n_order, &entities->cap_order, sizeof *entities->order);
    entities->order[entities->n_order++] = e;
    return e;
}

/* ---- the order of their keys ---- */

static int order_keys(const void *a, const void *b, void *arg)
{
    const struct cpi_entities *entities = arg;
    const struct cpi_seat *l = &entities->at[*(const uint32_t *)a];
    const struct cpi_seat *r = &entities->at[*(const uint32_t *)b];
    return cpi_text_order((struct cpi_text){ l->key, l->key_len },
                          (struct cpi_text){ r->key, r->key_len });
}

/* Takes those out of the order that are gone. Only now can their numbers be used again. */
static void close_gaps(struct cpi_entities *entities)
{
    size_t kept = 0, sorted = 0;
    for (size_t i = 0; i < entities->n_order; i++) {
        if (i == entities->n_sorted)
            sorted = kept;
        if (entities->at[entities->order[i]].key)
            entities->order[kept++] = entities->order[i];
    }
    entities->n_sorted = entities->n_sorted == entities->n_order ? kept : sorted;
    entities->n_order = kept;
    while (entities->n_left) {
        entities->free =
            cpi_grow(entities->free, entities->n_free, &entities->cap_free, sizeof *entities->free);
        entities->free[entities->n_free++] = entities->left[--entities->n_left];
    }
}

/* How many of the first `count` stand before the key of `e`. */
static size_t count_before(const struct cpi_entities *entities, size_t count, uint32_t e)
{
    size_t low = 0;
    while (low < count) {
        size_t mid = low + (count - low) / 2;
        if (order_keys(&entities->order[mid], &e, (void *)entities) < 0)
            low = mid + 1;
        else
            count = mid;
    }
    return low;
}

/* Those that came since, few as a rule, go to their places among all others. */
static void sort_new(struct cpi_entities *entities)
{
    size_t end = entities->n_order, old = entities->n_sorted, count = end - old;
    uint32_t *order = entities->order, *came = cpi_xmalloc(count * sizeof *came);
    memcpy(came, order + old, count * sizeof *came);
    qsort_r(came, count, sizeof *came, order_keys, entities);
    while (count && old) {
        size_t before = count_before(entities, old, came[count - 1]);
        memmove(order + before + count, order + before, (old - before) * sizeof *order);
        old = before;
        count--;
        order[old + count] = came[count];
    }
    memcpy(order, came, count * sizeof *came);
    free(came);
    entities->n_sorted = end;
}

const uint32_t *cpi_entities_order(struct cpi_entities *entities)
{
    if (entities->n_left)
        close_gaps(entities);
    if (entities->n_sorted < entities->n_order)
        sort_new(entities);
    return entities->order;
}

void cpi_entities_touch(struct cpi_entities *entities, uint32_t e)
{
    struct cpi_entity *entity = cpi_entities_get(entities, e);
    if (entity->touched)
        return;
    entity->touched = true;
    entities->dirty =
        cpi_grow(entities->dirty, entities->n_dirty, &entities->cap_dirty, sizeof *entities->dirty);
    entities->dirty[entities->n_dirty++] = e;
}

void cpi_entities_remove(struct cpi_entities *entities, uint32_t e)
{
    struct cpi_seat *seat = &entities->at[e];
    struct cpi_text key = { seat->key, seat->key_len };
    cpi_index_take(&entities->index, cpi_hash_text(key), e);
    entities->gone =
        cpi_grow(entities->gone, entities->n_gone, &entities->cap_gone, sizeof *entities->gone);
    entities->gone[entities->n_gone++] = (struct cpi_gone_entity){ seat->key, seat->key_len, true };
    seat->key = NULL;
    seat_fini(seat);
    *seat = (struct cpi_seat){ .due = CPI_TIME_END };
    entities->left =
        cpi_grow(entities->left, entities->n_left, &entities->cap_left, sizeof *entities->left);
    entities->left[entities->n_left++] = e;
}
