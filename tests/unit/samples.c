/* Samples: records and what they must become. */
#include "check.h"

#include "config/load.h"
#include "explain/samples.h"

static struct config config;
static struct cpi_diag load_diag, diag;
static struct explain ex;
static size_t count;

/* Runs the samples; all complaints, a line each, as "LINE: text". */
static const char *run(const char *text)
{
    static char said[4096];
    size_t len = 0;
    cpi_diag_init(&diag);
    count = samples_check(&ex, "s", cpi_text_of(text), &diag);
    said[0] = 0;
    for (size_t i = 0; i < diag.count && len < sizeof said; i++)
        len += (size_t)snprintf(said + len, sizeof said - len, "%s%u: %s", i ? "\n" : "",
                                diag.line[i].at.line, diag.line[i].text);
    cpi_diag_fini(&diag);
    return said;
}

#define OPENED                                                                                     \
    "{\"type\":\"case.opened\",\"time\":\"2026-03-02T09:20:01.000Z\",\"id\":\"7\",\"case\":"       \
    "\"c 1\",\"customer\":null,\"rep\":null,\"team\":null,\"fields\":{}}"
#define RECORD "{\"id\":7,\"kind\":\"new\",\"ticket\":\"c 1\",\"at\":1772443201}"

static void test_right(void)
{
    TEST ("a record that becomes what is written behind => is right") {
        CHECK_STR(run("# words\n" RECORD "\n=> " OPENED "\n"), "");
        CHECK_INT(count, 1);
    }
    TEST ("an empty line ends a sample; the last one needs none") {
        CHECK_STR(run(RECORD "\n=> " OPENED "\n\n\n# b\n\n" RECORD "\n=>" OPENED), "");
        CHECK_INT(count, 2);
        CHECK_STR(run(""), "");
        CHECK_INT(count, 0);
    }
    TEST ("records and expectations go over several lines, blanks outside of texts do not count") {
        CHECK_STR(
            run("{ \"id\": 7, \"kind\": \"new\",\n  \"ticket\": \"c 1\", \"at\": 1772443201 }\n"
                "=> {\"type\": \"case.opened\", \"time\":\"2026-03-02T09:20:01.000Z\",\n"
                "    \"id\":\"7\",\"case\":\"c 1\",\t\"customer\":null,\"rep\":null,\n"
                "  \"team\":null,\"fields\":{}}\n"),
            "");
    }
    TEST ("without a record it is a tombstone; the key may still say something") {
        CHECK_STR(run("@key 1\n=> {\"ignored\":\"empty\"}\n"), "");
    }
    TEST ("a line of kcat -J is the record it holds") {
        CHECK_STR(run("{\"topic\":\"t\",\"partition\":3,\"offset\":9,\"payload\":\"{\\\"kind\\\":"
                      "\\\"new\\\",\\\"ticket\\\":\\\"x\\\",\\\"at\\\":1772443201}\"}\n"
                      "=> {\"type\":\"case.opened\",\"time\":\"2026-03-02T09:20:01.000Z\",\"id\":"
                      "\"3/9#0\",\"case\":\"x\",\"customer\":null,\"rep\":null,\"team\":null,"
                      "\"fields\":{}}"),
                  "");
    }
    TEST ("headers, key and time of the record are what the @ lines say") {
        CHECK_STR(run("@header kind: new\n@header other: a:b\n@key c 1\n"
                      "@timestamp 2026-03-02T09:20:01Z\n{\"id\":7}\n=> " OPENED),
                  "");
    }
}

static void test_wrong(void)
{
    TEST ("what comes out instead is said with the line of the expectation") {
        CHECK_STR(run("# words\n\n" RECORD "\n=> {\"ignored\":\"unmapped\"}\n"),
                  "4: becomes " OPENED " instead");
        CHECK_INT(count, 1);
    }
    TEST ("blanks inside of texts count, and so does every other byte") {
        CHECK_STR(run("{\"kind\":\"x  \\\\\\\" y\"}\n=> {\"ignored\":\"unmapped\",\"detail\":\"x "
                      "\\\\\\\" y\"}"),
                  "2: becomes {\"ignored\":\"unmapped\",\"detail\":\"x  \\\\\\\" y\"} instead");
        CHECK_STR(run("{\"kind\":\"x\"}\n=> {\"ignored\":\"unmapped\",\"detail\":\"x\"}}"),
                  "2: becomes {\"ignored\":\"unmapped\",\"detail\":\"x\"} instead");
        CHECK_STR(run("{\"kind\":\"x\"}\n=> {\"ignored\":\"unmapped\",\"detail\":\"x\""),
                  "2: becomes {\"ignored\":\"unmapped\",\"detail\":\"x\"} instead");
    }
    TEST ("a record that does not say what becomes of it is wrong, wherever it stands") {
        CHECK_STR(run(RECORD), "1: does not say what becomes => " OPENED);
        CHECK_STR(run(RECORD "\n\n{}\n=> {\"ignored\":\"unmapped\",\"detail\":\"\"}"),
                  "1: does not say what becomes => " OPENED);
    }
    TEST ("more and fewer events than are written are wrong") {
        CHECK_STR(run(RECORD "\n=> " OPENED "\n=> " OPENED),
                  "3: nothing more comes out of this record");
        CHECK_STR(
            run("{\"kind\":\"both\",\"at\":1}\n=> {\"refused\":\"no_time\"}\n"),
            "2: becomes {\"type\":\"case.opened\",\"time\":\"1970-01-01T00:00:01.000Z\",\"id\":"
            "\"0/0#0\",\"case\":null,\"customer\":null,\"rep\":null,\"team\":null,\"fields\":{}}"
            " instead\n"
            "1: also becomes => {\"type\":\"case.closed\",\"time\":\"1970-01-01T00:00:01.000Z\","
            "\"id\":\"0/0#0\",\"case\":null,\"customer\":null,\"rep\":null,\"team\":null,"
            "\"fields\":{}}");
    }
    TEST ("a record behind => , an unknown @ and a wrong time are said") {
        CHECK_STR(run("{}\n=> {\"ignored\":\"unmapped\",\"detail\":\"\"}\n{}\n"),
                  "3: stands behind =>; an empty line ends a sample");
        CHECK_STR(run("@headers a: b\n@header a\n@timestamp noon\n=> {\"ignored\":\"empty\"}\n"),
                  "1: unknown @headers; want @key, @header or @timestamp\n"
                  "2: want @header NAME: VALUE, at most 64 times\n"
                  "3: \"noon\" is no time; want such as 2026-03-02T08:00:00Z");
    }
}

int main(void)
{
    cpi_diag_init(&load_diag);
    if (config_load_pack("tests/fixtures/sources/sampled.conf", &config, &load_diag) < 0) {
        for (size_t i = 0; i < load_diag.count; i++)
            printf("%u: %s\n", load_diag.line[i].at.line, load_diag.line[i].text);
        return 1;
    }
    ex = (struct explain){ .model = config.model, .mapper = cpi_mapper_new() };
    test_right();
    test_wrong();
    cpi_mapper_free(ex.mapper);
    cpi_diag_fini(&load_diag);
    config_fini(&config);
    return check_done();
}
