/* What a mapping is refused for, all errors at once and where; and what is known of a good one. */
#include "check.h"
#include "mapping_text.h"

static const struct {
    const char *text, *path, *want;
    unsigned line;
} refused[] = {
    { "{ common = { type = \"=case.opend\"; }; }", "rules.[0].type", "did you mean 'case.opened'?",
      1 },
    { "{ rules = (\n { type = \"/t | mapp m\"; } ); }", "rules.[0].type", "did you mean 'map'?",
      2 },
    { "{ rules = (\n { type = \"/t | map stp\"; } );\n maps = { step = ( [\"*\", \"case.closed\"] "
      "); }; }",
      "rules.[0].type", "there is no map 'stp'; did you mean 'step'?", 2 },
    { "{ rules = ( { type = \"/t | map step\"; } );\n maps = { step = ( [\"a\", "
      "\"case.closed\"],\n [\"b\", \"case.gone\"] ); }; }",
      "maps.step", "'case.gone', which is no event type", 3 },
    { "{ rules = ( { type = \"/t | map step\"; } ); maps = { step = ( [\"case.openedd\", \"&\"] ); "
      "}; }",
      "maps.step", "gives 'case.openedd'", 1 },
    { "{ rules = ( { type = \"=case.opened\"; },\n { type = \"=case.closed\"; } ); }", "rules.[1]",
      "never reached", 2 },
    { "{ common = { id = \"id\"; }; }", "common.id", "'id' is no value", 1 },
    { "{ common = { id = \"^/id\"; }; }", "common.id", "no fan-out", 1 },
    { "{ each = \"[*]\"; common = { id = \"^^/id\"; }; }", "common.id", "no fan-out", 1 },
    { "{ each = \"items\"; }", "each", "no pointer", 1 },
    { "{ common = { id = \"/a[name\"; }; }", "common.id", "']' is missing", 1 },
    { "{ common = { id = \"/a[name]\"; }; }", "common.id", "no selection", 1 },
    { "{ common = { id = \"/a[0]b\"; }; }", "common.id", "goes on with", 1 },
    { "{ common = { id = \"/a[x=1;lst]\"; }; }", "common.id", "want ;last", 1 },
    { "{ common = { id = \"/a~2\"; }; }", "common.id", "'~'", 1 },
    { "{ common = { id = \"{/a\"; }; }", "common.id", "'}' is missing", 1 },
    { "{ common = { id = \"{{/a}}\"; }; }", "common.id", "template inside", 1 },
    { "{ common = { fields = { x = \"/a | scale two\"; }; }; }", "common.fields.x", "'scale' needs",
      1 },
    { "{ common = { fields = { unused = \"/a | s s\"; }; }; }", "common.fields.unused", "too much",
      1 },
    { "{ common = { time = \"/a | date '%Q'\"; }; }", "common.time", "'%Q' is not known", 1 },
    { "{ common = { time = \"/a | date '%Y' Mars/Base\"; }; }", "common.time", "no known zone", 1 },
    { "{ common = { time = \"/a | date\"; }; }", "common.time", "needs a format", 1 },
    { "{ common = { time = \"/a | plus b s\"; }; }", "common.time", "needs a pointer", 1 },
    { "{ common = { time = \"/a | plus /b\"; }; }", "common.time", "no unit", 1 },
    { "{ common = { time = \"/a | plus /b iso\"; }; }", "common.time", "no unit", 1 },
    { "{ common = { rep = \"/a | none\"; }; }", "common.rep", "'none' needs", 1 },
    { "{ common = { rep = \"/a | after\"; }; }", "common.rep", "'after' needs a text", 1 },
    { "{ rules = ( { when = [ \"/a\" ]; } ); }", "rules.[0].when", "no condition", 1 },
    { "{ rules = ( { when = [ \"/a >= many\" ]; } ); }", "rules.[0].when", "no number", 1 },
    { "{ rules = ( { when = [ \"/a exists now\" ]; } ); }", "rules.[0].when", "too much", 1 },
    { "{ rules = ( { emit = ( { when = [ \"x = 1\" ]; } ); } ); }", "rules.[0].emit.[0].when",
      "no value", 1 },
    { "{ root = [ \"/a[*]\" ]; }", "root", "one element", 1 },
};

static void test_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        TEST (refused[i].text) {
            struct cpi_diag diag;
            cpi_diag_init(&diag);
            struct cpi_mapping *mapping = compile_text(refused[i].text, &diag);
            CHECK(mapping == NULL);
            cpi_diag_sort(&diag);
            CHECK_INT(diag.errors, 1);
            if (diag.count) {
                char path[128];
                snprintf(path, sizeof path, "sources.test.%s", refused[i].path);
                CHECK_STR(diag.line[0].path, path);
                CHECK_INT(diag.line[0].at.line, refused[i].line);
                CHECK(strstr(diag.line[0].text, refused[i].want) != NULL);
                if (!strstr(diag.line[0].text, refused[i].want))
                    printf("  said: %s\n", diag.line[0].text);
            }
            cpi_mapping_free(mapping);
            cpi_diag_fini(&diag);
        }
    }
    TEST ("all errors of a mapping are said at once") {
        struct cpi_diag diag;
        cpi_diag_init(&diag);
        CHECK(!compile_text("{ common = { id = \"x\"; case = \"/a | b\"; };\n"
                            "  rules = ( { type = \"=no.type\"; }, { when = [\"q\"]; type = "
                            "\"=case.opened\"; } ); }",
                            &diag));
        CHECK_INT(diag.errors >= 5, 1);
        cpi_diag_fini(&diag);
    }
}

static bool can_yield(const struct cpi_mapping *mapping, const char *type)
{
    struct cpi_wordset types = cpi_mapping_types(mapping);
    for (unsigned t = 0; t < N_TEST_TYPES; t++)
        if (strcmp(test_types[t].at, type) == 0)
            return cpi_wordset_has(&types, t);
    return false;
}

static void test_known(void)
{
    TEST ("the types a mapping can yield are its constants and its maps' results") {
        struct cpi_mapping *mapping = mapping_of(
            "{ rules = ( { when = [\"/a = 1\"]; type = \"=case.opened\"; }, { type = \"/t | map "
            "m\"; } );"
            "  maps = { m = ( [\"w\", \"opportunity.won\"], [\"case.held\", \"&\"], [\"x\", \"-\"] "
            ");"
            "           other = ( [\"w\", \"not a type, and not used for one\"] ); }; }");
        CHECK(can_yield(mapping, "case.opened"));
        CHECK(can_yield(mapping, "opportunity.won"));
        CHECK(can_yield(mapping, "case.held"));
        CHECK(!can_yield(mapping, "case.closed"));
        cpi_mapping_free(mapping);
        mapping = mapping_of("{ common = { type = \"/type\"; }; }");
        CHECK(can_yield(mapping, "case.closed"));
        cpi_mapping_free(mapping);
    }
    TEST ("a field is a duration if every mapping of it ends in a unit") {
        struct cpi_mapping *mapping =
            mapping_of("{ common = { fields = { talk = [\"/t | s\", \"/u | ms | none 0\", \"=0\"]; "
                       "status = \"/s | lower\";"
                       "                        hold = \"/h | s\"; x = \"/a | since /b\"; y = \"/y "
                       "| seconds ms\"; }; };"
                       "  rules = ( { when = [\"/a = 1\"]; type = \"=case.opened\"; fields = { "
                       "hold = \"/h\"; }; },"
                       "            { type = \"=case.closed\"; } ); }");
        static const struct {
            const char *field;
            enum cpi_mapped_kind kind;
        } row[] = {
            { "talk", CPI_MAPPED_DURATION }, { "status", CPI_MAPPED_TEXT },
            { "hold", CPI_MAPPED_MIXED },    { "x", CPI_MAPPED_DURATION },
            { "y", CPI_MAPPED_DURATION },    { "reason", CPI_MAPPED_NOT },
        };
        for (size_t i = 0; i < sizeof row / sizeof *row; i++)
            for (uint16_t f = 0; f < N_TEST_FIELDS; f++)
                if (strcmp(test_fields[f].at, row[i].field) == 0)
                    CHECK_INT(cpi_mapping_field_kind(mapping, f), row[i].kind);
        cpi_mapping_free(mapping);
    }
    TEST ("the zones that dates name are listed for the rim to look up") {
        struct cpi_arena arena;
        struct cpi_text name;
        struct cpi_origin at;
        cpi_arena_init(&arena);
        struct cpi_mapping_spec spec = mapping_spec(
            &arena, "{ common = { time = [\"/a | date '%Y | %m' Europe/Paris | ms\", \"/b | date "
                    "'%d' UTC\"]; };\n"
                    "  rules = ( { fields = { x = \"/c | date '%d' Asia/Tokyo\"; }; } ); }");
        CHECK(cpi_mapping_spec_zone(&spec, 0, &name, &at));
        CHECK_TEXT(name, "Europe/Paris");
        CHECK(cpi_mapping_spec_zone(&spec, 1, &name, &at));
        CHECK_TEXT(name, "Asia/Tokyo");
        CHECK_INT(at.line, 2);
        CHECK(!cpi_mapping_spec_zone(&spec, 2, &name, &at));
        cpi_arena_fini(&arena);
    }
}

/* ---- texts that nobody would write ---- */

static uint32_t random_below(uint32_t n)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % n);
}

static void random_text(char *ret, size_t size)
{
    static const char *const piece[] = {
        "/a",       "/a/b", "^",      "$",       "[0]",   "[-1]",        "[*]",    "[a=1;last]",
        "[?a]",     "{",    "}",      "{?/a}",   "key:",  "topic",       "=",      " | ",
        "map m",    "json", "at /p",  "s",       "date ", "'%Y'",        "'%",     "'",
        "\"",       "UTC",  "+01:00", "plus ",   "since", "/b s",        "none",   "join ",
        "scale",    " 2",   " = ",    " in a,b", "not ",  "has",         "exists", " >= 1",
        "~1",       "~",    "[",      "]",       ";",     " ",           "x",      "\xC3\xA4",
        "header:h", "/",    "index",  "starts",  "last",  "case.opened",
    };
    size_t len = 0;
    ret[0] = '\0';
    for (uint32_t n = random_below(8); n; n--) {
        const char *p = piece[random_below(sizeof piece / sizeof *piece)];
        len += (size_t)snprintf(ret + len, size - len, "%s", p); /* at most 7 of 13 bytes */
    }
}

static void test_random(void)
{
    enum { ROUNDS = 20000 };
    char text[6][160];
    int compiled = 0;
    struct cpi_mapper *mapper = cpi_mapper_new();
    TEST ("whatever stands in a mapping, it compiles and maps or is complained about") {
        for (size_t i = 0; i < ROUNDS; i++) {
            struct cpi_text_at at[6],
                pair[1][2] = { { { "a*", { 0 } }, { "case.opened", { 0 } } } };
            for (int k = 0; k < 6; k++) {
                random_text(text[k], sizeof text[k]);
                at[k] = (struct cpi_text_at){ text[k], { "test", 1 } };
            }
            struct cpi_field_spec field = { "x", { 0 }, { &at[0], 1 } };
            struct cpi_map_spec map = { "m", { 0 }, pair, 1 };
            struct cpi_rule_spec rule = { .time = { &at[1], 1 }, .field = &field, .n_fields = 1 };
            struct cpi_mapping_spec spec = {
                .map = &map, .n_maps = 1, .rule = &rule, .n_rules = 1
            };
            rule.type = (struct cpi_value_spec){ &at[4], i % 4 == 0 };
            rule.when = &at[2];
            rule.n_when = i % 2;
            rule.each = i % 3 ? (struct cpi_text_at){ 0 } : at[3];
            spec.each = i % 5 ? (struct cpi_text_at){ 0 } : at[3];
            spec.root = &at[5];
            spec.n_root = i % 7 == 0;
            struct cpi_diag diag;
            cpi_diag_init(&diag);
            struct cpi_mapping *mapping = cpi_mapping_compile(
                &spec, test_types, N_TEST_TYPES, test_fields, N_TEST_FIELDS, NULL, &diag);
            CHECK((mapping == NULL) == (diag.errors > 0));
            struct cpi_record record = {
                .value = CPI_TEXT("{\"a\":[{\"b\":1},{\"a\":\"x\"},\"2026-01-01\"],\"b\":7}"),
                .key = CPI_TEXT("{\"a\":1}"),
                .topic = CPI_TEXT("t"),
            };
            if (mapping)
                events_of(mapper, mapping, record);
            compiled += mapping != NULL;
            struct cpi_text name;
            struct cpi_origin origin;
            for (size_t z = 0; cpi_mapping_spec_zone(&spec, z, &name, &origin); z++)
                CHECK(name.len > 0);
            cpi_mapping_free(mapping);
            cpi_diag_fini(&diag);
        }
        CHECK(compiled > ROUNDS / 200);
    }
    cpi_mapper_free(mapper);
}

int main(void)
{
    test_random();
    test_refused();
    test_known();
    return check_done();
}
