/* How a transaction ends: its offsets, the commit, and what is done when either fails. Written
 * over calls, so that it runs the same over the client library (producer.c) and over a modelled
 * Kafka (tests/sim/chaos). */
#ifndef KAFKA_ENDING_H
#define KAFKA_ENDING_H

#include "kafka/port.h"
#include "kafka/verdict.h"

struct ending_answer {
    enum verdict verdict;
    char why[256]; /* "" = no error */
};
struct ending_calls {
    /* Offsets into the transaction; the commit; the abort. Each is called again while its verdict
     * is to retry. */
    struct ending_answer (*offsets)(void *ctx);
    struct ending_answer (*commit)(void *ctx);
    struct ending_answer (*abort)(void *ctx);
    /* A new producer of the same identity, which ends whatever was left open; < 0: told to stop. */
    int (*renew)(void *ctx, const char *why);
    /* A moment between two calls; false: told to stop. */
    bool (*wait)(void *ctx, const char *why);
    int64_t (*now_ms)(void *ctx); /* never jumps */
    void (*failed)(void *ctx, bool unknown, const struct ending_answer *end);
};

enum port_outcome ending_run(const struct ending_calls *calls, void *ctx);

#endif
