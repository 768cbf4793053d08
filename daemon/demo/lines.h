/* Updates and alerts as lines that a person can read. */
#ifndef DEMO_LINES_H
#define DEMO_LINES_H

#include <stddef.h>

#include <cpi/text.h>

struct demo_counts {
    unsigned updates, alerts, refreshes;
    char last_alert[256]; /* what was said last: a refresh says the same again */
};
void demo_intro(size_t n_events, int seconds);
void demo_update(struct cpi_text json, struct demo_counts *counts);
void demo_alert(struct cpi_text json, struct demo_counts *counts);

#endif
