/* Reading people and customers. */
#include <string.h>

#include "cpi/event.h"
#include "event/csv.h"
#include "event/directory.h"

/* An id is what stands in keys and outputs: no control characters, of bounded length. */
static bool check_id(struct csv *csv, struct cpi_text id, const char *what)
{
    for (uint32_t i = 0; i < id.len; i++)
        if ((unsigned char)id.at[i] < ' ') {
            csv_complain(csv, "%s holds a control character", what);
            return false;
        }
    if (id.len > CPI_ID_BYTES_MAX) {
        csv_complain(csv, "%s is longer than %d bytes", what, CPI_ID_BYTES_MAX);
        return false;
    }
    return true;
}

static bool check_columns(struct csv *csv, size_t n_columns)
{
    if (csv->n_fields == n_columns)
        return true;
    csv_complain(csv, "%zu fields in a line, but %zu columns", csv->n_fields, n_columns);
    return false;
}

/* Takes the next alias off `t`; false at the end or after a complaint. */
static bool next_alias(struct csv *csv, struct cpi_text *t, struct alias *ret)
{
    *t = cpi_text_trim(*t);
    uint32_t len = 0;
    while (len < t->len && !strchr(" \t\r\n", t->at[len]))
        len++;
    struct cpi_text word = cpi_text_part(*t, 0, len);
    *t = cpi_text_part(*t, len, UINT32_MAX);
    int64_t colon = word.len ? cpi_text_find(word, CPI_TEXT(":")) : -1;
    if (!word.len)
        return false;
    if (colon <= 0 || (uint32_t)colon + 1 == word.len) {
        csv_complain(csv, "'%.*s' is no alias: want source:id", CPI_TEXT_ARG(word));
        return false;
    }
    if (!check_id(csv, word, "an alias"))
        return false;
    ret->source = cpi_text_part(word, 0, (uint32_t)colon);
    ret->raw = cpi_text_part(word, (uint32_t)colon + 1, UINT32_MAX);
    return true;
}

static bool same_alias(const struct alias *a, const struct alias *b)
{
    return cpi_text_equal(a->raw, b->raw) && cpi_text_equal(a->source, b->source);
}

/* ---- people ---- */

enum { REP, TEAM, FROM, UNTIL, ALSO, PEOPLE_COLUMNS };
static const char *const people_columns[PEOPLE_COLUMNS] = { "rep", "team", "from", "until",
                                                            "also" };

static bool read_date(struct csv *csv, struct cpi_text t, const struct cpi_zone *zone, int64_t open,
                      int64_t *ret)
{
    *ret = open;
    if (!t.len || (t.len == 10 && cpi_time_parse(t, zone, ret)))
        return true;
    csv_complain(csv, "'%.*s' is no date: want YYYY-MM-DD", CPI_TEXT_ARG(t));
    return false;
}

static uint32_t person_ensure(struct cpi_directory *dir, struct cpi_text id)
{
    uint64_t hash = cpi_hash_text(id);
    for (uint32_t p = cpi_index_first(&dir->people, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->people, hash, p))
        if (cpi_text_equal(dir->person[cpi_index_at(&dir->people, p)].id, id))
            return cpi_index_at(&dir->people, p);
    dir->person = cpi_grow(dir->person, dir->n_people, &dir->people_cap, sizeof *dir->person);
    dir->person[dir->n_people] = (struct person){ cpi_arena_text(&dir->arena, id), CPI_NONE };
    cpi_index_add(&dir->people, hash, (uint32_t)dir->n_people);
    return (uint32_t)dir->n_people++;
}

static bool overlap(const struct period *a, const struct period *b)
{
    return a->from < b->until && b->from < a->until;
}

static bool check_overlap(struct csv *csv, const struct cpi_directory *dir, uint32_t person,
                          const struct period *row)
{
    for (uint32_t p = dir->person[person].period; p != CPI_NONE; p = dir->period[p].next)
        if (overlap(&dir->period[p], row)) {
            csv_complain(csv,
                         "'%.*s' is already somewhere at that time: see %s:%u; set until and from "
                         "so that the rows do not overlap",
                         CPI_TEXT_ARG(dir->person[person].id), dir->period[p].at.file,
                         dir->period[p].at.line);
            return false;
        }
    return true;
}

static bool check_alias(struct csv *csv, const struct cpi_directory *dir, const struct alias *alias,
                        uint64_t hash)
{
    for (uint32_t p = cpi_index_first(&dir->aliases, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->aliases, hash, p)) {
        const struct alias *other = &dir->alias[cpi_index_at(&dir->aliases, p)];
        const struct period *row = &dir->period[other->period];
        if (!same_alias(other, alias) || other->owner == alias->owner ||
            !overlap(row, &dir->period[alias->period]))
            continue;
        csv_complain(csv, "'%.*s:%.*s' already names '%.*s' at that time: see %s:%u",
                     CPI_TEXT_ARG(alias->source), CPI_TEXT_ARG(alias->raw),
                     CPI_TEXT_ARG(dir->person[other->owner].id), row->at.file, row->at.line);
        return false;
    }
    return true;
}

static void add_aliases(struct csv *csv, struct cpi_directory *dir, struct cpi_text also,
                        uint32_t person, uint32_t period)
{
    struct alias alias = { .owner = person, .period = period };
    while (next_alias(csv, &also, &alias)) {
        uint64_t hash = directory_alias_hash(alias.source, alias.raw);
        if (!check_alias(csv, dir, &alias, hash))
            continue;
        alias.source = cpi_arena_text(&dir->arena, alias.source);
        alias.raw = cpi_arena_text(&dir->arena, alias.raw);
        dir->alias = cpi_grow(dir->alias, dir->n_aliases, &dir->alias_cap, sizeof *dir->alias);
        dir->alias[dir->n_aliases] = alias;
        cpi_index_add(&dir->aliases, hash, (uint32_t)dir->n_aliases++);
    }
}

static void add_person(struct csv *csv, struct cpi_directory *dir, const int *column)
{
    struct cpi_text rep = csv_field(csv, column[REP]), team = csv_field(csv, column[TEAM]);
    struct period row = { .team = CPI_NONE, .at = { csv->file, csv->line } };
    if (!rep.len) {
        csv_complain(csv, "a row without a rep");
        return;
    }
    if (!check_id(csv, rep, "the rep") || !check_id(csv, team, "the team") ||
        !read_date(csv, csv_field(csv, column[FROM]), dir->zone, INT64_MIN, &row.from) ||
        !read_date(csv, csv_field(csv, column[UNTIL]), dir->zone, INT64_MAX, &row.until))
        return;
    if (row.until <= row.from) {
        csv_complain(csv, "until is not after from");
        return;
    }
    uint32_t person = person_ensure(dir, rep);
    if (!check_overlap(csv, dir, person, &row))
        return;
    if (team.len)
        row.team = directory_team_ensure(dir, team);
    row.next = dir->person[person].period;
    dir->period = cpi_grow(dir->period, dir->n_periods, &dir->period_cap, sizeof *dir->period);
    dir->period[dir->n_periods] = row;
    dir->person[person].period = (uint32_t)dir->n_periods++;
    add_aliases(csv, dir, csv_field(csv, column[ALSO]), person, dir->person[person].period);
}

void cpi_directory_add_people(struct cpi_directory *dir, const char *file, struct cpi_text text,
                              struct cpi_diag *diag)
{
    struct cpi_arena scratch;
    struct csv csv;
    int column[PEOPLE_COLUMNS];
    cpi_arena_init(&scratch);
    dir->has_people = true;
    if (csv_init(&csv, file, text, &scratch, diag) &&
        csv_read_header(&csv, people_columns, PEOPLE_COLUMNS, 1, column)) {
        size_t n_columns = csv.n_fields;
        while (csv_read(&csv))
            if (check_columns(&csv, n_columns))
                add_person(&csv, dir, column);
    }
    directory_paths_settle(dir);
    cpi_arena_fini(&scratch);
}

/* ---- customers ---- */

static uint32_t customer_ensure(struct cpi_directory *dir, struct cpi_text id)
{
    uint64_t hash = cpi_hash_text(id);
    for (uint32_t p = cpi_index_first(&dir->customers, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->customers, hash, p))
        if (cpi_text_equal(dir->customer[cpi_index_at(&dir->customers, p)], id))
            return cpi_index_at(&dir->customers, p);
    dir->customer =
        cpi_grow(dir->customer, dir->n_customers, &dir->customer_cap, sizeof *dir->customer);
    dir->customer[dir->n_customers] = cpi_arena_text(&dir->arena, id);
    cpi_index_add(&dir->customers, hash, (uint32_t)dir->n_customers);
    return (uint32_t)dir->n_customers++;
}

/* False if the alias is known already; a complaint if it is another customer's. */
static bool check_customer_alias(struct csv *csv, const struct cpi_directory *dir,
                                 const struct alias *alias, uint64_t hash)
{
    for (uint32_t p = cpi_index_first(&dir->customer_aliases, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->customer_aliases, hash, p)) {
        const struct alias *other = &dir->customer_alias[cpi_index_at(&dir->customer_aliases, p)];
        if (!same_alias(other, alias))
            continue;
        if (other->owner != alias->owner)
            csv_complain(csv, "'%.*s:%.*s' already names '%.*s'", CPI_TEXT_ARG(alias->source),
                         CPI_TEXT_ARG(alias->raw), CPI_TEXT_ARG(dir->customer[other->owner]));
        return false;
    }
    return true;
}

static void add_customer(struct csv *csv, struct cpi_directory *dir, const int *column)
{
    struct cpi_text id = csv_field(csv, column[0]), also = csv_field(csv, column[1]);
    if (!id.len)
        csv_complain(csv, "a row without a customer");
    if (!id.len || !check_id(csv, id, "the customer"))
        return;
    struct alias alias = { .owner = customer_ensure(dir, id), .period = CPI_NONE };
    while (next_alias(csv, &also, &alias)) {
        uint64_t hash = directory_alias_hash(alias.source, alias.raw);
        if (!check_customer_alias(csv, dir, &alias, hash))
            continue;
        alias.source = cpi_arena_text(&dir->arena, alias.source);
        alias.raw = cpi_arena_text(&dir->arena, alias.raw);
        dir->customer_alias = cpi_grow(dir->customer_alias, dir->n_customer_aliases,
                                       &dir->customer_alias_cap, sizeof *dir->customer_alias);
        dir->customer_alias[dir->n_customer_aliases] = alias;
        cpi_index_add(&dir->customer_aliases, hash, (uint32_t)dir->n_customer_aliases++);
    }
}

void cpi_directory_add_customers(struct cpi_directory *dir, const char *file, struct cpi_text text,
                                 struct cpi_diag *diag)
{
    static const char *const columns[] = { "customer", "also" };
    struct cpi_arena scratch;
    struct csv csv;
    int column[2];
    cpi_arena_init(&scratch);
    if (csv_init(&csv, file, text, &scratch, diag) &&
        csv_read_header(&csv, columns, 2, 1, column)) {
        size_t n_columns = csv.n_fields;
        while (csv_read(&csv))
            if (check_columns(&csv, n_columns))
                add_customer(&csv, dir, column);
    }
    cpi_arena_fini(&scratch);
}
