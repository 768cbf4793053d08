/* cpid explain: what one record becomes, step by step; or why a figure is what it is (why.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/alloc.h>
#include <cpi/envelope.h>

#include "cmd.h"
#include "config/load.h"
#include "explain/record.h"
#include "replay/input.h"
#include "why.h"

#define DOCUMENT_BYTES_MAX (64u << 20)

struct arguments {
    const char *config, *topic, *file;
    bool json;
    struct why why; /* with an entity: about a figure, not a record */
};
struct explaining {
    const struct arguments *args;
    const struct cpi_model *model;
    struct explain explain;
    struct cpi_envelope_reader *reader;
    struct cpi_buf out;
    int64_t offset;
};

/* Where the value of an option goes; NULL = there is no such option. */
static const char **target_of(struct arguments *args, const char *option)
{
    struct why *why = &args->why;
    const struct {
        const char *name, *other;
        const char **target;
    } options[] = {
        { "-c", "--config", &args->config },
        { "-t", "--topic", &args->topic },
        { "-i", "--input", &why->input[why->n_inputs] },
        { "--entity", "", &why->entity },
        { "--indicator", "", &why->indicator },
        { "--window", "", &why->window },
        { "--at", "", &why->at },
        { "--known", "", &why->known },
        { "--facts", "", &why->facts },
        { "--brokers", "", &why->brokers },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(option, options[i].name) == 0 || strcmp(option, options[i].other) == 0) {
            why->n_inputs += options[i].target == &why->input[why->n_inputs];
            return options[i].target;
        }
    return NULL;
}

static int check(const struct arguments *args)
{
    const struct why *why = &args->why;
    if (!args->config)
        return cmd_usage("explain", "-c FILE is missing: which configuration?");
    bool figure = why->entity || why->indicator || why->at || why->n_inputs || why->facts ||
                  why->brokers || why->window || why->known;
    if (!figure)
        return args->topic
                   ? EXIT_OK
                   : cmd_usage("explain", "--topic T is missing: which source's record is it?");
    if (args->topic || args->file)
        return cmd_usage("explain", "a record (--topic) or a figure (--entity), not both");
    if (!why->entity || !why->indicator || !why->at)
        return cmd_usage("explain", "a figure needs --entity, --indicator and --at");
    if ((why->n_inputs > 0) + (why->facts != NULL) + (why->brokers != NULL) > 1)
        return cmd_usage("explain", "-i, --facts or --brokers: one place to take it from");
    return EXIT_OK;
}

static int parse(int argc, char **argv, struct arguments *args)
{
    *args = (struct arguments){ .why.input = cpi_xcalloc((size_t)argc, sizeof(char *)) };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            args->json = args->why.json = true;
            continue;
        }
        const char **target = target_of(args, argv[i]);
        if (!target && argv[i][0] == '-' && argv[i][1])
            return cmd_usage("explain", "unknown option %s", argv[i]);
        if (!target && args->file)
            return cmd_usage("explain", "unexpected argument %s; one FILE at a time", argv[i]);
        if (!target) {
            args->file = argv[i];
            continue;
        }
        if (i + 1 == argc)
            return cmd_usage("explain", "%s needs a value", argv[i]);
        *target = argv[++i];
    }
    return check(args);
}

static int find_source(struct explaining *ex)
{
    const struct cpi_model *model = ex->model;
    ex->explain.source = cpi_model_find_topic_source(model, cpi_text_of(ex->args->topic));
    if (ex->explain.source != CPI_NO_INDEX)
        return EXIT_OK;
    fprintf(stderr, "cpid explain: no source reads the topic '%s'; sources read:", ex->args->topic);
    for (size_t s = 0; s < model->n_sources; s++)
        for (size_t t = 0; t < model->source[s].n_topics; t++)
            fprintf(stderr, " %.*s", CPI_TEXT_ARG(model->source[s].topic[t]));
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static void explain_one(struct explaining *ex, struct cpi_text line)
{
    struct cpi_record record;
    if (!cpi_envelope_parse(ex->reader, line, &record)) {
        record.topic = cpi_text_of(ex->args->topic);
        record.offset = ex->offset;
    }
    cpi_buf_reset(&ex->out);
    if (ex->args->json) {
        explain_json(&ex->explain, &record, &ex->out);
    } else {
        cpi_buf_add_format(&ex->out, "%.*s/%u/%lld\n", CPI_TEXT_ARG(record.topic), record.partition,
                           (long long)record.offset);
        explain_words(&ex->explain, &record, &ex->out);
    }
    fwrite(ex->out.at, 1, ex->out.len, stdout);
    ex->offset++;
}

/* A document over several lines, as people keep samples: its first line opens what it does not
 * close, and the next one does not open anew. */
static bool goes_on(struct cpi_text first, struct cpi_text second)
{
    char last = first.len ? first.at[first.len - 1] : ' ';
    bool opens = first.len && (first.at[0] == '{' || first.at[0] == '[');
    bool closes = first.len > 1 && (last == '}' || last == ']');
    return opens && !closes && second.len && !(second.at[0] == '{' && first.len > 1);
}

static int explain_rest(struct explaining *ex, struct input *input, struct cpi_buf *whole)
{
    struct cpi_text line;
    int rc;
    while ((rc = input_next(input, &line)) > 0 && whole->len < DOCUMENT_BYTES_MAX) {
        cpi_buf_add_byte(whole, '\n');
        cpi_buf_add_text(whole, line);
    }
    if (rc >= 0)
        explain_one(ex, cpi_buf_text(whole));
    return rc < 0 ? rc : 0;
}

static int explain_lines(struct explaining *ex, struct input *input, struct cpi_buf *first)
{
    struct cpi_text line;
    int rc = input_next(input, &line);
    if (rc <= 0)
        return rc;
    cpi_buf_add_text(first, line);
    rc = input_next(input, &line);
    if (rc > 0 && goes_on(cpi_text_trim(cpi_buf_text(first)), cpi_text_trim(line))) {
        cpi_buf_add_byte(first, '\n');
        cpi_buf_add_text(first, line);
        return explain_rest(ex, input, first);
    }
    if (rc >= 0)
        explain_one(ex, cpi_buf_text(first));
    for (; rc > 0; rc = input_next(input, &line))
        explain_one(ex, line);
    return rc;
}

static int explain_file(struct explaining *ex)
{
    struct input input;
    struct cpi_buf first;
    const char *path = ex->args->file ? ex->args->file : "-";
    if (!ex->args->file && isatty(STDIN_FILENO))
        fputs("cpid explain: waits for a record on standard input, one a line; Ctrl-D ends it\n",
              stderr);
    int rc = input_open(&input, path);
    if (rc == 0) {
        cpi_buf_init(&first);
        rc = explain_lines(ex, &input, &first);
        cpi_buf_fini(&first);
        input_close(&input);
    }
    if (rc < 0)
        fprintf(stderr, "cpid explain: %s: %s\n", path, strerror(-rc));
    return rc < 0 ? EXIT_BAD_DATA : EXIT_OK;
}

static int explain(const struct arguments *args, const struct config *config)
{
    struct explaining ex = { .args = args, .model = config->model };
    ex.explain.model = config->model;
    ex.explain.directory = config->directory;
    int rc = find_source(&ex);
    if (rc != EXIT_OK)
        return rc;
    ex.explain.mapper = cpi_mapper_new();
    ex.reader = cpi_envelope_reader_new();
    cpi_buf_init(&ex.out);
    rc = explain_file(&ex);
    cpi_buf_fini(&ex.out);
    cpi_envelope_reader_free(ex.reader);
    cpi_mapper_free(ex.explain.mapper);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("cpid explain: standard output");
        return EXIT_BAD_DATA;
    }
    return rc;
}

int cmd_explain(int argc, char **argv)
{
    struct arguments args;
    struct config config;
    struct cpi_diag diag;
    int rc = parse(argc, argv, &args);
    if (rc != EXIT_OK) {
        free(args.why.input);
        return rc;
    }
    cpi_diag_init(&diag);
    /* Records are explained as mapped: files of people that are not here are no reason to refuse.
     */
    bool figure = args.why.entity != NULL; /* who is who decides it */
    rc = figure ? config_load(args.config, &config, &diag)
                : config_check(args.config, &config, &diag);
    if (rc < 0) {
        cmd_print_diag(&diag);
        rc = EXIT_CONFIG;
    } else if (figure) {
        rc = why(&args.why, &config);
    } else {
        rc = explain(&args, &config);
    }
    free(args.why.input);
    cpi_diag_fini(&diag);
    config_fini(&config);
    return rc;
}
