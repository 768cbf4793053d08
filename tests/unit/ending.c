#include "kafka/ending.h"
#include "check.h"

/* A producer that answers as a row says. */
struct made_up {
    enum verdict offsets[3], commit[3]; /* one after the other */
    bool shaken, stops;                 /* told to stop at the next wait, and while renewing */
    unsigned offset_calls, commit_calls, renewals;
    bool unknown;
};

static struct ending_answer offsets(void *ctx)
{
    struct made_up *p = ctx;
    return (struct ending_answer){ p->offsets[p->offset_calls++], "" };
}
static struct ending_answer commit(void *ctx)
{
    struct made_up *p = ctx;
    return (struct ending_answer){ p->commit[p->commit_calls++], "" };
}
static bool is_shaken(void *ctx)
{
    return ((const struct made_up *)ctx)->shaken;
}
static int renew(void *ctx, const char *why)
{
    struct made_up *p = ctx;
    (void)why;
    p->renewals++;
    return p->stops ? -1 : 0;
}
static bool await(void *ctx, const char *why)
{
    (void)why;
    return !((const struct made_up *)ctx)->stops;
}
static void failed(void *ctx, bool unknown, const struct ending_answer *end)
{
    (void)end;
    ((struct made_up *)ctx)->unknown = unknown;
}

static enum port_outcome run(struct made_up *p)
{
    static const struct ending_calls calls = { offsets, commit, is_shaken, renew, await, failed };
    return ending_run(&calls, p);
}

int main(void)
{
    TEST ("after a calm transaction the next one goes on in the same epoch") {
        struct made_up p = { .offsets = { VERDICT_OK } };
        CHECK_INT(run(&p), PORT_COMMITTED);
        CHECK_INT(p.renewals, 0);
    }
    TEST ("a commit that takes its time is no trouble") {
        struct made_up p = { .commit = { VERDICT_RETRY, VERDICT_RETRY, VERDICT_OK } };
        CHECK_INT(run(&p), PORT_COMMITTED);
        CHECK_INT(p.commit_calls, 3);
        CHECK_INT(p.renewals, 0);
    }
    TEST ("offsets that were asked for twice may come twice: another epoch follows") {
        struct made_up p = { .offsets = { VERDICT_RETRY, VERDICT_OK } };
        CHECK_INT(run(&p), PORT_COMMITTED);
        CHECK_INT(p.offset_calls, 2);
        CHECK_INT(p.renewals, 1);
    }
    TEST ("a transaction with a request that may still arrive is followed by another epoch") {
        struct made_up p = { .shaken = true };
        CHECK_INT(run(&p), PORT_COMMITTED);
        CHECK_INT(p.renewals, 1);
    }
    TEST ("one that failed is not aborted but followed by another epoch") {
        struct made_up p = { .offsets = { VERDICT_ABORT } };
        CHECK_INT(run(&p), PORT_ABORTED);
        CHECK_INT(p.commit_calls, 0);
        CHECK_INT(p.renewals, 1);
        p = (struct made_up){ .commit = { VERDICT_ABORT } };
        CHECK_INT(run(&p), PORT_ABORTED);
        CHECK_INT(p.renewals, 1);
        CHECK(!p.unknown);
    }
    TEST ("of a commit that was neither done nor denied only the broker knows") {
        struct made_up p = { .commit = { VERDICT_RETRY, VERDICT_FATAL } };
        CHECK_INT(run(&p), PORT_UNKNOWN);
        CHECK_INT(p.renewals, 1);
        CHECK(p.unknown);
    }
    TEST ("whoever is told to stop while waiting leaves the rest to a successor") {
        struct made_up p = { .offsets = { VERDICT_RETRY }, .stops = true };
        CHECK_INT(run(&p), PORT_STOPPED);
        CHECK_INT(p.renewals, 0);
        p = (struct made_up){ .commit = { VERDICT_RETRY }, .stops = true };
        CHECK_INT(run(&p), PORT_STOPPED);
        p = (struct made_up){ .shaken = true, .stops = true };
        CHECK_INT(run(&p), PORT_STOPPED);
        p = (struct made_up){ .offsets = { VERDICT_ABORT }, .stops = true };
        CHECK_INT(run(&p), PORT_STOPPED);
    }
    return check_done();
}
