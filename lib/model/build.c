#include "model/build.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/hash.h"

void cpi_model_free(struct cpi_model *model)
{
    if (!model)
        return;
    for (size_t i = 0; i < model->n_sources; i++)
        cpi_mapping_free(model->source[i].mapping);
    struct cpi_arena *arena = model->arena;
    cpi_arena_fini(arena);
    free(arena);
    free(model);
}

static void build_zone(struct build *b)
{
    const struct cpi_zone *from = NULL;
    struct cpi_zone utc;
    cpi_zone_init_utc(&utc);
    for (size_t i = 0; b->spec->zone.text && i < b->spec->n_zones; i++)
        if (strcmp(b->spec->zones[i].name, b->spec->zone.text) == 0)
            from = &b->spec->zones[i];
    from = from ? from : &utc; /* one that could not be read has been complained about */
    struct cpi_zone *zone = &b->model->zone;
    size_t len = strlen(from->name);
    zone->name = cpi_arena_take(b->arena, len + 1);
    memcpy(zone->name, from->name, len);
    zone->change = cpi_arena_take(b->arena, from->count * sizeof *zone->change);
    memcpy(zone->change, from->change, from->count * sizeof *zone->change);
    zone->count = from->count;
    b->model->zone_hour_ms = cpi_zone_hour_ms(zone);
    cpi_zone_fini(&utc);
}

static void build_numbers(struct build *b)
{
    const struct cpi_spec *spec = b->spec;
    struct cpi_model *m = b->model;
    m->application = build_text(b, spec->application.text ? spec->application.text : "cpi");
    m->instance = build_text(b, spec->instance.text ? spec->instance.text : "a");
    m->generation = (uint32_t)spec->generation.value;
    m->partitions = (uint32_t)spec->partitions.value;
    m->workers = (uint32_t)spec->workers.value;
    m->memory_bytes = (uint64_t)spec->memory_bytes.value;
    m->keep_windows_ms = spec->keep_windows_ms.value;
    m->keep_journeys_ms = spec->keep_journeys_ms.value;
    m->lateness_ms = spec->lateness_ms.value;
    m->dedup_ms = spec->dedup_ms.value;
    m->refresh_ms = spec->refresh_ms.value;
    m->facts = spec->facts.value != 0;
    m->people_unknown_keep = spec->people_unknown.value == 1;
}

/* In frames and stored rows things go by 32 bits of their name: two names must not share them. */
static void check_hash(struct build *b, const char *list, struct cpi_text a, uint32_t a_hash,
                       struct cpi_text other, uint32_t other_hash)
{
    if (a_hash == other_hash && !cpi_text_equal(a, other))
        cpi_diag_error(b->diag, b->spec->at, list,
                       "\"%.*s\" and \"%.*s\" share a hash; rename one of them", CPI_TEXT_ARG(a),
                       CPI_TEXT_ARG(other));
}

static void check_hashes(struct build *b)
{
    const struct cpi_model *m = b->model;
    for (size_t i = 0; i < m->n_types; i++)
        for (size_t k = 0; k < i; k++)
            check_hash(b, "event-types", m->type[i].name, m->type[i].hash, m->type[k].name,
                       m->type[k].hash);
    for (size_t i = 0; i < m->n_fields; i++)
        for (size_t k = 0; k < i; k++)
            check_hash(b, "sources", m->field[i].name, m->field[i].hash, m->field[k].name,
                       m->field[k].hash);
    for (size_t i = 0; i < m->n_sources; i++)
        for (size_t k = 0; k < i; k++)
            check_hash(b, "sources", m->source[i].name, m->source[i].hash, m->source[k].name,
                       m->source[k].hash);
    for (size_t i = 0; i < m->n_indicators; i++)
        for (size_t k = 0; k < i; k++)
            check_hash(b, "indicators", m->indicator[i].name, m->indicator[i].hash,
                       m->indicator[k].name, m->indicator[k].hash);
}

static struct cpi_hash_table new_table(struct build *b, size_t count)
{
    struct cpi_hash_table table = { .mask = 15 };
    while (table.mask < count * 2)
        table.mask = table.mask * 2 + 1;
    table.slot = cpi_arena_take(b->arena, (table.mask + 1) * sizeof *table.slot);
    for (uint32_t i = 0; i <= table.mask; i++)
        table.slot[i].index = CPI_NO_INDEX;
    return table;
}

static void put_hash(struct cpi_hash_table *table, uint32_t hash, size_t index)
{
    uint32_t i = hash & table->mask;
    while (table->slot[i].index != CPI_NO_INDEX)
        i = (i + 1) & table->mask;
    table->slot[i] = (struct cpi_hash_slot){ hash, (uint16_t)index };
}

static void build_tables(struct build *b)
{
    struct cpi_model *m = b->model;
    m->types_by_hash = new_table(b, m->n_types);
    for (size_t i = 0; i < m->n_types; i++)
        put_hash(&m->types_by_hash, m->type[i].hash, i);
    m->fields_by_hash = new_table(b, m->n_fields);
    for (size_t i = 0; i < m->n_fields; i++)
        put_hash(&m->fields_by_hash, m->field[i].hash, i);
    m->sources_by_hash = new_table(b, m->n_sources);
    for (size_t i = 0; i < m->n_sources; i++)
        put_hash(&m->sources_by_hash, m->source[i].hash, i);
    m->indicators_by_hash = new_table(b, m->n_indicators);
    for (size_t i = 0; i < m->n_indicators; i++)
        put_hash(&m->indicators_by_hash, m->indicator[i].hash, i);
}

static void build_descriptions(struct build *b)
{
    struct cpi_model *m = b->model;
    for (unsigned derived = 0; derived < 2; derived++) /* those need the ids of their sides */
        for (size_t i = 0; i < m->n_indicators; i++)
            if ((m->indicator[i].kind == CPI_DERIVED) == derived) {
                build_definition(b, &m->indicator[i]);
                build_sentence(b, &m->indicator[i]);
            }
}

struct cpi_model *cpi_model_new(const struct cpi_spec *spec, struct cpi_diag *diag)
{
    struct cpi_model *m = cpi_xcalloc(1, sizeof *m);
    m->arena = cpi_xmalloc(sizeof *m->arena);
    cpi_arena_init(m->arena);
    struct build b = { .spec = spec, .model = m, .arena = m->arena, .diag = diag };
    build_zone(&b);
    build_numbers(&b);
    build_types(&b);
    build_sources(&b);
    build_words(&b);
    build_windows(&b);
    build_dims(&b);
    build_indicators(&b);
    build_alerts(&b);
    build_uses(&b);
    check_hashes(&b);
    if (diag->errors == 0) {
        build_descriptions(&b);
        build_tables(&b);
        return m;
    }
    cpi_model_free(m);
    return NULL;
}
