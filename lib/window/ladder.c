#include "window/ladder.h"

#include <stddef.h>

static int64_t divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The pane step with which a window can be read exactly. */
static struct cpi_step pane_step(const struct cpi_model *model, const struct cpi_window *window)
{
    if (window->every_days)
        return (struct cpi_step){ 0, 1 };
    return (struct cpi_step){ divisor(window->every_ms, model->zone_hour_ms), 0 };
}

/* How far back from the cursor some boundary of the window still reaches. */
static int64_t reach(const struct cpi_model *model, const struct cpi_indicator *ind,
                     const struct cpi_window *window)
{
    /* local days may have 25 hours */
    int64_t length = window->length_days ? (int64_t)window->length_days * CPI_DAY + CPI_HOUR * 2
                                         : window->length_ms;
    return length * (ind->compare_previous ? 2 : 1) + model->lateness_ms + window->every_ms +
           (int64_t)window->every_days * (CPI_DAY + CPI_HOUR * 2);
}

static void add_rung(struct cpi_ladder *ladder, struct cpi_step step)
{
    const struct cpi_step *last = ladder->count ? &ladder->rung[ladder->count - 1].step : NULL;
    if (last && (last->every_days || (!step.every_days && step.every_ms == last->every_ms)))
        return;
    if (last && !step.every_days && step.every_ms % last->every_ms)
        return;
    if (ladder->count < CPI_LADDER_MAX)
        ladder->rung[ladder->count++] = (struct cpi_rung){ step, 0 };
}

struct cpi_ladder cpi_ladder_of(const struct cpi_model *model, const struct cpi_indicator *ind)
{
    struct cpi_ladder ladder = { .count = 0 };
    int64_t finest = 0, hour = model->zone_hour_ms;
    bool hours = false, days = false;
    if (ind->kind == CPI_DERIVED || !ind->n_over)
        return ladder;
    for (size_t i = 0; i < ind->n_over; i++) {
        struct cpi_step step = pane_step(model, &model->window[ind->over[i]]);
        days |= step.every_days > 0;
        hours |= step.every_ms == hour;
        if (!step.every_days)
            finest = divisor(step.every_ms, finest);
    }
    if (finest)
        add_rung(&ladder, (struct cpi_step){ finest, 0 });
    if (hours)
        add_rung(&ladder, (struct cpi_step){ hour, 0 });
    if (days)
        add_rung(&ladder, (struct cpi_step){ 0, 1 });
    for (unsigned r = 0; r < ladder.count; r++) {
        struct cpi_rung *rung = &ladder.rung[r];
        bool last = r + 1 == ladder.count;
        for (size_t i = 0; i < ind->n_over; i++) {
            const struct cpi_window *window = &model->window[ind->over[i]];
            struct cpi_step step = pane_step(model, window);
            const struct cpi_step *coarser = last ? NULL : &ladder.rung[r + 1].step;
            /* a window that the coarser panes serve as well does not hold the finer ones, except
             * for what its latest boundaries may still cut: one coarser pane, which folding waits
             * for */
            bool served = coarser && (step.every_days || (!coarser->every_days &&
                                                          step.every_ms % coarser->every_ms == 0));
            int64_t need = served ? 0 : reach(model, ind, window);
            if (need > rung->keep_ms)
                rung->keep_ms = need;
        }
        if (ind->kind == CPI_OPEN)
            rung->keep_ms = model->lateness_ms + 2 * CPI_DAY;
    }
    return ladder;
}
