/* Remembered ids: 16-byte hashes with the known of the copy that counted, for as long as a copy may
 * still come (O4); and, in a table of their own, ids of journeys that are gone (J7).
 *
 * Entries lie in chunks, chunks in buckets by the hour of their known; they leave with their
 * bucket. A chunk is a row of the changelog. */
#ifndef CPI_ENGINE_IDS_H
#define CPI_ENGINE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/hash.h"
#include "cpi/outbox.h"

#define CPI_IDS_CHUNK 256 /* ids a row */

struct cpi_id {
    struct cpi_hash128 hash;
    int64_t known; /* CPI_TIME_NONE = nobody: its row has not come (yet) */
};
struct cpi_ids_bucket {
    int64_t hour;     /* known / 1 h when it was added */
    uint32_t *number; /* of its chunks; CPI_NONE: the row has not come (yet) */
    size_t n_chunks, cap;
    size_t count;      /* places taken: all chunks but the last are full, but for holes */
    size_t dirty_from; /* first chunk whose row is not written; SIZE_MAX = none */
};
struct cpi_ids {
    char row_letter; /* first byte of its rows' keys */
    int64_t keep_ms;
    struct cpi_index
        index;             /* of entries, by hash.lo; an entry = number of its chunk, place in it */
    struct cpi_id **chunk; /* by number; NULL = free */
    size_t n_chunks, cap_chunks;
    uint32_t *free; /* numbers to use again */
    size_t n_free, cap_free;
    struct cpi_ids_bucket *bucket; /* ascending by hour */
    size_t n_buckets, cap_buckets;
    struct cpi_ids_gone { /* rows to delete */
        int64_t hour;
        size_t chunks;
    } * gone;
    size_t n_gone, cap_gone;
};
void cpi_ids_init(struct cpi_ids *ids, char row_letter, int64_t keep_ms);
void cpi_ids_fini(struct cpi_ids *ids);
/* What it takes in memory. */
size_t cpi_ids_bytes(const struct cpi_ids *ids);
/* The entry (of several that are remembered for one hash the latest), or NULL. Valid until the next
 * add or expire. */
struct cpi_id *cpi_ids_find(struct cpi_ids *ids, struct cpi_hash128 hash);
void cpi_ids_add(struct cpi_ids *ids, struct cpi_hash128 hash, int64_t known);
/* Lowers the known of an entry that find gave. */
void cpi_ids_lower(struct cpi_ids *ids, struct cpi_id *id, int64_t known);
/* Forgets buckets whose every entry has known + keep < w. */
void cpi_ids_expire(struct cpi_ids *ids, int64_t w);
/* Puts the rows of what changed. */
void cpi_ids_settle(struct cpi_ids *ids, uint32_t task, struct cpi_outbox *box);
/* One row back; false if malformed. */
bool cpi_ids_restore(struct cpi_ids *ids, struct cpi_text key, struct cpi_text value);

#endif
