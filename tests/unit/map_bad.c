/* Records that no mapping can do anything with: a reason or nothing, never a crash, a stall or a
 * silent drop. Under the sanitizers this is also the fuzz test: mutations of good records, always
 * the same. */
#include "check.h"
#include "mapping_text.h"

static struct cpi_mapper *mapper;
static struct cpi_mapping *flat, *rich, *fan;

static const char flat_text[] = "{ common = { id = \"/id\"; time = \"/time\"; case = \"/case\"; "
                                "customer = \"/customer\"; rep = "
                                "\"/rep | none 0\";"
                                "    seq = \"/seq\"; fields = { channel = \"/a/channel | lower\"; "
                                "talk = \"/talk | s\"; amount = "
                                "\"/amount\"; }; };"
                                "  rules = ( { type = \"/type\"; } ); }";
static const char rich_text[] =
    "{ root = [\"/payload\", \"\"]; each = \"/items[*]/parts\";"
    "  common = { id = \"{^/id}-{/n | scale 2}-{?$/x[-1]}\"; time = [\"/t | iso\", \"$/t | date "
    "'%d %b "
    "%Y %H:%M' Europe/Berlin\"];"
    "    case = \"/c | json at /k[0] | strip -\"; rep = \"key:/r[who=me;last]/id\"; team = "
    "\"header:h | "
    "after : | before ;\";"
    "    fields = { x = \"/l[*]/v | join ', '\"; y = \"/d | since $/t | none 0\"; status = "
    "\"{/s}>{?/u} | map m\"; }; };"
    "  rules = ( { when = [\"/k in a,b\", \"/l has 1\", \"not /z exists\"]; each = \"/l\"; type = "
    "\"=case.opened\"; time = \"$/t | s | plus ^/d ms\"; },"
    "            { when = [\"/n >= 3\", \"/n < /m\"]; emit = ( { when = [\"/s starts a\"]; type = "
    "\"=case.closed\"; }, { type = \"/s | map m\"; } ); also = true; },"
    "            { type = \"{/s}>{?/u} | map m\"; } );"
    "  maps = { m = ( [\"a*\", \"case.opened\"], [\"*z*?\", \"case.closed\"], [\"case.*\", \"&\"], "
    "[\"\", \"-\"] ); }; }";
static const char fan_text[] = "{ each = \"[*]\"; common = { id = \"/id\"; time = \"=2026-01-01\"; "
                               "case = \"$[id=7]/name\"; }; "
                               "rules = ( { type = \"=case.opened\"; } ); }";

static const char *map(const struct cpi_mapping *mapping, const char *value)
{
    struct cpi_record record = { .value = cpi_text_of(value), .timestamp = 1700000000123 };
    return events_of(mapper, mapping, record);
}

static const char *map_bytes(const struct cpi_mapping *mapping, const char *at, size_t len)
{
    struct cpi_record record = { .value = { at, (uint32_t)len }, .timestamp = 1700000000123 };
    return events_of(mapper, mapping, record);
}

struct row {
    const char *value, *want;
};
#define GOOD "\"type\":\"case.opened\",\"time\":\"2026-01-01T00:00:00Z\""
#define MADE "case.opened 2026-01-01T00:00:00.000Z"
#define DIGITS_50 "12345678901234567890123456789012345678901234567890"
#define DIGITS_400 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50
#define ID_256 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 DIGITS_50 "123456"

static const struct row rows[] = {
    { "", "" },
    { " \n ", "" },
    { "null", "" },
    { NULL, "" },
    { "{", "record refused json" },
    { "{" GOOD ",}", "record refused json" },
    { "{" GOOD "} {" GOOD "}", "record refused json" },
    { "{" GOOD "}\n{" GOOD "}", "record refused json" },
    { "a=1&b=2", "record refused json" },
    { "<xml/>", "record refused json" },
    { "{" GOOD ",\"x\":\"\xE9\"}", "record refused encoding" },
    { "{" GOOD ",\"x\":\"\xC0\x80\"}", "record refused encoding" },
    { "{" GOOD ",\"x\":\"\xED\xA0\x80\"}", "record refused encoding" },
    { "[]", "unmapped '(no type)' -" },
    { "{}", "unmapped '(no type)' -" },
    { "17", "unmapped '(no type)' -" },
    { "\"text\"", "unmapped '(no type)' -" },
    { "{\"type\":{}}", "unmapped '(no type)' -" },
    { "{\"type\":null}", "unmapped '(no type)' -" },
    { "{\"type\":\"no.such\",\"time\":\"2026-01-01\"}",
      "unmapped 'no.such' 2026-01-01T00:00:00.000Z" },
    { "{\"type\":\"Case.Opened\",\"time\":\"2026-01-01\"}",
      "unmapped 'Case.Opened' 2026-01-01T00:00:00.000Z" },
    { "{\"type\":\"case.opened\"}", "refused no_time time: absent" },
    { "{\"type\":\"case.opened\",\"time\":null}", "refused no_time time: absent" },
    { "{\"type\":\"case.opened\",\"time\":\"\"}", "refused no_time time: absent" },
    { "{\"type\":\"case.opened\",\"time\":\"soon\"}", "refused bad_time time: no ISO 8601 time" },
    { "{\"type\":\"case.opened\",\"time\":1767225600}",
      "refused bad_time time: a number is no time without its unit (s, ms, us, ns, days)" },
    { "{\"type\":\"case.opened\",\"time\":\"1899-12-31T23:59:59Z\"}",
      "refused bad_time time: outside the years 1900 to 2200" },
    { "{\"type\":\"case.opened\",\"time\":\"2200-01-01T00:00:00Z\"}",
      "refused bad_time time: outside the years 1900 to 2200" },
    { "{\"type\":\"case.opened\",\"time\":\"1900-01-01T00:00:00Z\"}",
      "case.opened 1900-01-01T00:00:00.000Z" },
    { "{\"type\":\"case.opened\",\"time\":{\"$date\":1}}", "refused no_time time: absent" },
    { "{" GOOD "}", MADE },
    { "{" GOOD ",\"id\":" DIGITS_400 "}", MADE " id=" DIGITS_400 },
    { "{" GOOD ",\"id\":\"" ID_256 ID_256 "\"}", MADE " id=" ID_256 ID_256 },
    { "{" GOOD ",\"id\":\"" ID_256 ID_256 "x\"}", "refused id id: longer than 512 bytes" },
    { "{" GOOD ",\"case\":\"" ID_256 ID_256 "x\"}", "refused id case: longer than 512 bytes" },
    { "{" GOOD ",\"id\":\"a\\u0000b\"}", "refused id id: holds a NUL character" },
    { "{" GOOD ",\"rep\":\"\\u0000\"}", "refused id rep: holds a NUL character" },
    { "{" GOOD ",\"id\":\"\\ud800\"}", "refused id id: half a surrogate pair is no text" },
    { "{" GOOD ",\"id\":{},\"case\":[],\"rep\":\"\",\"customer\":null}",
      MADE " customer:null rep:null" },
    { "{" GOOD ",\"id\":false}", MADE " id=false" },
    { "{" GOOD ",\"seq\":-9223372036854775808}", MADE " seq=-9223372036854775808" },
    { "{" GOOD ",\"seq\":9223372036854775808}", "refused seq seq: no signed integer of 64 bits" },
    { "{" GOOD ",\"seq\":1.5}", "refused seq seq: no signed integer of 64 bits" },
    { "{" GOOD ",\"seq\":\"x\"}", "refused seq seq: no signed integer of 64 bits" },
    { "{" GOOD ",\"seq\":\"12\"}", MADE " seq=12" },
    { "{" GOOD ",\"talk\":" DIGITS_400 ",\"amount\":" DIGITS_400 "}",
      MADE " amount=" DIGITS_400 " unreadable=1" },
    { "{" GOOD ",\"talk\":\"1 hour\",\"amount\":{}}", MADE " unreadable=1" },
    { "{" GOOD ",\"a\":7,\"amount\":\"\\ud800\"}", MADE " unreadable=1" },
    { "{" GOOD ",\"amount\":\"a\\u0000b\",\"talk\":null}", NULL },
    { "{\"type\":\"case.closed\"," GOOD
      ",\"amount\":1,\"amount\":2,\"a\":{\"channel\":1},\"a\":{}}",
      MADE " amount=2" },
};

static void test_rows(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sentence[128];
        snprintf(sentence, sizeof sentence, "a bad record has its reason: %.90s",
                 rows[i].value ? rows[i].value : "tombstone");
        TEST (sentence) {
            const char *got = map(flat, rows[i].value);
            if (rows[i].want)
                CHECK_STR(got, rows[i].want);
            CHECK_STR(map(flat, "{" GOOD "}"), MADE);
        }
    }
    TEST ("every refusal has a name of its own") {
        for (int a = 0; a < CPI_REFUSALS; a++)
            for (int b = 0; b < a; b++)
                CHECK(strcmp(cpi_refusal_name((enum cpi_refusal)a),
                             cpi_refusal_name((enum cpi_refusal)b)) != 0);
    }
}

static void test_encodings(void)
{
    TEST ("UTF-16, NUL bytes, a byte order mark and binary are refused") {
        CHECK_STR(map_bytes(flat, "\xFF\xFE{\0}\0", 6), "record refused encoding");
        CHECK_STR(map_bytes(flat, "{\0}\0", 4), "record refused json");
        CHECK_STR(map_bytes(flat, "\0\0\0\0", 4), "record refused json");
        CHECK_STR(map_bytes(flat, "{" GOOD "}\0", sizeof "{" GOOD "}"), "record refused json");
        CHECK_STR(map_bytes(flat, "\0\0\0\0\x07{}", 7), "record refused json"); /* Avro's frame */
    }
    TEST ("keys and headers that are no UTF-8 or no JSON are unreadable or absent") {
        struct cpi_header header = { { "h", 1 }, { "\xFF;", 2 } };
        struct cpi_record record = {
            .value = CPI_TEXT("{\"items\":[{\"parts\":[{\"s\":\"ab\",\"t\":\"2026-01-01\"}]}]}"),
            .key = CPI_TEXT("\xFF"),
            .header = &header,
            .n_headers = 1
        };
        CHECK_STR(events_of(mapper, rich, record), "refused id team: a header that is not UTF-8");
        record.n_headers = 0;
        CHECK_STR(events_of(mapper, rich, record),
                  "case.opened 2026-01-01T00:00:00.000Z status=case.opened");
        record.key = CPI_TEXT("{\"r\":[{\"who\":\"me\",\"id\":1},{\"who\":\"me\",\"id\":2}]}");
        CHECK_STR(events_of(mapper, rich, record),
                  "case.opened 2026-01-01T00:00:00.000Z rep=2 status=case.opened");
    }
}

/* ---- size and shape ---- */

static void fill(char *at, size_t bytes, const char *pattern)
{
    size_t n = strlen(pattern);
    for (size_t i = 0; i < bytes; i++)
        at[i] = pattern[i % n];
}

static void test_large(void)
{
    enum { BYTES = 10 << 20, LIMIT = 8 << 20 };
    static const char head[] = "{" GOOD ",\"x\":\"";
    char *text = cpi_xmalloc(BYTES);
    TEST ("10 MB are refused for their size, 8 MiB are read") {
        fill(text, BYTES, "x");
        memcpy(text, head, sizeof head - 1);
        memcpy(text + BYTES - 2, "\"}", 2);
        CHECK_STR(map_bytes(flat, text, BYTES), "record refused size");
        memcpy(text + LIMIT - 2, "\"}", 2);
        CHECK_STR(map_bytes(flat, text, LIMIT), MADE);
        CHECK_STR(map_bytes(rich, text, LIMIT), "");
        CHECK_STR(map_bytes(flat, text, LIMIT + 1), "record refused size");
    }
    TEST ("depth 100,000 is refused, whoever looks") {
        fill(text, 100000, "[");
        CHECK_STR(map_bytes(flat, text, 100000), "record refused depth");
        CHECK_STR(map_bytes(fan, text, 100000), "record refused depth");
        fill(text, 600000, "{\"a\":[");
        CHECK_STR(map_bytes(rich, text, 600000), "record refused depth");
    }
    TEST ("a huge key and a huge text where an id should be") {
        fill(text, LIMIT, "k");
        memcpy(text, "{\"", 2);
        memcpy(text + LIMIT - sizeof "\":1," GOOD "}" + 1, "\":1," GOOD "}",
               sizeof "\":1," GOOD "}" - 1);
        CHECK_STR(map_bytes(flat, text, LIMIT), MADE);
        fill(text, LIMIT, "\\n");
        memcpy(text, "{" GOOD ",\"id\":  \"", sizeof "{" GOOD ",\"id\":  \"" - 1);
        memcpy(text + LIMIT - 2, "\"}", 2);
        CHECK_STR(map_bytes(flat, text, LIMIT), "refused id id: longer than 512 bytes");
    }
    TEST ("four million members, elements, or names that are all the same") {
        fill(text, LIMIT, "0,");
        text[0] = '[';
        text[1] = ' ';
        memcpy(text + LIMIT - 2, "0]", 2);
        CHECK_STR(map_bytes(flat, text, LIMIT), "unmapped '(no type)' -");
        CHECK_STR(map_bytes(fan, text, LIMIT), "record refused fanout");
        fill(text, LIMIT, "\"id\":1, ");
        text[0] = '{';
        memcpy(text + 1, "\"a\":1, ", 7);
        memcpy(text + LIMIT - 8, "\"id\":7 }", 8);
        CHECK_STR(map_bytes(flat, text, LIMIT), "unmapped '(no type)' -");
        CHECK_STR(map_bytes(fan, text, LIMIT), MADE " id=7");
    }
    free(text);
}

static void test_fan_out(void)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    TEST ("1,000 events of one record are the limit") {
        cpi_buf_add_string(&buf, "[{}");
        for (int i = 1; i < 1000; i++)
            cpi_buf_add_string(&buf, ",{}");
        cpi_buf_add_string(&buf, "]");
        const char *got = map_bytes(fan, (char *)buf.at, buf.len);
        CHECK(strstr(got, "\n" MADE " #999") != NULL);
        buf.len--;
        cpi_buf_add_string(&buf, ",{}]");
        CHECK_STR(map_bytes(fan, (char *)buf.at, buf.len), "record refused fanout");
    }
    TEST ("what every element looks through is bounded: no stall") {
        cpi_buf_reset(&buf);
        cpi_buf_add_string(&buf, "[{\"id\":[0");
        for (int i = 0; i < 400000; i++)
            cpi_buf_add_string(&buf, ",0");
        cpi_buf_add_string(&buf, "]}");
        for (int i = 1; i < 1000; i++)
            cpi_buf_add_string(&buf, ",{}");
        cpi_buf_add_string(&buf, "]");
        struct cpi_mapping *greedy =
            mapping_of("{ each = \"[*]\"; common = { id = \"$[0]/id[*] | join x\"; time = "
                       "\"=2026-01-01\"; }; rules = ( { type = \"=case.opened\"; } ); }");
        CHECK_STR(map_bytes(greedy, (char *)buf.at, buf.len), "record refused fanout");
        cpi_mapping_free(greedy);
    }
    cpi_buf_fini(&buf);
}

/* ---- mutations ---- */

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 11) % n);
}

static const char *const seeds[] = {
    "{" GOOD
    ",\"id\":\"a\\u00e9\\ud83d\\ude00\",\"case\":17,\"customer\":null,\"rep\":0,\"seq\":-4,"
    "\"a\":{\"channel\":\"WEB\"},\"talk\":12.5,\"amount\":1e3}",
    "{\"payload\":{\"id\":1,\"items\":[{\"parts\":[{\"n\":5,\"m\":9,\"s\":\"az\",\"u\":\"b\",\"k\":"
    "\"a\","
    "\"l\":[1,{\"v\":2}],\"c\":\"{\\\"k\\\":[\\\"-x-\\\"]}\",\"t\":\"2026-01-01T00:00:00.5+0100\","
    "\"d\":\"2026-01-02\"}]}]},"
    "\"x\":[1,2],\"t\":\"1 Jan 2026 10:00\"}",
    "[{\"id\":7,\"name\":\"n\"},{\"id\":\"8\"},{\"id\":{}},[],null,\"t\",1.5e-3,true]",
};

static size_t mutate(char *at, size_t len, size_t cap)
{
    static const char alphabet[] = "{}[]\",:\\u0123456789-+.eE truefalsn\x80\xC3\xED\xF4\xFF\x01";
    for (uint32_t n = 1 + random_below(4); n; n--) {
        size_t i = random_below((uint32_t)len + 1);
        char c =
            random_below(8) ? alphabet[random_below(sizeof alphabet)] : (char)random_below(256);
        uint32_t how = random_below(5);
        if (how == 0 && len < cap) {
            memmove(at + i + 1, at + i, len++ - i);
            at[i] = c;
        } else if (how == 1 && i < len) {
            memmove(at + i, at + i + 1, --len - i);
        } else if (how == 2) {
            len = i;
        } else if (how == 3 && len) { /* a piece of itself somewhere else */
            size_t from = random_below((uint32_t)len), most = len - (from > i ? from : i);
            if (most)
                memmove(at + i, at + from, random_below((uint32_t)most + 1));
        } else if (i < len) {
            at[i] = c;
        }
    }
    return len;
}

static void test_mutations(void)
{
    enum { ROUNDS = 30000 };
    const struct cpi_mapping *mapping[] = { flat, rich, fan };
    struct cpi_header header = { { "h", 1 }, { "x:y;z", 5 } };
    char text[2048];
    int made = 0, refused = 0;
    TEST ("thirty thousand broken records: each has an event, a reason or nothing") {
        for (int i = 0; i < ROUNDS; i++) {
            const char *seed = seeds[random_below(3)];
            size_t len = strlen(seed);
            memcpy(text, seed, len);
            len = mutate(text, len, sizeof text);
            struct cpi_record record = { .value = { text, (uint32_t)len },
                                         .key = { text, (uint32_t)len },
                                         .header = &header,
                                         .n_headers = 1,
                                         .timestamp = 1700000000123 };
            const char *got = events_of(mapper, mapping[i % 3], record);
            refused += strstr(got, "refused") != NULL;
            made += strstr(got, "case.opened") != NULL;
            CHECK(cpi_text_is_utf8(cpi_text_of(got)));
        }
        CHECK(refused > ROUNDS / 10);
        CHECK(made > ROUNDS / 100);
    }
    TEST ("explaining them is as safe") {
        struct cpi_buf buf;
        cpi_buf_init(&buf);
        for (int i = 0; i < ROUNDS / 10; i++) {
            const char *seed = seeds[random_below(3)];
            size_t len = strlen(seed);
            memcpy(text, seed, len);
            len = mutate(text, len, sizeof text);
            struct cpi_record record = { .value = { text, (uint32_t)len },
                                         .timestamp = CPI_TIME_NONE };
            cpi_buf_reset(&buf);
            cpi_mapper_explain(mapper, mapping[i % 3], &record, &buf);
        }
        cpi_buf_fini(&buf);
    }
}

int main(void)
{
    mapper = cpi_mapper_new();
    flat = mapping_of(flat_text);
    rich = mapping_of(rich_text);
    fan = mapping_of(fan_text);
    test_rows();
    test_encodings();
    test_large();
    test_fan_out();
    test_mutations();
    cpi_mapping_free(flat);
    cpi_mapping_free(rich);
    cpi_mapping_free(fan);
    cpi_mapper_free(mapper);
    return check_done();
}
