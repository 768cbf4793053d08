/* Lines of NDJSON: plain values and kcat's envelopes. */
#include "check.h"

#include "cpi/envelope.h"

static struct cpi_envelope_reader *reader;
static struct cpi_record record;

static bool read_line(const char *line)
{
    return cpi_envelope_parse(reader, cpi_text_of(line), &record);
}

int main(void)
{
    reader = cpi_envelope_reader_new();
    TEST ("an envelope gives topic, partition, offset, time, headers, key and payload") {
        CHECK(
            read_line("{\"topic\":\"t\",\"partition\":3,\"offset\":12,\"tstype\":\"create\","
                      "\"ts\":1700000000123,\"broker\":1,\"headers\":[\"ce_id\",\"7\",\"h\",null],"
                      "\"key\":\"k\\u00fc\",\"payload\":\"{\\\"a\\\":1}\"}"));
        CHECK_TEXT(record.topic, "t");
        CHECK_INT(record.partition, 3);
        CHECK_INT(record.offset, 12);
        CHECK_INT(record.timestamp, 1700000000123);
        CHECK_TEXT(record.key, "k\xC3\xBC");
        CHECK_TEXT(record.value, "{\"a\":1}");
        CHECK_INT(record.n_headers, 2);
        CHECK_TEXT(record.header[0].name, "ce_id");
        CHECK_TEXT(record.header[0].value, "7");
        CHECK(!cpi_text_is(record.header[1].value));
    }
    TEST ("an envelope without headers, key and time; a payload of null is a tombstone") {
        CHECK(read_line(
            "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"tstype\":\"unknown\",\"ts\":-1,"
            "\"key\":null,\"payload\":null}"));
        CHECK(!cpi_text_is(record.value));
        CHECK(!cpi_text_is(record.key));
        CHECK_INT(record.n_headers, 0);
        CHECK_INT(record.timestamp, CPI_TIME_NONE);
    }
    static const char *const plain[] = {
        "{\"a\":1}",
        "",
        "no JSON at all",
        "{\"topic\":\"t\",\"partition\":0,\"offset\":0}",
        "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"payload\":{\"a\":1}}",
        "{\"topic\":\"t\",\"partition\":-1,\"offset\":0,\"payload\":\"x\"}",
        "{\"topic\":1,\"partition\":1,\"offset\":0,\"payload\":\"x\"}",
        "{\"data\":{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"payload\":\"x\"}}",
        "{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"payload\":\"x\"} {}",
        "y",
        "\"payload",
        "payload\"",
        "yyyyy\"payloa",
        "[\"topic\",\"partition\",\"offset\",\"payload\"]",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        TEST ("any other line is the value itself, whatever stands in it") {
            CHECK(!read_line(plain[i]));
            CHECK_TEXT(record.value, plain[i]);
            CHECK_INT(record.timestamp, CPI_TIME_NONE);
            CHECK(!cpi_text_is(record.key));
            CHECK_INT(record.n_headers, 0);
        }
    cpi_envelope_reader_free(reader);
    return check_done();
}
