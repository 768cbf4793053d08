/* The alert state machine (A1, A2, A4): one state a rule and entity, one step a boundary. Pure:
 * state and what was read go in, a transition comes out. */
#ifndef CPI_ALERT_ALERT_H
#define CPI_ALERT_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/bound.h"
#include "cpi/buf.h"
#include "cpi/model.h"

enum cpi_alert_phase { CPI_ALERT_INACTIVE, CPI_ALERT_PENDING, CPI_ALERT_FIRING };
struct cpi_alert_state {
    enum cpi_alert_phase phase;
    int64_t since;         /* pending or firing: the first breached boundary */
    int64_t cleared_since; /* firing: cleared at every boundary since; CPI_TIME_NONE = not */
    int64_t zero_since;    /* firing: n = 0 at every boundary since; CPI_TIME_NONE = not */
    int64_t began, ended;  /* startsAt and endsAt of the last resolved one */
    uint8_t resends;       /* how often that is still sent */
};
struct cpi_alert_input {
    bool breached, cleared;
    bool enough; /* samples */
    bool empty;  /* n = 0 */
};
enum cpi_alert_move {
    CPI_ALERT_STAYS,
    CPI_ALERT_FIRES,
    CPI_ALERT_RESOLVES,
    CPI_ALERT_RESOLVES_NO_DATA
};

void cpi_alert_init(struct cpi_alert_state *state);
bool cpi_alert_equal(const struct cpi_alert_state *a, const struct cpi_alert_state *b);
bool cpi_alert_is_idle(const struct cpi_alert_state *state); /* nothing to remember */
/* What the rule sees in a reading at b; `value` is of the rule's bound. */
struct cpi_alert_input cpi_alert_judge(const struct cpi_alert *rule,
                                       const struct cpi_indicator *ind,
                                       const struct cpi_reading *reading, struct cpi_value value,
                                       struct cpi_value clear_value, int64_t b);
enum cpi_alert_move cpi_alert_step(const struct cpi_alert *rule, int64_t window_length_ms,
                                   struct cpi_alert_state *state, struct cpi_alert_input input,
                                   int64_t b);
void cpi_alert_encode(const struct cpi_alert_state *state, struct cpi_buf *buf);
bool cpi_alert_decode(struct cpi_alert_state *state, struct cpi_reader *r);

#endif
