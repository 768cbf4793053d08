/* Who acts next, what goes wrong, and when the clock moves. */
#include "run.h"

#include <assert.h>
#include <stdlib.h>

#include "fiber.h"
#include "worker/names.h"
#include "worker/parts.h"

#define TURNS_MAX 3000000
#define ROUGH_TURNS 40000 /* then nothing goes wrong any more: some seeds get nowhere before */

/* ---- processes ---- */
static struct worker_now now_of(const struct process *p)
{
    const struct kafka *k = &p->run->k;
    return (struct worker_now){ k->wall_ms + k->now_ms + p->skew_ms, k->now_ms + 1000 };
}

static void process_main(void *arg)
{
    struct process *p = arg;
    enum worker_end end = worker_open(p->worker);
    while (end == WORKER_GOES_ON && !p->client->dead && !p->leaving)
        end = worker_step(p->worker, now_of(p));
    if (!p->client->dead && p->worker->source)
        worker_leave(p->worker, now_of(p), 1200);
    p->end = end;
}

static void clock_set(struct process *p)
{
    struct run *run = p->run;
    p->skew_ms =
        run->rough.skew_ms ? (int64_t)(roll(&run->dice) % (uint64_t)run->rough.skew_ms) : 0;
}

static void process_start(struct run *run, unsigned slot)
{
    unsigned i = 0;
    while (run->process[i])
        i++;
    struct process *p = run->process[i] = cpi_xcalloc(1, sizeof *p);
    p->run = run;
    p->slot = slot;
    clock_set(p);
    p->setup = (struct worker_setup){ .model = run->config->model,
                                      .dir = run->config->directory,
                                      .topics = &run->topics,
                                      .clock = WORKER_CLOCK_REAL,
                                      .start = PORT_EARLIEST,
                                      .advance_budget = run->rough.budget,
                                      .stop = &p->stop };
    p->client = client_new(&run->k, slot, ++run->lives[slot]);
    p->worker = worker_new(&p->setup, slot);
    worker_attach(p->worker, &p->client->port);
    p->fiber = fiber_new(process_main, p);
    story(&run->k, p->client->name, "starts");
}

static void count_up(struct run *run, const struct process *p)
{
    const struct worker_counts *counts = worker_counts(p->worker);
    run->counts.transactions += (unsigned)counts->transactions;
    run->counts.aborts += (unsigned)counts->aborts;
    run->counts.unknown += (unsigned)counts->unknown;
    run->counts.restored += (unsigned)counts->restored_rows;
}

static void process_ended(struct run *run, unsigned i)
{
    static const char *const ends[] = { "goes on", "left",    "superseded",
                                        "taken",   "refused", "broken" };
    struct process *p = run->process[i];
    bool expected = p->client->dead || p->leaving || (p->end == WORKER_TAKEN && run->had_twin);
    story(&run->k, p->client->name, "has ended: %s", p->client->dead ? "killed" : ends[p->end]);
    if (!expected && !run->wrong) {
        snprintf(run->wrong_room, sizeof run->wrong_room, "worker %s ended by itself: %s",
                 p->client->name, ends[p->end]);
        run->wrong = run->wrong_room;
    }
    count_up(run, p);
    run->restart_ms[p->slot] =
        run->k.now_ms +
        (chance(&run->dice, 50) ? roll_below(&run->dice, 2000) : roll_below(&run->dice, 600000));
    worker_free(p->worker);
    fiber_free(p->fiber);
    free(p);
    run->process[i] = NULL;
    run->k.events++;
}

static void process_resume(struct run *run, unsigned i)
{
    if (!fiber_resume(run->process[i]->fiber))
        process_ended(run, i);
}

static void kill_count(struct run *run, const char *where)
{
    unsigned i = 0;
    while (run->killed[i].where && strcmp(run->killed[i].where, where) != 0)
        i++;
    assert(i < KILL_PLACES);
    run->killed[i].where = where;
    run->killed[i].times++;
}

static void process_kill(struct run *run, unsigned i)
{
    struct process *p = run->process[i];
    story(&run->k, p->client->name, "killed in \"%s\"", p->client->doing ? p->client->doing : "-");
    client_kill(p->client);
    while (run->process[i])
        process_resume(run, i);
}

static unsigned lives_of(const struct run *run, unsigned slot, bool awake)
{
    unsigned n = 0;
    for (unsigned i = 0; i < PROCESSES; i++)
        n += run->process[i] && run->process[i]->slot == slot &&
             (!awake || !run->process[i]->paused);
    return n;
}

/* Index of one of them, PROCESSES = there is none. */
static unsigned any_awake(struct run *run)
{
    unsigned awake[PROCESSES], n = 0;
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i] && !run->process[i]->paused)
            awake[n++] = i;
    return n ? awake[roll_below(&run->dice, n)] : PROCESSES;
}

/* Has everybody who is awake had his chance, and nothing has happened? */
static bool is_quiet(const struct run *run)
{
    unsigned enough = run->calm ? 10 : 2;
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i] && !run->process[i]->paused && run->process[i]->idle_turns < enough)
            return false;
    return true;
}

static void idle_again(struct run *run)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i])
            run->process[i]->idle_turns = 0;
}

/* ---- what goes wrong ---- */
static int64_t some_time(struct run *run)
{
    static const unsigned most[] = { 2000, 30000, 120000, 900000 };
    return 1 + roll_below(&run->dice, most[roll_below(&run->dice, 4)]);
}

static void pause_one(struct run *run, unsigned i)
{
    struct process *p = run->process[i];
    p->paused = true;
    p->wake_ms = run->k.now_ms + some_time(run);
    story(&run->k, p->client->name, "stands still in \"%s\" for %lld s",
          p->client->doing ? p->client->doing : "-",
          (long long)(p->wake_ms - run->k.now_ms) / 1000);
}

static struct kafka_part *any_part(struct run *run)
{
    struct kafka *k = &run->k;
    uint32_t t = roll_below(&run->dice, 5), q = roll_below(&run->dice, k->topics->partitions);
    if (t < 2)
        return &k->source[t][roll_below(&run->dice, k->n_source_parts[t])];
    return t == 2   ? &k->frames[q]
           : t == 3 ? &k->rows[q]
                    : &k->out[roll_below(&run->dice, CPI_TOPICS)][q % OUT_PARTS];
}

static void brokers_fail(struct run *run)
{
    struct kafka *k = &run->k;
    if (k->group.generation > 0 && happens(k, FAULT_REBALANCE))
        group_rebalance(k, "for no reason");
    if (happens(&run->k, FAULT_AWAY)) {
        struct kafka_part *part = any_part(run);
        int64_t ms = some_time(run) / 8 + 1;
        part->away_until = k->now_ms + ms;
        story(k, NULL, "%s is away for %lld ms", part->name, (long long)ms);
    }
    if (happens(&run->k, FAULT_COORDINATOR_AWAY)) {
        k->coordinator_away_until = k->now_ms + some_time(run) / 8;
        story(k, NULL, "the coordinator is away");
    }
    if (happens(k, FAULT_COMPACT))
        part_compact(k, &k->rows[roll_below(&run->dice, k->topics->partitions)]);
}

static void workers_fail(struct run *run)
{
    unsigned i = any_awake(run);
    if (i == PROCESSES)
        return;
    struct process *p = run->process[i];
    if (happens(&run->k, FAULT_CLOCK_SET))
        clock_set(p);
    if (happens(&run->k, FAULT_CRASH)) {
        kill_count(run, p->client->doing ? p->client->doing : "start");
        process_kill(run, i);
    } else if (happens(&run->k, FAULT_PAUSE)) {
        pause_one(run, i);
        if (lives_of(run, p->slot, false) == 1 && happens(&run->k, FAULT_TWIN)) {
            run->had_twin = true;
            process_start(run, p->slot);
        }
    } else if (!p->leaving && happens(&run->k, FAULT_LEAVE)) {
        story(&run->k, p->client->name, "is told to leave");
        p->leaving = p->client->stopping = true;
        atomic_store(&p->stop, true);
    }
}

static void wake_up(struct run *run)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = run->process[i];
        if (p && p->paused && (run->calm || run->k.now_ms >= p->wake_ms)) {
            p->paused = false;
            run->k.events++;
            story(&run->k, p->client->name, "wakes");
        }
    }
    for (unsigned s = 0; s < run->rough.workers; s++)
        if (lives_of(run, s, false) == 0 && (run->calm || run->k.now_ms >= run->restart_ms[s]))
            process_start(run, s);
}

/* ---- source topics ---- */
static void holds_end(struct run *run, bool all)
{
    for (unsigned i = 0; i < 4; i++) {
        struct kafka_hold *h = &run->hold[i];
        if (!h->waits || (!all && run->k.now_ms < h->until_ms))
            continue;
        h->waits = false;
        part_decide(&run->k, h->part, h->writer, h->commit);
    }
}

static void record_append(struct run *run, const struct plan_record *r)
{
    struct kafka *k = &run->k;
    struct kafka_part *part = &k->source[r->topic][r->partition];
    struct kafka_record record = { .value = cpi_xstrdup(r->json),
                                   .value_len = (uint32_t)strlen(r->json),
                                   .timestamp = k->wall_ms + r->at_ms,
                                   .state = RECORD_COMMITTED };
    unsigned h = 0;
    while (h < 4 && run->hold[h].waits)
        h++;
    if (r->fate != PLAN_PLAIN && (h < 4 || r->fate == PLAN_TAKEN_BACK)) {
        record.state = RECORD_OPEN;
        record.writer = OTHER + (int)(h < 4 ? h : 0);
        if (h == 4) /* no time to wait */
            part_decide(k, run->hold[0].part, run->hold[0].writer, run->hold[0].commit);
        h = h == 4 ? 0 : h;
        run->hold[h] = (struct kafka_hold){ part, k->now_ms + r->hold_ms,
                                            r->fate == PLAN_IN_TRANSACTION, true, record.writer };
    }
    story(k, NULL, "%s @%zu: %s%s", part->name, part->count, r->json,
          r->fate == PLAN_PLAIN            ? ""
          : r->fate == PLAN_IN_TRANSACTION ? " (in a transaction)"
                                           : " (to be taken back)");
    part_append(k, part, record);
}

static void records_come(struct run *run)
{
    struct kafka *k = &run->k;
    const struct plan *plan = run->plan;
    while (run->next_record < plan->n_records &&
           plan->record[run->next_record].at_ms <= k->now_ms) {
        const struct plan_record *r = &plan->record[run->next_record++];
        holds_end(run, false);
        if (r->json) {
            record_append(run, r);
            continue;
        }
        story(k, NULL, "partition %s is added", k->source[r->topic][r->partition].name);
        k->n_source_parts[r->topic] = r->partition + 1;
    }
    holds_end(run, false);
}

/* ---- the clock ---- */

/* Is somebody at work who needs but a moment? */
static bool is_busy(const struct run *run)
{
    bool busy = coordinator_is_busy(&run->k) || run->k.group.preparing;
    for (unsigned i = 0; i < PROCESSES; i++) {
        const struct process *p = run->process[i];
        busy |= p && !p->paused &&
                (p->worker->open || !p->client->polls || p->client->wish != WISH_NONE ||
                 !p->client->holds || p->leaving);
    }
    for (unsigned i = 0; i < 4; i++)
        busy |= run->hold[i].waits;
    for (uint32_t t = 0; t < run->topics.n_sources; t++)
        busy |= run->k.n_source_parts[t] > run->k.group.known[t];
    return busy;
}

/* When something happens by itself; -1 = never. */
static int64_t next_time(const struct run *run)
{
    int64_t next = -1;
#define SOONER(at_) next = next < 0 || (at_) < next ? (at_) : next
    if (run->next_record < run->plan->n_records)
        SOONER(run->plan->record[run->next_record].at_ms);
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i] && run->process[i]->paused)
            SOONER(run->process[i]->wake_ms);
    for (unsigned s = 0; s < run->rough.workers; s++)
        if (lives_of(run, s, false) == 0)
            SOONER(run->restart_ms[s]);
#undef SOONER
    return next;
}

/* Where nothing may be late no record may be passed by. */
static bool can_jump(const struct run *run)
{
    return run->plan->kind != PLAN_CLOCK || run->next_record == run->plan->n_records ||
           run->plan->record[run->next_record].at_ms > run->k.now_ms + 20 * CPI_MINUTE;
}

/* True if there is nothing to wait for any more. */
static bool clock_move(struct run *run)
{
    static const int64_t steps[] = { 5, 20, 100, 100, 100, 500, 2000 };
    struct kafka *k = &run->k;
    int64_t next = next_time(run), step;
    if (is_busy(run)) {
        step = run->wait_ms ? run->wait_ms * 2 : steps[roll_below(&run->dice, 7)];
        step = step > 10000 ? 10000 : step;
        run->wait_ms = step;
    } else if (next < 0) {
        return true;
    } else {
        step = next - k->now_ms;
        if (step > 1000 && chance(&run->dice, 10))
            step = 1 + (int64_t)(roll(&run->dice) % (uint64_t)step);
        run->wait_ms = 0;
    }
    if (can_jump(run) && happens(k, FAULT_CLOCK_JUMP))
        step += some_time(run);
    k->now_ms += step < 1 ? 1 : step;
    records_come(run);
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i] && !run->process[i]->paused)
            client_background(run->process[i]->client);
    idle_again(run);
    return false;
}

/* ---- playing ---- */
static void calm_down(struct run *run)
{
    struct kafka *k = &run->k;
    story(k, NULL, "nothing goes wrong any more");
    run->calm = true;
    idle_again(run);
    memset(k->fault, 0, sizeof k->fault);
    k->pace = (struct pace){ 300, 8000, 3000, 50, 5000 };
    k->coordinator_away_until = 0;
    for (uint32_t p = 0; p < PARTS_MAX; p++) {
        k->source[0][p].away_until = k->source[1][p].away_until = 0;
        k->frames[p].away_until = k->rows[p].away_until = 0;
        for (int t = 0; t < CPI_TOPICS; t++)
            k->out[t][p % OUT_PARTS].away_until = 0;
    }
}

/* False if all is done. */
static bool turn(struct run *run)
{
    struct kafka *k = &run->k;
    if (!run->calm && (run->turns > ROUGH_TURNS || run->next_record >= run->plan->calm_from))
        calm_down(run);
    if (!run->calm) {
        brokers_fail(run);
        workers_fail(run);
    }
    wake_up(run);
    coordinator_turn(k);
    group_turn(k);
    unsigned i = any_awake(run);
    if (i < PROCESSES) {
        run->process[i]->idle_turns++;
        client_background(run->process[i]->client);
        process_resume(run, i);
    }
    if (k->events != run->seen_events) {
        run->wait_ms = 0;
        idle_again(run);
    }
    run->seen_events = k->events;
    if (!is_quiet(run) && !(chance(&run->dice, 1) && is_busy(run)))
        return true;
    if (!clock_move(run))
        return true;
    if (run->calm)
        return false;
    calm_down(run);
    return true;
}

bool run_play(struct run *run, const struct plan *plan, const struct config *config,
              const struct roughness *rough, uint64_t seed, bool tell)
{
    memset(run, 0, sizeof *run);
    run->plan = plan;
    run->config = config;
    run->rough = *rough;
    run->dice.state = seed * 31 + 7;
    names_init(&run->topics, config->model);
    kafka_init(&run->k, &run->topics, plan->partitions, PLAN_BEGIN, seed * 131 + 3);
    memcpy(run->k.fault, rough->rates.fault, sizeof run->k.fault);
    run->k.pace = rough->rates.pace;
    run->k.story = tell;
    for (unsigned s = 0; s < rough->workers && rough->join_ms; s++)
        run->restart_ms[s] = (int64_t)(roll(&run->dice) % (uint64_t)rough->join_ms);
    records_come(run);
    while (!run->wrong && turn(run))
        if (++run->turns > TURNS_MAX)
            run->wrong = "it never came to rest";
    return !run->wrong;
}

void run_end(struct run *run)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i])
            process_kill(run, i);
    run->counts.late = run->k.late_met;
    kafka_fini(&run->k);
    names_fini(&run->topics);
}

/* ---- what is left ---- */
static struct worker_task *task_of(struct run *run, uint32_t q)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        if (run->process[i] && run->process[i]->worker->task[q].owned)
            return &run->process[i]->worker->task[q];
    return NULL;
}

/* How many rows of entities are alive in a changelog. */
static unsigned live_entities(const struct kafka_part *rows)
{
    unsigned n = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct kafka_record *r = &rows->record[i];
        bool last = part_shows(rows, (int64_t)i) && r->value && r->key[0] == 'e';
        for (size_t l = i + 1; last && l < rows->count; l++)
            last = !part_shows(rows, (int64_t)l) || rows->record[l].key_len != r->key_len ||
                   memcmp(rows->record[l].key, r->key, r->key_len) != 0;
        n += last;
    }
    return n;
}

static const char *task_leftovers(struct run *run, uint32_t q, unsigned *named, unsigned *firing)
{
    const struct worker_task *t = task_of(run, q);
    const struct kafka_part *rows = &run->k.rows[q];
    struct cpi_task_status kept, fresh;
    int64_t next;
    if (!t)
        return "a task that nobody has";
    struct cpi_task *task = cpi_task_new(run->config->model, q, run->topics.partitions);
    for (size_t i = 0; i < rows->count; i++)
        if (part_shows(rows, (int64_t)i))
            cpi_task_restore(task,
                             (struct cpi_text){ rows->record[i].key, rows->record[i].key_len },
                             (struct cpi_text){ rows->record[i].value, rows->record[i].value_len });
    cpi_task_restored(task, &next);
    cpi_task_status(task, &fresh);
    cpi_task_status(t->task, &kept);
    cpi_task_free(task);
    *named += (unsigned)kept.entities;
    *firing += (unsigned)kept.firing;
    if (next != run->k.offset[run->topics.n_sources][q].offset)
        return "the changelog's offset is not the group's";
    if (kept.journeys || kept.customers)
        return "journeys or customers are left";
    if (kept.entities != live_entities(rows) || kept.firing != fresh.firing ||
        kept.state_bytes > fresh.state_bytes + 1000)
        return "memory is not at the level of the surviving state";
    return NULL;
}

const char *run_leftovers(struct run *run)
{
    unsigned named = 0, firing = 0; /* team:phone is watched by name, and silent in the end */
    for (uint32_t q = 0; q < run->topics.partitions; q++) {
        const char *wrong = task_leftovers(run, q, &named, &firing);
        if (wrong)
            return wrong;
    }
    return named != 1 ? "entities are left" : firing != 1 ? "alerts are left" : NULL;
}

/* ---- how rough ---- */
void roughness_none(struct roughness *rough)
{
    *rough = (struct roughness){ .workers = 1 };
    rates_none(&rough->rates);
}

void roughness_draw(struct roughness *rough, struct dice *dice)
{
    *rough = (struct roughness){ .workers = 1 + roll_below(dice, SLOTS),
                                 .join_ms = chance(dice, 40) ? 6 * CPI_HOUR : 0,
                                 .skew_ms = chance(dice, 30) ? 4 * CPI_MINUTE : 0,
                                 .budget = chance(dice, 50) ? 0 : 1 + roll_below(dice, 8) };
    rates_draw(&rough->rates, dice);
}
