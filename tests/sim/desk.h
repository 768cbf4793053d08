/* What happens at the desk of desk.conf: cases of customers with everything that makes rules work:
 * events at one instant and on the edges of steps, missing and empty members, long silences,
 * reopened and transferred cases, customers who come back. Drawn from a seed. */
#ifndef SIM_DESK_H
#define SIM_DESK_H

#include "world.h"

#define DESK_BEGIN INT64_C(1774483200000) /* 2026-03-26; summer time begins on the 29th */

struct desk {
    unsigned cases, days; /* in which they are opened */
    unsigned duplicates_percent;
    bool long_silences; /* beyond keep.journeys */
    bool ties;          /* several events of a case at one ms */
};

struct desk_event {
    int64_t at, number;
    unsigned case_number, customer;
    const char *type;
};

static inline const char *desk_type_(struct dice *dice)
{
    static const char *const types[] = {
        "case.assigned", "case.assigned",   "contact.ended",   "contact.ended",
        "contact.ended", "case.resolved",   "case.resolved",   "case.resolved",
        "case.reopened", "survey.answered", "quote.requested", "quote.issued",
        "quote.issued",  "quote.accepted",  "quote.rejected",  "case.opened",
    };
    return types[roll_below(dice, sizeof types / sizeof *types)];
}

static inline int64_t desk_gap_(struct dice *dice, const struct desk *desk)
{
    unsigned kind = roll_below(dice, 100);
    if (desk->ties && kind < 8)
        return 0;
    if (kind < 50)
        return 1 + roll_below(dice, 40 * 60 * 1000);
    if (kind < 85)
        return 1 + roll_below(dice, 8 * 3600 * 1000);
    if (desk->long_silences && kind < 88)
        return 6 * CPI_DAY + roll_below(dice, 3600 * 1000) - roll_below(dice, 2) * CPI_HOUR;
    return 1 + roll_below(dice, 30 * 3600 * 1000);
}

static inline void desk_member_(struct cpi_buf *buf, const char *name, const char *format,
                                unsigned value)
{
    cpi_buf_add_format(buf, ",\"%s\":", name);
    cpi_buf_add_format(buf, format, value);
}

static inline char *desk_json_(struct dice *dice, const struct desk_event *ev)
{
    static const char *const teams[] = { "phone", "mail", "field", "phone" };
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_buf_add_format(&buf, "{\"id\":\"e%lld\",\"seq\":%lld,\"at\":%lld,\"type\":\"%s\"",
                       (long long)ev->number, (long long)ev->number, (long long)ev->at, ev->type);
    if (strcmp(ev->type, "survey.answered") || chance(dice, 50))
        desk_member_(&buf, "case", "\"c%u\"", ev->case_number);
    unsigned rep = chance(dice, 80) ? ev->case_number % 4 : roll_below(dice, 5);
    if (chance(dice, 75)) {
        desk_member_(&buf, "rep", "\"r%u\"", rep);
        if (chance(dice, 70))
            cpi_buf_add_format(&buf, ",\"team\":\"%s\"",
                               chance(dice, 90) ? teams[rep % 4] : teams[roll_below(dice, 4)]);
    } else if (chance(dice, 15)) {
        cpi_buf_add_string(&buf, ",\"rep\":null");
    }
    if (chance(dice, 80))
        desk_member_(&buf, "cust", "\"k%u\"", ev->customer);
    else if (chance(dice, 10))
        cpi_buf_add_string(&buf, ",\"cust\":null");
    if (chance(dice, 60))
        desk_member_(&buf, "ch", "\"ch%u\"", roll_below(dice, 2));
    if (chance(dice, 80))
        desk_member_(&buf, "why", "\"w%u\"", (ev->case_number + roll_below(dice, 5) / 4) % 3);
    if (chance(dice, 70))
        desk_member_(&buf, "talk", "%u", roll_below(dice, 1500));
    if (chance(dice, 70))
        cpi_buf_add_format(&buf, ",\"price\":%s%u.%u", chance(dice, 10) ? "-" : "",
                           roll_below(dice, 500), roll_below(dice, 100));
    static const char *const scores[] = { "good", "good", "bad", "none" };
    if (chance(dice, 80))
        cpi_buf_add_format(&buf, ",\"score\":\"%s\"", scores[roll_below(dice, 4)]);
    cpi_buf_add_byte(&buf, '}');
    char *json = own(cpi_buf_text(&buf));
    cpi_buf_fini(&buf);
    return json;
}

static inline void desk_put_(struct sim_records *records, struct sim_record record)
{
    records->at = cpi_grow(records->at, records->count, &records->cap, sizeof *records->at);
    records->at[records->count++] = record;
}

static inline void desk_case_(struct sim_records *records, const struct desk *desk,
                              struct dice *dice, unsigned number, int64_t *next)
{
    unsigned customer = roll_below(dice, desk->cases / 5 + 2), events = 3 + roll_below(dice, 10);
    int64_t at =
        DESK_BEGIN + CPI_HOUR + (int64_t)(roll(dice) % (uint64_t)((int64_t)desk->days * CPI_DAY));
    for (unsigned i = 0; i < events; i++, at += desk_gap_(dice, desk)) {
        if (chance(dice, 15)) /* onto the edge of a step */
            at += 10 * CPI_MINUTE - at % (10 * CPI_MINUTE);
        struct desk_event ev = { at, (*next)++, number, customer,
                                 i || chance(dice, 5) ? desk_type_(dice) : "case.opened" };
        unsigned source = strncmp(ev.type, "quote", 5) == 0 ||
                                  (strcmp(ev.type, "contact.ended") == 0 && chance(dice, 30))
                              ? 1
                              : 0;
        struct sim_record record = { desk_json_(dice, &ev),  at,       at, source,
                                     roll_below(dice, 1000), ev.number };
        desk_put_(records, record);
        if (chance(dice, desk->duplicates_percent)) {
            record.json = own(cpi_text_of(record.json));
            record.partition = roll_below(dice, 1000);
            desk_put_(records, record);
        }
    }
}

/* A heartbeat in each of `partitions` partitions of both sources. */
static inline void desk_beat(struct sim_records *records, unsigned partitions, int64_t at)
{
    for (unsigned source = 0; source < 2; source++)
        for (unsigned p = 0; p < partitions; p++) {
            char json[64];
            snprintf(json, sizeof json, "{\"at\":%lld,\"type\":\"source.heartbeat\"}",
                     (long long)at);
            desk_put_(records,
                      (struct sim_record){ own(cpi_text_of(json)), at, at, source, p, -1 });
        }
}

static inline void desk_open(struct sim_records *records, const struct desk *desk, uint64_t seed)
{
    struct dice dice = { seed * 7919 + 1 };
    int64_t next = 0;
    *records = (struct sim_records){ NULL, 0, 0 };
    for (unsigned c = 0; c < desk->cases; c++)
        desk_case_(records, desk, &dice, c, &next);
}

/* Each event arrives up to `most_ms` after it happened, if it is late at all. */
static inline void desk_delay(struct sim_records *records, unsigned percent, int64_t most_ms,
                              uint64_t seed)
{
    struct dice dice = { seed };
    for (size_t i = 0; i < records->count; i++) {
        records->at[i].arrival = records->at[i].time;
        if (records->at[i].number >= 0 && chance(&dice, percent))
            records->at[i].arrival += (int64_t)(roll(&dice) % (uint64_t)(most_ms + 1));
    }
}
static inline void desk_scatter(struct sim_records *records, uint64_t seed)
{
    struct dice dice = { seed };
    for (size_t i = 0; i < records->count; i++)
        if (records->at[i].number >= 0)
            records->at[i].partition = roll_below(&dice, 1000);
}

#endif
