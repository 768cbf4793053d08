#include "engine/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/time.h"

void cpi_inbox_init(struct cpi_inbox *inbox)
{
    *inbox = (struct cpi_inbox){ NULL, 0, 0 };
}

void cpi_inbox_step_fini(struct cpi_inbox_step *step)
{
    for (size_t i = 0; i < step->count; i++) {
        cpi_agg_fini(&step->at[i].cell.agg);
        free((char *)step->at[i].path.at);
    }
    free(step->at);
    cpi_index_fini(&step->index);
}

void cpi_inbox_fini(struct cpi_inbox *inbox)
{
    for (size_t s = 0; s < inbox->count; s++)
        cpi_inbox_step_fini(&inbox->step[s]);
    free(inbox->step);
}

static struct cpi_inbox_step *ensure_step(struct cpi_inbox *inbox, int64_t at)
{
    size_t s = inbox->count;
    while (s && inbox->step[s - 1].step >= at)
        s--;
    if (s < inbox->count && inbox->step[s].step == at)
        return &inbox->step[s];
    inbox->step = cpi_grow(inbox->step, inbox->count, &inbox->cap, sizeof *inbox->step);
    memmove(inbox->step + s + 1, inbox->step + s, (inbox->count - s) * sizeof *inbox->step);
    inbox->count++;
    inbox->step[s] = (struct cpi_inbox_step){ .step = at };
    cpi_index_init(&inbox->step[s].index);
    return &inbox->step[s];
}

struct cpi_waiting *cpi_inbox_ensure(struct cpi_inbox *inbox, int64_t at, uint32_t entity,
                                     uint16_t indicator, uint8_t kind, int64_t start)
{
    struct cpi_inbox_step *step = ensure_step(inbox, at);
    const uint64_t place[2] = { (uint64_t)entity << 32 | (uint64_t)indicator << 8 | kind,
                                (uint64_t)start };
    uint64_t hash = cpi_hash(place, sizeof place);
    step->dirty = true;
    for (uint32_t p = cpi_index_first(&step->index, hash); p != CPI_NONE;
         p = cpi_index_next(&step->index, hash, p)) {
        struct cpi_waiting *w = &step->at[cpi_index_at(&step->index, p)];
        if (w->entity == entity && w->cell.indicator == indicator && w->cell.kind == kind &&
            w->cell.start == start) {
            w->dirty = true;
            return w;
        }
    }
    step->at = cpi_grow(step->at, step->count, &step->cap, sizeof *step->at);
    struct cpi_waiting *w = &step->at[step->count];
    *w = (struct cpi_waiting){ .entity = entity,
                               .dirty = true,
                               .cell = { .indicator = indicator, .kind = kind, .start = start } };
    cpi_agg_init(&w->cell.agg);
    cpi_index_add(&step->index, hash, (uint32_t)step->count++);
    return w;
}

void cpi_waiting_set_path(struct cpi_waiting *waiting, struct cpi_text path)
{
    if (!path.len)
        return;
    free((char *)waiting->path.at);
    waiting->path = (struct cpi_text){ cpi_xtextdup(path), path.len };
}

int64_t cpi_inbox_first(const struct cpi_inbox *inbox)
{
    return inbox->count ? inbox->step[0].step : CPI_TIME_END;
}

struct cpi_inbox_step cpi_inbox_take(struct cpi_inbox *inbox)
{
    struct cpi_inbox_step first = inbox->step[0];
    inbox->count--;
    memmove(inbox->step, inbox->step + 1, inbox->count * sizeof *inbox->step);
    return first;
}
