/* Promise 2: the same events in time give the same facts, on-time updates and alert transitions,
 * however they are ordered, split and batched and whoever works on them. Promise 1, the other half:
 * what a task says depends on its frames alone. */
#include "check.h"
#include "desk.h"

static struct config config;

struct said {
    struct lines facts, updates, transitions;
};

static char *line_of(const struct sim_output *output)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_buf_add_format(&buf, "%s %s", output->key ? output->key : "-",
                       output->value ? output->value : "(gone)");
    char *line = own(cpi_buf_text(&buf));
    cpi_buf_fini(&buf);
    return line;
}

/* Of two copies of an event one may count and then the other instead (O4): such pairs cancel. */
static void net(struct lines *facts)
{
    struct lines signs = { NULL, 0, 0 }, kept = { NULL, 0, 0 };
    for (size_t i = 0; i < facts->count; i++) { /* the sign goes to the end of the line */
        char *sign = strstr(facts->at[i], "\"sign\":"), *rest = strchr(sign, ',');
        char *line = cpi_xmalloc(strlen(facts->at[i]) + 8);
        bool minus = sign[7] == '-';
        sprintf(line, "%.*s%s%c", (int)(sign - facts->at[i]), facts->at[i], rest + 1,
                minus ? '-' : '+');
        lines_add(&signs, line);
    }
    lines_sort(&signs);
    for (size_t i = 0, end; i < signs.count; i = end) {
        size_t length = strlen(signs.at[i]) - 1;
        int sum = 0;
        for (end = i; end < signs.count && strlen(signs.at[end]) == length + 1 &&
                      !strncmp(signs.at[end], signs.at[i], length);
             end++)
            sum += signs.at[end][length] == '+' ? 1 : -1;
        for (int k = 0; k < abs(sum); k++) {
            char *line = cpi_xstrdup(signs.at[i]);
            line[length] = sum > 0 ? '+' : '-';
            lines_add(&kept, line);
        }
    }
    lines_fini(&signs);
    lines_fini(facts);
    *facts = kept;
}

static struct said said_by(const struct world *w)
{
    struct said said = { { 0 }, { 0 }, { 0 } };
    for (size_t i = 0; i < w->outputs.count; i++) {
        const struct sim_output *output = &w->outputs.at[i];
        if (output->topic == CPI_TOPIC_FACTS)
            lines_add(&said.facts, line_of(output));
        else if (output->topic == CPI_TOPIC_ALERTS)
            lines_add(&said.transitions, line_of(output));
        else if (output->topic == CPI_TOPIC_INDICATORS && output->value &&
                 strstr(output->value, "\"update\":\"on_time\""))
            lines_add(&said.updates, line_of(output));
    }
    net(&said.facts);
    lines_sort(&said.updates);
    lines_sort(&said.transitions);
    return said;
}

static void said_fini(struct said *said)
{
    lines_fini(&said->facts);
    lines_fini(&said->updates);
    lines_fini(&said->transitions);
}

static void check_said(const struct said *a, const struct said *b)
{
    CHECK(a->facts.count > 300);
    CHECK(a->updates.count > 500);
    CHECK(a->transitions.count > 5);
    CHECK(lines_equal(&a->facts, &b->facts, "facts"));
    CHECK(lines_equal(&a->updates, &b->updates, "updates"));
    CHECK(lines_equal(&a->transitions, &b->transitions, "transitions"));
}

static struct said run(const struct sim_records *records, struct sim_setup setup,
                       unsigned partitions, uint64_t seed)
{
    struct world w;
    setup.replay = true;
    world_init(&w, &config, setup, records, partitions, seed);
    world_run(&w);
    CHECK_INT(w.bad_restores, 0);
    struct said said = said_by(&w);
    world_fini(&w);
    return said;
}

static void compare(const struct sim_records *records, const struct said *plain,
                    struct sim_setup setup, unsigned partitions, uint64_t seed)
{
    struct said other = run(records, setup, partitions, seed);
    bool before = check_.failed;
    check_said(plain, &other);
    if (check_.failed && !before)
        printf("seed %llu, %u tasks, %u partitions\n", (unsigned long long)seed, setup.tasks,
               partitions);
    said_fini(&other);
}

/* The desk with a heartbeat at both ends of up to five partitions of each source. */
static void open_desk(struct sim_records *records, struct desk desk, uint64_t seed)
{
    desk_open(records, &desk, seed);
    desk_beat(records, 5, DESK_BEGIN);
    desk_beat(records, 5, DESK_BEGIN + 14 * CPI_DAY);
}

static const struct sim_setup one = { .tasks = 1,
                                      .records_most = 1,
                                      .frames_most = 8,
                                      .budget = UINT64_MAX,
                                      .actions_most = 1,
                                      .in_step = true };

static struct sim_setup drawn(struct dice *dice, unsigned tasks)
{
    return (struct sim_setup){ .tasks = tasks,
                               .records_most = 1 + roll_below(dice, 60),
                               .frames_most = 1 + roll_below(dice, 6),
                               .budget = chance(dice, 50) ? UINT64_MAX : 0,
                               .actions_most = 1 + roll_below(dice, 4),
                               .intake_percent = 10 + roll_below(dice, 70) };
}

static void test_arrival(uint64_t seed)
{
    struct sim_records records;
    struct dice dice = { seed };
    open_desk(&records, (struct desk){ 30, 4, 8, false, true }, seed);
    struct said plain = run(&records, one, 1, seed);
    for (unsigned i = 0; i < 2; i++) {
        desk_delay(&records, 60, 10 * CPI_MINUTE, seed * 10 + i);
        compare(&records, &plain, drawn(&dice, 1), 1, seed * 10 + i);
    }
    said_fini(&plain);
    records_fini(&records);
}

static void test_split(uint64_t seed, unsigned tasks, unsigned restart_percent)
{
    struct sim_records records;
    struct dice dice = { seed };
    open_desk(&records, (struct desk){ 30, 4, 8, false, true }, seed);
    desk_delay(&records, 40, 10 * CPI_MINUTE, seed);
    struct said plain = run(&records, one, 1, seed);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_setup setup = drawn(&dice, tasks);
        setup.restart_percent = setup.intake_restart_percent = restart_percent;
        desk_scatter(&records, seed * 10 + i);
        compare(&records, &plain, setup, 2 + roll_below(&dice, 4), seed * 10 + i);
    }
    said_fini(&plain);
    records_fini(&records);
}

/* Late is judged at intake (T3), so the same partition logs give the same facts for late events,
 * too. */
static void test_late(uint64_t seed, unsigned tasks, bool long_silences)
{
    struct sim_records records;
    struct dice dice = { seed };
    unsigned partitions = 1 + roll_below(&dice, 3);
    open_desk(&records, (struct desk){ 30, 4, 0, long_silences, true }, seed);
    desk_delay(&records, 30, 20 * CPI_HOUR, seed);
    struct said plain = run(&records, one, partitions, seed);
    for (unsigned i = 0; i < 2; i++)
        compare(&records, &plain, drawn(&dice, tasks), partitions, seed * 10 + i);
    said_fini(&plain);
    records_fini(&records);
}

/* Feeds the frames that a task saw to a new one, in other transactions. */
static struct said rerun(const struct world *from, unsigned q, struct dice *dice, bool replay)
{
    struct world w = { .model = from->model };
    cpi_buf_init(&w.transcript);
    struct cpi_task *task = cpi_task_new(from->model, q, from->setup.tasks);
    if (replay)
        cpi_task_replay(task, false);
    w.box = cpi_outbox_new(from->model, from->setup.tasks);
    const struct sim_log *log = &from->log[q];
    bool done = false;
    for (size_t i = 0; i < log->count || !done;) {
        for (unsigned n = roll_below(dice, 12); n && i < log->count; n--, i++)
            CHECK_INT(cpi_task_feed(task, blob_text(log->frame[i]), (int64_t)i, w.box), 0);
        done = cpi_task_advance(task, 1 + roll(dice) % (chance(dice, 50) ? 10 : 10000), w.box);
        cpi_task_settle(task, (int64_t)i, w.box);
        cpi_outbox_seal(w.box, 0);
        commit_outputs_(&w);
        cpi_outbox_reset(w.box);
    }
    struct said said = { { 0 }, { 0 }, { 0 } };
    for (size_t i = 0; i < w.outputs.count; i++)
        lines_add(w.outputs.at[i].topic == CPI_TOPIC_FACTS ? &said.facts : &said.updates,
                  line_of(&w.outputs.at[i]));
    cpi_task_free(task);
    w.setup.tasks = 0;
    world_fini(&w);
    return said;
}

/* In order, too. */
static void check_equal(const struct lines *a, const struct lines *b)
{
    size_t i = 0;
    CHECK(a->count > 0);
    while (i < a->count && i < b->count && !strcmp(a->at[i], b->at[i]))
        i++;
    if (i < a->count || i < b->count) {
        CHECK(!"the same in the same order");
        printf("line %zu of %zu and %zu:\n%.600s\n%.600s\n", i, a->count, b->count,
               i < a->count ? a->at[i] : "-", i < b->count ? b->at[i] : "-");
    }
}

static void test_frames(uint64_t seed)
{
    struct sim_records records;
    struct world w;
    struct dice dice = { seed };
    struct sim_setup setup = one;
    setup.tasks = 2;
    open_desk(&records, (struct desk){ 30, 4, 8, true, true }, seed);
    desk_delay(&records, 40, 2 * CPI_DAY, seed);
    world_init(&w, &config, setup, &records, 2, seed);
    world_run(&w);
    for (unsigned q = 0; q < 2; q++) {
        struct said a = rerun(&w, q, &dice, seed % 2), b = rerun(&w, q, &dice, seed % 2);
        check_equal(&a.facts, &b.facts);
        check_equal(&a.updates, &b.updates);
        said_fini(&a);
        said_fini(&b);
    }
    world_fini(&w);
    records_fini(&records);
}

int main(void)
{
    desk_load("tests/sim/desk.conf", &config);
    TEST ("promise 1: the same frames give the same outputs in whatever transactions") {
        for (uint64_t seed = 1; seed < 1 + seeds(2) && !check_.failed; seed++)
            test_frames(seed);
    }
    TEST ("promise 2: any order of arrival within `wait`, any batches") {
        for (uint64_t seed = 1; seed < 1 + seeds(2) && !check_.failed; seed++)
            test_arrival(seed);
    }
    TEST ("promise 2: any split into source partitions") {
        for (uint64_t seed = 11; seed < 11 + seeds(2) && !check_.failed; seed++)
            test_split(seed, 1, 0);
    }
    TEST ("promise 2: one task or four of them") {
        for (uint64_t seed = 21; seed < 21 + seeds(2) && !check_.failed; seed++)
            test_split(seed, 4, 0);
    }
    TEST ("promise 2 with restarts of tasks and intakes") {
        for (uint64_t seed = 31; seed < 31 + seeds(2) && !check_.failed; seed++)
            test_split(seed, 3, 3);
    }
    TEST ("T3 late events change the same whoever works on the logs") {
        test_late(55, 4, false); /* a start taken back on the edge of a step */
        for (uint64_t seed = 41; seed < 41 + seeds(1) && !check_.failed; seed++)
            test_late(seed, seed % 2 ? 4 : 1, false);
    }
    TEST ("J7 when a journey ends is said by what its events say, not by when it is folded") {
        for (uint64_t seed = 54; seed < 54 + seeds(2) && !check_.failed; seed++)
            test_late(seed, seed % 2 ? 4 : 1, true);
    }
    config_fini(&config);
    return check_done();
}
