#include "fault.h"

const char *const fault_name[FAULTS] = {
    "crash",        "pause",        "twin",          "leave",
    "clock_set",    "rebalance",    "away",          "coordinator_away",
    "compact",      "clock_jump",   "message_lost",  "add_late",
    "offsets_lost", "offsets_late", "offsets_moved", "end_lost",
    "end_late",     "end_unheard",  "end_fatal",     "end_abort",
    "timed_out",    "init_late",    "trim_lost",     "seek_failed",
    "restore_cut",
};

static const unsigned most[FAULTS] = {
    [FAULT_CRASH] = 12,         [FAULT_PAUSE] = 10,           [FAULT_TWIN] = 4000,
    [FAULT_LEAVE] = 6,          [FAULT_CLOCK_SET] = 20,       [FAULT_REBALANCE] = 10,
    [FAULT_AWAY] = 15,          [FAULT_COORDINATOR_AWAY] = 6, [FAULT_COMPACT] = 60,
    [FAULT_CLOCK_JUMP] = 100,   [FAULT_MESSAGE_LOST] = 3,     [FAULT_ADD_LATE] = 500,
    [FAULT_OFFSETS_LOST] = 150, [FAULT_OFFSETS_LATE] = 150,   [FAULT_OFFSETS_MOVED] = 150,
    [FAULT_END_LOST] = 500,     [FAULT_END_LATE] = 200,       [FAULT_END_UNHEARD] = 500,
    [FAULT_END_FATAL] = 200,    [FAULT_END_ABORT] = 200,      [FAULT_TIMED_OUT] = 50,
    [FAULT_INIT_LATE] = 500,    [FAULT_TRIM_LOST] = 5000,     [FAULT_SEEK_FAILED] = 500,
    [FAULT_RESTORE_CUT] = 1000,
};

void rates_none(struct rates *rates)
{
    *rates = (struct rates){ .pace = { .marker = 10000, .fetch_most = 100 } };
}

void rates_draw(struct rates *rates, struct dice *dice)
{
    static const unsigned yields[] = { 200, 1000, 4000 };
    for (int f = 0; f < FAULTS; f++)
        rates->fault[f] = chance(dice, 40) ? 0 : 1 + roll_below(dice, most[f]);
    rates->pace = (struct pace){ .yield = yields[roll_below(dice, 3)],
                                 .marker = 300 + roll_below(dice, 9000),
                                 .fetch = roll_below(dice, 6000),
                                 .fetch_most = 1 + roll_below(dice, 60),
                                 .arrive = 1 + roll_below(dice, 600) };
}
