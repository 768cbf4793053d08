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

#define HEAD_BYTES_MAX (1 + 4 * CPI_UINT_BYTES_MAX)

/* All of a pane but an aggregate as a whole; returns the place behind it. A block begins with its
 * start as it is; the others say how far they are from the one before. */
static uint8_t *write_pane(uint8_t *p, const struct cpi_pane *pane, bool first, int64_t last)
{
    const struct cpi_agg *agg = &pane->agg;
    uint64_t distance = (uint64_t)pane->start - (uint64_t)last;
    bool minutes = !first && distance % MINUTE == 0, plain = is_plain(agg);
    uint8_t flags = pane->rung;
    flags = (uint8_t)(flags | (minutes ? MINUTES : 0) | (plain ? 0 : WHOLE) |
                      (plain && agg->good ? GOOD : 0) | (plain && agg->sum ? SUM : 0));
    *p++ = flags;
    p = cpi_write_uint(p, first ? cpi_zigzag(pane->start) : minutes ? distance / MINUTE : distance);
    if (!plain)
        return p;
    p = cpi_write_uint(p, agg->gross);
    if (flags & GOOD)
        p = cpi_write_uint(p, cpi_zigzag(agg->good));
    if (flags & SUM)
        p = cpi_write_uint(p, cpi_zigzag(agg->sum));
    return p;
}

static struct cpi_packed *ensure_room(struct cpi_packed *packed, size_t bytes)
{
    uint32_t len = packed ? packed->len : 0;
    if (packed && packed->cap - len >= bytes)
        return packed;
    size_t cap = len + bytes + len / 16;
    struct cpi_packed *grown = cpi_xrealloc(packed, sizeof *packed + cap);
    if (!packed)
        *grown = (struct cpi_packed){ 0 };
    grown->cap = (uint32_t)cap;
    return grown;
}

static struct cpi_packed *add_bytes(struct cpi_packed *packed, const void *bytes, size_t len)
{
    packed = ensure_room(packed, len);
    memcpy(packed->bytes + packed->len, bytes, len);
    packed->len += (uint32_t)len;
    return packed;
}

static void add_block(struct cpi_packed *packed, int64_t start)
{
    uint32_t n = n_blocks(packed);
    packed->block = cpi_xrealloc(packed->block, (n + 1) * sizeof *packed->block);
    packed->block[n] = (struct cpi_packed_block){ start, packed->len };
}

struct cpi_packed *cpi_packed_add(struct cpi_packed *packed, const struct cpi_pane *pane)
{
    bool first = !packed || packed->count % CPI_PACKED_BLOCK == 0;
    uint8_t head[HEAD_BYTES_MAX];
    assert(!packed || pane->start > packed->last);
    assert(pane->rung <= RUNG);
    size_t len = (size_t)(write_pane(head, pane, first, packed ? packed->last : 0) - head);
    if (first && packed)
        add_block(packed, pane->start);
    packed = add_bytes(packed, head, len);
    if (!is_plain(&pane->agg)) {
        struct cpi_buf whole;
        cpi_buf_init(&whole);
        cpi_agg_encode(&pane->agg, &whole);
        packed = add_bytes(packed, whole.at, whole.len);
        cpi_buf_fini(&whole);
    }
    packed->count++;
    packed->last = pane->start;
    packed->pending += pane->agg.pending;
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

struct cpi_packed *cpi_packed_cut(struct cpi_packed *packed, int64_t start)
{
    struct cpi_packed_reader reader =
        cpi_packed_read(packed, start > INT64_MIN ? start - 1 : start);
    struct cpi_pane pane = { 0 };
    uint32_t count = 0, len = 0;
    int64_t last = 0;
    while (reader.next < packed->count) {
        read_pane(&reader, &pane);
        if (pane.start >= start) {
            packed->pending -= pane.agg.pending;
            continue;
        }
        count = reader.next;
        len = (uint32_t)(reader.bytes.at - packed->bytes);
        last = pane.start;
    }
    cpi_agg_fini(&pane.agg);
    if (!count) {
        cpi_packed_free(packed);
        return NULL;
    }
    packed->count = count;
    packed->len = len;
    packed->last = last;
    return packed;
}

void cpi_packed_encode(const struct cpi_packed *packed, struct cpi_buf *buf)
{
    uint32_t blocks = packed ? n_blocks(packed) : 0;
    cpi_buf_put_uint(buf, packed ? packed->count : 0);
    if (!packed)
        return;
    cpi_buf_put_uint(buf, packed->len);
    cpi_buf_add(buf, packed->bytes, packed->len);
    cpi_buf_put_int(buf, packed->last);
    cpi_buf_put_int(buf, packed->pending);
    for (uint32_t b = 0; b < blocks; b++) {
        cpi_buf_put_int(buf, packed->block[b].start);
        cpi_buf_put_uint(buf, packed->block[b].at);
    }
}

struct cpi_packed *cpi_packed_decode(struct cpi_reader *r)
{
    uint32_t count = (uint32_t)cpi_read_uint(r);
    if (!count)
        return NULL;
    struct cpi_text bytes = cpi_read_bytes(r, cpi_read_uint(r));
    struct cpi_packed *packed = add_bytes(NULL, bytes.at, bytes.len);
    packed->count = count;
    packed->last = cpi_read_int(r);
    packed->pending = cpi_read_int(r);
    uint32_t blocks = n_blocks(packed);
    packed->block = blocks ? cpi_xcalloc(blocks, sizeof *packed->block) : NULL;
    for (uint32_t b = 0; b < blocks; b++) {
        packed->block[b].start = cpi_read_int(r);
        packed->block[b].at = (uint32_t)cpi_read_uint(r);
    }
    return packed;
}
