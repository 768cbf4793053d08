#include "causes.h"

#include <string.h>

#include <cpi/envelope.h>
#include <cpi/mapping.h>

#include "replay/input.h"

struct finding {
    const struct cpi_model *model;
    struct cpi_statement *said;
    struct cpi_arena *arena;
    struct cpi_mapper *mapper;
    struct cpi_envelope_reader *reader;
    uint16_t source;
    struct cpi_text topic;
    uint32_t partition;
    int64_t offset;
};

/* Is it the case "source:raw"? */
static bool is_case(const struct finding *f, struct cpi_text name, struct cpi_text raw)
{
    const struct cpi_source *source = &f->model->source[f->source];
    if (source->shared_case)
        return cpi_text_equal(name, raw);
    struct cpi_text prefix = source->name;
    return name.len == prefix.len + 1 + raw.len && cpi_text_starts(name, prefix) &&
           name.at[prefix.len] == ':' &&
           cpi_text_equal(cpi_text_part(name, prefix.len + 1, raw.len), raw);
}

/* Can an event of the type decide a start of the indicator? */
static bool may_decide(const struct finding *f, const struct cpi_indicator *ind, uint16_t type)
{
    for (size_t b = 0; b < ind->n_breakers; b++)
        for (unsigned w = 0; w < f->model->n_words; w++)
            if (cpi_wordset_has(&ind->breaker[b].sel, w) &&
                cpi_wordset_has(&f->model->word[w].types, type))
                return true;
    return false;
}

static bool is_cause(const struct finding *f, const struct cpi_account_line *line,
                     const struct cpi_mapped *ev)
{
    if (line->by_time != ev->time || cpi_text_is(line->by_id) || ev->type == CPI_NO_INDEX ||
        ev->refusal != CPI_ACCEPTED || !cpi_text_is(ev->case_id) ||
        !is_case(f, line->by_case, ev->case_id))
        return false;
    return cpi_text_is(line->by_type)
               ? cpi_text_equal(line->by_type, f->model->type[ev->type].name)
               : may_decide(f, &f->model->indicator[line->indicator], ev->type);
}

static void look_at(struct finding *f, const struct cpi_record *record)
{
    struct cpi_mapped *event;
    struct cpi_text detail;
    size_t count;
    if (cpi_mapper_map(f->mapper, f->model->source[f->source].mapping, record, NULL, &event, &count,
                       &detail) != CPI_ACCEPTED)
        return;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < f->said->n_lines; k++) {
            struct cpi_account_line *line = &f->said->line[k];
            if (!is_cause(f, line, &event[i]))
                continue;
            line->by_type = f->model->type[event[i].type].name;
            line->by_id = cpi_arena_text(
                f->arena, cpi_text_is(event[i].id) ? event[i].id : CPI_TEXT("without an id"));
            line->by_place = cpi_arena_format(f->arena, "%.*s/%u/%lld", CPI_TEXT_ARG(record->topic),
                                              record->partition, (long long)record->offset);
        }
}

static void read_file(struct finding *f, const char *path)
{
    struct input input;
    struct cpi_text line;
    if (input_open(&input, path) != 0)
        return;
    f->offset = 0;
    while (input_next(&input, &line) > 0) {
        struct cpi_record record;
        if (!cpi_envelope_parse(f->reader, line, &record)) {
            record.partition = f->partition;
            record.offset = f->offset;
        }
        record.topic = f->topic;
        f->offset = record.offset + 1;
        look_at(f, &record);
    }
    input_close(&input);
}

void causes_find(const struct config *config, const char *const *input, size_t n_inputs,
                 struct cpi_statement *said, struct cpi_arena *arena)
{
    struct finding f = { .model = config->model, .said = said, .arena = arena };
    bool any = false;
    for (size_t k = 0; k < said->n_lines; k++)
        any |= said->line[k].by_time != CPI_TIME_NONE;
    if (!any)
        return;
    f.mapper = cpi_mapper_new();
    f.reader = cpi_envelope_reader_new();
    for (size_t i = 0; i < n_inputs; i++) {
        const char *equals = strchr(input[i], '=');
        f.topic = (struct cpi_text){ input[i], (uint32_t)(equals - input[i]) };
        f.source = cpi_model_find_topic_source(f.model, f.topic);
        f.partition = 0;
        for (size_t k = 0; k < i; k++) /* the n-th file of a topic is its partition n */
            f.partition += strncmp(input[k], input[i], f.topic.len + 1) == 0;
        if (f.source != CPI_NO_INDEX && strcmp(equals + 1, "-") != 0)
            read_file(&f, equals + 1);
    }
    cpi_envelope_reader_free(f.reader);
    cpi_mapper_free(f.mapper);
}
