/* Bad input through the whole of `cpid replay`: every record is an event, ignored by name, or a
 * dead letter with its reason; the good ones among them still count. */
#include "check.h"

#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cpi/buf.h>

#include "cmd.h"

static char folder[] = "/tmp/cpid-replay-bad-XXXXXX";

static const char conf[] =
    "sources = ( { name = \"desk\"; topics = [ \"desk\" ]; wait = \"1m\"; idle = \"hold\";\n"
    "  common = { id = \"/id\"; type = \"/type\"; time = \"/time\"; seq = \"/seq\"; case = "
    "\"/case\";\n"
    "             rep = \"/rep\"; fields = { talk = \"/talk | s\"; }; };\n"
    "  rules = ( { type = \"/type\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"1h\"; }; };\n"
    "indicators = ( { name = \"talk\"; each = \"contact.ended\"; of = \"talk\"; show = [ \"sum\" "
    "]; over = \"hour\"; },\n"
    "  { name = \"open\"; open = \"case.opened\"; until = \"case.closed\"; every = \"1h\"; } );\n";

static void path_of(const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", folder, name);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(bytes, 1, len, file) == len);
    if (file)
        fclose(file);
}

/* The whole file, NUL-terminated; the caller frees it. */
static char *read_file(const char *name)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    if (!file)
        return calloc(1, 1);
    fseek(file, 0, SEEK_END);
    long len = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)len + 1);
    CHECK(fread(text, 1, (size_t)len, file) == (size_t)len);
    fclose(file);
    return text;
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

static int replay(const char *topic_and_name)
{
    char conf_path[256], input[300];
    path_of("cpid.conf", conf_path);
    const char *equals = strchr(topic_and_name, '=');
    snprintf(input, sizeof input, "%.*s%s/%s", (int)(equals + 1 - topic_and_name), topic_and_name,
             folder, equals + 1);
    char *argv[] = { "replay", "-c",      conf_path,
                     "-i",     input,     "-o",
                     folder,   "--until", "2026-03-02T12:00:00Z",
                     NULL };
    return cmd_replay(9, argv);
}

/* ---- one line each, and the reason that must come out ("" = an event, "-" = nothing) ---- */
#define AT "\"type\":\"contact.ended\",\"time\":\"2026-03-02T10:00:00Z\""

static const struct line {
    const char *text, *reason;
} lines[] = {
    { "{\"id\":\"good\"," AT ",\"talk\":90,\"rep\":\"anna\"}", "" },
    { "{\"id\":\"x\"," AT, "json" },
    { "{\"id\":\"x\",}", "json" },
    { "{\"a\":1} {\"b\":2}", "json" },
    { "nonsense", "json" },
    { "\xef\xbb\xbf{}", "json" },
    { "{\"id\":\"\xc0\x80\"," AT "}", "encoding" },
    { "{\"id\":\"\xed\xa0\x80\"," AT "}", "encoding" },
    { "{\"id\":\"a\\u0000b\"," AT "}", "id" },
    { "{\"id\":\"t\",\"type\":\"contact.ended\"}", "no_time" },
    { "{\"id\":\"t\",\"type\":\"contact.ended\",\"time\":\"yesterday\"}", "bad_time" },
    { "{\"id\":\"t\",\"type\":\"contact.ended\",\"time\":\"1066-10-14T09:00:00Z\"}", "bad_time" },
    { "{\"id\":\"c\",\"type\":\"case.opened\",\"time\":\"2026-03-02T10:00:00Z\"}", "no_case" },
    { "{\"id\":\"s\"," AT ",\"seq\":\"first\"}", "seq" },
    { "{\"id\":\"u\",\"type\":\"of.another.world\",\"time\":\"2026-03-02T10:00:00Z\"}", "-" },
    { "{}", "-" },
    { "[]", "-" },
    { "null", "-" },
    { "{\"id\":\"unreadable\"," AT ",\"talk\":\"long\"}", "" },
    { "{\"id\":\"good2\"," AT ",\"talk\":30,\"rep\":\"anna\"}", "" },
};
#define N_LINES (sizeof lines / sizeof *lines)

static void test_lines(void)
{
    struct cpi_buf in;
    int dead = 0;
    cpi_buf_init(&in);
    for (size_t i = 0; i < N_LINES; i++) {
        cpi_buf_add_string(&in, lines[i].text);
        cpi_buf_add_byte(&in, '\n');
        dead += lines[i].reason[0] && lines[i].reason[0] != '-';
    }
    write_file("lines", in.at, in.len);
    cpi_buf_fini(&in);
    CHECK_INT(replay("desk=lines"), EXIT_OK);
    char *letters = read_file("dead-letters.ndjson"), *figures = read_file("indicators.ndjson");
    CHECK_INT(count_of(letters, "\n"), dead);
    for (size_t i = 0; i < N_LINES; i++) {
        char want[64];
        int expected = 0;
        if (!lines[i].reason[0] || lines[i].reason[0] == '-')
            continue;
        snprintf(want, sizeof want, "\"reason\":\"%s\"", lines[i].reason);
        for (size_t k = 0; k < N_LINES; k++)
            expected += strcmp(lines[k].reason, lines[i].reason) == 0;
        if (count_of(letters, want) != expected)
            printf("reason %s: %d\n", lines[i].reason, count_of(letters, want));
        CHECK_INT(count_of(letters, want), expected);
    }
    /* at eleven, and at twelve that there is nothing any more */
    CHECK_INT(count_of(figures, "\"id\":\"anna\"},\"window\":{\"name\":\"hour\""), 2);
    CHECK(strstr(figures, "\"value\":120000,\"unit\":\"ms\",\"n\":2") != NULL);
    free(letters);
    free(figures);
}

/* ---- sizes ---- */

static void add_good(struct cpi_buf *in, const char *id)
{
    cpi_buf_add_format(in, "{\"id\":\"%s\"," AT ",\"talk\":60}\n", id);
}

static void test_sizes(void)
{
    struct cpi_buf in;
    cpi_buf_init(&in);
    add_good(&in, "before");
    cpi_buf_add_string(&in, "{\"id\":\"big\"," AT ",\"note\":\""); /* 10 MB */
    for (int i = 0; i < 1000000; i++)
        cpi_buf_add_string(&in, "0123456789");
    cpi_buf_add_string(&in, "\"}\n");
    for (int i = 0; i < 100000; i++) /* 100,000 levels */
        cpi_buf_add_byte(&in, '[');
    cpi_buf_add_string(&in, "\n{\"id\":\"digits\"," AT ",\"talk\":");
    for (int i = 0; i < 400; i++)
        cpi_buf_add_byte(&in, '9');
    cpi_buf_add_string(&in, "}\n{\"id\":\"");
    for (int i = 0; i < 100000; i++) /* a huge key */
        cpi_buf_add_byte(&in, 'k');
    cpi_buf_add_string(&in, "\"," AT "}\n");
    add_good(&in, "after");
    write_file("sizes", in.at, in.len);
    cpi_buf_fini(&in);
    CHECK_INT(replay("desk=sizes"), EXIT_OK);
    char *letters = read_file("dead-letters.ndjson"), *figures = read_file("indicators.ndjson");
    CHECK_INT(count_of(letters, "\n"), 3);
    CHECK_INT(count_of(letters, "\"reason\":\"size\""), 1);
    CHECK_INT(count_of(letters, "\"reason\":\"depth\""), 1);
    CHECK_INT(count_of(letters, "\"reason\":\"id\""), 1);
    CHECK(strlen(letters) < 2 * 1024 * 1024); /* the big one is cut, and its size said (K6) */
    CHECK(strstr(letters, "\"size\":\"10000") != NULL);
    /* the 400 digits are no amount: excluded, not lost */
    CHECK(strstr(figures, "\"value\":120000,\"unit\":\"ms\",\"n\":2") != NULL);
    CHECK(strstr(figures, "\"excluded\":1") != NULL);
    free(letters);
    free(figures);
}

static void test_envelopes(void)
{
    static const char in[] =
        /* too new for its record, too old for what came before, a tombstone, an empty record */
        "{\"topic\":\"desk\",\"partition\":0,\"offset\":0,\"ts\":1772445600000,\"key\":\"k\","
        "\"payload\":\"{\\\"id\\\":\\\"a\\\",\\\"type\\\":\\\"contact.ended\\\",\\\"time\\\":"
        "\\\"2026-03-03T10:00:00Z\\\"}\"}\n"
        "{\"topic\":\"desk\",\"partition\":0,\"offset\":1,\"ts\":1772445600000,\"key\":\"k\","
        "\"payload\":\"{\\\"id\\\":\\\"b\\\",\\\"type\\\":\\\"contact.ended\\\",\\\"time\\\":"
        "\\\"2026-03-02T10:00:00Z\\\",\\\"talk\\\":1}\"}\n"
        "{\"topic\":\"desk\",\"partition\":0,\"offset\":2,\"ts\":1772445600000,\"key\":\"k\","
        "\"payload\":\"{\\\"id\\\":\\\"c\\\",\\\"type\\\":\\\"contact.ended\\\",\\\"time\\\":"
        "\\\"1999-03-02T10:00:00Z\\\",\\\"talk\\\":1}\"}\n"
        "{\"topic\":\"desk\",\"partition\":0,\"offset\":3,\"ts\":1772445600000,\"key\":\"k\","
        "\"payload\":null}\n"
        "{\"topic\":\"desk\",\"partition\":0,\"offset\":4,\"ts\":1772445600000,\"key\":\"k\","
        "\"payload\":\"\"}\n";
    write_file("envelopes", in, sizeof in - 1);
    CHECK_INT(replay("desk=envelopes"), EXIT_OK);
    char *letters = read_file("dead-letters.ndjson");
    CHECK_INT(count_of(letters, "\n"), 2);
    CHECK_INT(count_of(letters, "\"reason\":\"future\""), 1);
    CHECK_INT(count_of(letters, "\"reason\":\"ancient\""), 1);
    CHECK(strstr(letters, "\"offset\":\"2\"") != NULL);
    free(letters);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    write_file("cpid.conf", conf, sizeof conf - 1);
    TEST ("every bad record is a dead letter with its reason, and the good ones count") {
        test_lines();
    }
    TEST ("10 MB, 100,000 levels, 400 digits and huge keys neither stop nor pass") {
        test_sizes();
    }
    TEST ("T3 records of the future and of long ago are dead letters; tombstones are nothing") {
        test_envelopes();
    }
    TEST ("T5 an input that cannot be read ends with 65, an unknown topic with 64") {
        char path[256];
        path_of("folder", path);
        CHECK(mkdir(path, 0700) == 0);
        CHECK_INT(replay("desk=missing"), EXIT_BAD_DATA);
        CHECK_INT(replay("desk=folder"), EXIT_BAD_DATA);
        CHECK_INT(replay("desc=lines"), EXIT_USAGE);
        write_file("empty", "", 0);
        CHECK_INT(replay("desk=empty"), EXIT_OK);
        write_file("cut", "{\"id\":\"x\"", 9); /* no newline at the end */
        CHECK_INT(replay("desk=cut"), EXIT_OK);
    }
    static const char *const names[] = { "lines",
                                         "sizes",
                                         "envelopes",
                                         "empty",
                                         "cut",
                                         "cpid.conf",
                                         "folder",
                                         "facts.ndjson",
                                         "indicators.ndjson",
                                         "alerts.ndjson",
                                         "revisions.ndjson",
                                         "dead-letters.ndjson" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        path_of(names[i], path);
        remove(path);
    }
    rmdir(folder);
    return check_done();
}
