#include <ctype.h>
#include <string.h>

#include "model/build.h"

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || strchr(".*_-", c) != NULL;
}

static struct cpi_text read_name(struct cpi_text *rest)
{
    uint32_t len = 0;
    while (len < rest->len && rest->at[len] && is_name_char(rest->at[len]))
        len++;
    struct cpi_text name = cpi_text_part(*rest, 0, len);
    *rest = cpi_text_trim(cpi_text_part(*rest, len, rest->len));
    return name;
}

struct cpi_text cond_word(struct cpi_text cond)
{
    struct cpi_text rest = cpi_text_trim(cond), name = read_name(&rest);
    return name.len && rest.len == 0 ? name : CPI_ABSENT;
}

static bool read_cmp(struct cpi_text *rest, enum cpi_cmp *ret)
{
    static const struct {
        const char *sign;
        enum cpi_cmp cmp;
    } signs[] = { { "!=", CPI_CMP_NE }, { "<=", CPI_CMP_LE }, { ">=", CPI_CMP_GE },
                  { "=", CPI_CMP_EQ },  { "<", CPI_CMP_LT },  { ">", CPI_CMP_GT } };
    for (unsigned i = 0; i < sizeof signs / sizeof *signs; i++)
        if (cpi_text_starts(*rest, cpi_text_of(signs[i].sign))) {
            *ret = signs[i].cmp;
            *rest = cpi_text_trim(cpi_text_part(*rest, (uint32_t)strlen(signs[i].sign), rest->len));
            return true;
        }
    return false;
}

static bool is_order(enum cpi_cmp cmp)
{
    return cmp != CPI_CMP_EQ && cmp != CPI_CMP_NE;
}

/* Both sides numeric: numbers; durations count in ms (J13). */
static bool read_value(const struct subject *s, struct cpi_text_at at, const char *key,
                       struct cpi_text value, struct cpi_cond *ret)
{
    const struct cpi_model *m = s->b->model;
    const char *name = member_name(m, ret->member);
    int64_t ms;
    ret->text = (struct cpi_text){ build_string(s->b, value), value.len };
    bool number = cpi_decimal_parse(value, &ret->number);
    bool duration = cpi_duration_parse(value, &ms);
    if (s->b->mapping_failed) /* nobody knows the field's unit */
        return true;
    if (is_duration_member(m, ret->member)) {
        if (number)
            say(s, at.at, key,
                "\"%s\": %.*s has no unit, but %s is a duration; write %.*ss or %.*sm", at.text,
                CPI_TEXT_ARG(value), name, CPI_TEXT_ARG(value), CPI_TEXT_ARG(value));
        else if (!duration)
            say(s, at.at, key, "\"%s\": %s is a duration; compare it with one, such as 60s",
                at.text, name);
        ret->numeric = true;
        ret->number = (struct cpi_decimal){ duration ? ms : 0, 0 };
        return duration;
    }
    ret->numeric = number;
    if (number || !is_order(ret->cmp))
        return true;
    if (duration)
        say(s, at.at, key,
            "\"%s\": %s has no unit; let its mapping end in one (| s, | ms, | seconds ms)", at.text,
            name);
    else
        say(s, at.at, key, "\"%s\": < and > compare numbers; %.*s is none", at.text,
            CPI_TEXT_ARG(value));
    return false;
}

static bool read_word(const struct subject *s, struct cpi_text_at at, const char *key,
                      struct cpi_text name, struct cpi_cond *ret)
{
    const struct cpi_model *m = s->b->model;
    ret->cmp = CPI_CMP_WORD;
    ret->word = cpi_model_find_word(m, name);
    if (ret->word != CPI_NO_INDEX)
        return true;
    if (is_own_word(s->b, name)) /* wrong itself, and complained about */
        return false;
    if (cpi_model_find_field(m, name) != CPI_NO_INDEX) {
        say(s, at.at, key, "\"%s\" is a field; compare it, such as \"%s = true\"", at.text,
            at.text);
        return false;
    }
    const char **names = cpi_arena_take(s->b->arena, m->n_words * sizeof *names);
    for (size_t i = 0; i < m->n_words; i++)
        names[i] = m->word[i].name.at;
    say_unknown(s, at.at, key, "word", build_string(s->b, name), names, m->n_words);
    return false;
}

static bool read_cond(const struct subject *s, struct cpi_text_at at, const char *key,
                      struct cpi_cond *ret)
{
    struct cpi_text rest = cpi_text_trim(cpi_text_of(at.text)), name = read_name(&rest);
    if (name.len && rest.len == 0)
        return read_word(s, at, key, name, ret);
    if (!name.len || !read_cmp(&rest, &ret->cmp)) {
        say(s, at.at, key,
            "\"%s\" is no condition; want \"field = value\", != < <= > >=, or the name of a word",
            at.text);
        return false;
    }
    if (!rest.len || rest.at[0] == '=') {
        say(s, at.at, key, "\"%s\": %s", at.text,
            rest.len ? "write one = alone" : "nothing to compare with stands behind it");
        return false;
    }
    ret->member = build_member(s, at.at, key, build_string(s->b, name));
    return ret->member != CPI_NO_INDEX && read_value(s, at, key, rest, ret);
}

static void read_conds(const struct subject *s, const char *key, const struct cpi_texts_spec *texts,
                       struct cpi_cond **ret, size_t *ret_count)
{
    *ret = cpi_arena_take(s->b->arena, (texts->count + 1) * sizeof **ret);
    *ret_count = 0;
    for (size_t i = 0; i < texts->count; i++)
        if (read_cond(s, texts->item[i], key, &(*ret)[*ret_count]))
            ++*ret_count;
    if (texts->set && texts->count == 0)
        say(s, texts->at, key, "is empty; leave it out, or name a condition");
}

void build_conds(const struct subject *s, const char *key, const struct cpi_texts_spec *all,
                 const struct cpi_texts_spec *any, struct cpi_conds *ret)
{
    read_conds(s, key, all, &ret->all, &ret->n_all);
    if (any)
        read_conds(s, "where-any", any, &ret->any, &ret->n_any);
}
