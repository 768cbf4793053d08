#include "kafka/ending.h"

typedef struct ending_answer (*ending_call)(void *ctx);

/* Calls again for as long as it is in progress; there is an end, since the broker's own timeout of
 * the transaction turns it into an error. False if told to stop. */
static bool call_until(const struct ending_calls *calls, void *ctx, ending_call call,
                       struct ending_answer *ret, unsigned *ret_calls)
{
    for (*ret_calls = 1; (*ret = call(ctx)).verdict == VERDICT_RETRY; ++*ret_calls)
        if (!calls->wait(ctx, ret->why))
            return false;
    return true;
}

/* Without an abort: that is one more request that may be late. */
static enum port_outcome failed(const struct ending_calls *calls, void *ctx,
                                const struct ending_answer *end, bool tried)
{
    bool unknown = verdict_is_unknown(end->verdict, tried);
    calls->failed(ctx, unknown, end);
    if (calls->renew(ctx, end->why) < 0)
        return PORT_STOPPED;
    return unknown ? PORT_UNKNOWN : PORT_ABORTED;
}

enum port_outcome ending_run(const struct ending_calls *calls, void *ctx)
{
    struct ending_answer end;
    unsigned offset_calls, commit_calls;
    if (!call_until(calls, ctx, calls->offsets, &end, &offset_calls))
        return PORT_STOPPED;
    bool tried = end.verdict == VERDICT_OK;
    if (tried && !call_until(calls, ctx, calls->commit, &end, &commit_calls))
        return PORT_STOPPED;
    if (end.verdict != VERDICT_OK)
        return failed(calls, ctx, &end, tried);
    /* offsets that were asked for twice: librdkafka 2.0 answers the first call when nothing of it
     * is left to send, but does not promise it, and once sent late they would replace newer ones */
    if ((offset_calls > 1 || calls->is_shaken(ctx)) &&
        calls->renew(ctx, "a request may still arrive") < 0)
        return PORT_STOPPED;
    return PORT_COMMITTED;
}
