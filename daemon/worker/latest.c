#include "worker/latest.h"

#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>

#define FULL_BYTES ((size_t)32 << 20)

void latest_init(struct latest *l)
{
    *l = (struct latest){ .row = NULL };
    cpi_index_init(&l->index);
}

void latest_fini(struct latest *l)
{
    cpi_index_fini(&l->index);
    free(l->row);
    free(l->bytes);
}

void latest_reset(struct latest *l)
{
    l->count = l->n_bytes = 0;
}

static void bytes_add(struct latest *l, struct cpi_text t)
{
    size_t need = l->n_bytes + t.len;
    if (need > l->cap_bytes) {
        l->cap_bytes = need + need / 2 + 65536;
        l->bytes = cpi_xrealloc(l->bytes, l->cap_bytes);
    }
    if (t.len > 0)
        memcpy(l->bytes + l->n_bytes, t.at, t.len);
    l->n_bytes = need;
}

void latest_put(struct latest *l, struct cpi_text key, struct cpi_text value)
{
    l->row = cpi_grow(l->row, l->count, &l->cap, sizeof *l->row);
    l->row[l->count++] = (struct latest_row){ cpi_hash_text(key), (uint32_t)l->n_bytes, key.len,
                                              value.len, value.at != NULL };
    bytes_add(l, key);
    bytes_add(l, value);
}

bool latest_is_full(const struct latest *l)
{
    return l->n_bytes >= FULL_BYTES;
}

static bool is_known(const struct latest *l, const struct latest_row *row)
{
    for (uint32_t p = cpi_index_first(&l->index, row->hash); p != CPI_NONE;
         p = cpi_index_next(&l->index, row->hash, p)) {
        const struct latest_row *later = &l->row[cpi_index_at(&l->index, p)];
        if (later->hash == row->hash && later->key_len == row->key_len &&
            memcmp(l->bytes + later->at, l->bytes + row->at, row->key_len) == 0)
            return true;
    }
    return false;
}

/* From the last row to the first: what was met already has a later row. */
size_t latest_sift(struct latest *l)
{
    size_t first = l->count;
    cpi_index_clear(&l->index);
    for (size_t i = l->count; i-- > 0;) {
        if (is_known(l, &l->row[i]))
            continue;
        l->row[--first] = l->row[i];
        cpi_index_add(&l->index, l->row[first].hash, (uint32_t)first);
    }
    l->count -= first;
    if (first > 0)
        memmove(l->row, l->row + first, l->count * sizeof *l->row);
    return l->count;
}

void latest_at(const struct latest *l, size_t i, struct cpi_text *ret_key,
               struct cpi_text *ret_value)
{
    const struct latest_row *row = &l->row[i];
    *ret_key = (struct cpi_text){ l->bytes + row->at, row->key_len };
    *ret_value = row->has_value
                     ? (struct cpi_text){ l->bytes + row->at + row->key_len, row->value_len }
                     : CPI_ABSENT;
}
