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

int main(void)
{
    test_refused();
    test_known();
    return check_done();
}
