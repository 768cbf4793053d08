/* A made-up day at a helpdesk, the same for the same seed: 8 to 18 o'clock, two teams, and from 11
 * to 13 a telephone system that makes every call three times as long. */
#ifndef DEMO_DAY_H
#define DEMO_DAY_H

#include <stddef.h>
#include <stdint.h>

#define DAY_BEGIN INT64_C(1772438400000) /* 2026-03-02T08:00:00Z, a Monday */
#define DAY_END (DAY_BEGIN + 10 * INT64_C(3600000))

struct day_event {
    int64_t time;
    char id[24]; /* of the case: the record's key */
    char json[384];
};
struct day {
    struct day_event *event; /* ascending by time */
    size_t count, cap;
    uint64_t seed;
    unsigned n_cases;
};
void day_init(struct day *day, uint64_t seed);
void day_fini(struct day *day);

/* The configuration that measures it. */
extern const char day_configuration[];

#endif
