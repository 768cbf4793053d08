/* What `check` refuses: rows of a configuration that is wrong in one place, and what is said about
 * it. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/diag.h>

#include "config/load.h"

#ifdef __SANITIZE_ADDRESS__
/* libconfig 1.5 loses a buffer on some syntax errors. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}
#endif

struct row {
    const char *text; /* put into the frame below; the row's first line is line 1 */
    const char
        *want; /* "LINE: path: beginning of the message"; several stand on lines of their own */
};

/* Rows for one part get the others from here, behind them, so that their lines stay theirs. */
static const char sources[] = "sources = ( { name = \"desk\"; topics = [ \"desk\" ];"
                              " common = { id = \"/id\"; time = \"/t | ms\"; case = \"/case\"; "
                              "customer = \"/who\"; rep = \"/rep\";"
                              " fields = { length = \"/s | s\"; reason = \"/reason\"; talk = "
                              "\"/talk | s\"; amount = \"/amount\"; }; };"
                              " rules = ( { type = \"/type\"; } ); } );\n";
static const char windows[] = "windows = { hour = { length = \"1h\"; every = \"1m\"; }; day = { "
                              "length = \"24h\"; every = \"1h\"; }; };\n";
static const char indicators[] =
    "indicators = ("
    "{ name = \"solved\"; each = \"case.resolved\"; over = [ \"hour\", \"day\" ]; },"
    "{ name = \"time\"; each = \"call.ended\"; of = \"length\"; over = [ \"hour\", \"day\" ]; show "
    "= \"p90\";"
    " target = \"p90 <= 12m\"; },"
    "{ name = \"good\"; each = \"survey.answered\"; good = \"reason = x\"; over = \"day\"; target "
    "= \">= 75 %\"; },"
    "{ name = \"past\"; after = \"case.resolved\"; within = \"12h\"; count-when = \"happened\";"
    " broken-by = ( { event = \"case.reopened\"; } ); over = \"day\"; },"
    "{ name = \"ratio\"; derived = \"solved / time\"; },"
    "{ name = \"stock\"; open = \"case.opened\"; until = \"case.resolved\"; every = \"15m\"; } "
    ");\n";

static char folder[] = "/tmp/cpid-refusals-XXXXXX";

static void write_file(const char *name, const char *text, size_t len, char *ret_path)
{
    sprintf(ret_path, "%s/%s", folder, name);
    FILE *file = fopen(ret_path, "w");
    if (!file || fwrite(text, 1, len, file) != len || fclose(file) != 0)
        abort();
}

/* Everything that was said, a line each. */
static char *said(const char *path)
{
    static char text[65536];
    struct config config;
    struct cpi_diag diag;
    size_t len = 0;
    cpi_diag_init(&diag);
    int rc = config_check(path, &config, &diag);
    text[0] = 0;
    for (size_t i = 0; i < diag.count && len < sizeof text - 2048; i++)
        if (!diag.line[i].warning)
            len += (size_t)snprintf(text + len, sizeof text - len, "%u: %s: %s\n",
                                    diag.line[i].at.line, diag.line[i].path, diag.line[i].text);
    if ((rc < 0) != (diag.errors > 0))
        strcpy(text, "the verdict is not that of the errors\n");
    cpi_diag_fini(&diag);
    config_fini(&config);
    return text;
}

/* Each wanted line begins a said one, and nothing else is said. */
static void check_said(const char *got, const char *want, const char *row)
{
    const char *g = got, *w = want;
    bool equal = true;
    while (equal && *w) {
        size_t len = strcspn(w, "\n");
        equal = strncmp(g, w, len) == 0 && *g;
        g += strcspn(g, "\n");
        g += *g == '\n';
        w += len;
        w += *w == '\n';
    }
    equal = equal && !*g;
    if (!equal)
        printf("---- %s\n   got: %s  want: %s\n", row, got, want);
    CHECK(equal);
}

static bool has(const char *text, const char *key)
{
    size_t len = strlen(key);
    for (const char *p = text; (p = strstr(p, key)); p += len)
        if ((p == text || p[-1] == '\n' || p[-1] == ' ') && strncmp(p + len, " =", 2) == 0)
            return true;
    return false;
}

static void check_rows(const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[8192], path[256];
        int len = snprintf(text, sizeof text, "%s\n%s%s%s", row[i].text,
                           has(row[i].text, "sources") ? "" : sources,
                           has(row[i].text, "windows") ? "" : windows,
                           has(row[i].text, "indicators") ? "" : indicators);
        write_file("row.conf", text, (size_t)len, path);
        check_said(said(path), row[i].want, row[i].text);
    }
}
#define CHECK_ROWS(...)                                                                            \
    do {                                                                                           \
        static const struct row rows_[] = { __VA_ARGS__ };                                         \
        check_rows(rows_, sizeof rows_ / sizeof *rows_);                                           \
    } while (0)

/* One indicator, or one alert, on line 1. */
#define INDICATOR(text) "indicators = ( { name = \"x\"; " text " } );"
#define IN(key) "1: indicators.x." key ": "
#define ALERT(text) "alerts = ( { name = \"a\"; " text " } );"
#define ON(key) "1: alerts.a." key ": "

static void check_text(void)
{
    TEST ("a text that is no configuration is explained with its line") {
        CHECK_ROWS(
            { "dedup = 10m;", "1: : 10m is no number; a text stands in double quotes: \"10m\"" },
            { "\nlateness = 'x';", "2: : a single quote; texts stand in double quotes" },
            { "lateness = 70 %;", "1: : `%` outside a text" },
            { "partitions = 99999999999999999999;",
              "1: : 99999999999999999999 is too large a number" },
            { "report = { on = [ \"rep\", ]; };", "1: : a comma before ]; leave it out" },
            { "report = {\n on = \"rep\";\n", "1: : the { that stands here is not closed" },
            { "report = { on = ( \"rep\" ]; };", "1: : ] where the ( of line 1 is to be closed" },
            { "report = { on = \"rep\"; };;;\n}", "2: : } closes nothing" },
            { "# fine\n/* not", "2: : the comment that begins here is not closed" },
            { "zone = \"UTC\";\nzone = \"UTC\";",
              "2: : a key stands twice in one group; keep one: zone = \"UTC\";" },
            { "zone \"UTC\";", "1: : syntax error; want key = value" },
            { "@include", "1: : write @include \"FILE\"" }, );
    }
    TEST ("a number above 2^31 is read as what it is, not wrapped") {
        CHECK_ROWS({ "generation = 3000000000;", "1: generation: 3000000000 is out of range" },
                   { "generation = 0xFFFFFFFF;", "1: generation: 4294967295 is out of range" },
                   { "partitions = -5;", "1: partitions: -5 is out of range; want 1..1024" }, );
    }
}

static void check_bytes(void)
{
    char path[256];
    TEST ("bytes that are no text are refused with their line") {
        write_file("open.conf", "\nzone = \"Europe;\n", 16, path);
        check_said(said(path), "2: : the text that begins here is not closed", "open text");
        write_file("nul.conf", "zone = \"UTC\";\n\0", 15, path);
        check_said(said(path), "2: : a NUL byte", "NUL");
        write_file("latin.conf", "zone = \"UTC\";\n# \xe4\n", 17, path);
        check_said(said(path), "2: : this line is no UTF-8", "Latin-1");
        write_file("empty.conf", "", 0, path);
        check_said(said(path), "1: sources: is missing", "empty");
    }
    TEST ("a byte order mark and CRLF do no harm") {
        write_file("bom.conf", "\xef\xbb\xbfzone = \"UTC\";\r\ndedup = 1;\r\n", 30, path);
        check_said(said(path), "1: sources: is missing\n2: dedup: 1 has no unit", "BOM");
    }
    TEST ("more keys in one group than are read in reasonable time are refused") {
        size_t len = 0;
        char *many = malloc(1 << 20);
        for (int i = 0; i < 50000; i++)
            len += (size_t)sprintf(many + len, "k%d = 1;\n", i);
        write_file("many.conf", many, len, path);
        check_said(said(path), "5001: : more than 5000 keys in one group", "keys");
        free(many);
    }
    TEST ("nothing is nested without end") {
        char deep[4096];
        memcpy(deep, "a = ", 4);
        memset(deep + 4, '(', sizeof deep - 4);
        write_file("deep.conf", deep, sizeof deep, path);
        check_said(said(path), "1: : nested deeper than 32", "depth");
    }
    TEST ("a file that is not there, or a directory, is refused") {
        check_said(said("/nowhere/cpid.conf"), "0: : cannot read it: No such file", "none");
        check_said(said("/tmp"), "0: : cannot read it: is a directory", "directory");
    }
}

static void check_includes(void)
{
    char path[256], sub[256];
    sprintf(sub, "%s/sub", folder);
    TEST ("includes are relative to the file that names them, and errors name it") {
        char command[600];
        sprintf(command,
                "mkdir -p %s/a/b && echo 'dedup = 5;' > %s/a/b/deep.conf && "
                "printf 'workers = 2;\\n@include \"b/deep.conf\"\\nworker = 3;\\n' > %s/a/in.conf",
                folder, folder, folder);
        CHECK_INT(system(command), 0);
        write_file("top.conf", "\n@include \"a/in.conf\"\nzones = 1;\n", 33, path);
        check_said(said(path),
                   "1: dedup: 5 has no unit\n3: worker: unknown key; did you mean workers?\n"
                   "1: sources: is missing\n3: zones: unknown key; did you mean zone?",
                   "nested");
    }
    TEST ("an include of a directory, of nothing, or of itself is an error, not the end of the "
          "process") {
        write_file("dir.conf", "zone = \"UTC\";\n@include \"a\"\n", 27, path);
        check_said(said(path), "2: : cannot include ", "directory");
        write_file("none.conf", "@include \"none\"\n", 16, path);
        check_said(said(path), "1: : cannot include ", "none");
        write_file("self.conf", "@include \"self.conf\"\n", 21, path);
        check_said(said(path), "1: : ", "self");
    }
}

static void check_keys(void)
{
    TEST ("unknown keys are errors with the nearest known one") {
        CHECK_ROWS({ "partition = 8;", "1: partition: unknown key; did you mean partitions?" },
                   { "keep = { window = \"1d\"; };",
                     "1: keep.window: unknown key; did you mean windows?" },
                   { "quarters = 1;", "1: quarters: unknown key; see `cpid check --settings`" },
                   { "hours = { };", "1: hours: unknown key" },
                   { INDICATOR("each = \"call.ended\"; over = \"day\"; overs = \"day\";"),
                     IN("overs") "unknown key; did you mean over?" },
                   { INDICATOR("each = \"call.ended\"; over = \"day\"; clock = \"support\";"),
                     IN("clock") "unknown key" },
                   { ALERT("indicator = \"solved\"; over = \"day\"; on = \"org\"; when = \"> 1\"; "
                           "during = \"x\";"),
                     ON("during") "unknown key" },
                   { ALERT("indicator = \"solved\"; over = \"day\"; on = \"org\"; when = \"> 1\"; "
                           "better = \"x\";"),
                     ON("better") "unknown key" },
                   { "windows = { q = { calendar = \"quarter\"; }; };\nindicators = ( );",
                     "1: windows.q.calendar: unknown key\n1: windows.q.length: is missing\n"
                     "1: windows.q.every: is missing" },
                   { "privacy = { };", "1: privacy: unknown key" }, );
    }
    TEST ("a bare number where a unit is needed is an error that says what would be right") {
        CHECK_ROWS(
            { "lateness = 3600;", "1: lateness: 3600 has no unit; write \"3600s\", \"3600m\"" },
            { "memory = 4;", "1: memory: 4 has no unit; write \"4MiB\" or \"4GiB\"" },
            { "memory = \"4GB\";", "1: memory: \"4GB\" is no size; write KiB, MiB, GiB or TiB" },
            { "dedup = \"10\";", "1: dedup: \"10\" is no duration; write such as \"90s\"" },
            { "dedup = \"10 m\";", "1: dedup: \"10 m\" is no duration" },
            { "dedup = \"500d\";", "1: dedup: \"500d\" is out of range; want 1m..366d" },
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; sure = 90;"),
              ON("sure") "90 has no unit; write \"90 %\"" },
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; sure = \"85 %\";"),
              ON("sure") "\"85 %\" is out of range; want 80|90|95|99" }, );
    }
    TEST ("a value of another kind is an error that names the right kind") {
        CHECK_ROWS(
            { "workers = \"2\";", "1: workers: want a whole number" },
            { "workers = 2.5;", "1: workers: not a whole number; want 1..256" },
            { "facts = \"true\";", "1: facts: write true or false, without quotes" },
            { "facts = 1;", "1: facts: want true or false" },
            { "application = \"a b\";", "1: application: \"a b\" is no name" },
            { "keep = \"1d\";", "1: keep: want a group" },
            { "teams = { };", "1: teams: want a list of pairs" },
            { "teams = ( ( \"a\" ) );", "1: teams.[0]: want a pair of texts" },
            { "log-level = \"loud\";",
              "1: log-level: \"loud\" is unknown; want one of error|warning" },
            { "log-level = \"warnin\";",
              "1: log-level: \"warnin\" is unknown; did you mean \"warning\"?" },
            { "report = { on = 1; };", "1: report.on: want a text or an array of texts" },
            { "start = \"yesterday\";", "1: start: \"yesterday\" is no start" },
            { "zone = \"Europe/Berln\";",
              "1: zone: there is no zone \"Europe/Berln\"; did you mean \"Europe/Berlin\"?" },
            { "zone = \"Mars/Olympus\";", "1: zone: there is no zone \"Mars/Olympus\"" },
            { "zone = \"../../etc/passwd\";", "1: zone: there is no zone" }, );
    }
}

#define SOURCE(text)                                                                               \
    "sources = ( { name = \"s\"; topics = [ \"t\" ]; " text                                        \
    " common = { time = \"/t | ms\"; fields = { reason = \"/r\"; length = \"/l | s\"; };"          \
    " }; rules = ( { type = \"=case.resolved\"; } ); } );\nindicators = ( );"

static void check_sources(void)
{
    TEST ("T2 wait below 1s is refused with the clock, accepted with hold") {
        CHECK_ROWS({ SOURCE("wait = \"500ms\";"), "1: sources.s.wait: is below 1s" },
                   { SOURCE("wait = \"0s\"; idle = \"hold\";"), "" },
                   { SOURCE("wait = 10;"), "1: sources.s.wait: 10 has no unit" },
                   { SOURCE("idle = \"stop\";"),
                     "1: sources.s.idle: \"stop\" is unknown; want one of" }, );
    }
    TEST ("sources, topics and what is shared or completed must be sound") {
        CHECK_ROWS(
            { "sources = ( );\nindicators = ( );", "1: sources: is missing" },
            { "sources = ( { topics = [ \"t\" ]; rules = ( { type = \"=case.opened\"; } ); } );\n"
              "indicators = ( );",
              "1: sources.[0].name: is missing" },
            { "sources = ( { name = \"s\"; topics = [ \"t\" ]; common = { type = \"=case.opened\"; "
              "}; } );\n"
              "indicators = ( );",
              "1: sources.s.rules: is missing; without a rule" },
            { "sources = ( { name = \"s\"; topics = [ \"t\", \"t\" ]; rules = ( { type = "
              "\"=case.opened\"; } ); },\n"
              "{ name = \"s\"; topics = [ \"cpi.alerts\", \"a b\" ]; rules = ( { type = "
              "\"=case.opened\"; } ); } );\n"
              "indicators = ( );",
              "1: sources.s.topics: \"t\" is read by the source s already\n"
              "2: sources.s.name: \"s\" stands twice\n2: sources.s.topics: \"cpi.alerts\" is a "
              "topic that cpid itself\n"
              "2: sources.s.topics: \"a b\" is no topic" },
            { SOURCE("shared = [ \"cases\" ];"),
              "1: sources.s.shared: there is no shared id \"cases\"; did you" },
            { SOURCE("complete = [ \"reasons\" ];"),
              "1: sources.s.complete: there is no field \"reasons\"; did you mean \"reason\"?" },
            { SOURCE("complete = [ \"case\" ];"),
              "1: sources.s.complete: the case cannot be completed" },
            { SOURCE("zone = \"Nowhere\";"), "1: sources.s.zone: there is no zone \"Nowhere\"" },
            { SOURCE("pack = \"nosuchpack\";"),
              "1: sources.s.pack: there is no pack \"nosuchpack\"" }, );
    }
    TEST ("kafka options on which exactness rests are refused") {
        CHECK_ROWS(
            { "kafka = { options = ( ( \"group.id\", \"x\" ) ); };",
              "1: kafka.options: \"group.id\" is not to be set: it is the application" },
            { "kafka = { options = ( ( \"sasl.password\", \"x\" ) ); };",
              "1: kafka.options: \"sasl.password\" is not to be set: set kafka.password-file" },
            { "kafka = { options = ( ( \"a.b\", \"1\" ), ( \"a.b\", \"2\" ) ); };",
              "1: kafka.options: \"a.b\" stands twice" },
            { "kafka = { user = \"u\"; };",
              "1: kafka.user: user and password-file go together" }, );
    }
}

static void check_words(void)
{
    TEST ("J13 conditions name fields, words and comparable values") {
        CHECK_ROWS(
            { "words = { w = { event = \"call.endet\"; }; };",
              "1: words.w.event: there is no event type or word \"call.endet\"; did you mean "
              "\"call.ended\"?" },
            { "words = { w = { event = \"call.ended\"; where = \"lenght >= 60s\"; }; };",
              "1: words.w.where: there is no field \"lenght\"; did you mean \"length\"?" },
            { "words = { w = { event = \"call.ended\"; where = \"length >= 60\"; }; };",
              "1: words.w.where: \"length >= 60\": 60 has no unit, but length is a duration" },
            { "words = { w = { event = \"call.ended\"; where = \"length = long\"; }; };",
              "1: words.w.where: \"length = long\": length is a duration; compare it with one" },
            { "words = { w = { event = \"call.ended\"; where = \"reason > 60s\"; }; };",
              "1: words.w.where: \"reason > 60s\": reason has no unit" },
            { "words = { w = { event = \"call.ended\"; where = \"reason < b\"; }; };",
              "1: words.w.where: \"reason < b\": < and > compare numbers" },
            { "words = { w = { event = \"call.ended\"; where = \"reason == b\"; }; };",
              "1: words.w.where: \"reason == b\": write one = alone" },
            { "words = { w = { event = \"call.ended\"; where = \"reason =\"; }; };",
              "1: words.w.where: \"reason =\": nothing to compare with" },
            { "words = { w = { event = \"call.ended\"; where = \"reason\"; }; };",
              "1: words.w.where: \"reason\" is a field; compare it" },
            { "words = { w = { event = \"call.ended\"; where-any = [ \"vip\" ]; }; };",
              "1: words.w.where-any: there is no word \"vip\"" },
            { "words = { w = { event = \"call.ended\"; where = \"reason in a,b\"; }; };",
              "1: words.w.where: \"reason in a,b\" is no condition" },
            { "words = { a = { event = \"b\"; }; b = { event = \"a\"; }; };",
              "1: words.b: goes round in a circle by way of \"a\"" },
            { "words = { start = { event = \"call.ended\"; }; };",
              "1: words.start: \"start\" has a meaning in" },
            { "words = { w = { where = \"reason = a\"; }; };", "1: words.w.event: is missing" },
            { "event-types = [ \"in cident\" ];", "1: event-types: \"in cident\" is no type" }, );
    }
    TEST ("a word may stand before the words it uses") {
        CHECK_ROWS(
            { "words = { a = { event = \"b\"; where = \"c\"; }; b = { event = \"call.ended\"; };"
              " c = { event = \"call.ended\"; where = \"reason = x\"; }; };",
              "" });
    }
    TEST ("report dimensions are made of rep, team and fields") {
        CHECK_ROWS({ "report = { on = [ \"team+chanel\" ]; };",
                     "1: report.on: there is no field \"chanel\"" },
                   { "report = { on = [ \"customer\" ]; };",
                     "1: report.on: \"customer\": figures are about" },
                   { "report = { on = [ \"team+\" ]; };", "1: report.on: there is no field \"\"" },
                   { "report = { on = [ \"length+reason+talk+amount\", \"rep+value\" ]; };"
                     " sources = ( { name = \"desk\"; topics = [ \"desk\" ];"
                     " common = { id = \"/id\"; time = \"/t | ms\"; case = \"/case\";"
                     " fields = { length = \"/s | s\"; reason = \"/r\"; talk = \"/k | s\";"
                     " amount = \"/a\"; value = \"/v\"; }; };"
                     " rules = ( { type = \"/type\"; } ); } );",
                     "1: report.on: \"rep+value\" is one field too many; all of `on` may name 4" },
                   { "report = { on = [ \"org\", \"team+reason\" ]; };", "" }, );
    }
}

static void check_windows(void)
{
    TEST ("W1 every divides 24h or is whole days, length is a multiple of it") {
        CHECK_ROWS(
            { "windows = { hour = { length = \"1h\"; every = \"7m\"; }; };\nindicators = ( );",
              "1: windows.hour.every: must divide 24h or be whole days" },
            { "windows = { hour = { length = \"50m\"; every = \"20m\"; }; };\nindicators = ( );",
              "1: windows.hour.length: must be a multiple of every" },
            { "windows = { w = { length = \"36h\"; every = \"1d\"; }; };\nindicators = ( );",
              "1: windows.w.length: must be a multiple of every" },
            { "windows = { now = { length = \"1h\"; every = \"1h\"; }; };\nindicators = ( );",
              "1: windows.now: \"now\" is the window of open" }, );
    }
    TEST ("T4 the finest step divides every other one and lateness") {
        CHECK_ROWS(
            { "windows = { a = { length = \"1h\"; every = \"10m\"; }; b = { length = \"2h\"; every "
              "= \"15m\"; }; };\n"
              "indicators = ( { name = \"x\"; each = \"call.ended\"; over = [ \"a\", \"b\" ]; } );",
              "1: windows.b.every: must be a multiple of the finest step, which is 10m" },
            { "windows = { a = { length = \"1d\"; every = \"1h\"; }; };\n"
              "indicators = ( { name = \"x\"; each = \"call.ended\"; over = \"a\"; },\n"
              " { name = \"y\"; open = \"case.opened\"; until = \"case.resolved\"; every = "
              "\"45m\"; } );",
              "1: windows.a.every: must be a multiple of the finest step, which is 45m" },
            { "lateness = \"24h30s\";",
              "1: lateness: must be a multiple of the finest step, which is 1m" }, );
    }
}

static void check_each(void)
{
    TEST ("an indicator counts exactly one thing, and keys belong to their kind") {
        CHECK_ROWS({ INDICATOR("over = \"day\";"), "1: indicators.x: says nothing to count" },
                   { INDICATOR("each = \"call.ended\"; tally = \"call.ended\"; over = \"day\";"),
                     IN("tally") "stands beside each" },
                   { INDICATOR("each = \"call.ended\"; within = \"1d\"; over = \"day\";"),
                     IN("within") "does not belong to each, only to after" },
                   { INDICATOR("each = \"call.ended\"; every = \"1h\"; over = \"day\";"),
                     IN("every") "does not belong to each, only to open" },
                   { "indicators = ( { each = \"call.ended\"; over = \"day\"; } );",
                     "1: indicators.[0].name: is missing" },
                   { "indicators = ( { name = \"x\"; each = \"call.ended\"; over = \"day\"; },\n"
                     "{ name = \"x\"; each = \"call.ended\"; over = \"day\"; } );",
                     "2: indicators.x.name: \"x\" stands twice" },
                   { INDICATOR("each = \"source.heartbeat\"; over = \"day\";"),
                     IN("each") "source.heartbeat moves" },
                   { INDICATOR("each = \"call.ended\";"), IN("over") "is missing" },
                   { INDICATOR("each = \"call.ended\"; over = \"dya\";"),
                     IN("over") "there is no window \"dya\"; did you mean \"day\"?" }, );
    }
    TEST ("shares and amounts are what each can show") {
        CHECK_ROWS(
            { INDICATOR("each = \"call.ended\"; over = \"day\"; show = \"p90\";"),
              IN("show") "\"p90\" is no figure of each; want count" },
            { INDICATOR("each = \"call.ended\"; of = \"length\"; over = \"day\"; show = [ \"p90\", "
                        "\"p0\" ];"),
              IN("show") "\"p0\" is no figure" },
            { INDICATOR("each = \"call.ended\"; bad = \"reason = x\"; over = \"day\";"),
              IN("bad") "needs good" },
            { INDICATOR(
                  "each = \"call.ended\"; good = \"reason = x\"; of = \"length\"; over = \"day\";"),
              IN("of") "stands beside good" },
            { INDICATOR("each = \"call.ended\"; of = [ \"length\", \"amount\" ]; over = \"day\";"),
              IN("of") "adds durations and plain numbers" },
            { INDICATOR("each = \"call.ended\"; of = \"rep\"; over = \"day\";"),
              IN("of") "rep is no amount" },
            { INDICATOR("each = \"call.ended\"; pick = \"each\"; over = \"day\";"),
              IN("pick") "\"each\" is what" },
            { INDICATOR("each = \"call.ended\"; credit = \"end\"; over = \"day\";"),
              IN("credit") "each has no end" },
            { INDICATOR("each = \"call.ended\"; credit = \"value-call\"; over = \"day\";"),
              IN("credit") "there is no event type or word \"value-call\"" }, );
    }
    TEST ("a target is about a figure that the indicator has, in its unit") {
        CHECK_ROWS({ INDICATOR("each = \"call.ended\"; of = \"length\"; over = \"day\"; target = "
                               "\"p90 <= 12\";"),
                     IN("target") "\"p90 <= 12\": 12 has no unit; write a duration" },
                   { INDICATOR("each = \"call.ended\"; of = \"length\"; over = \"day\"; target = "
                               "\"share >= 5 %\";"),
                     IN("target") "\"share >= 5 %\": x has no share; it has count, sum, mean" },
                   { INDICATOR("each = \"call.ended\"; of = \"length\"; over = \"day\"; target = "
                               "\"median <= 5m\";"),
                     IN("target") "\"median <= 5m\": there is no figure \"median\"" },
                   { INDICATOR("each = \"call.ended\"; good = \"reason = x\"; over = \"day\"; "
                               "target = \">= 0.75\";"),
                     IN("target") "\">= 0.75\": 0.75 has no unit; write a share as a percentage" },
                   { INDICATOR("each = \"call.ended\"; over = \"day\"; target = \"5m\";"),
                     IN("target") "\"5m\" is no bound" },
                   { INDICATOR("each = \"call.ended\"; over = \"day\"; target = \"= 5\";"),
                     IN("target") "\"= 5\" is no bound" }, );
    }
}

#define AFTER(text) INDICATOR("after = \"case.resolved\"; over = \"day\"; " text)
#define BREAKER(text) "broken-by = ( { event = \"case.reopened\"; " text " } );"

static void check_after(void)
{
    TEST ("J3 J4 J5 after needs breakers, a deadline, and picks that go with them") {
        CHECK_ROWS(
            { AFTER("within = \"7d\";"), "1: indicators.x: after needs followed-by or broken-by" },
            { AFTER(BREAKER("")), IN("within") "is missing" },
            { AFTER("pick = \"last\"; within = \"7d\"; " BREAKER("same = \"customer\";")),
              IN("broken-by") "pick = \"last\" judges one case" },
            { AFTER("pick = \"last\"; within = \"7d\"; " BREAKER("")), "" },
            { AFTER("within = \"200d\"; " BREAKER("")),
              IN("within") "is longer than keep.journeys" },
            { AFTER("count-when = \"happened\"; within = \"7d\"; " BREAKER("")),
              IN("count-when") "\"happened\" corrects figures for within, but lateness is "
                               "shorter" },
            { AFTER("count-when = \"happened\"; within = \"24h\"; " BREAKER("")), "" },
            { AFTER("count-when = \"later\"; within = \"1d\"; " BREAKER("")),
              IN("count-when") "\"later\" is unknown; want one of decided|happened|at-once" }, );
    }
    TEST ("J2 a breaker shares the case or the customer with the start") {
        CHECK_ROWS({ AFTER("within = \"1d\"; " BREAKER("same = \"reason\";")),
                     IN("broken-by.[0]") "same must have \"case\" or \"customer\"" },
                   { AFTER("within = \"1d\"; " BREAKER("same = [ ];")),
                     IN("broken-by.[0]") "same is empty" },
                   { AFTER("within = \"1d\"; " BREAKER("other = \"case\";")),
                     IN("broken-by.[0]") "same case and other case" },
                   { AFTER("within = \"1d\"; " BREAKER("same = [ \"customer\", \"topic\" ];")),
                     IN("broken-by.[0]") "there is no field \"topic\"" },
                   { AFTER("within = \"1d\"; " BREAKER("at-least = 0;")),
                     IN("broken-by.[0].at-least") "0 is out of range" },
                   { AFTER("within = \"1d\"; " BREAKER("befor = true;")),
                     IN("broken-by.[0].befor") "unknown key; did you mean before?" },
                   { AFTER("within = \"1d\"; followed-by = ( { same = \"case\"; } );"),
                     IN("followed-by.[0].event") "is missing" }, );
    }
}

static void check_others(void)
{
    TEST ("J3 J6 from needs to, and pick = last an end of all ends") {
        CHECK_ROWS(
            { INDICATOR("from = \"quote.requested\"; over = \"day\";"), IN("to") "is missing" },
            { INDICATOR("from = \"quote.requested\"; to = \"quote.issued\"; pick = \"last\"; over "
                        "= \"day\";"),
              IN("pick") "\"last\" needs until or quiet" },
            { INDICATOR("from = \"quote.requested\"; to = \"quote.issued\"; quiet = \"200d\"; over "
                        "= \"day\";"),
              IN("quiet") "is longer than keep.journeys" },
            { INDICATOR("from = \"quote.requested\"; to = \"quote.issued\"; same = \"customer\"; "
                        "over = \"day\";"),
              IN("same") "\"customer\": this kind looks at one case" },
            { INDICATOR("from = \"quote.requested\"; to = \"quote.issued\"; credit = \"breaker\"; "
                        "over = \"day\";"),
              IN("credit") "from has no breaker" },
            { INDICATOR("tally = \"quote.issued\"; over = \"day\";"), IN("until") "is missing" }, );
    }
    TEST ("J9 a gauge has every and no windows") {
        CHECK_ROWS(
            { INDICATOR("open = \"case.opened\"; until = \"case.resolved\";"),
              IN("every") "is missing" },
            { INDICATOR("open = \"case.opened\"; until = \"case.resolved\"; every = \"7m\";"),
              IN("every") "must divide 24h" },
            { INDICATOR("open = \"case.opened\"; until = \"case.resolved\"; every = \"1h\"; over = "
                        "\"day\";"),
              IN("over") "does not belong to open" },
            { INDICATOR("open = \"case.opened\"; until = \"case.resolved\"; every = \"1h\"; "
                        "compare = \"previous\";"),
              IN("compare") "does not belong to open" },
            { INDICATOR("open = \"case.opened\"; until = \"case.opened\"; every = \"1h\";"),
              IN("until") "case.opened both opens and closes" },
            { INDICATOR("open = \"case.opened\"; until = \"case.resolved\"; every = \"1h\"; show = "
                        "\"p90\";"),
              IN("show") "\"p90\" is no figure of open; want count, age.p1 to age.p99, "
                         "age.max" }, );
    }
    TEST ("J11 derived needs two indicators over the same windows") {
        CHECK_ROWS(
            { INDICATOR("derived = \"a\";"), IN("derived") "\"a\": want \"a / b\" or \"a - b\"" },
            { INDICATOR("derived = \"a / b\";"), IN("derived") "there is no indicator \"a\"\n" IN(
                                                     "derived") "there is no indicator \"b\"" },
            { "indicators = ( { name = \"a\"; each = \"call.ended\"; over = \"day\"; },\n"
              "{ name = \"b\"; each = \"call.ended\"; over = \"hour\"; },\n"
              "{ name = \"c\"; derived = \"a / b\"; } );",
              "3: indicators.c.derived: b does not count over \"day\"" },
            { "indicators = ( { name = \"a\"; each = \"call.ended\"; over = \"day\"; },\n"
              "{ name = \"b\"; each = \"call.ended\"; of = \"length\"; over = \"day\"; },\n"
              "{ name = \"c\"; derived = \"a - b\"; over = \"day\"; },\n"
              "{ name = \"d\"; derived = \"c / a\"; } );",
              "3: indicators.c.derived: a and b have different units\n"
              "4: indicators.d.derived: c is derived itself" },
            { INDICATOR("derived = \"x / x\";"), IN("derived") "x is derived itself" }, );
    }
}

static void check_alerts(void)
{
    TEST ("A1 an alert watches an indicator and a window that there are, never a happened one") {
        CHECK_ROWS(
            { ALERT("indicator = \"solvd\"; over = \"day\"; on = \"org\"; when = \"> 1\";"),
              ON("indicator") "there is no indicator \"solvd\"; did you mean \"solved\"?" },
            { ALERT("indicator = \"solved\"; over = \"week\"; on = \"org\"; when = \"> 1\";"),
              ON("over") "there is no window of solved \"week\"; want one of hour, day" },
            { ALERT("indicator = \"solved\"; on = \"org\"; when = \"> 1\";"),
              ON("over") "is missing" },
            { ALERT("indicator = \"past\"; on = \"org\"; when = \"< 50 %\";"),
              ON("indicator") "\"past\" has count-when = \"happened\"" },
            { ALERT("indicator = \"solved\"; over = \"day\"; on = \"region\"; when = \"> 1\";"),
              ON("on") "there is no dimension in report.on \"region\"; want one of org, rep, "
                       "team" },
            { ALERT("indicator = \"solved\"; over = \"day\"; on = \"team:\"; when = \"> 1\";"),
              ON("on") "\"team:\": nobody is named" },
            { ALERT("indicator = \"solved\"; over = \"day\"; when = \"> 1\";"),
              ON("on") "is missing" },
            { ALERT("indicator = \"solved\"; over = \"day\"; on = \"org\";"),
              "1: alerts.a: never fires" }, );
    }
    TEST ("A2 clear lies on the other side of when") {
        CHECK_ROWS(
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; clear = \">= 69 %\";"),
              ON("clear") "\">= 69 %\" must lie on the other side of when: > or >=, with a value "
                          "not below" },
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; clear = \"< 75 %\";"),
              ON("clear") "\"< 75 %\" must lie on the other side" },
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; clear = \">= 70 %\";"),
              "" },
            { ALERT("indicator = \"time\"; over = \"day\"; on = \"org\"; when = \"p90 > 20m\"; "
                    "clear = \"p90 <= 21m\";"),
              ON("clear") "\"p90 <= 21m\" must lie on the other side of when: < or <=" },
            { ALERT("indicator = \"time\"; over = \"day\"; on = \"org\"; when = \"p90 > 20m\"; "
                    "clear = \"p50 <= 10m\";"),
              ON("clear") "\"p50 <= 10m\" is about another figure" },
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"misses target\"; clear = \">= 74 "
                    "%\";"),
              ON("clear") "\">= 74 %\" must lie on the other side" },
            { ALERT("indicator = \"good\"; on = \"org\"; when = \"misses target\"; clear = \">= 76 "
                    "%\";"),
              "" },
            { ALERT("indicator = \"solved\"; over = \"day\"; on = \"org\"; when = \"misses "
                    "target\";"),
              ON("when") "solved has no target to miss" }, );
    }
    TEST ("A2 for is a multiple of the window's step") {
        CHECK_ROWS({ ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; for = \"90m\";"),
                     ON("for") "must be a multiple of the window's every, which is 1h" },
                   { ALERT("indicator = \"good\"; on = \"org\"; when = \"< 70 %\"; for = \"15m\";"),
                     ON("for") "must be a multiple" }, );
    }
    TEST ("A3 sure is for shares and quantiles, not for counts and derived") {
        CHECK_ROWS({ ALERT("indicator = \"solved\"; over = \"day\"; on = \"org\"; when = \"> 5\"; "
                           "sure = \"90 %\";"),
                     ON("sure") "is only for shares and quantiles, not for count" },
                   { ALERT("indicator = \"ratio\"; over = \"day\"; on = \"org\"; when = \"> 5\"; "
                           "sure = \"90 %\";"),
                     ON("sure") "ratio is derived" },
                   { ALERT("indicator = \"time\"; over = \"day\"; on = \"org\"; when = \"mean > "
                           "5m\"; sure = \"90 %\";"),
                     ON("sure") "is only for shares and quantiles, not for mean" },
                   { ALERT("indicator = \"time\"; over = \"day\"; on = \"org\"; when = \"p90 > "
                           "5m\"; sure = \"90 %\";"),
                     "" }, );
    }
    TEST ("A4 no-data is a multiple of every, at most the length, and alone") {
        CHECK_ROWS(
            { ALERT("indicator = \"good\"; on = \"org\"; no-data = \"90m\";"),
              ON("no-data") "must be a multiple of the window's every, which is 1h" },
            { ALERT("indicator = \"good\"; on = \"org\"; no-data = \"2d\";"),
              ON("no-data") "is longer than the window" },
            { ALERT("indicator = \"good\"; on = \"org\"; no-data = \"2h\"; when = \"< 5 %\";"),
              ON("when") "does not go with no-data" },
            { ALERT("indicator = \"stock\"; on = \"org\"; no-data = \"15m\";"),
              ON("no-data") "is for windows" }, );
    }
}

static void check_all_at_once(void)
{
    char path[256];
    TEST ("what follows from an error is not complained about again") {
        CHECK_ROWS(
            { "sources = ( );", "1: sources: is missing" },
            { "sources = ( { name = \"s\"; topics = [ \"t\" ]; common = { time = \"/t | nosuch\";"
              " fields = { length = \"/l | s\"; talk = \"/k | s\"; reason = \"/r\"; }; };"
              " rules = ( { type = \"=case.resolved\"; } ); } );\nwords = { w = { event = "
              "\"call.ended\";"
              " where = \"length > 5s\"; }; };",
              "1: sources.s.common.time: " },
            { INDICATOR("each = \"no.such\"; over = \"nowhere\";") "\n" ALERT(
                  "indicator = \"x\"; over = \"nowhere\"; on = \"org\"; when = \"> 1\";"),
              IN("each") "there is no event type or word \"no.such\"\n" IN(
                  "over") "there is no window \"nowhere\"" },
            { "indicators = ( { name = \"x\"; over = \"day\"; },\n{ name = \"y\"; derived = \"x / "
              "x\"; } );",
              "1: indicators.x: says nothing to count" }, );
    }
    TEST ("all errors come in one go, sorted by line") {
        static const char text[] =
            "lateness = 1;\nfoo = 2;\nsources = ( { name = \"s\"; topics = [ \"t\" ];\n"
            "  wait = 3; rules = ( { type = \"=case.opened\"; } ); } );\n"
            "indicators = ( { name = \"x\"; each = \"no.such\"; over = \"none\"; } );\n"
            "alerts = ( { name = \"a\"; indicator = \"y\"; on = \"org\"; when = \"> 1\"; } );\n";
        write_file("all.conf", text, strlen(text), path);
        const char *got = said(path);
        const char *at[] = { "1: lateness",          "2: foo",
                             "4: sources.s.wait",    "5: indicators.x.each",
                             "5: indicators.x.over", "6: alerts.a.indicator" };
        const char *from = got;
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            const char *found = strstr(from, at[i]);
            CHECK(found != NULL);
            from = found ? found : from;
        }
    }
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    check_text();
    check_bytes();
    check_includes();
    check_keys();
    check_sources();
    check_words();
    check_windows();
    check_each();
    check_after();
    check_others();
    check_alerts();
    check_all_at_once();
    char command[128];
    sprintf(command, "rm -rf %s", folder);
    return system(command) != 0 || check_done();
}
