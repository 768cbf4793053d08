#include "alert/alert.h"

void cpi_alert_init(struct cpi_alert_state *state)
{
    *state = (struct cpi_alert_state){ CPI_ALERT_INACTIVE,
                                       CPI_TIME_NONE,
                                       CPI_TIME_NONE,
                                       CPI_TIME_NONE,
                                       CPI_TIME_NONE,
                                       CPI_TIME_NONE,
                                       0 };
}

bool cpi_alert_equal(const struct cpi_alert_state *a, const struct cpi_alert_state *b)
{
    return a->phase == b->phase && a->since == b->since && a->cleared_since == b->cleared_since &&
           a->zero_since == b->zero_since && a->began == b->began && a->ended == b->ended &&
           a->resends == b->resends;
}

bool cpi_alert_is_idle(const struct cpi_alert_state *state)
{
    return state->phase == CPI_ALERT_INACTIVE && !state->resends;
}

struct cpi_alert_input cpi_alert_judge(const struct cpi_alert *rule,
                                       const struct cpi_indicator *ind,
                                       const struct cpi_reading *reading, struct cpi_value value,
                                       struct cpi_value clear_value, int64_t b)
{
    struct cpi_alert_input input = { .enough =
                                         reading->n > 0 || rule->when.show.stat == CPI_STAT_COUNT,
                                     .empty = reading->n <= 0 };
    if (rule->min_samples && (reading->n < 0 || (uint64_t)reading->n < rule->min_samples))
        input.enough = false;
    input.breached =
        input.enough && cpi_bound_holds(&rule->when, value) &&
        (!rule->sure || cpi_bound_sure(&rule->when, ind, reading, b, rule->z2_num, rule->z2_den));
    input.cleared = rule->clear.set ? cpi_bound_holds(&rule->clear, clear_value) : !input.breached;
    return input;
}

static enum cpi_alert_move resolve(struct cpi_alert_state *state, int64_t b,
                                   enum cpi_alert_move how)
{
    state->phase = CPI_ALERT_INACTIVE;
    state->began = state->since;
    state->ended = b;
    state->resends = 2; /* three times altogether (A5) */
    return how;
}

static enum cpi_alert_move step_firing(const struct cpi_alert *rule, int64_t window_length_ms,
                                       struct cpi_alert_state *state, struct cpi_alert_input input,
                                       int64_t b)
{
    if (!input.empty || rule->no_data_ms)
        state->zero_since = CPI_TIME_NONE;
    else if (state->zero_since == CPI_TIME_NONE)
        state->zero_since = b;
    if (state->zero_since != CPI_TIME_NONE && window_length_ms &&
        b - state->zero_since >= window_length_ms)
        return resolve(state, b, CPI_ALERT_RESOLVES_NO_DATA);
    if (!input.enough)
        return CPI_ALERT_STAYS;
    if (!input.cleared) {
        state->cleared_since = CPI_TIME_NONE;
        return CPI_ALERT_STAYS;
    }
    if (state->cleared_since == CPI_TIME_NONE)
        state->cleared_since = b;
    if (b - state->cleared_since < rule->keep_firing_ms)
        return CPI_ALERT_STAYS;
    return resolve(state, b, CPI_ALERT_RESOLVES);
}

enum cpi_alert_move cpi_alert_step(const struct cpi_alert *rule, int64_t window_length_ms,
                                   struct cpi_alert_state *state, struct cpi_alert_input input,
                                   int64_t b)
{
    if (state->phase == CPI_ALERT_FIRING)
        return step_firing(rule, window_length_ms, state, input, b);
    if (!input.breached) { /* also: too few samples (A2) */
        state->phase = CPI_ALERT_INACTIVE;
        return CPI_ALERT_STAYS;
    }
    if (state->phase == CPI_ALERT_INACTIVE) {
        state->phase = CPI_ALERT_PENDING;
        state->since = b;
    }
    if (b - state->since < rule->for_ms)
        return CPI_ALERT_STAYS;
    state->phase = CPI_ALERT_FIRING;
    state->cleared_since = state->zero_since = CPI_TIME_NONE;
    state->resends = 0;
    return CPI_ALERT_FIRES;
}

void cpi_alert_encode(const struct cpi_alert_state *state, struct cpi_buf *buf)
{
    cpi_buf_add_byte(buf, (uint8_t)state->phase);
    cpi_buf_put_int(buf, state->since);
    cpi_buf_put_int(buf, state->cleared_since);
    cpi_buf_put_int(buf, state->zero_since);
    cpi_buf_put_int(buf, state->began);
    cpi_buf_put_int(buf, state->ended);
    cpi_buf_add_byte(buf, state->resends);
}

bool cpi_alert_decode(struct cpi_alert_state *state, struct cpi_reader *r)
{
    uint8_t phase = cpi_read_byte(r);
    state->phase = (enum cpi_alert_phase)phase;
    state->since = cpi_read_int(r);
    state->cleared_since = cpi_read_int(r);
    state->zero_since = cpi_read_int(r);
    state->began = cpi_read_int(r);
    state->ended = cpi_read_int(r);
    state->resends = cpi_read_byte(r);
    return !r->bad && phase <= CPI_ALERT_FIRING &&
           (cpi_time_fits(state->since) ||
            (state->since == CPI_TIME_NONE && phase == CPI_ALERT_INACTIVE)) &&
           cpi_time_fits_or(state->cleared_since, CPI_TIME_NONE) &&
           cpi_time_fits_or(state->zero_since, CPI_TIME_NONE) &&
           cpi_time_fits_or(state->began, CPI_TIME_NONE) &&
           (cpi_time_fits(state->ended) || (state->ended == CPI_TIME_NONE && !state->resends));
}
