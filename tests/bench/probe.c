/* Feeds a running contestant at a steady rate, and says how long its updates take and what it
 * costs.
 *
 *   bench_probe ADDRESS TOPIC OUT FILE RATE SPEED WARM SECONDS EVERY PID
 *
 * Writes the events of FILE to TOPIC, RATE a second, one partition after the other, with times that
 * run SPEED times as fast as the clock and reach it at the end: who is far behind the clock takes
 * its time. The first WARM seconds count for nothing. An update is one
 * in OUT that says a boundary (every EVERY seconds of event time); its latency runs from the
 * append of the record that let the last of the partitions pass the boundary by WAIT_MS until a
 * reader of committed records has the update. Prints: events a second, updates, p50, p99 and
 * largest latency in ms, and how many cores process PID took. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "bench.h"
#include "broker.h"

#define WAIT_MS 31000 /* as `wait` in common.conf, and the grace of Kafka Streams */
#define BOUNDARIES 100000

struct probe {
    rd_kafka_t *producer, *reader;
    rd_kafka_topic_t *topic;
    struct bench_input *input;
    double rate, speed, warm_s;
    int64_t every_ms, begin_ms;
    uint64_t sent, sent_warm;
    int64_t newest_ms[BENCH_SOURCE_PARTITIONS];
    double passed[BOUNDARIES]; /* when the watermark passed the boundary, s; 0: not yet */
    int64_t next;              /* the first boundary it has not passed */
    double *latency;
    size_t count, cap;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_of(const char *pid)
{
    char path[64];
    unsigned long user, system;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *in = fopen(path, "r");
    if (!in || fscanf(in, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                      &system) != 2)
        bench_die(path, "the process is gone");
    fclose(in);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static char *place_of(struct cpi_text line, const char *name)
{
    char *at = memmem(line.at, line.len, name, strlen(name));
    if (!at)
        bench_die(name, "an event does not have it");
    return at + strlen(name);
}

/* The next event of the file, with a time and an id of its own. */
static struct cpi_text event_at(struct probe *p, int64_t time)
{
    char digits[24];
    struct cpi_text line = p->input->line[p->sent % p->input->count];
    snprintf(digits, sizeof digits, "%08x", (unsigned)p->sent);
    memcpy(place_of(line, "\"id\":\""), digits, 8);
    snprintf(digits, sizeof digits, "%013lld", (long long)time);
    memcpy(place_of(line, "\"ts\":"), digits, 13);
    return line;
}

static void note_passed(struct probe *p, double now)
{
    int64_t least = p->newest_ms[0];
    for (int i = 1; i < BENCH_SOURCE_PARTITIONS; i++)
        if (p->newest_ms[i] < least)
            least = p->newest_ms[i];
    for (; p->next < BOUNDARIES && least - WAIT_MS >= p->begin_ms + p->next * p->every_ms;
         p->next++)
        p->passed[p->next] = now;
}

static void send_one(struct probe *p, double began)
{
    double now = now_s();
    int64_t time = p->begin_ms + (int64_t)((now - began) * 1e3 * p->speed);
    int partition = (int)(p->sent % BENCH_SOURCE_PARTITIONS);
    const char *name = rd_kafka_topic_name(p->topic);
    struct cpi_text line = event_at(p, time);
    rd_kafka_resp_err_t err;
    while ((err = rd_kafka_producev(
                p->producer, RD_KAFKA_V_TOPIC(name), RD_KAFKA_V_PARTITION(partition),
                RD_KAFKA_V_VALUE((void *)(uintptr_t)line.at, line.len), RD_KAFKA_V_TIMESTAMP(time),
                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(p->producer, 1);
    if (err)
        bench_die(name, rd_kafka_err2str(err));
    p->newest_ms[partition] = time;
    p->sent++;
    note_passed(p, now);
}

/* "end":1772496060000 or "end":"2026-03-03T00:01:00.000Z" */
static int64_t end_of(const rd_kafka_message_t *m)
{
    struct tm tm = { 0 };
    const char *at = memmem(m->payload, m->len, "\"end\":", 6);
    if (!at)
        bench_die("update", "it has no end");
    if (at[6] != '"')
        return strtoll(at + 6, NULL, 10);
    if (!strptime(at + 7, "%Y-%m-%dT%H:%M:%S", &tm))
        bench_die("update", "its end is no time");
    return (int64_t)timegm(&tm) * 1000;
}

static void read_updates(struct probe *p, double counts_from)
{
    rd_kafka_message_t *m;
    while ((m = rd_kafka_consumer_poll(p->reader, 0))) {
        double now = now_s();
        if (m->err)
            bench_die("update", rd_kafka_message_errstr(m));
        int64_t at = m->len ? (end_of(m) - p->begin_ms) / p->every_ms : -1;
        if (at >= 0 && at < p->next && p->passed[at] >= counts_from) {
            p->latency = cpi_grow(p->latency, p->count, &p->cap, sizeof *p->latency);
            p->latency[p->count++] = (now - p->passed[at]) * 1e3;
        }
        rd_kafka_message_destroy(m);
    }
}

static int by_value(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return (l > r) - (l < r);
}

static double share(const struct probe *p, double q)
{
    return p->count ? p->latency[(size_t)(q * (double)(p->count - 1))] : -1;
}

static void run(struct probe *p, double seconds, const char *pid)
{
    double began = now_s(), counts_from = began + p->warm_s, cpu = -1, now;
    while ((now = now_s()) < counts_from + seconds) {
        if (cpu < 0 && now >= counts_from) {
            cpu = cpu_of(pid);
            p->sent_warm = p->sent;
            counts_from = now;
        }
        while ((double)p->sent < (now - began) * p->rate)
            send_one(p, began);
        rd_kafka_poll(p->producer, 0);
        read_updates(p, counts_from);
        nanosleep(&(struct timespec){ 0, 300000 }, NULL);
    }
    double cores = (cpu_of(pid) - cpu) / (now - counts_from);
    double late = now + 2; /* what is still on its way */
    while (now_s() < late) {
        read_updates(p, counts_from);
        nanosleep(&(struct timespec){ 0, 300000 }, NULL);
    }
    qsort(p->latency, p->count, sizeof *p->latency, by_value);
    printf("%.0f %zu %.1f %.1f %.1f %.4f\n", (double)(p->sent - p->sent_warm) / (now - counts_from),
           p->count, share(p, 0.5), share(p, 0.99), share(p, 1), cores);
}

static void read_from_now(struct probe *p, const char *out)
{
    const struct rd_kafka_metadata *all;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(p->reader, out, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(p->reader, 0, topic, &all, BENCH_WAIT_MS);
    if (err || all->topics[0].err)
        bench_die(out, rd_kafka_err2str(err ? err : all->topics[0].err));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
    for (int i = 0; i < all->topics[0].partition_cnt; i++)
        rd_kafka_topic_partition_list_add(list, out, i)->offset = RD_KAFKA_OFFSET_END;
    if (rd_kafka_assign(p->reader, list))
        bench_die(out, "it cannot be read");
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(all);
    rd_kafka_topic_destroy(topic);
}

int main(int argc, char **argv)
{
    static const char *const writes[] = { "linger.ms", "5", NULL }; /* what clients do unasked */
    static const char *const reads[] = { "group.id",
                                         "bench-probe",
                                         "isolation.level",
                                         "read_committed",
                                         "enable.auto.commit",
                                         "false",
                                         "fetch.wait.max.ms",
                                         "10",
                                         NULL };
    static struct probe p;
    struct bench_input input;
    if (argc != 11) {
        fputs("usage: bench_probe ADDRESS TOPIC OUT FILE RATE SPEED WARM SECONDS EVERY PID\n",
              stderr);
        return 64;
    }
    bench_input_read(&input, argv[4]);
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    p.input = &input;
    p.rate = strtod(argv[5], NULL);
    p.speed = strtod(argv[6], NULL);
    p.warm_s = strtod(argv[7], NULL);
    p.every_ms = strtoll(argv[9], NULL, 10) * 1000;
    p.begin_ms = (int64_t)wall.tv_sec * 1000 -
                 (int64_t)((p.warm_s + strtod(argv[8], NULL)) * (p.speed - 1) * 1e3);
    p.begin_ms -= p.begin_ms % p.every_ms;
    p.producer = bench_client(RD_KAFKA_PRODUCER, argv[1], writes);
    p.topic = rd_kafka_topic_new(p.producer, argv[2], NULL);
    p.reader = bench_client(RD_KAFKA_CONSUMER, argv[1], reads);
    rd_kafka_poll_set_consumer(p.reader);
    read_from_now(&p, argv[3]);
    run(&p, strtod(argv[8], NULL), argv[10]);
    rd_kafka_flush(p.producer, BENCH_WAIT_MS);
    rd_kafka_topic_destroy(p.topic);
    rd_kafka_destroy(p.producer);
    rd_kafka_consumer_close(p.reader);
    rd_kafka_destroy(p.reader);
    return 0;
}
