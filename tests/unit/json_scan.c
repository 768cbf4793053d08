/* The shortcut and yajl read the same out of a document, or the shortcut gives up. */
#include "check.h"

#include "json/parser.h"

enum { SLOTS_MAX = 8, ROUNDS = 60 };

static struct json_parser *fast, *slow;
static struct json_paths *paths;
static uint64_t state = 88172645463325252u;
static unsigned accepted, given_up;

static uint32_t draw(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % limit);
}

static void need(const char *const *step, size_t n, bool whole)
{
    struct cpi_text name[4];
    for (size_t i = 0; i < n; i++)
        name[i] = cpi_text_of(step[i]);
    json_paths_need(paths, name, n, whole);
}

static void make_paths(void)
{
    paths = json_paths_new();
    need((const char *[]){ "a" }, 1, false);
    need((const char *[]){ "a", "b" }, 2, false);
    need((const char *[]){ "list" }, 1, true);
    need((const char *[]){ "gr\xC3\xBC\xC3\x9F"
                           "e" },
         1, false);
    need((const char *[]){ "a long name of a member" }, 1, false);
    need((const char *[]){ "x" }, 1, false);
    json_paths_seal(paths);
}

static bool same_text(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
    return a_len == b_len && (!a_len || memcmp(a, b, a_len) == 0);
}

static bool same_slots(const struct json_value *a, const struct json_value *b)
{
    for (size_t i = 0; i < json_paths_slots(paths); i++)
        if (a[i].kind != b[i].kind || a[i].token != b[i].token ||
            !same_text(a[i].at, a[i].len, b[i].at, b[i].len))
            return false;
    return true;
}

static bool same_tape(void)
{
    if (fast->n_tape != slow->n_tape)
        return false;
    for (size_t i = 0; i < fast->n_tape; i++) {
        const struct json_token *a = &fast->tape[i], *b = &slow->tape[i];
        if (a->kind != b->kind || a->end != b->end || !same_text(a->at, a->len, b->at, b->len))
            return false;
    }
    return true;
}

/* A copy of the exact size, so that the sanitizer sees every step too far. */
static bool agree(const char *at, size_t len)
{
    struct json_value a[SLOTS_MAX] = { 0 }, b[SLOTS_MAX] = { 0 };
    char *copy = cpi_xmalloc(len);
    struct cpi_text document = { copy, (uint32_t)len };
    memcpy(copy, at, len);
    json_parser_reset(fast);
    json_parser_reset(slow);
    uint64_t had = fast->duplicates - slow->duplicates;
    enum json_fault x = json_parse(fast, paths, document, a);
    enum json_fault y = json_parse(slow, paths, document, b);
    bool same = x == y && (x != JSON_FINE || (same_slots(a, b) && same_tape())) &&
                had == fast->duplicates - slow->duplicates;
    accepted += x == JSON_FINE;
    given_up += x != JSON_FINE;
    free(copy);
    return same;
}

static const char *const seeds[] = {
    "{}",
    "[]",
    " { \"a\" : 1 , \"x\" : [ ] } ",
    "{\"a\":{\"b\":\"t\",\"c\":[1,{\"b\":9}]},\"x\":12.50,\"y\":{\"a\":1,\"x\":[{\"x\":2}]}}",
    "{\"x\":1,\"a\":{\"b\":1},\"x\":2,\"a\":{\"c\":3},\"q\":1,\"q\":2,\"x\":null}",
    "{\"list\":[{\"n\":\"a\",\"v\":[1,[2],3]},4,null,true,false,\"\\u00e4\"],\"x\":-5e+10}",
    "{\"list\":{\"k\":1,\"k\":2,\"\":{}},\"a\":[[[[]]]],\"x\":0.5E-3,\"z\":[0,-0,1e5]}",
    "{\"gr\\u00fc\\u00dfe\":\"a\\/\\\"\\\\\\b\\f\\n\\r\\tz\",\"x\":\"\\ud83d\\ude00 \\u20ac "
    "\\u00e4 \\u0041\"}",
    "{\"gr\xC3\xBC\xC3\x9F"
    "e\":\"\xE2\x82\xAC \xF0\x9F\x98\x80 and more than sixteen bytes\"}",
    "{\"a long name of a member\":\"with a value that is longer than two vectors of "
    "16\",\"x\":\"\"}",
    "{\"note\":\"R\\u00fcckruf \\ud800 half\",\"x\":\"\\u0000\"}",
    "{\"x\":\"half \\ud83d of a pair\"}",
    "\"text\"",
    "12",
    "-",
    "null",
    "tru",
    "{\"x\":\"\\u12g4\"}",
    "{\"x\":\"\xC0\x80\"}",
    "{\"x\":\"\xED\xA0\x80\"}",
    "{\"x\":1}\v",
    "{\"x\":1} {\"x\":2}",
};
#define N_SEEDS (sizeof seeds / sizeof *seeds)

static const char *const pieces[] = {
    "\"",   "\\",     "{",       "}",          "[",        "]",       ",",   ":",
    " ",    "\n",     "\\u",     "0",          "-",        ".",       "e",   "true",
    "null", "\x7F",   "\x01",    "\xC3",       "\xC3\xBC", "\\ud83d", "\v",  "\\ude00",
    "/*",   "\"x\":", "\"a\":{", "\"list\":[", "\xE2\x82", "\\\"",    "\\x", "+",
};
#define N_PIECES (sizeof pieces / sizeof *pieces)

/* Cuts something out, and puts something in. */
static size_t change(char *at, size_t len)
{
    size_t from = draw((uint32_t)len + 1), cut = draw(4);
    if (cut > len - from)
        cut = len - from;
    memmove(at + from, at + from + cut, len - from - cut);
    len -= cut;
    const char *piece = pieces[draw(N_PIECES)];
    size_t more = draw(4) ? strlen(piece) : 0;
    memmove(at + from + more, at + from, len - from);
    memcpy(at + from, piece, more);
    return len + more;
}

static bool agree_changed(const char *seed)
{
    char document[1024];
    size_t len = strlen(seed);
    memcpy(document, seed, len);
    for (uint32_t i = 0, changes = 1 + draw(3); i < changes; i++)
        len = change(document, len);
    bool same = agree(document, len);
    if (!same)
        printf("  differ in %.*s\n", (int)len, document);
    return same;
}

static void test_nesting(void)
{
    char document[200];
    for (size_t deep = 60; deep < 70; deep++)
        for (int named = 0; named < 2; named++) {
            const char *begin = named ? "{\"list\":" : "{\"y\":";
            size_t len = strlen(begin);
            memcpy(document, begin, len);
            memset(document + len, '[', deep);
            memset(document + len + deep, ']', deep);
            document[len + 2 * deep] = '}';
            CHECK(agree(document, len + 2 * deep + 1));
        }
}

int main(void)
{
    fast = json_parser_new();
    slow = json_parser_new();
    json_parser_yajl_alone(slow);
    make_paths();
    for (size_t i = 0; i < N_SEEDS; i++)
        TEST ("the shortcut reads what yajl reads") {
            CHECK(agree(seeds[i], strlen(seeds[i])));
            for (size_t cut = 0; cut < strlen(seeds[i]); cut++)
                CHECK(agree(seeds[i], cut));
            for (int round = 0; round < ROUNDS * 100; round++)
                CHECK(agree_changed(seeds[i]));
        }
    TEST ("nested just as deep as is allowed, and deeper")
        test_nesting();
    TEST ("what was made up is partly JSON and partly not") {
        CHECK(accepted > 10000);
        CHECK(given_up > 10000);
    }
    json_paths_free(paths);
    json_parser_free(fast);
    json_parser_free(slow);
    return check_done();
}
