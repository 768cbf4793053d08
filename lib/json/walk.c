/* Walking what was kept whole. */
#include <string.h>

#include "json/parser.h"

static struct json_value value_of(const struct json_parser *p, uint32_t token)
{
    const struct json_token *t = &p->tape[token];
    return (struct json_value){ t->at, t->len, t->kind >= JSON_ARRAY ? token : CPI_NONE,
                                (enum json_kind)t->kind };
}

static struct json_value find_member(struct json_parser *p, uint32_t object, struct cpi_text name)
{
    uint32_t found = CPI_NONE;
    for (uint32_t i = object + 1; i < p->tape[object].end; i = p->tape[i + 1].end) {
        struct json_token *key = &p->tape[i];
        p->walked++;
        if (key->len != name.len || memcmp(key->at, name.at, name.len) != 0)
            continue;
        if (found != CPI_NONE && !p->tape[found].shadowed) {
            p->tape[found].shadowed = true;
            p->duplicates++;
        }
        found = i;
    }
    return found == CPI_NONE ? (struct json_value){ .token = CPI_NONE } : value_of(p, found + 1);
}

static bool read_index(struct cpi_text name, uint32_t *ret)
{
    uint32_t index = 0;
    if (!name.len || name.len > 7)
        return false;
    for (uint32_t i = 0; i < name.len; i++) {
        if (name.at[i] < '0' || name.at[i] > '9')
            return false;
        index = index * 10 + (uint32_t)(name.at[i] - '0');
    }
    *ret = index;
    return true;
}

struct json_value json_member(struct json_parser *p, const struct json_value *v,
                              struct cpi_text name)
{
    struct json_value element = { .token = CPI_NONE };
    uint32_t index, cursor = 0;
    if (v->token == CPI_NONE)
        return element;
    if (v->kind == JSON_OBJECT)
        return find_member(p, v->token, name);
    if (!read_index(name, &index))
        return element;
    do {
        if (!json_each(p, v, &cursor, &element))
            return (struct json_value){ .token = CPI_NONE };
    } while (index--);
    return element;
}

bool json_each(struct json_parser *p, const struct json_value *array, uint32_t *cursor,
               struct json_value *ret)
{
    if (array->kind != JSON_ARRAY || array->token == CPI_NONE)
        return false;
    uint32_t at = *cursor ? *cursor : array->token + 1;
    if (at >= p->tape[array->token].end)
        return false;
    *cursor = p->tape[at].end;
    p->walked++;
    *ret = value_of(p, at);
    return true;
}

uint32_t json_count(struct json_parser *p, const struct json_value *array)
{
    uint32_t count = 0, cursor = 0;
    struct json_value element;
    while (json_each(p, array, &cursor, &element))
        count++;
    return count;
}
