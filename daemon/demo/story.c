#include "demo/story.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cpi/alloc.h>
#include <cpi/time.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define CUSTOMERS 1500
#define REASONS 4

struct person {
    const char *rep, *team, *mail;
    unsigned number; /* in the helpdesk */
};
static const struct person persons[] = {
    { "anna", "phone", "anna@acme.example", 101 },   { "ben", "phone", "ben@acme.example", 102 },
    { "carla", "phone", "carla@acme.example", 103 }, { "dora", "mail", "dora@acme.example", 104 },
    { "emil", "mail", "emil@acme.example", 105 },    { "finn", "mail", "finn@acme.example", 106 },
    { "gina", "north", "gina@acme.example", 107 },   { "hugo", "north", "hugo@acme.example", 108 },
};
#define PERSONS (sizeof persons / sizeof *persons)
enum { PHONE, MAIL, NORTH }; /* where the three, three and two of a team begin, by threes */

/* xorshift64*: the same story on every machine */
static uint64_t draw(struct story *story)
{
    story->seed ^= story->seed >> 12;
    story->seed ^= story->seed << 25;
    story->seed ^= story->seed >> 27;
    return story->seed * UINT64_C(2685821657736338717);
}

static int64_t between(struct story *story, int64_t low, int64_t high)
{
    return low + (int64_t)(draw(story) >> 11) % (high - low + 1);
}

static bool chance(struct story *story, int percent)
{
    return between(story, 0, 99) < percent;
}

static int64_t day_of(int64_t time)
{
    return (time - STORY_BEGIN) / DAY;
}

static bool mail_is_wrong(int64_t time)
{
    return day_of(time) >= 7 && day_of(time) <= 9;
}

static bool phone_is_slow(int64_t time)
{
    return time >= STORY_LIVE + 150 * MINUTE && time < STORY_LIVE + 300 * MINUTE;
}

static void add(struct story *story, enum story_source source, const char *key, int64_t time,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
/* "{"id":...,"time":..." and what the format says. */
static void add(struct story *story, enum story_source source, const char *key, int64_t time,
                const char *format, ...)
{
    if (time >= STORY_END)
        return;
    story->event = cpi_grow(story->event, story->count, &story->cap, sizeof *story->event);
    struct story_event *ev = &story->event[story->count++];
    struct cpi_buf when;
    char rest[200];
    va_list args;
    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    cpi_buf_init(&when);
    cpi_time_format(&when, time);
    *ev = (struct story_event){ .time = time, .number = story->count, .source = source };
    snprintf(ev->key, sizeof ev->key, "%s", key);
    snprintf(ev->json, sizeof ev->json, "{\"id\":\"%c%zu\",\"%s\":\"%.*s\",%s}",
             source == STORY_HELPDESK ? 'h' : 'c', story->count,
             source == STORY_HELPDESK ? "time" : "at", CPI_TEXT_ARG(cpi_buf_text(&when)), rest);
    cpi_buf_fini(&when);
}

/* ---- the helpdesk ---- */

struct ticket {
    const struct person *agent;
    unsigned customer, reason;
    char key[16], requester[24];
};

static void ticket_add(struct story *story, const struct ticket *t, int64_t time, const char *event,
                       const char *more)
{
    static const char *const reasons[REASONS] = { "login", "invoice", "delivery", "defect" };
    add(story, STORY_HELPDESK, t->key, time,
        "\"event\":\"%s\",\"ticket\":{\"id\":\"%s\",\"requester\":\"%s\",\"agent\":\"%u\","
        "\"reason\":\"%s\"}%s",
        event, t->key, t->requester, t->agent->number, reasons[t->reason], more);
}

static void ticket_survey(struct story *story, const struct ticket *t, int64_t time, bool well)
{
    ticket_add(story, t, time, "survey.returned",
               chance(story, well ? 88 : 45) ? ",\"survey\":{\"score\":\"good\"}"
                                             : ",\"survey\":{\"score\":\"bad\"}");
}

/* One matter of a customer, and the tickets it makes when it comes back. */
static void matter(struct story *story, int64_t time, int team, unsigned customer, unsigned reason,
                   int depth)
{
    struct ticket t = { .agent = &persons[team * 3 + between(story, 0, 2)],
                        .customer = customer,
                        .reason = reason };
    bool wrong = team == MAIL && mail_is_wrong(time), slow = team == PHONE && phone_is_slow(time);
    int64_t talk = between(story, 150, 720) * (slow ? 3 : 1);
    int64_t ended = time + (1 + talk) * SECOND;
    int64_t solved = ended + (chance(story, 75) ? SECOND : between(story, 20, 300) * MINUTE);
    char more[40];
    snprintf(t.key, sizeof t.key, "T-%u", 1000 + story->n_tickets++);
    /* who calls is known by a number, who writes by a requester's id */
    snprintf(t.requester, sizeof t.requester, team == PHONE ? "+493020%04u" : "5%04u", customer);
    ticket_add(story, &t, time, "ticket.created", "");
    snprintf(more, sizeof more, ",\"talk_s\":%lld", (long long)talk);
    ticket_add(story, &t, ended, "contact.finished", more);
    ticket_add(story, &t, solved, "ticket.solved", "");
    if (chance(story, 30))
        ticket_survey(story, &t, solved + between(story, 2, 600) * MINUTE, !wrong && !slow);
    if (chance(story, 6)) {
        int64_t again = solved + between(story, 1, 30) * HOUR;
        ticket_add(story, &t, again, "ticket.reopened", "");
        ticket_add(story, &t, again + between(story, 5, 90) * MINUTE, "ticket.solved", "");
    }
    if (depth < 3 && chance(story, wrong ? 55 : 12))
        matter(story, solved + between(story, 1, 30) * HOUR, chance(story, 50) ? PHONE : MAIL,
               customer, reason, depth + 1);
}

static void helpdesk_day(struct story *story, int64_t midnight)
{
    bool weekend = day_of(midnight) % 7 > 4;
    int64_t begin = midnight + 8 * HOUR, end = midnight + 18 * HOUR;
    for (int64_t t = begin; t < end; t += between(story, 10, 290) * SECOND * (weekend ? 8 : 1))
        matter(story, t, weekend || chance(story, 40) ? MAIL : PHONE,
               (unsigned)between(story, 1, CUSTOMERS), (unsigned)between(story, 0, REASONS - 1), 0);
}

/* ---- the CRM ---- */

static void quote(struct story *story, int64_t time)
{
    const struct person *owner = &persons[NORTH * 3 + between(story, 0, 1)];
    unsigned account = (unsigned)between(story, 1, CUSTOMERS);
    char key[16], rest[160];
    snprintf(key, sizeof key, "Q-%u", ++story->n_quotes);
    snprintf(rest, sizeof rest, "\"object\":\"%s\",\"account\":\"ACC-%u\",\"owner\":\"%s\"", key,
             account, owner->mail);
    add(story, STORY_CRM, key, time, "\"kind\":\"quote.asked\",%s", rest);
    do {
        time += between(story, 2, 30) * HOUR;
        add(story, STORY_CRM, key, time, "\"kind\":\"quote.sent\",%s", rest);
    } while (chance(story, 45)); /* revised */
    time += between(story, 10, 70) * HOUR;
    add(story, STORY_CRM, key, time, "\"kind\":\"quote.%s\",%s", chance(story, 55) ? "won" : "lost",
        rest);
}

static void call(struct story *story, int64_t time)
{
    const struct person *owner = &persons[NORTH * 3 + between(story, 0, 1)];
    bool useful = chance(story, owner->number == 107 ? 72 : 55);
    char key[16];
    snprintf(key, sizeof key, "K-%u", ++story->n_calls);
    add(story, STORY_CRM, key, time,
        "\"kind\":\"call.completed\",\"object\":\"%s\",\"account\":\"ACC-%u\",\"owner\":\"%s\","
        "\"call\":{\"duration_s\":%u,\"customer_said_useful\":%s}",
        key, (unsigned)between(story, 1, CUSTOMERS), owner->mail,
        (unsigned)between(story, 15, 1500), useful ? "true" : "false");
}

static void crm_day(struct story *story, int64_t midnight)
{
    if (day_of(midnight) % 7 > 4)
        return;
    for (int64_t t = midnight + 8 * HOUR; t < midnight + 18 * HOUR;
         t += between(story, 3, 20) * MINUTE)
        chance(story, 25) ? quote(story, t) : call(story, t);
}

/* ---- who is who ---- */

static void names_add(struct story *story)
{
    cpi_buf_add_string(&story->people, "rep,team,also\n");
    for (size_t i = 0; i < PERSONS; i++)
        cpi_buf_add_format(&story->people, "%s,%s,helpdesk:%u crm:%s\n", persons[i].rep,
                           persons[i].team, persons[i].number, persons[i].mail);
    cpi_buf_add_string(&story->customers, "customer,also\n");
    for (unsigned i = 1; i <= CUSTOMERS; i++)
        cpi_buf_add_format(&story->customers,
                           "K%04u,helpdesk:5%04u helpdesk:+493020%04u crm:ACC-%u\n", i, i, i, i);
}

static int event_order(const void *a, const void *b)
{
    const struct story_event *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

void story_init(struct story *story, uint64_t seed)
{
    *story = (struct story){ .seed = seed * 2 + 1 };
    cpi_buf_init(&story->people);
    cpi_buf_init(&story->customers);
    names_add(story);
    for (int i = 0; i < 8; i++)
        draw(story); /* small seeds begin alike */
    for (int64_t midnight = STORY_BEGIN; midnight < STORY_END; midnight += DAY) {
        helpdesk_day(story, midnight);
        crm_day(story, midnight);
    }
    qsort(story->event, story->count, sizeof *story->event, event_order);
}

void story_fini(struct story *story)
{
    free(story->event);
    cpi_buf_fini(&story->people);
    cpi_buf_fini(&story->customers);
}
