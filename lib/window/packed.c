#include "window/packed.h"

#include <assert.h>
#include <stdlib.h>

#include "cpi/alloc.h"

#define MINUTE INT64_C(60000)
enum {
    RUNG = 3, /* the two lowest bits */
    GOOD = 4,
    SUM = 8,
    MINUTES = 16,
    WHOLE = 32, /* all of an aggregate */
};

void cpi_packed_free(struct cpi_packed *packed)
{
    if (!packed)
        return;
    free(packed->block);
    free(packed);
}

static uint32_t n_blocks(const struct cpi_packed *packed)
{
    return packed->count ? (packed->count - 1) / CPI_PACKED_BLOCK : 0;
}

uint64_t cpi_packed_bytes(const struct cpi_packed *packed)
{
    return packed ? sizeof *packed + packed->cap + n_blocks(packed) * sizeof *packed->block : 0;
}

static bool is_plain(const struct cpi_agg *agg)
{
    return !agg->extra && !agg->minus && !agg->excluded && !agg->pending && agg->n >= 0 &&
           (uint64_t)agg->n == agg->gross;
}

static void put_agg(struct cpi_buf *buf, const struct cpi_agg *agg, uint8_t flags)
{
    if (flags & WHOLE) {
        cpi_agg_encode(agg, buf);
        return;
    }
    cpi_buf_put_uint(buf, agg->gross);
    if (flags & GOOD)
        cpi_buf_put_int(buf, agg->good);
    if (flags & SUM)
        cpi_buf_put_int(buf, agg->sum);
}

/* A block begins with its start as it is; the others say how far they are from the one before. */
static void put_pane(struct cpi_buf *buf, const struct cpi_pane *pane, bool first, int64_t last)
{
    uint64_t distance = (uint64_t)pane->start - (uint64_t)last;
    bool minutes = !first && distance % MINUTE == 0, plain = is_plain(&pane->agg);
    uint8_t flags = pane->rung;
    flags = (uint8_t)(flags | (minutes ? MINUTES : 0) | (plain ? 0 : WHOLE) |
                      (plain && pane->agg.good ? GOOD : 0) | (plain && pane->agg.sum ? SUM : 0));
    cpi_buf_add_byte(buf, flags);
    if (first)
        cpi_buf_put_int(buf, pane->start);
    else
        cpi_buf_put_uint(buf, minutes ? distance / MINUTE : distance);
    put_agg(buf, &pane->agg, flags);
}

static struct cpi_packed *ensure_room(struct cpi_packed *packed, size_t bytes)
{
    uint32_t len = packed ? packed->len : 0;
    if (packed && packed->cap - len >= bytes)
        return packed;
    size_t cap = len + bytes + len / 8;
    struct cpi_packed *grown = cpi_xrealloc(packed, sizeof *packed + cap);
    if (!packed)
        *grown = (struct cpi_packed){ 0 };
    grown->cap = (uint32_t)cap;
    return grown;
}

struct cpi_packed *cpi_packed_add(struct cpi_packed *packed, const struct cpi_pane *pane)
{
    bool first = !packed || packed->count % CPI_PACKED_BLOCK == 0;
    struct cpi_buf buf;
    assert(!packed || pane->start > packed->last);
    assert(pane->rung <= RUNG && !pane->dirty);
    cpi_buf_init(&buf);
    put_pane(&buf, pane, first, packed ? packed->last : 0);
    packed = ensure_room(packed, buf.len);
    if (first && packed->count) {
        uint32_t n = n_blocks(packed);
        packed->block = cpi_xrealloc(packed->block, (n + 1) * sizeof *packed->block);
        packed->block[n] = (struct cpi_packed_block){ pane->start, packed->len };
    }
    memcpy(packed->bytes + packed->len, buf.at, buf.len);
    packed->len += (uint32_t)buf.len;
    packed->count++;
    packed->last = pane->start;
    cpi_buf_fini(&buf);
    return packed;
}

struct cpi_packed_reader cpi_packed_read(const struct cpi_packed *packed, int64_t from)
{
    uint32_t block = 0, blocks = packed ? n_blocks(packed) : 0;
    uint32_t low = 0, high = blocks; /* the last block that begins at or before `from` */
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (packed->block[mid].start <= from) {
            block = mid + 1;
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    struct cpi_packed_reader reader = { packed, { 0 }, block * CPI_PACKED_BLOCK, from, 0 };
    if (packed) {
        uint32_t at = block ? packed->block[block - 1].at : 0;
        reader.bytes = cpi_reader_of(packed->bytes + at, packed->len - at);
    }
    return reader;
}

static void read_agg(struct cpi_reader *bytes, uint8_t flags, struct cpi_agg *agg)
{
    if (agg->extra || flags & WHOLE)
        cpi_agg_fini(agg);
    if (flags & WHOLE) {
        bool fine = cpi_agg_decode(agg, bytes);
        assert(fine);
        (void)fine;
        return;
    }
    *agg = (struct cpi_agg){ .gross = (uint32_t)cpi_read_uint(bytes) };
    agg->n = agg->gross;
    agg->good = flags & GOOD ? cpi_read_int(bytes) : 0;
    agg->sum = flags & SUM ? cpi_read_int(bytes) : 0;
}

static void read_pane(struct cpi_packed_reader *reader, struct cpi_pane *pane)
{
    struct cpi_reader *bytes = &reader->bytes;
    uint8_t flags = cpi_read_byte(bytes);
    if (reader->next % CPI_PACKED_BLOCK == 0)
        pane->start = cpi_read_int(bytes);
    else
        pane->start = (int64_t)((uint64_t)reader->last +
                                cpi_read_uint(bytes) * (flags & MINUTES ? MINUTE : 1));
    pane->rung = flags & RUNG;
    pane->dirty = false;
    read_agg(bytes, flags, &pane->agg);
    reader->last = pane->start;
    reader->next++;
}

bool cpi_packed_next(struct cpi_packed_reader *reader, struct cpi_pane *pane)
{
    while (reader->packed && reader->next < reader->packed->count) {
        read_pane(reader, pane);
        if (pane->start >= reader->from)
            return true;
    }
    return false;
}
