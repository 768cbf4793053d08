/* Writes records to a topic, each where it is said and with the timestamp that is said, which no
 * small tool does:
 *
 *     load ADDRESS TOPIC < lines of PARTITION <tab> TIMESTAMP <tab> KEY <tab> VALUE
 *
 * Ends when the broker has all of them, some perhaps twice if it died meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

static long failed;

static void delivered(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    (void)opaque;
    failed += message->err != 0;
}

static rd_kafka_t *connect_to(const char *address)
{
    /* one request at a time, and again until it is there: in order, some perhaps twice. An
     * idempotent producer of librdkafka 2.0 gives up for good when brokers die at the wrong moment.
     */
    static const char *const settings[] = { "acks",
                                            "all",
                                            "max.in.flight.requests.per.connection",
                                            "1",
                                            "message.timeout.ms",
                                            "0",
                                            "linger.ms",
                                            "20",
                                            "reconnect.backoff.max.ms",
                                            "300",
                                            "topic.metadata.refresh.interval.ms",
                                            "1000" };
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set(conf, "bootstrap.servers", address, why, sizeof why);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i += 2)
        rd_kafka_conf_set(conf, settings[i], settings[i + 1], why, sizeof why);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!kafka) {
        fprintf(stderr, "load: %s\n", why);
        exit(1);
    }
    return kafka;
}

static void send_line(rd_kafka_t *kafka, const char *topic, char *line)
{
    char *partition = strsep(&line, "\t"), *timestamp = strsep(&line, "\t"),
         *key = strsep(&line, "\t");
    if (!line) {
        fprintf(stderr, "load: a line has not four columns\n");
        exit(1);
    }
    rd_kafka_resp_err_t err;
    do {
        err = rd_kafka_producev(
            kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION((int32_t)atoi(partition)),
            RD_KAFKA_V_TIMESTAMP(atoll(timestamp)), RD_KAFKA_V_KEY(key, strlen(key)),
            RD_KAFKA_V_VALUE(line, strlen(line)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_END);
        rd_kafka_poll(kafka, err == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 10 : 0);
    } while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    failed += err != 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: load ADDRESS TOPIC\n");
        return 64;
    }
    rd_kafka_t *kafka = connect_to(argv[1]);
    char *line = NULL;
    size_t room = 0;
    for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;) {
        if (line[len - 1] == '\n')
            line[len - 1] = '\0';
        send_line(kafka, argv[2], line);
    }
    free(line);
    rd_kafka_resp_err_t err = rd_kafka_flush(kafka, 60000);
    rd_kafka_destroy(kafka);
    if (err || failed)
        fprintf(stderr, "load: %ld records failed\n", failed);
    return err || failed ? 1 : 0;
}
