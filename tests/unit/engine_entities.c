/* Entities that come and go: their order, and what it costs when many go at once. */
#include <stdlib.h>
#include <time.h>

#include <cpi/intake.h>
#include <cpi/task.h>

#include "check.h"
#include "configure.h"
#include "engine/entities.h"

#define NAMES 400
#define BEGIN INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define HOUR INT64_C(3600000)

static struct cpi_text name_of(uint32_t number, char ret[32])
{
    snprintf(ret, 32, "rep:%u", number * 7919 % 10007);
    return cpi_text_of(ret);
}

static int order_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order holds exactly those that are there. */
static void check_order(struct cpi_entities *entities, const bool *there)
{
    char text[NAMES][32], *want[NAMES];
    size_t count = 0;
    for (uint32_t n = 0; n < NAMES; n++) {
        if (!there[n])
            continue;
        name_of(n, text[n]);
        want[count++] = text[n];
    }
    qsort(want, count, sizeof *want, order_texts);
    const uint32_t *order = cpi_entities_order(entities);
    CHECK_INT(entities->n_order, count);
    CHECK_INT(cpi_entities_live(entities), count);
    for (size_t i = 0; i < count && i < entities->n_order; i++)
        CHECK(entities->at[order[i]].key && strcmp(entities->at[order[i]].key, want[i]) == 0);
}

static void test_order(void)
{
    TEST ("entities stand in the order of their keys, whoever comes and goes") {
        struct cpi_model model = { 0 };
        struct cpi_entities entities;
        bool there[NAMES] = { false };
        char text[32];
        unsigned dice = 1;
        cpi_entities_init(&entities, &model);
        for (int round = 0; round < 300; round++) {
            for (int i = 0; i < 1 + round % 40; i++) {
                dice = dice * 1103515245u + 12345u;
                uint32_t n = (dice >> 8) % NAMES;
                uint32_t e = cpi_entities_ensure(&entities, name_of(n, text));
                there[n] = round % 3 != 1;
                if (!there[n])
                    cpi_entities_remove(&entities, e);
            }
            check_order(&entities, there);
        }
        CHECK(entities.count <= NAMES);
        cpi_entities_fini(&entities);
    }
}

/* ---- sleep ---- */

#define PANES 100 /* more than a block */

static struct cpi_indicator sums[] = { { .kind = CPI_EACH, .amount = true },
                                       { .kind = CPI_EACH, .samples = true, .amount = true } };

static void fill(struct cpi_entities *entities, uint32_t e)
{
    struct cpi_entity *entity = cpi_entities_get(entities, e);
    struct cpi_fact fact = { .kind = CPI_FACT_COUNTED, .sign = 1 };
    for (uint16_t ind = 0; ind < 2; ind++)
        for (int p = 0; p < PANES; p++) {
            fact.amount = p * 1000 + ind;
            cpi_agg_add(&cpi_entities_pane(entities, e, ind, CPI_PANE_WINDOW, p * HOUR, 0)->agg,
                        &sums[ind], &fact);
        }
    for (uint16_t window = 0; window < 3; window++) {
        struct cpi_mark *mark = cpi_entity_mark(entity, 1, window);
        mark->said = window > 0;
        mark->counts = window > 1;
        mark->hash = mark->counts ? 0x123456789abcdef0 : 0;
    }
    cpi_entity_revise(entity, 1, 2, 7 * HOUR);
    cpi_entity_revise(entity, 1, 2, 7 * HOUR);
    cpi_entity_set_path(entity, CPI_TEXT("phone\x1fsupport"));
    entity->changed = 99 * HOUR;
    entity->thinned = 98 * HOUR;
    entity->swept = true;
    entity->head_dirty = false;
}

static void check_filled(const struct cpi_entity *entity, const struct cpi_model *model)
{
    struct cpi_reading reading;
    cpi_reading_init(&reading);
    for (uint16_t ind = 0; ind < 2; ind++)
        for (int p = 0; p < PANES; p += 7) {
            cpi_reading_read(&reading, model, &entity->panes, ind, p * HOUR, (p + 5) * HOUR);
            int n = p + 5 < PANES ? 5 : PANES - p, sum = 0;
            for (int i = 0; i < n; i++)
                sum += (p + i) * 1000 + ind;
            CHECK_INT(reading.n, n);
            CHECK_INT(reading.sum, sum);
            CHECK(!ind || reading.max == (p + n - 1) * 1000 + 1);
        }
    cpi_reading_fini(&reading);
    CHECK_INT(entity->n_marks, 3);
    for (uint16_t window = 0; window < 3; window++) {
        const struct cpi_mark *mark = cpi_entity_find_mark(entity, 1, window);
        CHECK(mark && mark->said == (window > 0) && mark->counts == (window > 1) &&
              mark->hash == (window > 1 ? 0x123456789abcdef0 : 0));
    }
    CHECK_INT(cpi_entity_revision(entity, 1, 2, 7 * HOUR), 2);
    CHECK_INT(cpi_entity_revision(entity, 1, 1, 7 * HOUR), 0);
    CHECK(cpi_text_equal(entity->path, CPI_TEXT("phone\x1fsupport")));
    CHECK(entity->changed == 99 * HOUR && entity->thinned == 98 * HOUR && entity->swept &&
          !entity->head_dirty && !entity->touched);
}

static void test_sleep(void)
{
    TEST ("an entity with nothing to do soon sleeps, and wakes as it was") {
        struct cpi_model model = { .indicator = sums, .n_indicators = 2 };
        struct cpi_entities entities;
        struct cpi_outbox *box = cpi_outbox_new(&model, 1);
        cpi_outbox_skip_rows(box);
        cpi_entities_init(&entities, &model);
        uint32_t e = cpi_entities_ensure(&entities, CPI_TEXT("team:phone"));
        for (int round = 0; round < 3; round++) {
            if (!round)
                fill(&entities, e);
            check_filled(cpi_entities_get(&entities, e), &model);
            cpi_entities_touch(&entities, e);
            cpi_entities_settle(&entities, 0, box);
            CHECK(!entities.at[e].asleep);
            uint64_t awake = cpi_seat_bytes(&entities.at[e]);
            cpi_entities_get(&entities, e)->idle = true;
            cpi_entities_touch(&entities, e);
            cpi_entities_settle(&entities, 0, box);
            CHECK(entities.at[e].asleep && cpi_seat_bytes(&entities.at[e]) < awake);
        }
        cpi_entities_fini(&entities);
        cpi_outbox_free(box);
    }
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- what it costs ---- */

#define MANY 4000
#define CHANGES 200

/* One goes and one comes between any two looks. */
static double changes_ms(void)
{
    struct cpi_model model = { 0 };
    struct cpi_entities entities;
    char text[32];
    cpi_entities_init(&entities, &model);
    for (uint32_t n = 0; n < MANY; n++)
        cpi_entities_ensure(&entities, name_of(n, text));
    cpi_entities_order(&entities);
    double began = cpu_ms();
    for (uint32_t n = 0; n < CHANGES; n++) {
        cpi_entities_remove(&entities, cpi_entities_ensure(&entities, name_of(n, text)));
        cpi_entities_ensure(&entities, name_of(MANY + n, text));
        cpi_entities_order(&entities);
    }
    double took = cpu_ms() - began;
    cpi_entities_fini(&entities);
    return took;
}

static double sorts_ms(void)
{
    static char text[MANY][32], *order[MANY];
    double began = cpu_ms();
    for (uint32_t c = 0; c < CHANGES / 10; c++) {
        for (uint32_t n = 0; n < MANY; n++) {
            name_of(n, text[n]);
            order[n] = text[n];
        }
        qsort(order, MANY, sizeof *order, order_texts);
    }
    return (cpu_ms() - began) * 10;
}

static const char conf[] =
    "zone = \"UTC\"; lateness = \"1h\"; keep = { windows = \"1d\"; journeys = \"1d\"; };\n"
    "dedup = \"1m\"; event-types = [ \"thing.done\" ];\n"
    "sources = ( { name = \"s\"; topics = [ \"in\" ]; wait = \"1m\"; idle = \"hold\";\n"
    "  common = { id = \"/id\"; time = \"/at | ms\"; rep = \"/rep\"; };\n"
    "  rules = ( { type = \"/type\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"1h\"; }; };\n"
    "indicators = ( { name = \"done\"; each = \"thing.done\"; over = \"hour\"; } );\n";

static struct config config;

/* One task and its intake, fed as a replay feeds them. */
struct line {
    struct cpi_intake *intake;
    struct cpi_mapper *mapper;
    struct cpi_task *task;
    struct cpi_outbox *box, *next;
};

static void put(struct line *l, const char *type, uint32_t number, int64_t time)
{
    char json[256];
    int len =
        snprintf(json, sizeof json, "{\"id\":\"e%u\",\"at\":%lld,\"type\":\"%s\",\"rep\":\"r%u\"}",
                 number, (long long)time, type, number);
    struct cpi_record r = { .value = { json, (uint32_t)len }, .timestamp = CPI_TIME_NONE };
    cpi_intake_feed(l->intake, l->mapper, NULL, &r, l->box);
}

static void settle(struct line *l)
{
    size_t count = 1;
    cpi_intake_slot(l->intake, false, l->box);
    while (count > 0) {
        cpi_outbox_seal(l->box, CPI_TIME_NONE);
        const struct cpi_frame_out *frame = cpi_outbox_frames(l->box, &count);
        for (size_t i = 0; i < count; i++) {
            cpi_task_feed(l->task, frame[i].bytes, 0, l->next);
            cpi_task_advance(l->task, UINT64_MAX, l->next);
        }
        cpi_outbox_reset(l->box);
        struct cpi_outbox *full = l->box;
        l->box = l->next;
        l->next = full;
        if (count > 0)
            cpi_task_settle(l->task, 0, l->box);
    }
}

/* All reps have one event in one hour. Days later, at one midnight, they all go. */
static double midnight_ms(uint32_t reps, struct cpi_task_status *ret_before,
                          struct cpi_task_status *ret_after)
{
    struct line l = { cpi_intake_new(config.model, 0, 0, 0, 1), cpi_mapper_new(),
                      cpi_task_new(config.model, 0, 1), cpi_outbox_new(config.model, 1),
                      cpi_outbox_new(config.model, 1) };
    for (uint32_t rep = 0; rep < reps; rep++)
        put(&l, "thing.done", rep, BEGIN + rep);
    put(&l, "source.heartbeat", reps, BEGIN + 12 * HOUR);
    settle(&l);
    cpi_task_status(l.task, ret_before);
    put(&l, "source.heartbeat", reps, BEGIN + 4 * 24 * HOUR);
    double began = cpu_ms();
    settle(&l);
    double took = cpu_ms() - began;
    cpi_task_status(l.task, ret_after);
    cpi_outbox_free(l.box);
    cpi_outbox_free(l.next);
    cpi_task_free(l.task);
    cpi_mapper_free(l.mapper);
    cpi_intake_free(l.intake);
    return took;
}

static void test_cost(void)
{
    struct cpi_task_status before, after;
    TEST ("one entity that comes or goes does not cost the sorting of all") {
        double changes = changes_ms(), sorts = sorts_ms();
        printf("200 changes of 4,000: %.1f ms; sorting 4,000 200 times: %.1f ms\n", changes, sorts);
        CHECK(changes < sorts / 4);
    }
    TEST ("reps that all go at one midnight cost no more each than few of them") {
        double few = midnight_ms(1000, &before, &after);
        double many = midnight_ms(8000, &before, &after);
        printf("1,000 reps go in %.1f ms, 8,000 in %.1f ms\n", few, many);
        CHECK_INT(before.entities, 8002); /* with unassigned and the whole */
        CHECK_INT(after.entities, 0);
        CHECK(many < 24 * few);
    }
}

int main(void)
{
    configure_text(&config, "%s", conf);
    test_order();
    test_sleep();
    test_cost();
    config_fini(&config);
    return check_done();
}
