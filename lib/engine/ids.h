/* Remembered ids: 16-byte hashes with the known of the copy that counted, for as long as a copy may
 * still come (O4); and, in a table of their own, ids of journeys that are gone (J7).
 *
 * Entries lie in buckets by the hour of their known and leave with their bucket; rows of the
 * changelog are chunks of a bucket. */
#ifndef CPI_ENGINE_IDS_H
#define CPI_ENGINE_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/hash.h"
#include "cpi/outbox.h"

struct cpi_id {
    struct cpi_hash128 hash;
    int64_t known;
};
struct cpi_ids_bucket {
    int64_t hour; /* known / 1 h when it was added */
    uint32_t *entry;
    size_t count, cap;
    size_t dirty_from; /* first chunk whose row is not written; SIZE_MAX = none */
};
struct cpi_ids {
    char row_letter; /* first byte of its rows' keys */
    int64_t keep_ms;
    struct cpi_index index; /* of entries, by hash.lo */
    struct cpi_id *at;
    size_t count, cap;
    uint32_t *free; /* entries to use again */
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
