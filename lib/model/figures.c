#include <string.h>

#include "model/build.h"

/* ---- over ---- */
static void add_over(const struct subject *s, struct cpi_indicator *ind, struct cpi_text_at text)
{
    uint16_t window = build_window_name(s, text.at, "over", text.text);
    if (window == CPI_NO_INDEX)
        return;
    for (size_t i = 0; i < ind->n_over; i++)
        if (ind->over[i] == window) {
            say(s, text.at, "over", "\"%s\" stands twice; keep one", text.text);
            return;
        }
    ind->over[ind->n_over++] = window;
    s->b->window_used[window] = true;
}

static void build_over(const struct subject *s, const struct cpi_indicator_spec *spec,
                       struct cpi_indicator *ind)
{
    ind->over = cpi_arena_take(s->b->arena, (spec->over.count + 1) * sizeof *ind->over);
    if (ind->kind == CPI_OPEN) {
        const struct cpi_int_spec *every = &spec->every_ms;
        if (!is_given(every->at))
            say(s, spec->at, "every", "is missing; how often is it read? want such as \"15m\"");
        else if (every->set && CPI_DAY % every->value != 0 && every->value % CPI_DAY != 0)
            say(s, every->at, "every",
                "must divide 24h or be whole days, such as \"15m\" or \"1h\"");
        else if (every->set)
            s->b->window_used[ind->over[ind->n_over++] = ensure_now(s->b, every->value)] = true;
        return;
    }
    for (size_t i = 0; i < spec->over.count; i++)
        add_over(s, ind, spec->over.item[i]);
    if (!is_given(spec->over.at))
        say(s, spec->at, "over", "is missing; name the windows, such as over = \"week\"");
    else if (spec->over.set && spec->over.count == 0)
        say(s, spec->over.at, "over", "is empty; name a window");
}

/* ---- show ---- */
static void default_show(struct build *b, struct cpi_indicator *ind)
{
    ind->show = cpi_arena_take(b->arena, 2 * sizeof *ind->show);
    ind->n_show = 1;
    if (ind->share) {
        ind->show[0].stat = CPI_STAT_SHARE;
    } else if (ind->kind == CPI_TALLY) {
        ind->show[0].stat = CPI_STAT_MEAN;
    } else if (ind->amount) {
        ind->show[0] = (struct cpi_show){ CPI_STAT_QUANTILE, 50 };
        ind->show[1] = (struct cpi_show){ CPI_STAT_QUANTILE, 90 };
        ind->n_show = 2;
    } else {
        ind->show[0].stat = CPI_STAT_COUNT;
    }
}

static void build_show(const struct subject *s, const struct cpi_indicator_spec *spec,
                       struct cpi_indicator *ind)
{
    struct build *b = s->b;
    const char *choice = ind->kind == CPI_OPEN ? "count, age.p1 to age.p99, age.max"
                         : ind->amount         ? "count, sum, mean, min, max, p1 to p99"
                         : ind->share          ? "share, count"
                                               : "count";
    struct cpi_show *show = cpi_arena_take(b->arena, (spec->show.count + 1) * sizeof *show);
    size_t n = 0;
    for (size_t i = 0; i < spec->show.count; i++) {
        struct cpi_text_at item = spec->show.item[i];
        if (stat_parse(cpi_text_of(item.text), &show[n]) && has_stat(ind, show[n]))
            n++;
        else
            say(s, item.at, "show", "\"%s\" is no figure of %s; want %s", item.text,
                kind_key(ind->kind), choice);
    }
    if (spec->show.set && spec->show.count == 0)
        say(s, spec->show.at, "show", "is empty; want %s", choice);
    if (n) {
        ind->show = show;
        ind->n_show = n;
    } else {
        default_show(b, ind);
    }
}

void build_figures(const struct subject *s, const struct cpi_indicator_spec *spec,
                   struct cpi_indicator *ind)
{
    if (ind->kind != CPI_DERIVED) {
        build_over(s, spec, ind);
        build_show(s, spec, ind);
    }
    ind->compare_previous = spec->compare.set;
    if (spec->target.text)
        build_bound(s, spec->target, "target", ind, &ind->target);
    for (size_t i = 0; i < ind->n_show; i++)
        ind->samples = ind->samples || needs_samples(ind->show[i]);
    ind->samples = ind->samples || (ind->target.set && needs_samples(ind->target.show));
}

/* ---- derived (J11) ---- */
static uint16_t find_side(const struct subject *s, const struct cpi_indicator_spec *spec,
                          struct cpi_text name)
{
    struct build *b = s->b;
    const struct cpi_model *m = b->model;
    uint16_t side = cpi_model_find_indicator(m, name);
    for (size_t i = 0; side == CPI_NO_INDEX && i < b->spec->n_indicators; i++)
        if (cpi_text_equal(cpi_text_of(b->spec->indicator[i].name.text), name))
            return CPI_NO_INDEX; /* wrong itself, and complained about */
    bool used = is_given(spec->use.at) && spec->derived.at.file != spec->use.at.file;
    if (side == CPI_NO_INDEX && used) { /* its sides stand in the catalogue too */
        say(s, spec->use.at, "use",
            "it is made of %.*s, which is not here; add { use = \"%.*s\"; }, or replace derived",
            CPI_TEXT_ARG(name), CPI_TEXT_ARG(name));
    } else if (side == CPI_NO_INDEX) {
        const char **names = cpi_arena_take(b->arena, (m->n_indicators + 1) * sizeof *names);
        for (size_t i = 0; i < m->n_indicators; i++)
            names[i] = m->indicator[i].name.at;
        say_unknown(s, spec->derived.at, "derived", "indicator", build_string(b, name), names,
                    m->n_indicators);
    } else if (m->indicator[side].kind == CPI_DERIVED || m->indicator[side].kind == CPI_OPEN) {
        say(s, spec->derived.at, "derived",
            "%.*s is %s; want two indicators that count over windows", CPI_TEXT_ARG(name),
            m->indicator[side].kind == CPI_DERIVED ? "derived itself" : "a gauge");
        side = CPI_NO_INDEX;
    }
    return side;
}

/* "a / b" or "a - b": names may hold dashes, so the sign stands between blanks. */
static bool split_sides(struct cpi_text text, bool *ret_difference, struct cpi_text *ret_left,
                        struct cpi_text *ret_right)
{
    int64_t ratio = cpi_text_find(text, CPI_TEXT("/"));
    int64_t difference = cpi_text_find(text, CPI_TEXT(" - "));
    if ((ratio < 0) == (difference < 0))
        return false;
    int64_t at = ratio < 0 ? difference : ratio;
    *ret_difference = ratio < 0;
    *ret_left = cpi_text_trim(cpi_text_part(text, 0, (uint32_t)at));
    *ret_right = cpi_text_trim(cpi_text_part(text, (uint32_t)at + (ratio < 0 ? 3 : 1), text.len));
    return ret_left->len && ret_right->len;
}

static bool counts_over(const struct cpi_indicator *ind, uint16_t window)
{
    for (size_t i = 0; i < ind->n_over; i++)
        if (ind->over[i] == window)
            return true;
    return false;
}

static void build_derived_over(const struct subject *s, const struct cpi_indicator_spec *spec,
                               struct cpi_indicator *ind)
{
    struct build *b = s->b;
    const struct cpi_model *m = b->model;
    const struct cpi_indicator *sides[] = { &m->indicator[ind->left], &m->indicator[ind->right] };
    ind->over =
        cpi_arena_take(b->arena, (spec->over.count + sides[0]->n_over + 1) * sizeof *ind->over);
    for (size_t i = 0; i < spec->over.count; i++)
        add_over(s, ind, spec->over.item[i]);
    for (size_t i = 0; !is_given(spec->over.at) && i < sides[0]->n_over; i++)
        ind->over[ind->n_over++] = sides[0]->over[i];
    for (size_t i = 0; i < ind->n_over; i++)
        for (unsigned k = 0; k < 2; k++)
            if (!counts_over(sides[k], ind->over[i]))
                say(s, is_given(spec->over.at) ? spec->over.at : spec->derived.at,
                    is_given(spec->over.at) ? "over" : "derived",
                    "%.*s does not count over \"%.*s\"; both sides need the same windows",
                    CPI_TEXT_ARG(sides[k]->name), CPI_TEXT_ARG(m->window[ind->over[i]].name));
}

static enum cpi_unit value_unit(const struct cpi_indicator *ind)
{
    return ind->show[0].stat == CPI_STAT_COUNT ? CPI_UNIT_COUNT : ind->unit;
}

void build_derived(const struct subject *s, const struct cpi_indicator_spec *spec,
                   struct cpi_indicator *ind)
{
    const struct cpi_model *m = s->b->model;
    struct cpi_text left, right;
    if (!spec->derived.text)
        return;
    if (!split_sides(cpi_text_of(spec->derived.text), &ind->difference, &left, &right)) {
        say(s, spec->derived.at, "derived",
            "\"%s\": want \"a / b\" or \"a - b\" with two indicators", spec->derived.text);
        return;
    }
    ind->left = find_side(s, spec, left);
    ind->right = find_side(s, spec, right);
    if (ind->left == CPI_NO_INDEX || ind->right == CPI_NO_INDEX)
        return;
    const struct cpi_indicator *a = &m->indicator[ind->left], *b = &m->indicator[ind->right];
    if (!a->n_show || !b->n_show)
        return;
    ind->unit = CPI_UNIT_NUMBER;
    if (ind->difference) {
        ind->unit = value_unit(a);
        ind->scale = a->scale;
        if (value_unit(a) != value_unit(b))
            say(s, spec->derived.at, "derived",
                "%.*s and %.*s have different units; a difference needs one", CPI_TEXT_ARG(left),
                CPI_TEXT_ARG(right));
    }
    ind->show = cpi_arena_take(s->b->arena, sizeof *ind->show);
    ind->show[0].stat = ind->difference ? CPI_STAT_DIFFERENCE : CPI_STAT_RATIO;
    ind->n_show = 1;
    build_derived_over(s, spec, ind);
}
