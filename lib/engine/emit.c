#include "engine/emit.h"

#include <string.h>

#include "cpi/json.h"
#include "engine/put.h"

#define DEAD_LETTER_BYTES_MAX (512 * 1024)

static struct cpi_text entity_kind(struct cpi_text key)
{
    const char *colon = memchr(key.at, ':', key.len);
    return cpi_text_part(key, 0, (uint32_t)(colon - key.at));
}

static struct cpi_text entity_id(struct cpi_text key)
{
    return cpi_text_part(key, entity_kind(key).len + 1, key.len);
}

/* ["support","phone"]: outermost first. */
static void add_path(struct cpi_buf *buf, struct cpi_text path)
{
    cpi_json_add_name(buf, "path");
    cpi_buf_add_byte(buf, '[');
    for (uint32_t end = path.len; end > 0;) {
        uint32_t from = end;
        while (from > 0 && path.at[from - 1] != CPI_TEAM_SEPARATOR)
            from--;
        if (end != path.len)
            cpi_buf_add_byte(buf, ',');
        cpi_json_add_string(buf, cpi_text_part(path, from, end - from));
        end = from ? from - 1 : 0;
    }
    cpi_buf_add_byte(buf, ']');
}

static void add_entity(struct cpi_buf *buf, const struct cpi_entity_name *entity)
{
    cpi_json_add_name(buf, "entity");
    cpi_buf_add_byte(buf, '{');
    cpi_json_add_member(buf, "kind", entity_kind(entity->key));
    cpi_json_add_member(buf, "id", entity_id(entity->key));
    if (entity->path.len)
        add_path(buf, entity->path);
    cpi_buf_add_byte(buf, '}');
}

static const char *unit_name(const struct cpi_indicator *ind, struct cpi_show show)
{
    static const char *const names[] = { "count", "share", "ms", "number" };
    switch (show.stat) {
    case CPI_STAT_COUNT:
        return "count";
    case CPI_STAT_SHARE:
        return "share";
    case CPI_STAT_RATIO:
        return "ratio";
    case CPI_STAT_DIFFERENCE:
        return "difference";
    case CPI_STAT_AGE_QUANTILE:
    case CPI_STAT_AGE_MAX:
        return "ms";
    default:
        return names[ind->unit];
    }
}

/* "p90", "age_p90", "age_max"; others have members of their own. */
static void stat_name(struct cpi_show show, char name[16])
{
    char *p = name;
    if (show.stat == CPI_STAT_AGE_MAX) {
        memcpy(name, "age_max", 8);
        return;
    }
    if (show.stat == CPI_STAT_AGE_QUANTILE) {
        memcpy(p, "age_", 4);
        p += 4;
    }
    *p++ = 'p';
    if (show.percent >= 10)
        *p++ = (char)('0' + show.percent / 10);
    *p++ = (char)('0' + show.percent % 10);
    *p = '\0';
}

static void add_value(struct cpi_buf *buf, const char *name, const struct cpi_figure *figure,
                      const struct cpi_model *model, struct cpi_show show)
{
    cpi_json_add_name(buf, name);
    cpi_value_format(buf, &model->indicator[figure->indicator], show,
                     cpi_figure_value(figure, model, show));
}

static bool is_quantile(struct cpi_show show)
{
    return show.stat == CPI_STAT_QUANTILE || show.stat == CPI_STAT_AGE_QUANTILE ||
           show.stat == CPI_STAT_AGE_MAX;
}

static void add_quantiles(struct cpi_buf *buf, const struct cpi_figure *figure,
                          const struct cpi_model *model, const struct cpi_indicator *ind)
{
    static const struct cpi_show always[] = { { CPI_STAT_QUANTILE, 50 },
                                              { CPI_STAT_QUANTILE, 90 } };
    char name[16];
    if (ind->samples && ind->kind != CPI_OPEN) {
        add_value(buf, "min", figure, model, (struct cpi_show){ CPI_STAT_MIN, 0 });
        add_value(buf, "max", figure, model, (struct cpi_show){ CPI_STAT_MAX, 0 });
        add_value(buf, "p50", figure, model, always[0]);
        add_value(buf, "p90", figure, model, always[1]);
    }
    for (size_t i = 0; i < ind->n_show; i++) {
        struct cpi_show show = ind->show[i];
        if (!is_quantile(show) ||
            (show.stat == CPI_STAT_QUANTILE && (show.percent == 50 || show.percent == 90)))
            continue;
        stat_name(show, name);
        add_value(buf, name, figure, model, show);
    }
    if (ind->samples && ind->kind != CPI_OPEN)
        cpi_json_add_bool(buf, "exact", figure->reading.exact);
}

static void add_interval(struct cpi_buf *buf, const struct cpi_figure *figure)
{
    int64_t low, high;
    if (figure->n <= 0)
        return;
    cpi_wilson(figure->reading.good, figure->n, &low, &high);
    cpi_json_add_name(buf, "low");
    cpi_decimal_format_ratio(buf, low, 1000000, 6);
    cpi_json_add_name(buf, "high");
    cpi_decimal_format_ratio(buf, high, 1000000, 6);
}

static void add_bound(struct cpi_buf *buf, const struct cpi_bound *bound)
{
    static const char *const signs[] = { "", "=", "!=", "<", "<=", ">", ">=" };
    cpi_buf_add_byte(buf, '{');
    if (is_quantile(bound->show)) {
        char name[16];
        stat_name(bound->show, name);
        cpi_json_add_member(buf, "of", cpi_text_of(name));
    }
    cpi_json_add_member(buf, "op", cpi_text_of(signs[bound->cmp]));
    cpi_json_add_name(buf, "bound");
    unsigned places = 0;
    for (int64_t den = 1; den < bound->den && places < 6; den *= 10)
        places++;
    cpi_decimal_format_ratio(buf, bound->num, bound->den, places);
    cpi_buf_add_byte(buf, '}');
}

static void add_target(struct cpi_buf *buf, const struct cpi_figure *figure,
                       const struct cpi_model *model, const struct cpi_indicator *ind)
{
    if (!ind->target.set)
        return;
    struct cpi_value value = cpi_figure_value(figure, model, ind->target.show);
    cpi_json_add_name(buf, "target");
    add_bound(buf, &ind->target);
    if (value.null) {
        cpi_json_add_name(buf, "target_met");
        cpi_buf_add_string(buf, "null");
    } else {
        cpi_json_add_bool(buf, "target_met", cpi_bound_holds(&ind->target, value));
    }
}

static void add_previous(struct cpi_buf *buf, const struct cpi_update *update,
                         const struct cpi_indicator *ind)
{
    struct cpi_value now = update->figure->value, before = *update->previous;
    struct cpi_value delta = cpi_value_derived(now, before, true);
    cpi_json_add_name(buf, "previous");
    cpi_value_format(buf, ind, ind->show[0], before);
    cpi_json_add_name(buf, "delta");
    if (!delta.null && delta.den > 1 && ind->show[0].stat != CPI_STAT_SHARE &&
        ind->show[0].stat != CPI_STAT_MEAN && ind->kind != CPI_DERIVED) {
        /* both have the indicator's scale as their denominator */
        delta.num /= before.den;
        delta.den = before.den;
    }
    cpi_value_format(buf, ind, ind->show[0], delta);
}

static void add_figure(struct cpi_buf *buf, const struct cpi_figure *figure,
                       const struct cpi_model *model, const struct cpi_indicator *ind)
{
    cpi_json_add_name(buf, "value");
    cpi_value_format(buf, ind, ind->show[0], figure->value);
    cpi_json_add_member(buf, "unit", cpi_text_of(unit_name(ind, ind->show[0])));
    cpi_json_add_int(buf, "n", figure->n);
    if (ind->share)
        cpi_json_add_int(buf, "good", figure->reading.good);
    if (ind->amount && ind->kind != CPI_OPEN) {
        cpi_json_add_name(buf, "sum");
        cpi_decimal_format(buf, figure->reading.sum, ind->scale);
        add_value(buf, "mean", figure, model, (struct cpi_show){ CPI_STAT_MEAN, 0 });
    }
    if (ind->kind != CPI_DERIVED)
        add_quantiles(buf, figure, model, ind);
    if (ind->share)
        add_interval(buf, figure);
}

static void put_key(struct cpi_buf *buf, const struct cpi_model *model, struct cpi_text entity_key,
                    uint16_t indicator, uint16_t window)
{
    cpi_buf_add_text(buf, entity_key);
    cpi_buf_add_byte(buf, '|');
    cpi_buf_add_text(buf, model->indicator[indicator].name);
    cpi_buf_add_byte(buf, '|');
    cpi_buf_add_text(buf, model->window[window].name);
}

void cpi_emit_update(struct cpi_outbox *box, const struct cpi_model *model,
                     const struct cpi_update *update)
{
    const struct cpi_figure *figure = update->figure;
    const struct cpi_indicator *ind = &model->indicator[figure->indicator];
    struct cpi_buf key, value;
    cpi_buf_init(&key);
    cpi_buf_init(&value);
    put_key(&key, model, update->entity.key, figure->indicator, figure->window);
    cpi_buf_reserve(&value, 1024);
    cpi_buf_add_byte(&value, '{');
    cpi_json_add_member(&value, "indicator", ind->name);
    cpi_json_add_member(&value, "definition", ind->definition);
    add_entity(&value, &update->entity);
    cpi_json_add_name(&value, "window");
    cpi_buf_add_byte(&value, '{');
    cpi_json_add_member(&value, "name", model->window[figure->window].name);
    if (ind->kind != CPI_OPEN)
        cpi_json_add_time(&value, "start", figure->start);
    cpi_json_add_time(&value, "end", figure->end);
    cpi_buf_add_byte(&value, '}');
    cpi_json_add_member(&value, "update",
                        update->revised ? CPI_TEXT("revised") : CPI_TEXT("on_time"));
    cpi_json_add_int(&value, "revision", update->revision);
    add_figure(&value, figure, model, ind);
    add_target(&value, figure, model, ind);
    if (update->previous)
        add_previous(&value, update, ind);
    if (ind->kind != CPI_DERIVED && ind->kind != CPI_EACH && ind->kind != CPI_TALLY &&
        ind->kind != CPI_OPEN)
        cpi_json_add_int(&value, "pending", figure->reading.pending);
    if (ind->kind != CPI_DERIVED && (ind->kind != CPI_EACH || ind->amount))
        cpi_json_add_int(&value, "excluded", figure->reading.excluded);
    cpi_json_add_time(&value, "watermark", update->watermark);
    cpi_buf_add_byte(&value, '}');
    cpi_outbox_put_output(box, update->latest ? CPI_TOPIC_INDICATORS : CPI_TOPIC_REVISIONS,
                          cpi_buf_text(&key), cpi_buf_text(&value), NULL, 0);
    cpi_buf_fini(&key);
    cpi_buf_fini(&value);
}

void cpi_emit_gone(struct cpi_outbox *box, const struct cpi_model *model,
                   struct cpi_text entity_key, uint16_t indicator, uint16_t window)
{
    struct cpi_buf key;
    cpi_buf_init(&key);
    put_key(&key, model, entity_key, indicator, window);
    cpi_outbox_put_output(box, CPI_TOPIC_INDICATORS, cpi_buf_text(&key), CPI_ABSENT, NULL, 0);
    cpi_buf_fini(&key);
}

uint64_t cpi_alert_fingerprint(const struct cpi_text (*label)[2], size_t count)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < count; i++)
        for (int part = 0; part < 2; part++) {
            for (uint32_t k = 0; k < label[i][part].len; k++)
                hash = (hash ^ (uint8_t)label[i][part].at[k]) * UINT64_C(1099511628211);
            hash = (hash ^ 0xFF) * UINT64_C(1099511628211);
        }
    return hash;
}

/* A label name may hold letters, digits and underscores; kinds such as "team+channel" become one.
 */
static struct cpi_text label_name(struct cpi_text kind, char room[64])
{
    uint32_t n = kind.len < 63 ? kind.len : 63;
    for (uint32_t i = 0; i < n; i++) {
        char c = kind.at[i];
        bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (i && c >= '0' && c <= '9');
        room[i] = plain ? c : '_';
    }
    return (struct cpi_text){ room, n };
}

#define LABELS_MAX 8

static size_t make_labels(const struct cpi_model *model, const struct cpi_alert_out *alert,
                          char room[64], struct cpi_text label[LABELS_MAX][2])
{
    const struct cpi_alert *rule = alert->rule;
    struct cpi_text kind = entity_kind(alert->entity.key);
    const struct cpi_text all[][2] = {
        { CPI_TEXT("alertname"), rule->name },
        { CPI_TEXT("entity_type"), kind },
        { CPI_TEXT("indicator"), model->indicator[rule->indicator].name },
        { CPI_TEXT("job"), model->application },
        { CPI_TEXT("severity"), rule->severity },
        { CPI_TEXT("window"), model->window[rule->window].name },
        { label_name(kind, room), entity_id(alert->entity.key) },
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!all[i][1].len)
            continue;
        size_t k = n++;
        for (; k && cpi_text_order(label[k - 1][0], all[i][0]) > 0; k--) {
            label[k][0] = label[k - 1][0];
            label[k][1] = label[k - 1][1];
        }
        label[k][0] = all[i][0];
        label[k][1] = all[i][1];
    }
    return n;
}

static void add_annotations(struct cpi_buf *buf, const struct cpi_model *model,
                            const struct cpi_alert_out *alert)
{
    const struct cpi_indicator *ind = &model->indicator[alert->rule->indicator];
    struct cpi_buf text;
    cpi_buf_init(&text);
    cpi_buf_add_byte(buf, '{');
    if (cpi_text_is(alert->rule->summary)) {
        cpi_json_add_member(buf, "summary", alert->rule->summary);
    } else {
        cpi_buf_add_text(&text, ind->title.len ? ind->title : ind->name);
        cpi_buf_add_string(&text, " (");
        cpi_buf_add_text(&text, alert->entity.key);
        cpi_buf_add_string(&text, ")");
        cpi_json_add_member(buf, "summary", cpi_buf_text(&text));
    }
    if (alert->figure) {
        cpi_buf_reset(&text);
        cpi_value_format(
            &text, ind, alert->rule->when.set ? alert->rule->when.show : ind->show[0],
            cpi_figure_value(alert->figure, model,
                             alert->rule->when.set ? alert->rule->when.show : ind->show[0]));
        cpi_json_add_member(buf, "value", cpi_buf_text(&text));
        cpi_buf_reset(&text);
        cpi_int_format(&text, alert->figure->n);
        cpi_json_add_member(buf, "sample_size", cpi_buf_text(&text));
    }
    if (alert->rule->runbook.len)
        cpi_json_add_member(buf, "runbook_url", alert->rule->runbook);
    if (alert->no_data_reason)
        cpi_json_add_member(buf, "reason", CPI_TEXT("no_data"));
    cpi_buf_add_byte(buf, '}');
    cpi_buf_fini(&text);
}

static void add_typed(struct cpi_buf *buf, const struct cpi_model *model,
                      const struct cpi_alert_out *alert)
{
    const struct cpi_indicator *ind = &model->indicator[alert->rule->indicator];
    cpi_buf_add_byte(buf, '{');
    cpi_json_add_member(buf, "definition", ind->definition);
    add_entity(buf, &alert->entity);
    if (alert->rule->when.set) {
        cpi_json_add_name(buf, "when");
        add_bound(buf, &alert->rule->when);
    }
    if (alert->figure) {
        const struct cpi_figure *figure = alert->figure;
        cpi_json_add_time(buf, "window_end", figure->end);
        add_figure(buf, figure, model, ind);
        cpi_json_add_name(buf, "cases");
        cpi_buf_add_byte(buf, '[');
        for (int i = 0; i < CPI_CASES_MAX && figure->reading.cases[i].id; i++) {
            if (i)
                cpi_buf_add_byte(buf, ',');
            cpi_json_add_string(buf, cpi_text_of(figure->reading.cases[i].id));
        }
        cpi_buf_add_byte(buf, ']');
    }
    cpi_buf_add_byte(buf, '}');
}

void cpi_emit_alert(struct cpi_outbox *box, const struct cpi_model *model,
                    const struct cpi_alert_out *alert)
{
    char room[64], fingerprint[17];
    struct cpi_text label[LABELS_MAX][2];
    size_t n = make_labels(model, alert, room, label);
    uint64_t hash = cpi_alert_fingerprint((const struct cpi_text(*)[2])label, n);
    for (int i = 0; i < 16; i++)
        fingerprint[i] = "0123456789abcdef"[(hash >> (60 - 4 * i)) & 15];
    struct cpi_text print = { fingerprint, 16 };
    struct cpi_buf value, id, time;
    cpi_buf_init(&value);
    cpi_buf_init(&id);
    cpi_buf_init(&time);
    cpi_buf_add_string(&value, "{\"labels\":{");
    for (size_t i = 0; i < n; i++) {
        if (i)
            cpi_buf_add_byte(&value, ',');
        cpi_json_add_string(&value, label[i][0]);
        cpi_buf_add_byte(&value, ':');
        cpi_json_add_string(&value, label[i][1]);
    }
    cpi_buf_add_string(&value, "},\"annotations\":");
    add_annotations(&value, model, alert);
    cpi_json_add_time(&value, "startsAt", alert->starts_at);
    cpi_json_add_time(&value, "endsAt", alert->ends_at);
    cpi_json_add_member(&value, "generatorURL", CPI_TEXT(""));
    cpi_json_add_member(&value, "status",
                        alert->firing ? CPI_TEXT("firing") : CPI_TEXT("resolved"));
    cpi_json_add_member(&value, "fingerprint", print);
    cpi_json_add_name(&value, "cpid");
    add_typed(&value, model, alert);
    cpi_buf_add_byte(&value, '}');
    cpi_time_format(&time, alert->at);
    cpi_buf_add_text(&id, print);
    cpi_buf_add_byte(&id, '-');
    cpi_int_format(&id, alert->at);
    cpi_buf_add_string(&id, alert->firing ? "-firing" : "-resolved");
    const struct cpi_out_header header[] = {
        { "content-type", CPI_TEXT("application/json") },
        { "ce_specversion", CPI_TEXT("1.0") },
        { "ce_id", cpi_buf_text(&id) },
        { "ce_source", model->application },
        { "ce_type",
          alert->firing ? CPI_TEXT("cpid.alert.firing") : CPI_TEXT("cpid.alert.resolved") },
        { "ce_time", cpi_buf_text(&time) },
    };
    cpi_outbox_put_output(box, CPI_TOPIC_ALERTS, print, cpi_buf_text(&value), header,
                          sizeof header / sizeof *header);
    cpi_buf_fini(&value);
    cpi_buf_fini(&id);
    cpi_buf_fini(&time);
}

/* Which event decided it. */
static void add_cause(struct cpi_buf *buf, const struct cpi_model *model,
                      const struct cpi_event *by)
{
    cpi_json_add_name(buf, "by");
    cpi_buf_add_byte(buf, '{');
    if (by->type != CPI_NO_INDEX)
        cpi_json_add_member(buf, "type", model->type[by->type].name);
    cpi_json_add_time(buf, "time", by->time);
    cpi_json_add_member(buf, "case", by->case_id);
    cpi_buf_add_byte(buf, '}');
}

void cpi_emit_fact(struct cpi_outbox *box, const struct cpi_model *model,
                   const struct cpi_dim_fields *dims, const struct cpi_fact *fact)
{
    static const char *const kinds[] = { "counted", "excluded", "pending", "open" };
    static const char *const reasons[] = { "", "undecided", "limit", "amount" };
    const struct cpi_indicator *ind = &model->indicator[fact->indicator];
    struct cpi_buf value;
    cpi_buf_init(&value);
    cpi_buf_reserve(&value, 512);
    cpi_buf_add_byte(&value, '{');
    cpi_json_add_member(&value, "indicator", ind->name);
    cpi_json_add_member(&value, "definition", ind->definition);
    cpi_json_add_member(&value, "kind", cpi_text_of(kinds[fact->kind]));
    cpi_json_add_int(&value, "sign", fact->sign);
    cpi_json_add_time(&value, "time", fact->time);
    cpi_json_add_time(&value, "known", fact->known);
    if (ind->share && fact->kind == CPI_FACT_COUNTED)
        cpi_json_add_bool(&value, "good", fact->good);
    if (fact->kind == CPI_FACT_OPEN) {
        cpi_json_add_time(&value, "opened", fact->amount);
    } else if (ind->amount && fact->kind == CPI_FACT_COUNTED) {
        cpi_json_add_name(&value, "amount");
        cpi_decimal_format(&value, fact->amount, ind->scale);
    }
    if (fact->excluded)
        cpi_json_add_member(&value, "reason", cpi_text_of(reasons[fact->excluded]));
    cpi_json_add_member(&value, "case", fact->case_id);
    cpi_json_add_member(&value, "customer", fact->customer);
    cpi_json_add_member(&value, "rep", fact->rep.at ? fact->rep : CPI_TEXT("unassigned"));
    cpi_json_add_name(&value, "teams");
    cpi_buf_add_byte(&value, '[');
    struct cpi_text path = fact->team;
    while (path.at) {
        const char *end = memchr(path.at, CPI_TEAM_SEPARATOR, path.len);
        uint32_t len = end ? (uint32_t)(end - path.at) : path.len;
        if (path.at != fact->team.at)
            cpi_buf_add_byte(&value, ',');
        cpi_json_add_string(&value, cpi_text_part(path, 0, len));
        path = end ? cpi_text_part(path, len + 1, path.len) : CPI_ABSENT;
    }
    cpi_buf_add_byte(&value, ']');
    for (unsigned d = 0; d < dims->count; d++) {
        struct cpi_text name = model->field[dims->member[d] - CPI_MEMBER_FIELD0].name;
        cpi_buf_add_byte(&value, ',');
        cpi_json_add_string(&value, name);
        cpi_buf_add_byte(&value, ':');
        cpi_json_add_string(&value, fact->dim[d]);
    }
    if (fact->by && fact->kind == CPI_FACT_COUNTED)
        add_cause(&value, model, fact->by);
    if (fact->partial)
        cpi_json_add_bool(&value, "partial", true);
    cpi_buf_add_byte(&value, '}');
    cpi_outbox_put_output(box, CPI_TOPIC_FACTS, fact->case_id, cpi_buf_text(&value), NULL, 0);
    cpi_buf_fini(&value);
}

void cpi_emit_dead_letter(struct cpi_outbox *box, const struct cpi_record *record,
                          enum cpi_refusal refusal, struct cpi_text detail)
{
    struct cpi_buf partition, offset, size;
    cpi_buf_init(&partition);
    cpi_buf_init(&offset);
    cpi_buf_init(&size);
    cpi_int_format(&partition, record->partition);
    cpi_int_format(&offset, record->offset);
    cpi_int_format(&size, record->value.len);
    struct cpi_out_header header[6] = {
        { "reason", cpi_text_of(cpi_refusal_name(refusal)) },
        { "detail", detail.at ? cpi_text_part(detail, 0, 1024) : CPI_TEXT("") },
        { "topic", record->topic },
        { "partition", cpi_buf_text(&partition) },
        { "offset", cpi_buf_text(&offset) },
    };
    size_t n = 5;
    struct cpi_text value = record->value.at ? record->value : CPI_TEXT("");
    if (value.len > DEAD_LETTER_BYTES_MAX) { /* cut, and the true size said (K6) */
        value.len = DEAD_LETTER_BYTES_MAX;
        header[n++] = (struct cpi_out_header){ "size", cpi_buf_text(&size) };
    }
    cpi_outbox_put_output(box, CPI_TOPIC_DEAD_LETTERS,
                          record->key.at ? cpi_text_part(record->key, 0, 64 * 1024) : record->key,
                          value, header, n);
    cpi_buf_fini(&partition);
    cpi_buf_fini(&offset);
    cpi_buf_fini(&size);
}
