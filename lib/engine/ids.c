#include "engine/ids.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/buf.h"
#include "cpi/time.h"
#include "engine/put.h"

#define CHUNK CPI_IDS_CHUNK
#define CHUNKS_MAX (UINT32_C(1) << 20) /* of a bucket */

void cpi_ids_init(struct cpi_ids *ids, char row_letter, int64_t keep_ms)
{
    *ids = (struct cpi_ids){ .row_letter = row_letter, .keep_ms = keep_ms };
    cpi_index_init(&ids->index);
}

void cpi_ids_fini(struct cpi_ids *ids)
{
    for (size_t b = 0; b < ids->n_buckets; b++)
        free(ids->bucket[b].number);
    for (size_t c = 0; c < ids->n_chunks; c++)
        free(ids->chunk[c]);
    cpi_index_fini(&ids->index);
    free(ids->chunk);
    free(ids->free);
    free(ids->bucket);
    free(ids->gone);
}

size_t cpi_ids_bytes(const struct cpi_ids *ids)
{
    size_t slots = ids->index.slot ? (size_t)ids->index.mask + 1 : 0;
    return (ids->n_chunks - ids->n_free) * CHUNK * sizeof(struct cpi_id) +
           slots * sizeof *ids->index.slot;
}

static int64_t hour_of(int64_t known)
{
    return known / CPI_HOUR - (known % CPI_HOUR < 0);
}

static struct cpi_id *id_at(const struct cpi_ids *ids, uint32_t entry)
{
    return &ids->chunk[entry / CHUNK][entry % CHUNK];
}

struct cpi_id *cpi_ids_find(struct cpi_ids *ids, struct cpi_hash128 hash)
{
    struct cpi_id *latest = NULL;
    for (uint32_t p = cpi_index_first(&ids->index, hash.lo); p != CPI_NONE;
         p = cpi_index_next(&ids->index, hash.lo, p)) {
        struct cpi_id *id = id_at(ids, cpi_index_at(&ids->index, p));
        if (id->hash.lo == hash.lo && id->hash.hi == hash.hi &&
            (!latest || id->known > latest->known))
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

static uint32_t new_chunk(struct cpi_ids *ids)
{
    uint32_t number;
    if (ids->n_free) {
        number = ids->free[--ids->n_free];
    } else {
        ids->chunk = cpi_grow(ids->chunk, ids->n_chunks, &ids->cap_chunks, sizeof(void *));
        number = (uint32_t)ids->n_chunks++;
    }
    ids->chunk[number] = cpi_xmalloc(CHUNK * sizeof(struct cpi_id));
    for (size_t i = 0; i < CHUNK; i++)
        ids->chunk[number][i].known = CPI_TIME_NONE;
    return number;
}

/* The chunk in that place of the bucket, as a number. */
static uint32_t ensure_chunk(struct cpi_ids *ids, struct cpi_ids_bucket *bucket, size_t c)
{
    while (bucket->n_chunks <= c) {
        bucket->number =
            cpi_grow(bucket->number, bucket->n_chunks, &bucket->cap, sizeof *bucket->number);
        bucket->number[bucket->n_chunks++] = CPI_NONE;
    }
    if (bucket->number[c] == CPI_NONE)
        bucket->number[c] = new_chunk(ids);
    return bucket->number[c];
}

static void put(struct cpi_ids *ids, struct cpi_ids_bucket *bucket, size_t place, struct cpi_id id)
{
    uint32_t number = ensure_chunk(ids, bucket, place / CHUNK);
    uint32_t entry = number * CHUNK + (uint32_t)(place % CHUNK);
    *id_at(ids, entry) = id;
    cpi_index_add(&ids->index, id.hash.lo, entry);
    if (place >= bucket->count)
        bucket->count = place + 1;
}

void cpi_ids_add(struct cpi_ids *ids, struct cpi_hash128 hash, int64_t known)
{
    struct cpi_ids_bucket *bucket = ensure_bucket(ids, hour_of(known));
    if (bucket->count / CHUNK < bucket->dirty_from)
        bucket->dirty_from = bucket->count / CHUNK;
    put(ids, bucket, bucket->count, (struct cpi_id){ hash, known });
}

void cpi_ids_lower(struct cpi_ids *ids, struct cpi_id *id, int64_t known)
{
    for (size_t b = 0; b < ids->n_buckets; b++)
        for (size_t c = 0; c < ids->bucket[b].n_chunks; c++) {
            uint32_t number = ids->bucket[b].number[c];
            if (number != CPI_NONE && (size_t)(id - ids->chunk[number]) < CHUNK &&
                c < ids->bucket[b].dirty_from)
                ids->bucket[b].dirty_from = c;
        }
    id->known = known;
}

static void put_key(struct cpi_buf *key, const struct cpi_ids *ids, int64_t hour, size_t chunk)
{
    cpi_buf_reset(key);
    cpi_buf_add_byte(key, (uint8_t)ids->row_letter);
    cpi_buf_put_int(key, hour);
    cpi_buf_put_uint(key, chunk);
}

static void encode_chunk(const struct cpi_id *id, int64_t hour, struct cpi_buf *value)
{
    for (const struct cpi_id *end = id + CHUNK; id < end; id++) {
        if (id->known == CPI_TIME_NONE)
            continue;
        cpi_buf_put_u64(value, id->hash.lo);
        cpi_buf_put_u64(value, id->hash.hi);
        cpi_buf_put_int(value, id->known - hour * CPI_HOUR);
    }
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
        for (size_t c = bucket->dirty_from; wanted && c < bucket->n_chunks; c++) {
            if (bucket->number[c] == CPI_NONE) /* never restored: not written again either */
                continue;
            put_key(&key, ids, bucket->hour, c);
            cpi_buf_reset(&value);
            encode_chunk(ids->chunk[bucket->number[c]], bucket->hour, &value);
            cpi_outbox_put_row(box, task, cpi_buf_text(&key), cpi_buf_text(&value));
        }
        bucket->dirty_from = SIZE_MAX;
    }
    cpi_buf_fini(&key);
    cpi_buf_fini(&value);
}

static void forget(struct cpi_ids *ids, uint32_t entry)
{
    struct cpi_id *id = id_at(ids, entry);
    if (id->known == CPI_TIME_NONE)
        return;
    cpi_index_take(&ids->index, id->hash.lo, entry);
    id->known = CPI_TIME_NONE;
}

static void forget_chunk(struct cpi_ids *ids, uint32_t number)
{
    if (number == CPI_NONE)
        return;
    for (uint32_t i = 0; i < CHUNK; i++)
        forget(ids, number * CHUNK + i);
    free(ids->chunk[number]);
    ids->chunk[number] = NULL;
    ids->free = cpi_grow(ids->free, ids->n_free, &ids->cap_free, sizeof *ids->free);
    ids->free[ids->n_free++] = number;
}

static void forget_bucket(struct cpi_ids *ids, size_t b)
{
    for (size_t c = 0; c < ids->bucket[b].n_chunks; c++)
        forget_chunk(ids, ids->bucket[b].number[c]);
    free(ids->bucket[b].number);
    ids->n_buckets--;
    memmove(ids->bucket + b, ids->bucket + b + 1, (ids->n_buckets - b) * sizeof *ids->bucket);
}

void cpi_ids_expire(struct cpi_ids *ids, int64_t w)
{
    while (ids->n_buckets && w != CPI_TIME_NONE &&
           (ids->bucket[0].hour + 1) * CPI_HOUR + ids->keep_ms < w) {
        ids->gone = cpi_grow(ids->gone, ids->n_gone, &ids->cap_gone, sizeof *ids->gone);
        ids->gone[ids->n_gone++] =
            (struct cpi_ids_gone){ ids->bucket[0].hour, ids->bucket[0].n_chunks };
        forget_bucket(ids, 0);
    }
}

/* Rows of a compacted log come in the order of their last writing, so a chunk may come before the
 * one in front of it: each goes where its number says, and holes are filled later. */
static bool restore_chunk(struct cpi_ids *ids, int64_t hour, size_t chunk, struct cpi_reader *r)
{
    struct cpi_ids_bucket *bucket = ensure_bucket(ids, hour);
    uint32_t number = ensure_chunk(ids, bucket, chunk);
    for (uint32_t i = 0; cpi_reader_left(r); i++) {
        struct cpi_id id;
        id.hash.lo = cpi_read_u64(r);
        id.hash.hi = cpi_read_u64(r);
        id.known = (int64_t)((uint64_t)cpi_read_int(r) + (uint64_t)(hour * CPI_HOUR));
        if (r->bad || i == CHUNK || !cpi_time_fits(id.known))
            return false;
        forget(ids, number * CHUNK + i);
        put(ids, bucket, chunk * CHUNK + i, id);
    }
    return true;
}

bool cpi_ids_restore(struct cpi_ids *ids, struct cpi_text key, struct cpi_text value)
{
    struct cpi_reader k = cpi_reader_of(key.at + 1, key.len - 1);
    int64_t hour = cpi_read_int(&k);
    uint64_t chunk = cpi_read_uint(&k);
    if (k.bad || cpi_reader_left(&k) || chunk >= CHUNKS_MAX || hour > CPI_TIME_END / CPI_HOUR ||
        hour < CPI_TIME_NONE / CPI_HOUR || !cpi_time_fits(hour * CPI_HOUR))
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
