/* Makes up a helpdesk: events as NDJSON and the people who work there, the same bytes for the same
 * arguments.
 *
 *   bench_gen FOLDER EVENTS [HOURS [REPS [SEED]]]
 *
 * writes FOLDER/events.ndjson (about 500 bytes an event, in the order of arrival, which is up to 30
 * s behind the order of time) and FOLDER/people.csv. A case is opened, has two to five contacts, is
 * resolved, in one of two a survey is answered, in one of twenty it is reopened; few reps take most
 * of the cases (u^3), and customers come back. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>

#define TEAMS 50
#define BEGIN_MS 1772434800000 /* 2026-03-02 07:00 UTC, a Monday */
#define DISORDER_MS 30000
#define CASE_SPREAD_MS (40 * 60000)

enum kind { OPENED, CONTACT, RESOLVED, SURVEY, REOPENED, KINDS };
static const char *const kind_name[KINDS] = { "case.opened", "contact.ended", "case.resolved",
                                              "survey.answered", "case.reopened" };
struct event {
    int64_t time, arrival;
    uint32_t number, case_number, customer;
    uint16_t rep;
    uint8_t kind;
};
struct world {
    uint64_t state;
    uint32_t reps, customers;
    int64_t end_ms;
    struct event *event;
    size_t count, wanted;
};

/* xorshift64*: seeded, the same everywhere. */
static uint32_t draw(struct world *w)
{
    w->state ^= w->state >> 12;
    w->state ^= w->state << 25;
    w->state ^= w->state >> 27;
    return (uint32_t)(w->state * UINT64_C(2685821657736338717) >> 32);
}

static uint32_t below(struct world *w, uint32_t limit)
{
    return (uint32_t)((uint64_t)draw(w) * limit >> 32);
}

static bool chance(struct world *w, uint32_t percent)
{
    return below(w, 100) < percent;
}

static uint16_t draw_rep(struct world *w)
{
    double u = draw(w) / 4294967296.0;
    return (uint16_t)(u * u * u * w->reps);
}

static void add(struct world *w, uint32_t case_number, uint32_t customer, uint16_t rep,
                int64_t time, enum kind kind)
{
    if (time < BEGIN_MS || time >= w->end_ms || w->count == w->wanted)
        return;
    w->event[w->count] = (struct event){ .time = time,
                                         .arrival = time + below(w, DISORDER_MS + 1),
                                         .number = (uint32_t)w->count,
                                         .case_number = case_number,
                                         .customer = customer,
                                         .rep = rep,
                                         .kind = (uint8_t)kind };
    w->count++;
}

static int64_t pause(struct world *w, int64_t mean_ms)
{
    return 1 + (int64_t)below(w, (uint32_t)mean_ms) + (int64_t)below(w, (uint32_t)mean_ms);
}

static int64_t add_contacts(struct world *w, uint32_t number, uint32_t customer, uint16_t *rep,
                            int64_t time, uint32_t count)
{
    while (count--) {
        time += pause(w, 4 * 60000);
        add(w, number, customer, *rep, time, CONTACT);
        if (chance(w, 3))
            *rep = draw_rep(w); /* transferred */
    }
    time += pause(w, 4 * 60000);
    add(w, number, customer, *rep, time, RESOLVED);
    return time;
}

static void add_case(struct world *w, uint32_t number)
{
    int64_t from = BEGIN_MS - CASE_SPREAD_MS;
    int64_t time = from + (int64_t)((double)draw(w) / 4294967296.0 * (double)(w->end_ms - from));
    uint32_t customer = below(w, w->customers);
    uint16_t rep = draw_rep(w);
    add(w, number, customer, rep, time, OPENED);
    time = add_contacts(w, number, customer, &rep, time, 2 + below(w, 4));
    if (chance(w, 50))
        add(w, number, customer, rep, time + pause(w, 10 * 60000), SURVEY);
    if (chance(w, 5)) {
        time += pause(w, 15 * 60000);
        add(w, number, customer, rep, time, REOPENED);
        add_contacts(w, number, customer, &rep, time, 1);
    }
}

static int by_arrival(const void *a, const void *b)
{
    const struct event *l = a, *r = b;
    if (l->arrival != r->arrival)
        return l->arrival < r->arrival ? -1 : 1;
    return (l->number > r->number) - (l->number < r->number);
}

static void write_note(struct world *w, FILE *out)
{
    static const char *const phrase[] = {
        "customer asks about the last invoice", "Kunde wartet auf die Gutschrift",
        "R\\u00fcckruf bis 16 Uhr zugesagt",    "router restarted, signal is back",
        "sent the form again by mail",          "Lieferung versp\xc3\xa4tet, neuer Termin",
        "asked for the serial number",          "no answer, tried twice",
        "explained the new tariff in detail",   "wants to speak to a supervisor",
    };
    for (uint32_t i = 0, count = 1 + below(w, 3); i < count; i++)
        fprintf(out, "%s%s", i ? "; " : "", phrase[below(w, 10)]);
}

static void write_event(struct world *w, FILE *out, const struct event *ev)
{
    static const char *const channel[] = { "phone", "mail", "chat", "web" };
    static const char *const priority[] = { "low", "normal", "high", "urgent" };
    static const char *const topic[] = { "billing", "delivery", "contract", "outage", "advice" };
    uint32_t score = 1 + below(w, 5);
    fprintf(out, "{\"id\":\"%08" PRIx32 "-%04x-4%03x-8%03x-%012" PRIx32 "\",", ev->number,
            below(w, 65536), below(w, 4096), below(w, 4096), ev->case_number);
    fprintf(out, "\"type\":\"%s\",\"source\":\"/helpdesk/eu-%u\",\"ts\":%" PRId64 ",",
            kind_name[ev->kind], 1 + ev->case_number % 3, ev->time);
    fprintf(out, "\"case\":\"CS-%08" PRIu32 "\",\"customer\":\"cu-%07" PRIu32 "\",",
            ev->case_number, ev->customer);
    fprintf(out, "\"rep\":\"rep-%06u\",\"team\":\"team-%02u\",\"channel\":\"%s\",", ev->rep,
            ev->rep % TEAMS, channel[ev->case_number % 4]);
    fprintf(out, "\"handle_ms\":%u,\"value_added\":%s,",
            20000 + below(w, 300000) + below(w, 300000), chance(w, 40) ? "true" : "false");
    if (ev->kind == SURVEY || chance(w, 25))
        fprintf(out, "\"csat\":%u,", score);
    else
        fputs("\"csat\":null,", out);
    fprintf(out, "\"priority\":\"%s\",\"tags\":[\"%s\",\"%s\",\"q%u\"],", priority[below(w, 4)],
            topic[below(w, 5)], topic[below(w, 5)], 1 + below(w, 4));
    fprintf(out, "\"sla\":{\"target_ms\":%u,\"breached\":%s},", 900000 * (1 + below(w, 8)),
            chance(w, 10) ? "true" : "false");
    fputs("\"note\":\"", out);
    write_note(w, out);
    fprintf(out, "\",\"via\":{\"queue\":\"%s-%u\",\"device\":{\"os\":\"%s\",\"ms\":%u.%03u}}}\n",
            topic[below(w, 5)], below(w, 20), chance(w, 50) ? "android" : "ios", below(w, 900),
            below(w, 1000));
}

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    if (!out)
        fprintf(stderr, "bench_gen: %s: %s\n", path, strerror(errno));
    return out;
}

static int finish(FILE *out)
{
    bool failed = ferror(out);
    if (fclose(out) || failed) {
        fprintf(stderr, "bench_gen: could not write all of it: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

static int write_people(const struct world *w, const char *folder)
{
    FILE *out = create(folder, "people.csv");
    if (!out)
        return 1;
    fputs("rep,team,from,until,also\n", out);
    for (uint32_t rep = 0; rep < w->reps; rep++)
        fprintf(out, "rep-%06u,team-%02u,,,helpdesk:rep-%06u\n", rep, rep % TEAMS, rep);
    return finish(out);
}

static int write_events(struct world *w, const char *folder)
{
    FILE *out = create(folder, "events.ndjson");
    if (!out)
        return 1;
    for (size_t i = 0; i < w->count; i++)
        write_event(w, out, &w->event[i]);
    long bytes = ftell(out);
    printf("%zu events, %.0f bytes on average, %.2f h\n", w->count,
           (double)bytes / (double)w->count, (double)(w->end_ms - BEGIN_MS) / 3600e3);
    return finish(out);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: bench_gen FOLDER EVENTS [HOURS [REPS [SEED]]]\n", stderr);
        return 64;
    }
    struct world w = { .wanted = strtoul(argv[2], NULL, 10) };
    double hours = argc > 3 ? strtod(argv[3], NULL) : 8;
    w.reps = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 1000;
    w.state = UINT64_C(0x9E3779B97F4A7C15) ^ (argc > 5 ? strtoul(argv[5], NULL, 10) : 1);
    w.end_ms = BEGIN_MS + (int64_t)(hours * 3600e3);
    w.customers = (uint32_t)(w.wanted / 20 + 1);
    if (!w.wanted || w.wanted > UINT32_MAX || hours <= 0 || !w.reps || w.reps > 65535) {
        fputs("bench_gen: at least one event, some time, and 1 to 65535 reps are wanted\n", stderr);
        return 64;
    }
    w.event = cpi_xcalloc(w.wanted, sizeof *w.event);
    for (uint32_t number = 0; w.count < w.wanted; number++)
        add_case(&w, number);
    qsort(w.event, w.count, sizeof *w.event, by_arrival);
    int failed = write_people(&w, argv[1]) || write_events(&w, argv[1]);
    free(w.event);
    return failed;
}
