#include "cpi/hash.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "cpi/alloc.h"

uint64_t cpi_hash(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

struct cpi_hash128 cpi_hash128(const void *bytes, size_t len)
{
    XXH128_hash_t h = XXH3_128bits(bytes, len);
    return (struct cpi_hash128){ h.low64, h.high64 };
}

uint32_t cpi_hash_name(struct cpi_text name)
{
    return (uint32_t)cpi_hash(name.at, name.len);
}

void cpi_index_init(struct cpi_index *ix)
{
    *ix = (struct cpi_index){ NULL, 0, 0 };
}

void cpi_index_fini(struct cpi_index *ix)
{
    free(ix->slot);
    cpi_index_init(ix);
}

void cpi_index_clear(struct cpi_index *ix)
{
    if (ix->count)
        memset(ix->slot, 0xFF, ((size_t)ix->mask + 1) * sizeof *ix->slot);
    ix->count = 0;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

static uint32_t walk(const struct cpi_index *ix, uint32_t tag, uint32_t place)
{
    for (;; place = (place + 1) & ix->mask) {
        if (ix->slot[place].value == CPI_NONE)
            return CPI_NONE;
        if (ix->slot[place].tag == tag)
            return place;
    }
}

uint32_t cpi_index_first(const struct cpi_index *ix, uint64_t hash)
{
    return ix->slot ? walk(ix, tag_of(hash), tag_of(hash) & ix->mask) : CPI_NONE;
}

uint32_t cpi_index_next(const struct cpi_index *ix, uint64_t hash, uint32_t place)
{
    return walk(ix, tag_of(hash), (place + 1) & ix->mask);
}

static void put(struct cpi_index *ix, uint32_t tag, uint32_t value)
{
    uint32_t place = tag & ix->mask;
    while (ix->slot[place].value != CPI_NONE)
        place = (place + 1) & ix->mask;
    ix->slot[place] = (struct cpi_index_slot){ tag, value };
}

static void grow(struct cpi_index *ix)
{
    struct cpi_index_slot *old = ix->slot;
    size_t n_old = old ? (size_t)ix->mask + 1 : 0;
    size_t n = old ? n_old * 2 : 16;
    ix->slot = cpi_xmalloc(n * sizeof *ix->slot);
    ix->mask = (uint32_t)(n - 1);
    memset(ix->slot, 0xFF, n * sizeof *ix->slot);
    for (size_t i = 0; i < n_old; i++)
        if (old[i].value != CPI_NONE)
            put(ix, old[i].tag, old[i].value);
    free(old);
}

void cpi_index_add(struct cpi_index *ix, uint64_t hash, uint32_t value)
{
    if (!ix->slot || ix->count >= (ix->mask + 1) / 4 * 3)
        grow(ix);
    put(ix, tag_of(hash), value);
    ix->count++;
}

bool cpi_index_take(struct cpi_index *ix, uint64_t hash, uint32_t value)
{
    uint32_t place = cpi_index_first(ix, hash);
    while (place != CPI_NONE && ix->slot[place].value != value)
        place = cpi_index_next(ix, hash, place);
    if (place == CPI_NONE)
        return false;
    /* Move later members of the run back, so that no gap breaks a probe (Knuth 6.4 R). */
    uint32_t gap = place;
    for (uint32_t i = (gap + 1) & ix->mask; ix->slot[i].value != CPI_NONE; i = (i + 1) & ix->mask) {
        uint32_t home = ix->slot[i].tag & ix->mask;
        if (((i - home) & ix->mask) >= ((i - gap) & ix->mask)) {
            ix->slot[gap] = ix->slot[i];
            gap = i;
        }
    }
    ix->slot[gap].value = CPI_NONE;
    ix->count--;
    return true;
}
