/* Runs a command and says what it took and wrote.
 *
 *   bench_until ADDRESS TOPIC APPLICATION COMMAND...
 *
 * For cpid: ends it with SIGTERM when the group APPLICATION has committed TOPIC to its end and
 * nothing more comes in the application's topics. With "-" as APPLICATION it ends by itself. Prints
 * one line: CPU seconds (user and system, all threads), seconds, MiB of memory at most, and the
 * records and bytes in the application's topics. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "broker.h"

#define QUIET_MS 3000
#define PATIENCE_MS 900000

static pid_t child;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

static void end_child(void)
{
    if (child > 0)
        kill(child, SIGKILL);
}

static rd_kafka_t *reader(const char *address, const char *group)
{
    const char *const setting[] = { "group.id",
                                    group,
                                    "isolation.level",
                                    "read_uncommitted",
                                    "enable.auto.commit",
                                    "false",
                                    "enable.auto.offset.store",
                                    "false",
                                    "enable.partition.eof",
                                    "true",
                                    NULL };
    return bench_client(RD_KAFKA_CONSUMER, address, setting);
}

static int64_t end_of(rd_kafka_t *client, const char *topic, int partition)
{
    int64_t low, high;
    rd_kafka_resp_err_t err =
        rd_kafka_query_watermark_offsets(client, topic, partition, &low, &high, BENCH_WAIT_MS);
    if (err)
        bench_die(topic, rd_kafka_err2str(err));
    return high;
}

static bool source_is_done(rd_kafka_t *client, const char *topic)
{
    bool done = true;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(BENCH_SOURCE_PARTITIONS);
    for (int p = 0; p < BENCH_SOURCE_PARTITIONS; p++)
        rd_kafka_topic_partition_list_add(list, topic, p);
    if (rd_kafka_committed(client, list, BENCH_WAIT_MS))
        done = false;
    for (int p = 0; done && p < BENCH_SOURCE_PARTITIONS; p++)
        done = list->elems[p].offset >= end_of(client, topic, p);
    rd_kafka_topic_partition_list_destroy(list);
    return done;
}

static bool is_of(const char *topic, const char *application)
{
    size_t len = strlen(application);
    return strncmp(topic, application, len) == 0 && (topic[len] == '.' || topic[len] == '-');
}

/* The sum of the ends of all the application's partitions; and, if asked for, assigns them. */
static int64_t ends_of(rd_kafka_t *client, const char *application, bool assign, int *ret_count)
{
    const struct rd_kafka_metadata *all;
    int64_t sum = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    rd_kafka_resp_err_t err = rd_kafka_metadata(client, 1, NULL, &all, BENCH_WAIT_MS);
    if (err)
        bench_die(application, rd_kafka_err2str(err));
    *ret_count = 0;
    for (int t = 0; t < all->topic_cnt; t++)
        for (int p = 0;
             p < all->topics[t].partition_cnt && is_of(all->topics[t].topic, application); p++) {
            sum += end_of(client, all->topics[t].topic, p);
            rd_kafka_topic_partition_list_add(list, all->topics[t].topic, p)->offset =
                RD_KAFKA_OFFSET_BEGINNING;
            ++*ret_count;
        }
    if (assign && rd_kafka_assign(client, list))
        bench_die(application, "its topics cannot be read");
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(all);
    return sum;
}

static void await_done(rd_kafka_t *client, const char *topic, const char *application)
{
    int count;
    double began = now_s(), changed = 0;
    int64_t before = -1;
    for (;;) {
        pause_ms(100);
        if (waitpid(child, NULL, WNOHANG) == child) {
            child = 0;
            bench_die(application, "the program ended before its time");
        }
        if (now_s() - began > PATIENCE_MS / 1e3)
            bench_die(application, "it does not get done");
        if (!source_is_done(client, topic))
            continue;
        int64_t ends = ends_of(client, application, false, &count);
        if (ends != before)
            changed = now_s();
        else if (now_s() - changed > QUIET_MS / 1e3)
            return;
        before = ends;
    }
}

static void count_records(const char *address, const char *application, uint64_t *ret_records,
                          uint64_t *ret_bytes)
{
    rd_kafka_t *client = reader(address, "bench-count");
    int left;
    ends_of(client, application, true, &left);
    while (left > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(client, BENCH_WAIT_MS);
        if (!m)
            bench_die(application, "its topics do not end");
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            left--;
        } else if (!m->err) {
            ++*ret_records;
            *ret_bytes += m->len + m->key_len;
        } else {
            bench_die(application, rd_kafka_message_errstr(m));
        }
        rd_kafka_message_destroy(m);
    }
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
}

static void start(char **command)
{
    child = fork();
    if (child == 0) {
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    if (child < 0)
        bench_die(command[0], strerror(errno));
    atexit(end_child);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    uint64_t records = 0, bytes = 0;
    if (argc < 5) {
        fputs("usage: bench_until ADDRESS TOPIC APPLICATION|- COMMAND...\n", stderr);
        return 64;
    }
    const char *application = strcmp(argv[3], "-") == 0 ? NULL : argv[3];
    double began = now_s(), ended = 0;
    start(argv + 4);
    if (application) {
        rd_kafka_t *client = reader(argv[1], application);
        await_done(client, argv[2], application);
        ended = now_s() - QUIET_MS / 1e3;
        kill(child, SIGTERM);
        rd_kafka_destroy(client);
    }
    if (wait4(child, &status, 0, &usage) != child || status) {
        child = 0;
        bench_die(argv[4], "it failed");
    }
    child = 0;
    if (application)
        count_records(argv[1], application, &records, &bytes);
    else
        ended = now_s();
    printf("%.3f %.3f %.0f %llu %llu\n",
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6,
           ended - began, (double)usage.ru_maxrss / 1024, (unsigned long long)records,
           (unsigned long long)bytes);
    return 0;
}
