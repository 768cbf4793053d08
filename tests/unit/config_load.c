/* What a configuration becomes: packs, files beside it, the connection, zones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/diag.h>

#include "check.h"
#include "config/load.h"
#include "config/zone.h"

static char folder[] = "/tmp/cpid-load-XXXXXX";
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

static void remove_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (unlink(path) != 0)
        abort();
}

static int load(const char *text)
{
    char path[256];
    write_file("cpid.conf", text);
    snprintf(path, sizeof path, "%s/cpid.conf", folder);
    cpi_diag_init(&diag);
    return config_load(path, &config, &diag);
}

static void unload(void)
{
    for (size_t i = 0; i < diag.count; i++)
        if (!diag.line[i].warning && config.model)
            printf("%u: %s: %s\n", diag.line[i].at.line, diag.line[i].path, diag.line[i].text);
    cpi_diag_fini(&diag);
    config_fini(&config);
}

static const char *property(const char *name)
{
    for (size_t i = 0; i < config.n_kafka; i++)
        if (strcmp(config.kafka[i].name, name) == 0)
            return config.kafka[i].value;
    return NULL;
}

static const char *first_error(void)
{
    for (size_t i = 0; i < diag.count; i++)
        if (!diag.line[i].warning)
            return diag.line[i].text;
    return NULL;
}

#define DESK                                                                                       \
    "sources = ( { name = \"desk\"; topics = [ \"desk\" ]; common = { time = \"/t | ms\"; };"      \
    " rules = ( { type = \"=case.opened\"; } ); } );\n"

static void test_packs(void)
{
    TEST ("a pack gives what the source does not say; its name names the source") {
        CHECK_INT(load("sources = ( { pack = \"tiny\"; topics = [ \"t\" ]; } );"), 0);
        if (config.model) {
            const struct cpi_source *source = &config.model->source[0];
            CHECK_TEXT(source->name, "tiny");
            CHECK_INT(source->wait_ms, 5 * CPI_MINUTE);
            CHECK(source->dead_letter_unmapped);
            CHECK(cpi_wordset_has(&source->types,
                                  cpi_model_find_type(config.model, CPI_TEXT("case.opened"))));
            CHECK(cpi_model_find_field(config.model, CPI_TEXT("channel")) != CPI_NO_INDEX);
        }
        unload();
    }
    TEST ("own keys replace the pack's one by one, fields and maps are merged") {
        CHECK_INT(load("sources = ( { pack = \"tiny\"; name = \"desk\"; topics = [ \"t\" ]; wait = "
                       "\"1m\";\n"
                       " common = { rep = \"/owner\"; fields = { reason = \"/x | s\"; score = "
                       "\"/s\"; }; };\n"
                       " maps = { kinds = ( [ \"new\", \"case.closed\" ] ); }; } );"),
                  0);
        if (config.model) {
            const struct cpi_model *m = config.model;
            const struct cpi_source *source = &m->source[0];
            CHECK_TEXT(source->name, "desk");
            CHECK_INT(source->wait_ms, CPI_MINUTE);
            CHECK(source->dead_letter_unmapped);
            CHECK(cpi_wordset_has(&source->types, cpi_model_find_type(m, CPI_TEXT("case.closed"))));
            CHECK(
                !cpi_wordset_has(&source->types, cpi_model_find_type(m, CPI_TEXT("case.opened"))));
            CHECK_INT(m->n_fields, 3);
            uint16_t reason = cpi_model_find_field(m, CPI_TEXT("reason"));
            CHECK(reason != CPI_NO_INDEX && m->field[reason].kind == CPI_FIELD_DURATION);
            CHECK_INT(config.spec->source[0].mapping.n_maps, 2);
            CHECK_STR(config.spec->source[0].mapping.common.case_id.alternative[0].text, "/ticket");
            CHECK_STR(config.spec->source[0].mapping.common.rep.alternative[0].text, "/owner");
        }
        unload();
    }
    TEST ("a pack beside the configuration goes before one that is installed") {
        write_file("sources/tiny.conf", "wait = \"7m\"; rules = ( { type = \"=case.opened\"; } );");
        CHECK_INT(load("sources = ( { pack = \"tiny\"; topics = [ \"t\" ]; } );"), 0);
        CHECK_INT(config.model ? config.model->source[0].wait_ms : 0, 7 * CPI_MINUTE);
        unload();
        remove_file("sources/tiny.conf");
    }
    TEST ("a pack alone is a source that reads the topic of its name") {
        cpi_diag_init(&diag);
        CHECK_INT(config_load_pack("tiny", &config, &diag), 0);
        CHECK_TEXT(config.model ? config.model->source[0].name : CPI_ABSENT, "tiny");
        CHECK_TEXT(config.model ? config.model->source[0].topic[0] : CPI_ABSENT, "tiny");
        unload();
        cpi_diag_init(&diag);
        CHECK(config_load_pack("nosuchpack", &config, &diag) < 0);
        CHECK(first_error() && strstr(first_error(), "there is no pack of that name"));
        unload();
    }
    TEST ("an error in a pack names the pack's file and line") {
        write_file("sources/bad.conf", "\nwait = 5;\n");
        CHECK_INT(setenv("CPID_DATA", folder, 1), 0);
        CHECK(load("sources = ( { pack = \"bad\"; topics = [ \"t\" ]; rules = ( { type = "
                   "\"=case.opened\"; } ); } );") < 0);
        CHECK_INT(diag.count, 1);
        CHECK(diag.count && strstr(diag.line[0].at.file, "sources/bad.conf") &&
              diag.line[0].at.line == 2);
        unload();
        CHECK_INT(setenv("CPID_DATA", "tests/fixtures", 1), 0);
    }
}

static void test_kafka(void)
{
    TEST ("the kafka group becomes properties of librdkafka, the password stays in its file") {
        write_file("pw", " secret \nmore\n");
        CHECK_INT(load(DESK "kafka = { servers = \"a:1,b:2\"; user = \"u\"; password-file = "
                            "\"pw\"; tls = true;\n"
                            " options = ( ( \"session.timeout.ms\", \"6000\" ) ); };"),
                  0);
        CHECK_STR(property("bootstrap.servers"), "a:1,b:2");
        CHECK_STR(property("security.protocol"), "sasl_ssl");
        CHECK_STR(property("sasl.mechanism"), "SCRAM-SHA-512");
        CHECK_STR(property("sasl.username"), "u");
        CHECK_STR(property("session.timeout.ms"), "6000");
        for (size_t i = 0; i < config.n_kafka; i++)
            CHECK(strstr(config.kafka[i].value, "secret") == NULL);
        struct cpi_buf password;
        cpi_buf_init(&password);
        CHECK_INT(config_read_password(config.password_file, &password), 0);
        CHECK_TEXT(password, "secret");
        cpi_buf_fini(&password);
        unload();
    }
    TEST ("without a group it is localhost in the clear, one worker, earliest") {
        CHECK_INT(load(DESK), 0);
        CHECK_STR(property("bootstrap.servers"), "localhost:9092");
        CHECK_STR(property("security.protocol"), "plaintext");
        CHECK_INT(config.workers, 1);
        CHECK_INT(config.start, CONFIG_START_EARLIEST);
        CHECK_INT(config.log_level, CONFIG_LOG_INFO);
        CHECK_TEXT(config.model->application, "cpi");
        CHECK_INT(config.model->lateness_ms, CPI_DAY);
        CHECK_INT(config.model->partitions, 8);
        CHECK_INT(config.model->memory_bytes, INT64_C(4) << 30);
        CHECK(config.model->facts);
        CHECK_INT(config_set_instance(&config, "b 1"), -EINVAL);
        CHECK_INT(config_set_instance(&config, "b1"), 0);
        CHECK_TEXT(config.model->instance, "b1");
        unload();
    }
    TEST ("start is a date in the configured zone") {
        CHECK_INT(load(DESK "zone = \"Europe/Berlin\"; start = \"2026-07-01\";"), 0);
        CHECK_INT(config.start, CONFIG_START_TIME);
        CHECK_INT(config.start_ms, INT64_C(1782856800000));
        unload();
    }
    TEST ("a credential of the service goes before the file beside the configuration") {
        char path[256];
        write_file("sources/pw", "other\n");
        snprintf(path, sizeof path, "%s/sources", folder);
        setenv("CREDENTIALS_DIRECTORY", path, 1);
        CHECK_INT(load(DESK "kafka = { user = \"u\"; password-file = \"pw\"; };"), 0);
        CHECK(config.password_file && strstr(config.password_file, "/sources/pw"));
        unsetenv("CREDENTIALS_DIRECTORY");
        unload();
    }
}

static void test_directory(void)
{
    TEST ("people and customers stand beside the configuration") {
        write_file("people.csv", "rep,team,from,until,also\nanna,phone,,,desk:1\n");
        write_file("customers.csv", "customer,also\nacme,desk:7\n");
        CHECK_INT(load(DESK "people = { file = \"people.csv\"; unknown = \"keep\"; };\n"
                            "customers = { file = \"customers.csv\"; };\n"
                            "teams = ( ( \"phone\", \"support\" ) );"),
                  0);
        struct cpi_text path = CPI_ABSENT;
        if (config.model) {
            CHECK(config.model->people_unknown_keep);
            CHECK_TEXT(
                cpi_directory_rep(config.directory, CPI_TEXT("desk"), CPI_TEXT("1"), 0, &path),
                "anna");
            CHECK_TEXT(path, "phone\x1fsupport");
            CHECK_TEXT(cpi_directory_customer(config.directory, CPI_TEXT("desk"), CPI_TEXT("7")),
                       "acme");
        }
        unload();
    }
    TEST ("an error in a file of people names that file and its line") {
        write_file("people.csv", "rep,team,from,until,also\nanna,phone,2026-02-30,,\n");
        CHECK(load(DESK "people = { file = \"people.csv\"; };") < 0);
        CHECK(diag.count && strstr(diag.line[0].at.file, "people.csv") &&
              diag.line[0].at.line == 2);
        unload();
    }
    TEST ("a file of people that is not there is an error to run and a warning to check") {
        char path[256];
        snprintf(path, sizeof path, "%s/cpid.conf", folder);
        CHECK(load(DESK "people = { file = \"nobody.csv\"; };") < 0);
        CHECK(first_error() && strstr(first_error(), "nobody.csv: No such file"));
        unload();
        cpi_diag_init(&diag);
        CHECK_INT(config_check(path, &config, &diag), 0);
        CHECK_INT(diag.count, 1);
        unload();
        CHECK(load(DESK "people = { file = \"/tmp\"; };") < 0);
        CHECK(first_error() && strstr(first_error(), "/tmp: is a directory"));
        unload();
    }
    TEST ("an alert on a team that nobody knows is a warning with the nearest one") {
        CHECK_INT(
            load(DESK
                 "teams = ( ( \"phone\", \"support\" ) );\n"
                 "windows = { h = { length = \"1h\"; every = \"1h\"; }; };\n"
                 "indicators = ( { name = \"x\"; each = \"case.opened\"; over = \"h\"; } );\n"
                 "alerts = ( { name = \"a\"; indicator = \"x\"; on = \"team:fone\"; when = \"> "
                 "1\"; },\n"
                 " { name = \"b\"; indicator = \"x\"; on = \"team:suport\"; when = \"> 1\"; },\n"
                 " { name = \"c\"; indicator = \"x\"; on = \"team:support\"; when = \"> 1\"; } );"),
            0);
        CHECK_INT(diag.count, 2);
        CHECK(diag.count == 2 && strstr(diag.line[1].text, "did you mean \"support\"?"));
        unload();
    }
    TEST ("teams in a circle are an error") {
        CHECK(load(DESK "teams = ( ( \"a\", \"b\" ), ( \"b\", \"a\" ) );") < 0);
        unload();
    }
}

static void test_zones(void)
{
    struct cpi_zone zone;
    TEST ("a zone is read with all its changes, 1900 to 2200") {
        CHECK_INT(zone_read("Europe/Berlin", &zone), 0);
        CHECK_INT(cpi_zone_offset_ms(&zone, INT64_C(1767225600000)), CPI_HOUR); /* 2026-01-01 */
        CHECK_INT(cpi_zone_offset_ms(&zone, INT64_C(1774745999999)),
                  CPI_HOUR); /* 2026-03-29 00:59:59Z */
        CHECK_INT(cpi_zone_offset_ms(&zone, INT64_C(1774746000000)), 2 * CPI_HOUR); /* 01:00Z */
        CHECK_INT(cpi_zone_offset_ms(&zone, INT64_C(4122907200000)), 2 * CPI_HOUR); /* 2100-08-25 */
        cpi_zone_fini(&zone);
        CHECK_INT(zone_read("Asia/Kolkata", &zone), 0);
        CHECK_INT(cpi_zone_offset_ms(&zone, 0), 330 * CPI_MINUTE);
        cpi_zone_fini(&zone);
    }
    TEST ("what is no zone is refused, and TZ is as before") {
        setenv("TZ", "Asia/Tokyo", 1);
        CHECK_INT(zone_read("Europe/Nowhere", &zone), -ENOENT);
        CHECK_INT(zone_read("/etc/passwd", &zone), -EINVAL);
        CHECK_INT(zone_read("../zoneinfo/UTC", &zone), -EINVAL);
        CHECK_INT(zone_read("Europe", &zone), -ENOENT);
        CHECK_INT(zone_read("UTC", &zone), 0);
        cpi_zone_fini(&zone);
        CHECK_STR(getenv("TZ"), "Asia/Tokyo");
    }
}

int main(void)
{
    char command[600];
    if (!mkdtemp(folder))
        return 1;
    snprintf(command, sizeof command, "mkdir %s/sources", folder);
    if (system(command) != 0)
        return 1;
    setenv("CPID_DATA", "tests/fixtures", 1);
    test_packs();
    test_kafka();
    test_directory();
    test_zones();
    TEST ("conf/cpid.conf is right as it is shipped") {
        cpi_diag_init(&diag);
        CHECK_INT(config_load("conf/cpid.conf", &config, &diag), 0);
        CHECK_INT(diag.count, 0);
        unload();
    }
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) != 0 || check_done();
}
