#include "cpi/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_diag_init(struct cpi_diag *diag)
{
    *diag = (struct cpi_diag){ 0 };
}

static void line_fini(struct cpi_diag_line *line)
{
    free(line->path);
    free(line->text);
}

void cpi_diag_fini(struct cpi_diag *diag)
{
    for (size_t i = 0; i < diag->count; i++)
        line_fini(&diag->line[i]);
    free(diag->line);
    cpi_diag_init(diag);
}

static void add(struct cpi_diag *diag, bool warning, struct cpi_origin at, const char *path,
                const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = cpi_xmalloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    diag->line = cpi_grow(diag->line, diag->count, &diag->cap, sizeof *diag->line);
    diag->line[diag->count++] =
        (struct cpi_diag_line){ at, warning, cpi_xstrdup(path ? path : ""), text };
    diag->errors += !warning;
}

void cpi_diag_error(struct cpi_diag *diag, struct cpi_origin at, const char *path,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diag, false, at, path, format, args);
    va_end(args);
}

void cpi_diag_warn(struct cpi_diag *diag, struct cpi_origin at, const char *path,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(diag, true, at, path, format, args);
    va_end(args);
}

static bool same_file(struct cpi_origin a, struct cpi_origin b)
{
    return a.file == b.file || (a.file && b.file && strcmp(a.file, b.file) == 0);
}

static bool is_repeat(const struct cpi_diag_line *a, const struct cpi_diag_line *b)
{
    return same_file(a->at, b->at) && a->at.line == b->at.line && strcmp(a->path, b->path) == 0 &&
           strcmp(a->text, b->text) == 0;
}

void cpi_diag_sort(struct cpi_diag *diag)
{
    struct cpi_diag_line *sorted = cpi_xmalloc(diag->count * sizeof *sorted);
    bool *done = cpi_xcalloc(diag->count, sizeof *done);
    size_t n = 0;
    for (size_t f = 0; f < diag->count; f++) {
        if (done[f])
            continue;
        size_t from = n; /* a stable insertion sort by line of this file's lines */
        for (size_t i = f; i < diag->count; i++) {
            if (done[i] || !same_file(diag->line[i].at, diag->line[f].at))
                continue;
            done[i] = true;
            size_t k = n;
            while (k > from && sorted[k - 1].at.line > diag->line[i].at.line)
                k--;
            bool repeat = false;
            for (size_t j = from; j < n && !repeat; j++)
                repeat = is_repeat(&sorted[j], &diag->line[i]);
            if (repeat) {
                diag->errors -= !diag->line[i].warning;
                line_fini(&diag->line[i]);
                continue;
            }
            memmove(sorted + k + 1, sorted + k, (n - k) * sizeof *sorted);
            sorted[k] = diag->line[i];
            n++;
        }
    }
    free(done);
    free(diag->line);
    diag->line = sorted;
    diag->cap = diag->count;
    diag->count = n;
}

#define NAME_MAX_BYTES 64

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters left out, added, changed, or swapped with their neighbour. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][NAME_MAX_BYTES + 1];
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *top = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least_of(change, least_of(row[j - 1], above[j]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least_of(row[j], top[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

const char *cpi_diag_nearest(const char *name, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t n = strlen(name), least = n < 3 ? 2 : n / 3 + 1;
    if (n > NAME_MAX_BYTES)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t m = strlen(candidates[i]);
        size_t d = m > NAME_MAX_BYTES ? least : distance(name, n, candidates[i], m);
        if (d < least) {
            least = d;
            best = candidates[i];
        }
    }
    return best;
}
