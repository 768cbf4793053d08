/* The window stage over the facts of one entity: what it said, and what of. */
#include "cpi/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpi/task.h"
#include "engine/combine.h"
#include "engine/window_stage.h"
#include "event/fact_json.h"

struct cpi_account {
    const struct cpi_model *model;
    uint16_t indicator, window;
    struct cpi_text entity;
    struct cpi_combiner combiner; /* as the outbox's: who a fact is about */
    struct json_parser *parser;
    struct cpi_arena arena;   /* of the facts */
    struct cpi_arena answers; /* of the last statement */
    struct cpi_fact_told *fact;
    size_t n_facts, cap_facts;
    int64_t first; /* the least known */
    struct cpi_calendar calendar;
    /* the stage, once something was read */
    bool running;
    int64_t w;
    struct cpi_window_stage stage;
    struct cpi_task_counts counts;
    struct cpi_outbox *box;
    enum cpi_alert_phase *phase; /* per rule, as of w */
    struct cpi_account_move *move;
    size_t n_moves, cap_moves;
    struct cpi_arena values; /* of the moves */
};

static void stop(struct cpi_account *a)
{
    if (!a->running)
        return;
    cpi_window_stage_fini(&a->stage);
    cpi_outbox_free(a->box);
    free(a->phase);
    cpi_arena_fini(&a->values);
    a->n_moves = 0;
    a->running = false;
}

struct cpi_account *cpi_account_new(const struct cpi_model *model, uint16_t indicator,
                                    uint16_t window, struct cpi_text entity)
{
    struct cpi_account *a = cpi_xcalloc(1, sizeof *a);
    *a = (struct cpi_account){ .model = model,
                               .indicator = indicator,
                               .window = window,
                               .parser = json_parser_new(),
                               .first = CPI_TIME_END };
    cpi_arena_init(&a->arena);
    cpi_arena_init(&a->answers);
    cpi_combiner_init(&a->combiner, model);
    cpi_calendar_init(&a->calendar, &model->zone);
    a->entity = cpi_arena_text(&a->arena, entity);
    return a;
}

void cpi_account_free(struct cpi_account *a)
{
    if (!a)
        return;
    stop(a);
    json_parser_free(a->parser);
    cpi_combiner_fini(&a->combiner);
    cpi_arena_fini(&a->arena);
    cpi_arena_fini(&a->answers);
    free(a->fact);
    free(a->move);
    free(a);
}

/* ---- facts in ---- */

static bool is_asked(const struct cpi_account *a, uint16_t indicator)
{
    const struct cpi_indicator *ind = &a->model->indicator[a->indicator];
    if (ind->kind != CPI_DERIVED)
        return indicator == a->indicator;
    return indicator == ind->left || indicator == ind->right;
}

static const struct cpi_group *find_group(const struct cpi_combiner *combiner,
                                          struct cpi_text entity, size_t *from)
{
    for (; *from < combiner->entities.count; ++*from)
        if (cpi_text_equal(combiner->entities.at[*from].key, entity))
            return &combiner->entities.at[(*from)++];
    return NULL;
}

/* As the outbox fans facts out to entities. */
static bool is_about(struct cpi_account *a, const struct cpi_fact *fact)
{
    size_t from = 0;
    cpi_combiner_reset(&a->combiner);
    cpi_combiner_add(&a->combiner, fact, false);
    cpi_combiner_fan_out(&a->combiner);
    return find_group(&a->combiner, a->entity, &from) != NULL;
}

int cpi_account_take(struct cpi_account *a, struct cpi_text text)
{
    struct cpi_fact_told told;
    int e = cpi_fact_parse(a->model, &a->combiner.dims, a->parser, text, &a->arena, &told);
    if (e == -ENOENT || (!e && !is_asked(a, told.fact.indicator)))
        return CPI_ACCOUNT_OTHER;
    if (e)
        return e;
    if (!a->model->indicator[told.fact.indicator].n_over || !is_about(a, &told.fact))
        return CPI_ACCOUNT_OTHER;
    if (told.strange)
        return CPI_ACCOUNT_STRANGE;
    stop(a);
    a->fact = cpi_grow(a->fact, a->n_facts, &a->cap_facts, sizeof *a->fact);
    a->fact[a->n_facts++] = told;
    if (told.fact.known < a->first)
        a->first = told.fact.known;
    return CPI_ACCOUNT_ABOUT;
}

size_t cpi_account_count(const struct cpi_account *a)
{
    return a->n_facts;
}

int64_t cpi_account_boundary(struct cpi_account *a, int64_t at)
{
    return cpi_calendar_floor(&a->calendar, cpi_window_step(&a->model->window[a->window]), at);
}

/* ---- the stage ---- */

static void start(struct cpi_account *a)
{
    struct cpi_combiner *combiner = &a->combiner;
    struct cpi_buf body;
    const struct cpi_group *group;
    size_t from = 0;
    a->counts = (struct cpi_task_counts){ 0 };
    cpi_window_stage_init(&a->stage, a->model, 0, 1, &a->counts);
    a->stage.replay = true;
    a->box = cpi_outbox_new(a->model, 1);
    cpi_outbox_skip_rows(a->box);
    a->phase = cpi_xcalloc(a->model->n_alerts + 1, sizeof *a->phase);
    cpi_arena_init(&a->values);
    a->running = true;
    a->w = CPI_TIME_NONE;
    cpi_combiner_reset(combiner);
    cpi_buf_init(&body);
    for (size_t i = 0; i < a->n_facts; i++)
        cpi_combiner_add(combiner, &a->fact[i].fact, false);
    cpi_combiner_fan_out(combiner);
    while ((group = find_group(combiner, a->entity, &from))) {
        cpi_buf_reset(&body);
        cpi_group_encode(group, a->model, &body);
        struct cpi_item item = { .stage = CPI_STAGE_WINDOW,
                                 .sign = 1,
                                 .known = group->known_step,
                                 .key = group->key,
                                 .body = cpi_buf_text(&body) };
        cpi_window_stage_take(&a->stage, &item);
    }
    cpi_buf_fini(&body);
}

static void advance(struct cpi_account *a, int64_t w)
{
    int64_t first = a->first < w ? a->first : w;
    struct cpi_slot slot = { .stage = a->stage.sender, .count = 1, .w = w, .first = first };
    cpi_window_stage_queue(&a->stage, &slot, 1, CPI_TIME_NONE);
    cpi_window_stage_advance(&a->stage, UINT64_MAX, a->box);
    cpi_outbox_reset(a->box);
    a->w = w;
}

static struct cpi_entity *entity_of(const struct cpi_account *a)
{
    uint32_t e = cpi_entities_find(&a->stage.entities, a->entity);
    return e == CPI_NONE ? NULL
                         : a->stage.entities.at[e].awake; /* nothing settles, so none sleeps */
}

static void read_figure(struct cpi_account *a, int64_t end)
{
    static const struct cpi_panes none;
    const struct cpi_entity *entity = entity_of(a);
    cpi_figure_read(&a->stage.figure, a->model, &a->stage.calendar, entity ? &entity->panes : &none,
                    a->indicator, a->window, end);
}

/* ---- alerts ---- */

static bool is_watched_by(const struct cpi_account *a, const struct cpi_alert *rule)
{
    return rule->indicator == a->indicator && rule->window == a->window &&
           cpi_window_rule_is_about(a->model, rule, a->entity);
}

static void note_moves(struct cpi_account *a, int64_t at)
{
    const struct cpi_entity *entity = entity_of(a);
    for (size_t r = 0; entity && r < entity->n_rules; r++) {
        uint16_t number = entity->rule[r].rule;
        const struct cpi_alert *rule = &a->model->alert[number];
        enum cpi_alert_phase phase = entity->rule[r].state.phase;
        if (!is_watched_by(a, rule) || phase == a->phase[number])
            continue;
        const struct cpi_indicator *ind = &a->model->indicator[a->indicator];
        struct cpi_show show = rule->when.set ? rule->when.show : ind->show[0];
        struct cpi_buf value;
        cpi_buf_init(&value);
        read_figure(a, at);
        cpi_value_format(&value, ind, show, cpi_figure_value(&a->stage.figure, a->model, show));
        a->phase[number] = phase;
        a->move = cpi_grow(a->move, a->n_moves, &a->cap_moves, sizeof *a->move);
        a->move[a->n_moves++] =
            (struct cpi_account_move){ number, at, (enum cpi_account_phase)phase, a->stage.figure.n,
                                       cpi_arena_text(&a->values, cpi_buf_text(&value)) };
        cpi_buf_fini(&value);
    }
}

static size_t count_rules(const struct cpi_account *a)
{
    size_t n = 0;
    for (size_t r = 0; r < a->model->n_alerts; r++)
        n += is_watched_by(a, &a->model->alert[r]);
    return n;
}

static void put_rules(struct cpi_account *a, struct cpi_statement *ret)
{
    struct cpi_entity *entity = entity_of(a);
    ret->rule = cpi_arena_take(&a->answers, (count_rules(a) + 1) * sizeof *ret->rule);
    for (uint16_t r = 0; entity && r < a->model->n_alerts; r++) {
        const struct cpi_alert *rule = &a->model->alert[r];
        if (!is_watched_by(a, rule))
            continue;
        struct cpi_alert_input input = cpi_window_judge(&a->stage, entity, rule, &a->stage.figure);
        ret->rule[ret->n_rules++] =
            (struct cpi_account_rule){ r, (enum cpi_account_phase)a->phase[r], input.enough,
                                       input.breached, input.cleared };
    }
}

/* Boundary by boundary where some alert steps, so that each of its moves is seen. */
static void advance_to(struct cpi_account *a, int64_t w)
{
    struct cpi_step step = cpi_window_step(&a->model->window[a->window]);
    bool watched = count_rules(a) > 0;
    int64_t from = a->w != CPI_TIME_NONE ? a->w : a->first;
    while (watched && from < w) {
        from = cpi_calendar_next(&a->calendar, step, from);
        if (from > w)
            break;
        advance(a, from);
        note_moves(a, from);
    }
    if (a->w == CPI_TIME_NONE || a->w < w)
        advance(a, w);
}

/* ---- lines: facts that no other takes back ---- */

static bool is_visible(const struct cpi_account *a, const struct cpi_fact *fact, int64_t from,
                       int64_t end, int64_t known)
{
    if (fact->known >= known)
        return false;
    if (fact->kind == CPI_FACT_PENDING)
        return true;
    return fact->time < end &&
           (a->model->indicator[fact->indicator].kind == CPI_OPEN || fact->time >= from);
}

/* Equal for a fact and what takes it back; of a gauge, for an opening and its closing (J9). */
static int order_content(const struct cpi_fact *a, const struct cpi_fact *b)
{
    const struct cpi_text texts[][2] = { { a->case_id, b->case_id },
                                         { a->customer, b->customer },
                                         { a->rep, b->rep },
                                         { a->team, b->team } };
    int64_t time[] = { a->kind == CPI_FACT_OPEN ? 0 : a->time,
                       b->kind == CPI_FACT_OPEN ? 0 : b->time };
    const int64_t numbers[][2] = { { a->indicator, b->indicator }, { a->kind, b->kind },
                                   { a->amount, b->amount },       { a->good, b->good },
                                   { a->excluded, b->excluded },   { time[0], time[1] } };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i][0] != numbers[i][1])
            return numbers[i][0] < numbers[i][1] ? -1 : 1;
    int order = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && !order; i++)
        order = cpi_text_order(texts[i][0], texts[i][1]);
    return order;
}

static int order_told(const void *l, const void *r)
{
    const struct cpi_fact_told *a = *(const struct cpi_fact_told *const *)l;
    const struct cpi_fact_told *b = *(const struct cpi_fact_told *const *)r;
    int order = order_content(&a->fact, &b->fact);
    return order ? order : (a->fact.known > b->fact.known) - (a->fact.known < b->fact.known);
}

static int order_time(const void *l, const void *r)
{
    const struct cpi_fact_told *a = *(const struct cpi_fact_told *const *)l;
    const struct cpi_fact_told *b = *(const struct cpi_fact_told *const *)r;
    if (a->fact.time != b->fact.time)
        return a->fact.time < b->fact.time ? -1 : 1;
    return order_told(l, r);
}

/* Of facts with one content those that were not taken back stay, in front; returns how many. */
static size_t net(const struct cpi_fact_told **told, size_t count)
{
    size_t plus = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        plus += told[i]->fact.sign > 0;
    int sign = 2 * plus >= count ? 1 : -1;
    size_t left = sign > 0 ? 2 * plus - count : count - 2 * plus;
    for (size_t i = count; i-- > 0 && kept < left;) /* the latest known */
        if (told[i]->fact.sign == sign)
            told[count - ++kept] = told[i];
    memmove(told, told + count - kept, kept * sizeof *told);
    return kept;
}

/* The facts of the window that nothing took back, by their time. */
static const struct cpi_fact_told **choose(struct cpi_account *a, int64_t known, size_t *ret_count,
                                           struct cpi_statement *ret)
{
    const struct cpi_fact_told **told = cpi_xcalloc(a->n_facts + 1, sizeof *told);
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < a->n_facts; i++) {
        const struct cpi_fact *fact = &a->fact[i].fact;
        if (is_visible(a, fact, ret->start, ret->end, known))
            told[n++] = &a->fact[i];
        else
            ret->later += fact->kind != CPI_FACT_PENDING &&
                          is_visible(a, fact, ret->start, ret->end, CPI_TIME_END);
    }
    qsort(told, n, sizeof *told, order_told);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !order_content(&told[i]->fact, &told[end]->fact); end++)
            ;
        size_t left = net(told + i, end - i);
        if (told[i]->fact.kind == CPI_FACT_COUNTED)
            ret->taken_back += (end - i - left) / 2;
        memmove(told + kept, told + i, left * sizeof *told);
        kept += left;
    }
    qsort(told, kept, sizeof *told, order_time);
    *ret_count = kept;
    return told;
}

static struct cpi_account_line line_of(const struct cpi_fact_told *told)
{
    static const char *const kinds[] = { "counted", "excluded", "pending", "open" };
    const struct cpi_fact *fact = &told->fact;
    return (struct cpi_account_line){
        .indicator = fact->indicator,
        .kind = cpi_text_of(kinds[fact->kind]),
        .time = fact->kind == CPI_FACT_OPEN ? fact->amount : fact->time,
        .known = fact->known,
        .good = fact->good,
        .value = told->value,
        .reason = told->reason,
        .case_id = fact->case_id,
        .customer = fact->customer,
        .rep = cpi_text_is(fact->rep) ? fact->rep : CPI_TEXT("unassigned"),
        .by_time = told->by_time,
        .by_type = told->by_type,
        .by_case = told->by_case,
        .by_id = CPI_ABSENT,
        .by_place = CPI_ABSENT,
    };
}

/* As sums are published: within 64 bits. */
static int64_t at_edge(__int128 sum)
{
    return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

static void put_lines(struct cpi_account *a, int64_t known, struct cpi_statement *ret)
{
    const struct cpi_indicator *ind = &a->model->indicator[a->indicator];
    size_t n;
    const struct cpi_fact_told **told = choose(a, known, &n, ret);
    __int128 total = 0;
    ret->line = cpi_arena_take(&a->answers, (n + 1) * sizeof *ret->line);
    for (size_t i = 0; i < n; i++) {
        const struct cpi_fact *fact = &told[i]->fact;
        ret->line[ret->n_lines++] = line_of(told[i]);
        bool counted = fact->kind == CPI_FACT_COUNTED || fact->kind == CPI_FACT_OPEN;
        ret->sum.n += counted ? fact->sign : 0;
        ret->sum.good += counted && fact->good ? fact->sign : 0;
        ret->sum.excluded += fact->kind == CPI_FACT_EXCLUDED ? fact->sign : 0;
        ret->sum.pending += fact->kind == CPI_FACT_PENDING ? fact->sign : 0;
        if (fact->kind == CPI_FACT_COUNTED)
            total += (__int128)fact->sign * fact->amount;
    }
    free(told);
    int64_t sum = at_edge(total);
    const struct cpi_reading *reading = &a->stage.figure.reading;
    ret->sum.meets =
        ind->kind == CPI_DERIVED ||
        (ret->sum.n == reading->n && ret->sum.good == reading->good &&
         ret->sum.excluded == reading->excluded && (!ind->amount || sum == reading->sum));
    if (ind->amount) {
        struct cpi_buf text;
        cpi_buf_init(&text);
        cpi_decimal_format(&text, sum, ind->scale);
        ret->sum.sum = cpi_arena_text(&a->answers, cpi_buf_text(&text));
        cpi_buf_fini(&text);
    }
}

/* ---- panes ---- */

static void put_panes_of(struct cpi_account *a, uint16_t indicator, struct cpi_statement *ret)
{
    const struct cpi_indicator *ind = &a->model->indicator[indicator];
    const struct cpi_entity *entity = entity_of(a);
    const struct cpi_series *series =
        entity ? cpi_panes_series(&entity->panes, indicator, CPI_PANE_WINDOW) : NULL;
    struct cpi_account_pane *grown = cpi_arena_take(
        &a->answers, (ret->n_panes + (series ? series->count : 0) + 1) * sizeof *grown);
    if (ret->n_panes)
        memcpy(grown, ret->pane, ret->n_panes * sizeof *grown);
    ret->pane = grown;
    for (uint32_t p = 0; series && p < series->count; p++) {
        const struct cpi_pane *pane = &series->at[p];
        if (pane->start >= ret->end || (ind->kind != CPI_OPEN && pane->start < ret->start))
            continue;
        struct cpi_account_pane *out = &ret->pane[ret->n_panes++];
        *out = (struct cpi_account_pane){ indicator,      pane->start,        pane->agg.n,
                                          pane->agg.good, pane->agg.excluded, CPI_ABSENT };
        if (ind->amount) {
            struct cpi_buf text;
            cpi_buf_init(&text);
            cpi_decimal_format(&text, at_edge(cpi_agg_sum(&pane->agg)), ind->scale);
            out->sum = cpi_arena_text(&a->answers, cpi_buf_text(&text));
            cpi_buf_fini(&text);
        }
    }
}

static void put_panes(struct cpi_account *a, struct cpi_statement *ret)
{
    const struct cpi_indicator *ind = &a->model->indicator[a->indicator];
    if (ind->kind != CPI_DERIVED) {
        put_panes_of(a, a->indicator, ret);
        return;
    }
    put_panes_of(a, ind->left, ret);
    put_panes_of(a, ind->right, ret);
}

/* ---- the update ---- */

static void put_update(struct cpi_account *a, int64_t end, int64_t known, struct cpi_statement *ret)
{
    static const struct cpi_panes none;
    const struct cpi_indicator *ind = &a->model->indicator[a->indicator];
    struct cpi_entity *entity = entity_of(a);
    struct cpi_figure *figure = &a->stage.figure, *other = &a->stage.other;
    uint32_t revision = entity ? cpi_entity_revision(entity, a->indicator, a->window, end) : 0;
    struct cpi_update update = { .figure = figure,
                                 .entity = { a->entity, entity ? entity->path : CPI_ABSENT },
                                 .revised = revision > 0,
                                 .latest = true,
                                 .revision = revision,
                                 .watermark = known };
    if (ind->compare_previous) {
        cpi_figure_read(other, a->model, &a->stage.calendar, entity ? &entity->panes : &none,
                        a->indicator, a->window, figure->start);
        update.previous = &other->value;
    }
    cpi_emit_update(a->box, a->model, &update);
    size_t count;
    const struct cpi_output *out = cpi_outbox_outputs(a->box, &count);
    ret->update = cpi_arena_text(&a->answers, out[count - 1].value);
    cpi_outbox_reset(a->box);
}

static struct cpi_text keep_text(struct cpi_account *a, struct cpi_buf *buf)
{
    struct cpi_text text = cpi_arena_text(&a->answers, cpi_buf_text(buf));
    cpi_buf_reset(buf);
    return text;
}

static void put_value(struct cpi_account *a, struct cpi_statement *ret)
{
    const struct cpi_indicator *ind = &a->model->indicator[a->indicator];
    const struct cpi_figure *figure = &a->stage.figure;
    enum cpi_stat stat = ind->show[0].stat;
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_value_format(&buf, ind, ind->show[0], figure->value);
    ret->value = keep_text(a, &buf);
    ret->ms = stat == CPI_STAT_AGE_QUANTILE || stat == CPI_STAT_AGE_MAX ||
              (stat != CPI_STAT_COUNT && stat != CPI_STAT_RATIO && ind->unit == CPI_UNIT_MS);
    if (ind->share && figure->n > 0) {
        int64_t low, high;
        cpi_wilson(figure->reading.good, figure->n, &low, &high);
        cpi_decimal_format_ratio(&buf, low, 1000000, 6);
        ret->low = keep_text(a, &buf);
        cpi_decimal_format_ratio(&buf, high, 1000000, 6);
        ret->high = keep_text(a, &buf);
    }
    cpi_buf_fini(&buf);
    if (!ind->target.set)
        return;
    struct cpi_value value = cpi_figure_value(figure, a->model, ind->target.show);
    if (!value.null)
        ret->target = cpi_bound_holds(&ind->target, value) ? CPI_TARGET_MET : CPI_TARGET_MISSED;
}

void cpi_account_read(struct cpi_account *a, int64_t end, int64_t known, struct cpi_statement *ret)
{
    *ret = (struct cpi_statement){ .end = end, .sum = { .sum = CPI_ABSENT } };
    ret->low = ret->high = CPI_ABSENT;
    cpi_arena_reset(&a->answers);
    if (a->running && (a->w > known || (a->w > end && count_rules(a))))
        stop(a);
    if (!a->running)
        start(a);
    if (count_rules(a)) {
        advance_to(a, end);
        read_figure(a, end);
        put_rules(a, ret);
    }
    advance_to(a, known);
    read_figure(a, end);
    ret->start = a->stage.figure.start;
    ret->n = a->stage.figure.n;
    put_value(a, ret);
    put_update(a, end, known, ret);
    put_lines(a, known, ret);
    put_panes(a, ret);
    ret->move = a->move;
    while (ret->n_moves < a->n_moves && a->move[ret->n_moves].at <= end)
        ret->n_moves++;
}
