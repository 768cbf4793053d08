#include <stdlib.h>
#include <string.h>

#include "cpi/hash.h"
#include "model/build.h"

/* The normalised text of a definition: what changes its meaning and nothing else. Names of words do
 * not stand in it but what they mean; sets are sorted. */

static void put_conds(struct build *b, struct cpi_buf *buf, const struct cpi_conds *conds);

static int order(const void *a, const void *b)
{
    return cpi_text_order(*(const struct cpi_text *)a, *(const struct cpi_text *)b);
}

static void put_sorted(struct cpi_buf *buf, struct cpi_text *part, size_t n, const char *between)
{
    qsort(part, n, sizeof *part, order);
    for (size_t i = 0; i < n; i++) {
        cpi_buf_add_string(buf, i ? between : "");
        cpi_buf_add_text(buf, part[i]);
    }
}

static struct cpi_text take_text(struct build *b, struct cpi_buf *buf)
{
    struct cpi_text text = cpi_arena_text(b->arena, cpi_buf_text(buf));
    cpi_buf_fini(buf);
    return text;
}

static void put_words(struct build *b, struct cpi_buf *buf, const struct cpi_wordset *set);

static struct cpi_text word_text(struct build *b, const struct cpi_word *word)
{
    struct cpi_buf buf;
    if (cpi_wordset_is_empty(&word->base))
        return word->name;
    cpi_buf_init(&buf);
    cpi_buf_add_string(&buf, "(");
    put_words(b, &buf, &word->base);
    put_conds(b, &buf, &word->conds);
    cpi_buf_add_string(&buf, ")");
    return take_text(b, &buf);
}

static void put_words(struct build *b, struct cpi_buf *buf, const struct cpi_wordset *set)
{
    const struct cpi_model *m = b->model;
    struct cpi_text *part = cpi_arena_take(b->arena, (m->n_words + 1) * sizeof *part);
    size_t n = 0;
    for (unsigned w = 0; w < m->n_words; w++)
        if (cpi_wordset_has(set, w))
            part[n++] = word_text(b, &m->word[w]);
    put_sorted(buf, part, n, "+");
}

static struct cpi_text cond_text(struct build *b, const struct cpi_cond *cond)
{
    static const char *const signs[] = {
        [CPI_CMP_WORD] = "", [CPI_CMP_EQ] = "=", [CPI_CMP_NE] = "!=", [CPI_CMP_LT] = "<",
        [CPI_CMP_LE] = "<=", [CPI_CMP_GT] = ">", [CPI_CMP_GE] = ">="
    };
    struct cpi_buf buf;
    if (cond->cmp == CPI_CMP_WORD)
        return word_text(b, &b->model->word[cond->word]);
    cpi_buf_init(&buf);
    cpi_buf_add_format(&buf, "%s%s", member_name(b->model, cond->member), signs[cond->cmp]);
    if (cond->numeric)
        cpi_decimal_format(&buf, cond->number.units, cond->number.scale);
    else
        cpi_buf_add_format(&buf, "%u:%.*s", cond->text.len, CPI_TEXT_ARG(cond->text));
    return take_text(b, &buf);
}

static void put_cond_list(struct build *b, struct cpi_buf *buf, const char *open,
                          const struct cpi_cond *cond, size_t n)
{
    struct cpi_text *part = cpi_arena_take(b->arena, (n + 1) * sizeof *part);
    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        part[i] = cond_text(b, &cond[i]);
    cpi_buf_add_string(buf, open);
    put_sorted(buf, part, n, ",");
    cpi_buf_add_string(buf, "]");
}

static void put_conds(struct build *b, struct cpi_buf *buf, const struct cpi_conds *conds)
{
    put_cond_list(b, buf, " all[", conds->all, conds->n_all);
    put_cond_list(b, buf, " any[", conds->any, conds->n_any);
}

static void put_members(struct build *b, struct cpi_buf *buf, const char *key,
                        const uint16_t *member, size_t n)
{
    struct cpi_text part[CPI_SAME_MAX];
    for (size_t i = 0; i < n; i++)
        part[i] = cpi_text_of(member_name(b->model, member[i]));
    cpi_buf_add_format(buf, " %s[", key);
    put_sorted(buf, part, n, ",");
    cpi_buf_add_string(buf, "]");
}

static struct cpi_text breaker_text(struct build *b, const struct cpi_breaker *breaker)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_buf_add_format(&buf, "{%s%s%s%s%s %u ", breaker->follows ? "followed" : "broken",
                       breaker->before ? " before" : "", breaker->same_case ? " case" : "",
                       breaker->same_customer ? " customer" : "",
                       breaker->other_case ? " other-case" : "", breaker->at_least);
    put_words(b, &buf, &breaker->sel);
    put_conds(b, &buf, &breaker->where);
    put_members(b, &buf, "same", breaker->same, breaker->n_same);
    put_members(b, &buf, "other", breaker->other, breaker->n_other);
    cpi_buf_add_string(&buf, "}");
    return take_text(b, &buf);
}

static void put_selector(struct build *b, struct cpi_buf *buf, const char *key,
                         const struct cpi_wordset *set)
{
    if (cpi_wordset_is_empty(set))
        return;
    cpi_buf_add_format(buf, "; %s ", key);
    put_words(b, buf, set);
}

static void put_definition(struct build *b, struct cpi_buf *buf, const struct cpi_indicator *ind)
{
    const struct cpi_model *m = b->model;
    cpi_buf_add_format(buf, "%s pick %d when %d credit %d within %lld quiet %lld",
                       kind_key(ind->kind), (int)ind->pick, (int)ind->count_when, (int)ind->credit,
                       (long long)ind->within_ms, (long long)ind->quiet_ms);
    put_selector(b, buf, "start", &ind->start);
    put_selector(b, buf, "end", &ind->end);
    put_selector(b, buf, "until", &ind->until);
    put_selector(b, buf, "credit", &ind->credit_sel);
    cpi_buf_add_string(buf, "; where");
    put_conds(b, buf, &ind->where);
    cpi_buf_add_string(buf, "; good");
    put_conds(b, buf, &ind->good);
    cpi_buf_add_string(buf, "; bad");
    put_conds(b, buf, &ind->bad);
    put_members(b, buf, "of", ind->of, ind->n_of);
    struct cpi_text *part = cpi_arena_take(b->arena, (ind->n_breakers + 1) * sizeof *part);
    for (size_t i = 0; i < ind->n_breakers; i++)
        part[i] = breaker_text(b, &ind->breaker[i]);
    put_sorted(buf, part, ind->n_breakers, "");
    if (ind->kind == CPI_DERIVED && ind->n_show)
        cpi_buf_add_format(buf, "; %.*s %c %.*s", CPI_TEXT_ARG(m->indicator[ind->left].definition),
                           ind->difference ? '-' : '/',
                           CPI_TEXT_ARG(m->indicator[ind->right].definition));
}

void build_definition(struct build *b, struct cpi_indicator *ind)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    put_definition(b, &buf, ind);
    ind->definition = cpi_arena_format(b->arena, "%016llx",
                                       (unsigned long long)cpi_hash_text(cpi_buf_text(&buf)));
    cpi_buf_fini(&buf);
}
