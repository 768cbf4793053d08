/* `use`: indicators of the catalogue, with own keys replacing. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/diag.h>
#include <cpi/time.h>

#include "check.h"
#include "config/catalogue.h"
#include "config/load.h"

static char folder[] = "/tmp/cpid-use-XXXXXX";
static struct config config;
static struct cpi_diag diag;

static void write_file(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static int load(const char *text)
{
    char path[256], all[4096];
    snprintf(all, sizeof all,
             "sources = ( { name = \"desk\"; topics = [ \"desk\" ]; common = { time = \"/t | ms\"; "
             "case = \"/c\"; fields = { score = \"/s\"; length = \"/l | s\"; }; };"
             " rules = ( { type = \"/type\"; } ); } );\n%s",
             text);
    write_file("cpid.conf", all);
    snprintf(path, sizeof path, "%s/cpid.conf", folder);
    cpi_diag_init(&diag);
    return config_load(path, &config, &diag);
}

static void unload(void)
{
    cpi_diag_fini(&diag);
    config_fini(&config);
}

/* All of diag, a line each. */
static const char *complaints(void)
{
    static char text[4096];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < diag.count && used < sizeof text; i++) {
        const char *slash = strrchr(diag.line[i].at.file, '/');
        used += (size_t)snprintf(text + used, sizeof text - used, "%s:%u: %s%s: %s\n",
                                 slash ? slash + 1 : diag.line[i].at.file, diag.line[i].at.line,
                                 diag.line[i].warning ? "warning: " : "", diag.line[i].path,
                                 diag.line[i].text);
    }
    return text;
}

#define CHECK_COMPLAINT(part)                                                                      \
    do {                                                                                           \
        CHECK(strstr(complaints(), part) != NULL);                                                 \
        if (!strstr(complaints(), part))                                                           \
            fputs(complaints(), stdout);                                                           \
    } while (0)

#define DOCS                                                                                       \
    "formula = \"f\"; excluded = \"e\"; needs = \"n\"; source = \"s\"; class = \"guard\"; better " \
    "= \"down\"; "

static const char family[] =
    "title = \"Calls\";\n"
    "words = { long = { event = \"call.ended\"; where = \"length >= 60s\"; };\n"
    "  good-call = { event = \"long\"; where = \"score = good\"; };\n"
    "  other = { event = \"long\"; where = \"nosuchfield = 1\"; }; };\n"
    "windows = { day = { length = \"1d\"; every = \"1h\"; };\n"
    "  week = { length = \"7d\"; every = \"1h\"; }; };\n"
    "indicators = ( { name = \"calls\"; title = \"Calls\"; " DOCS
    "each = \"long\"; good = \"good-call\"; over = \"day\"; target = \">= 50 %\"; },\n"
    "  { name = \"many\"; title = \"Many\"; " DOCS "each = \"long\"; over = \"day\"; },\n"
    "  { name = \"rate\"; title = \"Rate\"; " DOCS "derived = \"calls - other\"; } );\n";

static const struct cpi_indicator *indicator(const char *name)
{
    uint16_t i =
        config.model ? cpi_model_find_indicator(config.model, cpi_text_of(name)) : CPI_NO_INDEX;
    CHECK(i != CPI_NO_INDEX);
    if (i == CPI_NO_INDEX)
        fputs(complaints(), stdout);
    return i == CPI_NO_INDEX ? NULL : &config.model->indicator[i];
}

static void test_use(void)
{
    TEST ("an indicator of the catalogue comes with the words and windows that it names, no more") {
        CHECK_INT(load("indicators = ( { use = \"calls\"; } );"), 0);
        const struct cpi_indicator *ind = indicator("calls");
        if (ind) {
            CHECK(ind->share && ind->target.set);
            CHECK_STR(ind->title.at, "Calls");
            CHECK_INT(config.model->n_windows, 1);
            CHECK(cpi_model_find_word(config.model, CPI_TEXT("good-call")) != CPI_NO_INDEX);
            CHECK(cpi_model_find_word(config.model, CPI_TEXT("other")) == CPI_NO_INDEX);
        }
        unload();
    }
    TEST ("own keys replace its own one by one, and it may go by another name twice") {
        CHECK_INT(load("indicators = ( { use = \"calls\"; },\n"
                       "{ use = \"calls\"; name = \"mine\"; target = \">= 90 %\"; over = \"week\"; "
                       "} );"),
                  0);
        const struct cpi_indicator *ind = indicator("mine"), *other = indicator("calls");
        if (ind && other) {
            CHECK_INT(ind->target.num, 90);
            CHECK_INT(other->target.num, 50);
            CHECK_INT(config.model->window[ind->over[0]].length_ms, 7 * CPI_DAY);
            CHECK_STR(ind->title.at, "Calls");
        }
        unload();
    }
    TEST ("words and windows of the configuration go before those of the catalogue") {
        CHECK_INT(load("words = { good-call = { event = \"long\"; where = \"score = fine\"; }; };\n"
                       "windows = { day = { length = \"24h\"; every = \"15m\"; }; };\n"
                       "indicators = ( { use = \"calls\"; } );"),
                  0);
        const struct cpi_indicator *ind = indicator("calls");
        if (ind) {
            CHECK_INT(config.model->window[ind->over[0]].every_ms, 15 * CPI_MINUTE);
            CHECK(strstr(ind->sentence.at, "score is fine"));
            CHECK(strstr(ind->sentence.at, "length is at least 60s")); /* theirs, under ours */
        }
        unload();
    }
    TEST ("the same definition has the same id, used or written out") {
        CHECK_INT(load("words = { l = { event = \"call.ended\"; where = \"length >= 60s\"; }; };\n"
                       "windows = { d = { length = \"1d\"; every = \"1h\"; }; };\n"
                       "indicators = ( { use = \"many\"; }, { name = \"own\"; each = \"l\"; over = "
                       "\"d\"; } );"),
                  0);
        const struct cpi_indicator *ind = indicator("many"), *own = indicator("own");
        if (ind && own)
            CHECK(cpi_text_equal(ind->definition, own->definition));
        unload();
    }
    TEST ("a catalogue beside the configuration goes before the one that is shipped") {
        write_file("indicators/own.conf",
                   "title = \"Own\"; windows = { day = { length = \"1d\"; every = \"1d\"; }; };\n"
                   "indicators = ( { name = \"csat\"; title = \"Ours\"; " DOCS
                   "each = \"survey.answered\"; over = \"day\"; } );\n");
        CHECK_INT(load("indicators = ( { use = \"csat\"; }, { use = \"calls\"; } );"), 0);
        const struct cpi_indicator *ind = indicator("csat");
        if (ind)
            CHECK_STR(ind->title.at, "Ours");
        CHECK(indicator("calls"));
        unload();
        CHECK_INT(unsetenv("CPID_DATA"), 0); /* then that of the build tree */
        CHECK_INT(load("indicators = ( { use = \"csat\"; }, { use = \"transfer_rate\"; } );"), 0);
        ind = indicator("csat");
        if (ind)
            CHECK_STR(ind->title.at, "Ours");
        CHECK(indicator("transfer_rate"));
        unload();
        char path[256];
        snprintf(path, sizeof path, "%s/indicators/own.conf", folder);
        CHECK_INT(unlink(path), 0);
        CHECK_INT(setenv("CPID_DATA", folder, 1), 0);
    }
}

static void test_refusals(void)
{
    TEST ("one that the catalogue does not have is an error with the nearest name, and the only "
          "one") {
        CHECK(load("indicators = ( { use = \"clals\"; } );") < 0);
        CHECK_STR(complaints(), "cpid.conf:2: indicators.[0].use: the catalogue has no indicator "
                                "\"clals\"; did you mean \"calls\"?\n");
        unload();
        CHECK(load("indicators = ( { use = \"nothing_like_it\"; } );") < 0);
        CHECK_COMPLAINT("no indicator \"nothing_like_it\"; `cpid check --indicators` lists it\n");
        unload();
    }
    TEST ("what it needs and nobody maps is said at both places") {
        CHECK(load("words = { good-call = { event = \"long\"; where = \"useful = 1\"; }; };\n"
                   "indicators = (\n{ use = \"calls\"; } ,\n{ use = \"many\"; where = \"nowhere = "
                   "1\"; } );") < 0);
        CHECK_COMPLAINT("cpid.conf:5: indicators.many.where: there is no field \"nowhere\"");
        unload();
        write_file("indicators/needy.conf",
                   "title = \"N\"; windows = { day = { length = \"1d\"; every = \"1d\"; }; };\n"
                   "indicators = ( { name = \"needy\"; title = \"N\"; " DOCS
                   "each = \"call.ended\";\nwhere = \"useful = true\"; over = \"day\"; } );\n");
        CHECK(load("indicators = (\n{ use = \"needy\"; } );") < 0);
        CHECK_COMPLAINT("needy.conf:3: indicators.needy.where: there is no field \"useful\"");
        CHECK_COMPLAINT("cpid.conf:3: warning: indicators.needy.use: comes from the catalogue; map "
                        "what it needs, or replace its keys here (`cpid check --indicators "
                        "needy`)\n");
        unload();
        char path[256];
        snprintf(path, sizeof path, "%s/indicators/needy.conf", folder);
        CHECK_INT(unlink(path), 0);
    }
    TEST ("a difference whose sides are not used says which one to add") {
        CHECK(load("indicators = ( { use = \"calls\"; }, { use = \"rate\"; } );") < 0);
        CHECK_STR(complaints(), "cpid.conf:2: indicators.rate.use: it is made of other, which is "
                                "not here; add { use = \"other\"; }, or replace derived\n");
        unload();
    }
    TEST ("`use` stands in no catalogue, and the catalogue's own keys in no configuration") {
        CHECK(load("indicators = ( { use = \"calls\"; formula = \"x\"; } );") < 0);
        CHECK_COMPLAINT("indicators.[0].formula: unknown key");
        unload();
        write_file("indicators/loop.conf",
                   "title = \"L\";\nindicators = ( { name = \"loop\"; use = "
                   "\"calls\"; } );");
        CHECK(load("indicators = ( { use = \"calls\"; } );") < 0);
        CHECK_COMPLAINT("loop.conf:2: indicators.loop.use: unknown key");
        CHECK_COMPLAINT("loop.conf:2: indicators.loop.formula: is missing; want a text");
        unload();
        char path[256];
        snprintf(path, sizeof path, "%s/indicators/loop.conf", folder);
        CHECK_INT(unlink(path), 0);
    }
}

int main(void)
{
    char path[256], command[300];
    if (!mkdtemp(folder))
        abort();
    snprintf(command, sizeof command, "mkdir %s/indicators", folder);
    if (system(command) != 0)
        abort();
    setenv("CPID_DATA", folder, 1);
    write_file("indicators/calls.conf", family);
    test_use();
    test_refusals();
    snprintf(path, sizeof path, "rm -r %s", folder);
    if (system(path) != 0)
        abort();
    return check_done();
}
