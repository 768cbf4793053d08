#include "engine/ids.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/buf.h"
#include "cpi/time.h"
#include "engine/put.h"

#define CHUNK 256 /* ids a row */

void cpi_ids_init(struct cpi_ids *ids, char row_letter, int64_t keep_ms)
{
    *ids = (struct cpi_ids){ .row_letter = row_letter, .keep_ms = keep_ms };
    cpi_index_init(&ids->index);
}

void cpi_ids_fini(struct cpi_ids *ids)
{
    for (size_t b = 0; b < ids->n_buckets; b++)
        free(ids->bucket[b].entry);
    cpi_index_fini(&ids->index);
    free(ids->at);
    free(ids->free);
    free(ids->bucket);
    free(ids->gone);
}

static int64_t hour_of(int64_t known)
{
    return known / CPI_HOUR - (known % CPI_HOUR < 0);
}

struct cpi_id *cpi_ids_find(struct cpi_ids *ids, struct cpi_hash128 hash)
{
    struct cpi_id *latest = NULL;
    for (uint32_t p = cpi_index_first(&ids->index, hash.lo); p != CPI_NONE;
         p = cpi_index_next(&ids->index, hash.lo, p)) {
        struct cpi_id *id = &ids->at[cpi_index_at(&ids->index, p)];
        if (id->hash.hi == hash.hi && (!latest || id->known > latest->known))
            latest = id;
    }
    return latest;
}

static struct cpi_ids_bucket *ensure_bucket(struct cpi_ids *ids, int64_t hour)
{
    size_t b = ids->n_buckets;
    while (b && ids->bucket[b - 1].hour >= hour)
        b--;
    if (b < ids->n_buckets && ids->bucket[b].hour == hour)
        return &ids->bucket[b];
    ids->bucket = cpi_grow(ids->bucket, ids->n_buckets, &ids->cap_buckets, sizeof *ids->bucket);
    memmove(ids->bucket + b + 1, ids->bucket + b, (ids->n_buckets - b) * sizeof *ids->bucket);
    ids->n_buckets++;
    ids->bucket[b] = (struct cpi_ids_bucket){ .hour = hour, .dirty_from = SIZE_MAX };
    return &ids->bucket[b];
}

static uint32_t make(struct cpi_ids *ids, struct cpi_hash128 hash, int64_t known)
{
    uint32_t entry;
    if (ids->n_free) {
        entry = ids->free[--ids->n_free];
    } else {
        ids->at = cpi_grow(ids->at, ids->count, &ids->cap, sizeof *ids->at);
        entry = (uint32_t)ids->count++;
    }
    ids->at[entry] = (struct cpi_id){ hash, known };
    cpi_index_add(&ids->index, hash.lo, entry);
    return entry;
}

void cpi_ids_add(struct cpi_ids *ids, struct cpi_hash128 hash, int64_t known)
{
    struct cpi_ids_bucket *bucket = ensure_bucket(ids, hour_of(known));
    if (bucket->count / CHUNK < bucket->dirty_from)
        bucket->dirty_from = bucket->count / CHUNK;
    bucket->entry = cpi_grow(bucket->entry, bucket->count, &bucket->cap, sizeof *bucket->entry);
    bucket->entry[bucket->count++] = make(ids, hash, known);
}

void cpi_ids_lower(struct cpi_ids *ids, struct cpi_id *id, int64_t known)
{
    uint32_t entry = (uint32_t)(id - ids->at);
    for (size_t b = 0; b < ids->n_buckets; b++)
        for (size_t i = 0; i < ids->bucket[b].count; i++)
            if (ids->bucket[b].entry[i] == entry && i / CHUNK < ids->bucket[b].dirty_from)
                ids->bucket[b].dirty_from = i / CHUNK;
    id->known = known;
}

static void put_key(struct cpi_buf *key, const struct cpi_ids *ids, int64_t hour, size_t chunk)
{
    cpi_buf_reset(key);
    cpi_buf_add_byte(key, (uint8_t)ids->row_letter);
    cpi_buf_put_int(key, hour);
    cpi_buf_put_uint(key, chunk);
}

void cpi_ids_settle(struct cpi_ids *ids, uint32_t task, struct cpi_outbox *box)
{
    bool wanted = cpi_outbox_wants_rows(box);
    struct cpi_buf key, value;
    cpi_buf_init(&key);
    cpi_buf_init(&value);
    for (size_t g = 0; g < ids->n_gone; g++)
        for (size_t c = 0; wanted && c < ids->gone[g].chunks; c++) {
            put_key(&key, ids, ids->gone[g].hour, c);
            cpi_outbox_put_row(box, task, cpi_buf_text(&key), CPI_ABSENT);
        }
    ids->n_gone = 0;
    for (size_t b = 0; b < ids->n_buckets; b++) {
        struct cpi_ids_bucket *bucket = &ids->bucket[b];
        if (bucket->dirty_from == SIZE_MAX)
            continue;
        for (size_t i = bucket->dirty_from * CHUNK; wanted && i < bucket->count;) {
            put_key(&key, ids, bucket->hour, i / CHUNK);
            cpi_buf_reset(&value);
            for (size_t end = i + CHUNK; i < end && i < bucket->count; i++) {
                if (bucket->entry[i] == CPI_NONE) /* never restored: not written again either */
                    continue;
                const struct cpi_id *id = &ids->at[bucket->entry[i]];
                cpi_buf_put_u64(&value, id->hash.lo);
                cpi_buf_put_u64(&value, id->hash.hi);
                cpi_buf_put_int(&value, id->known - bucket->hour * CPI_HOUR);
            }
            cpi_outbox_put_row(box, task, cpi_buf_text(&key), cpi_buf_text(&value));
        }
        bucket->dirty_from = SIZE_MAX;
    }
    cpi_buf_fini(&key);
    cpi_buf_fini(&value);
}

static void forget(struct cpi_ids *ids, uint32_t entry)
{
    if (entry == CPI_NONE)
        return;
    cpi_index_take(&ids->index, ids->at[entry].hash.lo, entry);
    ids->free = cpi_grow(ids->free, ids->n_free, &ids->cap_free, sizeof *ids->free);
    ids->free[ids->n_free++] = entry;
}

static void forget_bucket(struct cpi_ids *ids, size_t b)
{
    for (size_t i = 0; i < ids->bucket[b].count; i++)
        forget(ids, ids->bucket[b].entry[i]);
    free(ids->bucket[b].entry);
    ids->n_buckets--;
    memmove(ids->bucket + b, ids->bucket + b + 1, (ids->n_buckets - b) * sizeof *ids->bucket);
}

void cpi_ids_expire(struct cpi_ids *ids, int64_t w)
{
    while (ids->n_buckets && w != CPI_TIME_NONE &&
           (ids->bucket[0].hour + 1) * CPI_HOUR + ids->keep_ms < w) {
        ids->gone = cpi_grow(ids->gone, ids->n_gone, &ids->cap_gone, sizeof *ids->gone);
        ids->gone[ids->n_gone++] =
            (struct cpi_ids_gone){ ids->bucket[0].hour,
                                   (ids->bucket[0].count + CHUNK - 1) / CHUNK };
        forget_bucket(ids, 0);
    }
}

/* Rows of a compacted log come in the order of their last writing, so a chunk may come before the
 * one in front of it: each goes where its number says, and holes are filled later. */
static bool restore_chunk(struct cpi_ids *ids, int64_t hour, size_t chunk, struct cpi_reader *r)
{
    struct cpi_ids_bucket *bucket = ensure_bucket(ids, hour);
    for (size_t i = chunk * CHUNK; cpi_reader_left(r); i++) {
        struct cpi_hash128 hash;
        hash.lo = cpi_read_u64(r);
        hash.hi = cpi_read_u64(r);
        int64_t known = cpi_read_int(r) + hour * CPI_HOUR;
        if (r->bad || i >= (chunk + 1) * CHUNK)
            return false;
        while (bucket->count <= i) {
            bucket->entry =
                cpi_grow(bucket->entry, bucket->count, &bucket->cap, sizeof *bucket->entry);
            bucket->entry[bucket->count++] = CPI_NONE;
        }
        forget(ids, bucket->entry[i]);
        bucket->entry[i] = make(ids, hash, known);
    }
    return true;
}

bool cpi_ids_restore(struct cpi_ids *ids, struct cpi_text key, struct cpi_text value)
{
    struct cpi_reader k = cpi_reader_of(key.at + 1, key.len - 1);
    int64_t hour = cpi_read_int(&k);
    uint64_t chunk = cpi_read_uint(&k);
    if (k.bad || chunk > UINT32_MAX)
        return false;
    if (value.at) {
        struct cpi_reader r = cpi_reader_of(value.at, value.len);
        return restore_chunk(ids, hour, chunk, &r);
    }
    for (size_t b = 0; b < ids->n_buckets; b++) /* all chunks of a bucket go at once */
        if (ids->bucket[b].hour == hour) {
            forget_bucket(ids, b);
            break;
        }
    return true;
}
