/* Rows of a changelog of which only the last of each key counts, as a compacted log would have
 * them. Most of what was written since the last compaction is overtaken, and overlooking a row
 * costs a fraction of what applying it does.
 *
 * thread: one owner. */
#ifndef WORKER_LATEST_H
#define WORKER_LATEST_H

#include <stdbool.h>

#include <cpi/hash.h>
#include <cpi/text.h>

struct latest_row {
    uint64_t hash;
    uint32_t at, key_len, value_len;
    bool has_value;
};
struct latest {
    struct cpi_index index; /* from keys to rows, while sifting */
    struct latest_row *row;
    size_t count, cap;
    char *bytes;
    size_t n_bytes, cap_bytes;
};
void latest_init(struct latest *l);
void latest_fini(struct latest *l);
/* Copies the row. */
void latest_put(struct latest *l, struct cpi_text key, struct cpi_text value);
/* Holds as much as it should before the rows are sifted and applied. */
bool latest_is_full(const struct latest *l);
/* Drops all rows but the last of each key; those keep their order. Returns how many are left. */
size_t latest_sift(struct latest *l);
/* Row i; views that hold until the reset. An absent value is a tombstone. */
void latest_at(const struct latest *l, size_t i, struct cpi_text *ret_key,
               struct cpi_text *ret_value);
void latest_reset(struct latest *l);

#endif
