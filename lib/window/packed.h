/* Panes at rest, as bytes: a count takes 3 to 4 of them, a share or a sum some more, where a pane
 * in memory takes 80. They are written once, in ascending order, and read from the front of a
 * block; to change one it and all behind it are taken off.
 *
 * Stored: a byte of flags with the rung; the start as the distance from the one before, in minutes
 * where it is a whole number of them; then n, good and sum where that is all there is, else the
 * aggregate as cpi_agg_encode writes it. */
#ifndef CPI_WINDOW_PACKED_H
#define CPI_WINDOW_PACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "window/agg.h"

struct cpi_pane {
    int64_t start;
    struct cpi_agg agg;
    uint8_t rung;
};

#define CPI_PACKED_BLOCK 32 /* panes of a block: where reading can begin */
struct cpi_packed_block {
    int64_t start; /* of its first pane, which stands alone: no distance */
    uint32_t at;
};
struct cpi_packed {
    uint32_t count, len, cap;
    int64_t last;                   /* the start of the last pane */
    int64_t pending;                /* of all panes together */
    struct cpi_packed_block *block; /* those behind the first, which begins at byte 0 */
    uint8_t bytes[];
};
void cpi_packed_free(struct cpi_packed *packed);
/* Behind what is there (its start is larger); `packed` may be NULL. Takes nothing over. */
struct cpi_packed *cpi_packed_add(struct cpi_packed *packed, const struct cpi_pane *pane);
/* Leaves what lies before `start`, and nothing (NULL) if that is no pane. */
struct cpi_packed *cpi_packed_cut(struct cpi_packed *packed, int64_t start);
/* All of it, NULL too, and back. */
void cpi_packed_encode(const struct cpi_packed *packed, struct cpi_buf *buf);
struct cpi_packed *cpi_packed_decode(struct cpi_reader *r);
/* Bytes of memory. */
uint64_t cpi_packed_bytes(const struct cpi_packed *packed);

/* Reads from the first pane whose start is at or after `from`. */
struct cpi_packed_reader {
    const struct cpi_packed *packed;
    struct cpi_reader bytes;
    uint32_t next;
    int64_t from, last;
};
struct cpi_packed_reader cpi_packed_read(const struct cpi_packed *packed, int64_t from);
/* The next pane, into an initialised `pane` whose aggregate is replaced; false at the end. */
bool cpi_packed_next(struct cpi_packed_reader *reader, struct cpi_pane *pane);

#endif
