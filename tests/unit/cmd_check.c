/* `cpid check` as a user meets it: exit codes, what goes to which stream, the example
 * configuration. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char out[262144], err[262144];

static void read_stream(const char *path, char *ret, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(ret, 1, size - 1, file) : 0;
    ret[n] = 0;
    if (file)
        fclose(file);
}

/* Runs the program; its exit code. */
static int run(const char *arguments)
{
    char folder[] = "/tmp/cpid-check-XXXXXX";
    char command[2048], path[64];
    if (!mkdtemp(folder))
        abort();
    snprintf(command, sizeof command, "%s %s >%s/out 2>%s/err", getenv("CPID"), arguments, folder,
             folder);
    int status = system(command);
    snprintf(path, sizeof path, "%s/out", folder);
    read_stream(path, out, sizeof out);
    snprintf(path, sizeof path, "%s/err", folder);
    read_stream(path, err, sizeof err);
    snprintf(command, sizeof command, "rm -r %s", folder);
    if (system(command) != 0)
        abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_codes(void)
{
    TEST ("wrong arguments end with 64 and say what is wrong, on stderr") {
        CHECK_INT(run(""), 64);
        CHECK_INT(run("chec"), 64);
        CHECK(strstr(err, "there is no verb \"chec\"; did you mean check?"));
        CHECK_STR(out, "");
        CHECK_INT(run("check"), 64);
        CHECK(strstr(err, "-c FILE is missing"));
        CHECK_INT(run("check -c"), 64);
        CHECK_INT(run("check --nosuch"), 64);
        CHECK_INT(run("check -c conf/cpid.conf more"), 64);
        CHECK_INT(run("check -c conf/cpid.conf --explain fcrr"), 64);
        CHECK(strstr(err, "did you mean \"fcr\"?"));
        CHECK_INT(run("check -c conf/cpid.conf --explain frc"), 64); /* two letters swapped */
        CHECK(strstr(err, "did you mean \"fcr\"?"));
    }
    TEST ("help and version go to stdout and end with 0") {
        CHECK_INT(run("--help"), 0);
        CHECK(strstr(out, "  check    all errors") && !*err);
        CHECK_INT(run("check --help"), 0);
        CHECK(strstr(out, "Usage: cpid check"));
        CHECK_INT(run("--version"), 0);
        CHECK(strncmp(out, "cpid ", 5) == 0);
    }
    TEST ("a wrong configuration ends with 78 and a line for each error") {
        CHECK_INT(run("check -c /nowhere/cpid.conf"), 78);
        CHECK(strstr(err, "/nowhere/cpid.conf: cannot read it: No such file or directory\n"));
        CHECK_INT(run("check -c tests/fixtures/bad.conf"), 78);
        CHECK_STR(out, "");
        CHECK_STR(
            err,
            "tests/fixtures/bad.conf:2: lateness: 86400 has no unit; write \"86400s\", \"86400m\", "
            "\"86400h\" or \"86400d\"\n"
            "tests/fixtures/bad.conf:5: sources.desk.waits: unknown key; did you mean wait?\n"
            "tests/fixtures/bad.conf:9: indicators.solved.over: there is no window \"weak\"; did "
            "you mean "
            "\"week\"?\n"
            "tests/fixtures/bad.conf:12: alerts.low.when: \"< 5m\": 5m is no number; write such as "
            "5 or 1.25\n"
            "tests/fixtures/bad.conf: 4 errors\n");
    }
}

static void test_settings(void)
{
    TEST ("--settings prints every setting with its kind and default, without a file") {
        CHECK_INT(run("check --settings"), 0);
        CHECK(strstr(out, "sources.[].rules.[].emit.[].when\n"));
        CHECK(strstr(out, "keep.journeys\n    a duration such as \"10m\"; 1h..3660d; default 180d; "
                          "a change alters results\n"));
        CHECK(strstr(out, "words.NAME.where-any\n"));
        CHECK(strstr(
            out, "indicators.[].broken-by.[].at-least\n    a whole number; 1..1000; default 1;"));
    }
}

static void test_indicators(void)
{
    TEST ("--indicators lists the catalogue, and one of it whole") {
        CHECK_INT(run("check --indicators"), 0);
        CHECK(strstr(out, "First contact resolution ("));
        CHECK(strstr(out, "  fcr                  effectiveness  First contact resolution"));
        CHECK_INT(run("check --indicators csat"), 0);
        CHECK(strncmp(out, "csat: Satisfied customers", 25) == 0);
        CHECK(strstr(out, "\nclass     effectiveness; better: up\n"));
        CHECK(strstr(out, "\ntarget    >= 85 %; SQM Group 2022"));
        CHECK(strstr(out, "/indicators/satisfaction.conf:"));
        CHECK_INT(run("check --indicators cast"), 64);
        CHECK(strstr(err, "the catalogue has no indicator \"cast\"; did you mean \"csat\"?"));
        CHECK_INT(run("check --indicators csat more"), 64);
    }
}

static void test_samples(void)
{
    TEST ("a pack's samples are run against the pack, whatever own keys make of it") {
        CHECK_INT(run("check -c tests/fixtures/sampled.conf"), 0);
        CHECK_STR(out, "tests/fixtures/sampled.conf is right: 1 source, 1 sample\n");
    }
    TEST ("a source's own samples are run against the source; a failing one ends with 78") {
        CHECK_INT(run("check -c tests/fixtures/sampled-own.conf"), 78);
        CHECK_STR(out, "");
        CHECK_STR(err, "tests/fixtures/sampled-own.samples:6: becomes "
                       "{\"refused\":\"no_time\",\"detail\":\"time: absent\"} instead\n"
                       "tests/fixtures/sampled-own.conf: 1 error\n");
    }
    TEST ("--pack checks one pack alone, by its name or its file") {
        CHECK_INT(run("check --pack tests/fixtures/sources/sampled.conf"), 0);
        CHECK(strstr(out, "sampled.conf is right: 1 source, 1 sample\n"));
        CHECK_INT(run("check --pack zendesk"), 0);
        CHECK(strncmp(out, "zendesk is right: 1 source, ", 28) == 0);
        CHECK_INT(run("check --pack nosuchpack"), 78);
        CHECK(strstr(err, "nosuchpack: there is no pack of that name"));
        CHECK_INT(run("check --pack zendesk -c conf/cpid.conf"), 64);
    }
    TEST ("samples that cannot be read are an error of the line that names them") {
        CHECK_INT(run("check -c tests/fixtures/sampled-none.conf"), 78);
        CHECK(strstr(err, "tests/fixtures/sampled-none.conf:2: samples: cannot read "
                          "tests/fixtures/nowhere.samples: No such file"));
    }
}

static void test_example(void)
{
    char path[512], arguments[1024];
    const char *shared = getenv("CPID_SHARED");
    snprintf(path, sizeof path, "%s/example.conf", shared && *shared ? shared : "../shared");
    if (access(path, R_OK) != 0) {
        printf("SKIP: no example.conf in ../shared or $CPID_SHARED\n");
        return;
    }
    TEST ("the example configuration passes as it stands, but for files that are not beside it") {
        snprintf(arguments, sizeof arguments, "check -c %s", path);
        CHECK_INT(run(arguments), 0);
        CHECK(strstr(out, "2 sources, 12 indicators, 4 alerts"));
        for (const char *line = err; *line; line = strchr(line, '\n') + 1)
            CHECK(strstr(line, "warning: ") && strstr(line, "No such file"));
    }
    TEST ("and its first contact resolution reads as what it is") {
        snprintf(arguments, sizeof arguments, "check -c %s --explain fcr", path);
        CHECK_INT(run(arguments), 0);
        CHECK(strstr(out, "Of all case.resolved events, the first one of each case"));
        CHECK(strstr(out, "Success and failure both count 7d after the start,\nnot before."));
    }
}

int main(void)
{
    if (!getenv("CPID"))
        check_skip("no $CPID: the program is not built");
    test_codes();
    test_settings();
    test_indicators();
    test_samples();
    test_example();
    return check_done();
}
