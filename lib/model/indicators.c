#include <stdio.h>
#include <string.h>

#include "cpi/hash.h"
#include "model/build.h"

const char *kind_key(enum cpi_kind kind)
{
    static const char *const keys[] = { "each", "after", "from", "tally", "open", "derived" };
    return keys[kind];
}

/* ---- which kind, and what may stand beside it ---- */
static bool find_kind(const struct subject *s, const struct cpi_indicator_spec *spec,
                      enum cpi_kind *ret)
{
    const struct cpi_origin given[] = { spec->each.at,  spec->after.at, spec->from.at,
                                        spec->tally.at, spec->open.at,  spec->derived.at };
    unsigned n = 0;
    for (unsigned k = 0; k < sizeof given / sizeof *given; k++) {
        if (!is_given(given[k]))
            continue;
        if (n++ == 0)
            *ret = (enum cpi_kind)k;
        else
            say(s, given[k], kind_key((enum cpi_kind)k),
                "stands beside %s; an indicator counts one thing: each, after, from, tally, open "
                "or "
                "derived",
                kind_key(*ret));
    }
    if (n == 0 && !is_given(spec->use.at)) /* then there is none of that name, and it is said */
        say(s, spec->at, NULL,
            "says nothing to count; want one of each, after, from ... to, tally ... until, open "
            "... "
            "until, derived");
    return n == 1;
}

#define K(kind) (1u << (kind))
#define ALL_BUT_DERIVED (K(CPI_EACH) | K(CPI_AFTER) | K(CPI_FROM) | K(CPI_TALLY) | K(CPI_OPEN))

/* Keys that belong to some kinds only. */
static void check_keys(const struct subject *s, const struct cpi_indicator_spec *spec,
                       enum cpi_kind kind)
{
    const struct {
        const char *key;
        struct cpi_origin at;
        unsigned kinds;
    } keys[] = {
        { "to", spec->to.at, K(CPI_FROM) },
        { "until", spec->until.at, K(CPI_FROM) | K(CPI_TALLY) | K(CPI_OPEN) },
        { "where", spec->where.at, ALL_BUT_DERIVED },
        { "where-any", spec->where_any.at, ALL_BUT_DERIVED },
        { "good", spec->good.at, K(CPI_EACH) | K(CPI_AFTER) },
        { "bad", spec->bad.at, K(CPI_EACH) },
        { "of", spec->of.at, K(CPI_EACH) },
        { "pick", spec->pick.at, K(CPI_EACH) | K(CPI_AFTER) | K(CPI_FROM) },
        { "followed-by", spec->followed_by_at, K(CPI_AFTER) },
        { "broken-by", spec->broken_by_at, K(CPI_AFTER) },
        { "within", spec->within_ms.at, K(CPI_AFTER) },
        { "count-when", spec->count_when.at, K(CPI_AFTER) },
        { "quiet", spec->quiet_ms.at, K(CPI_FROM) },
        { "same", spec->same.at, K(CPI_FROM) | K(CPI_TALLY) | K(CPI_OPEN) },
        { "credit", spec->credit.at, ALL_BUT_DERIVED },
        { "every", spec->every_ms.at, K(CPI_OPEN) },
        { "over", spec->over.at, ~K(CPI_OPEN) },
        { "show", spec->show.at, ALL_BUT_DERIVED },
        { "compare", spec->compare.at, ~K(CPI_OPEN) },
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char list[64] = "";
        size_t len = 0;
        if (!is_given(keys[i].at) || keys[i].kinds & K(kind))
            continue;
        for (unsigned k = 0; k < 6; k++)
            if (keys[i].kinds & K(k))
                len += (size_t)snprintf(list + len, sizeof list - len, "%s%s", len ? ", " : "",
                                        kind_key((enum cpi_kind)k));
        say(s, keys[i].at, keys[i].key, "does not belong to %s, only to %s; leave it out",
            kind_key(kind), list);
    }
}

/* ---- one indicator ---- */
static void check_name(const struct subject *s, const struct cpi_indicator_spec *spec, size_t i)
{
    for (size_t k = 0; spec->name.text && k < i; k++) {
        const char *other = s->b->spec->indicator[k].name.text;
        if (other && strcmp(other, spec->name.text) == 0)
            say(s, spec->name.at, "name",
                "\"%s\" stands twice; every indicator needs a name of its own", spec->name.text);
    }
}

static void build_indicator(struct build *b, size_t i)
{
    const struct cpi_indicator_spec *spec = &b->spec->indicator[i];
    const struct subject s = { b, "indicators", element_name(b, spec->name.text, i) };
    struct cpi_model *m = b->model;
    enum cpi_kind kind = CPI_EACH;
    check_name(&s, spec, i);
    if (!find_kind(&s, spec, &kind))
        return;
    check_keys(&s, spec, kind);
    struct cpi_indicator ind = { .kind = kind };
    ind.name = build_text(b, spec->name.text ? spec->name.text : "?");
    ind.hash = cpi_hash_name(ind.name);
    ind.title = build_text(b, spec->title.text);
    if (kind != CPI_DERIVED) {
        build_kind(&s, spec, &ind);
        build_figures(&s, spec, &ind);
    }
    b->indicator_spec[m->n_indicators] = spec;
    m->indicator[m->n_indicators++] = ind;
}

void build_indicators(struct build *b)
{
    const struct subject all = { b, "indicators", NULL };
    struct cpi_model *m = b->model;
    size_t n = b->spec->n_indicators;
    m->indicator = cpi_arena_take(b->arena, (n + 1) * sizeof *m->indicator);
    b->indicator_spec = cpi_arena_take(b->arena, (n + 1) * sizeof *b->indicator_spec);
    if (n > CPI_INDICATORS_MAX) {
        say(&all, b->spec->indicator[CPI_INDICATORS_MAX].at, NULL, "too many; at most %d",
            CPI_INDICATORS_MAX);
        n = CPI_INDICATORS_MAX;
    }
    for (size_t i = 0; i < n; i++)
        build_indicator(b, i);
    for (size_t i = 0; i < m->n_indicators; i++) { /* their sides are known now */
        const struct subject s = { b, "indicators", b->indicator_spec[i]->name.text };
        if (m->indicator[i].kind != CPI_DERIVED)
            continue;
        build_derived(&s, b->indicator_spec[i], &m->indicator[i]);
        if (m->indicator[i].n_show)
            build_figures(&s, b->indicator_spec[i], &m->indicator[i]);
    }
}
