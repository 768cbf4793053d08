#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cpi/text.h>

#define CONFIG_BYTES_MAX                                                                           \
    (4u << 20) /* groups of libconfig are searched from the front: keep them small */
#define INCLUDES_MAX 8
#define NESTING_MAX 32
#define KEYS_MAX 5000 /* in one group, for the same reason */

/* One file being read. `after_text`: a text has just ended; then line ends wait until the next
 * character has been put, because libconfig gives a text the line on which it sees what follows. */
struct scan {
    struct config_text *out;
    struct cpi_arena *arena;
    struct cpi_diag *diag;
    const char *file;
    const char *at, *end, *start;
    unsigned line;
    bool after_text;
    unsigned waiting_line; /* first of the line ends that wait */
    unsigned waiting;
    struct {
        char bracket;
        unsigned line;
    } open[NESTING_MAX];
    unsigned depth;
    unsigned keys[NESTING_MAX + 1]; /* of the groups that are open */
    char last;                      /* last character that counts */
    const struct scan *outer;
    unsigned level;
    dev_t dev;
    ino_t ino;
};

static struct cpi_origin here(const struct scan *s, unsigned line)
{
    return (struct cpi_origin){ s->file, line };
}

const char *config_text_keep(struct cpi_arena *arena, const char *at, size_t len)
{
    char *copy = cpi_arena_take(arena, len + 1);
    memcpy(copy, at, len);
    return copy;
}

const char *config_path_beside(const char *beside, const char *name, struct cpi_arena *arena)
{
    const char *slash = strrchr(beside, '/');
    if (name[0] == '/' || !slash)
        return config_text_keep(arena, name, strlen(name));
    size_t folder = (size_t)(slash - beside) + 1, len = strlen(name);
    char *path = cpi_arena_take(arena, folder + len + 1);
    memcpy(path, beside, folder);
    memcpy(path + folder, name, len);
    return path;
}

static int read_all(int fd, size_t most, struct cpi_buf *ret)
{
    for (;;) {
        cpi_buf_reserve(ret, 65536);
        ssize_t n = read(fd, ret->at + ret->len, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        ret->len += (size_t)n;
        if (ret->len > most)
            return -EFBIG;
    }
}

int config_file_read(const char *path, size_t most, struct cpi_buf *ret)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : read_all(fd, most, ret);
    close(fd);
    return rc;
}

/* ---- output ---- */
static void put_line_origin(struct config_text *out, struct cpi_origin at)
{
    out->line = cpi_grow(out->line, out->n_lines, &out->cap, sizeof *out->line);
    out->line[out->n_lines++] = at;
}

static void put_newline(struct scan *s, unsigned new_line)
{
    cpi_buf_add_byte(&s->out->bytes, '\n');
    put_line_origin(s->out, here(s, new_line));
}

static void flush_waiting(struct scan *s)
{
    s->after_text = false;
    for (unsigned i = 0; i < s->waiting; i++)
        put_newline(s, s->waiting_line + i);
    s->waiting = 0;
}

static void newline(struct scan *s)
{
    s->line++;
    if (!s->after_text) {
        put_newline(s, s->line);
        return;
    }
    if (s->waiting++ == 0)
        s->waiting_line = s->line;
}

static void put(struct scan *s, const char *at, size_t len)
{
    cpi_buf_add(&s->out->bytes, at, len);
}

/* ---- lexis ---- */
static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*';
}

static void skip_comment(struct scan *s)
{
    if (*s->at == '#' || s->at[1] == '/') {
        while (s->at < s->end && *s->at != '\n')
            s->at++;
        return;
    }
    unsigned from = s->line;
    for (s->at += 2; s->at < s->end; s->at++) {
        if (*s->at == '\n')
            newline(s);
        if (s->at + 1 < s->end && s->at[0] == '*' && s->at[1] == '/') {
            s->at += 2;
            return;
        }
    }
    cpi_diag_error(s->diag, here(s, from), "",
                   "the comment that begins here is not closed; end it with */");
}

static void scan_string(struct scan *s)
{
    unsigned from = s->line;
    const char *begin = s->at++;
    flush_waiting(s);
    for (; s->at < s->end && *s->at != '"'; s->at++) {
        if (*s->at == '\\' && s->at + 1 < s->end)
            s->at++;
        if (*s->at == '\n') { /* a text may run over lines */
            put(s, begin, (size_t)(s->at - begin));
            s->line++;
            put_newline(s, s->line);
            begin = s->at + 1;
        }
    }
    if (s->at >= s->end) {
        cpi_diag_error(s->diag, here(s, from), "",
                       "the text that begins here is not closed; end it with a double quote");
        s->at = s->end;
        return;
    }
    s->at++;
    put(s, begin, (size_t)(s->at - begin));
    s->after_text = true;
}

static bool is_float(struct cpi_text t)
{
    unsigned i = 0, digits = 0;
    while (i < t.len && isdigit((unsigned char)t.at[i]))
        i++, digits++;
    if (i < t.len && t.at[i] == '.')
        for (i++; i < t.len && isdigit((unsigned char)t.at[i]);)
            i++, digits++;
    if (digits && i < t.len && (t.at[i] | 32) == 'e') {
        i++;
        if (i < t.len && (t.at[i] == '+' || t.at[i] == '-'))
            i++;
        if (i == t.len)
            return false;
        while (i < t.len && isdigit((unsigned char)t.at[i]))
            i++;
    }
    return digits && i == t.len;
}

/* Decimal or hexadecimal digits with at most "LL" behind them: 1 and the value, -1 if it does not
 * fit into 64 bits, 0 if it is no whole number. */
static int whole_number(struct cpi_text t, bool negative, bool *ret_long, bool *ret_marked)
{
    char digits[64];
    unsigned len = t.len;
    *ret_marked = false;
    while (len && t.at[len - 1] == 'L' && t.len - len < 2) {
        len--;
        *ret_marked = true;
    }
    bool hex = len > 2 && t.at[0] == '0' && (t.at[1] | 32) == 'x';
    for (unsigned i = hex ? 2 : 0; i < len; i++)
        if (!(hex ? isxdigit((unsigned char)t.at[i]) : isdigit((unsigned char)t.at[i])))
            return 0;
    if (len == 0)
        return 0;
    if (len >= sizeof digits)
        return -1;
    memcpy(digits, t.at, len);
    digits[len] = 0;
    errno = 0;
    unsigned long long value = strtoull(digits, NULL, hex ? 16 : 10);
    if (errno || value > INT64_MAX)
        return -1;
    *ret_long = value > (unsigned long long)INT32_MAX + (negative ? 1 : 0);
    return 1;
}

static void scan_number(struct scan *s)
{
    const char *begin = s->at;
    bool negative = *s->at == '-', large = false, marked = false;
    if (*s->at == '-' || *s->at == '+')
        s->at++;
    const char *digits = s->at;
    while (s->at < s->end && (isalnum((unsigned char)*s->at) || *s->at == '.' || *s->at == '_' ||
                              ((*s->at == '+' || *s->at == '-') && (s->at[-1] | 32) == 'e')))
        s->at++;
    struct cpi_text t = { digits, (uint32_t)(s->at - digits) };
    int whole = whole_number(t, negative, &large, &marked);
    if (whole < 0)
        cpi_diag_error(s->diag, here(s, s->line), "", "%.*s is too large a number",
                       (int)(s->at - begin), begin);
    else if (whole == 0 && !is_float(t))
        cpi_diag_error(s->diag, here(s, s->line), "",
                       "%.*s is no number; a text stands in double quotes: \"%.*s\"",
                       (int)(s->at - begin), begin, (int)(s->at - begin), begin);
    put(s, begin, (size_t)(s->at - begin));
    if (whole > 0 && large && !marked)
        put(s, "L", 1);
}

static void scan_bracket(struct scan *s, char c)
{
    static const char opening[] = "{([", closing[] = "})]";
    const char *close = strchr(closing, c);
    if (!close) {
        if (s->depth < NESTING_MAX) {
            s->open[s->depth].bracket = c;
            s->open[s->depth].line = s->line;
            s->keys[s->depth + 1] = 0;
        } else if (s->depth == NESTING_MAX) {
            cpi_diag_error(s->diag, here(s, s->line), "", "nested deeper than %d", NESTING_MAX);
        }
        s->depth++;
        return;
    }
    char expected = opening[close - closing];
    if (s->last == ',' && c != '}')
        cpi_diag_error(s->diag, here(s, s->line), "", "a comma before %c; leave it out", c);
    if (s->depth == 0)
        cpi_diag_error(s->diag, here(s, s->line), "", "%c closes nothing", c);
    else if (--s->depth < NESTING_MAX && s->open[s->depth].bracket != expected)
        cpi_diag_error(s->diag, here(s, s->line), "", "%c where the %c of line %u is to be closed",
                       c, s->open[s->depth].bracket, s->open[s->depth].line);
}

static void scan_file(struct scan *s);

/* `@include "NAME"` alone on its line. */
static void scan_include(struct scan *s)
{
    const char *p = s->at + strlen("@include");
    while (p < s->end && (*p == ' ' || *p == '\t'))
        p++;
    const char *name = p + 1;
    const char *quote = p < s->end && *p == '"' ? memchr(name, '"', (size_t)(s->end - name)) : NULL;
    const char *line_end = memchr(p, '\n', (size_t)(s->end - p));
    if (!quote || (line_end && quote > line_end)) {
        cpi_diag_error(s->diag, here(s, s->line), "", "write @include \"FILE\"");
        s->at = line_end ? line_end : s->end;
        return;
    }
    struct scan inner = { .out = s->out,
                          .arena = s->arena,
                          .diag = s->diag,
                          .outer = s,
                          .level = s->level + 1,
                          .last = s->last };
    const char *raw = config_text_keep(s->arena, name, (size_t)(quote - name));
    inner.file = config_path_beside(s->file, raw, s->arena);
    s->at = quote + 1;
    flush_waiting(s);
    put_newline(s, s->line);
    scan_file(&inner);
    s->last = inner.last;
    put_newline(s, s->line);
}

static bool at_line_start(const struct scan *s)
{
    const char *p = s->at;
    while (p > s->start && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    return p == s->start || p[-1] == '\n';
}

static void scan_stray(struct scan *s)
{
    unsigned char c = (unsigned char)*s->at;
    if (c == '@' && at_line_start(s) && (size_t)(s->end - s->at) >= strlen("@include") &&
        memcmp(s->at, "@include", strlen("@include")) == 0) {
        scan_include(s);
        return;
    }
    if (c == '\'')
        cpi_diag_error(s->diag, here(s, s->line), "",
                       "a single quote; texts stand in double quotes");
    else if (isprint(c))
        cpi_diag_error(s->diag, here(s, s->line), "",
                       "`%c` outside a text; texts stand in double quotes", c);
    else
        cpi_diag_error(s->diag, here(s, s->line), "",
                       "a character outside a text that does not belong there (byte 0x%02x)", c);
    while (s->at < s->end && *s->at != '\n') /* one complaint a line is enough */
        s->at++;
}

static void scan_token(struct scan *s)
{
    char c = *s->at;
    const char *begin = s->at;
    char next = s->at + 1 < s->end ? s->at[1] : 0;
    if (c == '"') {
        scan_string(s);
    } else if (isdigit((unsigned char)c) ||
               (strchr("+-.", c) && (isdigit((unsigned char)next) || next == '.'))) {
        flush_waiting(s);
        scan_number(s);
    } else if (isalpha((unsigned char)c) || c == '*') {
        flush_waiting(s);
        while (s->at < s->end && is_name_char(*s->at))
            s->at++;
        put(s, begin, (size_t)(s->at - begin));
    } else if (strchr("{}()[]=:;,", c)) {
        if (strchr("{}()[]", c))
            scan_bracket(s, c);
        else if (strchr("=:", c) && s->depth <= NESTING_MAX && s->keys[s->depth]++ == KEYS_MAX)
            cpi_diag_error(s->diag, here(s, s->line), "", "more than %d keys in one group",
                           KEYS_MAX);
        put(s, s->at++, 1);
        flush_waiting(s);
    } else {
        flush_waiting(s);
        scan_stray(s);
    }
    s->last = c;
}

static void scan_bytes(struct scan *s)
{
    while (s->at < s->end) {
        char c = *s->at;
        char next = s->at + 1 < s->end ? s->at[1] : 0;
        if (c == '\n') {
            s->at++;
            newline(s);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f') {
            put(s, s->at++, 1);
        } else if (c == '#' || (c == '/' && (next == '/' || next == '*'))) {
            skip_comment(s);
        } else {
            scan_token(s);
        }
    }
    flush_waiting(s);
    if (s->depth && s->depth <= NESTING_MAX)
        cpi_diag_error(s->diag, here(s, s->open[s->depth - 1].line), "",
                       "the %c that stands here is not closed", s->open[s->depth - 1].bracket);
}

/* ---- files ---- */
static void complain_unreadable(const struct scan *s, int rc)
{
    struct cpi_origin at = s->outer ? here(s->outer, s->outer->line) : here(s, 0);
    const char *what = rc == -EISDIR  ? "is a directory; name a file"
                       : rc == -EFBIG ? "is larger than 4 MiB"
                                      : strerror(-rc);
    if (s->outer)
        cpi_diag_error(s->diag, at, "", "cannot include %s: %s", s->file, what);
    else
        cpi_diag_error(s->diag, at, "", "cannot read it: %s", what);
}

static bool is_open_already(const struct scan *s)
{
    for (const struct scan *o = s->outer; o; o = o->outer)
        if (o->dev == s->dev && o->ino == s->ino)
            return true;
    return false;
}

static unsigned line_of(const struct cpi_buf *buf, const void *at)
{
    unsigned line = 1;
    for (const uint8_t *p = buf->at; p < (const uint8_t *)at; p++)
        line += *p == '\n';
    return line;
}

static bool is_sound(const struct scan *s, const struct cpi_buf *buf)
{
    const void *nul = buf->len ? memchr(buf->at, 0, buf->len) : NULL;
    if (nul) {
        cpi_diag_error(s->diag, here(s, line_of(buf, nul)), "", "a NUL byte: this is no text");
        return false;
    }
    if (cpi_text_is_utf8(cpi_buf_text(buf)))
        return true;
    const uint8_t *line = buf->at, *end = buf->at + buf->len;
    for (unsigned n = 1; line < end; n++) {
        const uint8_t *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        if (!cpi_text_is_utf8((struct cpi_text){ (const char *)line, (uint32_t)(stop - line) })) {
            cpi_diag_error(s->diag, here(s, n), "",
                           "this line is no UTF-8; save the file as UTF-8");
            break;
        }
        line = stop + 1;
    }
    return false;
}

static void scan_file(struct scan *s)
{
    struct stat st;
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    int rc = config_file_read(s->file, CONFIG_BYTES_MAX, &buf);
    if (rc == 0 && stat(s->file, &st) == 0) {
        s->dev = st.st_dev;
        s->ino = st.st_ino;
    }
    if (rc < 0) {
        complain_unreadable(s, rc);
    } else if (is_open_already(s) || s->level > INCLUDES_MAX) {
        cpi_diag_error(s->diag, here(s->outer, s->outer->line), "", "%s %s", s->file,
                       s->level > INCLUDES_MAX ? "is included too deep" : "includes itself");
    } else if (is_sound(s, &buf)) {
        bool bom = buf.len >= 3 && memcmp(buf.at, "\xef\xbb\xbf", 3) == 0;
        s->start = s->at = (const char *)buf.at + (bom ? 3 : 0);
        s->end = (const char *)buf.at + buf.len;
        s->line = 1;
        if (s->outer) /* the including file has begun the line: it is ours now */
            s->out->line[s->out->n_lines - 1] = here(s, 1);
        else
            put_line_origin(s->out, here(s, 1));
        if (buf.len)
            scan_bytes(s);
    }
    cpi_buf_fini(&buf);
}

bool config_text_read(const char *path, struct cpi_arena *arena, struct config_text *ret,
                      struct cpi_diag *diag)
{
    size_t errors = diag->errors;
    *ret = (struct config_text){ 0 };
    struct scan s = { .out = ret,
                      .arena = arena,
                      .diag = diag,
                      .file = config_text_keep(arena, path, strlen(path)) };
    scan_file(&s);
    cpi_buf_add_byte(&ret->bytes, 0);
    return diag->errors == errors;
}

void config_text_fini(struct config_text *text)
{
    cpi_buf_fini(&text->bytes);
    free(text->line);
    *text = (struct config_text){ 0 };
}

struct cpi_origin config_text_origin(const struct config_text *text, unsigned line)
{
    if (line == 0 || text->n_lines == 0)
        return text->n_lines ? text->line[0] : (struct cpi_origin){ 0 };
    return text->line[line <= text->n_lines ? line - 1 : text->n_lines - 1];
}
