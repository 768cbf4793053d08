/* Who is who: CSV as people write it, validity, aliases, teams; and every mistake with its line. */
#include "check.h"

#include "cpi/alloc.h"
#include "cpi/directory.h"

static struct cpi_zone_change berlin_changes[] = { { CPI_TIME_NONE, 3600 },
                                                   { INT64_C(1774746000000), 7200 } };
static const struct cpi_zone berlin = { (char *)"Europe/Berlin", berlin_changes, 2 };

static struct cpi_directory *dir;
static struct cpi_diag diag;

static void begin(void)
{
    cpi_directory_free(dir);
    cpi_diag_fini(&diag);
    cpi_diag_init(&diag);
    dir = cpi_directory_new(&berlin);
}

typedef void add_file(struct cpi_directory *, const char *, struct cpi_text, struct cpi_diag *);

/* From a copy of the exact size, so that the sanitizer sees every byte too far. */
static void add_bytes(add_file *add, const char *csv, size_t len)
{
    char *copy = cpi_xmalloc(len);
    memcpy(copy, csv, len);
    add(dir, "people.csv", (struct cpi_text){ copy, (uint32_t)len }, &diag);
    free(copy);
}

static void add(add_file *add_it, const char *csv)
{
    add_bytes(add_it, csv, strlen(csv));
}

static int64_t instant(const char *time)
{
    int64_t ms = 0;
    CHECK(cpi_time_parse(cpi_text_of(time), NULL, &ms));
    return ms;
}

/* "rep @ team<parent<..." */
static const char *rep_at(const char *source, const char *raw, const char *time)
{
    static char text[256];
    struct cpi_text path,
        rep = cpi_directory_rep(dir, cpi_text_of(source), cpi_text_of(raw), instant(time), &path);
    snprintf(text, sizeof text, "%.*s%s%.*s", CPI_TEXT_ARG(rep), cpi_text_is(path) ? " @ " : "",
             CPI_TEXT_ARG(path));
    for (char *c = text; *c; c++)
        if (*c == '\x1f')
            *c = '<';
    return cpi_text_is(rep) ? text : "unknown";
}

static void add_team_pairs(const char *const (*pair)[2], size_t count)
{
    struct cpi_team_spec spec[16];
    for (size_t i = 0; i < count; i++)
        spec[i] =
            (struct cpi_team_spec){ pair[i][0], pair[i][1], { "cpid.conf", (unsigned)i + 1 } };
    cpi_directory_add_teams(dir, spec, count, &diag);
}

static void test_people(void)
{
    static const char *const teams[][2] = { { "phone", "support" },
                                            { "mail", "support" },
                                            { "support", "service" } };
    begin();
    add(cpi_directory_add_people, "rep,team,from,until,also\r\n"
                                  "anna,phone,,2026-03-01,zendesk:360001 crm:anna@acme.example\r\n"
                                  "anna,mail,2026-03-01,,\r\n"
                                  "bob,sales,2026-01-01,2026-02-01,zendesk:7\r\n"
                                  "\r\n"
                                  "carla,sales,2026-02-01,,zendesk:7\r\n"
                                  "\"de, Witt \"\"Jo\"\"\",,,,\"crm:jo\r\nzendesk:8\"\r\n"
                                  "eve,phone,2026-01-01,2026-01-10,\r\n"
                                  "eve,phone,2026-02-01,,");
    add_team_pairs(teams, 3);
    TEST ("O3 an alias and the rep's own id name one person") {
        CHECK_INT(diag.count, 0);
        CHECK_STR(rep_at("zendesk", "360001", "2026-01-05"), "anna @ phone<support<service");
        CHECK_STR(rep_at("crm", "anna@acme.example", "2026-01-05"), "anna @ phone<support<service");
        CHECK_STR(rep_at("other", "anna", "2026-01-05"), "anna @ phone<support<service");
        CHECK_STR(rep_at("crm", "360001", "2026-01-05"), "unknown");
        CHECK_STR(rep_at("zendesk", "360002", "2026-01-05"), "unknown");
    }
    TEST ("O7 from is inclusive and until exclusive, at local midnight of the zone") {
        CHECK_STR(rep_at("x", "anna", "2026-02-28T22:59:59.999Z"), "anna @ phone<support<service");
        CHECK_STR(rep_at("x", "anna", "2026-02-28T23:00:00Z"), "anna @ mail<support<service");
        CHECK_STR(rep_at("x", "bob", "2025-12-31T22:59:59Z"), "unknown");
        CHECK_STR(rep_at("x", "bob", "2025-12-31T23:00:00Z"), "bob @ sales");
        CHECK_STR(rep_at("x", "bob", "2026-01-31T23:00:00Z"), "unknown");
    }
    TEST ("O7 an alias stays with its person in their other rows") {
        CHECK_STR(rep_at("zendesk", "360001", "2026-06-01"), "anna @ mail<support<service");
    }
    TEST ("O7 an alias that passed on names whoever has it at that time") {
        CHECK_STR(rep_at("zendesk", "7", "2026-01-15"), "bob @ sales");
        CHECK_STR(rep_at("zendesk", "7", "2026-02-15"), "carla @ sales");
        CHECK_STR(rep_at("zendesk", "7", "2025-06-01"), "unknown");
    }
    TEST ("O7 in a gap between two rows nobody is known") {
        CHECK_STR(rep_at("x", "eve", "2026-01-05"), "eve @ phone<support<service");
        CHECK_STR(rep_at("x", "eve", "2026-01-15"), "unknown");
        CHECK_STR(rep_at("x", "eve", "2026-02-15"), "eve @ phone<support<service");
    }
    TEST ("quoted fields hold commas, quotes and newlines; a rep needs no team") {
        CHECK_STR(rep_at("crm", "jo", "2026-01-05"), "de, Witt \"Jo\"");
        CHECK_STR(rep_at("zendesk", "8", "2026-01-05"), "de, Witt \"Jo\"");
    }
    TEST ("O6 a team's path is itself and all its parents") {
        struct cpi_text path = cpi_directory_team_path(dir, CPI_TEXT("mail"));
        CHECK_TEXT(path, "mail\x1fsupport\x1fservice");
        path = cpi_directory_team_path(dir, CPI_TEXT("service"));
        CHECK_TEXT(path, "service");
        path = cpi_directory_team_path(dir, CPI_TEXT("sales"));
        CHECK_TEXT(path, "sales");
        CHECK(!cpi_text_is(cpi_directory_team_path(dir, CPI_TEXT("nobody"))));
        CHECK(!cpi_text_is(cpi_directory_team_path(dir, CPI_ABSENT)));
    }
    TEST ("columns stand in any order, may be missing, and a byte order mark is no part of the "
          "first") {
        begin();
        add(cpi_directory_add_people, "\xEF\xBB\xBF"
                                      "Also , REP\nzendesk:1,anna\n,bob\n");
        CHECK_INT(diag.count, 0);
        CHECK_STR(rep_at("zendesk", "1", "2026-01-05"), "anna");
        CHECK_STR(rep_at("zendesk", "bob", "2026-01-05"), "bob");
        CHECK(cpi_directory_has_people(dir));
    }
    TEST ("without people nobody is known") {
        begin();
        CHECK(!cpi_directory_has_people(dir));
        CHECK_STR(rep_at("zendesk", "1", "2026-01-05"), "unknown");
    }
}

static void test_customers(void)
{
    begin();
    add(cpi_directory_add_customers,
        "customer,also\nACC-17,zendesk:88123 crm:ACC-17 tel:+4989123456\n"
        "ACC-17,crm:old\nACC-18,\n");
    TEST ("O3 a customer is one, whatever each system calls them") {
        CHECK_INT(diag.count, 0);
        CHECK_TEXT(cpi_directory_customer(dir, CPI_TEXT("zendesk"), CPI_TEXT("88123")), "ACC-17");
        CHECK_TEXT(cpi_directory_customer(dir, CPI_TEXT("tel"), CPI_TEXT("+4989123456")), "ACC-17");
        CHECK_TEXT(cpi_directory_customer(dir, CPI_TEXT("crm"), CPI_TEXT("old")), "ACC-17");
        CHECK(!cpi_text_is(cpi_directory_customer(dir, CPI_TEXT("zendesk"), CPI_TEXT("ACC-17"))));
        CHECK(!cpi_text_is(cpi_directory_customer(dir, CPI_TEXT("zendesk"), CPI_ABSENT)));
    }
}

static const struct {
    bool customers;
    const char *csv;
    unsigned line;
    const char *want;
} refused[] = {
    { false, "", 0, "is empty" },
    { false, "\n\n", 2, "is empty" },
    { false, "rep;team;from\nanna;phone;\n", 1, "separated by commas" },
    { false, "rep,tem\nanna,phone\n", 1, "did you mean 'team'?" },
    { false, "rep,rep\nanna,anna\n", 1, "stands twice" },
    { false, "team\nphone\n", 1, "no column 'rep'" },
    { false, "rep,team\nanna,phone\nbob\n", 3, "1 fields in a line, but 2 columns" },
    { false, "rep,team\n,phone\n", 2, "without a rep" },
    { false, "rep,from\nanna,1.3.2026\n", 2, "want YYYY-MM-DD" },
    { false, "rep,from\nanna,2026-02-30\n", 2, "no date" },
    { false, "rep,from,until\nanna,2026-03-01,2026-03-01\n", 2, "until is not after from" },
    { false, "rep,from,until\nanna,2026-01-01,2026-03-02\nanna,2026-03-01,\n", 3,
      "see people.csv:2" },
    { false, "rep\nanna\nanna\n", 3, "already somewhere" },
    { false, "rep,also\nanna,zendesk:1\nbob,zendesk:1\n", 3,
      "already names 'anna' at that time: see people.csv:2" },
    { false, "rep,also\nanna,zendesk\n", 2, "want source:id" },
    { false, "rep,also\nanna,:1\n", 2, "want source:id" },
    { false, "rep,team\n\"anna,phone\nbob,mail\n", 2, "never closed" },
    { false, "rep,team\n\"anna\"x,phone\n", 2, "behind a closing quote" },
    { false, "rep,team\nan\"na,phone\n", 2, "middle of a field" },
    { false, "rep,team\n\"a\nb\",phone\nanna,\"x\n", 2, "control character" },
    { false,
      "rep\nanna\nb\xFC"
      "rger\n",
      3, "not UTF-8" },
    { true, "customer,also\nA,crm:1\nB,crm:1\n", 3, "already names 'A'" },
    { true, "rep,also\nA,crm:1\n", 1, "no column" },
    { true, "customer\n\"\"\nA,B\n", 3, "2 fields" },
};

static void test_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        TEST (refused[i].want) {
            begin();
            add(refused[i].customers ? cpi_directory_add_customers : cpi_directory_add_people,
                refused[i].csv);
            CHECK(diag.errors >= 1);
            if (diag.count) {
                CHECK_STR(diag.line[0].at.file, "people.csv");
                CHECK_INT(diag.line[0].at.line, refused[i].line);
                CHECK(strstr(diag.line[0].text, refused[i].want) != NULL);
                if (!strstr(diag.line[0].text, refused[i].want))
                    printf("  said: %s\n", diag.line[0].text);
            }
        }
    TEST ("NUL bytes and a hopeless file end in a few errors, not in a crash") {
        begin();
        add_bytes(cpi_directory_add_people, "rep\nan\0na\n", 10);
        CHECK_INT(diag.errors, 1);
        char *csv = cpi_xmalloc(400000);
        memcpy(csv, "rep,x", 5);
        memset(csv + 5, '\n', 399995);
        for (size_t i = 6; i + 3 < 400000; i += 2)
            csv[i] = 'a';
        memcpy(csv, "rep,team\n", 9);
        begin();
        add_bytes(cpi_directory_add_people, csv, 400000);
        CHECK(diag.errors > 10 && diag.errors < 100);
        free(csv);
    }
}

static void test_teams(void)
{
    TEST ("a team with two parents is an error, the same pair twice is not") {
        static const char *const twice[][2] = { { "a", "b" }, { "a", "b" }, { "a", "c" } };
        begin();
        add_team_pairs(twice, 3);
        CHECK_INT(diag.errors, 1);
        CHECK_INT(diag.line[0].at.line, 3);
        CHECK(strstr(diag.line[0].text, "two parents, 'b' and 'c'") != NULL);
    }
    TEST ("a cycle of teams is an error, and the walk up ends") {
        static const char *const cycle[][2] = { { "x", "a" }, { "a", "b" },       { "b", "c" },
                                                { "c", "a" }, { "self", "self" }, { "p", "q" } };
        begin();
        add_team_pairs(cycle, 6);
        CHECK_INT(diag.errors, 2);
        CHECK(strstr(diag.line[0].text, "its own parent") != NULL);
        CHECK(strstr(diag.line[1].text, "'self'") != NULL);
        struct cpi_text path = cpi_directory_team_path(dir, CPI_TEXT("p"));
        CHECK_TEXT(path, "p\x1fq");
    }
}

int main(void)
{
    test_people();
    test_customers();
    test_refused();
    test_teams();
    cpi_directory_free(dir);
    cpi_diag_fini(&diag);
    return check_done();
}
