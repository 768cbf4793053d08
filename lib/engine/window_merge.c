/* Facts into panes, and what they change of boundaries that are over (W4). */
#include <stdlib.h>

#include "cpi/alloc.h"
#include "engine/window_stage.h"

/* A figure that the facts at hand may change. */
struct candidate {
    uint16_t indicator, window;
    int64_t end;
    uint64_t hash; /* before */
};
struct candidates {
    struct candidate *at;
    size_t count, cap;
};

static void add_candidate(struct candidates *all, uint16_t indicator, uint16_t window, int64_t end)
{
    for (size_t i = all->count; i-- > 0;)
        if (all->at[i].end == end && all->at[i].indicator == indicator &&
            all->at[i].window == window)
            return;
    all->at = cpi_grow(all->at, all->count, &all->cap, sizeof *all->at);
    all->at[all->count++] = (struct candidate){ indicator, window, end, 0 };
}

static void add_with_derived(struct cpi_window_stage *stage, struct candidates *all,
                             uint16_t indicator, uint16_t window, int64_t end)
{
    const struct cpi_model *model = stage->model;
    add_candidate(all, indicator, window, end);
    for (uint16_t d = 0; d < model->n_indicators; d++) {
        const struct cpi_indicator *ind = &model->indicator[d];
        if (ind->kind != CPI_DERIVED || (ind->left != indicator && ind->right != indicator))
            continue;
        for (size_t o = 0; o < ind->n_over; o++)
            if (ind->over[o] == window)
                add_candidate(all, d, window, end);
    }
}

/* Ends b of the window that contain a pane from `start` on, with b <= known < b + lateness. */
static void add_ends(struct cpi_window_stage *stage, struct candidates *all, uint16_t indicator,
                     uint16_t window, int64_t start, int64_t known)
{
    const struct cpi_window *win = &stage->model->window[window];
    struct cpi_step step = cpi_window_step(win);
    int64_t oldest = known - stage->model->lateness_ms; /* exclusive */
    int64_t from = start > oldest ? start : oldest;
    bool gauge = win->length_ms == 0 && win->length_days == 0;
    for (int64_t b = cpi_calendar_next(&stage->calendar, step, from); b <= known;
         b = cpi_calendar_next(&stage->calendar, step, b)) {
        if (!gauge && cpi_calendar_start(&stage->calendar, win, b) > start)
            break;
        add_with_derived(stage, all, indicator, window, b);
    }
}

static void merge_cell(struct cpi_window_stage *stage, uint32_t e, const struct cpi_cell *cell,
                       int64_t step)
{
    const struct cpi_indicator *ind = &stage->model->indicator[cell->indicator];
    const struct cpi_ladder *ladder = &stage->ladder[cell->indicator];
    int64_t start = cell->start;
    uint8_t rung = 0;
    bool counter = cell->kind == CPI_PANE_PENDING || ind->kind == CPI_OPEN;
    /* by the step, not by when the entity was folded up last: it may have gone and come back */
    if (!cpi_ladder_place(ladder, &stage->calendar, cell->start, step, &start, &rung) ||
        (counter && rung > 0)) {
        if (!counter) { /* no window reaches so far back (W4) */
            stage->counts->too_old_changes++;
            return;
        }
        start = CPI_PANE_BASE;
        rung = 0;
    }
    struct cpi_pane *pane =
        cpi_entities_pane(&stage->entities, e, cell->indicator, cell->kind, start, rung);
    cpi_agg_merge(&pane->agg, ind, &cell->agg);
}

static uint64_t read_hash(struct cpi_window_stage *stage, struct cpi_entity *entity,
                          const struct candidate *c)
{
    cpi_figure_read(&stage->figure, stage->model, &stage->calendar, &entity->panes, c->indicator,
                    c->window, c->end);
    return stage->figure.hash;
}

static void revise(struct cpi_window_stage *stage, struct cpi_entity *entity,
                   const struct candidate *c, int64_t step, struct cpi_outbox *box)
{
    if (read_hash(stage, entity, c) == c->hash)
        return;
    cpi_entity_mark(entity, c->indicator, c->window);
    cpi_entity_forget_revisions(entity, c->indicator, c->window,
                                step - stage->model->lateness_ms - CPI_DAY);
    uint32_t revision = cpi_entity_revise(entity, c->indicator, c->window, c->end);
    struct cpi_step every = cpi_window_step(&stage->model->window[c->window]);
    bool latest = c->end == cpi_calendar_floor(&stage->calendar, every, step);
    stage->counts->revisions++;
    cpi_window_publish(stage, entity, &stage->figure, true, latest, revision, step, box);
}

static int order_candidates(const void *a, const void *b)
{
    const struct candidate *l = a, *r = b;
    if (l->indicator != r->indicator)
        return l->indicator < r->indicator ? -1 : 1;
    if (l->window != r->window)
        return l->window < r->window ? -1 : 1;
    return (l->end > r->end) - (l->end < r->end);
}

/* What waited for one entity at one known step. */
static void merge_entity(struct cpi_window_stage *stage, const struct cpi_waiting *waiting,
                         int64_t known, int64_t step, struct candidates *all,
                         struct cpi_outbox *box)
{
    struct cpi_entity *entity = cpi_entities_get(&stage->entities, waiting->entity);
    all->count = 0;
    for (uint32_t c = 0; c < waiting->n_cells; c++) {
        const struct cpi_cell *cell = &waiting->cell[c];
        const struct cpi_indicator *ind = &stage->model->indicator[cell->indicator];
        for (size_t o = 0; cell->kind == CPI_PANE_WINDOW && o < ind->n_over; o++)
            add_ends(stage, all, cell->indicator, ind->over[o], cell->start, known);
    }
    for (size_t c = 0; c < all->count; c++)
        all->at[c].hash = read_hash(stage, entity, &all->at[c]);
    cpi_entity_set_path(entity, waiting->path);
    for (uint32_t c = 0; c < waiting->n_cells; c++)
        merge_cell(stage, waiting->entity, &waiting->cell[c], step);
    stage->entities.at[waiting->entity].waiting--;
    entity->changed = step;
    stage->entities.at[waiting->entity].due = step;
    entity->idle = false;
    entity->head_dirty = true;
    cpi_entities_touch(&stage->entities, waiting->entity);
    if (all->count > 1)
        qsort(all->at, all->count, sizeof *all->at, order_candidates);
    for (size_t c = 0; c < all->count; c++)
        revise(stage, entity, &all->at[c], step, box);
}

static int order_waiting(const void *a, const void *b, void *arg)
{
    const struct cpi_window_stage *stage = arg;
    const struct cpi_seat *l = &stage->entities.at[((const struct cpi_waiting *)a)->entity];
    const struct cpi_seat *r = &stage->entities.at[((const struct cpi_waiting *)b)->entity];
    return cpi_text_order((struct cpi_text){ l->key, l->key_len },
                          (struct cpi_text){ r->key, r->key_len });
}

void cpi_window_merge(struct cpi_window_stage *stage, int64_t step, struct cpi_outbox *box)
{
    struct candidates all = { NULL, 0, 0 };
    while (cpi_inbox_first(&stage->inbox) < step) {
        struct cpi_inbox_step taken = cpi_inbox_take(&stage->inbox);
        if (taken.count > 1)
            qsort_r(taken.at, taken.count, sizeof *taken.at, order_waiting, stage);
        for (size_t i = 0; i < taken.count; i++) {
            cpi_window_inbox_gone(stage, taken.step, &taken.at[i]);
            merge_entity(stage, &taken.at[i], taken.step, step, &all, box);
        }
        cpi_inbox_step_fini(&taken);
    }
    free(all.at);
}
