#include "cpi/event.h"

static bool compares(int order, enum cpi_cmp cmp)
{
    switch (cmp) {
    case CPI_CMP_EQ:
        return order == 0;
    case CPI_CMP_NE:
        return order != 0;
    case CPI_CMP_LT:
        return order < 0;
    case CPI_CMP_LE:
        return order <= 0;
    case CPI_CMP_GT:
        return order > 0;
    case CPI_CMP_GE:
        return order >= 0;
    case CPI_CMP_WORD:
        break;
    }
    return false;
}

static bool cond_holds(const struct cpi_cond *cond, const struct cpi_event *ev,
                       const struct cpi_wordset *words)
{
    if (cond->cmp == CPI_CMP_WORD)
        return cpi_wordset_has(words, cond->word);
    struct cpi_text value = cpi_event_member(ev, cond->member);
    struct cpi_decimal number;
    if (!cpi_text_is(value)) /* absent equals nothing (J2); so it differs from everything */
        return cond->cmp == CPI_CMP_NE;
    if (cond->numeric && cpi_decimal_parse(value, &number))
        return compares(cpi_decimal_order(number, cond->number), cond->cmp);
    if (cond->cmp == CPI_CMP_EQ)
        return cpi_text_equal(value, cond->text);
    if (cond->cmp == CPI_CMP_NE)
        return !cpi_text_equal(value, cond->text);
    /* Order is between numbers; text is never below or above a number. */
    return !cond->numeric && compares(cpi_text_order(value, cond->text), cond->cmp);
}

bool cpi_conds_hold(const struct cpi_conds *conds, const struct cpi_event *ev,
                    const struct cpi_wordset *words)
{
    for (size_t i = 0; i < conds->n_all; i++)
        if (!cond_holds(&conds->all[i], ev, words))
            return false;
    for (size_t i = 0; i < conds->n_any; i++)
        if (cond_holds(&conds->any[i], ev, words))
            return true;
    return conds->n_any == 0;
}

struct cpi_wordset cpi_event_words(const struct cpi_event *ev, const struct cpi_model *model)
{
    struct cpi_wordset words = { { 0 } };
    cpi_wordset_add(&words, ev->type);
    for (size_t w = model->n_types; w < model->n_words; w++) {
        const struct cpi_word *word = &model->word[w];
        if (cpi_wordset_has(&word->types, ev->type) && cpi_wordset_meets(&word->base, &words) &&
            cpi_conds_hold(&word->conds, ev, &words))
            cpi_wordset_add(&words, (unsigned)w);
    }
    return words;
}

bool cpi_event_amount(const struct cpi_event *ev, const struct cpi_indicator *ind, int64_t *ret)
{
    int64_t sum = 0;
    bool present = false;
    for (size_t i = 0; i < ind->n_of; i++) {
        struct cpi_text value = cpi_event_member(ev, ind->of[i]);
        int64_t units;
        if (!cpi_text_is(value))
            continue;
        if (!cpi_decimal_units(value, ind->scale, &units) ||
            __builtin_add_overflow(sum, units, &sum))
            return false;
        present = true;
    }
    *ret = sum;
    return present;
}
