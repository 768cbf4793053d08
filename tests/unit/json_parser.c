/* The JSON layer: what is kept, what is refused, and that one parser survives it all. */
#include "check.h"

#include "cpi/hash.h"
#include "json/json.h"

enum { A, A_B, LIST, X, SLOTS };

static struct json_parser *parser;
static struct json_paths *paths;
static struct json_value slot[SLOTS];
static uint32_t number[SLOTS];

static void need(struct json_paths *p, const char *path, bool whole, uint32_t *ret_slot)
{
    struct cpi_text step[4];
    char copy[64];
    size_t n = 0, used;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *s = strtok(copy, "/"); s; s = strtok(NULL, "/"))
        step[n++] = cpi_text_of(s);
    if (!ret_slot)
        json_paths_need(p, step, n, whole);
    else
        *ret_slot = json_paths_find(p, step, n, &used);
}

static void make_paths(void)
{
    static const struct {
        const char *path;
        bool whole;
    } wanted[SLOTS] = { { "/a", false }, { "/a/b", false }, { "/list", true }, { "/x", false } };
    paths = json_paths_new();
    for (int i = 0; i < SLOTS; i++)
        need(paths, wanted[i].path, wanted[i].whole, NULL);
    json_paths_seal(paths);
    for (int i = 0; i < SLOTS; i++)
        need(paths, wanted[i].path, wanted[i].whole, &number[i]);
}

static enum json_fault parse_bytes(const char *at, size_t len)
{
    /* a copy of the exact size, so that the sanitizer sees every step too far */
    static char *copy;
    free(copy);
    copy = cpi_xmalloc(len);
    memcpy(copy, at, len);
    json_parser_reset(parser);
    return json_parse(parser, paths, (struct cpi_text){ copy, (uint32_t)len }, slot);
}

static enum json_fault parse(const char *document)
{
    return parse_bytes(document, strlen(document));
}

static const struct json_value *at(int which)
{
    return &slot[number[which]];
}

static void test_kept(void)
{
    TEST ("members at needed paths are kept, others are passed over") {
        CHECK_INT(
            parse("{\"y\":{\"a\":1,\"x\":[{\"x\":2}]},\"a\":{\"c\":[1,{\"b\":9}],\"b\":\"t\"},"
                  "\"x\":12.50}"),
            JSON_FINE);
        CHECK_INT(at(A)->kind, JSON_OBJECT);
        CHECK_TEXT(*at(A_B), "t");
        CHECK_INT(at(X)->kind, JSON_NUMBER);
        CHECK_TEXT(*at(X), "12.50");
        CHECK_INT(at(LIST)->kind, JSON_ABSENT);
    }
    TEST ("null, booleans and empty texts are told apart from what is absent") {
        CHECK_INT(parse("{\"a\":null,\"x\":\"\"}"), JSON_FINE);
        CHECK_INT(at(A)->kind, JSON_NULL);
        CHECK_INT(at(X)->kind, JSON_STRING);
        CHECK(at(X)->at != NULL);
        CHECK_INT(parse("{\"a\":true,\"x\":false}"), JSON_FINE);
        CHECK_TEXT(*at(A), "true");
        CHECK_TEXT(*at(X), "false");
    }
    TEST ("escaped texts are decoded, escaped names match") {
        CHECK_INT(
            parse("{\"\\u0061\":{\"\\u0062\":\"gr\\u00fc\\u00df \\ud83d\\ude00\"},\"x\":\"a\\/\"}"),
            JSON_FINE);
        CHECK_TEXT(*at(A_B), "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80");
        CHECK_TEXT(*at(X), "a/");
    }
    TEST ("numbers stay as they are written, also with 400 digits") {
        char document[512] = "{\"x\":";
        memset(document + 5, '7', 400);
        strcpy(document + 405, "}");
        CHECK_INT(parse(document), JSON_FINE);
        CHECK_INT(at(X)->len, 400);
        CHECK_INT(parse("{\"x\":-9223372036854775808}"), JSON_FINE);
        CHECK_TEXT(*at(X), "-9223372036854775808");
        CHECK_INT(parse("{\"x\":1e400}"), JSON_FINE);
        CHECK_TEXT(*at(X), "1e400");
    }
}

static void test_tape(void)
{
    TEST ("a value kept whole can be walked") {
        CHECK_INT(parse("{\"list\":[{\"n\":\"a\",\"v\":[1,[2],3]},4,null],\"x\":5}"), JSON_FINE);
        struct json_value element, member;
        uint32_t cursor = 0;
        CHECK_INT(json_count(parser, at(LIST)), 3);
        CHECK(json_each(parser, at(LIST), &cursor, &element));
        member = json_member(parser, &element, CPI_TEXT("v"));
        CHECK_INT(json_count(parser, &member), 3);
        member = json_member(parser, &member, CPI_TEXT("2"));
        CHECK_TEXT(member, "3");
        CHECK(json_each(parser, at(LIST), &cursor, &element));
        CHECK_TEXT(element, "4");
        CHECK(json_each(parser, at(LIST), &cursor, &element));
        CHECK_INT(element.kind, JSON_NULL);
        CHECK(!json_each(parser, at(LIST), &cursor, &element));
        CHECK_TEXT(*at(X), "5");
    }
    TEST ("a document inside a text is parsed by the same parser") {
        CHECK_INT(parse("{\"x\":\"{\\\"k\\\":[1,2]}\",\"list\":[7]}"), JSON_FINE);
        struct json_value inner, member;
        CHECK_INT(json_parse_whole(parser, json_text(at(X)), &inner), JSON_FINE);
        member = json_member(parser, &inner, CPI_TEXT("k"));
        CHECK_INT(json_count(parser, &member), 2);
        member = json_member(parser, at(LIST), CPI_TEXT("0"));
        CHECK_TEXT(member, "7");
        CHECK_INT(json_parse_whole(parser, CPI_TEXT("12"), &inner), JSON_FINE);
        CHECK_TEXT(inner, "12");
    }
}

static void test_duplicates(void)
{
    TEST ("of members given twice the last counts, with all that is in it") {
        uint64_t before = json_parser_duplicates(parser);
        CHECK_INT(parse("{\"x\":1,\"a\":{\"b\":1},\"x\":2,\"a\":{\"c\":3},\"q\":1,\"q\":2}"),
                  JSON_FINE);
        CHECK_TEXT(*at(X), "2");
        CHECK_INT(at(A)->kind, JSON_OBJECT);
        CHECK_INT(at(A_B)->kind, JSON_ABSENT);
        CHECK_INT(json_parser_duplicates(parser) - before, 2);
        CHECK_INT(parse("{\"a\":{\"b\":1},\"a\":{\"b\":2}}"), JSON_FINE);
        CHECK_TEXT(*at(A_B), "2");
        CHECK_INT(json_parser_duplicates(parser) - before, 3);
    }
    TEST ("a member given twice in a walked object is counted once") {
        uint64_t before = json_parser_duplicates(parser);
        CHECK_INT(parse("{\"list\":{\"k\":1,\"k\":2}}"), JSON_FINE);
        struct json_value member = json_member(parser, at(LIST), CPI_TEXT("k"));
        CHECK_TEXT(member, "2");
        member = json_member(parser, at(LIST), CPI_TEXT("k"));
        CHECK_INT(json_parser_duplicates(parser) - before, 1);
    }
}

static void test_refused(void)
{
    static const struct {
        const char *document;
        enum json_fault fault;
    } row[] = {
        { "", JSON_BAD },
        { " \n", JSON_BAD },
        { "{", JSON_BAD },
        { "{\"a\":1", JSON_BAD },
        { "{\"a\":1,}", JSON_BAD },
        { "{\"a\":01}", JSON_BAD },
        { "{\"a\":NaN}", JSON_BAD },
        { "{\"a\":1}}", JSON_BAD },
        { "{\"a\":1} x", JSON_BAD },
        { "{\"a\":1} {\"a\":2}", JSON_BAD },
        { "{\"a\":1}[]", JSON_BAD },
        { "1 2", JSON_BAD },
        { "{\"a\":1}\"", JSON_BAD },
        { "[] \"x", JSON_BAD },
        { "\"a\"\"", JSON_BAD },
        { "{\"a\":1}/", JSON_BAD },
        { "{\"a\":1} -", JSON_BAD },
        { "{\"a\":1}t", JSON_BAD },
        { "1\"", JSON_BAD },
        { "{\"a\":1},", JSON_BAD },
        { "// c\n{\"a\":1}", JSON_BAD },
        { "{'a':1}", JSON_BAD },
        { "{\"a\":\"\t\"}", JSON_BAD },
        { "{\"a\":\"\\x\"}", JSON_BAD },
        { "{\"a\":\"\\u12\"}", JSON_BAD },
        { "\xEF\xBB\xBF{\"a\":1}", JSON_BAD },
        { "{\"a\":\"\xC0\x80\"}", JSON_NOT_UTF8 },
        { "{\"a\":\"\xED\xA0\x80\"}", JSON_NOT_UTF8 },
        { "{\"a\":\"\xF5\x80\x80\x80\"}", JSON_NOT_UTF8 },
        { "{\"a\":\"gr\xFC\xDF\"}", JSON_NOT_UTF8 },
        { "\xFF\xFE{", JSON_NOT_UTF8 },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        TEST ("no JSON, two documents, wrong encodings: refused, and the next document is read") {
            CHECK_INT(parse(row[i].document), row[i].fault);
            if (parse(row[i].document) != row[i].fault)
                printf("  in %s\n", row[i].document);
            CHECK(json_parser_detail(parser).len > 0);
            CHECK_INT(parse("{\"x\":3}"), JSON_FINE);
            CHECK_TEXT(*at(X), "3");
        }
    TEST ("NUL bytes and UTF-16 are refused") {
        CHECK_INT(parse_bytes("{\"a\":1}\0", 8), JSON_BAD);
        CHECK_INT(parse_bytes("{\"a\":\"\0\"}", 9), JSON_BAD);
        CHECK_INT(parse_bytes("{\0\"\0a\0", 6), JSON_BAD);
    }
}

static void test_depth(void)
{
    enum { DEEP = 100000 };
    char *document = cpi_xmalloc(2 * DEEP);
    memset(document, '[', DEEP);
    memset(document + DEEP, ']', DEEP);
    TEST ("nested 100,000 deep is refused, 64 deep is not") {
        CHECK_INT(parse_bytes(document, 2 * DEEP), JSON_TOO_DEEP);
        CHECK_INT(parse_bytes(document + DEEP - 64, 128), JSON_FINE);
        CHECK_INT(parse_bytes(document + DEEP - 65, 130), JSON_TOO_DEEP);
        struct json_value v;
        CHECK_INT(json_parse_whole(parser, (struct cpi_text){ document + DEEP - 64, 128 }, &v),
                  JSON_FINE);
        CHECK_INT(json_parse_whole(parser, (struct cpi_text){ document, 2 * DEEP }, &v),
                  JSON_TOO_DEEP);
    }
    free(document);
}

static void test_surrogates(void)
{
    static const struct {
        const char *text;
        enum json_kind kind;
    } row[] = {
        { "\\ud800", JSON_BROKEN },        { "\\udc00", JSON_BROKEN },
        { "a\\ud83dz", JSON_BROKEN },      { "\\ud83d\\ud83d", JSON_BROKEN },
        { "\\ude00\\ud83d", JSON_BROKEN }, { "\\\"\\uD800", JSON_BROKEN },
        { "what?\\n", JSON_STRING },       { "\\ud83d\\ude00?", JSON_STRING },
        { "\\u003f", JSON_STRING },        { "\\\\ud800?\\n", JSON_STRING },
        { "\\\\\\\"?", JSON_STRING },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        TEST ("half a surrogate pair makes a text broken, a question mark does not") {
            char document[64];
            snprintf(document, sizeof document, "{\"x\":\"%s\"}", row[i].text);
            CHECK_INT(parse(document), JSON_FINE);
            CHECK_INT(at(X)->kind, row[i].kind);
        }
}

static void test_large(void)
{
    enum { BYTES = 1 << 20 };
    char *document = cpi_xmalloc(BYTES);
    TEST ("a large escaped text and a large tape are read, and forgotten") {
        memset(document, 'n', BYTES);
        memcpy(document, "{\"x\":\"\\", 7);
        memcpy(document + BYTES - 2, "\"}", 2);
        CHECK_INT(parse_bytes(document, BYTES), JSON_FINE);
        CHECK_INT(at(X)->len, BYTES - 9);
        for (int i = 8; i < BYTES; i += 2)
            memcpy(document + i, "1,", 2);
        memcpy(document, "{\"list\":", 8);
        document[8] = '[';
        document[9] = '0';
        document[10] = ',';
        document[11] = '1';
        for (int i = 12; i < BYTES - 4; i += 2)
            memcpy(document + i, ",1", 2);
        memcpy(document + BYTES - 4, ",1]}", 4);
        CHECK_INT(parse_bytes(document, BYTES), JSON_FINE);
        CHECK_INT(json_count(parser, at(LIST)), (BYTES - 12) / 2 + 2 - 1);
        CHECK_INT(parse("{\"x\":3}"), JSON_FINE);
    }
    free(document);
}

int main(void)
{
    parser = json_parser_new();
    make_paths();
    test_kept();
    test_tape();
    test_duplicates();
    test_refused();
    test_depth();
    test_surrogates();
    test_large();
    parse_bytes("", 0);
    json_paths_free(paths);
    json_parser_free(parser);
    return check_done();
}
