#include "check.h"

#include "../said.h"

/* ---- what was committed, a list of lines ---- */
struct said_line {
    const char *key, *value, *note; /* of the record; value NULL = tombstone */
    size_t order;
    int64_t end; /* of the window that it is about, for those of figures */
};
struct said_lines {
    struct said_line *at;
    size_t count, cap;
};

static int order_said(const void *a, const void *b)
{
    const struct said_line *l = a, *r = b;
    int order = strcmp(l->key, r->key);
    return order ? order : (l->order > r->order) - (l->order < r->order);
}

/* Of one topic, by key, in the order of each key. */
static struct said_lines said(const struct run *run, enum cpi_topic topic)
{
    struct said_lines all = { NULL, 0, 0 };
    for (unsigned p = 0; p < OUT_PARTS; p++) {
        const struct kafka_part *part = &run->k.out[topic][p];
        for (size_t i = 0; i < part->count; i++) {
            const struct kafka_record *r = &part->record[i];
            if (!part_shows(part, (int64_t)i))
                continue;
            all.at = cpi_grow(all.at, all.count, &all.cap, sizeof *all.at);
            all.at[all.count] =
                (struct said_line){ r->key ? r->key : "", r->value, r->note, all.count, 0 };
            all.count++;
        }
    }
    if (all.count > 1)
        qsort(all.at, all.count, sizeof *all.at, order_said);
    return all;
}

/* ---- promises 1 and 2 ---- */
static bool compare(struct lines *a, struct lines *b, const char *what, bool in_order)
{
    if (!in_order) {
        lines_sort(a);
        lines_sort(b);
    }
    bool same = lines_equal(a, b, what);
    lines_fini(a);
    lines_fini(b);
    return same;
}

static char *line_of(const struct said_line *line, size_t number)
{
    char head[400];
    snprintf(head, sizeof head, "%s #%04zu ", line->key, number);
    char *text = cpi_xmalloc(strlen(head) + (line->value ? strlen(line->value) : 6) + 1);
    strcat(strcpy(text, head), line->value ? line->value : "(gone)");
    return text;
}

/* Keys with their numbers, so that sorting leaves the order within each key. */
static struct lines numbered(const struct run *run, enum cpi_topic topic)
{
    struct said_lines all = said(run, topic);
    struct lines lines = { NULL, 0, 0 };
    size_t number = 0;
    for (size_t i = 0; i < all.count; i++) {
        number = i && strcmp(all.at[i].key, all.at[i - 1].key) == 0 ? number + 1 : 0;
        lines_add(&lines, line_of(&all.at[i], number));
    }
    free(all.at);
    return lines;
}

/* What is said of a boundary at its time, without what is said of it later. */
static struct lines first_words(const struct run *run)
{
    struct said_lines all = said(run, CPI_TOPIC_INDICATORS);
    struct lines lines = { NULL, 0, 0 };
    for (size_t i = 0; i < all.count; i++)
        if (all.at[i].value && strstr(all.at[i].value, "\"update\":\"on_time\""))
            lines_add(&lines, line_of(&all.at[i], 0));
    free(all.at);
    return lines;
}

/* Alerts as they change; that they are told again in between is another matter. */
static struct lines transitions(const struct run *run)
{
    struct said_lines all = said(run, CPI_TOPIC_ALERTS);
    struct lines lines = { NULL, 0, 0 };
    char last[200] = "", now[200];
    size_t number = 0;
    for (size_t i = 0; i < all.count; i++) {
        const char *json = all.at[i].value;
        bool firing = strstr(json, "\"status\":\"firing\"") != NULL;
        snprintf(now, sizeof now, "%s %s %.24s %.24s", all.at[i].key,
                 firing ? "firing" : "resolved", member(json, "startsAt") + 1,
                 firing ? "" : member(json, "endsAt") + 1);
        if (strcmp(now, last) == 0)
            continue;
        bool same_key = strncmp(now, last, 16) == 0;
        number = same_key ? number + 1 : 0;
        strcpy(last, now);
        struct said_line line = all.at[i];
        lines_add(&lines, line_of(&line, number));
    }
    free(all.at);
    return lines;
}

/* A copy of `line` without "name":value, and with the sign at its end. */
static char *without(char *line, const char *name)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    char *at = strstr(line, quoted);
    if (at) {
        size_t len = strlen(quoted);
        char *end = at + len + strcspn(at + len, at[len] == '{' ? "}" : ",}");
        end += 1 + (at[len] == '{');
        memmove(at, end, strlen(end) + 1);
    }
    return line;
}

/* Facts, those that were taken back set off against what they take back. */
static struct lines net_facts(const struct run *run, bool known)
{
    struct said_lines all = said(run, CPI_TOPIC_FACTS);
    struct lines signs = { NULL, 0, 0 }, kept = { NULL, 0, 0 };
    for (size_t i = 0; i < all.count; i++) {
        bool minus = strstr(all.at[i].value, "\"sign\":-") != NULL;
        char *line = cpi_xmalloc(strlen(all.at[i].value) + 2);
        without(strcpy(line, all.at[i].value), "sign");
        if (!known) /* nor by what it was decided first */
            without(without(line, "known"), "by");
        lines_add(&signs, strcat(line, minus ? "-" : "+"));
    }
    lines_sort(&signs);
    for (size_t i = 0, end; i < signs.count; i = end) {
        size_t length = strlen(signs.at[i]) - 1;
        int sum = 0;
        for (end = i; end < signs.count && strlen(signs.at[end]) == length + 1 &&
                      strncmp(signs.at[end], signs.at[i], length) == 0;
             end++)
            sum += signs.at[end][length] == '+' ? 1 : -1;
        for (int n = 0; n < abs(sum); n++) {
            char *line = cpi_xstrdup(signs.at[i]);
            line[length] = sum > 0 ? '+' : '-';
            lines_add(&kept, line);
        }
    }
    lines_fini(&signs);
    free(all.at);
    return kept;
}

bool check_same(const struct run *run, const struct run *clean)
{
    bool strict = run->plan->kind != PLAN_CLOCK_LATE;
    struct lines a = net_facts(run, strict), b = net_facts(clean, strict);
    bool same = compare(&a, &b, "facts", false);
    if (!strict)
        return same;
    a = numbered(run, CPI_TOPIC_INDICATORS), b = numbered(clean, CPI_TOPIC_INDICATORS);
    same &= compare(&a, &b, "updates", false);
    a = numbered(run, CPI_TOPIC_REVISIONS), b = numbered(clean, CPI_TOPIC_REVISIONS);
    same &= compare(&a, &b, "revisions", false);
    a = first_words(run), b = first_words(clean);
    same &= compare(&a, &b, "on-time updates", false);
    a = transitions(run), b = transitions(clean);
    return compare(&a, &b, "alert transitions", false) && same;
}

/* ---- promise 3 ---- */
struct figures { /* of one entity, indicator and window */
    const struct said_line *update, *revision;
    size_t n_updates, n_revisions;
};

static const struct said_line *find_key(const struct said_lines *all, const char *key, size_t *n)
{
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (strcmp(all->at[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *n = 0;
    while (low + *n < all->count && strcmp(all->at[low + *n].key, key) == 0)
        ++*n;
    return &all->at[low];
}

/* The last word on a boundary: about it, or, if it was not worth one, about the one before. */
static const char *last_word(const struct figures *f, int64_t end)
{
    const char *word = NULL;
    for (size_t i = 0; i < f->n_revisions; i++)
        if (f->revision[i].end == end)
            word = f->revision[i].value;
    for (size_t i = 0; i < f->n_updates && !word; i++) { /* from the back */
        const struct said_line *update = &f->update[f->n_updates - 1 - i];
        if (update->value && update->end <= end)
            word = update->value;
    }
    return word;
}

static bool number_is(const char *json, const char *name, int64_t want)
{
    int64_t got = member_number(json, name, 0, INT64_MIN);
    if (!member(json, name) || got == want)
        return true;
    printf("batch: %s is %lld, not %lld: %.600s\n", name, (long long)got, (long long)want, json);
    return false;
}

static bool figure_is(const char *json, const struct batch_figure *want, const char *key,
                      int64_t end)
{
    if (!json && want->n == 0)
        return true;
    if (!json) {
        printf("batch: nothing was said of %s at %lld min, and n is %lld\n", key,
               (long long)(end - PLAN_BEGIN) / CPI_MINUTE, (long long)want->n);
        return false;
    }
    bool fine = number_is(json, "n", want->n) && number_is(json, "good", want->good) &&
                number_is(json, "sum", want->n ? want->sum : 0);
    if (want->n > 0 && fine)
        fine = number_is(json, "min", want->min) && number_is(json, "max", want->max) &&
               number_is(json, "p50", want->p50) && number_is(json, "p90", want->p90) &&
               (!member(json, "age_max") ||
                number_is(json, "age_max", member_time(json, "end") - want->min));
    if (!fine)
        printf("batch: the last word on %s at %lld min\n", key,
               (long long)(end - PLAN_BEGIN) / CPI_MINUTE);
    return fine;
}

static bool figures_are(const struct figures *f, const struct batch *batch,
                        enum batch_indicator indicator, unsigned entity, const char *key,
                        int64_t length, int64_t every)
{
    struct batch_figure before = { 0 };
    const char *said_before = NULL;
    for (int64_t end = PLAN_BEGIN; end <= PLAN_BEGIN + 36 * CPI_HOUR; end += every) {
        struct batch_figure want = batch_read(batch, indicator, entity, end - length, end);
        const char *word = last_word(f, end);
        bool same = word == said_before && memcmp(&want, &before, sizeof want) == 0;
        if (!same && !figure_is(word, &want, key, end))
            return false;
        before = want;
        said_before = word;
    }
    return true;
}

static struct said_lines said_of_figures(const struct run *run, enum cpi_topic topic)
{
    struct said_lines all = said(run, topic);
    for (size_t i = 0; i < all.count; i++)
        if (all.at[i].value)
            all.at[i].end = member_time(all.at[i].value, "end");
    return all;
}

bool check_batch(const struct run *run, const struct batch *batch)
{
    static const struct {
        const char *name;
        int64_t length, every;
    } windows[] = { { "hour", CPI_HOUR, 10 * CPI_MINUTE },
                    { "six", 6 * CPI_HOUR, CPI_HOUR },
                    { "now", 0, CPI_HOUR } };
    struct said_lines updates = said_of_figures(run, CPI_TOPIC_INDICATORS);
    struct said_lines revisions = said_of_figures(run, CPI_TOPIC_REVISIONS);
    bool fine = true;
    for (unsigned e = 0; e < BATCH_ENTITIES; e++)
        for (int i = 0; i < BATCH_INDICATORS; i++)
            for (unsigned w = 0; w < 3 && fine; w++) {
                char key[64];
                struct figures f;
                if ((i == BATCH_BACKLOG) != (w == 2))
                    continue;
                snprintf(key, sizeof key, "%s|%s|%s", batch_entity_name[e], batch_indicator_name[i],
                         windows[w].name);
                f.update = find_key(&updates, key, &f.n_updates);
                f.revision = find_key(&revisions, key, &f.n_revisions);
                fine = figures_are(&f, batch, (enum batch_indicator)i, e, key, windows[w].length,
                                   windows[w].every);
            }
    free(updates.at);
    free(revisions.at);
    return fine;
}

/* ---- alerts ---- */

/* Firing and resolved take turns, resolved is told at most three times, and nothing is told twice
 * at one moment. */
bool check_alerts(const struct run *run)
{
    struct said_lines all = said(run, CPI_TOPIC_ALERTS);
    bool fine = true;
    unsigned told = 0;
    for (size_t i = 0; i < all.count && fine; i++) {
        const char *json = all.at[i].value, *before = NULL;
        if (i && strcmp(all.at[i].key, all.at[i - 1].key) == 0)
            before = all.at[i - 1].value;
        bool firing = strstr(json, "\"status\":\"firing\"") != NULL;
        bool was_firing = before && strstr(before, "\"status\":\"firing\"");
        told = !firing && before && !was_firing ? told + 1 : 1;
        if (!firing && (told > 3 || !before))
            fine = false;
        if (before && member_time(json, "startsAt") < member_time(before, "startsAt"))
            fine = false;
        if (firing && was_firing &&
            member_time(json, "startsAt") == member_time(before, "startsAt") &&
            member_time(json, "endsAt") == member_time(before, "endsAt"))
            fine = false;
        if (!fine)
            printf("alerts: out of order:\n  %.500s\n  %.500s\n", before ? before : "-", json);
    }
    free(all.at);
    return fine;
}

/* ---- dead letters ---- */
bool check_dead_letters(const struct run *run)
{
    struct said_lines all = said(run, CPI_TOPIC_DEAD_LETTERS);
    struct lines got = { NULL, 0, 0 }, want = { NULL, 0, 0 };
    for (size_t i = 0; i < all.count; i++) {
        const char *place = strstr(all.at[i].note, "topic=");
        lines_add(&got, cpi_xstrdup(place ? place : all.at[i].note));
    }
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t p = 0; p < PARTS_MAX; p++) {
            const struct kafka_part *part = &run->k.source[t][p];
            for (size_t at = 0; at < part->count; at++) {
                char line[100];
                if (!part_shows(part, (int64_t)at) ||
                    strncmp(part->record[at].value, "{\"id\":\"bad", 10) != 0)
                    continue;
                snprintf(line, sizeof line, "topic=%s;partition=%u;offset=%zu;",
                         run->topics.source[t], p, at);
                lines_add(&want, cpi_xstrdup(line));
            }
        }
    free(all.at);
    return compare(&got, &want, "dead letters", false);
}

/* ---- all read ---- */
static bool all_read(const struct run *run, const struct kafka_part *part, uint32_t t, uint32_t p)
{
    if (part_stable(part) != (int64_t)part->count) {
        printf("rest: %s has an undecided transaction\n", part->name);
        return false;
    }
    int64_t at = run->k.offset[t][p].offset;
    for (at = at < part->begin ? part->begin : at; at < (int64_t)part->count; at++)
        if (part_shows(part, at)) {
            printf("rest: %s was not read from %lld on\n", part->name, (long long)at);
            return false;
        }
    return true;
}

bool check_rest(const struct run *run)
{
    bool fine = true;
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t p = 0; p < run->k.n_source_parts[t]; p++)
            fine &= all_read(run, &run->k.source[t][p], t, p);
    for (uint32_t q = 0; q < run->topics.partitions; q++)
        fine &= all_read(run, &run->k.frames[q], 2, q);
    return fine;
}

void show_said(const struct run *run, const char *which)
{
    const char *text = getenv("SIM_SHOW");
    for (int t = 0; text && t < CPI_TOPICS; t++) {
        struct said_lines all = said(run, (enum cpi_topic)t);
        for (size_t i = 0; i < all.count; i++)
            if (strstr(all.at[i].key, text))
                printf("%s %s %s %s\n", which, cpi_topic_name((enum cpi_topic)t), all.at[i].key,
                       all.at[i].value ? all.at[i].value : "(gone)");
        free(all.at);
    }
}
