/* Mapping one record: parse what is asked for, fan out, let the rules choose, make events. */
#include <stdlib.h>
#include <string.h>

#include "cpi/event.h"
#include "event/map.h"

struct cpi_mapper {
    struct json_parser *parser;
    struct json_value *slot;
    size_t slot_cap;
    struct cpi_mapped *event;
    size_t n_events, event_cap;
    struct map_run run; /* of the record at hand; its scratch stays */
    const bool *field_kept;
    struct json_value *element; /* of the source's and the rule's fan-out, one behind the other */
    size_t n_elements, element_cap;
    enum cpi_refusal refusal; /* of the whole record */
    struct cpi_text detail;
};

const char *cpi_refusal_name(enum cpi_refusal refusal)
{
    static const char *const name[CPI_REFUSALS] = {
        [CPI_ACCEPTED] = "accepted",         [CPI_REFUSED_JSON] = "json",
        [CPI_REFUSED_ENCODING] = "encoding", [CPI_REFUSED_DEPTH] = "depth",
        [CPI_REFUSED_SIZE] = "size",         [CPI_REFUSED_NO_TYPE] = "unmapped",
        [CPI_REFUSED_NO_TIME] = "no_time",   [CPI_REFUSED_BAD_TIME] = "bad_time",
        [CPI_REFUSED_NO_CASE] = "no_case",   [CPI_REFUSED_ID] = "id",
        [CPI_REFUSED_FANOUT] = "fanout",     [CPI_REFUSED_FUTURE] = "future",
        [CPI_REFUSED_ANCIENT] = "ancient",   [CPI_REFUSED_SEQ] = "seq",
    };
    return name[refusal];
}

struct cpi_mapper *cpi_mapper_new(void)
{
    struct cpi_mapper *mapper = cpi_xcalloc(1, sizeof *mapper);
    mapper->parser = json_parser_new();
    cpi_buf_init(&mapper->run.scratch);
    return mapper;
}

void cpi_mapper_free(struct cpi_mapper *mapper)
{
    if (!mapper)
        return;
    json_parser_free(mapper->parser);
    cpi_buf_fini(&mapper->run.scratch);
    free(mapper->run.list);
    free(mapper->slot);
    free(mapper->event);
    free(mapper->element);
    free(mapper);
}

uint64_t cpi_mapper_duplicate_keys(const struct cpi_mapper *mapper)
{
    return json_parser_duplicates(mapper->parser);
}

struct cpi_buf **map_mapper_trace(struct cpi_mapper *mapper)
{
    return &mapper->run.trace;
}

static bool refuse_record(struct cpi_mapper *mapper, enum cpi_refusal refusal, const char *detail)
{
    mapper->refusal = refusal;
    mapper->detail = cpi_text_of(detail);
    return false;
}

/* ---- one event ---- */

static void refuse_event(struct map_run *run, struct cpi_mapped *ev, enum cpi_refusal refusal,
                         const char *member, const char *why)
{
    if (ev->refusal != CPI_ACCEPTED)
        return;
    ev->refusal = refusal;
    ev->detail = cpi_arena_format(run->arena, "%s: %s", member, why);
}

/* The rest of what is unreadable is one cause a member: texts of MAP_BAD are literals. */
static void refuse_bad(struct map_run *run, struct cpi_mapped *ev, enum cpi_refusal refusal,
                       const char *member, const struct map_result *r)
{
    refuse_event(run, ev, refusal, member, r->text.at);
}

/* The text of a value that is a member as it stands, which nearly all are. False: ask
 * map_value_get. */
static inline bool plain_text(const struct map_run *run, const struct map_value *value,
                              struct cpi_text *ret)
{
    if (value->plain == CPI_NONE || run->trace)
        return false;
    const struct json_value *v = &run->slot[value->plain];
    *ret = (struct cpi_text){ v->at, v->len };
    return v->kind == JSON_ABSENT || (v->kind == JSON_STRING && v->len);
}

static void begin_trace(struct map_run *run, const char *member)
{
    if (run->trace)
        cpi_buf_add_format(run->trace, "    %s\n", member);
}

/* JSON allows a NUL in a text as an escape only, and what had one is no view into the record. */
static bool holds_nul(const struct map_run *run, struct cpi_text t)
{
    const struct cpi_text *record = &run->record->value;
    return t.len && (uintptr_t)t.at - (uintptr_t)record->at >= record->len &&
           memchr(t.at, '\0', t.len);
}

static void take_identity(struct map_run *run, const struct map_plan *plan, enum map_member m,
                          struct cpi_mapped *ev, struct cpi_text *ret, bool *ret_null)
{
    struct map_result r;
    struct cpi_text plain;
    *ret = CPI_ABSENT;
    *ret_null = false;
    if (!plan->member[m].count)
        return;
    if (plain_text(run, &plan->member[m], &plain) && plain.len <= CPI_ID_BYTES_MAX &&
        !holds_nul(run, plain)) {
        *ret = plain;
        return;
    }
    begin_trace(run, map_member_name[m]);
    map_value_get(run, &plan->member[m], true, &r);
    if (r.state == MAP_BAD)
        refuse_bad(run, ev, CPI_REFUSED_ID, map_member_name[m], &r);
    *ret_null = r.state == MAP_NULL;
    if (!map_to_text(run, &r))
        return;
    if (r.text.len > CPI_ID_BYTES_MAX)
        refuse_event(run, ev, CPI_REFUSED_ID, map_member_name[m], "longer than 512 bytes");
    else if (holds_nul(run, r.text))
        refuse_event(run, ev, CPI_REFUSED_ID, map_member_name[m], "holds a NUL character");
    else
        *ret = r.text;
}

static void take_type(struct map_run *run, const struct map_plan *plan, struct cpi_mapped *ev)
{
    struct map_result r;
    if (!plan->member[MAP_TYPE].count)
        return; /* deliberately nothing */
    begin_trace(run, "type");
    run->unmatched = CPI_ABSENT;
    run->dropped = false;
    map_value_get(run, &plan->member[MAP_TYPE], false, &r);
    if (map_to_text(run, &r)) {
        ev->type = r.type != CPI_NO_INDEX ? r.type : map_type_find(run->mapping, r.text);
        if (ev->type == CPI_NO_INDEX)
            ev->unmapped = r.text;
    } else if (!run->dropped) {
        ev->unmapped = cpi_text_is(run->unmatched) ? run->unmatched : CPI_TEXT("(no type)");
    }
}

/* A record of an ignored type moves the watermark as well, so it has a time; only what is an event
 * is refused for its time. */
static void take_time(struct map_run *run, const struct map_value *value, struct cpi_mapped *ev)
{
    struct map_result r;
    begin_trace(run, "time");
    map_value_get(run, value, true, &r);
    map_to_time(run, &r);
    bool fits = r.state == MAP_MS && r.ms >= CPI_TIME_MIN && r.ms < CPI_TIME_MAX;
    ev->time = fits ? r.ms : CPI_TIME_NONE;
    if (fits || ev->type == CPI_NO_INDEX)
        return;
    if (r.state == MAP_BAD)
        refuse_bad(run, ev, CPI_REFUSED_BAD_TIME, "time", &r);
    else if (r.state == MAP_MS)
        refuse_event(run, ev, CPI_REFUSED_BAD_TIME, "time", "outside the years 1900 to 2200");
    else
        refuse_event(run, ev, CPI_REFUSED_NO_TIME, "time", "absent");
}

static bool read_seq(struct map_run *run, struct map_result *r, int64_t *ret)
{
    struct cpi_decimal number;
    if (r->state == MAP_MS) {
        *ret = r->ms;
        return true;
    }
    return map_to_text(run, r) && cpi_decimal_parse(r->text, &number) &&
           cpi_decimal_scaled(number, 0, ret);
}

static void take_seq(struct map_run *run, const struct map_plan *plan, struct cpi_mapped *ev)
{
    struct map_result r;
    if (!plan->member[MAP_SEQ].count)
        return;
    begin_trace(run, "seq");
    map_value_get(run, &plan->member[MAP_SEQ], true, &r);
    if (r.state != MAP_ABSENT && r.state != MAP_NULL && !read_seq(run, &r, &ev->seq))
        refuse_event(run, ev, CPI_REFUSED_SEQ, "seq", "no signed integer of 64 bits");
}

static void add_field(struct cpi_mapped *ev, uint16_t field, struct cpi_text value, bool null)
{
    ev->field[ev->n_fields++] = (struct cpi_mapped_field){ field, value, null };
}

static void take_field(struct map_run *run, const struct map_field *field, struct cpi_mapped *ev)
{
    struct map_result r;
    struct cpi_text plain;
    if (plain_text(run, &field->value, &plain) && plain.len <= CPI_FIELD_BYTES_MAX) {
        if (plain.at)
            add_field(ev, field->field, plain, false);
        return;
    }
    if (run->trace)
        cpi_buf_add_format(run->trace, "    field %.*s\n", CPI_TEXT_ARG(field->name));
    map_value_get(run, &field->value, false, &r);
    if (map_to_text(run, &r) && r.text.len <= CPI_FIELD_BYTES_MAX)
        add_field(ev, field->field, r.text, false);
    else if (r.state == MAP_NULL)
        add_field(ev, field->field, CPI_ABSENT, true);
    else
        ev->unreadable = (uint16_t)(ev->unreadable + (r.state != MAP_ABSENT));
}

static void take_fields(struct map_run *run, const struct map_plan *plan, const bool *kept,
                        struct cpi_mapped *ev)
{
    ev->field = cpi_arena_take(run->arena, plan->n_fields * sizeof *ev->field);
    for (size_t f = 0; f < plan->n_fields; f++)
        if (!kept || kept[plan->field[f].field])
            take_field(run, &plan->field[f], ev);
}

static struct cpi_mapped *event_begin(struct cpi_mapper *mapper, uint16_t rule, uint32_t index)
{
    if (mapper->n_events == MAP_EVENTS_MAX) {
        refuse_record(mapper, CPI_REFUSED_FANOUT, "more than 1,000 events in one record");
        return NULL;
    }
    mapper->event =
        cpi_grow(mapper->event, mapper->n_events, &mapper->event_cap, sizeof *mapper->event);
    struct cpi_mapped *ev = &mapper->event[mapper->n_events++];
    /* one by one: the compiler would clear the whole of it with a string instruction, which takes
     * longer than all these stores */
    ev->type = CPI_NO_INDEX;
    ev->unmapped = ev->detail = CPI_ABSENT;
    ev->id = ev->case_id = ev->customer = ev->rep = ev->team = CPI_ABSENT;
    ev->customer_null = ev->rep_null = ev->team_null = false;
    ev->seq = 0;
    ev->time = CPI_TIME_NONE;
    ev->index = index;
    ev->field = NULL;
    ev->n_fields = 0;
    ev->unreadable = 0;
    ev->refusal = CPI_ACCEPTED;
    ev->rule = rule;
    return ev;
}

/* Several events of one element may have the same type and id: each has its own index (O4). */
static void tell_apart(struct cpi_mapper *mapper, size_t first)
{
    struct cpi_mapped *ev = &mapper->event[mapper->n_events - 1];
    for (size_t i = first; i + 1 < mapper->n_events; i++) {
        const struct cpi_mapped *other = &mapper->event[i];
        if (other->index != ev->index || other->type != ev->type)
            continue;
        if (cpi_text_equal(other->id, ev->id) ||
            (!cpi_text_is(other->id) && !cpi_text_is(ev->id))) {
            ev->index += MAP_EVENTS_MAX * MAP_EVENTS_MAX;
            i = first - 1; /* look again from the start */
        }
    }
}

static bool make_event(struct cpi_mapper *mapper, const struct map_plan *plan, uint16_t rule,
                       uint32_t index, size_t first)
{
    struct map_run *run = &mapper->run;
    bool ignored;
    struct cpi_mapped *ev = event_begin(mapper, rule, index);
    if (!ev)
        return false;
    take_type(run, plan, ev);
    take_time(run, &plan->member[MAP_TIME], ev);
    if (ev->type == CPI_NO_INDEX)
        return true;
    take_identity(run, plan, MAP_ID, ev, &ev->id, &ignored);
    take_seq(run, plan, ev);
    take_identity(run, plan, MAP_CASE, ev, &ev->case_id, &ignored);
    take_identity(run, plan, MAP_CUSTOMER, ev, &ev->customer, &ev->customer_null);
    take_identity(run, plan, MAP_REP, ev, &ev->rep, &ev->rep_null);
    take_identity(run, plan, MAP_TEAM, ev, &ev->team, &ev->team_null);
    if (plan->n_fields)
        take_fields(run, plan, mapper->field_kept, ev);
    if (mapper->n_events - first > 1)
        tell_apart(mapper, first);
    return true;
}

/* ---- rules ---- */

/* Nothing comes of it, but its time counts. */
static bool make_nothing(struct cpi_mapper *mapper, const struct map_value *time, uint16_t rule,
                         struct cpi_text unmapped)
{
    struct cpi_mapped *ev = event_begin(mapper, rule, mapper->run.index);
    if (!ev)
        return false;
    ev->unmapped = unmapped;
    take_time(&mapper->run, time, ev);
    return true;
}

static bool element_add(struct cpi_mapper *mapper, const struct json_value *v)
{
    if (mapper->n_elements >= 2 * MAP_EVENTS_MAX)
        return refuse_record(mapper, CPI_REFUSED_FANOUT, "an array of more than 1,000 elements");
    mapper->element = cpi_grow(mapper->element, mapper->n_elements, &mapper->element_cap,
                               sizeof *mapper->element);
    mapper->element[mapper->n_elements++] = *v;
    return true;
}

static bool elements_of(struct cpi_mapper *mapper, const struct json_value *v, bool flatten)
{
    struct json_value element;
    uint32_t cursor = 0;
    if (v->kind == JSON_ABSENT || v->kind == JSON_NULL)
        return true;
    if (!flatten || v->kind != JSON_ARRAY)
        return element_add(mapper, v);
    while (json_each(mapper->parser, v, &cursor, &element))
        if (!element_add(mapper, &element))
            return false;
    return true;
}

/* The elements of a fan-out behind those that are there; false if there are too many. */
static bool fan_out(struct cpi_mapper *mapper, const struct map_pointer *each, size_t *ret_first,
                    size_t *ret_count)
{
    struct map_run *run = &mapper->run;
    struct map_result r;
    bool flatten = !each->n_steps || each->step[each->n_steps - 1].kind != STEP_ALL;
    bool fits = true;
    *ret_first = mapper->n_elements;
    run->n_list = 0;
    map_pointer_get(run, each, &r);
    for (uint32_t i = 0; r.state == MAP_LIST && i < r.list_count && fits; i++)
        fits = elements_of(mapper, &run->list[r.list_from + i], flatten);
    if (r.state == MAP_NODE)
        fits = elements_of(mapper, &r.node, flatten);
    else if (r.state == MAP_TEXT) {
        struct json_value v = { r.text.at, r.text.len, CPI_NONE,
                                r.number ? JSON_NUMBER : JSON_STRING };
        fits = element_add(mapper, &v);
    }
    run->n_list = 0;
    *ret_count = mapper->n_elements - *ret_first;
    if (fits && *ret_count > MAP_EVENTS_MAX)
        fits = refuse_record(mapper, CPI_REFUSED_FANOUT, "an array of more than 1,000 elements");
    return fits;
}

/* The events of one rule for the current element; false if the record is refused. */
static bool make_events(struct cpi_mapper *mapper, const struct map_rule *rule, uint16_t number,
                        uint32_t index, size_t first)
{
    size_t before = mapper->n_events;
    for (size_t p = 0; p < rule->n_plans; p++) {
        if (rule->emits && !map_when_holds(&mapper->run, &rule->plan[p].when))
            continue;
        if (!make_event(mapper, &rule->plan[p], number, index, first))
            return false;
    }
    if (mapper->n_events > before)
        return true;
    return make_nothing(mapper, &rule->plan[0].member[MAP_TIME], number, CPI_ABSENT);
}

static bool apply_rule(struct cpi_mapper *mapper, const struct map_rule *rule, uint16_t number,
                       uint32_t index, size_t first)
{
    struct map_run *run = &mapper->run;
    unsigned level = run->mapping->each ? 2 : 1;
    size_t from, count, elements = mapper->n_elements;
    if (run->mapping->nested) /* no two elements of the record share an index */
        index *= MAP_EVENTS_MAX;
    if (!rule->each)
        return make_events(mapper, rule, number, index, first);
    if (!fan_out(mapper, rule->each, &from, &count))
        return false;
    uint32_t outer = run->index;
    bool ok = true;
    for (uint32_t j = 0; j < count && ok; j++) {
        run->level[level] = mapper->element[from + j];
        run->index = j;
        ok = make_events(mapper, rule, number, index + j, first);
    }
    run->level[level] = (struct json_value){ .token = CPI_NONE };
    run->index = outer;
    mapper->n_elements = elements;
    if (count == 0)
        ok = make_nothing(mapper, &rule->plan[0].member[MAP_TIME], number, CPI_ABSENT);
    return ok;
}

static void trace_rule(struct map_run *run, const struct map_rule *rule, size_t number)
{
    cpi_buf_add_format(run->trace, "  rule %zu", number + 1);
    if (rule->at.line)
        cpi_buf_add_format(run->trace, " (line %u)", rule->at.line);
    cpi_buf_add_string(run->trace, rule->when.count ? "\n" : ": takes everything\n");
}

static bool map_element(struct cpi_mapper *mapper, uint32_t index)
{
    struct map_run *run = &mapper->run;
    const struct cpi_mapping *mapping = run->mapping;
    size_t first = mapper->n_events;
    bool taken = false;
    if (json_parser_walked(run->parser) > MAP_WALK_MAX)
        return refuse_record(mapper, CPI_REFUSED_FANOUT,
                             "too much to look through for every element");
    for (size_t r = 0; r < mapping->n_rules; r++) {
        const struct map_rule *rule = &mapping->rule[r];
        if (run->trace)
            trace_rule(run, rule, r);
        if (!map_when_holds(run, &rule->when))
            continue;
        taken = true;
        if (!apply_rule(mapper, rule, (uint16_t)r, index, first))
            return false;
        if (!rule->also)
            break;
    }
    return taken || make_nothing(mapper, &mapping->time, CPI_NO_INDEX, CPI_TEXT("(no rule)"));
}

/* ---- the record ---- */

static bool parse_fault(struct cpi_mapper *mapper, enum json_fault fault)
{
    static const enum cpi_refusal refusal[] = {
        [JSON_FINE] = CPI_ACCEPTED,
        [JSON_BAD] = CPI_REFUSED_JSON,
        [JSON_NOT_UTF8] = CPI_REFUSED_ENCODING,
        [JSON_TOO_DEEP] = CPI_REFUSED_DEPTH,
    };
    mapper->refusal = refusal[fault];
    mapper->detail = json_parser_detail(mapper->parser);
    return fault == JSON_FINE;
}

static bool parse_record(struct cpi_mapper *mapper, const struct cpi_mapping *mapping,
                         struct cpi_text value)
{
    size_t slots = json_paths_slots(mapping->paths);
    if (mapper->slot_cap < slots + 1) {
        mapper->slot_cap = slots + 1;
        mapper->slot = cpi_xrealloc(mapper->slot, mapper->slot_cap * sizeof *mapper->slot);
    }
    if (mapping->json_text) {
        struct json_value text;
        if (!parse_fault(mapper, json_parse(mapper->parser, mapping->text_paths, value, &text)))
            return false;
        if (text.kind == JSON_BROKEN)
            return refuse_record(mapper, CPI_REFUSED_ENCODING, "half a surrogate pair is no text");
        if (text.kind != JSON_STRING)
            return refuse_record(mapper, CPI_REFUSED_JSON, "no text that holds JSON");
        value = json_text(&text);
    }
    return parse_fault(mapper, json_parse(mapper->parser, mapping->paths, value, mapper->slot));
}

static void choose_root(struct map_run *run)
{
    const struct cpi_mapping *mapping = run->mapping;
    for (run->root = 0; run->root + 1 < mapping->n_roots; run->root++) {
        struct map_result r;
        map_pointer_get(run, mapping->root[run->root], &r);
        if (r.state != MAP_ABSENT && r.state != MAP_NULL)
            break;
    }
    if (run->trace && mapping->n_roots > 1)
        cpi_buf_add_format(run->trace, "  root %.*s\n",
                           CPI_TEXT_ARG(mapping->root[run->root]->text));
}

static bool map_elements(struct cpi_mapper *mapper)
{
    struct map_run *run = &mapper->run;
    size_t from, count;
    if (!run->mapping->each)
        return map_element(mapper, 0);
    if (!fan_out(mapper, run->mapping->each, &from, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        run->level[1] = mapper->element[from + i];
        run->index = i;
        if (run->trace)
            cpi_buf_add_format(run->trace, "  element %u of %.*s\n", i,
                               CPI_TEXT_ARG(run->mapping->each->text));
        if (!map_element(mapper, i))
            return false;
    }
    return true;
}

static void begin(struct cpi_mapper *mapper, const struct cpi_mapping *mapping,
                  const struct cpi_record *record, const bool *field_kept)
{
    struct map_run *run = &mapper->run;
    json_parser_reset(mapper->parser);
    mapper->n_events = mapper->n_elements = 0;
    mapper->refusal = CPI_ACCEPTED;
    mapper->detail = CPI_ABSENT;
    mapper->field_kept = field_kept;
    run->mapping = mapping;
    run->record = record;
    run->parser = mapper->parser;
    run->arena = json_parser_arena(mapper->parser);
    run->root = 0;
    run->index = 0;
    run->key_state = 0;
    run->n_list = 0;
    for (int i = 0; i < MAP_LEVELS; i++)
        run->level[i] = (struct json_value){ .token = CPI_NONE };
}

/* Nothing, blanks, null, or a tombstone. */
static bool is_empty(struct cpi_text value)
{
    if (value.len > 16 && value.at[0] > ' ')
        return false;
    struct cpi_text core = cpi_text_trim(value);
    return core.len == 0 || cpi_text_equal(core, CPI_TEXT("null"));
}

enum cpi_refusal cpi_mapper_map(struct cpi_mapper *mapper, const struct cpi_mapping *mapping,
                                const struct cpi_record *record, const bool *field_kept,
                                struct cpi_mapped **ret_events, size_t *ret_count,
                                struct cpi_text *ret_detail)
{
    begin(mapper, mapping, record, field_kept);
    struct cpi_text value = record->value;
    bool empty = is_empty(value);
    if (value.len > MAP_RECORD_BYTES_MAX)
        refuse_record(mapper, CPI_REFUSED_SIZE, "larger than 8 MiB");
    else if (!empty && parse_record(mapper, mapping, value)) {
        mapper->run.slot = mapper->slot;
        choose_root(&mapper->run);
        map_elements(mapper);
    }
    if (empty && mapper->run.trace)
        cpi_buf_add_string(mapper->run.trace, "  empty, or a tombstone: no event\n");
    *ret_events = mapper->event;
    *ret_count = mapper->refusal == CPI_ACCEPTED ? mapper->n_events : 0;
    *ret_detail = mapper->detail;
    return mapper->refusal;
}
