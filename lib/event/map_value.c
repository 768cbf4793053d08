/* Values: the forms of a string, the first alternative that is present, texts and times out of
 * them. */
#include <string.h>

#include "event/map.h"

void map_bad(struct map_result *r, const char *why)
{
    map_absent(r);
    r->state = MAP_BAD;
    r->text = cpi_text_of(why);
}

void map_result_of(const struct json_value *v, struct map_result *ret)
{
    switch (v->kind) {
    case JSON_ABSENT:
        map_absent(ret);
        return;
    case JSON_NULL:
        map_absent(ret);
        ret->state = MAP_NULL;
        return;
    case JSON_BROKEN:
        map_bad(ret, "half a surrogate pair is no text");
        return;
    case JSON_FALSE:
    case JSON_TRUE:
    case JSON_NUMBER:
    case JSON_STRING:
        map_set_text(ret, json_text(v));
        ret->number = v->kind == JSON_NUMBER;
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        map_absent(ret);
        ret->state = MAP_NODE;
        ret->node = *v;
        return;
    }
}

static struct cpi_text format_int(struct map_run *run, int64_t value)
{
    char text[24], *end = text + sizeof text, *at = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *--at = '-';
    return cpi_arena_text(run->arena, (struct cpi_text){ at, (uint32_t)(end - at) });
}

static bool next_element(struct map_run *run, const struct map_result *r, uint32_t *cursor,
                         struct json_value *ret)
{
    if (r->state == MAP_NODE)
        return json_each(run->parser, &r->node, cursor, ret);
    if (*cursor == r->list_count)
        return false;
    *ret = run->list[r->list_from + (*cursor)++];
    return true;
}

bool map_join(struct map_run *run, struct map_result *r, struct cpi_text separator)
{
    struct json_value element;
    uint32_t cursor = 0, count = 0;
    cpi_buf_reset(&run->scratch);
    while (next_element(run, r, &cursor, &element) && run->scratch.len <= MAP_TEXT_BYTES_MAX) {
        if (!json_is_scalar(element.kind))
            continue;
        if (count++)
            cpi_buf_add_text(&run->scratch, separator);
        cpi_buf_add_text(&run->scratch, json_text(&element));
    }
    if (run->scratch.len > MAP_TEXT_BYTES_MAX)
        map_bad(r, "too long a text");
    else if (count)
        map_set_text(r, cpi_arena_text(run->arena, cpi_buf_text(&run->scratch)));
    else
        map_absent(r);
    return count && r->state == MAP_TEXT;
}

bool map_to_text(struct map_run *run, struct map_result *r)
{
    if (r->state == MAP_TEXT)
        return true;
    if (r->state == MAP_LIST)
        return map_join(run, r, CPI_TEXT(","));
    if (r->state == MAP_MS) {
        map_set_text(r, format_int(run, r->ms));
        r->number = true;
        return true;
    }
    if (r->state == MAP_NODE) /* no scalar: what is asked for is not there */
        map_absent(r);
    return false;
}

bool map_to_time(struct map_run *run, struct map_result *r)
{
    if (r->state == MAP_MS)
        return true;
    int64_t ms;
    if (!map_to_text(run, r))
        return false;
    if (cpi_time_parse(r->text, run->mapping->zone, &ms)) {
        map_set_ms(r, ms);
        return true;
    }
    map_bad(r, r->number ? "a number is no time without its unit (s, ms, us, ns, days)"
                         : "no ISO 8601 time");
    return false;
}

static void get_bytes(struct map_result *ret, struct cpi_text bytes, const char *why)
{
    if (!cpi_text_is(bytes))
        map_absent(ret);
    else if (cpi_text_is_utf8(bytes))
        map_set_text(ret, bytes);
    else
        map_bad(ret, why);
}

static void get_header(struct map_run *run, struct cpi_text name, struct map_result *ret)
{
    map_absent(ret);
    for (size_t i = run->record->n_headers; i-- > 0;) /* of several the last counts */
        if (cpi_text_equal(run->record->header[i].name, name)) {
            get_bytes(ret, run->record->header[i].value, "a header that is not UTF-8");
            return;
        }
}

static void get_template(struct map_run *run, const struct map_alternative *alt,
                         struct map_result *ret)
{
    struct cpi_text part[MAP_PARTS_MAX];
    size_t bytes = 0;
    for (size_t i = 0; i < alt->n_parts; i++) {
        part[i] = alt->part[i].text;
        if (!alt->part[i].literal) {
            map_alternative_get(run, alt->part[i].value, ret);
            if (map_to_text(run, ret))
                part[i] = ret->text;
            else if (ret->state == MAP_BAD || !alt->part[i].optional)
                return; /* absent, null or bad as a whole */
            else
                part[i] = CPI_TEXT("");
        }
        bytes += part[i].len;
    }
    if (bytes > MAP_TEXT_BYTES_MAX) {
        map_bad(ret, "too long a text");
        return;
    }
    char *text = cpi_arena_take(run->arena, bytes), *to = text;
    for (size_t i = 0; i < alt->n_parts; i++) {
        memcpy(to, part[i].at, part[i].len);
        to += part[i].len;
    }
    map_set_text(ret, (struct cpi_text){ text, (uint32_t)bytes });
}

static void get_source(struct map_run *run, const struct map_alternative *alt,
                       struct map_result *ret)
{
    switch (alt->source) {
    case SOURCE_POINTER:
        map_pointer_get(run, alt->pointer, ret);
        return;
    case SOURCE_KEY:
        get_bytes(ret, run->record->key, "a key that is not UTF-8");
        return;
    case SOURCE_HEADER:
        get_header(run, alt->text, ret);
        return;
    case SOURCE_TOPIC:
        get_bytes(ret, run->record->topic, "a topic that is not UTF-8");
        return;
    case SOURCE_PARTITION:
        map_set_text(ret, format_int(run, run->record->partition));
        return;
    case SOURCE_OFFSET:
        map_set_text(ret, format_int(run, run->record->offset));
        return;
    case SOURCE_TIMESTAMP:
        if (run->record->timestamp == CPI_TIME_NONE)
            map_absent(ret);
        else
            map_set_ms(ret, run->record->timestamp);
        return;
    case SOURCE_INDEX:
        map_set_text(ret, format_int(run, run->index));
        return;
    case SOURCE_CONSTANT:
        map_set_text(ret, alt->text);
        ret->type = alt->type;
        return;
    case SOURCE_TEMPLATE:
        get_template(run, alt, ret);
        return;
    }
}

void map_alternative_get(struct map_run *run, const struct map_alternative *alt,
                         struct map_result *ret)
{
    const struct map_pointer *p = alt->pointer;
    if (p && p->slot != CPI_NONE) { /* a plain member: nearly all values of nearly all mappings */
        const struct json_value *v = &run->slot[p->slot];
        if (v->kind == JSON_STRING)
            map_set_text(ret, json_text(v));
        else
            map_result_of(v, ret);
    } else {
        get_source(run, alt, ret);
    }
    if (alt->n_ops && (ret->state != MAP_ABSENT || alt->maps))
        map_ops_run(run, alt->op, alt->n_ops, ret);
}

void map_value_get(struct map_run *run, const struct map_value *value, bool identity,
                   struct map_result *ret)
{
    bool null = false;
    size_t n_list = run->n_list;
    map_absent(ret);
    for (size_t i = 0; i < value->count; i++) {
        map_alternative_get(run, &value->alternative[i], ret);
        if (ret->state == MAP_LIST)
            map_to_text(run, ret);
        run->n_list = n_list;
        if (identity && ret->state == MAP_TEXT && ret->text.len == 0)
            ret->state = MAP_NULL;
        if (run->trace) {
            cpi_buf_add_format(run->trace, "      %.*s",
                               CPI_TEXT_ARG(value->alternative[i].written));
            map_trace_result(run, ret);
        }
        if (ret->state == MAP_NODE)
            map_absent(ret);
        if (ret->state != MAP_ABSENT && ret->state != MAP_NULL)
            return; /* also if it cannot be read: a broken time is not replaced by the next best one
                     */
        null |= ret->state == MAP_NULL;
    }
    map_absent(ret);
    if (null)
        ret->state = MAP_NULL;
}
