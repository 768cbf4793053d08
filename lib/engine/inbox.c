#include "engine/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "cpi/time.h"

void cpi_inbox_init(struct cpi_inbox *inbox)
{
    *inbox = (struct cpi_inbox){ NULL, 0, 0 };
}

void cpi_waiting_clear(struct cpi_waiting *waiting)
{
    for (uint32_t c = 0; c < waiting->n_cells; c++)
        cpi_agg_fini(&waiting->cell[c].agg);
    free(waiting->cell);
    free((char *)waiting->path.at);
    waiting->cell = NULL;
    waiting->n_cells = waiting->cap_cells = 0;
    waiting->path = CPI_ABSENT;
}

void cpi_inbox_step_fini(struct cpi_inbox_step *step)
{
    for (size_t i = 0; i < step->count; i++)
        cpi_waiting_clear(&step->at[i]);
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

static struct cpi_waiting *find(const struct cpi_inbox_step *step, uint32_t entity, uint64_t hash)
{
    for (uint32_t p = cpi_index_first(&step->index, hash); p != CPI_NONE;
         p = cpi_index_next(&step->index, hash, p))
        if (step->at[cpi_index_at(&step->index, p)].entity == entity)
            return &step->at[cpi_index_at(&step->index, p)];
    return NULL;
}

struct cpi_waiting *cpi_inbox_ensure(struct cpi_inbox *inbox, int64_t at, uint32_t entity)
{
    struct cpi_inbox_step *step = ensure_step(inbox, at);
    uint64_t hash = cpi_hash(&entity, sizeof entity);
    struct cpi_waiting *w = find(step, entity, hash);
    step->dirty = true;
    if (!w) {
        step->at = cpi_grow(step->at, step->count, &step->cap, sizeof *step->at);
        w = &step->at[step->count];
        *w = (struct cpi_waiting){ .entity = entity };
        cpi_index_add(&step->index, hash, (uint32_t)step->count++);
    }
    w->dirty = true;
    return w;
}

static struct cpi_agg *ensure_cell(struct cpi_waiting *waiting, const struct cpi_cell *like)
{
    for (uint32_t c = 0; c < waiting->n_cells; c++)
        if (waiting->cell[c].indicator == like->indicator && waiting->cell[c].kind == like->kind &&
            waiting->cell[c].start == like->start)
            return &waiting->cell[c].agg;
    if (waiting->n_cells == waiting->cap_cells) {
        waiting->cap_cells = waiting->cap_cells ? waiting->cap_cells * 2 : 4;
        waiting->cell = cpi_xrealloc(waiting->cell, waiting->cap_cells * sizeof *waiting->cell);
    }
    struct cpi_cell *cell = &waiting->cell[waiting->n_cells++];
    *cell =
        (struct cpi_cell){ .indicator = like->indicator, .kind = like->kind, .start = like->start };
    cpi_agg_init(&cell->agg);
    return &cell->agg;
}

void cpi_waiting_merge(struct cpi_waiting *waiting, const struct cpi_model *model,
                       const struct cpi_cell *cell)
{
    cpi_agg_merge(ensure_cell(waiting, cell), &model->indicator[cell->indicator], &cell->agg);
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
