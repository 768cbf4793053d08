#include "engine/slots.h"

#include <stdlib.h>

#include "cpi/alloc.h"
#include "cpi/hash.h"
#include "cpi/time.h"

void cpi_slots_init(struct cpi_slots *slots)
{
    *slots = (struct cpi_slots){ .missing = true };
}

void cpi_slots_fini(struct cpi_slots *slots)
{
    free(slots->at);
    cpi_slots_init(slots);
}

void cpi_slots_update(struct cpi_slots *slots, const struct cpi_slot *slot)
{
    for (size_t i = 0; i < slots->count; i++) {
        struct cpi_slot *have = &slots->at[i];
        if (have->stage != slot->stage || have->origin != slot->origin ||
            have->partition != slot->partition)
            continue;
        if (slot->w > have->w)
            have->w = slot->w;
        if (slot->count > have->count)
            have->count = slot->count;
        if (slot->first < have->first)
            have->first = slot->first;
        return;
    }
    slots->at = cpi_grow(slots->at, slots->count, &slots->cap, sizeof *slots->at);
    slots->at[slots->count++] = *slot;
}

/* The minimum over the partitions of one topic, or of the tasks (origin 0); false if one is
 * missing. */
static bool min_of(struct cpi_slots *slots, enum cpi_stage stage, uint32_t origin,
                   uint32_t least_count, int64_t *w)
{
    uint32_t count = least_count, seen = 0;
    for (size_t i = 0; i < slots->count; i++) {
        const struct cpi_slot *slot = &slots->at[i];
        if (slot->stage != stage || slot->origin != origin)
            continue;
        seen += slot->w != CPI_TIME_NONE;
        if (slot->count > count)
            count = slot->count;
        if (slot->w < *w) {
            *w = slot->w;
            slots->lowest = *slot;
        }
    }
    if (seen >= count)
        return true;
    for (uint32_t p = 0; p < count; p++) { /* name the first one that has not reported */
        size_t i = 0;
        while (i < slots->count && (slots->at[i].stage != stage || slots->at[i].origin != origin ||
                                    slots->at[i].partition != p || slots->at[i].w == CPI_TIME_NONE))
            i++;
        if (i == slots->count) {
            slots->lowest =
                (struct cpi_slot){ stage, origin, p, count, CPI_TIME_NONE, CPI_TIME_END };
            break;
        }
    }
    slots->missing = true;
    return false;
}

int64_t cpi_slots_min_sources(struct cpi_slots *slots, const struct cpi_model *model)
{
    int64_t w = CPI_TIME_END;
    slots->missing = false;
    for (size_t s = 0; s < model->n_sources; s++)
        for (size_t t = 0; t < model->source[s].n_topics; t++)
            if (!min_of(slots, CPI_STAGE_SOURCE, cpi_hash_name(model->source[s].topic[t]), 1, &w))
                return CPI_TIME_NONE;
    return w;
}

int64_t cpi_slots_min_tasks(struct cpi_slots *slots, enum cpi_stage stage, uint32_t tasks)
{
    int64_t w = CPI_TIME_END;
    slots->missing = false;
    return min_of(slots, stage, 0, tasks, &w) ? w : CPI_TIME_NONE;
}

int64_t cpi_slots_first(const struct cpi_slots *slots)
{
    int64_t first = CPI_TIME_END;
    for (size_t i = 0; i < slots->count; i++)
        if (slots->at[i].first < first)
            first = slots->at[i].first;
    return first;
}

void cpi_slots_encode(const struct cpi_slots *slots, struct cpi_buf *buf)
{
    cpi_buf_put_uint(buf, slots->count);
    for (size_t i = 0; i < slots->count; i++)
        cpi_slot_encode(&slots->at[i], buf);
}

bool cpi_slots_decode(struct cpi_slots *slots, struct cpi_reader *r)
{
    uint64_t count = cpi_read_uint(r);
    slots->count = 0;
    for (uint64_t i = 0; i < count && !r->bad; i++) {
        struct cpi_slot slot;
        cpi_slot_decode(&slot, r);
        r->bad |= slot.w == CPI_TIME_END; /* only files have an end, and no changelog */
        if (!r->bad)
            cpi_slots_update(slots, &slot);
    }
    return !r->bad;
}
