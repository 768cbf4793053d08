/* What a right description becomes: the numbers and sets that the stages compute with. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/diag.h>

#include "check.h"
#include "config/load.h"

static char path[] = "/tmp/cpid-model-XXXXXX";
static struct config config;
static struct cpi_diag diag;
static const struct cpi_model *m;

static bool load(const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
    cpi_diag_init(&diag);
    config_load(path, &config, &diag);
    for (size_t i = 0; i < diag.count; i++)
        if (!diag.line[i].warning)
            printf("%u: %s: %s\n", diag.line[i].at.line, diag.line[i].path, diag.line[i].text);
    m = config.model;
    CHECK(m != NULL);
    return m != NULL;
}

static void unload(void)
{
    cpi_diag_fini(&diag);
    config_fini(&config);
}

static const char desk[] =
    "sources = ( { name = \"desk\"; topics = [ \"desk\" ]; wait = \"20m\";\n"
    "  common = { time = \"/t | ms\"; case = \"/c\"; customer = \"/w\"; rep = \"/r\";\n"
    "    fields = { length = \"/l | s\"; useful = \"/u\"; reason = \"/why\"; channel = \"/ch\"; "
    "amount = \"/a\"; spare = \"/x\"; }; };\n"
    "  rules = ( { type = \"/type | map kinds\"; } );\n"
    "  maps = { kinds = ( [ \"o\", \"case.opened\" ], [ \"r\", \"case.resolved\" ], [ \"e\", "
    "\"call.ended\" ],\n"
    "                     [ \"s\", \"survey.answered\" ], [ \"a\", \"case.assigned\" ] ); }; },\n"
    "  { name = \"crm\"; topics = [ \"crm.a\", \"crm.b\" ]; wait = \"1h\"; idle = \"hold\"; shared "
    "= [ \"customer\" ];\n"
    "  common = { time = \"/t | ms\"; case = \"/c\"; };\n"
    "  rules = ( { type = \"=quote.requested\"; when = [ \"/k = q\" ]; }, { type = "
    "\"=quote.issued\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"5m\"; }; week = { length = \"7d\"; every = "
    "\"1h\"; };\n"
    "            month = { length = \"30d\"; every = \"1d\"; }; spare = { length = \"1h\"; every = "
    "\"1m\"; }; };\n";

static char text[16384];
static bool load_with(const char *more)
{
    snprintf(text, sizeof text, "%s%s", desk, more);
    return load(text);
}
static const struct cpi_indicator *indicator(const char *name)
{
    uint16_t i = cpi_model_find_indicator(m, cpi_text_of(name));
    CHECK(i != CPI_NO_INDEX);
    return &m->indicator[i == CPI_NO_INDEX ? 0 : i];
}
static bool has_type(const struct cpi_wordset *set, const char *name)
{
    return cpi_wordset_has(set, cpi_model_find_type(m, cpi_text_of(name)));
}

static void test_words(void)
{
    TEST ("every type is a word with the same number; own types come behind the vocabulary") {
        if (load_with("event-types = [ \"incident.opened\", \"case.opened\" ];")) {
            size_t n;
            const char *const *names = cpi_vocabulary(&n);
            CHECK_INT(m->n_types, n + 1);
            for (uint16_t i = 0; i < n; i++) {
                CHECK_INT(cpi_model_find_type(m, cpi_text_of(names[i])), i);
                CHECK_INT(cpi_model_find_word(m, cpi_text_of(names[i])), i);
                CHECK(cpi_wordset_is_empty(&m->word[i].base) &&
                      cpi_wordset_has(&m->word[i].types, i));
                CHECK_INT(cpi_model_type_of_hash(m, m->type[i].hash), i);
            }
            CHECK_TEXT(m->type[n].name, "incident.opened");
            CHECK_INT(cpi_model_type_of_hash(m, m->type[0].hash + 1), CPI_NO_INDEX);
        }
        unload();
    }
    TEST ("words are numbered behind those they use, and know the types that can match") {
        if (load_with("words = { value-call = { event = \"long-call\"; where-any = [ \"useful = "
                      "true\", \"length >= 5m\" ]; };\n"
                      "  long-call = { event = \"call.ended\"; where = \"length >= 60s\"; };\n"
                      "  both = { event = [ \"value-call\", \"case.opened\" ]; where = "
                      "\"long-call\"; }; };")) {
            uint16_t lc = cpi_model_find_word(m, CPI_TEXT("long-call"));
            uint16_t vc = cpi_model_find_word(m, CPI_TEXT("value-call"));
            uint16_t both = cpi_model_find_word(m, CPI_TEXT("both"));
            CHECK(lc >= m->n_types && lc < vc && vc < both && both < m->n_words);
            CHECK(cpi_wordset_has(&m->word[vc].base, lc));
            CHECK(has_type(&m->word[both].types, "call.ended") &&
                  has_type(&m->word[both].types, "case.opened"));
            CHECK(!has_type(&m->word[vc].types, "case.opened"));
            const struct cpi_cond *cond = &m->word[lc].conds.all[0];
            CHECK_INT(m->word[lc].conds.n_all, 1);
            CHECK(cond->cmp == CPI_CMP_GE && cond->numeric && cond->number.units == 60000 &&
                  cond->number.scale == 0);
            CHECK_INT(m->word[vc].conds.n_any, 2);
            CHECK_TEXT(m->word[vc].conds.any[0].text, "true");
            CHECK(!m->word[vc].conds.any[0].numeric);
            CHECK_INT(m->word[vc].conds.any[1].number.units, 300000);
            CHECK(m->word[both].conds.all[0].cmp == CPI_CMP_WORD &&
                  m->word[both].conds.all[0].word == lc);
        }
        unload();
    }
    TEST ("J13 the right side is the rest of the text, trimmed; a number is compared as one") {
        if (load_with("words = { a = { event = \"call.ended\"; where = [ \" reason  =  a = b  \", "
                      "\"amount>=1.50\", \"reason != \\\"\" ]; }; };")) {
            const struct cpi_conds *conds = &m->word[cpi_model_find_word(m, CPI_TEXT("a"))].conds;
            CHECK_TEXT(conds->all[0].text, "a = b");
            CHECK(conds->all[1].numeric && conds->all[1].number.units == 15 &&
                  conds->all[1].number.scale == 1);
            CHECK_TEXT(conds->all[2].text, "\"");
        }
        unload();
    }
}

static void test_sources(void)
{
    TEST (
        "sources know their topics, waits and types; fields their kind and whether they are used") {
        if (load_with("report = { on = [ \"rep\", \"team+channel\" ]; };\n"
                      "indicators = ( { name = \"x\"; each = \"call.ended\"; of = \"length\"; "
                      "where = \"reason = a\"; over = \"hour\"; } );")) {
            CHECK_INT(cpi_model_find_topic_source(m, CPI_TEXT("crm.b")), 1);
            CHECK_INT(m->longest_wait_ms, CPI_HOUR);
            CHECK(m->source[1].idle_hold && m->source[1].shared_customer &&
                  !m->source[1].shared_case);
            CHECK(has_type(&m->source[0].types, "case.assigned") &&
                  !has_type(&m->source[0].types, "quote.issued"));
            const bool used[] = { true, false, true, true, false, false };
            for (uint16_t f = 0; f < 6; f++)
                CHECK_INT(m->field_kept[f], used[f]);
            CHECK_INT(m->field[0].kind, CPI_FIELD_DURATION);
            CHECK_INT(m->field[1].kind, CPI_FIELD_TEXT);
            CHECK_INT(m->n_dims, 3);
            CHECK_TEXT(m->dim[0].name, "org");
            CHECK_TEXT(m->dim[2].name, "team+channel");
            CHECK(m->dim[2].member[0] == CPI_MEMBER_TEAM &&
                  m->dim[2].member[1] == CPI_MEMBER_FIELD0 + 3);
        }
        unload();
    }
    TEST ("O7 a source completes only what an indicator over its types uses") {
        static const char counted[] =
            "indicators = ( { name = \"x\"; each = \"call.ended\"; over = \"hour\"; } );";
        static const char same[] = "indicators = ( { name = \"x\"; after = \"case.resolved\"; "
                                   "within = \"7d\"; over = \"hour\";"
                                   " broken-by = ( { event = \"case.opened\"; same = [ "
                                   "\"customer\", \"reason\" ]; other = \"case\"; } ); } );";
        if (load_with(counted)) {
            CHECK(!m->source[0].completes && !m->source[0].all_journeys);
            CHECK(cpi_wordset_is_empty(&m->journey_types));
        }
        unload();
        if (load_with(same)) {
            CHECK(m->source[0].completes && m->source[0].all_journeys);
            CHECK(!m->source[1].completes); /* none of its types is named */
            CHECK(has_type(&m->journey_types, "case.resolved") &&
                  has_type(&m->journey_types, "case.opened"));
            CHECK(!has_type(&m->journey_types, "call.ended"));
            CHECK_INT(m->longest_cross_within_ms, 7 * CPI_DAY);
            CHECK(m->field_kept[2]);
        }
        unload();
    }
    TEST ("J9 credit current looks at every event of the case, also where nothing is completed") {
        if (load_with("indicators = ( { name = \"x\"; open = \"case.opened\"; until = "
                      "\"case.resolved\"; every = \"15m\"; } );")) {
            CHECK(!m->source[0].completes && m->source[0].all_journeys &&
                  !m->source[1].all_journeys);
        }
        unload();
    }
}

static void test_kinds(void)
{
    TEST ("defaults of each kind: pick, credit, figures, unit") {
        if (load_with(
                "indicators = (\n"
                "{ name = \"count\"; each = \"call.ended\"; over = \"hour\"; },\n"
                "{ name = \"amount\"; each = \"call.ended\"; of = \"amount\"; show = \"mean\"; "
                "over = \"hour\"; },\n"
                "{ name = \"share\"; each = \"call.ended\"; good = \"useful = true\"; over = "
                "\"hour\"; },\n"
                "{ name = \"last\"; each = \"call.ended\"; pick = \"last\"; over = \"hour\"; },\n"
                "{ name = \"after\"; after = \"case.resolved\"; within = \"1d\"; broken-by = ( { "
                "event = \"case.opened\"; } ); over = \"hour\"; },\n"
                "{ name = \"from\"; from = \"quote.requested\"; to = \"quote.issued\"; over = [ "
                "\"hour\", \"month\" ]; },\n"
                "{ name = \"tally\"; tally = \"call.ended\"; until = \"case.resolved\"; over = "
                "\"hour\"; },\n"
                "{ name = \"open\"; open = \"case.opened\"; until = \"case.resolved\"; every = "
                "\"10m\"; show = [ \"count\", \"age.p90\" ]; target = \"age.p90 <= 48h\"; },\n"
                "{ name = \"ratio\"; derived = \"count / last\"; target = \">= 50 %\"; },\n"
                "{ name = \"less\"; derived = \"amount - amount\"; } );")) {
            const struct cpi_indicator *i = indicator("count");
            CHECK(i->kind == CPI_EACH && !i->in_case && !i->share && !i->amount &&
                  i->unit == CPI_UNIT_COUNT);
            CHECK(i->show[0].stat == CPI_STAT_COUNT && !i->samples &&
                  i->credit == CPI_CREDIT_START);
            i = indicator("amount");
            CHECK(i->amount && i->unit == CPI_UNIT_NUMBER && i->scale == 6 &&
                  i->show[0].stat == CPI_STAT_MEAN && !i->samples);
            i = indicator("share");
            CHECK(i->share && i->has_good && !i->has_bad && i->unit == CPI_UNIT_SHARE &&
                  i->show[0].stat == CPI_STAT_SHARE);
            i = indicator("last");
            CHECK(i->in_case && i->pick == CPI_PICK_LAST);
            i = indicator("after");
            CHECK(i->share && i->pick == CPI_PICK_FIRST && i->count_when == CPI_DECIDED &&
                  !i->cross && i->in_case);
            CHECK(i->breaker[0].same_case && !i->breaker[0].follows && i->breaker[0].at_least == 1);
            i = indicator("from");
            CHECK(i->amount && i->unit == CPI_UNIT_MS && i->scale == 0 && i->n_show == 2 &&
                  i->samples);
            CHECK(i->show[0].percent == 50 && i->show[1].percent == 90 &&
                  i->credit == CPI_CREDIT_END && i->n_over == 2);
            i = indicator("tally");
            CHECK(i->unit == CPI_UNIT_COUNT && i->show[0].stat == CPI_STAT_MEAN &&
                  i->credit == CPI_CREDIT_END);
            CHECK(has_type(&i->end, "case.resolved") && cpi_wordset_is_empty(&i->until));
            i = indicator("open");
            CHECK(i->credit == CPI_CREDIT_CURRENT && i->n_over == 1 &&
                  i->target.num == 48 * CPI_HOUR && i->samples);
            const struct cpi_window *now = &m->window[i->over[0]];
            CHECK(cpi_text_equal(now->name, CPI_TEXT("now")) && now->length_ms == 0 &&
                  now->every_ms == 10 * CPI_MINUTE);
            i = indicator("ratio");
            CHECK(i->n_over == 1 && i->show[0].stat == CPI_STAT_RATIO && i->target.num == 50 &&
                  i->target.den == 100);
            CHECK(m->indicator[i->left].hash == indicator("count")->hash);
            i = indicator("less");
            CHECK(i->difference && i->unit == CPI_UNIT_NUMBER &&
                  i->show[0].stat == CPI_STAT_DIFFERENCE);
        }
        unload();
    }
    TEST ("T4 the finest step is the smallest of the windows that are used, and of gauges") {
        if (load_with("indicators = ( { name = \"x\"; each = \"call.ended\"; over = [ \"week\", "
                      "\"month\" ]; } );")) {
            CHECK_INT(m->finest_ms, CPI_HOUR); /* "spare" has 1m, but nobody counts over it */
            CHECK_INT(m->longest_ms, 30 * CPI_DAY);
            const struct cpi_window *month =
                &m->window[cpi_model_find_window(m, CPI_TEXT("month"))];
            CHECK(month->length_days == 30 && month->every_days == 1);
            CHECK_INT(m->window[0].every_days, 0);
        }
        unload();
        if (load_with("indicators = ( { name = \"x\"; open = \"case.opened\"; until = "
                      "\"case.resolved\"; every = \"1m\"; },\n"
                      "{ name = \"y\"; each = \"call.ended\"; over = \"hour\"; } );"))
            CHECK_INT(m->finest_ms, CPI_MINUTE);
        unload();
    }
}

static void test_alerts(void)
{
    TEST ("A2 A3 alerts know their window, entity, bounds and certainty") {
        if (load_with(
                "indicators = ( { name = \"good\"; each = \"call.ended\"; good = \"useful = "
                "true\"; over = [ \"hour\", \"week\" ]; target = \">= 72.5 %\"; },\n"
                "{ name = \"time\"; each = \"call.ended\"; of = \"length\"; show = \"mean\"; over "
                "= \"hour\"; } );\n"
                "alerts = ( { name = \"a\"; indicator = \"good\"; over = \"week\"; on = \"team\"; "
                "when = \"misses target\"; clear = \">= 75 %\"; sure = \"90 %\"; for = \"2h\"; "
                "min-samples = 30; },\n"
                "{ name = \"b\"; indicator = \"time\"; on = \"rep:anna\"; when = \"p90 > 20m\"; "
                "keep-firing-for = \"5m\"; },\n"
                "{ name = \"c\"; indicator = \"time\"; on = \"org\"; no-data = \"30m\"; } );")) {
            const struct cpi_alert *a = &m->alert[0];
            CHECK_TEXT(m->window[a->window].name, "week");
            CHECK_TEXT(m->dim[a->dim].name, "team");
            CHECK(!cpi_text_is(a->entity_id));
            CHECK(a->when.misses_target && a->when.num == 725 && a->when.den == 1000 &&
                  a->when.cmp == CPI_CMP_GE);
            CHECK(a->clear.set && a->clear.num == 75 && a->clear.den == 100 && a->sure &&
                  a->sure_percent == 90);
            CHECK(a->z2_num * 10000 / a->z2_den == 16423 && a->for_ms == 2 * CPI_HOUR &&
                  a->min_samples == 30);
            CHECK_TEXT(a->severity, "warning");
            a = &m->alert[1];
            CHECK(a->dim == CPI_NO_INDEX && a->keep_firing_ms == 5 * CPI_MINUTE);
            CHECK_TEXT(a->entity_kind, "rep");
            CHECK_TEXT(a->entity_id, "anna");
            CHECK(indicator("time")->samples); /* asked for by the alert alone */
            a = &m->alert[2];
            CHECK(a->no_data_ms == 30 * CPI_MINUTE && !a->when.set && a->dim == 0);
        }
        unload();
    }
}

static void id_of(const char *more, char ret[17])
{
    ret[0] = 0;
    if (load_with(more))
        snprintf(ret, 17, "%.*s", CPI_TEXT_ARG(indicator("x")->definition));
    unload();
}

static void test_definitions(void)
{
    TEST (
        "a definition keeps its id under new titles, targets, windows, orders and names of words") {
        char one[17], other[17];
        id_of("words = { long = { event = \"call.ended\"; where = [ \"length >= 1m\", \"useful = "
              "true\" ]; }; };\n"
              "indicators = ( { name = \"x\"; each = [ \"long\", \"case.opened\" ]; over = "
              "\"hour\"; } );",
              one);
        id_of("words = { lang = { event = \"call.ended\"; where = [ \"useful = true\", \"length >= "
              "60s\" ]; }; };\n"
              "indicators = ( { name = \"x\"; title = \"X\"; each = [ \"case.opened\", \"lang\" ]; "
              "over = \"week\"; target = \"> 5\"; } );",
              other);
        CHECK_INT(strlen(one), 16);
        CHECK_STR(other, one);
    }
    TEST ("and changes it with everything that changes the meaning") {
        static const char *const after[] = {
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } );",
            "within = \"8d\"; broken-by = ( { event = \"case.opened\"; } );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; before = true; } );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; same = \"customer\"; } );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; same = [ \"case\", "
            "\"reason\" ]; } );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; other = \"reason\"; } );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; at-least = 2; } );",
            "within = \"7d\"; followed-by = ( { event = \"case.opened\"; } );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } ); pick = \"each\";",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } ); count-when = "
            "\"at-once\";",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } ); credit = \"current\";",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } ); credit = "
            "\"case.opened\";",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } ); good = \"useful = "
            "true\";",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; } ); where = \"useful = "
            "true\";",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; where = \"useful = true\"; "
            "} );",
            "within = \"7d\"; broken-by = ( { event = \"case.opened\"; where = \"useful = tru\"; } "
            ");",
        };
        char id[sizeof after / sizeof *after][17];
        for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
            char more[1024];
            snprintf(more, sizeof more,
                     "indicators = ( { name = \"x\"; after = \"case.resolved\"; over = \"hour\"; "
                     "%s } );",
                     after[i]);
            id_of(more, id[i]);
            for (size_t k = 0; k < i; k++)
                CHECK(strcmp(id[i], id[k]) != 0);
        }
    }
}

static void test_sentences(void)
{
    TEST ("--explain says numerator, denominator, time of counting and credit") {
        if (load_with("indicators = ( { name = \"x\"; after = \"case.resolved\"; within = \"7d\"; "
                      "over = \"hour\";"
                      " broken-by = ( { event = \"case.opened\"; same = [ \"customer\", \"reason\" "
                      "]; other = \"case\"; } ); credit = \"case.assigned\"; } );"))
            CHECK_TEXT(indicator("x")->sentence,
                       "Of all case.resolved events, the first one of each case, the share that "
                       "succeeded. It fails "
                       "when there is a case.opened of the same customer and reason in another "
                       "case. If nothing of "
                       "this happens within 7d, it has succeeded. Success and failure both count "
                       "7d after the start, "
                       "not before. It belongs to the rep and team of the case's latest "
                       "case.assigned by then; "
                       "without one, to nobody (unassigned).");
        unload();
        if (load_with("indicators = ( { name = \"x\"; each = \"survey.answered\"; good = \"useful "
                      "= true\"; bad = \"useful = false\"; over = \"hour\"; } );"))
            CHECK_TEXT(indicator("x")->sentence,
                       "Of all survey.answered events, out of those where useful is true or useful "
                       "is false, the share "
                       "where useful is true. The others do not count. It counts at the time of "
                       "the event. It belongs "
                       "to the rep and team of the event.");
        unload();
    }
}

int main(void)
{
    int fd = mkstemp(path);
    if (fd < 0)
        return 1;
    close(fd);
    test_words();
    test_sources();
    test_kinds();
    test_alerts();
    test_definitions();
    test_sentences();
    unlink(path);
    return check_done();
}
