#include <string.h>

#include "model/build.h"

/* W1: `every` divides 24 h or is whole days; `length` is a multiple of it. */
static bool check_every(const struct subject *s, const struct cpi_int_spec *every)
{
    if (!every->set || CPI_DAY % every->value == 0 || every->value % CPI_DAY == 0)
        return every->set;
    say(s, every->at, "every",
        "must divide 24h or be whole days, such as \"15m\", \"1h\" or \"1d\"");
    return false;
}

static void build_window(struct build *b, size_t i)
{
    const struct cpi_window_spec *spec = &b->spec->window[i];
    const struct subject s = { b, "windows", spec->name.text };
    struct cpi_window *win = &b->model->window[b->model->n_windows++];
    win->name = build_text(b, spec->name.text);
    win->length_ms = spec->length_ms.value;
    win->every_ms = spec->every_ms.value;
    if (strcmp(spec->name.text, "now") == 0)
        say(&s, spec->at, NULL, "\"now\" is the window of open ... until; choose another name");
    if (!check_every(&s, &spec->every_ms) || !spec->length_ms.set)
        return;
    if (win->length_ms % win->every_ms != 0) {
        say(&s, spec->length_ms.at, "length", "must be a multiple of every");
        return;
    }
    if (win->every_ms % CPI_DAY == 0) {
        win->every_days = (uint32_t)(win->every_ms / CPI_DAY);
        win->length_days = (uint32_t)(win->length_ms / CPI_DAY);
    }
}

void build_windows(struct build *b)
{
    size_t most = b->spec->n_windows + b->spec->n_indicators; /* a gauge may bring one of its own */
    b->model->window = cpi_arena_take(b->arena, (most + 1) * sizeof *b->model->window);
    b->window_used = cpi_arena_take(b->arena, (most + 1) * sizeof *b->window_used);
    for (size_t i = 0; i < b->spec->n_windows; i++)
        build_window(b, i);
}

uint16_t ensure_now(struct build *b, int64_t every_ms)
{
    struct cpi_model *m = b->model;
    for (uint16_t i = 0; i < m->n_windows; i++)
        if (m->window[i].length_ms == 0 && m->window[i].every_ms == every_ms &&
            cpi_text_equal(m->window[i].name, CPI_TEXT("now")))
            return i;
    m->window[m->n_windows] = (struct cpi_window){
        .name = build_text(b, "now"),
        .every_ms = every_ms,
        .every_days = every_ms % CPI_DAY == 0 ? (uint32_t)(every_ms / CPI_DAY) : 0,
    };
    return (uint16_t)m->n_windows++;
}

uint16_t build_window_name(const struct subject *s, struct cpi_origin at, const char *key,
                           const char *name)
{
    struct build *b = s->b;
    const char **names = cpi_arena_take(b->arena, (b->spec->n_windows + 1) * sizeof *names);
    for (uint16_t i = 0; i < b->spec->n_windows; i++) {
        names[i] = b->spec->window[i].name.text;
        if (strcmp(names[i], name) == 0)
            return i;
    }
    say_unknown(s, at, key, "window", name, names, b->spec->n_windows);
    return CPI_NO_INDEX;
}

/* ---- report dimensions ---- */
static void build_dim(const struct subject *s, struct cpi_text_at text)
{
    struct build *b = s->b;
    struct cpi_dim dim = { .name = cpi_text_trim(build_text(b, text.text)) };
    struct cpi_text rest = dim.name;
    for (size_t i = 0; i < b->model->n_dims; i++)
        if (cpi_text_equal(b->model->dim[i].name, dim.name))
            return; /* org is always there; the same one twice says nothing new */
    for (bool more = true; more;) {
        int64_t plus = cpi_text_find(rest, CPI_TEXT("+"));
        struct cpi_text part = plus < 0 ? rest : cpi_text_part(rest, 0, (uint32_t)plus);
        more = plus >= 0;
        rest = more ? cpi_text_part(rest, (uint32_t)plus + 1, rest.len) : rest;
        uint16_t member = build_member(s, text.at, "on", build_string(b, cpi_text_trim(part)));
        if (member == CPI_NO_INDEX)
            return;
        if (member == CPI_MEMBER_CASE || member == CPI_MEMBER_CUSTOMER) {
            say(s, text.at, "on",
                "\"%s\": figures are about rep, team, org and fields, not about a %s", text.text,
                member_name(b->model, member));
            return;
        }
        if (dim.n_members == CPI_DIMS_MAX) {
            say(s, text.at, "on", "\"%s\" has too many parts; at most %d", text.text, CPI_DIMS_MAX);
            return;
        }
        dim.member[dim.n_members++] = member;
    }
    b->model->dim[b->model->n_dims++] = dim;
}

/* How many different fields the dimensions name. */
static size_t count_fields(const struct cpi_model *m)
{
    size_t count = 0;
    for (uint16_t f = 0; f < m->n_fields; f++) {
        bool named = false;
        for (size_t d = 0; d < m->n_dims; d++)
            for (size_t i = 0; i < m->dim[d].n_members; i++)
                named |= m->dim[d].member[i] == CPI_MEMBER_FIELD0 + f;
        count += named;
    }
    return count;
}

void build_dims(struct build *b)
{
    const struct subject s = { b, "report", NULL };
    const struct cpi_texts_spec *on = &b->spec->report_on;
    struct cpi_model *m = b->model;
    m->dim = cpi_arena_take(b->arena, (on->count + 1) * sizeof *m->dim);
    m->dim[m->n_dims++].name = build_text(b, "org");
    for (size_t i = 0; i < on->count; i++) {
        bool fits = count_fields(m) <= CPI_DIM_FIELDS_MAX;
        build_dim(&s, on->item[i]);
        if (fits && count_fields(m) > CPI_DIM_FIELDS_MAX)
            say(&s, on->item[i].at, "on", "\"%s\" is one field too many; all of `on` may name %d",
                on->item[i].text, CPI_DIM_FIELDS_MAX);
    }
}
