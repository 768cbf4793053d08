/* What to do about a Kafka error. Everything that the client library reports is judged here and
 * nowhere else; the order of the tests is part of the rule. */
#ifndef KAFKA_VERDICT_H
#define KAFKA_VERDICT_H

#include <stdbool.h>

enum verdict {
    VERDICT_OK,
    VERDICT_RETRY, /* in progress, or the broker is away: call the same function again */
    VERDICT_ABORT, /* give the transaction up and go back to what is committed */
    VERDICT_FATAL, /* this handle is dead: build a new one with the same identity */
};

/* What the library says about an error. */
struct verdict_signs {
    bool error;     /* there is one at all */
    bool fatal;     /* the handle cannot go on */
    bool abortable; /* the transaction must be aborted */
    bool retriable;
};
/* Fatal, then abortable, then retriable; anything else ends the transaction too. */
enum verdict verdict_judge(struct verdict_signs signs);
const char *verdict_name(enum verdict verdict);

/* After the end of a transaction failed: could it have happened nevertheless? `tried` = commit was
 * called at least once. Only an abortable error denies it for sure. */
bool verdict_is_unknown(enum verdict verdict, bool tried);

#endif
