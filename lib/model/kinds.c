#include <string.h>

#include "model/build.h"

static void need(const struct subject *s, const struct cpi_indicator_spec *spec,
                 struct cpi_origin at, const char *key, const char *why)
{
    if (!is_given(at))
        say(s, spec->at, key, "is missing; %s", why);
}

/* ---- credit (J8) ---- */
static void build_credit(const struct subject *s, const struct cpi_indicator_spec *spec,
                         struct cpi_indicator *ind)
{
    static const char *const names[] = { "start", "end", "breaker", "current", "first" };
    static const unsigned allowed[] = {
        [CPI_EACH] = 1u << CPI_CREDIT_START | 1u << CPI_CREDIT_CURRENT | 1u << CPI_CREDIT_FIRST,
        [CPI_AFTER] = 1u << CPI_CREDIT_START | 1u << CPI_CREDIT_BREAKER | 1u << CPI_CREDIT_CURRENT |
                      1u << CPI_CREDIT_FIRST,
        [CPI_FROM] = 1u << CPI_CREDIT_START | 1u << CPI_CREDIT_END | 1u << CPI_CREDIT_CURRENT |
                     1u << CPI_CREDIT_FIRST,
        [CPI_TALLY] = 1u << CPI_CREDIT_END | 1u << CPI_CREDIT_CURRENT | 1u << CPI_CREDIT_FIRST,
        [CPI_OPEN] = 1u << CPI_CREDIT_START | 1u << CPI_CREDIT_CURRENT | 1u << CPI_CREDIT_FIRST,
    };
    static const enum cpi_credit usual[] = {
        [CPI_EACH] = CPI_CREDIT_START, [CPI_AFTER] = CPI_CREDIT_START,  [CPI_FROM] = CPI_CREDIT_END,
        [CPI_TALLY] = CPI_CREDIT_END,  [CPI_OPEN] = CPI_CREDIT_CURRENT,
    };
    ind->credit = usual[ind->kind];
    if (!spec->credit.set)
        return;
    for (unsigned i = 0; spec->credit.count == 1 && i < 5; i++) {
        if (strcmp(spec->credit.item[0].text, names[i]) != 0)
            continue;
        ind->credit = (enum cpi_credit)i;
        if (!(allowed[ind->kind] >> i & 1))
            say(s, spec->credit.at, "credit",
                "%s has no %s; want start, end, current, first where there "
                "is one, or an event type or word",
                kind_key(ind->kind), names[i]);
        return;
    }
    ind->credit = CPI_CREDIT_WORD;
    build_selector(s, "credit", &spec->credit, &ind->credit_sel);
}

/* ---- each ---- */
static void build_of(const struct subject *s, const struct cpi_indicator_spec *spec,
                     struct cpi_indicator *ind)
{
    struct cpi_model *m = s->b->model;
    size_t durations = 0;
    for (size_t i = 0; i < spec->of.count; i++) {
        uint16_t member = build_member(s, spec->of.item[i].at, "of", spec->of.item[i].text);
        if (member == CPI_NO_INDEX)
            continue;
        if (member < CPI_MEMBER_FIELD0) {
            say(s, spec->of.item[i].at, "of", "%s is no amount; want fields",
                spec->of.item[i].text);
            continue;
        }
        if (ind->n_of == CPI_SAME_MAX) {
            say(s, spec->of.at, "of", "too many; at most %d fields", CPI_SAME_MAX);
            break;
        }
        durations += is_duration_member(m, member);
        ind->of[ind->n_of++] = member;
    }
    if (durations && durations < ind->n_of && !s->b->mapping_failed)
        say(s, spec->of.at, "of",
            "adds durations and plain numbers; let all of them have a unit, or none");
    if (spec->of.set && spec->of.count == 0)
        say(s, spec->of.at, "of", "is empty; name a field");
    ind->unit = durations ? CPI_UNIT_MS : CPI_UNIT_NUMBER;
    ind->scale = durations ? 0 : 6;
}

static void build_each(const struct subject *s, const struct cpi_indicator_spec *spec,
                       struct cpi_indicator *ind)
{
    build_selector(s, "each", &spec->each, &ind->start);
    ind->share = spec->good.set || spec->bad.set;
    ind->amount = spec->of.set;
    ind->unit = ind->share ? CPI_UNIT_SHARE : CPI_UNIT_COUNT;
    if (spec->bad.set && !spec->good.set)
        say(s, spec->bad.at, "bad", "needs good beside it; what is the share of?");
    if (ind->share && ind->amount)
        say(s, spec->of.at, "of", "stands beside good; make two indicators: a share and an amount");
    if (ind->amount)
        build_of(s, spec, ind);
    if (ind->pick == CPI_PICK_EACH)
        say(s, spec->pick.at, "pick",
            "\"each\" is what `each` does anyway; want first, last, or nothing");
    ind->in_case = ind->pick != CPI_PICK_NONE || ind->credit != CPI_CREDIT_START;
}

/* ---- after ---- */
static void build_same(const struct subject *s, const char *key,
                       const struct cpi_breaker_spec *spec, struct cpi_breaker *ret)
{
    for (size_t i = 0; i < spec->same.count; i++) {
        struct cpi_text_at item = spec->same.item[i];
        uint16_t member = build_member(s, item.at, key, item.text);
        if (member == CPI_MEMBER_CASE)
            ret->same_case = true;
        else if (member == CPI_MEMBER_CUSTOMER)
            ret->same_customer = true;
        else if (member != CPI_NO_INDEX && ret->n_same == CPI_SAME_MAX)
            say(s, item.at, key, "too many in same; at most %d", CPI_SAME_MAX);
        else if (member != CPI_NO_INDEX)
            ret->same[ret->n_same++] = member;
    }
    if (!ret->same_case && !ret->same_customer && spec->same.count)
        say(s, spec->same.at, key,
            "same must have \"case\" or \"customer\", such as same = [ \"customer\", \"%s\" ]",
            spec->same.item[0].text);
    else if (spec->same.set && spec->same.count == 0)
        say(s, spec->same.at, key, "same is empty; it must have \"case\" or \"customer\"");
}

static void build_other(const struct subject *s, const char *key,
                        const struct cpi_breaker_spec *spec, struct cpi_breaker *ret)
{
    for (size_t i = 0; i < spec->other.count; i++) {
        struct cpi_text_at item = spec->other.item[i];
        uint16_t member = build_member(s, item.at, key, item.text);
        if (member == CPI_MEMBER_CASE)
            ret->other_case = true;
        else if (member == CPI_MEMBER_CUSTOMER)
            say(s, item.at, key, "other customers never meet; want other = \"case\" or fields");
        else if (member != CPI_NO_INDEX && ret->n_other == CPI_SAME_MAX)
            say(s, item.at, key, "too many in other; at most %d", CPI_SAME_MAX);
        else if (member != CPI_NO_INDEX)
            ret->other[ret->n_other++] = member;
    }
    if (ret->other_case && ret->same_case)
        say(s, spec->other.at, key,
            "same case and other case contradict each other; say same = \"customer\" for other "
            "cases");
}

static void build_breaker(const struct subject *s, const struct cpi_breaker_spec *spec,
                          bool follows, size_t i, struct cpi_breaker *ret)
{
    const char *key = follows ? "followed-by" : "broken-by";
    key = build_string(s->b, cpi_arena_format(s->b->arena, "%s.[%zu]", key, i));
    ret->follows = follows;
    ret->before = spec->before.value != 0;
    ret->at_least = (uint32_t)spec->at_least.value;
    build_selector(s, key, &spec->event, &ret->sel);
    build_conds(s, key, &spec->where, &spec->where_any, &ret->where);
    build_same(s, key, spec, ret);
    build_other(s, key, spec, ret);
}

static void build_breakers(const struct subject *s, const struct cpi_indicator_spec *spec,
                           struct cpi_indicator *ind)
{
    size_t n = spec->n_followed_by + spec->n_broken_by;
    ind->breaker = cpi_arena_take(s->b->arena, (n + 1) * sizeof *ind->breaker);
    for (size_t i = 0; i < n; i++) {
        bool follows = i < spec->n_followed_by;
        size_t k = follows ? i : i - spec->n_followed_by;
        const struct cpi_breaker_spec *entry =
            follows ? &spec->followed_by[k] : &spec->broken_by[k];
        struct cpi_breaker *breaker = &ind->breaker[ind->n_breakers++];
        build_breaker(s, entry, follows, k, breaker);
        ind->cross = ind->cross || breaker->same_customer;
        if (ind->pick == CPI_PICK_LAST && breaker->same_customer)
            say(s, is_given(entry->same.at) ? entry->same.at : entry->at,
                follows ? "followed-by" : "broken-by",
                "pick = \"last\" judges one case; want same = \"case\" here, or another pick");
    }
}

static void check_within(const struct subject *s, const struct cpi_indicator_spec *spec,
                         const struct cpi_indicator *ind)
{
    const struct cpi_spec *all = s->b->spec;
    if (!is_given(spec->within_ms.at) && spec->n_followed_by == 0)
        say(s, spec->at, "within",
            "is missing; without it nothing is ever known to have stayed whole");
    if (spec->within_ms.set && ind->within_ms > all->keep_journeys_ms.value)
        say(s, spec->within_ms.at, "within",
            "is longer than keep.journeys, which gives journeys up before; shorten it, or lengthen "
            "that");
    if (ind->count_when != CPI_HAPPENED)
        return;
    if (!is_given(spec->within_ms.at))
        say(s, spec->count_when.at, "count-when",
            "\"happened\" needs within: until then past figures are corrected");
    else if (spec->within_ms.set && ind->within_ms > all->lateness_ms.value)
        say(s, spec->count_when.at, "count-when",
            "\"happened\" corrects figures for within, but lateness is shorter; want lateness of "
            "at "
            "least within (every entity then keeps the fine panes of length + lateness), or "
            "\"decided\"");
}

static void build_after(const struct subject *s, const struct cpi_indicator_spec *spec,
                        struct cpi_indicator *ind)
{
    build_selector(s, "after", &spec->after, &ind->start);
    ind->share = true;
    ind->unit = CPI_UNIT_SHARE;
    ind->in_case = true;
    ind->count_when = (enum cpi_count_when)spec->count_when.value;
    ind->within_ms = spec->within_ms.value;
    if (ind->pick == CPI_PICK_NONE)
        ind->pick = CPI_PICK_FIRST;
    if (spec->n_followed_by + spec->n_broken_by == 0 && !spec->good.set)
        say(s, spec->at, NULL,
            "after needs followed-by or broken-by (or good): what makes such an event a success?");
    build_breakers(s, spec, ind);
    check_within(s, spec, ind);
}

/* ---- from, tally, open ---- */
static void check_same_case(const struct subject *s, const struct cpi_indicator_spec *spec)
{
    for (size_t i = 0; i < spec->same.count; i++)
        if (strcmp(spec->same.item[i].text, "case") != 0)
            say(s, spec->same.item[i].at, "same",
                "\"%s\": this kind looks at one case; want \"case\"", spec->same.item[i].text);
}

static void build_from(const struct subject *s, const struct cpi_indicator_spec *spec,
                       struct cpi_indicator *ind)
{
    build_selector(s, "from", &spec->from, &ind->start);
    build_selector(s, "to", &spec->to, &ind->end);
    build_selector(s, "until", &spec->until, &ind->until);
    need(s, spec, spec->to.at, "to", "from needs an end");
    ind->amount = true;
    ind->unit = CPI_UNIT_MS;
    ind->in_case = true;
    ind->quiet_ms = spec->quiet_ms.value;
    if (ind->pick == CPI_PICK_NONE)
        ind->pick = CPI_PICK_FIRST;
    if (ind->pick == CPI_PICK_LAST && !is_given(spec->until.at) && !is_given(spec->quiet_ms.at))
        say(s, spec->pick.at, "pick",
            "\"last\" needs until or quiet: which end is the last is known only when it is over");
    if (spec->quiet_ms.set && ind->quiet_ms > s->b->spec->keep_journeys_ms.value)
        say(s, spec->quiet_ms.at, "quiet",
            "is longer than keep.journeys, which gives journeys up before; shorten it, or lengthen "
            "that");
    check_same_case(s, spec);
}

static void build_tally(const struct subject *s, const struct cpi_indicator_spec *spec,
                        struct cpi_indicator *ind)
{
    build_selector(s, "tally", &spec->tally, &ind->start);
    build_selector(s, "until", &spec->until, &ind->end);
    need(s, spec, spec->until.at, "until", "tally needs an end at which the number counts");
    ind->amount = true;
    ind->unit = CPI_UNIT_COUNT;
    ind->in_case = true;
    check_same_case(s, spec);
}

static void build_open(const struct subject *s, const struct cpi_indicator_spec *spec,
                       struct cpi_indicator *ind)
{
    build_selector(s, "open", &spec->open, &ind->start);
    build_selector(s, "until", &spec->until, &ind->end);
    need(s, spec, spec->until.at, "until", "open needs an end");
    ind->unit = CPI_UNIT_COUNT;
    ind->in_case = true;
    for (unsigned w = 0; w < s->b->model->n_words; w++)
        if (cpi_wordset_has(&ind->start, w) && cpi_wordset_has(&ind->end, w))
            say(s, spec->until.at, "until", "%.*s both opens and closes; which is it?",
                CPI_TEXT_ARG(s->b->model->word[w].name));
    check_same_case(s, spec);
}

void build_kind(const struct subject *s, const struct cpi_indicator_spec *spec,
                struct cpi_indicator *ind)
{
    if (spec->pick.set)
        ind->pick = (enum cpi_pick)(CPI_PICK_FIRST + (unsigned)spec->pick.value);
    build_conds(s, "where", &spec->where, &spec->where_any, &ind->where);
    build_conds(s, "good", &spec->good, NULL, &ind->good);
    build_conds(s, "bad", &spec->bad, NULL, &ind->bad);
    ind->has_good = ind->good.n_all > 0;
    ind->has_bad = ind->bad.n_all > 0;
    build_credit(s, spec, ind);
    switch (ind->kind) {
    case CPI_EACH:
        build_each(s, spec, ind);
        break;
    case CPI_AFTER:
        build_after(s, spec, ind);
        break;
    case CPI_FROM:
        build_from(s, spec, ind);
        break;
    case CPI_TALLY:
        build_tally(s, spec, ind);
        break;
    case CPI_OPEN:
        build_open(s, spec, ind);
        break;
    case CPI_DERIVED:
        break;
    }
}
