#include "event/fact_json.h"

#include <errno.h>

#include "cpi/decimal.h"

struct reading {
    const struct cpi_model *model;
    struct json_parser *parser;
    struct cpi_arena *arena;
    struct json_value top;
    bool bad;
};

static struct json_value member(const struct reading *r, const char *name)
{
    return json_member(r->parser, &r->top, cpi_text_of(name));
}

/* Absent for null and for what is not there. */
static struct cpi_text keep(const struct reading *r, const struct json_value *v)
{
    return json_is_scalar(v->kind) ? cpi_arena_text(r->arena, json_text(v)) : CPI_ABSENT;
}

static struct cpi_text text(const struct reading *r, const char *name)
{
    struct json_value v = member(r, name);
    return keep(r, &v);
}

static int64_t time_of(struct reading *r, const struct json_value *v)
{
    struct cpi_zone utc;
    int64_t ms = CPI_TIME_NONE;
    cpi_zone_init_utc(&utc);
    if (v->kind != JSON_STRING || !cpi_time_parse(json_text(v), &utc, &ms))
        r->bad = true;
    cpi_zone_fini(&utc);
    return ms;
}

static int64_t time_at(struct reading *r, const char *name)
{
    struct json_value v = member(r, name);
    return time_of(r, &v);
}

static int number_of(const char *const *names, int count, struct cpi_text name)
{
    for (int i = 0; i < count; i++)
        if (cpi_text_equal(name, cpi_text_of(names[i])))
            return i;
    return -1;
}

static void read_kind(struct reading *r, struct cpi_fact_told *ret)
{
    static const char *const kinds[] = { "counted", "excluded", "pending", "open" };
    static const char *const reasons[] = { "", "undecided", "limit", "amount" };
    int kind = number_of(kinds, 4, text(r, "kind"));
    int reason = number_of(reasons, 4, ret->reason = text(r, "reason"));
    r->bad |= kind < 0;
    ret->fact.kind = kind < 0 ? CPI_FACT_COUNTED : (enum cpi_fact_kind)kind;
    ret->fact.excluded = reason < 0 ? CPI_EXCLUDED_NOT : (enum cpi_excluded)reason;
    struct json_value sign = member(r, "sign");
    ret->fact.sign = cpi_text_equal(json_text(&sign), CPI_TEXT("-1")) ? -1 : 1;
    r->bad |= sign.kind != JSON_NUMBER;
}

static void read_amount(struct reading *r, struct cpi_fact_told *ret)
{
    const struct cpi_indicator *ind = &r->model->indicator[ret->fact.indicator];
    struct json_value good = member(r, "good"), amount = member(r, "amount");
    struct cpi_decimal number;
    ret->fact.good = good.kind == JSON_TRUE;
    if (ret->fact.kind == CPI_FACT_OPEN) {
        ret->fact.amount = time_at(r, "opened");
    } else if (amount.kind == JSON_NUMBER) {
        ret->value = keep(r, &amount);
        r->bad |= !cpi_decimal_parse(ret->value, &number) ||
                  !cpi_decimal_scaled(number, ind->scale, &ret->fact.amount);
    }
}

/* ["phone","support"], innermost first, as the path of a team. */
static struct cpi_text read_teams(const struct reading *r)
{
    struct json_value teams = member(r, "teams"), team;
    struct cpi_text path = CPI_ABSENT;
    uint32_t cursor = 0;
    while (json_each(r->parser, &teams, &cursor, &team)) {
        struct cpi_text name = json_text(&team);
        path = path.at ? cpi_arena_format(r->arena, "%.*s%c%.*s", CPI_TEXT_ARG(path),
                                          CPI_TEAM_SEPARATOR, CPI_TEXT_ARG(name))
                       : cpi_arena_text(r->arena, name);
    }
    return path;
}

static void read_who(struct reading *r, const struct cpi_dim_fields *dims, struct cpi_fact *fact)
{
    fact->case_id = text(r, "case");
    fact->customer = text(r, "customer");
    fact->rep = text(r, "rep");
    if (cpi_text_equal(fact->rep, CPI_TEXT("unassigned")))
        fact->rep = CPI_ABSENT;
    fact->team = read_teams(r);
    for (unsigned d = 0; d < dims->count; d++)
        fact->dim[d] = text(r, r->model->field[dims->member[d] - CPI_MEMBER_FIELD0].name.at);
}

static void read_cause(struct reading *r, struct cpi_fact_told *ret)
{
    struct json_value by = member(r, "by");
    ret->by_time = CPI_TIME_NONE;
    if (by.kind != JSON_OBJECT)
        return;
    struct json_value time = json_member(r->parser, &by, CPI_TEXT("time"));
    struct json_value type = json_member(r->parser, &by, CPI_TEXT("type"));
    struct json_value of = json_member(r->parser, &by, CPI_TEXT("case"));
    ret->by_time = time_of(r, &time);
    ret->by_type = keep(r, &type);
    ret->by_case = keep(r, &of);
}

int cpi_fact_parse(const struct cpi_model *model, const struct cpi_dim_fields *dims,
                   struct json_parser *parser, struct cpi_text document, struct cpi_arena *arena,
                   struct cpi_fact_told *ret)
{
    struct reading r = { .model = model, .parser = parser, .arena = arena };
    *ret = (struct cpi_fact_told){ .value = CPI_ABSENT, .by_type = CPI_ABSENT };
    json_parser_reset(parser);
    if (json_parse_whole(parser, document, &r.top) != JSON_FINE || r.top.kind != JSON_OBJECT)
        return -EBADMSG;
    struct json_value name = member(&r, "indicator"), definition = member(&r, "definition");
    if (name.kind != JSON_STRING || definition.kind != JSON_STRING)
        return -EBADMSG;
    ret->fact.indicator = cpi_model_find_indicator(model, json_text(&name));
    if (ret->fact.indicator == CPI_NO_INDEX)
        return -ENOENT;
    const struct cpi_indicator *ind = &model->indicator[ret->fact.indicator];
    ret->strange = !cpi_text_equal(json_text(&definition), ind->definition);
    read_kind(&r, ret);
    ret->fact.time = time_at(&r, "time");
    ret->fact.known = time_at(&r, "known");
    if (!ret->strange)
        read_amount(&r, ret);
    read_who(&r, dims, &ret->fact);
    read_cause(&r, ret);
    return r.bad ? -EBADMSG : 0;
}
