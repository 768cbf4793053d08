#include "explain/samples.h"

#include <cpi/envelope.h>

#define HEADERS_MAX 64

struct sample {
    unsigned line;           /* where it begins, 0 = not yet */
    struct cpi_record about; /* what the @ lines say */
    struct cpi_header header[HEADERS_MAX];
    struct cpi_buf record;
    bool has_record, mapped;
    struct cpi_buf came; /* lines of what it becomes */
    uint32_t met;        /* bytes of `came` that have been compared */
    struct cpi_buf want; /* behind the last => */
    unsigned want_line;  /* 0 = none */
};
struct checking {
    const struct explain *ex;
    const char *file;
    struct cpi_diag *diag;
    struct cpi_envelope_reader *reader;
    unsigned line;
    size_t count;
    struct sample now;
};

static void begin(struct sample *s, const struct explain *ex)
{
    s->line = s->want_line = 0;
    s->met = 0;
    s->has_record = s->mapped = false;
    s->about = (struct cpi_record){ .topic = ex->model->source[ex->source].name,
                                    .timestamp = CPI_TIME_NONE };
    cpi_buf_reset(&s->record);
    cpi_buf_reset(&s->came);
    cpi_buf_reset(&s->want);
}

#define COMPLAIN(c, at_line, ...)                                                                  \
    cpi_diag_error((c)->diag, (struct cpi_origin){ (c)->file, at_line }, "", __VA_ARGS__)

static void map(struct checking *c)
{
    struct sample *s = &c->now;
    struct cpi_record record = s->about;
    if (s->has_record && !cpi_envelope_parse(c->reader, cpi_buf_text(&s->record), &record)) {
        record = s->about;
        record.value = cpi_buf_text(&s->record);
    }
    record.header = record.header ? record.header : s->header;
    explain_json(c->ex, &record, &s->came);
    s->mapped = true;
}

/* The next line of what came out; absent behind the last one. */
static struct cpi_text next_came(struct sample *s)
{
    struct cpi_text rest = cpi_text_part(cpi_buf_text(&s->came), s->met, UINT32_MAX);
    int64_t end = cpi_text_find(rest, CPI_TEXT("\n"));
    if (end < 0)
        return CPI_ABSENT;
    s->met += (uint32_t)end + 1;
    return cpi_text_part(rest, 0, (uint32_t)end);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Equal JSON but for blanks outside of texts; what came out has none there. */
static bool agrees(struct cpi_text want, struct cpi_text came)
{
    uint32_t at = 0;
    bool in_text = false;
    for (uint32_t i = 0; i < want.len; i++) {
        if (!in_text && is_blank(want.at[i]))
            continue;
        if (at == came.len || came.at[at] != want.at[i])
            return false;
        at++;
        if (in_text && want.at[i] == '\\' && i + 1 < want.len && at < came.len) {
            if (came.at[at++] != want.at[++i])
                return false;
        } else if (want.at[i] == '"') {
            in_text = !in_text;
        }
    }
    return at == came.len;
}

static void compare(struct checking *c)
{
    struct sample *s = &c->now;
    if (!s->want_line)
        return;
    if (!s->mapped)
        map(c);
    struct cpi_text came = next_came(s);
    if (!cpi_text_is(came))
        COMPLAIN(c, s->want_line, "nothing more comes out of this record");
    else if (!agrees(cpi_buf_text(&s->want), came))
        COMPLAIN(c, s->want_line, "becomes %.*s instead", CPI_TEXT_ARG(came));
    s->want_line = 0;
    cpi_buf_reset(&s->want);
}

static void finish(struct checking *c)
{
    struct sample *s = &c->now;
    if (s->line) {
        bool expected = s->mapped || s->want_line;
        compare(c);
        if (!s->mapped)
            map(c);
        for (struct cpi_text came; cpi_text_is(came = next_came(s));)
            COMPLAIN(c, s->line, "%s => %.*s",
                     expected ? "also becomes" : "does not say what becomes", CPI_TEXT_ARG(came));
        c->count++;
    }
    begin(s, c->ex);
}

/* ---- lines ---- */

static void add_header(struct checking *c, struct cpi_text rest)
{
    struct cpi_record *about = &c->now.about;
    int64_t colon = cpi_text_find(rest, CPI_TEXT(":"));
    if (colon <= 0 || about->n_headers == HEADERS_MAX) {
        COMPLAIN(c, c->line, "want @header NAME: VALUE, at most %d times", HEADERS_MAX);
        return;
    }
    c->now.header[about->n_headers++] =
        (struct cpi_header){ cpi_text_part(rest, 0, (uint32_t)colon),
                             cpi_text_trim(cpi_text_part(rest, (uint32_t)colon + 1, UINT32_MAX)) };
}

static void add_about(struct checking *c, struct cpi_text line)
{
    struct cpi_record *about = &c->now.about;
    int64_t end = cpi_text_find(line, CPI_TEXT(" "));
    struct cpi_text word = end < 0 ? line : cpi_text_part(line, 0, (uint32_t)end);
    struct cpi_text rest = cpi_text_trim(cpi_text_part(line, word.len, UINT32_MAX));
    if (cpi_text_equal(word, CPI_TEXT("@key")))
        about->key = rest;
    else if (cpi_text_equal(word, CPI_TEXT("@header")))
        add_header(c, rest);
    else if (!cpi_text_equal(word, CPI_TEXT("@timestamp")))
        COMPLAIN(c, c->line, "unknown %.*s; want @key, @header or @timestamp", CPI_TEXT_ARG(word));
    else if (!cpi_time_parse(rest, &c->ex->model->zone, &about->timestamp))
        COMPLAIN(c, c->line, "\"%.*s\" is no time; want such as 2026-03-02T08:00:00Z",
                 CPI_TEXT_ARG(rest));
}

static void add_record(struct checking *c, struct cpi_text line)
{
    struct sample *s = &c->now;
    if (s->mapped || s->want_line) {
        COMPLAIN(c, c->line, "stands behind =>; an empty line ends a sample");
        return;
    }
    if (s->has_record)
        cpi_buf_add_byte(&s->record, '\n');
    cpi_buf_add_text(&s->record, line);
    s->has_record = true;
}

static void read_line(struct checking *c, struct cpi_text line)
{
    struct sample *s = &c->now;
    if (!cpi_text_trim(line).len) {
        finish(c);
        return;
    }
    if (line.at[0] == '#' && !s->has_record)
        return;
    if (!s->line)
        s->line = c->line;
    if (s->want_line && is_blank(line.at[0])) {
        cpi_buf_add_text(&s->want, line);
    } else if (cpi_text_starts(line, CPI_TEXT("=>"))) {
        compare(c);
        s->want_line = c->line;
        cpi_buf_add_text(&s->want, cpi_text_part(line, 2, UINT32_MAX));
    } else if (line.at[0] == '@' && !s->has_record) {
        add_about(c, line);
    } else {
        add_record(c, line);
    }
}

size_t samples_check(const struct explain *ex, const char *file, struct cpi_text text,
                     struct cpi_diag *diag)
{
    struct checking c = { .ex = ex, .file = file, .diag = diag };
    c.reader = cpi_envelope_reader_new();
    cpi_buf_init(&c.now.record);
    cpi_buf_init(&c.now.came);
    cpi_buf_init(&c.now.want);
    begin(&c.now, ex);
    while (text.len) {
        int64_t end = cpi_text_find(text, CPI_TEXT("\n"));
        struct cpi_text line = end < 0 ? text : cpi_text_part(text, 0, (uint32_t)end);
        c.line++;
        read_line(&c, line);
        text = cpi_text_part(text, line.len + (end >= 0), UINT32_MAX);
    }
    finish(&c);
    cpi_buf_fini(&c.now.record);
    cpi_buf_fini(&c.now.came);
    cpi_buf_fini(&c.now.want);
    cpi_envelope_reader_free(c.reader);
    return c.count;
}
