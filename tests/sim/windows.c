/* W4, W5: every published figure is what plain counting over the published facts gives. The
 * counting here knows nothing of panes, ladders and samples: it goes through all facts, every time.
 */
#include "check.h"
#include "desk.h"
#include "said.h"

#define LATENESS CPI_DAY
#define SUMMER INT64_C(1774746000000) /* begins in Berlin */

static struct config config;

#define ENTITIES_MAX 12
struct seen_fact {
    uint16_t indicator;
    char kind; /* c, e, o */
    bool good;
    int sign;
    int64_t time, known, amount;
    char entity[ENTITIES_MAX][40];
    unsigned n_entities;
};
struct seen_facts {
    struct seen_fact *at;
    size_t count, cap;
};

static void add_entity(struct seen_fact *fact, const char *format, const char *a, const char *b)
{
    snprintf(fact->entity[fact->n_entities++], sizeof fact->entity[0], format, a, b);
}

static struct seen_fact read_fact(const char *json)
{
    struct seen_fact fact = { 0 };
    fact.indicator = cpi_model_find_indicator(config.model, member_text(json, "indicator"));
    const struct cpi_indicator *ind = &config.model->indicator[fact.indicator];
    fact.kind = *member_text(json, "kind").at;
    fact.sign = member(json, "sign")[0] == '-' ? -1 : 1;
    fact.good = member(json, "good") && *member(json, "good") == 't';
    fact.time = member_time(json, "time");
    fact.known = member_time(json, "known");
    fact.amount = fact.kind == 'o' ? member_time(json, "opened")
                                   : member_number(json, "amount", ind->scale, 0);
    char rep[20], team[20], channel[20] = "unassigned";
    snprintf(rep, sizeof rep, "%.*s", CPI_TEXT_ARG(member_text(json, "rep")));
    if (cpi_text_is(member_text(json, "channel")))
        snprintf(channel, sizeof channel, "%.*s", CPI_TEXT_ARG(member_text(json, "channel")));
    add_entity(&fact, "org:*%s%s", "", "");
    add_entity(&fact, "rep:%s%s", rep, "");
    const char *teams = member(json, "teams") + 1;
    do {
        struct cpi_text name =
            *teams == '"' ? (struct cpi_text){ teams + 1, (uint32_t)strcspn(teams + 1, "\"") }
                          : CPI_TEXT("unassigned");
        snprintf(team, sizeof team, "%.*s", CPI_TEXT_ARG(name));
        add_entity(&fact, "team:%s%s", team, "");
        add_entity(&fact, "team+channel:%s+%s", team, channel);
        teams += *teams == '"' ? name.len + 2 : 0;
    } while (*teams++ == ',');
    return fact;
}

static struct seen_facts read_facts(const struct world *w)
{
    struct seen_facts facts = { NULL, 0, 0 };
    for (size_t i = 0; i < w->outputs.count; i++) {
        if (w->outputs.at[i].topic != CPI_TOPIC_FACTS)
            continue;
        facts.at = cpi_grow(facts.at, facts.count, &facts.cap, sizeof *facts.at);
        facts.at[facts.count++] = read_fact(w->outputs.at[i].value);
    }
    return facts;
}

/* ---- counting ---- */
struct count {
    int64_t n, good, sum, excluded, min, max, p50, p90;
};

static int order_numbers(const void *a, const void *b)
{
    int64_t l = *(const int64_t *)a, r = *(const int64_t *)b;
    return (l > r) - (l < r);
}

/* Takes every value that was taken back out of those that were put in. */
static size_t left(int64_t *plus, size_t n_plus, int64_t *minus, size_t n_minus)
{
    size_t kept = 0;
    qsort(plus, n_plus, sizeof *plus, order_numbers);
    qsort(minus, n_minus, sizeof *minus, order_numbers);
    for (size_t i = 0, k = 0; i < n_plus; i++) {
        if (k < n_minus && plus[i] == minus[k])
            k++;
        else
            plus[kept++] = plus[i];
    }
    return kept;
}

static bool concerns(const struct seen_fact *fact, uint16_t indicator, const char *entity)
{
    if (fact->indicator != indicator)
        return false;
    for (unsigned e = 0; e < fact->n_entities; e++)
        if (!strcmp(fact->entity[e], entity))
            return true;
    return false;
}

static struct count count(const struct seen_facts *facts, uint16_t indicator, const char *entity,
                          int64_t from, int64_t to, int64_t known_before)
{
    struct count c = { 0 };
    int64_t *plus = cpi_xmalloc((facts->count + 1) * sizeof *plus);
    int64_t *minus = cpi_xmalloc((facts->count + 1) * sizeof *minus);
    size_t n_plus = 0, n_minus = 0;
    for (size_t i = 0; i < facts->count; i++) {
        const struct seen_fact *fact = &facts->at[i];
        if (fact->time < from || fact->time >= to || fact->known >= known_before ||
            !concerns(fact, indicator, entity))
            continue;
        if (fact->kind == 'e') {
            c.excluded += fact->sign;
            continue;
        }
        c.n += fact->sign;
        c.good += fact->good ? fact->sign : 0;
        c.sum += fact->sign * fact->amount;
        if (fact->sign > 0)
            plus[n_plus++] = fact->amount;
        else
            minus[n_minus++] = fact->amount;
    }
    size_t n = left(plus, n_plus, minus, n_minus);
    if (n) {
        c.min = plus[0];
        c.max = plus[n - 1];
        c.p50 = plus[(n + 1) / 2 - 1];
        c.p90 = plus[(n * 9 + 9) / 10 - 1];
    }
    free(plus);
    free(minus);
    return c;
}

static int64_t local(int64_t t)
{
    return t + (t < SUMMER ? CPI_HOUR : 2 * CPI_HOUR);
}
static int64_t start_of(const struct cpi_window *window, int64_t end)
{
    if (!window->length_ms && !window->length_days)
        return CPI_TIME_MIN; /* a gauge */
    if (!window->length_days)
        return end - window->length_ms;
    int64_t start = local(end) - window->length_days * CPI_DAY;
    return start - CPI_HOUR < SUMMER ? start - CPI_HOUR : start - 2 * CPI_HOUR;
}

/* ---- comparing ---- */
static void check_member(const char *json, const char *name, unsigned scale, int64_t want)
{
    int64_t got = member_number(json, name, scale, INT64_MIN);
    if (!member(json, name) || got == want)
        return;
    CHECK_INT(got, want);
    printf("%s of %.700s\n", name, json);
}

static void check_figure(const struct seen_facts *facts, const char *json, uint16_t i,
                         const struct cpi_window *window, const char *entity, int64_t known_before)
{
    const struct cpi_indicator *ind = &config.model->indicator[i];
    int64_t end = member_time(json, "end");
    struct count c = count(facts, i, entity, start_of(window, end), end, known_before);
    check_member(json, "n", 0, c.n);
    check_member(json, "good", 0, c.good);
    check_member(json, "sum", ind->scale, c.sum);
    if (!c.n)
        return;
    check_member(json, "min", ind->scale, c.min);
    check_member(json, "max", ind->scale, c.max);
    check_member(json, "p50", ind->scale, c.p50);
    check_member(json, "p90", ind->scale, c.p90);
    check_member(json, "age_max", 0, end - c.min);
}

struct place {
    char entity[40];
    uint16_t indicator;
    const struct cpi_window *window;
};
/* Who, what and over which window; false for derived figures, which are no sums of facts. */
static bool place_of(const struct sim_output *output, struct place *ret)
{
    const struct cpi_model *model = config.model;
    ret->indicator = cpi_model_find_indicator(model, member_text(output->value, "indicator"));
    const struct cpi_indicator *ind = &model->indicator[ret->indicator];
    const char *window = strrchr(output->key, '|') + 1;
    snprintf(ret->entity, sizeof ret->entity, "%.*s", (int)strcspn(output->key, "|"), output->key);
    for (size_t o = 0; o < ind->n_over; o++)
        if (cpi_text_equal(model->window[ind->over[o]].name, cpi_text_of(window)))
            ret->window = &model->window[ind->over[o]];
    return ind->kind != CPI_DERIVED;
}

static bool is_figure(const struct sim_output *output)
{
    return (output->topic == CPI_TOPIC_INDICATORS || output->topic == CPI_TOPIC_REVISIONS) &&
           output->value;
}

/* Each update counts what was known before the boundary, each revision what was known at its step.
 */
static void check_all(const struct world *w, const struct seen_facts *facts)
{
    size_t revised = 0, on_time = 0;
    for (size_t i = 0; i < w->outputs.count && !check_.failed; i++) {
        const struct sim_output *output = &w->outputs.at[i];
        struct place place;
        if (!is_figure(output) || !place_of(output, &place))
            continue;
        bool is_revised = strstr(output->value, "\"update\":\"revised\"");
        int64_t watermark = member_time(output->value, "watermark");
        if (!is_revised)
            CHECK_INT(watermark, member_time(output->value, "end"));
        revised += is_revised;
        on_time += !is_revised;
        check_figure(facts, output->value, place.indicator, place.window, place.entity, watermark);
    }
    CHECK(on_time > 2000);
    CHECK(revised > 50);
}

/* ---- the last word on each end ---- */
static char *end_key(const struct sim_output *output)
{
    char key[160];
    snprintf(key, sizeof key, "%s|%lld", output->key, (long long)member_time(output->value, "end"));
    return cpi_xstrdup(key);
}
struct last {
    char *key;
    size_t number;
};
static int order_last(const void *a, const void *b)
{
    const struct last *l = a, *r = b;
    int order = strcmp(l->key, r->key);
    return order ? order : (l->number > r->number) - (l->number < r->number);
}
static int find_last(const void *key, const void *element)
{
    return strcmp(key, ((const struct last *)element)->key);
}

/* W4: whatever the order of arrival, the last revision is what batch counting over all that was
 * known within lateness gives; and no end that has something to say is silent. */
static void check_last(const struct world *w, const struct seen_facts *facts, uint64_t seed)
{
    struct last *last = cpi_xmalloc((w->outputs.count + 1) * sizeof *last);
    size_t n = 0, kept = 0, checked = 0;
    for (size_t i = 0; i < w->outputs.count; i++)
        if (is_figure(&w->outputs.at[i]))
            last[n++] = (struct last){ end_key(&w->outputs.at[i]), i };
    qsort(last, n, sizeof *last, order_last);
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && !strcmp(last[i].key, last[i + 1].key))
            free(last[i].key);
        else
            last[kept++] = last[i];
    }
    struct dice dice = { seed };
    for (unsigned i = 0; i < 3000 && !check_.failed; i++) {
        const struct seen_fact *fact = &facts->at[roll(&dice) % facts->count];
        const struct cpi_indicator *ind = &config.model->indicator[fact->indicator];
        const char *entity = fact->entity[roll_below(&dice, fact->n_entities)];
        const struct cpi_window *window =
            &config.model->window[ind->over[roll_below(&dice, (unsigned)ind->n_over)]];
        int64_t every = window->every_days ? CPI_DAY : window->every_ms;
        int64_t end = local(fact->time) / every * every + every * (1 + roll_below(&dice, 8));
        end -= end - CPI_HOUR < SUMMER ? CPI_HOUR : 2 * CPI_HOUR;
        struct count c =
            count(facts, fact->indicator, entity, start_of(window, end), end, end + LATENESS);
        char key[160];
        snprintf(key, sizeof key, "%s|%.*s|%.*s|%lld", entity, CPI_TEXT_ARG(ind->name),
                 CPI_TEXT_ARG(window->name), (long long)end);
        struct last *found = bsearch(key, last, kept, sizeof *last, find_last);
        if (!found && c.n > 0)
            printf("silent: %s n=%lld\n", key, (long long)c.n);
        CHECK(found || c.n <= 0);
        if (!found)
            continue;
        checked++;
        check_figure(facts, w->outputs.at[found->number].value, fact->indicator, window, entity,
                     end + LATENESS);
    }
    CHECK(checked > 500);
    for (size_t i = 0; i < kept; i++)
        free(last[i].key);
    free(last);
}

static void test_counting(uint64_t seed, int64_t delay_ms, unsigned tasks)
{
    struct sim_records records;
    struct world w;
    const struct sim_setup setup = { .tasks = tasks,
                                     .records_most = 10,
                                     .frames_most = 4,
                                     .budget = UINT64_MAX,
                                     .actions_most = 3,
                                     .replay = true,
                                     .every_boundary = true,
                                     .intake_percent = 30 };
    desk_open(&records, &(struct desk){ 25, 4, 5, false, true }, seed);
    desk_delay(&records, 40, delay_ms, seed);
    desk_beat(&records, 2, DESK_BEGIN);
    desk_beat(&records, 2, DESK_BEGIN + 14 * CPI_DAY);
    world_init(&w, &config, setup, &records, 2, seed);
    world_run(&w);
    struct seen_facts facts = read_facts(&w);
    check_all(&w, &facts);
    check_last(&w, &facts, seed);
    if (check_.failed)
        printf("seed %llu\n", (unsigned long long)seed);
    free(facts.at);
    world_fini(&w);
    records_fini(&records);
}

/* ---- all that is left in the end ---- */

/* Facts without what depends on when they were known, +1 and -1 set off. */
static struct lines net_facts(const struct sim_records *records, uint64_t seed)
{
    struct world w;
    const struct sim_setup setup = { .tasks = 2,
                                     .records_most = 20,
                                     .frames_most = 4,
                                     .budget = UINT64_MAX,
                                     .actions_most = 3,
                                     .replay = true,
                                     .intake_percent = 30 };
    struct lines all = { 0 }, kept = { 0 };
    world_init(&w, &config, setup, records, 2, seed);
    world_run(&w);
    for (size_t i = 0; i < w.outputs.count; i++) {
        if (w.outputs.at[i].topic != CPI_TOPIC_FACTS)
            continue;
        const char *json = w.outputs.at[i].value, *sign = member(json, "sign");
        const char *known = strstr(json, ",\"known\":"), *rest = strchr(known + 1, ',');
        char *line = cpi_xmalloc(strlen(json) + 2);
        sprintf(line, "%.*s%s%c", (int)(known - strchr(sign, ',')), strchr(sign, ','), rest,
                *sign == '-' ? '-' : '+');
        char *named = cpi_xmalloc(strlen(json) + strlen(line) + 2);
        sprintf(named, "%.*s%s", (int)(sign - json), json, line);
        free(line);
        lines_add(&all, named);
    }
    lines_sort(&all);
    for (size_t i = 0, end; i < all.count; i = end) {
        size_t length = strlen(all.at[i]) - 1;
        int sum = 0;
        for (end = i; end < all.count && strlen(all.at[end]) == length + 1 &&
                      !strncmp(all.at[end], all.at[i], length);
             end++)
            sum += all.at[end][length] == '+' ? 1 : -1;
        char *line = cpi_xmalloc(length + 20);
        sprintf(line, "%.*s %d", (int)length, all.at[i], sum);
        if (sum)
            lines_add(&kept, line);
        else
            free(line);
    }
    lines_fini(&all);
    world_fini(&w);
    return kept;
}

static void test_end(uint64_t seed)
{
    struct sim_records records;
    desk_open(&records, &(struct desk){ 30, 4, 5, false, true }, seed);
    desk_beat(&records, 2, DESK_BEGIN);
    desk_beat(&records, 2, DESK_BEGIN + 14 * CPI_DAY);
    struct lines in_time = net_facts(&records, seed);
    desk_delay(&records, 60, 20 * CPI_HOUR, seed);
    struct lines late = net_facts(&records, seed);
    CHECK(in_time.count > 300);
    CHECK(lines_equal(&in_time, &late, "facts"));
    if (check_.failed)
        printf("seed %llu\n", (unsigned long long)seed);
    lines_fini(&in_time);
    lines_fini(&late);
    records_fini(&records);
}

int main(void)
{
    desk_load("tests/sim/desk.conf", &config);
    TEST ("W4 W5 figures are plain counts of facts: late by hours") {
        for (uint64_t seed = 1; seed < 1 + seeds(1) && !check_.failed; seed++)
            test_counting(seed, 6 * CPI_HOUR, 1);
    }
    TEST ("W4 W5 figures are plain counts of facts: late by days") {
        for (uint64_t seed = 11; seed < 11 + seeds(1) && !check_.failed; seed++)
            test_counting(seed, 3 * CPI_DAY, 3);
    }
    TEST ("promise 3: any order of arrival leaves the same facts in the end") {
        for (uint64_t seed = 21; seed < 21 + seeds(2) && !check_.failed; seed++)
            test_end(seed);
    }
    config_fini(&config);
    return check_done();
}
