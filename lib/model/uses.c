#include "model/build.h"

/* ---- sets ---- */
static void add_all(struct cpi_wordset *to, const struct cpi_wordset *from)
{
    for (unsigned i = 0; i < CPI_WORDS_MAX / 64; i++)
        to->bits[i] |= from->bits[i];
}

/* Types that the definition names, by type or by word. */
static struct cpi_wordset named_types(const struct cpi_model *m, const struct cpi_indicator *ind)
{
    struct cpi_wordset types = { { 0 } };
    add_types(m, &ind->start, &types);
    add_types(m, &ind->end, &types);
    add_types(m, &ind->until, &types);
    add_types(m, &ind->credit_sel, &types);
    for (size_t i = 0; i < ind->n_breakers; i++)
        add_types(m, &ind->breaker[i].sel, &types);
    return types;
}

/* ---- which members a definition looks at (O7) ---- */
static bool conds_use(const struct cpi_model *m, const struct cpi_conds *conds, uint16_t member);

static bool words_use(const struct cpi_model *m, const struct cpi_wordset *set, uint16_t member)
{
    for (unsigned w = 0; w < m->n_words; w++)
        if (cpi_wordset_has(set, w) &&
            (conds_use(m, &m->word[w].conds, member) || words_use(m, &m->word[w].base, member)))
            return true;
    return false;
}

static bool cond_uses(const struct cpi_model *m, const struct cpi_cond *cond, uint16_t member)
{
    if (cond->cmp != CPI_CMP_WORD)
        return cond->member == member;
    return conds_use(m, &m->word[cond->word].conds, member) ||
           words_use(m, &m->word[cond->word].base, member);
}

static bool conds_use(const struct cpi_model *m, const struct cpi_conds *conds, uint16_t member)
{
    for (size_t i = 0; i < conds->n_all; i++)
        if (cond_uses(m, &conds->all[i], member))
            return true;
    for (size_t i = 0; i < conds->n_any; i++)
        if (cond_uses(m, &conds->any[i], member))
            return true;
    return false;
}

static bool breaker_uses(const struct cpi_model *m, const struct cpi_breaker *breaker,
                         uint16_t member)
{
    if (member == CPI_MEMBER_CUSTOMER && breaker->same_customer)
        return true;
    for (size_t i = 0; i < breaker->n_same; i++)
        if (breaker->same[i] == member)
            return true;
    for (size_t i = 0; i < breaker->n_other; i++)
        if (breaker->other[i] == member)
            return true;
    return words_use(m, &breaker->sel, member) || conds_use(m, &breaker->where, member);
}

static bool dims_use(const struct cpi_model *m, uint16_t member)
{
    for (size_t i = 0; i < m->n_dims; i++)
        for (size_t k = 0; k < m->dim[i].n_members; k++)
            if (m->dim[i].member[k] == member)
                return true;
    return false;
}

static bool indicator_uses(const struct cpi_model *m, const struct cpi_indicator *ind,
                           uint16_t member)
{
    if (member == CPI_MEMBER_REP || member == CPI_MEMBER_TEAM || dims_use(m, member))
        return true; /* every figure is credited to somebody */
    for (size_t i = 0; i < ind->n_breakers; i++)
        if (breaker_uses(m, &ind->breaker[i], member))
            return true;
    return words_use(m, &ind->start, member) || words_use(m, &ind->end, member) ||
           words_use(m, &ind->until, member) || words_use(m, &ind->credit_sel, member) ||
           conds_use(m, &ind->where, member) || conds_use(m, &ind->good, member) ||
           conds_use(m, &ind->bad, member);
}

static bool source_completes(const struct cpi_model *m, const struct cpi_source *source,
                             const struct cpi_indicator *ind)
{
    if (source->complete_credit)
        return true;
    if (source->complete_customer && indicator_uses(m, ind, CPI_MEMBER_CUSTOMER))
        return true;
    for (size_t f = 0; f < m->n_fields; f++)
        if (source->complete_field[f] && indicator_uses(m, ind, (uint16_t)(CPI_MEMBER_FIELD0 + f)))
            return true;
    return false;
}

static void build_source_uses(struct cpi_model *m, struct cpi_source *source)
{
    for (size_t i = 0; i < m->n_indicators; i++) {
        const struct cpi_indicator *ind = &m->indicator[i];
        struct cpi_wordset types = named_types(m, ind);
        if (!cpi_wordset_meets(&types, &source->types))
            continue;
        source->completes = source->completes || source_completes(m, source, ind);
        source->all_journeys =
            source->all_journeys || (ind->in_case && (ind->credit == CPI_CREDIT_CURRENT ||
                                                      ind->credit == CPI_CREDIT_FIRST));
    }
    source->all_journeys = source->all_journeys || source->completes;
}

/* ---- time ---- */
static void say_step(struct build *b, struct cpi_origin at, const char *path, int64_t finest_ms)
{
    struct cpi_buf step;
    cpi_buf_init(&step);
    cpi_duration_format(&step, finest_ms);
    cpi_diag_error(
        b->diag, at, path,
        "must be a multiple of the finest step, which is %.*s (the smallest `every` of all "
        "windows and gauges)",
        CPI_TEXT_ARG(cpi_buf_text(&step)));
    cpi_buf_fini(&step);
}

static struct cpi_origin every_origin(struct build *b, uint16_t window, const char **ret_path)
{
    const struct cpi_spec *spec = b->spec;
    if (window < spec->n_windows) {
        const struct cpi_window_spec *win = &spec->window[window];
        *ret_path = build_string(b, cpi_arena_format(b->arena, "windows.%s.every", win->name.text));
        return win->every_ms.at;
    }
    for (size_t i = 0; i < b->model->n_indicators; i++)
        if (b->model->indicator[i].kind == CPI_OPEN && b->model->indicator[i].n_over &&
            b->model->indicator[i].over[0] == window) {
            *ret_path =
                build_string(b, cpi_arena_format(b->arena, "indicators.%.*s.every",
                                                 CPI_TEXT_ARG(b->model->indicator[i].name)));
            return b->indicator_spec[i]->every_ms.at;
        }
    *ret_path = "windows";
    return spec->at;
}

/* T4: the finest step divides every other one, and lateness. */
static void build_steps(struct build *b)
{
    struct cpi_model *m = b->model;
    m->finest_ms = 0;
    for (size_t i = 0; i < m->n_windows; i++) {
        if (!b->window_used[i] || m->window[i].every_ms <= 0)
            continue;
        if (m->finest_ms == 0 || m->window[i].every_ms < m->finest_ms)
            m->finest_ms = m->window[i].every_ms;
        if (m->window[i].length_ms > m->longest_ms)
            m->longest_ms = m->window[i].length_ms;
    }
    if (m->finest_ms == 0) {
        m->finest_ms = CPI_MINUTE; /* nothing is measured: time still moves */
        return;
    }
    for (uint16_t i = 0; i < m->n_windows; i++)
        if (b->window_used[i] && m->window[i].every_ms % m->finest_ms != 0) {
            const char *path;
            struct cpi_origin at = every_origin(b, i, &path);
            say_step(b, at, path, m->finest_ms);
        }
    if (m->lateness_ms % m->finest_ms != 0)
        say_step(b, is_given(b->spec->lateness_ms.at) ? b->spec->lateness_ms.at : b->spec->at,
                 "lateness", m->finest_ms);
}

#define PANES_CHEAP 10000 /* 24 bytes each: a quarter of a MiB an entity */

/* W4: past figures can only be corrected from panes of the finest step. */
static void warn_fine_panes(struct build *b, size_t i)
{
    struct cpi_model *m = b->model;
    const struct cpi_indicator *ind = &m->indicator[i];
    int64_t longest_ms = 0;
    if (ind->kind != CPI_AFTER || ind->count_when != CPI_HAPPENED)
        return;
    for (size_t k = 0; k < ind->n_over; k++)
        if (m->window[ind->over[k]].length_ms > longest_ms)
            longest_ms = m->window[ind->over[k]].length_ms;
    int64_t panes = (longest_ms + m->lateness_ms) / m->finest_ms;
    if (panes <= PANES_CHEAP)
        return;
    const char *path = build_string(
        b, cpi_arena_format(b->arena, "indicators.%.*s.count-when", CPI_TEXT_ARG(ind->name)));
    cpi_diag_warn(
        b->diag, b->indicator_spec[i]->count_when.at, path,
        "\"happened\" corrects past figures, so every entity keeps up to %lld panes of the "
        "finest step (length + lateness); a coarser step or \"decided\" costs less",
        (long long)panes);
}

/* ---- all together ---- */
static void warn_unfed(struct build *b, size_t i)
{
    const struct cpi_model *m = b->model;
    const struct cpi_indicator *ind = &m->indicator[i];
    struct cpi_wordset types = { { 0 } };
    add_types(m, &ind->start, &types);
    for (size_t k = 0; k < m->n_sources; k++)
        if (cpi_wordset_meets(&types, &m->source[k].types))
            return;
    if (ind->kind == CPI_DERIVED || cpi_wordset_is_empty(&types) || b->mapping_failed)
        return;
    const char *path =
        build_string(b, cpi_arena_format(b->arena, "indicators.%.*s.%s", CPI_TEXT_ARG(ind->name),
                                         kind_key(ind->kind)));
    cpi_diag_warn(b->diag, b->indicator_spec[i]->at, path,
                  "no source yields such an event, so nothing will be counted");
}

#define FIELDS_KEPT_MAX 64 /* in one event */

static void check_fields_kept(struct build *b)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->model->n_fields; i++)
        kept += b->model->field_kept[i];
    if (kept > FIELDS_KEPT_MAX)
        cpi_diag_error(b->diag, b->spec->at, "indicators",
                       "conditions, amounts and dimensions use %zu fields; at most %d can be kept",
                       kept, FIELDS_KEPT_MAX);
}

void build_uses(struct build *b)
{
    struct cpi_model *m = b->model;
    check_fields_kept(b);
    for (size_t i = 0; i < m->n_indicators; i++) {
        const struct cpi_indicator *ind = &m->indicator[i];
        struct cpi_wordset types = named_types(m, ind);
        if (ind->in_case)
            add_all(&m->journey_types, &types);
        if (ind->cross && ind->within_ms > m->longest_cross_within_ms)
            m->longest_cross_within_ms = ind->within_ms;
        warn_unfed(b, i);
    }
    for (size_t i = 0; i < m->n_sources; i++)
        build_source_uses(m, &m->source[i]);
    build_steps(b);
    for (size_t i = 0; i < m->n_indicators; i++)
        warn_fine_panes(b, i);
}
