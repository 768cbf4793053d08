/* `cpid explain` as a user meets it. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "check.h"

#define BASE "explain -c tests/fixtures/explain/cpid.conf --topic desk.events "

static char out[65536];

static int run_command(const char *command)
{
    FILE *pipe = popen(command, "r");
    if (!pipe)
        abort();
    size_t n = fread(out, 1, sizeof out - 1, pipe);
    out[n] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Runs the program, stderr with stdout; its exit code. */
static int run(const char *before, const char *arguments)
{
    char command[2048];
    snprintf(command, sizeof command, "%s %s %s 2>&1", before, getenv("CPID"), arguments);
    return run_command(command);
}

static void test_json(void)
{
    TEST ("each event, refusal and ignored record is a line of JSON, as mapped before the "
          "directory") {
        CHECK_INT(run("", BASE "--json tests/fixtures/explain/desk.ndjson"), 0);
        CHECK_STR(out,
                  "{\"type\":\"case.resolved\",\"time\":\"2026-03-02T09:15:00.500Z\",\"id\":\"1\","
                  "\"case\":\"c-1\","
                  "\"customer\":\"k\",\"rep\":\"7\",\"team\":null,\"fields\":{}}\n"
                  "{\"type\":\"contact.ended\",\"time\":\"2026-03-02T09:20:01.000Z\",\"id\":\"3/"
                  "12#0\",\"case\":null,"
                  "\"customer\":null,\"rep\":null,\"team\":null,\"fields\":{},\"unreadable\":1}\n"
                  "{\"type\":\"survey.answered\",\"time\":\"2026-03-02T09:15:00.000Z\",\"id\":"
                  "\"3\",\"case\":null,"
                  "\"customer\":null,\"rep\":null,\"team\":null,\"fields\":{\"score\":\"so so\"}}\n"
                  "{\"ignored\":\"unmapped\",\"detail\":\"tagged\"}\n"
                  "{\"ignored\":\"by its rule\"}\n"
                  "{\"refused\":\"bad_time\",\"detail\":\"time: no ISO 8601 time\"}\n"
                  "{\"refused\":\"no_case\",\"detail\":\"case.reopened\"}\n"
                  "{\"refused\":\"future\",\"detail\":\"case.resolved\"}\n"
                  "{\"ignored\":\"empty\"}\n"
                  "{\"refused\":\"json\",\"detail\":\"parse error: premature EOF, near byte 8\"}\n"
                  "{\"ignored\":\"empty\"}\n");
    }
    TEST ("what a strict source does not map is refused") {
        CHECK_INT(run("echo '{}' |",
                      "explain -c tests/fixtures/explain/cpid.conf --topic strict.events "
                      "--json"),
                  0);
        CHECK_STR(out, "{\"refused\":\"unmapped\",\"detail\":\"(no rule)\"}\n");
    }
    TEST ("a document over several lines is one record") {
        CHECK_INT(run("printf '{\\n \"id\": 9,\\n \"type\": \"solved\",\\n \"time\": "
                      "\"2026-01-01\", \"case\": 1\\n}\\n' |",
                      BASE "--json -"),
                  0);
        CHECK(strstr(out, "\"id\":\"9\"") != NULL);
        CHECK(strchr(out, '\n') == out + strlen(out) - 1);
    }
}

static void test_words(void)
{
    TEST ("in words: the rule, each value, who it is, what it counts for") {
        CHECK_INT(run("head -1 tests/fixtures/explain/desk.ndjson |", BASE), 0);
        static const char *const wanted[] = {
            "desk.events/0/0\n",
            "does not hold: /type = ping -> 'solved'\n",
            "/type | map types -> 'case.resolved'\n",
            "=> case.resolved at 2026-03-02T09:15:00.500Z\n",
            "rep 7 is anna, of team phone, in support\n",
            "    solved: counts\n",
            "    fcr: starts, and is judged by what follows\n",
        };
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            CHECK(strstr(out, wanted[i]) != NULL);
            if (!strstr(out, wanted[i]))
                printf("  missing: %s", wanted[i]);
        }
        CHECK(strstr(out, "talk: counts") == NULL);
    }
    TEST ("in words: why a record is a dead letter, or nothing") {
        CHECK_INT(run("", BASE "tests/fixtures/explain/desk.ndjson"), 0);
        CHECK(strstr(out, "=> dead letter, bad_time: time: no ISO 8601 time\n") != NULL);
        CHECK(strstr(out, "=> dead letter, json: parse error") != NULL);
        CHECK(strstr(out, "=> no event, ignored: unmapped: tagged\n") != NULL);
        CHECK(strstr(out, "csat: does not count: neither good nor bad\n") != NULL);
        CHECK(strstr(out, "/talk_s | s -> cannot be read") != NULL);
        CHECK(strstr(out, "fcr: breaks") == NULL);
    }
}

static void test_codes(void)
{
    TEST ("on a terminal it says that it waits for a record; from a pipe it does not") {
        static char inner[1024], command[1100];
        snprintf(inner, sizeof inner, "%s " BASE, getenv("CPID"));
        snprintf(command, sizeof command, "script -qec '%s' /dev/null </dev/null 2>&1", inner);
        CHECK_INT(run_command(command), 0);
        CHECK(strstr(out, "waits for a record on standard input") != NULL);
        CHECK_INT(run("", BASE "</dev/null"), 0);
        CHECK_STR(out, "");
    }
    TEST ("exit codes: 64 usage, 65 unreadable input, 78 configuration") {
        CHECK_INT(run("", "explain --topic t"), 64);
        CHECK_INT(run("", "explain -c tests/fixtures/explain/cpid.conf"), 64);
        CHECK_INT(run("", "explain -c tests/fixtures/explain/cpid.conf --topic desk.event"), 64);
        CHECK(strstr(out, "sources read: desk.events strict.events") != NULL);
        CHECK_INT(run("", BASE "--jsn"), 64);
        CHECK_INT(run("", BASE "nowhere.ndjson"), 65);
        CHECK_INT(run("", BASE "tests"), 65);
        CHECK_INT(run("", "explain -c tests/fixtures/bad.conf --topic t"), 78);
    }
}

int main(void)
{
    if (!getenv("CPID"))
        check_skip("$CPID is not set: run it through ctest");
    test_json();
    test_words();
    test_codes();
    return check_done();
}
