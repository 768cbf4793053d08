/* A2, A4: the rows of the alert state machine. Letters say what the rule sees at each boundary:
 * B breached, . not breached and cleared, h neither (between the two bounds), f too few samples,
 * 0 empty. A row below shows the move: - stays, F fires, R resolves, N resolves with no_data. */
#include "alert/alert.h"

#include "check.h"

static struct cpi_alert_input input_of(char c)
{
    return (struct cpi_alert_input){
        .breached = c == 'B', .cleared = c == '.', .enough = c != 'f' && c != '0', .empty = c == '0'
    };
}

/* Boundaries are an hour apart, the window is three hours long. Every state goes through bytes. */
static void check_row(struct cpi_alert rule, const char *seen, const char *want)
{
    struct cpi_alert_state state, back;
    char got[64] = "";
    cpi_alert_init(&state);
    for (size_t i = 0; seen[i]; i++) {
        struct cpi_buf bytes;
        cpi_buf_init(&bytes);
        got[i] = "-FRN"[cpi_alert_step(&rule, 3 * CPI_HOUR, &state, input_of(seen[i]),
                                       (int64_t)i * CPI_HOUR)];
        cpi_alert_encode(&state, &bytes);
        struct cpi_reader r = cpi_reader_of(bytes.at, bytes.len);
        CHECK(cpi_alert_decode(&back, &r));
        state = back;
        cpi_buf_fini(&bytes);
    }
    CHECK_STR(got, want);
    if (strcmp(got, want))
        printf("for %s\n", seen);
}

int main(void)
{
    const struct cpi_alert plain = { .for_ms = 0 }, patient = { .for_ms = 2 * CPI_HOUR },
                           holding = { .keep_firing_ms = 2 * CPI_HOUR },
                           silent = { .no_data_ms = CPI_HOUR };
    TEST ("A2 without `for` a breach fires at once, and is resolved at the first clear boundary") {
        check_row(plain, "..BB..B.", "--F-R-FR");
    }
    TEST ("A2 `for`: fires at the boundary that lies so far behind the first breach") {
        check_row(patient, "BBB.", "--FR");
        check_row(patient, "BB.BBBB", "-----F-");
    }
    TEST ("A2 a boundary without breach while pending starts anew, also with too few samples") {
        check_row(patient, "BBfBBB", "-----F");
        check_row(patient, "BBhBB", "-----");
    }
    TEST ("A2 between the bounds a firing alert stays") {
        check_row(plain, "Bhhh.", "F---R");
    }
    TEST ("A2 too few samples leave a firing alert firing") {
        check_row(plain, "Bfff.", "F---R");
    }
    TEST ("A2 keep-firing-for: cleared all that time") {
        check_row(holding, "B..B...", "F-----R");
        check_row(holding, "B.h...", "F----R");
    }
    TEST ("A2 a window that stays empty for its length resolves with no_data") {
        check_row(plain, "B0000", "F---N");
        check_row(plain, "B00B000", "F------");
    }
    TEST ("A4 a no-data alert does not end because there are no data") {
        check_row(silent, "B00000.", "F-----R");
    }
    TEST ("A5 a resolved alert is told three times: once and two more") {
        struct cpi_alert_state state;
        cpi_alert_init(&state);
        CHECK(cpi_alert_is_idle(&state));
        cpi_alert_step(&plain, CPI_HOUR, &state, input_of('B'), 0);
        cpi_alert_step(&plain, CPI_HOUR, &state, input_of('.'), CPI_HOUR);
        CHECK_INT(state.resends, 2);
        CHECK_INT(state.ended, CPI_HOUR);
        CHECK(!cpi_alert_is_idle(&state));
    }
    TEST ("A5 what is told again of a resolved alert is not that the next one is pending") {
        struct cpi_alert_state state;
        cpi_alert_init(&state);
        cpi_alert_step(&plain, CPI_HOUR, &state, input_of('B'), 0);
        cpi_alert_step(&plain, CPI_HOUR, &state, input_of('.'), CPI_HOUR);
        cpi_alert_step(&patient, CPI_HOUR, &state, input_of('B'), 2 * CPI_HOUR);
        CHECK_INT(state.phase, CPI_ALERT_PENDING);
        CHECK_INT(state.resends, 2);
        CHECK_INT(state.began, 0);
        CHECK_INT(state.ended, CPI_HOUR);
    }
    return check_done();
}
