/* How a transaction ends: its offsets, the commit, and what is done when either fails. Written
 * over calls, so that it runs the same over the client library (producer.c) and over a modelled
 * Kafka (tests/sim/chaos).
 *
 * A request whose answer was not waited for may still be on its way, and the broker knows it from
 * those of the next transaction by the producer's epoch alone, which stays the same from one
 * transaction to the next: a late one would end half of the next one, or put old offsets into it.
 * So no transaction follows another in the same epoch unless all requests of that one have been
 * answered. */
#ifndef KAFKA_ENDING_H
#define KAFKA_ENDING_H

#include "kafka/port.h"
#include "kafka/verdict.h"

struct ending_answer {
    enum verdict verdict;
    char why[256]; /* "" = no error */
};
struct ending_calls {
    /* Offsets into the transaction; the commit. Each is called again while its verdict is to
     * retry. */
    struct ending_answer (*offsets)(void *ctx);
    struct ending_answer (*commit)(void *ctx);
    /* Has a request of this producer been given up, or sent a second time? */
    bool (*is_shaken)(void *ctx);
    /* A new producer of the same identity: the next epoch, in which whatever was left open is
     * aborted and nothing that is late counts. < 0: told to stop. */
    int (*renew)(void *ctx, const char *why);
    /* A moment between two calls; false: told to stop. */
    bool (*wait)(void *ctx, const char *why);
    void (*failed)(void *ctx, bool unknown, const struct ending_answer *end);
};

enum port_outcome ending_run(const struct ending_calls *calls, void *ctx);

#endif
