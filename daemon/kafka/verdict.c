#include "kafka/verdict.h"

enum verdict verdict_judge(struct verdict_signs signs)
{
    if (!signs.error)
        return VERDICT_OK;
    if (signs.fatal)
        return VERDICT_FATAL;
    /* an error may be retriable and abortable at once: a commit that lost its epoch never succeeds
     */
    if (signs.abortable)
        return VERDICT_ABORT;
    return signs.retriable ? VERDICT_RETRY : VERDICT_ABORT;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = { "ok", "retry", "abort", "fatal" };
    return names[verdict];
}

bool verdict_is_unknown(enum verdict verdict, bool tried)
{
    return tried && (verdict == VERDICT_FATAL || verdict == VERDICT_RETRY);
}
