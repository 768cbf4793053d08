/* Hashes. Their values are part of stored and sent forms (partition of a key, remembered ids), so
 * they never change: XXH3 (xxHash, stable since 0.8.0) with seed 0. */
#ifndef CPI_HASH_H
#define CPI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/text.h"

struct cpi_hash128 {
    uint64_t lo, hi;
};
uint64_t cpi_hash(const void *bytes, size_t len);
struct cpi_hash128 cpi_hash128(const void *bytes, size_t len);
static inline uint64_t cpi_hash_text(struct cpi_text t)
{
    return cpi_hash(t.at, t.len);
}
/* 32 bits that name a type, field or indicator in frames and stored rows, whatever its index today.
 */
uint32_t cpi_hash_name(struct cpi_text name);
/* The partition of a key among `count`. */
static inline uint32_t cpi_hash_partition(uint64_t hash, uint32_t count)
{
    return (uint32_t)((hash >> 17) % count);
}

/* An open-addressing index from 64-bit hashes to 32-bit numbers of things that the caller keeps.
 * It remembers only half of a hash, and several entries may share one: the caller compares the
 * things.
 *   for (p = cpi_index_first(ix, h); p != CPI_NONE; p = cpi_index_next(ix, h, p))
 *       if (same(things[cpi_index_at(ix, p)])) ... */
#define CPI_NONE UINT32_MAX
struct cpi_index_slot {
    uint32_t tag;   /* the upper half of the hash: the lower one chose the partition */
    uint32_t value; /* CPI_NONE = free */
};
struct cpi_index {
    struct cpi_index_slot *slot;
    uint32_t mask; /* slots - 1; 0 = nothing allocated */
    uint32_t count;
};
void cpi_index_init(struct cpi_index *ix);
void cpi_index_fini(struct cpi_index *ix);
/* Takes all out, and keeps the memory. */
void cpi_index_clear(struct cpi_index *ix);
uint32_t cpi_index_first(const struct cpi_index *ix, uint64_t hash);
uint32_t cpi_index_next(const struct cpi_index *ix, uint64_t hash, uint32_t place);
static inline uint32_t cpi_index_at(const struct cpi_index *ix, uint32_t place)
{
    return ix->slot[place].value;
}
/* What will be looked up soon: its place is fetched from memory meanwhile. */
static inline void cpi_index_prefetch(const struct cpi_index *ix, uint64_t hash)
{
    __builtin_prefetch(&ix->slot[(uint32_t)(hash >> 32) & ix->mask]);
}
void cpi_index_add(struct cpi_index *ix, uint64_t hash, uint32_t value);
/* Removes the entry (hash, value); true if it was there. */
bool cpi_index_take(struct cpi_index *ix, uint64_t hash, uint32_t value);

#endif
