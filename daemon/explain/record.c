#include "explain/record.h"

#include <cpi/event.h>
#include <cpi/json.h>

/* What becomes of one mapped event: the rules of intake that need no other record (O5, T3). */
struct verdict {
    enum cpi_refusal refusal;
    struct cpi_text detail;
    const char *ignored; /* NULL = an event */
};

static struct verdict judge(const struct explain *ex, const struct cpi_record *record,
                            const struct cpi_mapped *ev)
{
    const struct cpi_source *source = &ex->model->source[ex->source];
    struct verdict v = { ev->refusal, ev->detail, NULL };
    if (v.refusal != CPI_ACCEPTED)
        return v;
    if (ev->type == CPI_NO_INDEX) {
        v.detail = ev->unmapped;
        v.ignored = cpi_text_is(ev->unmapped) ? "unmapped" : "by its rule";
        if (cpi_text_is(ev->unmapped) && source->dead_letter_unmapped)
            v.refusal = CPI_REFUSED_NO_TYPE;
        return v;
    }
    v.detail = ex->model->type[ev->type].name;
    if (record->timestamp != CPI_TIME_NONE && ev->time > record->timestamp + source->max_skew_ms)
        v.refusal = CPI_REFUSED_FUTURE;
    else if (!cpi_text_is(ev->case_id) && cpi_wordset_has(&ex->model->journey_types, ev->type))
        v.refusal = CPI_REFUSED_NO_CASE;
    return v;
}

/* ---- JSON ---- */

static void add_id(const struct cpi_record *record, const struct cpi_mapped *ev,
                   struct cpi_buf *buf)
{
    if (cpi_text_is(ev->id)) {
        cpi_json_add_member(buf, "id", ev->id);
        return;
    }
    cpi_json_add_name(buf, "id"); /* its place stands for it (O4) */
    cpi_buf_add_format(buf, "\"%u/%lld#%u\"", record->partition, (long long)record->offset,
                       ev->index);
}

static void add_event(const struct explain *ex, const struct cpi_record *record,
                      const struct cpi_mapped *ev, struct cpi_buf *buf)
{
    cpi_json_add_member(buf, "type", ex->model->type[ev->type].name);
    cpi_json_add_time(buf, "time", ev->time);
    add_id(record, ev, buf);
    if (ev->seq)
        cpi_json_add_int(buf, "seq", ev->seq);
    cpi_json_add_member(buf, "case", ev->case_id);
    cpi_json_add_member(buf, "customer", ev->customer);
    cpi_json_add_member(buf, "rep", ev->rep);
    cpi_json_add_member(buf, "team", ev->team);
    cpi_json_add_name(buf, "fields");
    cpi_buf_add_byte(buf, '{');
    for (size_t f = 0; f < ev->n_fields; f++)
        cpi_json_add_member(buf, ex->model->field[ev->field[f].field].name.at, ev->field[f].value);
    cpi_buf_add_byte(buf, '}');
    if (ev->unreadable)
        cpi_json_add_int(buf, "unreadable", ev->unreadable);
}

static void add_refused(enum cpi_refusal refusal, struct cpi_text detail, struct cpi_buf *buf)
{
    cpi_json_add_member(buf, "refused", cpi_text_of(cpi_refusal_name(refusal)));
    cpi_json_add_member(buf, "detail", detail);
}

static void add_ignored(const char *why, struct cpi_text detail, struct cpi_buf *buf)
{
    cpi_json_add_member(buf, "ignored", cpi_text_of(why));
    if (cpi_text_is(detail))
        cpi_json_add_member(buf, "detail", detail);
}

void explain_json(const struct explain *ex, const struct cpi_record *record, struct cpi_buf *buf)
{
    struct cpi_mapped *event;
    size_t count;
    struct cpi_text detail;
    enum cpi_refusal refusal = cpi_mapper_map(ex->mapper, ex->model->source[ex->source].mapping,
                                              record, NULL, &event, &count, &detail);
    size_t lines = refusal != CPI_ACCEPTED || !count ? 1 : count;
    for (size_t i = 0; i < lines; i++) {
        struct verdict v = { refusal, detail, "empty" };
        if (refusal == CPI_ACCEPTED && count)
            v = judge(ex, record, &event[i]);
        cpi_buf_add_byte(buf, '{');
        if (v.refusal != CPI_ACCEPTED)
            add_refused(v.refusal, v.detail, buf);
        else if (v.ignored)
            add_ignored(v.ignored, v.detail, buf);
        else
            add_event(ex, record, &event[i], buf);
        cpi_buf_add_string(buf, "}\n");
    }
}

/* ---- words ---- */

static void add_team_path(struct cpi_buf *buf, struct cpi_text path)
{
    for (uint32_t i = 0; i < path.len; i++)
        if (path.at[i] == CPI_TEAM_SEPARATOR)
            cpi_buf_add_string(buf, ", in ");
        else
            cpi_buf_add_byte(buf, (uint8_t)path.at[i]);
}

/* The event as intake would stamp it, and who that is in words. */
static void stamp(const struct explain *ex, const struct cpi_mapped *mapped,
                  struct cpi_event_field *field, struct cpi_event *ev, struct cpi_buf *buf)
{
    struct cpi_text source = ex->model->source[ex->source].name, path = CPI_ABSENT;
    *ev = (struct cpi_event){ .type = mapped->type,
                              .time = mapped->time,
                              .case_id = mapped->case_id,
                              .customer = mapped->customer,
                              .rep = mapped->rep,
                              .team = mapped->team,
                              .field = field };
    for (size_t f = 0; f < mapped->n_fields && ev->n_fields < CPI_EVENT_FIELDS_MAX; f++)
        field[ev->n_fields++] = (struct cpi_event_field){
            mapped->field[f].field, mapped->field[f].is_null ? CPI_ABSENT : mapped->field[f].value
        };
    if (!ex->directory)
        return;
    struct cpi_text customer = cpi_directory_customer(ex->directory, source, mapped->customer);
    if (cpi_text_is(customer)) {
        ev->customer = customer;
        cpi_buf_add_format(buf, "    customer %.*s is %.*s\n", CPI_TEXT_ARG(mapped->customer),
                           CPI_TEXT_ARG(customer));
    }
    if (cpi_text_is(mapped->rep) && cpi_directory_has_people(ex->directory)) {
        ev->rep = cpi_directory_rep(ex->directory, source, mapped->rep, mapped->time, &path);
        cpi_buf_add_format(
            buf, "    rep %.*s is %.*s", CPI_TEXT_ARG(mapped->rep),
            CPI_TEXT_ARG(cpi_text_is(ev->rep) ? ev->rep : CPI_TEXT("nobody that is known")));
        cpi_buf_add_string(buf, cpi_text_is(path) ? ", of team " : "");
        add_team_path(buf, path);
        cpi_buf_add_byte(buf, '\n');
    }
    if (!cpi_text_is(ev->team))
        ev->team = path;
}

static bool meets(const struct cpi_wordset *sel, const struct cpi_wordset *words)
{
    return cpi_wordset_meets(sel, words);
}

/* As what the event counts for an indicator, NULL if it does not. */
static const char *role_of_start(const struct cpi_indicator *ind, const struct cpi_event *ev,
                                 const struct cpi_wordset *words)
{
    static const char *const role[] = {
        [CPI_EACH] = "counts",
        [CPI_AFTER] = "starts, and is judged by what follows",
        [CPI_FROM] = "starts the clock",
        [CPI_TALLY] = "is one more for the tally",
        [CPI_OPEN] = "opens",
        [CPI_DERIVED] = NULL,
    };
    if (ind->kind == CPI_DERIVED || !meets(&ind->start, words))
        return NULL;
    if (!cpi_conds_hold(&ind->where, ev, words))
        return "does not count: its conditions do not hold";
    if (ind->kind != CPI_EACH || !ind->share)
        return role[ind->kind];
    if (ind->has_good && cpi_conds_hold(&ind->good, ev, words))
        return "counts, as good";
    if (ind->has_bad && !cpi_conds_hold(&ind->bad, ev, words))
        return "does not count: neither good nor bad";
    return "counts, as not good";
}

static void add_role(const struct cpi_indicator *ind, const char *role, struct cpi_buf *buf,
                     bool *said)
{
    if (!role)
        return;
    cpi_buf_add_format(buf, "    %.*s: %s\n", CPI_TEXT_ARG(ind->name), role);
    *said = true;
}

static bool judges(const struct cpi_indicator *ind, bool follows, const struct cpi_event *ev,
                   const struct cpi_wordset *words)
{
    for (size_t b = 0; b < ind->n_breakers; b++)
        if (ind->breaker[b].follows == follows && meets(&ind->breaker[b].sel, words) &&
            cpi_conds_hold(&ind->breaker[b].where, ev, words))
            return true;
    return false;
}

static void add_roles(const struct cpi_indicator *ind, const struct cpi_event *ev,
                      const struct cpi_wordset *words, struct cpi_buf *buf, bool *said)
{
    add_role(ind, role_of_start(ind, ev, words), buf, said);
    if (ind->kind == CPI_AFTER) {
        add_role(ind, judges(ind, true, ev, words) ? "follows up on what started before" : NULL,
                 buf, said);
        add_role(ind, judges(ind, false, ev, words) ? "breaks what started before" : NULL, buf,
                 said);
    }
    if (ind->kind == CPI_FROM && meets(&ind->end, words))
        add_role(ind, "stops the clock", buf, said);
    if (ind->kind == CPI_FROM && meets(&ind->until, words))
        add_role(ind, "ends the pair", buf, said);
    if (ind->kind == CPI_TALLY && meets(&ind->end, words))
        add_role(ind, "ends the tally", buf, said);
    if (ind->kind == CPI_OPEN && meets(&ind->end, words))
        add_role(ind, "closes", buf, said);
}

static void add_facts(const struct explain *ex, const struct cpi_event *ev, struct cpi_buf *buf)
{
    struct cpi_wordset words = cpi_event_words(ev, ex->model);
    bool said = false;
    for (unsigned w = (unsigned)ex->model->n_types; w < ex->model->n_words; w++)
        if (cpi_wordset_has(&words, w))
            cpi_buf_add_format(buf, "    is a %.*s\n", CPI_TEXT_ARG(ex->model->word[w].name));
    for (size_t i = 0; i < ex->model->n_indicators; i++)
        add_roles(&ex->model->indicator[i], ev, &words, buf, &said);
    if (!said)
        cpi_buf_add_string(buf, "    no indicator counts it\n");
}

static void add_words(const struct explain *ex, const struct cpi_record *record,
                      const struct cpi_mapped *mapped, struct cpi_buf *buf)
{
    struct cpi_event_field field[CPI_EVENT_FIELDS_MAX];
    struct cpi_event ev;
    struct verdict v = judge(ex, record, mapped);
    if (v.refusal != CPI_ACCEPTED) {
        cpi_buf_add_format(buf, "  => dead letter, %s: %.*s\n", cpi_refusal_name(v.refusal),
                           CPI_TEXT_ARG(v.detail));
        return;
    }
    if (v.ignored) {
        cpi_buf_add_format(buf, "  => no event, ignored: %s%s%.*s\n", v.ignored,
                           cpi_text_is(v.detail) ? ": " : "", CPI_TEXT_ARG(v.detail));
        return;
    }
    cpi_buf_add_string(buf, "  => ");
    cpi_buf_add_text(buf, ex->model->type[mapped->type].name);
    cpi_buf_add_string(buf, " at ");
    cpi_time_format(buf, mapped->time);
    cpi_buf_add_byte(buf, '\n');
    if (!cpi_text_is(mapped->id))
        cpi_buf_add_string(buf, "    without an id: a second delivery would count twice\n");
    if (!cpi_text_is(mapped->case_id))
        cpi_buf_add_string(buf, "    without a case: it stands for itself\n");
    if (mapped->unreadable)
        cpi_buf_add_format(buf, "    fields that cannot be read and are left out: %u\n",
                           mapped->unreadable);
    stamp(ex, mapped, field, &ev, buf);
    add_facts(ex, &ev, buf);
}

void explain_words(const struct explain *ex, const struct cpi_record *record, struct cpi_buf *buf)
{
    const struct cpi_mapping *mapping = ex->model->source[ex->source].mapping;
    struct cpi_mapped *event;
    size_t count;
    struct cpi_text detail;
    cpi_mapper_explain(ex->mapper, mapping, record, buf);
    enum cpi_refusal refusal =
        cpi_mapper_map(ex->mapper, mapping, record, NULL, &event, &count, &detail);
    if (refusal != CPI_ACCEPTED)
        cpi_buf_add_format(buf, "  => dead letter, %s: %.*s\n", cpi_refusal_name(refusal),
                           CPI_TEXT_ARG(detail));
    for (size_t i = 0; i < count; i++)
        add_words(ex, record, &event[i], buf);
}
