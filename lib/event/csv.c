#include "event/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERRORS_MAX 50

void csv_complain(struct csv *csv, const char *format, ...)
{
    struct cpi_origin at = { csv->file, csv->line };
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (csv->errors++ < ERRORS_MAX)
        cpi_diag_error(csv->diag, at, "", "%s", text);
    else
        csv->left.len = 0;
}

static unsigned count_lines(struct cpi_text t)
{
    unsigned lines = 0;
    for (uint32_t i = 0; i < t.len; i++)
        lines += t.at[i] == '\n';
    return lines;
}

/* The first line that is not UTF-8. No sequence spans a line. */
static void complain_encoding(struct csv *csv)
{
    struct cpi_text left = csv->left;
    for (csv->line = 1; left.len; csv->line++) {
        const char *end = memchr(left.at, '\n', left.len);
        uint32_t len = end ? (uint32_t)(end - left.at) : left.len;
        if (!cpi_text_is_utf8(cpi_text_part(left, 0, len)))
            break;
        left = cpi_text_part(left, len + 1, UINT32_MAX);
    }
    csv_complain(csv, "is not UTF-8; save the file as UTF-8");
}

bool csv_init(struct csv *csv, const char *file, struct cpi_text text, struct cpi_arena *arena,
              struct cpi_diag *diag)
{
    *csv = (struct csv){ .file = file, .left = text, .arena = arena, .diag = diag, .next_line = 1 };
    if (!cpi_text_is_utf8(text)) {
        complain_encoding(csv);
        return false;
    }
    if (cpi_text_starts(text, CPI_TEXT("\xEF\xBB\xBF")))
        csv->left = cpi_text_part(text, 3, UINT32_MAX);
    return true;
}

static void take(struct csv *csv, uint32_t bytes)
{
    csv->left = cpi_text_part(csv->left, bytes, UINT32_MAX);
}

/* Doubled quotes become one. */
static struct cpi_text unquote(struct csv *csv, struct cpi_text t)
{
    if (!t.len || !memchr(t.at, '"', t.len))
        return t;
    char *to = cpi_arena_take(csv->arena, t.len);
    uint32_t n = 0;
    for (uint32_t i = 0; i < t.len; i++) {
        to[n++] = t.at[i];
        i += t.at[i] == '"';
    }
    return (struct cpi_text){ to, n };
}

static bool read_quoted(struct csv *csv, struct cpi_text *ret)
{
    struct cpi_text t = csv->left;
    uint32_t i = 1;
    for (; i < t.len; i++)
        if (t.at[i] == '"' && (i + 1 == t.len || t.at[i + 1] != '"'))
            break;
        else
            i += t.at[i] == '"';
    if (i >= t.len) {
        csv_complain(csv, "a quote is opened and never closed");
        csv->left.len = 0;
        return false;
    }
    *ret = unquote(csv, cpi_text_part(t, 1, i - 1));
    csv->next_line += count_lines(cpi_text_part(t, 0, i));
    take(csv, i + 1);
    if (csv->left.len && !strchr(",\r\n", csv->left.at[0])) {
        csv_complain(csv, "text behind a closing quote; a quote inside quotes is doubled");
        return false;
    }
    return true;
}

static bool read_bare(struct csv *csv, struct cpi_text *ret)
{
    struct cpi_text t = csv->left;
    uint32_t i = 0;
    while (i < t.len && t.at[i] != ',' && t.at[i] != '\n')
        i++;
    *ret = cpi_text_part(t, 0, i);
    take(csv, i);
    if (i < t.len && t.at[i] == '\n' && ret->len && ret->at[ret->len - 1] == '\r')
        ret->len--;
    if (ret->len && memchr(ret->at, '"', ret->len)) {
        csv_complain(csv, "a quote in the middle of a field; put the whole field in quotes");
        return false;
    }
    return true;
}

static void skip_line(struct csv *csv)
{
    const char *end = csv->left.len ? memchr(csv->left.at, '\n', csv->left.len) : NULL;
    take(csv, end ? (uint32_t)(end - csv->left.at) + 1 : csv->left.len);
    csv->next_line++;
}

static bool read_fields(struct csv *csv)
{
    for (csv->n_fields = 0;;) {
        struct cpi_text *field = &csv->field[csv->n_fields++];
        bool quoted = csv->left.len && csv->left.at[0] == '"';
        if (!(quoted ? read_quoted(csv, field) : read_bare(csv, field)))
            return false;
        if (!csv->left.len || csv->left.at[0] != ',')
            return true;
        if (csv->n_fields == CSV_COLUMNS_MAX) {
            csv_complain(csv, "more than %d columns", CSV_COLUMNS_MAX);
            return false;
        }
        take(csv, 1);
    }
}

bool csv_read(struct csv *csv)
{
    while (csv->left.len) {
        csv->line = csv->next_line;
        bool good = read_fields(csv);
        skip_line(csv); /* the rest, or nothing but the line's end */
        if (good && (csv->n_fields > 1 || cpi_text_trim(csv->field[0]).len))
            return true;
    }
    return false;
}

struct cpi_text csv_field(const struct csv *csv, int column)
{
    return column < 0 ? CPI_TEXT("") : cpi_text_trim(csv->field[column]);
}

static void complain_column(struct csv *csv, struct cpi_text got, const char *const *name, size_t n)
{
    struct cpi_text copy = cpi_arena_text(csv->arena, got);
    const char *near = cpi_diag_nearest(copy.at, name, n);
    if (cpi_text_find(got, CPI_TEXT(";")) >= 0 || cpi_text_find(got, CPI_TEXT("\t")) >= 0)
        csv_complain(csv, "'%.*s' is no column: columns are separated by commas",
                     CPI_TEXT_ARG(got));
    else if (near)
        csv_complain(csv, "'%.*s' is no column; did you mean '%s'?", CPI_TEXT_ARG(got), near);
    else
        csv_complain(csv,
                     "'%.*s' is no column here; the first line names the columns, beginning "
                     "with '%s'",
                     CPI_TEXT_ARG(got), name[0]);
}

bool csv_read_header(struct csv *csv, const char *const *name, size_t n_names, size_t n_required,
                     int *column)
{
    for (size_t i = 0; i < n_names; i++)
        column[i] = -1;
    if (!csv_read(csv)) {
        if (!csv->errors)
            csv_complain(csv, "is empty; want a first line that names the columns, such as '%s'",
                         name[0]);
        return false;
    }
    for (size_t f = 0; f < csv->n_fields; f++) {
        struct cpi_text got = cpi_text_trim(csv->field[f]);
        size_t i = 0;
        while (i < n_names && !cpi_text_equal_nocase(got, cpi_text_of(name[i])))
            i++;
        if (i == n_names)
            complain_column(csv, got, name, n_names);
        else if (column[i] >= 0)
            csv_complain(csv, "column '%s' stands twice", name[i]);
        else
            column[i] = (int)f;
    }
    for (size_t i = 0; i < n_required && !csv->errors; i++)
        if (column[i] < 0)
            csv_complain(csv, "there is no column '%s'", name[i]);
    return csv->errors == 0;
}
