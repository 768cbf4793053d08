#include "why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/account.h>
#include <cpi/alloc.h>
#include <cpi/envelope.h>

#include "causes.h"
#include "cmd.h"
#include "explain/entity.h"
#include "facts.h"
#include "replay/input.h"
#include "replay/replay.h"

struct asking {
    const struct why *why;
    const struct config *config;
    struct entity entity;
    struct cpi_account *account;
    struct cpi_envelope_reader *reader;
    int64_t end;
    size_t unreadable;
};

/* ---- what is asked ---- */
static int find_indicator(struct asking *ask)
{
    const struct cpi_model *model = ask->config->model;
    uint16_t i = cpi_model_find_indicator(model, cpi_text_of(ask->why->indicator));
    ask->entity.indicator = i;
    if (i != CPI_NO_INDEX)
        return EXIT_OK;
    const char *names[CPI_INDICATORS_MAX];
    for (size_t k = 0; k < model->n_indicators; k++)
        names[k] = model->indicator[k].name.at;
    const char *near = cpi_diag_nearest(ask->why->indicator, names, model->n_indicators);
    return cmd_usage("explain", "there is no indicator \"%s\"%s%s%s", ask->why->indicator,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int find_window(struct asking *ask)
{
    const struct cpi_model *model = ask->config->model;
    const struct cpi_indicator *ind = &model->indicator[ask->entity.indicator];
    char names[512] = "";
    size_t used = 0;
    if (!ind->n_over)
        return cmd_usage("explain", "%s counts over no window", ask->why->indicator);
    ask->entity.window = ind->over[0];
    for (size_t o = 0; ask->why->window && o < ind->n_over && used < sizeof names; o++) {
        struct cpi_text name = model->window[ind->over[o]].name;
        if (cpi_text_equal(name, cpi_text_of(ask->why->window))) {
            ask->entity.window = ind->over[o];
            return EXIT_OK;
        }
        used += (size_t)snprintf(names + used, sizeof names - used, " %.*s", CPI_TEXT_ARG(name));
    }
    return ask->why->window ? cmd_usage("explain", "%s does not count over \"%s\"; want one of%s",
                                        ask->why->indicator, ask->why->window, names)
                            : EXIT_OK;
}

/* "org" is "org:*"; a kind that nothing is reported on is a slip. */
static int find_entity(struct asking *ask)
{
    const struct cpi_model *model = ask->config->model;
    const char *entity = strcmp(ask->why->entity, "org") == 0 ? "org:*" : ask->why->entity;
    const char *colon = strchr(entity, ':');
    struct cpi_text kind = { entity, colon ? (uint32_t)(colon - entity) : 0 };
    ask->entity.name = cpi_text_of(entity);
    for (size_t d = 0; colon && colon[1] && d < model->n_dims; d++)
        if (cpi_text_equal(model->dim[d].name, kind))
            return EXIT_OK;
    fprintf(stderr, "cpid explain: --entity %s: want one of", ask->why->entity);
    for (size_t d = 0; d < model->n_dims; d++)
        fprintf(stderr, " %.*s:%s", CPI_TEXT_ARG(model->dim[d].name),
                model->dim[d].n_members ? "ID" : "*");
    fputs(" (report.on says which)\n", stderr);
    return EXIT_USAGE;
}

static int read_time(const char *option, const char *text, const struct cpi_zone *zone,
                     int64_t *ret)
{
    if (cpi_time_parse(cpi_text_of(text), zone, ret) && *ret >= CPI_TIME_MIN &&
        *ret <= CPI_TIME_MAX)
        return EXIT_OK;
    return cmd_usage("explain",
                     "%s %s: no time (want 2026-01-31T08:00:00Z or 2026-01-31, from 1900 to 2200)",
                     option, text);
}

static int find_times(struct asking *ask)
{
    const struct cpi_zone *zone = &ask->config->model->zone;
    int64_t at = 0;
    int rc = read_time("--at", ask->why->at, zone, &at);
    if (rc != EXIT_OK)
        return rc;
    ask->end = ask->entity.known = cpi_account_boundary(ask->account, at);
    if (ask->why->known)
        rc = read_time("--known", ask->why->known, zone, &ask->entity.known);
    if (rc == EXIT_OK && ask->entity.known < ask->end)
        rc = cmd_usage("explain", "--known %s lies before the window ends", ask->why->known);
    return rc;
}

static int64_t last_known(const struct asking *ask)
{
    int64_t last = ask->end + ask->config->model->lateness_ms;
    return ask->entity.known > last ? ask->entity.known : last;
}

/* ---- facts ---- */
static void take(struct asking *ask, struct cpi_text line)
{
    struct cpi_record record;
    cpi_envelope_parse(ask->reader, line, &record);
    if (!cpi_text_is(record.value) || !record.value.len)
        return;
    int got = cpi_account_take(ask->account, record.value);
    ask->entity.strange += got == CPI_ACCOUNT_STRANGE;
    ask->unreadable += got < 0;
}

static int take_file(struct asking *ask, const char *path)
{
    struct input input;
    struct cpi_text line;
    int rc = input_open(&input, path);
    if (rc == 0) {
        while ((rc = input_next(&input, &line)) > 0)
            take(ask, line);
        input_close(&input);
    }
    if (rc < 0)
        fprintf(stderr, "cpid explain: %s: %s\n", path, strerror(-rc));
    return rc < 0 ? EXIT_BAD_DATA : EXIT_OK;
}

static int take_stream(struct asking *ask, FILE *file)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    rewind(file);
    while ((len = getline(&line, &cap, file)) > 0)
        take(ask, (struct cpi_text){ line, (uint32_t)(len - 1) });
    free(line);
    return EXIT_OK;
}

/* ---- events: the facts are those of a replay up to what is asked ---- */
static int add_input(struct replay *replay, const char *text)
{
    const char *equals = strchr(text, '=');
    uint16_t source, index;
    if (!equals || equals == text || !equals[1])
        return cmd_usage("explain", "-i %s: TOPIC=PATH is wanted", text);
    struct cpi_text topic = { text, (uint32_t)(equals - text) };
    if (!replay_find_topic(replay->model, topic, &source, &index))
        return cmd_usage("explain", "-i %s: no source reads the topic \"%.*s\"", text,
                         CPI_TEXT_ARG(topic));
    int err = replay_add(replay, topic, equals + 1);
    if (err)
        fprintf(stderr, "cpid explain: %s: %s\n", equals + 1, strerror(-err));
    return err ? EXIT_BAD_DATA : EXIT_OK;
}

static int play(struct replay *replay)
{
    const char *path = "";
    int more;
    replay_begin(replay);
    while ((more = replay_step(replay, UINT64_MAX, &path)) > 0)
        ;
    if (more < 0)
        fprintf(stderr, "cpid explain: %s: %s\n", path, strerror(-more));
    return more < 0 ? EXIT_BAD_DATA : EXIT_OK;
}

static int take_events(struct asking *ask)
{
    struct replay replay;
    FILE *facts = tmpfile();
    if (!facts) {
        perror("cpid explain: a temporary file");
        return EXIT_BAD_DATA;
    }
    replay_init(&replay, ask->config->model, ask->config->directory, false, last_known(ask));
    cpi_outbox_tell_all(replay.box);
    cpi_outbox_tell_all(replay.other);
    replay.output.file[CPI_TOPIC_FACTS] = facts;
    int rc = EXIT_OK;
    for (size_t i = 0; i < ask->why->n_inputs && rc == EXIT_OK; i++)
        rc = add_input(&replay, ask->why->input[i]);
    if (rc == EXIT_OK)
        rc = play(&replay);
    replay_fini(&replay);
    if (rc == EXIT_OK)
        rc = take_stream(ask, facts);
    fclose(facts);
    ask->entity.pending = true;
    return rc;
}

static void take_record(void *context, struct cpi_text value)
{
    take(context, value);
}

static int gather(struct asking *ask)
{
    const struct why *why = ask->why;
    int rc = why->n_inputs ? take_events(ask)
             : why->facts  ? take_file(ask, why->facts)
                           : facts_read(ask->config, why->brokers, take_record, ask);
    if (rc != EXIT_OK)
        return rc;
    if (ask->unreadable)
        fprintf(stderr, "cpid explain: %zu lines are no facts\n", ask->unreadable);
    if (cpi_account_count(ask->account))
        return EXIT_OK;
    fprintf(stderr, "cpid explain: there is no fact of %s about %s%s\n", why->indicator,
            why->entity,
            ask->entity.strange ? ", only such of another definition: the configuration has changed"
                                : "");
    return EXIT_BAD_DATA;
}

/* ---- the answer ---- */
static void answer(struct asking *ask)
{
    struct cpi_statement said;
    struct cpi_buf out, revised;
    struct cpi_arena arena;
    cpi_buf_init(&out);
    cpi_buf_init(&revised);
    cpi_account_read(ask->account, ask->end, ask->entity.known, &said);
    ask->entity.revised = CPI_ABSENT;
    if (said.later && last_known(ask) > ask->entity.known) {
        ask->entity.revised_known = last_known(ask);
        cpi_account_read(ask->account, ask->end, ask->entity.revised_known, &said);
        cpi_buf_add_text(&revised, said.value);
        ask->entity.revised = cpi_buf_text(&revised);
        cpi_account_read(ask->account, ask->end, ask->entity.known, &said);
    }
    cpi_arena_init(&arena);
    causes_find(ask->config, ask->why->input, ask->why->n_inputs, &said, &arena);
    if (ask->why->json)
        entity_json(&ask->entity, &said, &out);
    else
        entity_words(&ask->entity, &said, &out);
    fwrite(out.at, 1, out.len, stdout);
    cpi_arena_fini(&arena);
    cpi_buf_fini(&out);
    cpi_buf_fini(&revised);
}

int why(const struct why *why, const struct config *config)
{
    struct asking ask = { .why = why, .config = config };
    ask.entity.model = config->model;
    ask.entity.spec = config->spec;
    int rc = find_indicator(&ask);
    if (rc == EXIT_OK)
        rc = find_window(&ask);
    if (rc == EXIT_OK)
        rc = find_entity(&ask);
    if (rc != EXIT_OK)
        return rc;
    ask.account =
        cpi_account_new(config->model, ask.entity.indicator, ask.entity.window, ask.entity.name);
    ask.reader = cpi_envelope_reader_new();
    rc = find_times(&ask);
    if (rc == EXIT_OK)
        rc = gather(&ask);
    if (rc == EXIT_OK)
        answer(&ask);
    cpi_envelope_reader_free(ask.reader);
    cpi_account_free(ask.account);
    return rc;
}
