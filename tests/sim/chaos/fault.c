#include "fault.h"

const struct fault_row fault_row[FAULTS] = {
    [FAULT_CRASH] = { "crash", 12 },
    [FAULT_PAUSE] = { "pause", 10 },
    [FAULT_TWIN] = { "twin", 4000 },
    [FAULT_LEAVE] = { "leave", 6 },
    [FAULT_CLOCK_SET] = { "clock_set", 20 },
    [FAULT_REBALANCE] = { "rebalance", 10 },
    [FAULT_AWAY] = { "away", 15 },
    [FAULT_COORDINATOR_AWAY] = { "coordinator_away", 6 },
    [FAULT_COMPACT] = { "compact", 60 },
    [FAULT_CLOCK_JUMP] = { "clock_jump", 100 },
    [FAULT_MESSAGE_LOST] = { "message_lost", 3 },
    [FAULT_ADD_LATE] = { "add_late", 500 },
    [FAULT_OFFSETS_LOST] = { "offsets_lost", 150 },
    [FAULT_OFFSETS_LATE] = { "offsets_late", 150 },
    [FAULT_OFFSETS_KEPT] = { "offsets_kept", 150 },
    [FAULT_OFFSETS_MOVED] = { "offsets_moved", 150 },
    [FAULT_END_LOST] = { "end_lost", 500 },
    [FAULT_END_LATE] = { "end_late", 200 },
    [FAULT_END_UNHEARD] = { "end_unheard", 500 },
    [FAULT_END_FATAL] = { "end_fatal", 200 },
    [FAULT_END_ABORT] = { "end_abort", 200 },
    [FAULT_TIMED_OUT] = { "timed_out", 50 },
    [FAULT_INIT_LATE] = { "init_late", 500 },
    [FAULT_TRIM_LOST] = { "trim_lost", 5000 },
    [FAULT_SEEK_FAILED] = { "seek_failed", 500 },
    [FAULT_RESTORE_CUT] = { "restore_cut", 1000 },
};

void rates_none(struct rates *rates)
{
    *rates = (struct rates){ .pace = { .marker = 10000, .fetch_most = 100 } };
}

void rates_draw(struct rates *rates, struct dice *dice)
{
    static const unsigned yields[] = { 200, 1000, 4000 };
    for (int f = 0; f < FAULTS; f++)
        rates->fault[f] = chance(dice, 40) ? 0 : 1 + roll_below(dice, fault_row[f].most);
    rates->pace = (struct pace){ .yield = yields[roll_below(dice, 3)],
                                 .marker = 300 + roll_below(dice, 9000),
                                 .fetch = roll_below(dice, 6000),
                                 .fetch_most = 1 + roll_below(dice, 60),
                                 .arrive = 1 + roll_below(dice, 600) };
}
