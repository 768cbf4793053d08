#include "plan.h"

#include <cpi/buf.h>

#define DAY_MS (7 * CPI_HOUR)       /* in which cases are opened and worked on */
#define IN_TIME_MS (5 * CPI_MINUTE) /* less than any wait, by more than clocks differ */
#define END_MS (5 * CPI_DAY)        /* when everything is over */
#define ADDED_QUIET_MS                                                                             \
    (2 * CPI_HOUR) /* what an added partition has no events for: until then                        \
                      everybody knows of it */

/* ---- records ---- */
static void put(struct plan *plan, struct plan_record record)
{
    plan->record =
        cpi_grow(plan->record, plan->n_records, &plan->cap_records, sizeof *plan->record);
    record.number = (int64_t)plan->n_records;
    plan->record[plan->n_records++] = record;
}

static char *json_of(const struct plan_event *ev)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_buf_add_format(&buf, "{\"id\":\"e%lld\",\"seq\":%lld,\"at\":%lld,\"type\":\"%s\"",
                       (long long)ev->number, (long long)ev->number, (long long)ev->time, ev->type);
    if (ev->case_number != NO_CASE)
        cpi_buf_add_format(&buf, ",\"case\":\"c%u\"", ev->case_number);
    cpi_buf_add_format(&buf, ",\"cust\":\"k%u\",\"rep\":\"r%u\",\"team\":\"%s\"", ev->customer,
                       ev->rep, ev->team);
    if (ev->talk_s >= 0)
        cpi_buf_add_format(&buf, ",\"talk\":%lld", (long long)ev->talk_s);
    if (ev->score)
        cpi_buf_add_format(&buf, ",\"score\":\"%s\"", ev->score > 0 ? "good" : "bad");
    cpi_buf_add_byte(&buf, '}');
    char *json = cpi_xtextdup(cpi_buf_text(&buf));
    cpi_buf_fini(&buf);
    return json;
}

static char *beat_json(int64_t at)
{
    char json[80];
    snprintf(json, sizeof json, "{\"at\":%lld,\"type\":\"source.heartbeat\"}",
             (long long)(PLAN_BEGIN + at));
    return cpi_xstrdup(json);
}

static void beat(struct plan *plan, uint32_t topic, uint32_t partition, int64_t at)
{
    put(plan, (struct plan_record){ .at_ms = at,
                                    .topic = topic,
                                    .partition = partition,
                                    .json = beat_json(at),
                                    .beat = true });
}

static int64_t delay(const struct plan *plan, struct dice *dice)
{
    if (plan->kind != PLAN_CLOCK && chance(dice, 15))
        return (int64_t)(roll(dice) % (3 * CPI_HOUR));
    return chance(dice, 60) ? 0 : (int64_t)(roll(dice) % IN_TIME_MS);
}

static void put_event(struct plan *plan, struct dice *dice, const struct plan_event *ev)
{
    uint32_t topic = strcmp(ev->type, "contact.ended") == 0 || chance(dice, 15);
    int64_t delay_ms = delay(plan, dice);
    struct plan_record record = { .at_ms = ev->time - PLAN_BEGIN + delay_ms,
                                  .delay_ms = delay_ms,
                                  .topic = topic,
                                  .partition = roll_below(dice, plan->partitions[topic]),
                                  .json = json_of(ev) };
    if (chance(dice, 8)) {
        record.fate = PLAN_IN_TRANSACTION;
        record.hold_ms = 1 + roll_below(dice, 20000);
    }
    put(plan, record);
    if (chance(dice, 6)) { /* delivered twice */
        record.json = cpi_xstrdup(record.json);
        record.at_ms += plan->kind != PLAN_CLOCK && chance(dice, 50)
                            ? (int64_t)(roll(dice) % (3 * CPI_HOUR))
                            : roll_below(dice, 240000);
        record.fate = PLAN_PLAIN;
        put(plan, record);
    }
    if (chance(dice, 4)) { /* something that was never said */
        struct plan_event other = *ev;
        other.number += 1000000;
        record.json = json_of(&other);
        record.fate = PLAN_TAKEN_BACK;
        put(plan, record);
    }
}

/* ---- cases ---- */
static void happen(struct plan *plan, struct dice *dice, struct plan_event ev)
{
    plan->event = cpi_grow(plan->event, plan->n_events, &plan->cap_events, sizeof *plan->event);
    ev.number = (int64_t)plan->n_events;
    plan->event[plan->n_events++] = ev;
    put_event(plan, dice, &ev);
}

static int64_t gap(struct dice *dice)
{
    if (chance(dice, 8))
        return 0;
    return chance(dice, 60) ? 1 + roll_below(dice, 15 * 60000) : 1 + roll_below(dice, 80 * 60000);
}

static const char *next_type(struct dice *dice)
{
    static const char *const types[] = { "contact.ended", "contact.ended", "case.resolved",
                                         "case.resolved", "case.reopened", "case.assigned" };
    return types[roll_below(dice, sizeof types / sizeof *types)];
}

static void case_make(struct plan *plan, struct dice *dice, uint32_t number, uint32_t customers)
{
    static const char *const teams[] = { "phone", "mail", "field" };
    struct plan_event ev = { .case_number = number,
                             .customer = roll_below(dice, customers),
                             .rep = roll_below(dice, 3) };
    int64_t at = PLAN_BEGIN + 1000 + (int64_t)(roll(dice) % (uint64_t)(DAY_MS - CPI_HOUR));
    unsigned n = 2 + roll_below(dice, 7);
    for (unsigned i = 0; i < n && at < PLAN_BEGIN + DAY_MS; i++, at += gap(dice)) {
        if (chance(dice, 12)) /* onto the edge of a step */
            at += 10 * CPI_MINUTE - at % (10 * CPI_MINUTE);
        ev.type = i == 0 ? "case.opened" : next_type(dice);
        if (strcmp(ev.type, "case.assigned") == 0)
            ev.rep = roll_below(dice, 3);
        ev.team = teams[ev.rep];
        ev.time = at;
        ev.talk_s = strcmp(ev.type, "contact.ended") == 0 ? (int64_t)roll_below(dice, 1500) : -1;
        happen(plan, dice, ev);
        if (chance(dice, 20)) {
            struct plan_event survey = ev;
            survey.type = "survey.answered";
            survey.case_number = NO_CASE;
            survey.talk_s = -1;
            survey.score = chance(dice, 60) ? 1 : -1;
            happen(plan, dice, survey);
        }
    }
}

/* Records that nobody can count: each is a dead letter, once. */
static void refused_make(struct plan *plan, struct dice *dice, unsigned number)
{
    int64_t at = (int64_t)(roll(dice) % DAY_MS);
    char json[160];
    switch (number % 4) {
    case 0:
        snprintf(json, sizeof json, "{\"id\":\"bad%u\",", number);
        break;
    case 1:
        snprintf(json, sizeof json, "{\"id\":\"bad%u\",\"type\":\"case.opened\",\"case\":\"c1\"}",
                 number);
        break;
    case 2:
        snprintf(json, sizeof json, "{\"id\":\"bad%u\",\"type\":\"case.opened\",\"at\":%lld}",
                 number, (long long)(PLAN_BEGIN + at));
        break;
    default:
        snprintf(json, sizeof json,
                 "{\"id\":\"bad%u\",\"type\":\"case.opened\",\"case\":\"c1\",\"at\":%lld}", number,
                 (long long)(PLAN_BEGIN + at + CPI_HOUR));
    }
    uint32_t topic = roll_below(dice, 2);
    put(plan, (struct plan_record){ .at_ms = at,
                                    .topic = topic,
                                    .partition = roll_below(dice, plan->partitions[topic]),
                                    .json = cpi_xstrdup(json),
                                    .refused = true });
}

/* ---- partitions and time ---- */
static void partition_add(struct plan *plan, struct dice *dice)
{
    uint32_t topic = roll_below(dice, 2), partition = plan->partitions[topic];
    int64_t at = (int64_t)(roll(dice) % (DAY_MS / 2)), quiet = at + ADDED_QUIET_MS;
    put(plan, (struct plan_record){ .at_ms = at, .topic = topic, .partition = partition });
    beat(plan, topic, partition, at);
    for (size_t i = 0, n = plan->n_records; i < n; i++) /* some go there instead */
        if (plan->record[i].topic == topic && plan->record[i].at_ms > quiet &&
            !plan->record[i].beat && plan->record[i].delay_ms < IN_TIME_MS && chance(dice, 40))
            plan->record[i].partition = partition;
    beat(plan, topic, partition, END_MS);
}

/* With `hold` somebody must say that time goes on; one topic may stay silent for long. */
static void beats_make(struct plan *plan, struct dice *dice)
{
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t p = 0; p < plan->partitions[t]; p++) {
            bool silent = plan->kind != PLAN_HOLD_LATE || chance(dice, 25);
            plan->silent |= silent;
            beat(plan, t, p, 0);
            for (int64_t at = 0; !silent && at < DAY_MS + 6 * CPI_HOUR;) {
                at += 10 * CPI_MINUTE + roll_below(dice, 50 * 60000);
                beat(plan, t, p, at);
            }
            beat(plan, t, p, END_MS);
        }
}

static int order_records(const void *a, const void *b)
{
    const struct plan_record *l = a, *r = b;
    if (l->at_ms != r->at_ms)
        return l->at_ms < r->at_ms ? -1 : 1;
    return (l->number > r->number) - (l->number < r->number);
}

/* After the end: time in which the last alerts are told for the last time, and all state goes. */
static void end_make(struct plan *plan, const uint32_t *partitions)
{
    for (int i = 1; i <= 20; i++)
        for (uint32_t t = 0; t < 2; t++)
            for (uint32_t p = 0; p < partitions[t]; p++)
                beat(plan, t, p, END_MS + (i < 20 ? i * 40 * CPI_MINUTE : 3 * CPI_DAY));
}

void plan_make(struct plan *plan, uint64_t seed)
{
    struct dice dice = { seed * 7919 + 17 };
    *plan = (struct plan){ .kind = (enum plan_kind)roll_below(&dice, PLAN_KINDS),
                           .partitions = { 1 + roll_below(&dice, 3), 1 + roll_below(&dice, 2) },
                           .tasks = 1 + roll_below(&dice, 3),
                           .refresh = chance(&dice, 50) };
    unsigned cases = 4 + roll_below(&dice, 14), refused = roll_below(&dice, 8);
    for (unsigned c = 0; c < cases; c++)
        case_make(plan, &dice, c, 1 + cases / 3);
    for (unsigned i = 0; i < refused; i++)
        refused_make(plan, &dice, i);
    uint32_t partitions[2] = { plan->partitions[0], plan->partitions[1] };
    beats_make(plan, &dice);
    if (chance(&dice, 25)) {
        plan->grows = true;
        partition_add(plan, &dice);
        for (size_t i = 0; i < plan->n_records; i++)
            if (!plan->record[i].json)
                partitions[plan->record[i].topic]++;
    }
    end_make(plan, partitions);
    qsort(plan->record, plan->n_records, sizeof *plan->record, order_records);
    while (plan->record[plan->calm_from].at_ms < END_MS + 6 * CPI_HOUR)
        plan->calm_from++;
}

void plan_fini(struct plan *plan)
{
    for (size_t i = 0; i < plan->n_records; i++)
        free(plan->record[i].json);
    free(plan->record);
    free(plan->event);
}
