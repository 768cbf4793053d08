#include "kafka/verdict.h"
#include "check.h"

static enum verdict judge(bool error, bool fatal, bool abortable, bool retriable)
{
    return verdict_judge((struct verdict_signs){ error, fatal, abortable, retriable });
}

int main(void)
{
    TEST ("no error is ok whatever else is said") {
        CHECK_INT(judge(false, false, false, false), VERDICT_OK);
        CHECK_INT(judge(false, true, true, true), VERDICT_OK);
    }
    TEST ("a fatal error asks for a new producer, also if it could be aborted or retried") {
        CHECK_INT(judge(true, true, false, false), VERDICT_FATAL);
        CHECK_INT(judge(true, true, true, true), VERDICT_FATAL);
    }
    TEST ("an abortable error is not retried, although the library calls it retriable") {
        CHECK_INT(judge(true, false, true, true), VERDICT_ABORT);
        CHECK_INT(judge(true, false, true, false), VERDICT_ABORT);
    }
    TEST ("a retriable error means in progress: the same call again") {
        CHECK_INT(judge(true, false, false, true), VERDICT_RETRY);
    }
    TEST ("an error without any sign ends the transaction") {
        CHECK_INT(judge(true, false, false, false), VERDICT_ABORT);
    }
    TEST ("only a commit that was tried and not denied may have happened") {
        CHECK(verdict_is_unknown(VERDICT_FATAL, true));
        CHECK(verdict_is_unknown(VERDICT_RETRY, true));
        CHECK(!verdict_is_unknown(VERDICT_ABORT, true));
        CHECK(!verdict_is_unknown(VERDICT_FATAL, false));
        CHECK(!verdict_is_unknown(VERDICT_RETRY, false));
        CHECK(!verdict_is_unknown(VERDICT_OK, true));
    }
    return check_done();
}
