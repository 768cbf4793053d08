/* A store of journeys: key -> bytes, with the instant at which each must be folded again. The bytes
 * are the changelog row as it stands; restoring is copying. */
#ifndef CPI_ENGINE_STORE_H
#define CPI_ENGINE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/hash.h"
#include "cpi/outbox.h"

struct cpi_journey {
    char *key; /* NULL = free */
    uint32_t key_len;
    uint32_t len;
    uint8_t *bytes;
    int64_t due;   /* CPI_TIME_END = nothing to wait for */
    int64_t later; /* where it stands in the heap, too; CPI_TIME_END = nowhere */
    bool dirty;
    bool follows; /* of the case stage: a journey before it is still remembered */
};
struct cpi_due {
    int64_t at;
    uint32_t journey;
};
struct cpi_store {
    char row_letter;
    struct cpi_journey *at;
    size_t count, cap;
    uint32_t *free;
    size_t n_free, cap_free;
    struct cpi_index index;
    struct cpi_due *heap; /* least first; entries whose journey is due otherwise are stale */
    size_t n_heap, cap_heap;
    uint32_t *dirty;
    size_t n_dirty, cap_dirty;
    char **gone; /* keys whose rows are to be deleted */
    uint32_t *gone_len;
    size_t n_gone, cap_gone, cap_gone_len;
    uint64_t live, bytes; /* journeys, and what they take */
};
void cpi_store_init(struct cpi_store *store, char row_letter);
void cpi_store_fini(struct cpi_store *store);
/* Number of the journey, CPI_NONE if there is none. */
uint32_t cpi_store_find(const struct cpi_store *store, struct cpi_text key);
uint32_t cpi_store_ensure(struct cpi_store *store, struct cpi_text key);
/* Replaces the bytes (copied) and marks the row. */
void cpi_store_set(struct cpi_store *store, uint32_t journey, struct cpi_text bytes);
/* Adds to the bytes. */
void cpi_store_append(struct cpi_store *store, uint32_t journey, struct cpi_text more);
void cpi_store_wait(struct cpi_store *store, uint32_t journey, int64_t due);
void cpi_store_remove(struct cpi_store *store, uint32_t journey);
/* Takes all journeys due before `before`, in the order of their keys. The array is the caller's to
 * free. */
uint32_t *cpi_store_take_due(struct cpi_store *store, int64_t before, size_t *ret_count);
static inline struct cpi_text cpi_journey_bytes(const struct cpi_journey *journey)
{
    return (struct cpi_text){ (const char *)journey->bytes, journey->len };
}
static inline struct cpi_text cpi_journey_key(const struct cpi_journey *journey)
{
    return (struct cpi_text){ journey->key, journey->key_len };
}
/* What will be read soon is fetched from memory meanwhile. */
static inline void cpi_store_prefetch(const struct cpi_store *store, uint32_t journey)
{
    const uint8_t *bytes = store->at[journey].bytes;
    for (uint32_t i = 0; i < store->at[journey].len && i < 512; i += 64)
        __builtin_prefetch(bytes + i);
}
/* The same by the hash of the key: where the journey stands, or (`bytes`) its key and bytes. */
void cpi_store_fetch(const struct cpi_store *store, uint64_t hash, bool bytes);
void cpi_store_settle(struct cpi_store *store, uint32_t task, struct cpi_outbox *box);
bool cpi_store_restore(struct cpi_store *store, struct cpi_text key, struct cpi_text value);

#endif
