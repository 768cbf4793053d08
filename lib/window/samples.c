#include "window/samples.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

#define BUCKET_MAX ((57 << 6) + 64) /* of INT64_MIN */

static int64_t bucket_of_magnitude(uint64_t v)
{
    if (v < 128)
        return (int64_t)v;
    unsigned e = 63 - (unsigned)__builtin_clzll(v);
    return (int64_t)(((uint64_t)(e - 6) << 6) + (v >> (e - 6)));
}

int64_t cpi_bucket_of(int64_t value)
{
    return value >= 0 ? bucket_of_magnitude((uint64_t)value)
                      : -bucket_of_magnitude(0 - (uint64_t)value);
}

static uint64_t magnitude_low(uint64_t bucket)
{
    if (bucket < 128)
        return bucket;
    unsigned e = (unsigned)(bucket >> 6) + 5;
    return ((bucket & 63) + 64) << (e - 6);
}

static int64_t magnitude_high(uint64_t bucket)
{
    uint64_t next = bucket < 127 ? bucket + 1 : magnitude_low(bucket + 1);
    return next > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)(next - 1);
}

int64_t cpi_bucket_upper(int64_t bucket)
{
    return bucket >= 0 ? magnitude_high((uint64_t)bucket)
                       : (int64_t)(0 - magnitude_low((uint64_t)-bucket));
}

int64_t cpi_bucket_lower(int64_t bucket)
{
    return bucket >= 0 ? (int64_t)magnitude_low((uint64_t)bucket)
                       : -magnitude_high((uint64_t)-bucket);
}

void cpi_samples_init(struct cpi_samples *set)
{
    *set = (struct cpi_samples){ NULL, 0, 0, false };
}

void cpi_samples_fini(struct cpi_samples *set)
{
    free(set->at);
    cpi_samples_init(set);
}

static void add_raw(struct cpi_samples *set, int64_t value, int64_t count)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (set->at[mid].value < value)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < set->count && set->at[low].value == value) {
        set->at[low].count += count;
        if (set->at[low].count == 0) {
            set->count--;
            memmove(set->at + low, set->at + low + 1, (set->count - low) * sizeof *set->at);
        }
        return;
    }
    if (set->count == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 2;
        set->at = cpi_xrealloc(set->at, set->cap * sizeof *set->at);
    }
    memmove(set->at + low + 1, set->at + low, (set->count - low) * sizeof *set->at);
    set->at[low] = (struct cpi_sample){ value, count };
    set->count++;
}

void cpi_samples_add(struct cpi_samples *set, int64_t value, int64_t count)
{
    if (count)
        add_raw(set, set->bucketed ? cpi_bucket_of(value) : value, count);
}

void cpi_samples_bucket(struct cpi_samples *set)
{
    if (set->bucketed)
        return;
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->count; i++) { /* order is kept, so equal buckets are neighbours */
        int64_t bucket = cpi_bucket_of(set->at[i].value);
        if (n && set->at[n - 1].value == bucket)
            set->at[n - 1].count += set->at[i].count;
        else
            set->at[n++] = (struct cpi_sample){ bucket, set->at[i].count };
    }
    set->count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (set->at[i].count)
            set->at[set->count++] = set->at[i];
    set->bucketed = true;
}

void cpi_samples_merge(struct cpi_samples *set, const struct cpi_samples *more)
{
    if (more->bucketed)
        cpi_samples_bucket(set);
    for (uint32_t i = 0; i < more->count; i++) {
        int64_t value = more->at[i].value;
        if (set->bucketed && !more->bucketed)
            value = cpi_bucket_of(value);
        add_raw(set, value, more->at[i].count);
    }
}

void cpi_samples_encode(const struct cpi_samples *set, struct cpi_buf *buf)
{
    int64_t last = 0;
    cpi_buf_put_uint(buf, (uint64_t)set->count << 1 | set->bucketed);
    for (uint32_t i = 0; i < set->count; i++) {
        cpi_buf_put_int(buf, (int64_t)((uint64_t)set->at[i].value - (uint64_t)last));
        cpi_buf_put_int(buf, set->at[i].count);
        last = set->at[i].value;
    }
}

bool cpi_samples_decode(struct cpi_samples *set, struct cpi_reader *r)
{
    uint64_t head = cpi_read_uint(r), n = head >> 1;
    int64_t last = 0;
    if (r->bad || n > cpi_reader_left(r))
        return false;
    set->bucketed = head & 1;
    set->count = 0;
    set->cap = (uint32_t)n;
    set->at = cpi_xrealloc(set->at, (n ? n : 1) * sizeof *set->at);
    for (uint64_t i = 0; i < n; i++) {
        last = (int64_t)((uint64_t)last + (uint64_t)cpi_read_int(r));
        int64_t count = cpi_read_int(r);
        if (r->bad || !count || count < -CPI_COUNT_MAX || count > CPI_COUNT_MAX ||
            (i && last <= set->at[i - 1].value) ||
            (set->bucketed && (last < -BUCKET_MAX || last > BUCKET_MAX)))
            return false;
        set->at[set->count++] = (struct cpi_sample){ last, count };
    }
    return true;
}
