/* `cpid explain --entity` from the topic of facts: the same answer as from a file of them. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "kafka/kafka.h"

#define ASK                                                                                        \
    "explain -c conf/examples/zendesk.conf --entity team:support --indicator fcr --at "            \
    "2026-03-04T12:30:00Z --json"

static char folder[] = "/tmp/cpid-facts-XXXXXX";
static char out[2][65536];

/* Runs the program, stderr with stdout; its exit code. */
static int run(const char *arguments, char ret[65536])
{
    char command[1024];
    snprintf(command, sizeof command, "%s %s 2>&1", getenv("CPID"), arguments);
    FILE *pipe = popen(command, "r");
    if (!pipe)
        abort();
    ret[fread(ret, 1, 65535, pipe)] = 0;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static size_t produce(struct kafka_mock *mock, const char *path)
{
    struct kafka_writer *writer = kafka_writer_new(kafka_mock_servers(mock));
    FILE *file = fopen(path, "r");
    char line[4096], key[16];
    size_t count = 0;
    if (!writer || !file)
        abort();
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        snprintf(key, sizeof key, "%zu", count++);
        CHECK_INT(kafka_writer_send(writer, "cpi.facts", cpi_text_of(key), cpi_text_of(line), 1),
                  0);
    }
    fclose(file);
    kafka_writer_flush(writer);
    kafka_writer_free(writer);
    return count;
}

int main(void)
{
    char arguments[512];
    if (!getenv("CPID"))
        check_skip("$CPID is not set: run it through ctest");
    if (!mkdtemp(folder))
        abort();
    TEST ("facts are read from every partition of their topic, up to its end") {
        struct kafka_mock *mock = kafka_mock_new();
        CHECK_INT(kafka_mock_topic(mock, "cpi.facts", 3), 0);
        snprintf(arguments, sizeof arguments,
                 "replay -c conf/examples/zendesk.conf -i zendesk.events=conf/examples/"
                 "tickets.ndjson -o %s --until 2026-03-09",
                 folder);
        CHECK_INT(run(arguments, out[0]), 0);
        snprintf(arguments, sizeof arguments, "%s/facts.ndjson", folder);
        CHECK(produce(mock, arguments) > 20);
        snprintf(arguments, sizeof arguments, ASK " --facts %s/facts.ndjson", folder);
        CHECK_INT(run(arguments, out[0]), 0);
        snprintf(arguments, sizeof arguments, ASK " --brokers %s", kafka_mock_servers(mock));
        CHECK_INT(run(arguments, out[1]), 0);
        CHECK_STR(out[1], out[0]);
        CHECK(strstr(out[1], "\"meets\":true"));
        kafka_mock_free(mock);
    }
    TEST ("a broker that does not answer ends it with 69") {
        CHECK_INT(run(ASK " --brokers 127.0.0.1:1", out[0]), 69);
        CHECK(strstr(out[0], "cpid explain: cpi.facts: "));
    }
    snprintf(arguments, sizeof arguments, "rm -r %s", folder);
    if (system(arguments) != 0)
        abort();
    return check_done();
}
