#include <string.h>

#include "model/build.h"

/* z² of one-sided levels as fixed rationals, six decimals (A3). */
#define Z2_DEN INT64_C(1000000)
static int64_t z2_num(int64_t percent)
{
    switch (percent) {
    case 80:
        return 708326;
    case 90:
        return 1642374;
    case 95:
        return 2705543;
    default:
        return 5411894;
    }
}

static void check_name(const struct subject *s, const struct cpi_alert_spec *spec, size_t i)
{
    for (size_t k = 0; spec->name.text && k < i; k++) {
        const char *other = s->b->spec->alert[k].name.text;
        if (other && strcmp(other, spec->name.text) == 0)
            say(s, spec->name.at, "name",
                "\"%s\" stands twice; every alert needs a name of its own", spec->name.text);
    }
}

/* ---- what and where ---- */
static bool build_indicator_name(const struct subject *s, const struct cpi_alert_spec *spec,
                                 struct cpi_alert *alert)
{
    struct build *b = s->b;
    const struct cpi_model *m = b->model;
    if (!spec->indicator.text)
        return false;
    alert->indicator = cpi_model_find_indicator(m, cpi_text_of(spec->indicator.text));
    if (alert->indicator == CPI_NO_INDEX) {
        const char **names = cpi_arena_take(b->arena, (b->spec->n_indicators + 1) * sizeof *names);
        size_t n = 0;
        for (size_t i = 0; i < b->spec->n_indicators; i++) {
            const char *name = b->spec->indicator[i].name.text;
            if (name && strcmp(name, spec->indicator.text) == 0)
                return false; /* it is there, but wrong itself */
            if (name)
                names[n++] = name;
        }
        say_unknown(s, spec->indicator.at, "indicator", "indicator", spec->indicator.text, names,
                    n);
        return false;
    }
    if (m->indicator[alert->indicator].kind == CPI_AFTER &&
        m->indicator[alert->indicator].count_when == CPI_HAPPENED)
        say(s, spec->indicator.at, "indicator",
            "\"%s\" has count-when = \"happened\": its past figures change, so alerts cannot rest "
            "on it; "
            "want an indicator with \"decided\" or \"at-once\"",
            spec->indicator.text);
    return m->indicator[alert->indicator].n_show > 0;
}

static bool build_over(const struct subject *s, const struct cpi_alert_spec *spec,
                       const struct cpi_indicator *ind, struct cpi_alert *alert)
{
    const struct cpi_model *m = s->b->model;
    if (!spec->over.text && ind->n_over == 1 && !is_given(spec->over.at)) {
        alert->window = ind->over[0];
        return true;
    }
    if (!spec->over.text) {
        if (ind->n_over && !is_given(spec->over.at))
            say(s, spec->at, "over", "is missing; %.*s counts over several windows, so name one",
                CPI_TEXT_ARG(ind->name));
        return false;
    }
    const char **names = cpi_arena_take(s->b->arena, (ind->n_over + 1) * sizeof *names);
    for (size_t i = 0; i < ind->n_over; i++) {
        names[i] = m->window[ind->over[i]].name.at;
        if (strcmp(names[i], spec->over.text) == 0) {
            alert->window = ind->over[i];
            return true;
        }
    }
    const struct cpi_texts_spec *over = &s->b->indicator_spec[alert->indicator]->over;
    for (size_t i = 0; i < over->count; i++)
        if (strcmp(over->item[i].text, spec->over.text) == 0)
            return false; /* the indicator names it too, and is complained about */
    const char *what = build_string(
        s->b, cpi_arena_format(s->b->arena, "window of %.*s", CPI_TEXT_ARG(ind->name)));
    say_unknown(s, spec->over.at, "over", what, spec->over.text, names, ind->n_over);
    return false;
}

static void build_on(const struct subject *s, const struct cpi_alert_spec *spec,
                     struct cpi_alert *alert)
{
    struct build *b = s->b;
    const struct cpi_model *m = b->model;
    if (!spec->on.text)
        return;
    struct cpi_text on = cpi_text_trim(build_text(b, spec->on.text));
    int64_t colon = cpi_text_find(on, CPI_TEXT(":"));
    struct cpi_text kind = colon < 0 ? on : cpi_text_part(on, 0, (uint32_t)colon);
    const char **names = cpi_arena_take(b->arena, (m->n_dims + 1) * sizeof *names);
    for (uint16_t i = 0; i < m->n_dims; i++) {
        names[i] = build_string(b, m->dim[i].name);
        if (cpi_text_equal(m->dim[i].name, kind))
            alert->dim = i;
    }
    if (alert->dim == CPI_NO_INDEX) {
        say_unknown(s, spec->on.at, "on", "dimension in report.on", build_string(b, kind), names,
                    m->n_dims);
        return;
    }
    struct cpi_text id = colon < 0 ? CPI_ABSENT : cpi_text_part(on, (uint32_t)colon + 1, on.len);
    if (colon < 0 || alert->dim == 0) /* there is one organisation, however it is written */
        return;
    if (id.len == 0)
        say(s, spec->on.at, "on", "\"%s\": nobody is named behind the colon", spec->on.text);
    alert->dim = CPI_NO_INDEX;
    alert->entity_kind = kind;
    alert->entity_id = id;
}

/* ---- bounds ---- */
static bool goes_up(enum cpi_cmp cmp)
{
    return cmp == CPI_CMP_GT || cmp == CPI_CMP_GE;
}

static void build_when(const struct subject *s, const struct cpi_alert_spec *spec,
                       const struct cpi_indicator *ind, struct cpi_alert *alert)
{
    struct cpi_text text = cpi_text_trim(cpi_text_of(spec->when.text));
    if (!cpi_text_equal(text, CPI_TEXT("misses target"))) {
        build_bound(s, spec->when, "when", ind, &alert->when);
        return;
    }
    if (!ind->target.set) {
        if (!is_given(s->b->indicator_spec[alert->indicator]->target.at))
            say(s, spec->when.at, "when",
                "%.*s has no target to miss; give it one, or say a bound here",
                CPI_TEXT_ARG(ind->name));
        return;
    }
    alert->when = ind->target;
    alert->when.misses_target = true;
}

/* Whether the breach lies above the bound. */
static bool breaks_up(const struct cpi_bound *when)
{
    return goes_up(when->cmp) != when->misses_target;
}

static void build_clear(const struct subject *s, const struct cpi_alert_spec *spec,
                        const struct cpi_indicator *ind, struct cpi_alert *alert)
{
    struct cpi_indicator as_when = *ind;
    if (!alert->when.set)
        return;
    as_when.show = &alert->when.show; /* a clear bound without a figure is about that of `when` */
    if (!build_bound(s, spec->clear, "clear", &as_when, &alert->clear))
        return;
    int order = bound_order(&alert->clear, &alert->when);
    bool up = breaks_up(&alert->when);
    if (alert->clear.show.stat != alert->when.show.stat ||
        alert->clear.show.percent != alert->when.show.percent)
        say(s, spec->clear.at, "clear", "\"%s\" is about another figure than when",
            spec->clear.text);
    else if (goes_up(alert->clear.cmp) == up || (up ? order > 0 : order < 0))
        say(s, spec->clear.at, "clear",
            "\"%s\" must lie on the other side of when: %s, with a value not %s its own",
            spec->clear.text, up ? "< or <=" : "> or >=", up ? "above" : "below");
}

static void build_sure(const struct subject *s, const struct cpi_alert_spec *spec,
                       const struct cpi_indicator *ind, struct cpi_alert *alert)
{
    alert->sure = spec->sure_percent.set;
    alert->sure_percent = (uint32_t)spec->sure_percent.value;
    alert->z2_num = z2_num(spec->sure_percent.value);
    alert->z2_den = Z2_DEN;
    if (!alert->sure || !alert->when.set)
        return;
    enum cpi_stat stat = alert->when.show.stat;
    if (ind->kind == CPI_DERIVED)
        say(s, spec->sure_percent.at, "sure", "%.*s is derived; sure needs a share or a quantile",
            CPI_TEXT_ARG(ind->name));
    else if (stat != CPI_STAT_SHARE && stat != CPI_STAT_QUANTILE && stat != CPI_STAT_AGE_QUANTILE)
        say(s, spec->sure_percent.at, "sure", "is only for shares and quantiles, not for %s",
            stat_name(s->b, alert->when.show));
}

/* ---- times ---- */
static void check_step(const struct subject *s, const struct cpi_int_spec *time, const char *key,
                       int64_t every_ms)
{
    struct cpi_buf every;
    if (!time->set || time->value % every_ms == 0)
        return;
    cpi_buf_init(&every);
    cpi_duration_format(&every, every_ms);
    say(s, time->at, key, "must be a multiple of the window's every, which is %.*s",
        CPI_TEXT_ARG(cpi_buf_text(&every)));
    cpi_buf_fini(&every);
}

static void build_times(const struct subject *s, const struct cpi_alert_spec *spec,
                        struct cpi_alert *alert)
{
    const struct cpi_window *win = &s->b->model->window[alert->window];
    alert->for_ms = spec->for_ms.value;
    alert->keep_firing_ms = spec->keep_firing_ms.value;
    alert->no_data_ms = spec->no_data_ms.value;
    if (win->every_ms <= 0)
        return;
    check_step(s, &spec->for_ms, "for", win->every_ms);
    if (!spec->no_data_ms.set)
        return;
    if (win->length_ms == 0) {
        say(s, spec->no_data_ms.at, "no-data",
            "is for windows; what is open stays open without events");
        return;
    }
    check_step(s, &spec->no_data_ms, "no-data", win->every_ms);
    if (alert->no_data_ms > win->length_ms)
        say(s, spec->no_data_ms.at, "no-data",
            "is longer than the window \"%.*s\"; want at most its length", CPI_TEXT_ARG(win->name));
}

/* An alert is about a bound or about silence. */
static void check_sort(const struct subject *s, const struct cpi_alert_spec *spec)
{
    const struct {
        const char *key;
        struct cpi_origin at;
    } of_bounds[] = { { "when", spec->when.at },
                      { "clear", spec->clear.at },
                      { "sure", spec->sure_percent.at },
                      { "min-samples", spec->min_samples.at },
                      { "for", spec->for_ms.at } };
    if (!is_given(spec->when.at) && !is_given(spec->no_data_ms.at))
        say(s, spec->at, NULL, "never fires; want when = \"...\" or no-data = \"...\"");
    for (size_t i = 0; is_given(spec->no_data_ms.at) && i < sizeof of_bounds / sizeof *of_bounds;
         i++)
        if (is_given(of_bounds[i].at))
            say(s, of_bounds[i].at, of_bounds[i].key,
                "does not go with no-data, which fires at once; make two alerts");
}

static void build_alert(struct build *b, size_t i)
{
    const struct cpi_alert_spec *spec = &b->spec->alert[i];
    const struct subject s = { b, "alerts", element_name(b, spec->name.text, i) };
    struct cpi_alert alert = { .indicator = CPI_NO_INDEX,
                               .window = CPI_NO_INDEX,
                               .dim = CPI_NO_INDEX };
    check_name(&s, spec, i);
    check_sort(&s, spec);
    alert.name = build_text(b, spec->name.text);
    alert.severity = build_text(b, spec->severity.text);
    alert.runbook = build_text(b, spec->runbook.text);
    alert.summary = build_text(b, spec->summary.text);
    alert.min_samples = (uint64_t)spec->min_samples.value;
    build_on(&s, spec, &alert);
    if (!build_indicator_name(&s, spec, &alert))
        return;
    struct cpi_indicator *ind = &b->model->indicator[alert.indicator];
    if (spec->when.text)
        build_when(&s, spec, ind, &alert);
    if (spec->clear.text)
        build_clear(&s, spec, ind, &alert);
    build_sure(&s, spec, ind, &alert);
    if (build_over(&s, spec, ind, &alert))
        build_times(&s, spec, &alert);
    ind->examples = true;
    ind->samples = ind->samples || (alert.when.set && needs_samples(alert.when.show));
    b->model->alert[b->model->n_alerts++] = alert;
}

void build_alerts(struct build *b)
{
    b->model->alert = cpi_arena_take(b->arena, (b->spec->n_alerts + 1) * sizeof *b->model->alert);
    for (size_t i = 0; i < b->spec->n_alerts; i++)
        build_alert(b, i);
}
