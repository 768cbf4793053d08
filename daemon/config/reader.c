#include "reader.h"

#include <string.h>

/* ---- defaults ---- */
static void default_texts(struct reader *r, const char *words, struct cpi_texts_spec *ret)
{
    size_t count = 1;
    for (const char *p = words; *p; p++)
        count += *p == ' ';
    ret->item = cpi_arena_take(r->arena, count * sizeof *ret->item);
    for (const char *p = words; *p;) {
        size_t len = strcspn(p, " ");
        ret->item[ret->count++].text = config_text_keep(r->arena, p, len);
        p += len + (p[len] == ' ');
    }
}

static void default_value(struct reader *r, const struct setting *row, char *base)
{
    int64_t number = 0;
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_NAME:
        ((struct cpi_text_at *)(void *)(base + row->offset))->text = row->fallback;
        break;
    case SETTING_TEXTS:
        default_texts(r, row->fallback, (void *)(base + row->offset));
        break;
    case SETTING_FLAG: /* all flags are off by default */
        break;
    default:
        reader_text_value(row, row->fallback, &number);
        ((struct cpi_int_spec *)(void *)(base + row->offset))->value = number;
        break;
    }
}

void reader_defaults(struct reader *r, const struct setting_section *section, void *base_at)
{
    char *base = base_at;
    for (size_t i = 0; i < section->count; i++) {
        const struct setting *row = &section->setting[i];
        if (row->type == SETTING_GROUP)
            reader_defaults(r, row->section, base + row->offset);
        else if (row->fallback)
            default_value(r, row, base);
    }
}

/* ---- names ---- */
static void complain_unknown(struct reader *r, const struct setting_section *section,
                             config_setting_t *member)
{
    const char *names[64];
    size_t n = 0;
    for (; n < section->count && n < 64; n++)
        names[n] = section->setting[n].key;
    const char *near = cpi_diag_nearest(config_setting_name(member), names, n);
    if (near)
        reader_error(r, reader_origin(r, member), "unknown key; did you mean %s?", near);
    else
        reader_error(r, reader_origin(r, member), "unknown key; see `cpid check --settings`");
}

/* An element of a list goes by its name in diagnostics, if it has one. */
static size_t enter_element(struct reader *r, const struct setting *row, config_setting_t *element,
                            int i)
{
    if (row->type == SETTING_NAMED)
        return reader_enter(r, config_setting_name(element), i);
    const char *name = NULL;
    if (!config_setting_is_group(element) ||
        !config_setting_lookup_string(element, "name", &name) || !*name)
        name = NULL;
    return reader_enter(r, name, i);
}

/* ---- what the user names ---- */
static void *grow_list(struct reader *r, const void *old, size_t count, size_t more, size_t bytes)
{
    void *grown = cpi_arena_take(r->arena, (count + more + 1) * bytes);
    if (count)
        memcpy(grown, old, count * bytes);
    return grown;
}

static void read_fields(struct reader *r, config_setting_t *group, struct cpi_field_spec **items,
                        size_t *count)
{
    static const struct setting field_row = { "field", SETTING_VALUE, .offset = 0 };
    int n = config_setting_length(group);
    *items = grow_list(r, *items, *count, (size_t)n, sizeof **items);
    for (int i = 0; i < n; i++) {
        config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(member);
        size_t k = 0, before = reader_enter(r, name, 0);
        while (k < *count && strcmp((*items)[k].name, name) != 0)
            k++;
        if (k == *count)
            (*count)++;
        (*items)[k] =
            (struct cpi_field_spec){ .name = config_text_keep(r->arena, name, strlen(name)),
                                     .at = reader_origin(r, member) };
        reader_value(r, &field_row, member, &(*items)[k].value);
        reader_leave(r, before);
    }
}

/* Two texts in an array or a list. */
static bool read_pair(struct reader *r, config_setting_t *pair, struct cpi_text_at ret[2])
{
    bool sound = (config_setting_is_array(pair) || config_setting_is_list(pair)) &&
                 config_setting_length(pair) == 2;
    for (unsigned i = 0; i < 2 && sound; i++) {
        config_setting_t *item = config_setting_get_elem(pair, i);
        sound = config_setting_type(item) == CONFIG_TYPE_STRING;
        if (sound)
            ret[i] = reader_string(r, item);
    }
    if (!sound)
        reader_error(r, reader_origin(r, pair),
                     "want a pair of texts, such as [ \"...\", \"...\" ]");
    return sound;
}

static void read_map(struct reader *r, config_setting_t *list, struct cpi_map_spec *ret)
{
    if (!config_setting_is_list(list)) {
        reader_error(r, reader_origin(r, list),
                     "want a list of pairs ( [ \"pattern\", \"result\" ], ... )");
        return;
    }
    int n = config_setting_length(list);
    ret->pair = cpi_arena_take(r->arena, ((size_t)n + 1) * sizeof *ret->pair);
    for (int i = 0; i < n; i++) {
        size_t before = reader_enter(r, NULL, i);
        if (read_pair(r, config_setting_get_elem(list, (unsigned)i), ret->pair[ret->n_pairs]))
            ret->n_pairs++;
        reader_leave(r, before);
    }
}

static void read_maps(struct reader *r, config_setting_t *group, struct cpi_map_spec **items,
                      size_t *count)
{
    int n = config_setting_length(group);
    *items = grow_list(r, *items, *count, (size_t)n, sizeof **items);
    for (int i = 0; i < n; i++) {
        config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(member);
        size_t k = 0, before = reader_enter(r, name, 0);
        while (k < *count && strcmp((*items)[k].name, name) != 0)
            k++;
        if (k == *count)
            (*count)++;
        (*items)[k] = (struct cpi_map_spec){ .name = config_text_keep(r->arena, name, strlen(name)),
                                             .at = reader_origin(r, member) };
        read_map(r, member, &(*items)[k]);
        reader_leave(r, before);
    }
}

static void read_pairs(struct reader *r, config_setting_t *list, struct settings_pair **items,
                       size_t *count)
{
    int n = config_setting_length(list);
    *items = cpi_arena_take(r->arena, ((size_t)n + 1) * sizeof **items);
    *count = 0;
    for (int i = 0; i < n; i++) {
        struct cpi_text_at pair[2];
        size_t before = reader_enter(r, NULL, i);
        if (read_pair(r, config_setting_get_elem(list, (unsigned)i), pair))
            (*items)[(*count)++] = (struct settings_pair){ pair[0], pair[1] };
        reader_leave(r, before);
    }
}

/* ---- groups and lists of groups ---- */
static void put_origin(void *element, struct cpi_origin at)
{
    memcpy(element, &at, sizeof at); /* every section's struct begins with it */
}

static void read_element(struct reader *r, const struct setting *row, config_setting_t *element,
                         char *into)
{
    put_origin(into, reader_origin(r, element));
    reader_defaults(r, row->section, into);
    if (row->type == SETTING_NAMED) {
        struct cpi_text_at name = { config_setting_name(element), reader_origin(r, element) };
        name.text = config_text_keep(r->arena, name.text, strlen(name.text));
        memcpy(into + row->section->name_offset, &name, sizeof name);
    }
    if (!config_setting_is_group(element)) {
        reader_error(r, reader_origin(r, element), "want a group { ... }");
        return;
    }
    if (row->section == &settings_source)
        reader_pack(r, element, into);
    if (row->section == &settings_indicator)
        reader_use(r, element, into);
    reader_group(r, row->section, element, into);
    reader_missing(r, row->section, reader_origin(r, element), into);
}

static void read_list(struct reader *r, const struct setting *row, config_setting_t *list,
                      char *base)
{
    int n = config_setting_length(list);
    char *items = cpi_arena_take(r->arena, ((size_t)n + 1) * row->section->bytes);
    size_t count = (size_t)n;
    for (int i = 0; i < n; i++) {
        config_setting_t *element = config_setting_get_elem(list, (unsigned)i);
        size_t before = enter_element(r, row, element, i);
        read_element(r, row, element, items + (size_t)i * row->section->bytes);
        reader_leave(r, before);
    }
    memcpy(base + row->offset, &items, sizeof items);
    memcpy(base + row->count_offset, &count, sizeof count);
    if (row->at_offset) {
        struct cpi_origin at = reader_origin(r, list);
        memcpy(base + row->at_offset, &at, sizeof at);
    }
}

static bool has_shape(const struct setting *row, const config_setting_t *value)
{
    switch (row->type) {
    case SETTING_GROUP:
    case SETTING_NAMED:
    case SETTING_FIELDS:
    case SETTING_MAPS:
        return config_setting_is_group(value);
    case SETTING_LIST:
    case SETTING_PAIRS:
        return config_setting_is_list(value);
    default:
        return true;
    }
}

static void read_row(struct reader *r, const struct setting *row, config_setting_t *value,
                     char *base)
{
    if (!has_shape(row, value)) {
        reader_error(r, reader_origin(r, value), "want %s", setting_type_name(row->type));
        return;
    }
    void *at = base + row->offset;
    void *count = base + row->count_offset;
    switch (row->type) {
    case SETTING_GROUP:
        reader_group(r, row->section, value, at);
        break;
    case SETTING_LIST:
    case SETTING_NAMED:
        read_list(r, row, value, base);
        break;
    case SETTING_FIELDS:
        read_fields(r, value, at, count);
        break;
    case SETTING_MAPS:
        read_maps(r, value, at, count);
        break;
    case SETTING_PAIRS:
        read_pairs(r, value, at, count);
        break;
    default:
        reader_value(r, row, value, base);
        break;
    }
}

/* Required ones are texts, lists of texts and durations. */
static bool is_given(const struct setting *row, const char *base)
{
    const void *at = base + row->offset;
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_NAME:
        return cpi_origin_is_given(((const struct cpi_text_at *)at)->at);
    case SETTING_TEXTS:
        return cpi_origin_is_given(((const struct cpi_texts_spec *)at)->at);
    default:
        return cpi_origin_is_given(((const struct cpi_int_spec *)at)->at);
    }
}

void reader_missing(struct reader *r, const struct setting_section *section, struct cpi_origin at,
                    const void *base)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct setting *row = &section->setting[i];
        if (!(row->flags & SETTING_REQUIRED) || is_given(row, base))
            continue;
        size_t before = reader_enter(r, row->key, 0);
        reader_error(r, at, "is missing; want %s", setting_type_name(row->type));
        reader_leave(r, before);
    }
}

void reader_group(struct reader *r, const struct setting_section *section, config_setting_t *group,
                  void *base)
{
    int n = config_setting_length(group);
    for (int i = 0; i < n; i++) {
        config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        const struct setting *row = setting_find(section, config_setting_name(member));
        size_t before = reader_enter(r, config_setting_name(member), 0);
        if (row)
            read_row(r, row, member, base);
        else
            complain_unknown(r, section, member);
        reader_leave(r, before);
    }
}
