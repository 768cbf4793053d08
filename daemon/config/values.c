#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cpi/decimal.h>
#include <cpi/time.h>

#include "reader.h"

struct cpi_origin reader_origin(const struct reader *r, const config_setting_t *setting)
{
    return config_text_origin(r->text, config_setting_source_line(setting));
}

void reader_error(struct reader *r, struct cpi_origin at, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cpi_buf_add_byte(&r->path, 0);
    cpi_diag_error(r->diag, at, (const char *)r->path.at, "%s", text);
    r->path.len--;
}

size_t reader_enter(struct reader *r, const char *name, int index)
{
    size_t before = r->path.len;
    if (name)
        cpi_buf_add_format(&r->path, "%s%s", before ? "." : "", name);
    else
        cpi_buf_add_format(&r->path, ".[%d]", index);
    return before;
}

void reader_leave(struct reader *r, size_t length)
{
    r->path.len = length;
}

struct cpi_text_at reader_string(struct reader *r, config_setting_t *setting)
{
    const char *s = config_setting_get_string(setting);
    return (struct cpi_text_at){ config_text_keep(r->arena, s, strlen(s)),
                                 reader_origin(r, setting) };
}

static bool is_text(const config_setting_t *value)
{
    return config_setting_type(value) == CONFIG_TYPE_STRING;
}

/* A bare number where a text with a unit is needed deserves more than "want a text". */
static void complain_kind(struct reader *r, const struct setting *row, config_setting_t *value)
{
    struct cpi_origin at = reader_origin(r, value);
    int type = config_setting_type(value);
    bool number = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
    long long n = number ? config_setting_get_int64(value) : 0;
    if (number && row->type == SETTING_DURATION)
        reader_error(r, at, "%lld has no unit; write \"%llds\", \"%lldm\", \"%lldh\" or \"%lldd\"",
                     n, n, n, n, n);
    else if (number && row->type == SETTING_PERCENT)
        reader_error(r, at, "%lld has no unit; write \"%lld %%\"", n, n);
    else if (number && row->type == SETTING_SIZE)
        reader_error(r, at, "%lld has no unit; write \"%lldMiB\" or \"%lldGiB\"", n, n, n);
    else if (type == CONFIG_TYPE_FLOAT && row->type == SETTING_COUNT)
        reader_error(r, at, "not a whole number; want %s", row->range);
    else if (row->type == SETTING_CHOICE)
        reader_error(r, at, "want one of the texts %s", row->range);
    else if ((row->type == SETTING_SWITCH || row->type == SETTING_FLAG) && is_text(value))
        reader_error(r, at, "write true or false, without quotes");
    else
        reader_error(r, at, "want %s", setting_type_name(row->type));
}

/* ---- texts with a meaning ---- */
static const char *parse_size(const char *text, int64_t *ret)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } units[] = { { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 } };
    struct cpi_text t = cpi_text_trim(cpi_text_of(text));
    for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
        uint32_t unit = (uint32_t)strlen(units[i].unit);
        struct cpi_decimal number;
        if (t.len <= unit || memcmp(t.at + t.len - unit, units[i].unit, unit) != 0)
            continue;
        struct cpi_text digits = cpi_text_trim(cpi_text_part(t, 0, t.len - unit));
        if (!cpi_decimal_parse(digits, &number) || number.units < 0 ||
            !cpi_decimal_times(number, INT64_C(1) << units[i].shift, ret))
            return "is no size";
        return NULL;
    }
    return "is no size; write KiB, MiB, GiB or TiB behind a number, such as \"4GiB\"";
}

static const char *parse_percent(const char *text, int64_t *ret)
{
    struct cpi_text t = cpi_text_trim(cpi_text_of(text));
    struct cpi_decimal number;
    if (!t.len || t.at[t.len - 1] != '%' ||
        !cpi_decimal_parse(cpi_text_trim(cpi_text_part(t, 0, t.len - 1)), &number) ||
        !cpi_decimal_scaled(number, 0, ret))
        return "is no percentage; write such as \"90 %\"";
    return NULL;
}

static const char *parse_choice(const char *text, const char *range, int64_t *ret)
{
    size_t len = strlen(text);
    int64_t place = 0;
    for (const char *p = range;; p++, place++) {
        const char *bar = strchr(p, '|');
        size_t n = bar ? (size_t)(bar - p) : strlen(p);
        if (n == len && memcmp(p, text, n) == 0) {
            *ret = place;
            return NULL;
        }
        if (!bar)
            return "is not among the choices";
        p = bar;
    }
}

const char *reader_text_value(const struct setting *row, const char *text, int64_t *ret)
{
    struct cpi_decimal number;
    switch (row->type) {
    case SETTING_DURATION:
        return cpi_duration_parse(cpi_text_of(text), ret)
                   ? NULL
                   : "is no duration; write such as \"90s\", \"10m\", \"1h30m\", \"7d\"";
    case SETTING_SIZE:
        return parse_size(text, ret);
    case SETTING_PERCENT:
        return parse_percent(text, ret);
    case SETTING_CHOICE:
        return parse_choice(text, row->range, ret);
    case SETTING_COUNT:
        return cpi_decimal_parse(cpi_text_of(text), &number) && cpi_decimal_scaled(number, 0, ret)
                   ? NULL
                   : "is no whole number";
    case SETTING_SWITCH:
    case SETTING_FLAG:
        return parse_choice(text, "false|true", ret);
    default:
        return "is no such value";
    }
}

/* "least..most", in the row's own notation. */
static bool in_range(const struct setting *row, int64_t value)
{
    char least[32];
    int64_t low = 0, high = 0;
    const char *dots = row->range ? strstr(row->range, "..") : NULL;
    if (!dots)
        return true;
    snprintf(least, sizeof least, "%.*s", (int)(dots - row->range), row->range);
    reader_text_value(row, least, &low);
    reader_text_value(row, dots + 2, &high);
    return value >= low && value <= high;
}

static bool percent_allowed(const struct setting *row, int64_t value)
{
    char text[16];
    int64_t place;
    snprintf(text, sizeof text, "%d", (int)value);
    return value >= 0 && value <= 100 && !parse_choice(text, row->range, &place);
}

static void complain_choice(struct reader *r, const struct setting *row, struct cpi_text_at text)
{
    char list[256];
    const char *names[16];
    size_t n = 0;
    snprintf(list, sizeof list, "%s", row->range);
    char *rest = list;
    for (char *name; (name = strsep(&rest, "|")) && n < 16;)
        names[n++] = name;
    const char *near = cpi_diag_nearest(text.text, names, n);
    if (near)
        reader_error(r, text.at, "\"%s\" is unknown; did you mean \"%s\"? want one of %s",
                     text.text, near, row->range);
    else
        reader_error(r, text.at, "\"%s\" is unknown; want one of %s", text.text, row->range);
}

/* ---- one value ---- */
static void read_text_number(struct reader *r, const struct setting *row, config_setting_t *value,
                             struct cpi_int_spec *ret)
{
    if (!is_text(value)) {
        complain_kind(r, row, value);
        return;
    }
    int64_t number = 0;
    struct cpi_text_at text = reader_string(r, value);
    const char *wrong = reader_text_value(row, text.text, &number);
    if (wrong && row->type == SETTING_CHOICE) {
        complain_choice(r, row, text);
    } else if (wrong) {
        reader_error(r, text.at, "\"%s\" %s", text.text, wrong);
    } else if (!in_range(row, number) ||
               (row->type == SETTING_PERCENT && !percent_allowed(row, number))) {
        reader_error(r, text.at, "\"%s\" is out of range; want %s", text.text, row->range);
    } else {
        ret->value = number;
        ret->set = true;
    }
}

static void read_count(struct reader *r, const struct setting *row, config_setting_t *value,
                       struct cpi_int_spec *ret)
{
    int type = config_setting_type(value);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        complain_kind(r, row, value);
        return;
    }
    int64_t number = config_setting_get_int64(value);
    if (!in_range(row, number)) {
        reader_error(r, reader_origin(r, value), "%lld is out of range; want %s", (long long)number,
                     row->range);
        return;
    }
    ret->value = number;
    ret->set = true;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return len > 0 && len <= 200 && strspn(text, letters) == len;
}

static void read_text(struct reader *r, const struct setting *row, config_setting_t *value,
                      struct cpi_text_at *ret)
{
    *ret = (struct cpi_text_at){ NULL, reader_origin(r, value) };
    if (!is_text(value)) {
        complain_kind(r, row, value);
        return;
    }
    struct cpi_text_at text = reader_string(r, value);
    if (row->type == SETTING_NAME && !is_name(text.text))
        reader_error(r, text.at, "\"%s\" is no name; use letters, digits, and . _ - (at most 200)",
                     text.text);
    else
        *ret = text;
}

static void read_texts(struct reader *r, const struct setting *row, config_setting_t *value,
                       struct cpi_text_at **ret_item, size_t *ret_count)
{
    bool array = config_setting_is_array(value) || config_setting_is_list(value);
    int count = array ? config_setting_length(value) : 1;
    *ret_count = 0;
    *ret_item = cpi_arena_take(r->arena, ((size_t)count + 1) * sizeof **ret_item);
    for (int i = 0; i < count; i++) {
        config_setting_t *item = array ? config_setting_get_elem(value, (unsigned)i) : value;
        if (is_text(item))
            (*ret_item)[(*ret_count)++] = reader_string(r, item);
        else
            complain_kind(r, row, item);
    }
}

static void read_switch(struct reader *r, const struct setting *row, config_setting_t *value,
                        struct cpi_int_spec *ret)
{
    if (config_setting_type(value) != CONFIG_TYPE_BOOL) {
        complain_kind(r, row, value);
        return;
    }
    ret->value = config_setting_get_bool(value);
    ret->set = true;
}

static void read_into_texts(struct reader *r, const struct setting *row, config_setting_t *value,
                            char *base)
{
    if (row->count_offset) {
        struct cpi_text_at *item;
        size_t count;
        read_texts(r, row, value, &item, &count);
        memcpy(base + row->offset, &item, sizeof item);
        memcpy(base + row->count_offset, &count, sizeof count);
        return;
    }
    struct cpi_texts_spec *texts = (void *)(base + row->offset);
    size_t errors = r->diag->errors;
    *texts = (struct cpi_texts_spec){ .at = reader_origin(r, value) };
    read_texts(r, row, value, &texts->item, &texts->count);
    texts->set = r->diag->errors == errors;
}

void reader_value(struct reader *r, const struct setting *row, config_setting_t *value,
                  void *base_at)
{
    char *base = base_at;
    struct cpi_int_spec *number = (void *)(base + row->offset);
    struct cpi_int_spec flag = { 0 };
    struct cpi_value_spec *mapped = (void *)(base + row->offset);
    switch (row->type) {
    case SETTING_TEXT:
    case SETTING_NAME:
        read_text(r, row, value, (void *)(base + row->offset));
        break;
    case SETTING_TEXTS:
        read_into_texts(r, row, value, base);
        break;
    case SETTING_VALUE:
        read_texts(r, row, value, &mapped->alternative, &mapped->count);
        break;
    case SETTING_FLAG:
        read_switch(r, row, value, &flag);
        memcpy(base + row->offset, &(bool){ flag.value != 0 }, sizeof(bool));
        break;
    default:
        number->at = reader_origin(r, value);
        number->set = false;
        if (row->type == SETTING_COUNT)
            read_count(r, row, value, number);
        else if (row->type == SETTING_SWITCH)
            read_switch(r, row, value, number);
        else
            read_text_number(r, row, value, number);
        break;
    }
}
