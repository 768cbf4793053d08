/* Records of cpid's own topics, taken apart for showing. */
#ifndef DEMO_OUTPUT_H
#define DEMO_OUTPUT_H

#include <stdbool.h>

#include <cpi/text.h>

struct output_update {
    char indicator[32], kind[16], id[32], end[32];
    char value[32], unit[16], target[24]; /* as written; target: ">= 0.75", "" = none */
    char n[16], pending[16], delta[32];
    char met; /* 't', 'f', 0 = no target, or nothing to judge */
};
/* False for a tombstone. */
bool output_update_read(struct cpi_text json, struct output_update *ret);

struct output_alert {
    char name[32], entity[32], status[16], starts[32], ends[32], value[32], n[16];
};
bool output_alert_read(struct cpi_text json, struct output_alert *ret);

/* "74.2 %", "12.5 min", "31.0 h", "17"; "-" for none. A duration is shown in the larger unit from
 * two hours on. */
void output_value_text(const char *value, const char *unit, char *ret, size_t bytes);

#endif
