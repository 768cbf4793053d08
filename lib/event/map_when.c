/* Conditions of rules: V = T, !=, in, starts, has, exists, >=, <, not. */
#include <string.h>

#include "event/map.h"

static const struct operator
{
    const char *text;
    enum map_test test;
    bool negate;
    bool word; /* needs blanks around it */
}
operators[] = {
    { "!=", TEST_EQ, true, false },      { ">=", TEST_GE, false, false },
    { "<=", TEST_LE, false, false },     { "=", TEST_EQ, false, false },
    { ">", TEST_GT, false, false },      { "<", TEST_LT, false, false },
    { "not in", TEST_IN, true, true },   { "not starts", TEST_STARTS, true, true },
    { "not has", TEST_HAS, true, true }, { "not exists", TEST_EXISTS, true, true },
    { "in", TEST_IN, false, true },      { "starts", TEST_STARTS, false, true },
    { "has", TEST_HAS, false, true },    { "exists", TEST_EXISTS, false, true },
};
#define N_OPERATORS (sizeof operators / sizeof *operators)

static bool stands_at(struct cpi_text t, uint32_t i, const struct operator* op)
{
    struct cpi_text text = cpi_text_of(op->text);
    if (!cpi_text_starts(cpi_text_part(t, i, UINT32_MAX), text))
        return false;
    uint32_t end = i + text.len;
    return i > 0 && t.at[i - 1] == ' ' && (end == t.len || t.at[end] == ' ');
}

/* The first operator with blanks around it, outside of braces, brackets and quotes. */
static const struct operator* find_operator(struct cpi_text t, uint32_t *ret_at)
{
    int depth = 0;
    char quote = 0;
    for (uint32_t i = 0; i < t.len; i++) {
        char c = t.at[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
            continue;
        }
        if ((c == '"' || c == '\'') && i && t.at[i - 1] == ' ')
            quote = c;
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth;
        for (size_t k = 0; k < N_OPERATORS && !depth; k++)
            if (stands_at(t, i, &operators[k])) {
                *ret_at = i;
                return &operators[k];
            }
    }
    return NULL;
}

static bool compile_right(struct map_compiler *c, struct cpi_text t, struct map_cond *ret)
{
    t = cpi_text_trim(t);
    if (ret->test == TEST_EXISTS) {
        if (t.len)
            map_complain(c, "'%.*s' behind exists is too much", CPI_TEXT_ARG(t));
        return !t.len;
    }
    if (t.len && strchr("/^$", t.at[0])) {
        ret->right = map_alternative_compile(c, t);
        return ret->right != NULL;
    }
    ret->text = cpi_arena_take(&c->mapping->arena, (t.len + 2) * sizeof *ret->text);
    while (ret->test == TEST_IN && cpi_text_find(t, CPI_TEXT(",")) >= 0) {
        uint32_t comma = (uint32_t)cpi_text_find(t, CPI_TEXT(","));
        struct cpi_text word = cpi_text_part(t, 0, comma);
        ret->text[ret->n_texts++] = cpi_arena_text(&c->mapping->arena, map_word(&word, true));
        t = cpi_text_part(t, comma + 1, UINT32_MAX);
    }
    ret->text[ret->n_texts++] = cpi_arena_text(&c->mapping->arena, map_word(&t, true));
    ret->plain = ret->test == TEST_EQ && ret->left->pointer && !ret->left->n_ops;
    ret->numeric = ret->test != TEST_IN && cpi_decimal_parse(ret->text[0], &ret->number);
    if (ret->test >= TEST_GE && !ret->numeric) {
        map_complain(c, "'%.*s' is no number to compare with", CPI_TEXT_ARG(ret->text[0]));
        return false;
    }
    return true;
}

static bool compile_cond(struct map_compiler *c, struct cpi_text t, struct map_cond *ret)
{
    uint32_t at = 0;
    ret->written = cpi_arena_text(&c->mapping->arena, t);
    t = cpi_text_trim(ret->written);
    if (cpi_text_starts(t, CPI_TEXT("not "))) {
        ret->negate = true;
        t = cpi_text_trim(cpi_text_part(t, 4, UINT32_MAX));
    }
    const struct operator* op = find_operator(t, &at);
    if (!op) {
        map_complain(c,
                     "'%.*s' is no condition: want V = T, V != T, V in A,B, V starts T, V has T, "
                     "V exists, V >= N, V < N, or not ...",
                     CPI_TEXT_ARG(ret->written));
        return false;
    }
    ret->test = op->test;
    ret->negate ^= op->negate;
    ret->left = map_alternative_compile(c, cpi_text_trim(cpi_text_part(t, 0, at)));
    if (!ret->left)
        return false;
    if (ret->test == TEST_HAS && ret->left->pointer)
        ret->left->pointer->whole = true;
    return compile_right(c, cpi_text_part(t, at + (uint32_t)strlen(op->text), UINT32_MAX), ret);
}

void map_when_compile(struct map_compiler *c, const struct cpi_text_at *when, size_t count,
                      struct map_when *ret)
{
    *ret = (struct map_when){ cpi_arena_take(&c->mapping->arena, count * sizeof *ret->cond), 0 };
    for (size_t i = 0; i < count; i++) {
        c->at = when[i].at;
        if (compile_cond(c, cpi_text_of(when[i].text), &ret->cond[ret->count]))
            ret->count++;
    }
}

/* ---- judging ---- */

/* Texts are equal as they stand; a JSON number also by its value. */
static bool equal(const struct map_result *left, struct cpi_text right, bool right_numeric,
                  const struct cpi_decimal *right_number)
{
    struct cpi_decimal number;
    if (cpi_text_equal(left->text, right))
        return true;
    return left->number && right_numeric && cpi_decimal_parse(left->text, &number) &&
           cpi_decimal_order(number, *right_number) == 0;
}

static bool compares(enum map_test test, int order)
{
    switch (test) {
    case TEST_GE:
        return order >= 0;
    case TEST_GT:
        return order > 0;
    case TEST_LE:
        return order <= 0;
    default:
        return order < 0;
    }
}

static bool has(struct map_run *run, const struct map_result *left, struct cpi_text want)
{
    struct json_value element;
    uint32_t cursor = 0;
    if (left->state == MAP_NODE) {
        if (left->node.kind == JSON_OBJECT)
            return json_member(run->parser, &left->node, want).kind != JSON_ABSENT;
        while (json_each(run->parser, &left->node, &cursor, &element))
            if (json_is_scalar(element.kind) && cpi_text_equal(json_text(&element), want))
                return true;
        return false;
    }
    for (uint32_t i = 0; left->state == MAP_LIST && i < left->list_count; i++) {
        const struct json_value *v = &run->list[left->list_from + i];
        if (json_is_scalar(v->kind) && cpi_text_equal(json_text(v), want))
            return true;
    }
    return left->state == MAP_TEXT && cpi_text_find(left->text, want) >= 0;
}

static bool test_text(struct map_run *run, const struct map_cond *cond, struct map_result *left,
                      struct cpi_text right, bool numeric, const struct cpi_decimal *number)
{
    struct cpi_decimal value;
    if (cond->test == TEST_HAS)
        return has(run, left, right);
    if (!map_to_text(run, left))
        return false; /* absent equals nothing */
    switch (cond->test) {
    case TEST_STARTS:
        return cpi_text_starts(left->text, right);
    case TEST_EQ:
    case TEST_IN:
        return equal(left, right, numeric, number);
    default:
        return numeric && cpi_decimal_parse(left->text, &value) &&
               compares(cond->test, cpi_decimal_order(value, *number));
    }
}

static bool test(struct map_run *run, const struct map_cond *cond, struct map_result *left)
{
    if (cond->test == TEST_EXISTS)
        return left->state != MAP_ABSENT && left->state != MAP_NULL;
    if (cond->right) {
        struct map_result right;
        struct cpi_decimal number;
        map_alternative_get(run, cond->right, &right);
        if (!map_to_text(run, &right))
            return false;
        bool numeric =
            (right.number || cond->test >= TEST_GE) && cpi_decimal_parse(right.text, &number);
        return test_text(run, cond, left, right.text, numeric, &number);
    }
    for (size_t i = 0; i < cond->n_texts; i++)
        if (test_text(run, cond, left, cond->text[i], cond->numeric, &cond->number))
            return true;
    return false;
}

/* The text of a member in its slot, NULL if it is anything else: the common case of conditions. */
static const struct json_value *plain_left(const struct map_run *run, const struct map_cond *cond)
{
    if (!cond->plain || run->trace || cond->left->pointer->slot == CPI_NONE)
        return NULL;
    const struct json_value *v = &run->slot[cond->left->pointer->slot];
    return v->kind == JSON_STRING ? v : NULL;
}

static bool cond_holds(struct map_run *run, const struct map_cond *cond)
{
    const struct json_value *v = plain_left(run, cond);
    if (v)
        return cpi_text_equal(json_text(v), cond->text[0]) != cond->negate;
    struct map_result left;
    size_t n_list = run->n_list;
    map_alternative_get(run, cond->left, &left);
    bool holds = test(run, cond, &left) != cond->negate;
    run->n_list = n_list;
    if (run->trace) {
        cpi_buf_add_format(run->trace, "    %s: %.*s", holds ? "holds" : "does not hold",
                           CPI_TEXT_ARG(cond->written));
        map_trace_result(run, &left);
    }
    return holds;
}

bool map_when_holds(struct map_run *run, const struct map_when *when)
{
    for (size_t i = 0; i < when->count; i++)
        if (!cond_holds(run, &when->cond[i]))
            return false;
    return true;
}
