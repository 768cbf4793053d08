/* Looking people, customers and teams up. */
#include "event/directory.h"

#include <stdlib.h>
#include <string.h>

struct cpi_directory *cpi_directory_new(const struct cpi_zone *zone)
{
    struct cpi_directory *dir = cpi_xcalloc(1, sizeof *dir);
    cpi_arena_init(&dir->arena);
    dir->zone = zone;
    return dir;
}

void cpi_directory_free(struct cpi_directory *dir)
{
    if (!dir)
        return;
    cpi_index_fini(&dir->people);
    cpi_index_fini(&dir->aliases);
    cpi_index_fini(&dir->customers);
    cpi_index_fini(&dir->customer_aliases);
    cpi_index_fini(&dir->teams);
    free(dir->person);
    free(dir->period);
    free(dir->alias);
    free(dir->customer);
    free(dir->customer_alias);
    free(dir->team);
    cpi_arena_fini(&dir->arena);
    free(dir);
}

bool cpi_directory_has_people(const struct cpi_directory *dir)
{
    return dir->has_people;
}

uint64_t directory_alias_hash(struct cpi_text source, struct cpi_text raw)
{
    uint64_t hash = cpi_hash_text(source);
    return (hash << 23 | hash >> 41) ^ cpi_hash_text(raw);
}

static const struct period *period_at(const struct cpi_directory *dir, uint32_t person,
                                      int64_t time)
{
    for (uint32_t p = dir->person[person].period; p != CPI_NONE; p = dir->period[p].next)
        if (dir->period[p].from <= time && time < dir->period[p].until)
            return &dir->period[p];
    return NULL;
}

/* Whom the alias names at a time: the one whose row with it is valid then. Else it stays with its
 * person in their other rows, unless it was several people's. */
static uint32_t alias_owner(const struct cpi_directory *dir, struct cpi_text source,
                            struct cpi_text raw, int64_t time)
{
    uint32_t only = CPI_NONE;
    bool several = false;
    uint64_t hash = directory_alias_hash(source, raw);
    for (uint32_t p = cpi_index_first(&dir->aliases, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->aliases, hash, p)) {
        const struct alias *alias = &dir->alias[cpi_index_at(&dir->aliases, p)];
        if (!cpi_text_equal(alias->raw, raw) || !cpi_text_equal(alias->source, source))
            continue;
        const struct period *row = &dir->period[alias->period];
        if (row->from <= time && time < row->until)
            return alias->owner;
        several |= only != CPI_NONE && only != alias->owner;
        only = alias->owner;
    }
    return several ? CPI_NONE : only;
}

static uint32_t person_find(const struct cpi_directory *dir, struct cpi_text id)
{
    uint64_t hash = cpi_hash_text(id);
    for (uint32_t p = cpi_index_first(&dir->people, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->people, hash, p))
        if (cpi_text_equal(dir->person[cpi_index_at(&dir->people, p)].id, id))
            return cpi_index_at(&dir->people, p);
    return CPI_NONE;
}

struct cpi_text cpi_directory_rep(const struct cpi_directory *dir, struct cpi_text source,
                                  struct cpi_text raw, int64_t time, struct cpi_text *ret_team_path)
{
    *ret_team_path = CPI_ABSENT;
    if (!cpi_text_is(raw))
        return CPI_ABSENT;
    uint32_t person = cpi_text_is(source) ? alias_owner(dir, source, raw, time) : CPI_NONE;
    if (person == CPI_NONE)
        person = person_find(dir, raw);
    const struct period *period = person == CPI_NONE ? NULL : period_at(dir, person, time);
    if (!period)
        return CPI_ABSENT;
    if (period->team != CPI_NONE)
        *ret_team_path = dir->team[period->team].path;
    return dir->person[person].id;
}

struct cpi_text cpi_directory_customer(const struct cpi_directory *dir, struct cpi_text source,
                                       struct cpi_text raw)
{
    if (!cpi_text_is(source) || !cpi_text_is(raw))
        return CPI_ABSENT;
    uint64_t hash = directory_alias_hash(source, raw);
    for (uint32_t p = cpi_index_first(&dir->customer_aliases, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->customer_aliases, hash, p)) {
        const struct alias *alias = &dir->customer_alias[cpi_index_at(&dir->customer_aliases, p)];
        if (cpi_text_equal(alias->raw, raw) && cpi_text_equal(alias->source, source))
            return dir->customer[alias->owner];
    }
    return CPI_ABSENT;
}

/* ---- teams ---- */

static uint32_t team_find(const struct cpi_directory *dir, struct cpi_text name)
{
    uint64_t hash = cpi_hash_text(name);
    for (uint32_t p = cpi_index_first(&dir->teams, hash); p != CPI_NONE;
         p = cpi_index_next(&dir->teams, hash, p))
        if (cpi_text_equal(dir->team[cpi_index_at(&dir->teams, p)].name, name))
            return cpi_index_at(&dir->teams, p);
    return CPI_NONE;
}

struct cpi_text cpi_directory_team_path(const struct cpi_directory *dir, struct cpi_text team)
{
    uint32_t found = cpi_text_is(team) ? team_find(dir, team) : CPI_NONE;
    return found == CPI_NONE ? CPI_ABSENT : dir->team[found].path;
}

uint32_t directory_team_ensure(struct cpi_directory *dir, struct cpi_text name)
{
    uint32_t found = team_find(dir, name);
    if (found != CPI_NONE)
        return found;
    dir->team = cpi_grow(dir->team, dir->n_teams, &dir->team_cap, sizeof *dir->team);
    struct cpi_text copy = cpi_arena_text(&dir->arena, name);
    dir->team[dir->n_teams] = (struct team){ .name = copy, .parent = CPI_NONE, .path = copy };
    cpi_index_add(&dir->teams, cpi_hash_text(name), (uint32_t)dir->n_teams);
    return (uint32_t)dir->n_teams++;
}

void directory_paths_settle(struct cpi_directory *dir)
{
    for (uint32_t t = 0; t < dir->n_teams; t++) {
        size_t bytes = dir->team[t].name.len;
        for (uint32_t up = dir->team[t].parent; up != CPI_NONE; up = dir->team[up].parent)
            bytes += 1 + (size_t)dir->team[up].name.len;
        char *path = cpi_arena_take(&dir->arena, bytes + 1), *to = path;
        for (uint32_t at = t; at != CPI_NONE; at = dir->team[at].parent) {
            if (at != t)
                *to++ = CPI_TEAM_SEPARATOR;
            memcpy(to, dir->team[at].name.at, dir->team[at].name.len);
            to += dir->team[at].name.len;
        }
        dir->team[t].path = (struct cpi_text){ path, (uint32_t)bytes };
    }
}

static bool is_name(struct cpi_text t)
{
    for (uint32_t i = 0; i < t.len; i++)
        if ((unsigned char)t.at[i] < ' ')
            return false;
    return t.len > 0 && t.len <= CPI_ID_BYTES_MAX && cpi_text_is_utf8(t);
}

/* Cuts a cycle that team t stands in after complaining, so that the rest can be looked at. */
static void cut_cycle(struct cpi_directory *dir, uint32_t t, uint32_t mark, struct cpi_diag *diag)
{
    for (uint32_t at = t; at != CPI_NONE; at = dir->team[at].parent) {
        if (dir->team[at].mark != mark) {
            if (dir->team[at].mark)
                return; /* looked at before */
            dir->team[at].mark = mark;
            continue;
        }
        uint32_t parent = dir->team[at].parent;
        cpi_diag_error(diag, dir->team[at].at, "teams",
                       "team '%.*s' is its own parent, by way of '%.*s'",
                       CPI_TEXT_ARG(dir->team[at].name), CPI_TEXT_ARG(dir->team[parent].name));
        dir->team[at].parent = CPI_NONE;
        return;
    }
}

void cpi_directory_add_teams(struct cpi_directory *dir, const struct cpi_team_spec *team,
                             size_t count, struct cpi_diag *diag)
{
    for (size_t i = 0; i < count; i++) {
        struct cpi_text name = cpi_text_of(team[i].team), above = cpi_text_of(team[i].parent);
        if (!is_name(name) || !is_name(above)) {
            cpi_diag_error(diag, team[i].at, "teams",
                           "a team's name has 1 to 512 bytes of UTF-8 and no "
                           "control characters");
            continue;
        }
        uint32_t child = directory_team_ensure(dir, name),
                 parent = directory_team_ensure(dir, above);
        uint32_t before = dir->team[child].parent;
        if (before != CPI_NONE && before != parent) {
            cpi_diag_error(diag, team[i].at, "teams", "team '%s' has two parents, '%.*s' and '%s'",
                           team[i].team, CPI_TEXT_ARG(dir->team[before].name), team[i].parent);
            continue;
        }
        dir->team[child].parent = parent;
        dir->team[child].at = team[i].at;
    }
    for (uint32_t t = 0; t < dir->n_teams; t++)
        dir->team[t].mark = 0;
    for (uint32_t t = 0; t < dir->n_teams; t++)
        cut_cycle(dir, t, t + 1, diag);
    directory_paths_settle(dir);
}
