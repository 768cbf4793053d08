#include "explain/entity.h"

#include <string.h>

#include <cpi/json.h>

#define PANES_SHOWN 31
#define LABEL "%-10s "

static const char *phase_name(enum cpi_account_phase phase)
{
    static const char *const names[] = { "inactive", "pending", "firing" };
    return names[phase];
}

static const struct cpi_indicator *indicator_of(const struct entity *entity)
{
    return &entity->model->indicator[entity->indicator];
}

static const struct cpi_indicator_spec *spec_of(const struct entity *entity)
{
    for (size_t i = 0; i < entity->spec->n_indicators; i++)
        if (cpi_text_equal(cpi_text_of(entity->spec->indicator[i].name.text),
                           indicator_of(entity)->name))
            return &entity->spec->indicator[i];
    return NULL;
}

static const struct cpi_alert_spec *alert_of(const struct entity *entity, uint16_t rule)
{
    for (size_t i = 0; i < entity->spec->n_alerts; i++)
        if (cpi_text_equal(cpi_text_of(entity->spec->alert[i].name.text),
                           entity->model->alert[rule].name))
            return &entity->spec->alert[i];
    return NULL;
}

/* What a counted line was: good or not, an amount, or just counted. */
static const char *verdict_of(const struct entity *entity, const struct cpi_account_line *line)
{
    const struct cpi_indicator *ind = &entity->model->indicator[line->indicator];
    if (!cpi_text_equal(line->kind, CPI_TEXT("counted")))
        return line->kind.at;
    if (!ind->share)
        return "counted";
    if (ind->kind == CPI_AFTER)
        return line->good ? "won" : "lost";
    return line->good ? "good" : "not good";
}

/* ---- words ---- */

static void add_amount(struct cpi_buf *buf, struct cpi_text text, bool ms)
{
    cpi_buf_add_text(buf, text);
    int64_t value = 0;
    if (!ms || !cpi_text_is(text) || text.at[0] == 'n' || text.len > 15)
        return;
    for (uint32_t i = 0; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        value = value * 10 + (text.at[i] - '0');
    cpi_buf_add_string(buf, " ms (");
    cpi_duration_format(buf, value);
    cpi_buf_add_string(buf, ")");
}

static void add_head(const struct entity *entity, const struct cpi_statement *said,
                     struct cpi_buf *buf)
{
    const struct cpi_indicator *ind = indicator_of(entity);
    cpi_buf_add_format(buf, "%.*s of %.*s", CPI_TEXT_ARG(ind->name), CPI_TEXT_ARG(entity->name));
    if (cpi_text_is(ind->title))
        cpi_buf_add_format(buf, ": %.*s", CPI_TEXT_ARG(ind->title));
    cpi_buf_add_format(buf, "\n\n" LABEL, "window");
    cpi_buf_add_text(buf, entity->model->window[entity->window].name);
    if (ind->kind != CPI_OPEN) {
        cpi_buf_add_string(buf, ", from ");
        cpi_time_format(buf, said->start);
    }
    cpi_buf_add_string(buf, " to ");
    cpi_time_format(buf, said->end);
    if (entity->known != said->end) {
        cpi_buf_add_string(buf, ", as known before ");
        cpi_time_format(buf, entity->known);
    }
    cpi_buf_add_byte(buf, '\n');
}

static void add_figure(const struct entity *entity, const struct cpi_statement *said,
                       struct cpi_buf *buf)
{
    const struct cpi_indicator *ind = indicator_of(entity);
    const struct cpi_indicator_spec *spec = spec_of(entity);
    static const char *const met[] = { "nothing to compare with", "met", "missed" };
    cpi_buf_add_format(buf, LABEL, "value");
    add_amount(buf, said->value, said->ms);
    if (ind->share)
        cpi_buf_add_format(buf, ", %lld of %lld", (long long)said->sum.good,
                           (long long)said->sum.n);
    cpi_buf_add_byte(buf, '\n');
    if (cpi_text_is(said->low))
        cpi_buf_add_format(buf, LABEL "%.*s to %.*s, with 95 %% confidence\n", "interval",
                           CPI_TEXT_ARG(said->low), CPI_TEXT_ARG(said->high));
    if (spec && spec->target.text)
        cpi_buf_add_format(buf, LABEL "%s: %s\n", "target", spec->target.text, met[said->target]);
    cpi_buf_add_format(buf, LABEL "%lld counted, %lld excluded", "sample", (long long)said->n,
                       (long long)said->sum.excluded);
    if (entity->pending && ind->kind != CPI_EACH && ind->kind != CPI_TALLY &&
        ind->kind != CPI_OPEN && ind->kind != CPI_DERIVED)
        cpi_buf_add_format(buf, ", %lld pending", (long long)said->sum.pending);
    if (said->taken_back)
        cpi_buf_add_format(buf, "; %zu counted once and taken back", said->taken_back);
    cpi_buf_add_byte(buf, '\n');
    if (entity->strange)
        cpi_buf_add_format(buf, LABEL "%zu facts of another definition are left out\n", "strange",
                           entity->strange);
}

static void add_sum(const struct entity *entity, const struct cpi_statement *said,
                    struct cpi_buf *buf)
{
    const struct cpi_indicator *ind = indicator_of(entity);
    if (ind->kind == CPI_DERIVED)
        return;
    cpi_buf_add_format(buf, LABEL, "adds up");
    if (ind->share)
        cpi_buf_add_format(buf, "%lld of %lld", (long long)said->sum.good, (long long)said->sum.n);
    else
        cpi_buf_add_format(buf, "%lld", (long long)said->sum.n);
    if (cpi_text_is(said->sum.sum)) {
        cpi_buf_add_string(buf, ", together ");
        add_amount(buf, said->sum.sum, ind->unit == CPI_UNIT_MS);
    }
    cpi_buf_add_string(buf, said->sum.meets ? ": what the window says\n"
                                            : ": NOT what the window says\n");
}

static void add_why(const struct cpi_account_line *line, struct cpi_buf *buf)
{
    if (cpi_text_is(line->reason))
        cpi_buf_add_format(buf, "  %.*s", CPI_TEXT_ARG(line->reason));
    if (line->by_time == CPI_TIME_NONE)
        return;
    cpi_buf_add_string(buf, "  by ");
    cpi_buf_add_text(buf, cpi_text_is(line->by_type) ? line->by_type : CPI_TEXT("another event"));
    if (cpi_text_is(line->by_case) && cpi_text_order(line->by_case, line->case_id) != 0)
        cpi_buf_add_format(buf, " of %.*s", CPI_TEXT_ARG(line->by_case));
    cpi_buf_add_string(buf, " at ");
    cpi_time_format(buf, line->by_time);
    if (cpi_text_is(line->by_id))
        cpi_buf_add_format(buf, ", event %.*s in %.*s", CPI_TEXT_ARG(line->by_id),
                           CPI_TEXT_ARG(line->by_place));
}

static void add_line(const struct entity *entity, const struct cpi_statement *said,
                     const struct cpi_account_line *line, struct cpi_buf *buf)
{
    const struct cpi_indicator *ind = &entity->model->indicator[line->indicator];
    cpi_buf_add_string(buf, "  ");
    cpi_time_format(buf, line->time);
    cpi_buf_add_format(buf, "  %-8s", verdict_of(entity, line));
    cpi_buf_add_format(buf, "  %.*s",
                       CPI_TEXT_ARG(cpi_text_is(line->case_id) ? line->case_id : CPI_TEXT("-")));
    cpi_buf_add_format(buf, "  %.*s", CPI_TEXT_ARG(line->rep));
    if (indicator_of(entity)->kind == CPI_DERIVED)
        cpi_buf_add_format(buf, "  %.*s", CPI_TEXT_ARG(ind->name));
    if (cpi_text_is(line->value)) {
        cpi_buf_add_string(buf, "  ");
        add_amount(buf, line->value, ind->unit == CPI_UNIT_MS);
    }
    if (ind->kind == CPI_OPEN) {
        cpi_buf_add_string(buf, "  for ");
        cpi_duration_format(buf, said->end - line->time);
    }
    add_why(line, buf);
    cpi_buf_add_byte(buf, '\n');
}

static void add_panes(const struct entity *entity, const struct cpi_statement *said,
                      struct cpi_buf *buf)
{
    if (!said->n_panes || indicator_of(entity)->kind == CPI_OPEN)
        return;
    cpi_buf_add_string(buf, "\npanes\n");
    for (size_t p = 0; p < said->n_panes && p < PANES_SHOWN; p++) {
        const struct cpi_account_pane *pane = &said->pane[p];
        const struct cpi_indicator *ind = &entity->model->indicator[pane->indicator];
        cpi_buf_add_string(buf, "  ");
        cpi_time_format(buf, pane->start);
        if (indicator_of(entity)->kind == CPI_DERIVED)
            cpi_buf_add_format(buf, "  %.*s", CPI_TEXT_ARG(ind->name));
        if (ind->share)
            cpi_buf_add_format(buf, "  %lld of %lld", (long long)pane->good, (long long)pane->n);
        else
            cpi_buf_add_format(buf, "  %lld", (long long)pane->n);
        if (cpi_text_is(pane->sum)) {
            cpi_buf_add_string(buf, ", together ");
            add_amount(buf, pane->sum, ind->unit == CPI_UNIT_MS);
        }
        if (pane->excluded)
            cpi_buf_add_format(buf, ", %lld excluded", (long long)pane->excluded);
        cpi_buf_add_byte(buf, '\n');
    }
    if (said->n_panes > PANES_SHOWN)
        cpi_buf_add_format(buf, "  and %zu more (--json has them all)\n",
                           said->n_panes - PANES_SHOWN);
}

static void add_rule(const struct entity *entity, uint16_t rule, struct cpi_buf *buf)
{
    const struct cpi_alert_spec *spec = alert_of(entity, rule);
    const struct cpi_alert *alert = &entity->model->alert[rule];
    cpi_buf_add_format(buf, "\nalert %.*s", CPI_TEXT_ARG(alert->name));
    if (spec && spec->when.text)
        cpi_buf_add_format(buf, ": when %s", spec->when.text);
    if (alert->no_data_ms) {
        cpi_buf_add_string(buf, ": when nothing comes for ");
        cpi_duration_format(buf, alert->no_data_ms);
    }
    if (alert->sure)
        cpi_buf_add_format(buf, ", sure to %u %%", alert->sure_percent);
    if (alert->min_samples)
        cpi_buf_add_format(buf, ", of at least %llu", (unsigned long long)alert->min_samples);
    if (alert->for_ms) {
        cpi_buf_add_string(buf, ", for ");
        cpi_duration_format(buf, alert->for_ms);
    }
    if (spec && spec->clear.text)
        cpi_buf_add_format(buf, "; over when %s", spec->clear.text);
    cpi_buf_add_byte(buf, '\n');
}

static void add_alerts(const struct entity *entity, const struct cpi_statement *said,
                       struct cpi_buf *buf)
{
    for (size_t r = 0; r < said->n_rules; r++) {
        const struct cpi_account_rule *rule = &said->rule[r];
        add_rule(entity, rule->rule, buf);
        for (size_t m = 0; m < said->n_moves; m++) {
            const struct cpi_account_move *move = &said->move[m];
            if (move->rule != rule->rule)
                continue;
            cpi_buf_add_string(buf, "  ");
            cpi_time_format(buf, move->at);
            cpi_buf_add_format(buf, "  %-8s  value %.*s of %lld\n", phase_name(move->phase),
                               CPI_TEXT_ARG(move->value), (long long)move->n);
        }
        cpi_buf_add_format(buf, "  here it is %s: %s\n", phase_name(rule->phase),
                           !rule->enough    ? "too few to judge"
                           : rule->breached ? "breached"
                           : rule->cleared  ? "not breached"
                                            : "not breached, but not over either");
    }
}

void entity_words(const struct entity *entity, const struct cpi_statement *said,
                  struct cpi_buf *buf)
{
    add_head(entity, said, buf);
    add_figure(entity, said, buf);
    add_sum(entity, said, buf);
    if (said->n_lines)
        cpi_buf_add_string(buf, "\ncases\n");
    for (size_t i = 0; i < said->n_lines; i++)
        add_line(entity, said, &said->line[i], buf);
    add_panes(entity, said, buf);
    add_alerts(entity, said, buf);
    if (cpi_text_is(entity->revised)) {
        cpi_buf_add_format(buf, "\n%zu fact%s of this window became known later: ", said->later,
                           said->later == 1 ? "" : "s");
        add_amount(buf, entity->revised, said->ms);
        cpi_buf_add_string(buf, " with them (--known ");
        cpi_time_format(buf, entity->revised_known);
        cpi_buf_add_string(buf, ")\n");
    }
}

/* ---- JSON ---- */

static void open_element(struct cpi_buf *buf, size_t i)
{
    cpi_buf_add_string(buf, i ? ",{" : "{");
}

static void json_lines(const struct entity *entity, const struct cpi_statement *said,
                       struct cpi_buf *buf)
{
    cpi_json_add_name(buf, "cases");
    cpi_buf_add_byte(buf, '[');
    for (size_t i = 0; i < said->n_lines; i++) {
        const struct cpi_account_line *line = &said->line[i];
        open_element(buf, i);
        cpi_json_add_member(buf, "indicator", entity->model->indicator[line->indicator].name);
        cpi_json_add_member(buf, "verdict", cpi_text_of(verdict_of(entity, line)));
        cpi_json_add_time(buf, "time", line->time);
        cpi_json_add_time(buf, "known", line->known);
        cpi_json_add_member(buf, "case", line->case_id);
        cpi_json_add_member(buf, "customer", line->customer);
        cpi_json_add_member(buf, "rep", line->rep);
        if (cpi_text_is(line->value)) {
            cpi_json_add_name(buf, "amount");
            cpi_buf_add_text(buf, line->value);
        }
        if (cpi_text_is(line->reason))
            cpi_json_add_member(buf, "reason", line->reason);
        if (line->by_time != CPI_TIME_NONE) {
            cpi_json_add_name(buf, "by");
            cpi_buf_add_byte(buf, '{');
            cpi_json_add_member(buf, "type", line->by_type);
            cpi_json_add_time(buf, "time", line->by_time);
            cpi_json_add_member(buf, "case", line->by_case);
            if (cpi_text_is(line->by_id)) {
                cpi_json_add_member(buf, "id", line->by_id);
                cpi_json_add_member(buf, "record", line->by_place);
            }
            cpi_buf_add_byte(buf, '}');
        }
        cpi_buf_add_byte(buf, '}');
    }
    cpi_buf_add_byte(buf, ']');
}

static void json_panes(const struct entity *entity, const struct cpi_statement *said,
                       struct cpi_buf *buf)
{
    cpi_json_add_name(buf, "panes");
    cpi_buf_add_byte(buf, '[');
    for (size_t p = 0; p < said->n_panes; p++) {
        const struct cpi_account_pane *pane = &said->pane[p];
        open_element(buf, p);
        cpi_json_add_member(buf, "indicator", entity->model->indicator[pane->indicator].name);
        if (pane->start != CPI_TIME_NONE)
            cpi_json_add_time(buf, "start", pane->start);
        cpi_json_add_int(buf, "n", pane->n);
        if (entity->model->indicator[pane->indicator].share)
            cpi_json_add_int(buf, "good", pane->good);
        if (cpi_text_is(pane->sum)) {
            cpi_json_add_name(buf, "sum");
            cpi_buf_add_text(buf, pane->sum);
        }
        cpi_json_add_int(buf, "excluded", pane->excluded);
        cpi_buf_add_byte(buf, '}');
    }
    cpi_buf_add_byte(buf, ']');
}

static void json_moves(const struct cpi_statement *said, uint16_t rule, struct cpi_buf *buf)
{
    size_t count = 0;
    cpi_json_add_name(buf, "path");
    cpi_buf_add_byte(buf, '[');
    for (size_t m = 0; m < said->n_moves; m++) {
        const struct cpi_account_move *move = &said->move[m];
        if (move->rule != rule)
            continue;
        open_element(buf, count++);
        cpi_json_add_time(buf, "at", move->at);
        cpi_json_add_member(buf, "state", cpi_text_of(phase_name(move->phase)));
        cpi_json_add_name(buf, "value");
        cpi_buf_add_text(buf, move->value);
        cpi_json_add_int(buf, "n", move->n);
        cpi_buf_add_byte(buf, '}');
    }
    cpi_buf_add_byte(buf, ']');
}

static void json_alerts(const struct entity *entity, const struct cpi_statement *said,
                        struct cpi_buf *buf)
{
    cpi_json_add_name(buf, "alerts");
    cpi_buf_add_byte(buf, '[');
    for (size_t r = 0; r < said->n_rules; r++) {
        const struct cpi_account_rule *rule = &said->rule[r];
        open_element(buf, r);
        cpi_json_add_member(buf, "name", entity->model->alert[rule->rule].name);
        cpi_json_add_member(buf, "state", cpi_text_of(phase_name(rule->phase)));
        cpi_json_add_bool(buf, "enough", rule->enough);
        cpi_json_add_bool(buf, "breached", rule->breached);
        cpi_json_add_bool(buf, "cleared", rule->cleared);
        json_moves(said, rule->rule, buf);
        cpi_buf_add_byte(buf, '}');
    }
    cpi_buf_add_byte(buf, ']');
}

/* Facts that were read back do not tell of starts without a verdict. */
static void json_update(const struct entity *entity, const struct cpi_statement *said,
                        struct cpi_buf *buf)
{
    int64_t at = entity->pending ? -1 : cpi_text_find(said->update, CPI_TEXT(",\"pending\":0"));
    cpi_json_add_name(buf, "update");
    if (at < 0) {
        cpi_buf_add_text(buf, said->update);
        return;
    }
    cpi_buf_add_text(buf, cpi_text_part(said->update, 0, (uint32_t)at));
    cpi_buf_add_text(buf, cpi_text_part(said->update, (uint32_t)at + 12, said->update.len));
}

void entity_json(const struct entity *entity, const struct cpi_statement *said, struct cpi_buf *buf)
{
    cpi_buf_add_byte(buf, '{');
    json_update(entity, said, buf);
    cpi_json_add_name(buf, "sum");
    cpi_buf_add_byte(buf, '{');
    cpi_json_add_int(buf, "n", said->sum.n);
    cpi_json_add_int(buf, "good", said->sum.good);
    cpi_json_add_int(buf, "excluded", said->sum.excluded);
    if (cpi_text_is(said->sum.sum)) {
        cpi_json_add_name(buf, "sum");
        cpi_buf_add_text(buf, said->sum.sum);
    }
    cpi_json_add_bool(buf, "meets", said->sum.meets);
    cpi_buf_add_byte(buf, '}');
    json_lines(entity, said, buf);
    json_panes(entity, said, buf);
    json_alerts(entity, said, buf);
    cpi_json_add_int(buf, "taken_back", (int64_t)said->taken_back);
    cpi_json_add_int(buf, "later", (int64_t)said->later);
    cpi_json_add_int(buf, "strange", (int64_t)entity->strange);
    cpi_buf_add_string(buf, "}\n");
}
