#include <string.h>

#include "model/build.h"

/* The definition in words: what counts (denominator), what is good (numerator), when, and whose. */

static void put_conds(struct build *b, struct cpi_buf *buf, const struct cpi_conds *conds,
                      const char *intro);

static void put_duration(struct cpi_buf *buf, int64_t ms)
{
    cpi_duration_format(buf, ms);
}

/* "long-call (call.ended where length >= 60s)" */
static void put_word(struct build *b, struct cpi_buf *buf, const struct cpi_word *word);

static void put_words(struct build *b, struct cpi_buf *buf, const struct cpi_wordset *set)
{
    const struct cpi_model *m = b->model;
    size_t n = 0, k = 0;
    for (unsigned w = 0; w < m->n_words; w++)
        n += cpi_wordset_has(set, w);
    for (unsigned w = 0; w < m->n_words; w++) {
        if (!cpi_wordset_has(set, w))
            continue;
        cpi_buf_add_string(buf, k == 0 ? "" : k + 1 == n ? " or " : ", ");
        put_word(b, buf, &m->word[w]);
        k++;
    }
}

static void put_word(struct build *b, struct cpi_buf *buf, const struct cpi_word *word)
{
    cpi_buf_add_text(buf, word->name);
    if (cpi_wordset_is_empty(&word->base))
        return;
    cpi_buf_add_string(buf, " (");
    put_words(b, buf, &word->base);
    put_conds(b, buf, &word->conds, " where ");
    cpi_buf_add_string(buf, ")");
}

static const char *article(const struct cpi_word *word);

static void put_cond(struct build *b, struct cpi_buf *buf, const struct cpi_cond *cond)
{
    static const char *const verbs[] = {
        [CPI_CMP_EQ] = "is",         [CPI_CMP_NE] = "is not",   [CPI_CMP_LT] = "is below",
        [CPI_CMP_LE] = "is at most", [CPI_CMP_GT] = "is above", [CPI_CMP_GE] = "is at least"
    };
    if (cond->cmp == CPI_CMP_WORD) {
        cpi_buf_add_format(buf, "it is %s", article(&b->model->word[cond->word]));
        put_word(b, buf, &b->model->word[cond->word]);
        return;
    }
    cpi_buf_add_format(buf, "%s %s %.*s", member_name(b->model, cond->member), verbs[cond->cmp],
                       CPI_TEXT_ARG(cond->text));
}

static void put_conds(struct build *b, struct cpi_buf *buf, const struct cpi_conds *conds,
                      const char *intro)
{
    if (conds->n_all + conds->n_any == 0)
        return;
    cpi_buf_add_string(buf, intro);
    for (size_t i = 0; i < conds->n_all; i++) {
        cpi_buf_add_string(buf, i ? " and " : "");
        put_cond(b, buf, &conds->all[i]);
    }
    if (conds->n_any && conds->n_all)
        cpi_buf_add_string(buf, ", and ");
    if (conds->n_any > 1)
        cpi_buf_add_string(buf, "either ");
    for (size_t i = 0; i < conds->n_any; i++) {
        cpi_buf_add_string(buf, i ? " or " : "");
        put_cond(b, buf, &conds->any[i]);
    }
}

static const char *article(const struct cpi_word *word)
{
    return word->name.len && strchr("aeiou", word->name.at[0]) ? "an " : "a ";
}

/* "a case.opened", "one of case.opened or case.reopened" */
static void put_one(struct build *b, struct cpi_buf *buf, const struct cpi_wordset *set)
{
    const struct cpi_word *one = NULL;
    unsigned n = 0;
    for (unsigned w = 0; w < b->model->n_words; w++)
        if (cpi_wordset_has(set, w) && n++ == 0)
            one = &b->model->word[w];
    cpi_buf_add_string(buf, n == 1 ? article(one) : "one of ");
    put_words(b, buf, set);
}

/* ---- the parts of `after` ---- */
static void put_members(struct build *b, struct cpi_buf *buf, const struct cpi_breaker *breaker)
{
    size_t k = 0, n = (breaker->same_case ? 1u : 0u) + (breaker->same_customer ? 1u : 0u) +
                      breaker->n_same;
    cpi_buf_add_string(buf, " of the same ");
    if (breaker->same_case)
        cpi_buf_add_format(buf, "case%s", ++k == n ? "" : k + 1 == n ? " and " : ", ");
    if (breaker->same_customer)
        cpi_buf_add_format(buf, "customer%s", ++k == n ? "" : k + 1 == n ? " and " : ", ");
    for (size_t i = 0; i < breaker->n_same; i++)
        cpi_buf_add_format(buf, "%s%s", member_name(b->model, breaker->same[i]),
                           ++k == n     ? ""
                           : k + 1 == n ? " and "
                                        : ", ");
    if (breaker->other_case)
        cpi_buf_add_string(buf, " in another case");
    for (size_t i = 0; i < breaker->n_other; i++)
        cpi_buf_add_format(buf, "%s another %s", i || breaker->other_case ? " and" : " with",
                           member_name(b->model, breaker->other[i]));
}

static void put_breaker(struct build *b, struct cpi_buf *buf, const struct cpi_breaker *breaker)
{
    if (breaker->at_least > 1)
        cpi_buf_add_format(buf, "at least %u times ", breaker->at_least);
    put_one(b, buf, &breaker->sel);
    put_members(b, buf, breaker);
    put_conds(b, buf, &breaker->where, " where ");
    if (breaker->before)
        cpi_buf_add_string(buf, ", before it");
}

static void put_breakers(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind,
                         bool follows, const char *intro)
{
    size_t k = 0;
    for (size_t i = 0; i < ind->n_breakers; i++)
        if (ind->breaker[i].follows == follows) {
            cpi_buf_add_string(buf, k++ ? "; or " : intro);
            put_breaker(b, buf, &ind->breaker[i]);
        }
    if (k)
        cpi_buf_add_string(buf, ".");
}

static void put_pick(struct cpi_buf *buf, enum cpi_pick pick)
{
    static const char *const of_case[] = { [CPI_PICK_NONE] = "",
                                           [CPI_PICK_FIRST] = ", the first one of each case",
                                           [CPI_PICK_LAST] = ", the last one of each case",
                                           [CPI_PICK_EACH] = ", every one" };
    cpi_buf_add_string(buf, of_case[pick]);
}

static bool has_entry(const struct cpi_indicator *ind, bool follows)
{
    for (size_t i = 0; i < ind->n_breakers; i++)
        if (ind->breaker[i].follows == follows)
            return true;
    return false;
}

static void put_deadline(struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    bool followed = has_entry(ind, true), broken = has_entry(ind, false);
    if (!ind->within_ms)
        return;
    cpi_buf_add_string(buf, followed && broken ? " If neither happens within "
                            : followed         ? " If no such event follows within "
                            : broken           ? " If nothing of this happens within "
                                               : " That is known after ");
    put_duration(buf, ind->within_ms);
    if (followed || broken)
        cpi_buf_add_string(buf, followed ? ", it has failed" : ", it has succeeded");
    cpi_buf_add_string(buf, ".");
}

static void put_count_when(struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    if (ind->count_when == CPI_HAPPENED) {
        cpi_buf_add_string(buf,
                           " It counts at the time of the start; past figures are corrected when "
                           "the verdict is known.");
    } else if (ind->count_when == CPI_AT_ONCE) {
        cpi_buf_add_string(buf,
                           " It counts as soon as the verdict is known, so failures earlier than "
                           "successes or the other way round.");
    } else if (ind->within_ms) {
        cpi_buf_add_string(buf, " Success and failure both count ");
        put_duration(buf, ind->within_ms);
        cpi_buf_add_string(buf, " after the start, not before.");
    } else {
        cpi_buf_add_string(buf,
                           " It counts at the event that decides; without one it does not count.");
    }
}

static void put_after(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    cpi_buf_add_string(buf, "Of all ");
    put_words(b, buf, &ind->start);
    cpi_buf_add_string(buf, " events");
    put_conds(b, buf, &ind->where, " where ");
    put_pick(buf, ind->pick);
    cpi_buf_add_string(buf, ", the share that succeeded.");
    put_conds(b, buf, &ind->good, " It can succeed only if ");
    if (ind->has_good)
        cpi_buf_add_string(buf, ".");
    put_breakers(b, buf, ind, true, " It succeeds when it is followed by ");
    put_breakers(b, buf, ind, false, " It fails when there is ");
    put_deadline(buf, ind);
    put_count_when(buf, ind);
}

/* ---- the other kinds ---- */
static void put_share(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    cpi_buf_add_string(buf, "Of all ");
    put_words(b, buf, &ind->start);
    cpi_buf_add_string(buf, " events");
    put_conds(b, buf, &ind->where, " where ");
    put_pick(buf, ind->pick);
    if (ind->has_bad) {
        put_conds(b, buf, &ind->good, ", out of those where ");
        put_conds(b, buf, &ind->bad, " or ");
    }
    put_conds(b, buf, &ind->good, ", the share where ");
    if (ind->has_bad)
        cpi_buf_add_string(buf, ". The others do not count");
}

static void put_amount(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    cpi_buf_add_string(buf, ind->n_of > 1 ? "The sum of " : "The ");
    for (size_t i = 0; i < ind->n_of; i++)
        cpi_buf_add_format(buf, "%s%s",
                           i == 0               ? ""
                           : i + 1 == ind->n_of ? " and "
                                                : ", ",
                           member_name(b->model, ind->of[i]));
    cpi_buf_add_string(buf, " of every ");
    put_words(b, buf, &ind->start);
    put_conds(b, buf, &ind->where, " where ");
    put_pick(buf, ind->pick);
    cpi_buf_add_string(buf, ind->n_of > 1
                                ? "; a missing part is 0, and without any it does not count"
                                : "; without it, it does not count");
}

static void put_each(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    if (ind->share) {
        put_share(b, buf, ind);
    } else if (ind->amount) {
        put_amount(b, buf, ind);
    } else {
        cpi_buf_add_string(buf, "How many ");
        put_words(b, buf, &ind->start);
        cpi_buf_add_string(buf, " events there were");
        put_conds(b, buf, &ind->where, " where ");
        put_pick(buf, ind->pick);
    }
    cpi_buf_add_string(buf, ". It counts at the time of the event.");
}

static void put_from(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    static const char *const which[] = { [CPI_PICK_NONE] = "first",
                                         [CPI_PICK_FIRST] = "first",
                                         [CPI_PICK_LAST] = "last",
                                         [CPI_PICK_EACH] = "next" };
    cpi_buf_add_string(buf, "The time from ");
    put_one(b, buf, &ind->start);
    put_conds(b, buf, &ind->where, " where ");
    cpi_buf_add_format(buf, " to the %s ", which[ind->pick]);
    put_words(b, buf, &ind->end);
    cpi_buf_add_string(buf, " of the same case");
    if (!cpi_wordset_is_empty(&ind->until)) {
        cpi_buf_add_string(buf, ", until ");
        put_one(b, buf, &ind->until);
    }
    if (ind->quiet_ms) {
        cpi_buf_add_string(buf, ", or until nothing of this happened for ");
        put_duration(buf, ind->quiet_ms);
    }
    cpi_buf_add_string(buf, ". Where none came it is excluded, and counted as such.");
    if (ind->pick == CPI_PICK_LAST)
        cpi_buf_add_string(buf, " It counts when it is known which one was the last.");
    else
        cpi_buf_add_string(buf, " It counts at its end.");
}

static void put_tally(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    cpi_buf_add_string(buf, "How many ");
    put_words(b, buf, &ind->start);
    cpi_buf_add_string(buf, " events");
    put_conds(b, buf, &ind->where, " where ");
    cpi_buf_add_string(buf, " a case had until ");
    put_one(b, buf, &ind->end);
    cpi_buf_add_string(buf, ", since the one before. It counts at that end.");
}

static void put_open(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    cpi_buf_add_string(buf, "How many cases stand open, from ");
    put_one(b, buf, &ind->start);
    put_conds(b, buf, &ind->where, " where ");
    cpi_buf_add_string(buf, " until ");
    put_one(b, buf, &ind->end);
    cpi_buf_add_string(buf, ", and how old they are; read every ");
    put_duration(buf, b->model->window[ind->over[0]].every_ms);
    cpi_buf_add_string(buf, ".");
}

static void put_derived(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    const struct cpi_indicator *left = &b->model->indicator[ind->left];
    const struct cpi_indicator *right = &b->model->indicator[ind->right];
    cpi_buf_add_format(buf,
                       "%.*s %s %.*s, both as of the same moment and of the same %s; nothing where "
                       "one of them has no data%s.",
                       CPI_TEXT_ARG(left->name), ind->difference ? "less" : "divided by",
                       CPI_TEXT_ARG(right->name), "rep, team or organisation",
                       ind->difference ? "" : " or the second is 0");
}

/* ---- whose ---- */
static void put_credit(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    static const char *const whose[] = {
        [CPI_CREDIT_START] = " It belongs to the rep and team of the event that starts it.",
        [CPI_CREDIT_END] = " It belongs to the rep and team of the event that ends it.",
        [CPI_CREDIT_BREAKER] = " It belongs to the rep and team of the event that decides it.",
        [CPI_CREDIT_CURRENT] = " It belongs to the rep and team that have the case at the time.",
        [CPI_CREDIT_FIRST] = " It belongs to the rep and team of the case's first event.",
    };
    if (ind->kind == CPI_DERIVED)
        return;
    if (ind->kind == CPI_EACH && ind->credit == CPI_CREDIT_START) {
        cpi_buf_add_string(buf, " It belongs to the rep and team of the event.");
    } else if (ind->credit != CPI_CREDIT_WORD) {
        cpi_buf_add_string(buf, whose[ind->credit]);
    } else {
        cpi_buf_add_string(buf, " It belongs to the rep and team of the case's latest ");
        put_words(b, buf, &ind->credit_sel);
        cpi_buf_add_string(buf, " by then; without one, to nobody (unassigned).");
    }
}

void build_sentence(struct build *b, struct cpi_indicator *ind)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    switch (ind->kind) {
    case CPI_EACH:
        put_each(b, &buf, ind);
        break;
    case CPI_AFTER:
        put_after(b, &buf, ind);
        break;
    case CPI_FROM:
        put_from(b, &buf, ind);
        break;
    case CPI_TALLY:
        put_tally(b, &buf, ind);
        break;
    case CPI_OPEN:
        put_open(b, &buf, ind);
        break;
    case CPI_DERIVED:
        put_derived(b, &buf, ind);
        break;
    }
    put_credit(b, &buf, ind);
    ind->sentence = cpi_arena_text(b->arena, cpi_buf_text(&buf));
    cpi_buf_fini(&buf);
}
