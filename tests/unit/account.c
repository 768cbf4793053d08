/* An account says what was published: every update and every revision of every golden case comes
 * out of its facts again, to the last byte, and the facts add up to it. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/account.h>
#include <cpi/diag.h>

#include "check.h"
#include "config/load.h"
#include "replay/replay.h"
#include "json/json.h"

static char folder[] = "/tmp/cpid-account-XXXXXX";
static struct json_parser *parser;

/* ---- a case, replayed into the folder ---- */
struct golden {
    struct config config;
    int64_t until;
    bool every_boundary;
};

static void read_args(struct golden *golden)
{
    FILE *file = fopen("args", "r");
    char word[64];
    bool time = false;
    while (file && fscanf(file, "%63s", word) == 1) {
        if (time && !cpi_time_parse(cpi_text_of(word), &golden->config.model->zone, &golden->until))
            abort();
        time = strcmp(word, "--until") == 0;
        golden->every_boundary |= strcmp(word, "--every-boundary") == 0;
    }
    if (file)
        fclose(file);
}

static bool add_inputs(struct replay *replay)
{
    glob_t files;
    uint16_t source, index;
    bool any = false;
    if (glob("in.*.ndjson", 0, NULL, &files) != 0)
        return false;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *name = files.gl_pathv[i] + 3;
        size_t len = strlen(name) - strlen(".0.ndjson");
        struct cpi_text topic = { name, (uint32_t)len };
        if (!replay_find_topic(replay->model, topic, &source, &index))
            continue;
        topic = replay->model->source[source].topic[index];
        any |= replay_add(replay, topic, files.gl_pathv[i]) == 0;
    }
    globfree(&files);
    return any;
}

static bool play(struct golden *golden)
{
    struct replay replay;
    const char *path;
    replay_init(&replay, golden->config.model, golden->config.directory, golden->every_boundary,
                golden->until);
    cpi_outbox_tell_all(replay.box);
    cpi_outbox_tell_all(replay.other);
    bool any = add_inputs(&replay);
    int more = any ? 1 : 0;
    if (any) {
        replay_begin(&replay);
        if (output_open(&replay.output, folder, true) != 0)
            abort();
        while ((more = replay_step(&replay, UINT64_MAX, &path)) > 0)
            ;
        if (output_close(&replay.output) != 0)
            abort();
    }
    replay_fini(&replay);
    return any && more == 0;
}

/* ---- lines of an output ---- */
struct lines {
    char *text;
    struct cpi_text *at;
    size_t count;
};

static void read_lines(const char *name, struct lines *lines)
{
    char path[128], *line = NULL;
    size_t cap = 0;
    ssize_t len;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    while (file && (len = getline(&line, &cap, file)) > 0) {
        lines->at = realloc(lines->at, (lines->count + 1) * sizeof *lines->at);
        if (!lines->at)
            abort();
        line[len - 1] = 0;
        lines->at[lines->count++] = (struct cpi_text){ line, (uint32_t)len - 1 };
        line = NULL;
        cap = 0;
    }
    free(line);
    if (file)
        fclose(file);
}

static void free_lines(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free((char *)(uintptr_t)lines->at[i].at);
    free(lines->at);
    *lines = (struct lines){ 0 };
}

/* ---- what an update is about ---- */
struct about {
    char entity[600];
    uint16_t indicator, window;
    int64_t end, watermark;
    bool revised;
    struct cpi_text line;
};

static struct cpi_text inner(const struct json_value *top, const char *name, const char *below)
{
    struct json_value v = json_member(parser, top, cpi_text_of(name));
    if (below)
        v = json_member(parser, &v, cpi_text_of(below));
    return json_text(&v);
}

static struct about about_of(const struct cpi_model *model, struct cpi_text line)
{
    struct about about = { .line = line };
    struct json_value top;
    struct cpi_zone utc;
    cpi_zone_init_utc(&utc);
    json_parser_reset(parser);
    if (json_parse_whole(parser, line, &top) != JSON_FINE)
        abort();
    snprintf(about.entity, sizeof about.entity, "%.*s:%.*s",
             CPI_TEXT_ARG(inner(&top, "entity", "kind")),
             CPI_TEXT_ARG(inner(&top, "entity", "id")));
    about.indicator = cpi_model_find_indicator(model, inner(&top, "indicator", NULL));
    about.window = cpi_model_find_window(model, inner(&top, "window", "name"));
    const struct cpi_indicator *ind = &model->indicator[about.indicator];
    for (size_t o = 0; ind->kind == CPI_OPEN && o < ind->n_over; o++)
        about.window = ind->over[o];
    about.revised = cpi_text_equal(inner(&top, "update", NULL), CPI_TEXT("revised"));
    if (!cpi_time_parse(inner(&top, "window", "end"), &utc, &about.end) ||
        !cpi_time_parse(inner(&top, "watermark", NULL), &utc, &about.watermark))
        abort();
    cpi_zone_fini(&utc);
    return about;
}

static int order(const void *l, const void *r)
{
    const struct about *a = l, *b = r;
    int by = strcmp(a->entity, b->entity);
    if (by || a->indicator != b->indicator || a->window != b->window)
        return by                             ? by
               : a->indicator != b->indicator ? (a->indicator > b->indicator ? 1 : -1)
                                              : (a->window > b->window ? 1 : -1);
    if (a->watermark != b->watermark)
        return a->watermark < b->watermark ? -1 : 1;
    return a->revised != b->revised ? (a->revised ? -1 : 1) : (a->end > b->end) - (a->end < b->end);
}

static bool is_same_figure(const struct about *a, const struct about *b)
{
    return strcmp(a->entity, b->entity) == 0 && a->indicator == b->indicator &&
           a->window == b->window;
}

static size_t compare(const struct golden *golden, const struct about *about, size_t count,
                      const struct lines *facts)
{
    struct cpi_account *account = cpi_account_new(golden->config.model, about[0].indicator,
                                                  about[0].window, cpi_text_of(about[0].entity));
    for (size_t f = 0; f < facts->count; f++)
        CHECK(cpi_account_take(account, facts->at[f]) >= 0);
    for (size_t i = 0; i < count; i++) {
        struct cpi_statement said;
        cpi_account_read(account, about[i].end,
                         about[i].revised ? about[i].watermark : about[i].end, &said);
        CHECK_TEXT(said.update, about[i].line.at);
        CHECK(said.sum.meets);
    }
    cpi_account_free(account);
    return count;
}

static size_t check_case(struct golden *golden)
{
    struct lines facts = { 0 }, updates = { 0 };
    size_t seen = 0;
    read_lines("facts.ndjson", &facts);
    read_lines("indicators.ndjson", &updates);
    read_lines("revisions.ndjson", &updates);
    struct about *about = calloc(updates.count + 1, sizeof *about);
    if (!about)
        abort();
    for (size_t i = 0; i < updates.count; i++)
        about[i] = about_of(golden->config.model, updates.at[i]);
    qsort(about, updates.count, sizeof *about, order);
    for (size_t i = 0, end; i < updates.count; i = end) {
        for (end = i + 1; end < updates.count && is_same_figure(&about[i], &about[end]); end++)
            ;
        seen += compare(golden, about + i, end - i, &facts);
    }
    free(about);
    free_lines(&facts);
    free_lines(&updates);
    return seen;
}

static size_t check_golden(const char *path)
{
    struct golden golden = { .until = CPI_TIME_END };
    struct cpi_diag diag;
    size_t seen = 0;
    char before[4096];
    if (!getcwd(before, sizeof before) || chdir(path) != 0)
        abort();
    cpi_diag_init(&diag);
    /* what replay refuses has nothing to account for */
    if (access("expected/exit", F_OK) != 0 &&
        config_load("cpid.conf", &golden.config, &diag) == 0) {
        read_args(&golden);
        if (play(&golden))
            seen = check_case(&golden);
    }
    if (check_.failed) {
        printf("  in %s\n", path);
        check_.failed = false;
        check_that_(false, __FILE__, __LINE__, path);
    }
    cpi_diag_fini(&diag);
    config_fini(&golden.config);
    if (chdir(before) != 0)
        abort();
    return seen;
}

int main(void)
{
    char command[128];
    glob_t cases;
    size_t updates = 0;
    if (!mkdtemp(folder))
        abort();
    parser = json_parser_new();
    TEST ("every update and revision of every golden case comes out of its facts again") {
        const char *only = getenv("CASE");
        if (glob(only ? only : "tests/golden/*/*/", 0, NULL, &cases) != 0)
            abort();
        for (size_t i = 0; i < cases.gl_pathc; i++)
            updates += check_golden(cases.gl_pathv[i]);
        globfree(&cases);
        printf("      %zu updates\n", updates);
        CHECK(updates > 300);
    }
    json_parser_free(parser);
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        abort();
    return check_done();
}
