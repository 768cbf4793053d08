#include "demo/day.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpi/alloc.h>
#include <cpi/time.h>

#define MINUTE INT64_C(60000)

const char day_configuration[] =
    "application = \"demo\"; instance = \"demo\"; partitions = 4; zone = \"UTC\";\n"
    "lateness = \"1h\"; keep = { windows = \"2d\"; journeys = \"2d\"; }; facts = false;\n"
    "event-types = [ \"contact.started\" ];\n"
    "sources = ( { name = \"helpdesk\"; topics = [ \"helpdesk.events\" ]; wait = \"1m\";\n"
    "  idle = \"hold\";\n"
    "  common = { id = \"/id\"; time = \"/time | ms\"; case = \"/case\"; customer = "
    "\"/customer\";\n"
    "    rep = \"/rep\"; team = \"/team\";\n"
    "    fields = { topic = \"/topic\"; score = \"/score\"; talk = \"/talk_s | s\"; }; };\n"
    "  rules = ( { type = \"/type\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"15m\"; }; };\n"
    "report = { on = [ \"rep\", \"team\" ]; };\n"
    "indicators = (\n"
    "  { name = \"first_contact_resolution\"; after = \"case.resolved\"; pick = \"first\";\n"
    "    within = \"90m\"; credit = \"case.resolved\"; over = \"hour\"; target = \">= 75 %\";\n"
    "    broken-by = ( { event = \"case.reopened\"; same = \"case\"; },\n"
    "      { event = \"case.opened\"; same = [ \"customer\", \"topic\" ]; other = \"case\"; } ); "
    "},\n"
    "  { name = \"handling_time\"; each = \"contact.ended\"; of = [ \"talk\" ];\n"
    "    show = [ \"p90\", \"p50\" ]; over = \"hour\"; target = \"p90 <= 15m\"; },\n"
    "  { name = \"satisfaction\"; each = \"survey.answered\"; good = \"score = good\";\n"
    "    bad = \"score = bad\"; over = \"hour\"; target = \">= 80 %\"; },\n"
    "  { name = \"solved\"; each = \"case.resolved\"; over = \"hour\"; },\n"
    "  { name = \"backlog\"; open = [ \"case.opened\", \"case.reopened\" ];\n"
    "    until = \"case.resolved\"; show = [ \"count\" ]; every = \"15m\"; }\n"
    ");\n"
    "alerts = (\n"
    "  { name = \"handling-slow\"; indicator = \"handling_time\"; over = \"hour\"; on = \"team\";\n"
    "    when = \"p90 > 20m\"; clear = \"p90 <= 15m\"; sure = \"90 %\"; min-samples = 10;\n"
    "    for = \"15m\"; severity = \"critical\"; }\n"
    ");\n";

/* xorshift64*: the same day on every machine */
static uint64_t draw(struct day *day)
{
    day->seed ^= day->seed >> 12;
    day->seed ^= day->seed << 25;
    day->seed ^= day->seed >> 27;
    return day->seed * UINT64_C(2685821657736338717);
}

static int64_t between(struct day *day, int64_t low, int64_t high)
{
    return low + (int64_t)(draw(day) >> 11) % (high - low + 1);
}

static bool chance(struct day *day, int percent)
{
    return between(day, 0, 99) < percent;
}

struct day_case {
    unsigned number, customer;
    const char *rep, *team, *topic;
};

static void add(struct day *day, const struct day_case *c, int64_t time, const char *type,
                const char *more, ...) __attribute__((format(printf, 5, 6)));
static void add(struct day *day, const struct day_case *c, int64_t time, const char *type,
                const char *more, ...)
{
    if (time >= DAY_END)
        return;
    day->event = cpi_grow(day->event, day->count, &day->cap, sizeof *day->event);
    struct day_event *ev = &day->event[day->count++];
    char extra[64];
    va_list args;
    va_start(args, more);
    vsnprintf(extra, sizeof extra, more, args);
    va_end(args);
    ev->time = time;
    snprintf(ev->id, sizeof ev->id, "T-%u", 1000 + c->number);
    snprintf(ev->json, sizeof ev->json,
             "{\"id\":\"e%zu\",\"time\":%lld,\"type\":\"%s\",\"case\":\"%s\",\"customer\":\"C-%u\","
             "\"rep\":\"%s\",\"team\":\"%s\",\"topic\":\"%s\"%s}",
             day->count, (long long)time, type, ev->id, c->customer, c->rep, c->team, c->topic,
             extra);
}

static void case_make(struct day *day, int64_t time, unsigned customer, const char *topic,
                      int depth)
{
    static const char *const reps[2][3] = { { "anna", "ben", "carla" },
                                            { "dora", "emil", "finn" } };
    bool phone = chance(day, 60);
    struct day_case c = { .number = day->n_cases++, .customer = customer, .topic = topic };
    c.team = phone ? "phone" : "mail";
    c.rep = reps[phone ? 0 : 1][between(day, 0, 2)];
    int64_t hour = (time - DAY_BEGIN) / (60 * MINUTE);
    int64_t talk = between(day, 150, 720) * (phone && hour >= 3 && hour < 5 ? 3 : 1);
    add(day, &c, time, "case.opened", "%s", "");
    add(day, &c, time + 1000, "contact.started", "%s", "");
    int64_t ended = time + 1000 + talk * 1000;
    add(day, &c, ended, "contact.ended", ",\"talk_s\":%lld", (long long)talk);
    int64_t solved = ended + (chance(day, 75) ? 1000 : between(day, 20, 100) * MINUTE);
    add(day, &c, solved, "case.resolved", "%s", "");
    if (chance(day, 30))
        add(day, &c, solved + between(day, 2, 20) * MINUTE, "survey.answered", ",\"score\":\"%s\"",
            chance(day, talk > 900 ? 45 : 88) ? "good" : "bad");
    if (chance(day, 8)) {
        int64_t again = solved + between(day, 5, 80) * MINUTE;
        add(day, &c, again, "case.reopened", "%s", "");
        add(day, &c, again + between(day, 5, 40) * MINUTE, "case.resolved", "%s", "");
    }
    /* the customer comes back with the same matter: to the agent's system a new, unrelated case */
    if (depth < 3 && chance(day, 14))
        case_make(day, solved + between(day, 5, 120) * MINUTE, customer, topic, depth + 1);
}

static int event_order(const void *a, const void *b)
{
    const struct day_event *x = a, *y = b;
    return x->time < y->time ? -1 : x->time > y->time;
}

void day_init(struct day *day, uint64_t seed)
{
    static const char *const topics[] = { "login", "invoice", "delivery", "defect" };
    *day = (struct day){ .seed = seed * 2 + 1 };
    for (int64_t t = DAY_BEGIN; t < DAY_END; t += between(day, 10, 110) * 1000)
        case_make(day, t, (unsigned)between(day, 1, 400), topics[between(day, 0, 3)], 0);
    qsort(day->event, day->count, sizeof *day->event, event_order);
}

void day_fini(struct day *day)
{
    free(day->event);
}
