/* Every form of a value, every operation, every condition: one row each. The value is mapped onto
 * the field x of an event; what comes out is compared. */
#include "check.h"
#include "mapping_text.h"

static struct cpi_mapper *mapper;

static const struct cpi_header headers[] = { { { "ce_id", 5 }, { "old", 3 } },
                                             { { "ce_id", 5 }, { "E-1", 3 } },
                                             { { "raw", 3 }, { "\xFF", 1 } } };

static const char *x_of(const char *value, const char *document)
{
    char text[2048];
    snprintf(
        text, sizeof text,
        "{ common = { type = \"=case.opened\"; time = \"=2026-01-01\"; fields = { x = %s; }; };"
        "  maps = { m = ( [\"A*\", \"starts\"], [\"*z\", \"ends\"], [\"b?d\", \"one\"],"
        "                 [\"same*me\", \"&\"], [\"gone\", \"-\"], [\"\", \"nothing\"], [\">*\", "
        "\"new\"] ); }; }",
        value);
    struct cpi_mapping *mapping = mapping_of(text);
    struct cpi_record record = { .value = cpi_text_of(document),
                                 .key = CPI_TEXT("{\"id\":\"K\",\"n\":[1,2]}"),
                                 .header = headers,
                                 .n_headers = 3,
                                 .topic = CPI_TEXT("top"),
                                 .partition = 4,
                                 .offset = 77,
                                 .timestamp = 1700000000123 };
    const char *line = events_of(mapper, mapping, record);
    cpi_mapping_free(mapping);
    static const char head[] = "case.opened 2026-01-01T00:00:00.000Z";
    return strncmp(line, head, sizeof head - 1) == 0 ? line + sizeof head - 1 : line;
}

struct row {
    const char *value, *document, *want;
};

static const struct row forms[] = {
    { "\"/a\"", "{\"a\":\"t\"}", " x=t" },
    { "\"/a/b/c\"", "{\"a\":{\"b\":{\"c\":1}}}", " x=1" },
    { "\"/a~1b/c~0d\"", "{\"a/b\":{\"c~d\":\"t\"}}", " x=t" },
    { "\"/LLM (AW) question/$numberLong\"",
      "{\"LLM (AW) question\":{\"$numberLong\":\"90071992547409931\"}}", " x=90071992547409931" },
    { "\"/\"", "{\"\":5}", " x=5" },
    { "\"\"", "\"text\"", " x=text" },
    { "\"\"", "{\"a\":1}", "" },
    { "\"/a\"", "{\"a\":{\"b\":1}}", "" },
    { "\"/a\"", "{\"a\":[1]}", "" },
    { "\"/a\"", "{\"a\":null}", " x:null" },
    { "\"/a\"", "{\"a\":\"\"}", " x=" },
    { "\"/a\"", "{\"a\":true}", " x=true" },
    { "\"/a\"", "{\"a\":1234567890123456789012}", " x=1234567890123456789012" },
    { "\"/a\"", "{\"a\":1.50}", " x=1.50" },
    { "\"/a\"", "{}", "" },
    { "\"/a/b\"", "{\"a\":\"t\"}", "" },
    { "\"/a\"", "[1]", "" },
    { "\"$/a\"", "{\"a\":\"t\"}", " x=t" },
    { "\"/a[0]\"", "{\"a\":[\"f\",\"g\"]}", " x=f" },
    { "\"/a[1]/b\"", "{\"a\":[1,{\"b\":2}]}", " x=2" },
    { "\"/a[-1]\"", "{\"a\":[\"f\",\"g\"]}", " x=g" },
    { "\"/a[-3]\"", "{\"a\":[\"f\",\"g\"]}", "" },
    { "\"/a[2]\"", "{\"a\":[\"f\",\"g\"]}", "" },
    { "\"/a[0]/b\"", "{\"a\":{\"b\":\"alone\"}}", " x=alone" },
    { "\"/a/1\"", "{\"a\":[\"f\",\"g\"]}", " x=g" },
    { "\"/a/1\"", "{\"a\":{\"1\":\"member\"}}", " x=member" },
    { "\"/a[name=Amount]/v\"",
      "{\"a\":[{\"name\":\"Tax\",\"v\":1},{\"name\":\"Amount\",\"v\":2},"
      "{\"name\":\"Amount\",\"v\":3}]}",
      " x=2" },
    { "\"/a[name=Amount;last]/v\"",
      "{\"a\":[{\"name\":\"Amount\",\"v\":2},{\"name\":\"Amount\",\"v\":3},7]}", " x=3" },
    { "\"/a[id=36001234]/v\"", "{\"a\":[{\"id\":36001234,\"v\":\"t\"}]}", " x=t" },
    { "\"/a[?status]/v\"", "{\"a\":[{\"v\":1},{\"status\":null,\"v\":2},{\"status\":0,\"v\":3}]}",
      " x=3" },
    { "\"/a[?status;last]/v\"", "{\"a\":[{\"status\":1,\"v\":2},{\"status\":0,\"v\":3}]}", " x=3" },
    { "\"/a[name=None]/v\"", "{\"a\":[{\"name\":\"Amount\",\"v\":2}]}", "" },
    { "\"/a[*]/b\"", "{\"a\":[{\"b\":1},{\"c\":2},{\"b\":\"t\"},{\"b\":null}]}", " x=1,t" },
    { "\"/a[*]/b[*]\"", "{\"a\":[{\"b\":[1,2]},{\"b\":[3]},{\"b\":4}]}", " x=1,2,3,4" },
    { "\"/a[*]/b[k=1]/v\"",
      "{\"a\":[{\"b\":[{\"k\":1,\"v\":\"p\"}]},{\"b\":[{\"k\":2,\"v\":\"q\"}]}]}", " x=p" },
    { "\"[*]\"", "[\"a\",\"b\"]", " x=a,b" },
    { "\"key:\"", "{}", " x={\"id\":\"K\",\"n\":[1,2]}" },
    { "\"key:/id\"", "{}", " x=K" },
    { "\"key:/n[-1]\"", "{}", " x=2" },
    { "\"key:/none\"", "{}", "" },
    { "\"header:ce_id\"", "{}", " x=E-1" },
    { "\"header:none\"", "{}", "" },
    { "\"header:raw\"", "{}", " unreadable=1" },
    { "\"topic\"", "{}", " x=top" },
    { "\"partition\"", "{}", " x=4" },
    { "\"offset\"", "{}", " x=77" },
    { "\"timestamp\"", "{}", " x=1700000000123" },
    { "\"index\"", "{}", " x=0" },
    { "\"=a constant: {x}\"", "{}", " x=a constant: {x}" },
    { "\"=\"", "{}", " x=" },
    { "\"{/a}:{?/b}\"", "{\"a\":1,\"b\":\"t\"}", " x=1:t" },
    { "\"{/a}:{?/b}\"", "{\"a\":1}", " x=1:" },
    { "\"{/a}:{?/b}\"", "{\"b\":1}", "" },
    { "\"{/a}:{?/b}\"", "{\"a\":null,\"b\":1}", " x:null" },
    { "\"{/a}:{?/b}\"", "{\"a\":{},\"b\":1}", "" },
    { "\"{topic}/{partition}/{offset}#{index}@{timestamp}\"", "{}", " x=top/4/77#0@1700000000123" },
    { "\"<{}>\"", "7", " x=<7>" },
    { "\"{/a | lower}-{/b | after .}\"", "{\"a\":\"AB\",\"b\":\"x.y\"}", " x=ab-y" },
    { "[\"/a\", \"/b\"]", "{\"a\":null,\"b\":\"t\"}", " x=t" },
    { "[\"/a\", \"/b\", \"=c\"]", "{}", " x=c" },
    { "[\"/a\", \"/b\"]", "{\"a\":{},\"b\":\"t\"}", " x=t" },
    { "[\"/a | s\", \"/b | s\"]", "{\"a\":\"soon\",\"b\":7}", " unreadable=1" },
};

static const struct row ops[] = {
    { "\"/a | lower\"", "{\"a\":\"MiXed \xC3\x84\"}", " x=mixed \xC3\x84" },
    { "\"/a | after :\"", "{\"a\":\"client:anna:b\"}", " x=anna:b" },
    { "\"/a | after :\"", "{\"a\":\"anna\"}", "" },
    { "\"/a | before @\"", "{\"a\":\"anna@b\"}", " x=anna" },
    { "\"/a | before @\"", "{\"a\":\"anna\"}", "" },
    { "\"/a | last /\"", "{\"a\":\"arn:x/instance/1/agent/anna\"}", " x=anna" },
    { "\"/a | last /\"", "{\"a\":\"anna\"}", " x=anna" },
    { "\"/a | strip /\"", "{\"a\":\"//a/b/\"}", " x=a/b" },
    { "\"/a | strip ' '\"", "{\"a\":\"  a b \"}", " x=a b" },
    { "\"/a | none 0 -\"", "{\"a\":0}", " x:null" },
    { "\"/a | none 0 ''\"", "{\"a\":\"\"}", " x:null" },
    { "\"/a | none 'not set' 0\"", "{\"a\":\"not set\"}", " x:null" },
    { "\"/a | none 0\"", "{\"a\":\"00\"}", " x=00" },
    { "[\"/a | none 0\", \"/b\"]", "{\"a\":\"0\",\"b\":\"t\"}", " x=t" },
    { "\"/a | map m\"", "{\"a\":\"aBc\"}", " x=starts" },
    { "\"/a | map m\"", "{\"a\":\"XYZ\"}", " x=ends" },
    { "\"/a | map m\"", "{\"a\":\"BxD\"}", " x=one" },
    { "\"/a | map m\"",
      "{\"a\":\"b\xC3\xA4"
      "d\"}",
      " x=one" },
    { "\"/a | map m\"", "{\"a\":\"bxxd\"}", "" },
    { "\"/a | map m\"", "{\"a\":\"Same with me\"}", " x=Same with me" },
    { "\"/a | map m\"", "{\"a\":\"gone\"}", "" },
    { "\"/a | map m\"", "{}", " x=nothing" },
    { "\"/a | map m\"", "{\"a\":null}", " x=nothing" },
    { "\"{?/a}>{/b} | map m\"", "{\"b\":\"q\"}", " x=new" },
    { "\"/a | map m\"", "{\"a\":12}", "" },
    { "\"/a | json | at /p/q\"", "{\"a\":\"{\\\"p\\\":{\\\"q\\\":[1]}}\"}", "" },
    { "\"/a | json | at /p/q[0]\"", "{\"a\":\"{\\\"p\\\":{\\\"q\\\":[1]}}\"}", " x=1" },
    { "\"/a | json at /p\"", "{\"a\":\"{\\\"p\\\":\\\"t\\\"}\"}", " x=t" },
    { "\"/a | json | at /p\"", "{\"a\":{\"p\":\"an object already\"}}", " x=an object already" },
    { "\"/a | json | at /p\"", "{\"a\":\"no JSON\"}", " unreadable=1" },
    { "\"/a | json | at /p | json | at /q\"",
      "{\"a\":\"{\\\"p\\\":\\\"{\\\\\\\"q\\\\\\\":8}\\\"}\"}", " x=8" },
    { "\"/a | json\"", "{\"a\":\"12\"}", " x=12" },
    { "\"/a | at /b\"", "{\"a\":{\"b\":3}}", " x=3" },
    { "\"/a[*] | join ' + '\"", "{\"a\":[1,{\"b\":1},null,\"t\"]}", " x=1 + t" },
    { "\"/a | join ;\"", "{\"a\":[\"p\",\"q\"]}", " x=p;q" },
    { "\"/a | join ;\"", "{\"a\":\"p\"}", " x=p" },
    { "\"/a | join ;\"", "{\"a\":[]}", "" },
    { "\"/a | scale 2\"", "{\"a\":12345}", " x=123.45" },
    { "\"/a | scale 2\"", "{\"a\":\"1200\"}", " x=12.00" },
    { "\"/a | scale 2\"", "{\"a\":-5}", " x=-0.05" },
    { "\"/a | scale 3\"", "{\"a\":\"12.5\"}", " x=0.0125" },
    { "\"/a | scale -2\"", "{\"a\":\"1.2345\"}", " x=123.45" },
    { "\"/a | scale -3\"", "{\"a\":\"1.2\"}", " x=1200" },
    { "\"/a | scale -2\"", "{\"a\":\"0.5\"}", " x=50" },
    { "\"/a | scale 2\"", "{\"a\":\"1,000\"}", " unreadable=1" },
    { "\"/a | scale 2\"", "{\"a\":\"1e3\"}", " unreadable=1" },
    { "\"/a | s\"", "{\"a\":1518307966.678}", " x=1518307966678" },
    { "\"/a | s\"", "{\"a\":\"1307116657.1\"}", " x=1307116657100" },
    { "\"/a | s\"", "{\"a\":90}", " x=90000" },
    { "\"/a | s\"", "{\"a\":-1.9999}", " x=-1999" },
    { "\"/a | s\"", "{\"a\":1.5e3}", " x=1500000" },
    { "\"/a | ms\"", "{\"a\":\"1700000000123.9\"}", " x=1700000000123" },
    { "\"/a | us\"", "{\"a\":1700000000123456}", " x=1700000000123" },
    { "\"/a | ns\"", "{\"a\":1700000000123456789}", " x=1700000000123" },
    { "\"/a | days\"", "{\"a\":19000}", " x=1641600000000" },
    { "\"/a | s\"", "{\"a\":\"ten\"}", " unreadable=1" },
    { "\"/a | s\"", "{\"a\":\"\"}", " unreadable=1" },
    { "\"/a | s\"", "{\"a\":99999999999999999999}", " unreadable=1" },
    { "\"/a | s\"", "{\"a\":9223372036854775807}", " unreadable=1" },
    { "\"/a | s\"", "{\"a\":{}}", "" },
    { "\"/a | iso\"", "{\"a\":\"2026-01-31T10:00:00.1239+0100\"}", " x=1769850000123" },
    { "\"/a | iso\"", "{\"a\":\"31.1.2026\"}", " unreadable=1" },
    { "\"/a | date '%m/%d/%Y %H:%M:%S' UTC\"", "{\"a\":\"12/13/2016 18:46:44\"}",
      " x=1481654804000" },
    { "\"/a | date '%Y-%m-%d %H:%M' Europe/Berlin\"", "{\"a\":\"2026-07-01 12:00\"}",
      " x=1782900000000" },
    { "\"/a | date '%d.%m.%y %I:%M %p' +02:00\"", "{\"a\":\"01.02.26 12:30 AM\"}",
      " x=1769898600000" },
    { "\"/a | date '%d %b %Y %H:%M:%S.%f %z'\"", "{\"a\":\"1 March 2026 09:00:00.25 -05:30\"}",
      " x=1772375400250" },
    { "\"/a | date '%Y%m%d'\"", "{\"a\":\"20260230\"}", " unreadable=1" },
    { "\"/a | date '%Y%m%d'\"", "{\"a\":\"20260228x\"}", " unreadable=1" },
    { "\"/a | after ( | before ) | ms\"", "{\"a\":\"/Date(1473727936000)/\"}", " x=1473727936000" },
    { "\"/a | plus /d s\"", "{\"a\":\"2026-01-01T00:00:00Z\",\"d\":90}", " x=1767225690000" },
    { "\"/a | ms | plus /d ms\"", "{\"a\":1000,\"d\":\"5\"}", " x=1005" },
    { "\"/a | plus /d s\"", "{\"a\":\"2026-01-01T00:00:00Z\"}", "" },
    { "\"/a | plus /d s\"", "{\"a\":\"2026-01-01T00:00:00Z\",\"d\":\"x\"}", " unreadable=1" },
    { "\"/a | since /b\"", "{\"a\":\"2026-01-01T00:01:00Z\",\"b\":\"2026-01-01T00:00:00.500Z\"}",
      " x=59500" },
    { "\"/a | s | since /b s\"", "{\"a\":100,\"b\":40.5}", " x=59500" },
    { "\"/a | since /b\"", "{\"a\":\"2026-01-01T00:01:00Z\",\"b\":null}", " x:null" },
    { "\"/a | seconds ms\"", "{\"a\":90000}", " x=90000" },
    { "\"/a | seconds ms\"", "{\"a\":\"1500.7\"}", " x=1500" },
    { "\"/a | seconds s\"", "{\"a\":\"7\"}", " x=7000" },
    { "\"/a | lower | none unknown | after -\"", "{\"a\":\"UNKNOWN\"}", " x:null" },
};

/* Whether the condition holds: the event is there. */
static const struct row conditions[] = {
    { "\"/a = t\"", "{\"a\":\"t\"}", "yes" },
    { "\"/a = t\"", "{\"a\":\"T\"}", "no" },
    { "\"/a = t\"", "{}", "no" },
    { "\"/a = 1\"", "{\"a\":1.0}", "yes" },
    { "\"/a = 1\"", "{\"a\":\"1.0\"}", "no" },
    { "\"/a = true\"", "{\"a\":true}", "yes" },
    { "\"/a = two words\"", "{\"a\":\"two words\"}", "yes" },
    { "\"/a = ''\"", "{\"a\":\"\"}", "yes" },
    { "\"/a != t\"", "{\"a\":\"u\"}", "yes" },
    { "\"/a != t\"", "{\"a\":\"t\"}", "no" },
    { "\"/a != t\"", "{}", "yes" },
    { "\"/a != /b\"", "{\"a\":1,\"b\":2}", "yes" },
    { "\"/a = /b\"", "{\"a\":1,\"b\":1.0}", "yes" },
    { "\"/a = /b\"", "{}", "no" },
    { "\"/a = '/b'\"", "{\"a\":\"/b\"}", "yes" },
    { "\"/a in p, q,r\"", "{\"a\":\"q\"}", "yes" },
    { "\"/a in p, q,r\"", "{\"a\":\"s\"}", "no" },
    { "\"/a not in p,q\"", "{\"a\":\"s\"}", "yes" },
    { "\"not /a in p,q\"", "{\"a\":\"p\"}", "no" },
    { "\"/a starts zen:\"", "{\"a\":\"zen:x\"}", "yes" },
    { "\"/a starts zen:\"", "{\"a\":\"ze\"}", "no" },
    { "\"not /a starts zen:\"", "{\"a\":\"ze\"}", "yes" },
    { "\"/a has vip\"", "{\"a\":[\"x\",\"vip\"]}", "yes" },
    { "\"/a has vip\"", "{\"a\":[\"x\",\"vips\"]}", "no" },
    { "\"/a[*]/n has vip\"", "{\"a\":[{\"n\":\"x\"},{\"n\":\"vip\"}]}", "yes" },
    { "\"/a has vip\"", "{\"a\":\"a vip tag\"}", "yes" },
    { "\"/a has k\"", "{\"a\":{\"k\":null}}", "yes" },
    { "\"/a has vip\"", "{}", "no" },
    { "\"/a exists\"", "{\"a\":{}}", "yes" },
    { "\"/a exists\"", "{\"a\":null}", "no" },
    { "\"/a exists\"", "{}", "no" },
    { "\"/a/b exists\"", "{\"a\":{\"b\":false}}", "yes" },
    { "\"not /a exists\"", "{}", "yes" },
    { "\"/a not exists\"", "{\"a\":1}", "no" },
    { "\"/a[k=1] exists\"", "{\"a\":[{\"k\":1}]}", "yes" },
    { "\"/a >= 10\"", "{\"a\":\"10.0\"}", "yes" },
    { "\"/a >= 10\"", "{\"a\":9.99}", "no" },
    { "\"/a < 10\"", "{\"a\":9.99}", "yes" },
    { "\"/a < 10\"", "{\"a\":\"many\"}", "no" },
    { "\"/a > 9007199254740993\"", "{\"a\":9007199254740994}", "yes" },
    { "\"/a <= /b\"", "{\"a\":\"2\",\"b\":\"10\"}", "yes" },
    { "\"/a | lower = t\"", "{\"a\":\"T\"}", "yes" },
    { "\"{/a}>{/b} = x>y\"", "{\"a\":\"x\",\"b\":\"y\"}", "yes" },
    { "\"header:ce_id = E-1\"", "{}", "yes" },
    { "\"topic = top\", \"partition = 4\"", "{}", "yes" },
    { "\"topic = top\", \"partition = 5\"", "{}", "no" },
};

static const char *holds(const char *conditions_text, const char *document)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{ common = { time = \"=2026-01-01\"; }; rules = ( { when = [ %s ]; type = "
             "\"=case.opened\"; } ); }",
             conditions_text);
    struct cpi_mapping *mapping = mapping_of(text);
    struct cpi_record record = { .value = cpi_text_of(document),
                                 .header = headers,
                                 .n_headers = 2,
                                 .topic = CPI_TEXT("top"),
                                 .partition = 4 };
    const char *line = events_of(mapper, mapping, record);
    cpi_mapping_free(mapping);
    return strncmp(line, "case.opened", 11) == 0 ? "yes" : "no";
}

int main(void)
{
    mapper = cpi_mapper_new();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        TEST (forms[i].value)
            CHECK_STR(x_of(forms[i].value, forms[i].document), forms[i].want);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        TEST (ops[i].value)
            CHECK_STR(x_of(ops[i].value, ops[i].document), ops[i].want);
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        TEST (conditions[i].value)
            CHECK_STR(holds(conditions[i].value, conditions[i].document), conditions[i].want);
    cpi_mapper_free(mapper);
    return check_done();
}
