/* Which requests get no answer. The library sends them again and says nothing, but the first ones
 * may still arrive. */
#include "kafka/client.h"

/* From a thread of the library, for each request that it sent: the answer, or why there is none. */
static rd_kafka_resp_err_t
on_answer(rd_kafka_t *rk, /* NOLINT(readability-function-size): the library asks for all of these */
          int socket, const char *broker, int32_t node, int16_t api, int16_t version,
          int32_t correlation, size_t bytes, int64_t rtt, rd_kafka_resp_err_t err, void *opaque)
{
    struct kafka_answers *answers = opaque;
    enum { PRODUCE = 0, ADD_PARTITIONS = 24, END = 26, OFFSETS = 28 }; /* 25: add offsets */
    (void)rk, (void)socket, (void)broker, (void)node, (void)version, (void)correlation, (void)bytes,
        (void)rtt;
    bool writes = api == PRODUCE || (api >= ADD_PARTITIONS && api <= END) || api == OFFSETS;
    if (err && (writes || !answers->of_writes_only))
        atomic_store(&answers->missing, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque,
                                  char *why, size_t why_bytes)
{
    (void)conf, (void)why, (void)why_bytes;
    return rd_kafka_interceptor_add_on_response_received(rk, "cpid", on_answer, opaque);
}

void kafka_answers_watch(rd_kafka_conf_t *conf, struct kafka_answers *answers)
{
    rd_kafka_conf_interceptor_add_on_new(conf, "cpid", on_new, answers);
}
