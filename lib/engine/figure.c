#include "engine/figure.h"

#include "cpi/hash.h"

void cpi_figure_init(struct cpi_figure *figure)
{
    *figure = (struct cpi_figure){ .value = { true, 0, 1 } };
    cpi_reading_init(&figure->reading);
    cpi_reading_init(&figure->right);
}

void cpi_figure_fini(struct cpi_figure *figure)
{
    cpi_reading_fini(&figure->reading);
    cpi_reading_fini(&figure->right);
}

struct cpi_value cpi_figure_value(const struct cpi_figure *figure, const struct cpi_model *model,
                                  struct cpi_show show)
{
    const struct cpi_indicator *ind = &model->indicator[figure->indicator];
    if (ind->kind == CPI_DERIVED)
        return show.stat == CPI_STAT_COUNT ? (struct cpi_value){ false, figure->n, 1 }
                                           : figure->value;
    return cpi_value_of(ind, show, &figure->reading, figure->end);
}

static uint64_t hash_own(const struct cpi_figure *figure, const struct cpi_indicator *ind)
{
    const struct cpi_reading *r = &figure->reading;
    int64_t part[6 + 32] = { r->n, r->good, r->sum };
    size_t n = 3;
    if (r->n > 0 && ind->samples) {
        part[n++] = r->min;
        part[n++] = r->max;
        part[n++] = cpi_reading_quantile(r, 50);
        part[n++] = cpi_reading_quantile(r, 90);
    }
    for (size_t i = 0; r->n > 0 && i < ind->n_show && n < sizeof part / sizeof *part; i++) {
        if (ind->show[i].stat == CPI_STAT_QUANTILE)
            part[n++] = cpi_reading_quantile(r, ind->show[i].percent);
        else if (ind->show[i].stat == CPI_STAT_AGE_QUANTILE)
            part[n++] = cpi_reading_age(r, ind->show[i].percent, figure->end);
        else if (ind->show[i].stat == CPI_STAT_AGE_MAX)
            part[n++] = cpi_reading_age(r, 100, figure->end);
    }
    return cpi_hash(part, n * sizeof *part);
}

static int64_t read_side(struct cpi_reading *reading, const struct cpi_model *model,
                         const struct cpi_panes *panes, uint16_t side,
                         const struct cpi_figure *figure, struct cpi_value *ret)
{
    const struct cpi_indicator *ind = &model->indicator[side];
    cpi_reading_read(reading, model, panes, side, figure->start, figure->end);
    *ret = cpi_value_of(ind, ind->show[0], reading, figure->end);
    if (reading->n <= 0) /* a side with n = 0 makes the whole null (J11) */
        ret->null = true;
    return reading->n;
}

static void read_derived(struct cpi_figure *figure, const struct cpi_model *model,
                         const struct cpi_panes *panes, const struct cpi_indicator *ind)
{
    struct cpi_value left, right;
    int64_t n_left = read_side(&figure->reading, model, panes, ind->left, figure, &left);
    int64_t n_right = read_side(&figure->right, model, panes, ind->right, figure, &right);
    figure->n = n_left < n_right ? n_left : n_right;
    figure->any = figure->reading.any || figure->right.any;
    figure->value = cpi_value_derived(left, right, ind->difference);
    int64_t part[] = { n_left, n_right, left.null, right.null };
    __int128 exact[] = { left.num, left.den, right.num, right.den };
    figure->hash = cpi_hash(part, sizeof part) ^ cpi_hash(exact, sizeof exact);
}

void cpi_figure_read(struct cpi_figure *figure, const struct cpi_model *model,
                     struct cpi_calendar *cal, const struct cpi_panes *panes, uint16_t indicator,
                     uint16_t window, int64_t end)
{
    const struct cpi_indicator *ind = &model->indicator[indicator];
    figure->indicator = indicator;
    figure->window = window;
    figure->end = end;
    figure->start = cpi_calendar_start(cal, &model->window[window], end);
    if (ind->kind == CPI_DERIVED) {
        read_derived(figure, model, panes, ind);
        return;
    }
    cpi_reading_read(&figure->reading, model, panes, indicator, figure->start, end);
    figure->n = figure->reading.n;
    figure->any = figure->reading.any;
    figure->value = cpi_value_of(ind, ind->show[0], &figure->reading, end);
    figure->hash = hash_own(figure, ind);
}
