/* A made-up company of two weeks and a day, the same for the same seed: a helpdesk with a team on
 * the telephone and one that answers mail, and a sales team that sends quotes.
 *
 * Customers come back, often under another of their names: as a requester of the helpdesk, by
 * telephone number, as an account of the CRM. In the second week, from Monday to Wednesday, the
 * mail team sends wrong answers; on the day that is watched, the telephone system makes every call
 * three times as long from 10:30 to 13:00. */
#ifndef DEMO_STORY_H
#define DEMO_STORY_H

#include <stddef.h>
#include <stdint.h>

#include <cpi/buf.h>

#define STORY_BEGIN INT64_C(1772409600000) /* 2026-03-02T00:00:00Z, a Monday */
#define STORY_LIVE                                                                                 \
    (STORY_BEGIN + INT64_C(1238400000))            /* 8 o'clock of the Monday two weeks later      \
                                                    */
#define STORY_END (STORY_LIVE + INT64_C(36000000)) /* 18 o'clock */

enum story_source { STORY_HELPDESK, STORY_CRM, STORY_SOURCES };
struct story_event {
    int64_t time;
    size_t number; /* of those of one instant the first made comes first */
    enum story_source source;
    char key[16];
    char json[272];
};
struct story {
    struct story_event *event; /* ascending by time */
    size_t count, cap;
    struct cpi_buf people, customers; /* CSV */
    uint64_t seed;
    unsigned n_tickets, n_quotes, n_calls;
};
void story_init(struct story *story, uint64_t seed);
void story_fini(struct story *story);

#endif
