/* State goes back: once all cases are over, out of the windows and out of memory, nothing is left
 * but the head row and what a rule watches by name. And one frame too large goes in pieces. */
#include "check.h"
#include "desk.h"

static struct config config;

static struct sim_setup setup_of(unsigned tasks, unsigned records_most)
{
    return (struct sim_setup){ .tasks = tasks,
                               .records_most = records_most,
                               .frames_most = 4,
                               .budget = UINT64_MAX,
                               .actions_most = 2,
                               .intake_percent = 40 };
}

/* Live rows by their first letter. */
static void count_rows(const struct world *w, unsigned q, unsigned rows[256])
{
    struct lines state = { NULL, 0, 0 };
    world_state(w, q, &state);
    memset(rows, 0, 256 * sizeof *rows);
    for (size_t i = 0; i < state.count; i++)
        rows[(unsigned char)state.at[i][0]]++;
    lines_fini(&state);
}

static void test_end(uint64_t seed, unsigned tasks)
{
    struct sim_records records;
    struct world w;
    unsigned rows[256], named = 0;
    desk_open(&records, &(struct desk){ 20, 3, 8, true, true }, seed);
    desk_delay(&records, 30, 6 * CPI_HOUR, seed);
    desk_beat(&records, 2, DESK_BEGIN);
    desk_beat(&records, 2, DESK_BEGIN + 60 * CPI_DAY);
    for (int64_t beat = 0; beat < 24; beat++) /* in which alerts are told for the last time */
        desk_beat(&records, 2, DESK_BEGIN + 60 * CPI_DAY + beat * 10 * CPI_MINUTE);
    desk_beat(&records, 2, DESK_BEGIN + 62 * CPI_DAY);
    struct sim_setup setup = setup_of(tasks, 1);
    setup.in_step = true;
    world_init(&w, &config, setup, &records, 2, seed);
    world_run(&w);
    for (unsigned q = 0; q < tasks; q++) {
        struct cpi_task_status status;
        cpi_task_status(w.task[q], &status);
        CHECK_INT(status.journeys, 0);
        CHECK_INT(status.customers, 0);
        count_rows(&w, q, rows);
        CHECK_INT(rows['h'], 1);
        CHECK_INT(rows['j'], 0);
        CHECK_INT(rows['c'], 0);
        CHECK_INT(rows['i'], 0);
        CHECK_INT(rows['g'], 0);
        CHECK_INT(rows['b'], 0);
        CHECK_INT(rows['p'], 0);
        CHECK_INT(status.entities, rows['e']);
        named += rows['e'];
    }
    CHECK_INT(named, 1); /* team:phone */
    world_fini(&w);
    records_fini(&records);
}

/* All that was said of each key: the last word is a tombstone. */
static void test_tombstones(uint64_t seed)
{
    struct sim_records records;
    struct world w;
    desk_open(&records, &(struct desk){ 20, 3, 8, false, true }, seed);
    desk_beat(&records, 1, DESK_BEGIN);
    desk_beat(&records, 1, DESK_BEGIN + 60 * CPI_DAY);
    world_init(&w, &config, setup_of(2, 20), &records, 1, seed);
    world_run(&w);
    size_t gone = 0;
    for (size_t i = 0; i < w.outputs.count; i++) {
        const struct sim_output *output = &w.outputs.at[i];
        bool last = output->topic == CPI_TOPIC_INDICATORS;
        for (size_t k = i + 1; k < w.outputs.count && last; k++)
            last = w.outputs.at[k].topic != CPI_TOPIC_INDICATORS ||
                   strcmp(w.outputs.at[k].key, output->key) != 0;
        if (!last)
            continue;
        CHECK(!output->value);
        gone++;
    }
    CHECK(gone > 100);
    world_fini(&w);
    records_fini(&records);
}

/* Thousands of records in a transaction: its frames are split, only the last piece has a clock. */
static void test_pieces(uint64_t seed)
{
    struct sim_records records;
    struct world plain, restarted;
    struct sim_setup setup = setup_of(2, 100000);
    setup.restart_percent = 0;
    desk_open(&records, &(struct desk){ 700, 2, 0, false, false }, seed);
    desk_beat(&records, 1, DESK_BEGIN);
    desk_beat(&records, 1, DESK_BEGIN + 5 * CPI_DAY);
    world_init(&plain, &config, setup, &records, 1, seed);
    world_run(&plain);
    size_t largest = 0;
    for (unsigned q = 0; q < 2; q++)
        for (size_t i = 0; i < plain.log[q].count; i++)
            if (plain.log[q].frame[i].len > largest)
                largest = plain.log[q].frame[i].len;
    CHECK(largest > CPI_FRAME_BYTES_MAX / 2);
    CHECK(largest <= CPI_FRAME_BYTES_MAX);
    setup.restart_percent = 10;
    world_init(&restarted, &config, setup, &records, 1, seed);
    world_run(&restarted);
    CHECK(restarted.restarts > 0);
    CHECK_INT(restarted.bad_restores, 0);
    CHECK(plain.transcript.len == restarted.transcript.len &&
          !memcmp(plain.transcript.at, restarted.transcript.at, plain.transcript.len));
    world_fini(&plain);
    world_fini(&restarted);
    records_fini(&records);
}

static void put_survey(struct sim_records *records, int64_t at, int64_t number)
{
    char json[128];
    snprintf(json, sizeof json,
             "{\"id\":\"x\",\"at\":%lld,\"type\":\"survey.answered\",\"score\":\"good\"}",
             (long long)at);
    desk_put_(records, (struct sim_record){ own(cpi_text_of(json)), at, at, 0, 0, number });
}

/* The first copy is forgotten in time for the second to count again, which is then remembered as
 * long as the first was. */
static void test_remembered(void)
{
    struct sim_records records = { NULL, 0, 0 };
    struct world w;
    const int64_t hour = DESK_BEGIN + CPI_DAY, minute = CPI_MINUTE;
    size_t facts = 0;
    desk_beat(&records, 1, DESK_BEGIN);
    put_survey(&records, hour + 30 * minute, 1);
    desk_beat(&records, 1, hour + CPI_DAY + 20 * minute);
    put_survey(&records, hour + CPI_DAY + 31 * minute, 2);
    desk_beat(&records, 1, hour + CPI_DAY + 110 * minute);
    put_survey(&records, hour + CPI_DAY + 120 * minute, 3);
    desk_beat(&records, 1, hour + 3 * CPI_DAY);
    struct sim_setup setup = setup_of(1, 1);
    setup.in_step = true;
    world_init(&w, &config, setup, &records, 1, 1);
    world_run(&w);
    for (size_t i = 0; i < w.outputs.count; i++)
        facts += w.outputs.at[i].topic == CPI_TOPIC_FACTS;
    CHECK_INT(facts, 2);
    CHECK_INT(cpi_task_counts(w.task[0])->duplicates, 1);
    world_fini(&w);
    records_fini(&records);
}

int main(void)
{
    desk_load("tests/sim/desk.conf", &config);
    TEST ("J7 W3 when all is over no state is left, one task") {
        for (uint64_t seed = 1; seed < 1 + seeds(1) && !check_.failed; seed++)
            test_end(seed, 1);
    }
    TEST ("J7 W3 when all is over no state is left, four tasks") {
        for (uint64_t seed = 11; seed < 11 + seeds(1) && !check_.failed; seed++)
            test_end(seed, 4);
    }
    TEST ("W3 the last word on every key is a tombstone") {
        test_tombstones(21);
    }
    TEST ("K3 frames over 512 KiB go in pieces and are restored between them") {
        test_pieces(31);
    }
    TEST ("O4 a copy that counts again is remembered from then on") {
        test_remembered();
    }
    config_fini(&config);
    return check_done();
}
