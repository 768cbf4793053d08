#include <string.h>

#include "cpi/hash.h"
#include "model/build.h"

#define TOPIC_BYTES_MAX 249 /* Kafka's own limit */

static const char *const members[] = { "case", "customer", "rep", "team" };
#define MEMBERS (sizeof members / sizeof *members)

/* ---- fields ---- */
static void add_field(const struct subject *s, const struct cpi_field_spec *spec, size_t *cap)
{
    struct build *b = s->b;
    struct cpi_model *m = b->model;
    for (size_t i = 0; i < MEMBERS; i++)
        if (strcmp(spec->name, members[i]) == 0) {
            say(s, spec->at, "fields", "%s is a member of its own; set it beside fields",
                spec->name);
            return;
        }
    if (cpi_model_find_field(m, cpi_text_of(spec->name)) != CPI_NO_INDEX)
        return;
    if (m->n_fields == *cap) {
        size_t more = *cap ? *cap * 2 : 32;
        struct cpi_field *grown = cpi_arena_take(b->arena, more * sizeof *grown);
        if (m->n_fields)
            memcpy(grown, m->field, m->n_fields * sizeof *grown);
        m->field = grown;
        *cap = more;
    }
    struct cpi_text name = build_text(b, spec->name);
    m->field[m->n_fields++] = (struct cpi_field){ .name = name, .hash = cpi_hash_name(name) };
}

static void add_fields(const struct subject *s, const struct cpi_rule_spec *rule, size_t *cap)
{
    for (size_t i = 0; i < rule->n_fields; i++)
        add_field(s, &rule->field[i], cap);
    for (size_t i = 0; i < rule->n_emit; i++)
        add_fields(s, &rule->emit[i], cap);
}

static void build_fields(struct build *b)
{
    size_t cap = 0;
    for (size_t i = 0; i < b->spec->n_sources; i++) {
        const struct cpi_source_spec *spec = &b->spec->source[i];
        const struct subject s = { b, "sources", element_name(b, spec->name.text, i) };
        add_fields(&s, &spec->mapping.common, &cap);
        for (size_t k = 0; k < spec->mapping.n_rules; k++)
            add_fields(&s, &spec->mapping.rule[k], &cap);
    }
    b->model->field_kept = cpi_arena_take(b->arena, (b->model->n_fields + 1) * sizeof(bool));
}

/* Text in one source and a duration in another cannot be compared with one condition. */
static void build_field_kind(struct build *b, uint16_t field)
{
    struct cpi_model *m = b->model;
    const struct cpi_source_spec *text = NULL, *duration = NULL;
    for (size_t i = 0; i < m->n_sources; i++) {
        const struct cpi_source_spec *spec = &b->spec->source[i];
        enum cpi_mapped_kind kind = m->source[i].mapping
                                        ? cpi_mapping_field_kind(m->source[i].mapping, field)
                                        : CPI_MAPPED_NOT;
        if (kind == CPI_MAPPED_TEXT || kind == CPI_MAPPED_MIXED)
            text = spec;
        if (kind == CPI_MAPPED_DURATION || kind == CPI_MAPPED_MIXED)
            duration = spec;
    }
    if (duration)
        m->field[field].kind = CPI_FIELD_DURATION;
    if (!duration || !text)
        return;
    const struct subject s = { b, "sources", text->name.text };
    struct cpi_text name = m->field[field].name;
    say(&s, text->at, "fields",
        "%.*s has a unit in %s and none here; let every value of it end in one (| s, | ms, | "
        "seconds ms)",
        CPI_TEXT_ARG(name), text == duration ? "another value" : duration->name.text);
}

uint16_t build_member(const struct subject *s, struct cpi_origin at, const char *key,
                      const char *name)
{
    struct cpi_model *m = s->b->model;
    for (uint16_t i = 0; i < MEMBERS; i++)
        if (strcmp(name, members[i]) == 0)
            return i;
    uint16_t field = cpi_model_find_field(m, cpi_text_of(name));
    if (field != CPI_NO_INDEX) {
        m->field_kept[field] = true;
        return (uint16_t)(CPI_MEMBER_FIELD0 + field);
    }
    if (m->n_sources == 0) /* there are no fields at all, and that is complained about */
        return CPI_NO_INDEX;
    const char **names = cpi_arena_take(s->b->arena, (m->n_fields + MEMBERS) * sizeof *names);
    memcpy(names, members, sizeof members);
    for (size_t i = 0; i < m->n_fields; i++)
        names[MEMBERS + i] = m->field[i].name.at;
    say_unknown(s, at, key, "field", name, names, m->n_fields + MEMBERS);
    return CPI_NO_INDEX;
}

bool is_duration_member(const struct cpi_model *model, uint16_t member)
{
    return member >= CPI_MEMBER_FIELD0 &&
           model->field[member - CPI_MEMBER_FIELD0].kind == CPI_FIELD_DURATION;
}

const char *member_name(const struct cpi_model *model, uint16_t member)
{
    return member < CPI_MEMBER_FIELD0 ? members[member]
                                      : model->field[member - CPI_MEMBER_FIELD0].name.at;
}

/* ---- one source ---- */
static bool is_own_topic(const struct cpi_model *m, const char *topic)
{
    static const char *const own[] = { ".indicators",   ".revisions",   ".alerts",   ".facts",
                                       ".dead-letters", "-repartition", "-changelog" };
    size_t len = m->application.len;
    if (strncmp(topic, m->application.at, len) != 0)
        return false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(topic + len, own[i]) == 0)
            return true;
    return false;
}

static void build_topics(const struct subject *s, const struct cpi_source_spec *spec,
                         struct cpi_source *source)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    struct cpi_model *m = s->b->model;
    source->topic = cpi_arena_take(s->b->arena, (spec->topics.count + 1) * sizeof *source->topic);
    if (spec->topics.set && spec->topics.count == 0)
        say(s, spec->topics.at, "topics", "is empty; name at least one topic");
    for (size_t i = 0; i < spec->topics.count; i++) {
        struct cpi_text_at topic = spec->topics.item[i];
        size_t len = strlen(topic.text);
        uint16_t other = cpi_model_find_topic_source(m, cpi_text_of(topic.text));
        if (len == 0 || len > TOPIC_BYTES_MAX || strspn(topic.text, letters) != len)
            say(s, topic.at, "topics", "\"%s\" is no topic; use letters, digits, and . _ -",
                topic.text);
        else if (is_own_topic(m, topic.text))
            say(s, topic.at, "topics",
                "\"%s\" is a topic that cpid itself writes; read another one", topic.text);
        else if (other != CPI_NO_INDEX)
            say(s, topic.at, "topics",
                "\"%s\" is read by the source %.*s already; one topic belongs to one source",
                topic.text, CPI_TEXT_ARG(m->source[other].name));
        else
            source->topic[source->n_topics++] = build_text(s->b, topic.text);
    }
}

static void build_shared(const struct subject *s, const struct cpi_source_spec *spec,
                         struct cpi_source *source)
{
    static const char *const names[] = { "case", "customer" };
    for (size_t i = 0; i < spec->shared.count; i++) {
        struct cpi_text_at item = spec->shared.item[i];
        if (strcmp(item.text, "case") == 0)
            source->shared_case = true;
        else if (strcmp(item.text, "customer") == 0)
            source->shared_customer = true;
        else
            say_unknown(s, item.at, "shared", "shared id", item.text, names, 2);
    }
}

static void build_complete(const struct subject *s, const struct cpi_source_spec *spec,
                           struct cpi_source *source)
{
    struct cpi_model *m = s->b->model;
    bool *kept = cpi_arena_take(s->b->arena, (m->n_fields + 1) * sizeof *kept);
    memcpy(kept, m->field_kept, m->n_fields * sizeof *kept);
    source->complete_field = cpi_arena_take(s->b->arena, (m->n_fields + 1) * sizeof(bool));
    for (size_t i = 0; i < spec->complete.count; i++) {
        struct cpi_text_at item = spec->complete.item[i];
        uint16_t member = build_member(s, item.at, "complete", item.text);
        if (member == CPI_MEMBER_CASE)
            say(s, item.at, "complete",
                "the case cannot be completed; want customer, rep or fields");
        else if (member == CPI_MEMBER_CUSTOMER)
            source->complete_customer = true;
        else if (member == CPI_MEMBER_REP || member == CPI_MEMBER_TEAM)
            source->complete_credit = true;
        else if (member != CPI_NO_INDEX)
            source->complete_field[member - CPI_MEMBER_FIELD0] = true;
    }
    memcpy(m->field_kept, kept,
           m->n_fields * sizeof *kept); /* naming it here alone does not use it */
}

static const struct cpi_zone *zone_of(struct build *b, const struct cpi_source_spec *spec)
{
    for (size_t i = 0; spec->zone.text && i < b->spec->n_zones; i++)
        if (strcmp(b->spec->zones[i].name, spec->zone.text) == 0) {
            struct cpi_zone *zone = cpi_arena_take(b->arena, sizeof *zone);
            const struct cpi_zone *from = &b->spec->zones[i];
            zone->name = (char *)(uintptr_t)build_text(b, from->name).at;
            zone->change = cpi_arena_take(b->arena, from->count * sizeof *zone->change);
            memcpy(zone->change, from->change, from->count * sizeof *zone->change);
            zone->count = from->count;
            return zone;
        }
    return &b->model->zone;
}

static void build_wait(const struct subject *s, const struct cpi_source_spec *spec,
                       struct cpi_source *source)
{
    struct cpi_model *m = s->b->model;
    source->wait_ms = spec->wait_ms.value;
    source->max_skew_ms = spec->max_skew_ms.value;
    source->idle_hold = spec->idle.value == 1;
    if (spec->wait_ms.set && source->wait_ms < CPI_SECOND && !source->idle_hold)
        say(s, spec->wait_ms.at, "wait",
            "is below 1s, but with idle = \"clock\" time would pass events on their way; want at "
            "least "
            "\"1s\", or idle = \"hold\"");
    if (source->wait_ms > m->longest_wait_ms)
        m->longest_wait_ms = source->wait_ms;
}

static void check_name(const struct subject *s, const struct cpi_source_spec *spec, size_t i)
{
    const struct cpi_model *m = s->b->model;
    if (!spec->name.text && !is_given(spec->name.at))
        say(s, spec->at, "name", "is missing; every source needs a name of its own");
    for (size_t k = 0; spec->name.text && k < i; k++)
        if (cpi_text_equal(m->source[k].name, cpi_text_of(spec->name.text)))
            say(s, spec->name.at, "name",
                "\"%s\" stands twice; every source needs a name of its own", spec->name.text);
}

static void build_mapping(const struct subject *s, const struct cpi_source_spec *spec,
                          struct cpi_source *source)
{
    struct build *b = s->b;
    struct cpi_model *m = b->model;
    struct cpi_text *types = cpi_arena_take(b->arena, (m->n_types + 1) * sizeof *types);
    struct cpi_text *fields = cpi_arena_take(b->arena, (m->n_fields + 1) * sizeof *fields);
    for (size_t i = 0; i < m->n_types; i++)
        types[i] = m->type[i].name;
    for (size_t i = 0; i < m->n_fields; i++)
        fields[i] = m->field[i].name;
    struct cpi_mapping_spec mapping = spec->mapping;
    mapping.path = build_string(
        b, cpi_arena_format(b->arena, "sources.%s", spec->name.text ? spec->name.text : "?"));
    mapping.zone = b->spec->zones;
    mapping.n_zones = b->spec->n_zones;
    if (mapping.n_rules == 0) {
        say(s, spec->at, "rules", "is missing; without a rule no record becomes an event");
        b->mapping_failed = true;
        return;
    }
    source->mapping = cpi_mapping_compile(&mapping, types, m->n_types, fields, m->n_fields,
                                          source->zone, b->diag);
    if (source->mapping)
        source->types = cpi_mapping_types(source->mapping);
    else
        b->mapping_failed = true;
}

static void build_source(struct build *b, size_t i)
{
    const struct cpi_source_spec *spec = &b->spec->source[i];
    const struct subject s = { b, "sources", element_name(b, spec->name.text, i) };
    struct cpi_source *source = &b->model->source[i];
    check_name(&s, spec, i);
    source->name = build_text(b, spec->name.text ? spec->name.text : "?");
    source->hash = cpi_hash_name(source->name);
    source->dead_letter_unmapped = spec->otherwise.value == 1;
    source->zone = zone_of(b, spec);
    build_topics(&s, spec, source);
    build_wait(&s, spec, source);
    build_shared(&s, spec, source);
    build_complete(&s, spec, source);
    build_mapping(&s, spec, source);
}

void build_sources(struct build *b)
{
    struct cpi_model *m = b->model;
    const struct subject all = { b, "sources", NULL };
    if (b->spec->n_sources == 0)
        say(&all, b->spec->at, NULL, "is missing; nothing is read");
    b->mapping_failed = b->spec->n_sources == 0;
    build_fields(b);
    m->source = cpi_arena_take(b->arena, (b->spec->n_sources + 1) * sizeof *m->source);
    for (size_t i = 0; i < b->spec->n_sources; i++) {
        m->n_sources = i + 1; /* so that a free finds every mapping */
        build_source(b, i);
    }
    for (uint16_t i = 0; i < m->n_fields; i++)
        build_field_kind(b, i);
}
