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

#define FIGURE                                                                                     \
    "explain -c conf/examples/zendesk.conf --entity team:support --indicator fcr --at "            \
    "2026-03-04T12:30:00Z "
#define EVENTS "-i zendesk.events=conf/examples/tickets.ndjson "

static void test_figure(void)
{
    TEST ("a figure: the number, each case with what decided it, the sum, the alert's path") {
        static const char *const wanted[] = {
            "value      0.250000, 1 of 4\n",
            "target     >= 75 %: missed\n",
            "sample     4 counted, 0 excluded, 2 pending\n",
            "adds up    1 of 4: what the window says\n",
            "  2026-03-03T09:30:00.000Z  pending   zendesk:1006  anna\n",
            "  lost      zendesk:1001  anna  by case.opened of zendesk:1005 at "
            "2026-03-03T07:55:00.000Z, event ev-10 in zendesk.events/0/10\n",
            "  lost      zendesk:1002  ben  by case.reopened at 2026-03-02T15:03:00.000Z, event "
            "ev-09 in zendesk.events/0/9\n",
            "  2026-03-04T09:00:00.000Z  1 of 2\n",
            "alert fcr-low: when < 70 %, of at least 4, for 1h; over when >= 75 %\n"
            "  2026-03-04T11:00:00.000Z  pending   value 0.250000 of 4\n"
            "  2026-03-04T12:00:00.000Z  firing    value 0.250000 of 4\n"
            "  here it is firing: breached\n",
        };
        CHECK_INT(run("", FIGURE EVENTS), 0);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            CHECK(strstr(out, wanted[i]) != NULL);
            if (!strstr(out, wanted[i]))
                printf("  missing: %s", wanted[i]);
        }
    }
    TEST ("a late event: the number as it was on time, and as it was known later") {
        const char *late = "explain -c conf/examples/zendesk.conf " EVENTS
                           "--entity team:phone --indicator resolution --at 2026-03-05T07:10:00Z ";
        char later[512];
        CHECK_INT(run("", late), 0);
        CHECK(strstr(out, "5 counted") != NULL);
        CHECK(strstr(out, "1 fact of this window became known later") != NULL);
        snprintf(later, sizeof later, "%s --known 2026-03-05T09:00:00Z", late);
        CHECK_INT(run("", later), 0);
        CHECK(strstr(out, "6 counted") != NULL);
        CHECK(strstr(out, "adds up    6, together 7786000 ms") != NULL);
    }
    TEST ("as JSON: the update as it was published, and all that it is made of") {
        CHECK_INT(run("", FIGURE EVENTS "--json"), 0);
        CHECK(strstr(out, "{\"update\":{\"indicator\":\"fcr\",") == out);
        CHECK(strstr(out, "\"n\":4,\"good\":1,\"low\":0.045587,") != NULL);
        CHECK(strstr(out, "\"pending\":2,") != NULL);
        CHECK(strstr(out, "\"sum\":{\"n\":4,\"good\":1,\"excluded\":0,\"meets\":true}") != NULL);
        CHECK(
            strstr(
                out,
                "\"by\":{\"type\":\"case.reopened\",\"time\":\"2026-03-02T15:03:00.000Z\","
                "\"case\":\"zendesk:1002\",\"id\":\"ev-09\",\"record\":\"zendesk.events/0/9\"}") !=
            NULL);
        CHECK(strstr(out, "\"alerts\":[{\"name\":\"fcr-low\",\"state\":\"firing\",") != NULL);
    }
    TEST ("from a file of facts: the same, but for what only events tell") {
        CHECK_INT(run_command("rm -rf /tmp/cpid-explain-facts; $CPID replay -c "
                              "conf/examples/zendesk.conf " EVENTS
                              "-o /tmp/cpid-explain-facts --until 2026-03-09 2>&1"),
                  0);
        CHECK_INT(run("", FIGURE "--facts /tmp/cpid-explain-facts/facts.ndjson"), 0);
        CHECK(strstr(out, "value      0.250000, 1 of 4\n") != NULL);
        CHECK(strstr(out, "sample     4 counted, 0 excluded\n") != NULL);
        CHECK(strstr(out, "ben  by another event at 2026-03-02T15:03:00.000Z\n") != NULL);
        CHECK_INT(run("", FIGURE "--json --facts /tmp/cpid-explain-facts/facts.ndjson"), 0);
        CHECK(strstr(out, "\"pending\":") == NULL);
        CHECK_INT(run_command("rm -r /tmp/cpid-explain-facts"), 0);
    }
    TEST ("what is asked wrongly is said with what would be right") {
        CHECK_INT(run("", "explain -c conf/examples/zendesk.conf " EVENTS
                          "--entity team:support --indicator frc --at 2026-03-04"),
                  64);
        CHECK(strstr(out, "did you mean \"fcr\"?") != NULL);
        CHECK_INT(run("", "explain -c conf/examples/zendesk.conf " EVENTS
                          "--entity squad:support --indicator fcr --at 2026-03-04"),
                  64);
        CHECK(strstr(out, "want one of org:* rep:ID team:ID") != NULL);
        CHECK_INT(run("", FIGURE EVENTS "--window month"), 64);
        CHECK(strstr(out, "fcr does not count over \"month\"; want one of week") != NULL);
        CHECK_INT(run("", FIGURE EVENTS "--known 2026-03-04"), 64);
        CHECK_INT(run("", FIGURE EVENTS "--known 9999-01-01"), 64);
        CHECK_INT(run("", FIGURE EVENTS "--topic zendesk.events"), 64);
        CHECK_INT(run("", FIGURE EVENTS "--facts x"), 64);
        CHECK_INT(run("", "explain -c conf/examples/zendesk.conf --entity team:support"), 64);
        CHECK_INT(run("", "explain -c conf/examples/zendesk.conf " EVENTS
                          "--entity team:nobody --indicator fcr --at 2026-03-04"),
                  65);
        CHECK(strstr(out, "there is no fact of fcr about team:nobody") != NULL);
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
    test_figure();
    test_codes();
    return check_done();
}
