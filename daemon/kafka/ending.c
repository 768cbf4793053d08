#include "kafka/ending.h"

#define ABORT_MAX_MS 10000 /* a new producer is quicker than a long abort */

typedef struct ending_answer (*ending_call)(void *ctx);

/* Calls again for as long as it is in progress; max_ms 0 = without end, since the broker's own
 * timeout of the transaction turns it into an error. True if told to stop. */
static bool call_until(const struct ending_calls *calls, void *ctx, ending_call call,
                       int64_t max_ms, struct ending_answer *ret)
{
    int64_t began = calls->now_ms(ctx);
    for (;;) {
        *ret = call(ctx);
        if (ret->verdict != VERDICT_RETRY || (max_ms > 0 && calls->now_ms(ctx) - began > max_ms))
            return false;
        if (!calls->wait(ctx, ret->why))
            return true;
    }
}

static enum port_outcome failed(const struct ending_calls *calls, void *ctx,
                                const struct ending_answer *end, bool tried)
{
    bool unknown = verdict_is_unknown(end->verdict, tried);
    struct ending_answer aborted = { VERDICT_FATAL, "" };
    calls->failed(ctx, unknown, end);
    /* while a commit is unresolved an abort gets nowhere */
    if (!unknown && end->verdict != VERDICT_FATAL &&
        call_until(calls, ctx, calls->abort, ABORT_MAX_MS, &aborted))
        return PORT_STOPPED;
    if (aborted.verdict != VERDICT_OK && calls->renew(ctx, aborted.why) < 0)
        return PORT_STOPPED;
    return unknown ? PORT_UNKNOWN : PORT_ABORTED;
}

enum port_outcome ending_run(const struct ending_calls *calls, void *ctx)
{
    struct ending_answer end;
    bool tried = false;
    bool stopped = call_until(calls, ctx, calls->offsets, 0, &end);
    if (!stopped && end.verdict == VERDICT_OK) {
        tried = true;
        stopped = call_until(calls, ctx, calls->commit, 0, &end);
    }
    if (end.verdict == VERDICT_OK)
        return PORT_COMMITTED;
    return stopped ? PORT_STOPPED : failed(calls, ctx, &end, tried);
}
