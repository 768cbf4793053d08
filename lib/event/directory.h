/* The directory's tables. Private to lib/event/directory*.c. */
#ifndef CPI_EVENT_DIRECTORY_H
#define CPI_EVENT_DIRECTORY_H

#include "cpi/alloc.h"
#include "cpi/directory.h"
#include "cpi/event.h"
#include "cpi/hash.h"

/* One row of the people: somebody in one team for a time. */
struct period {
    int64_t from, until; /* [from, until) */
    uint32_t team;       /* CPI_NONE = none */
    uint32_t next;       /* of the same person, CPI_NONE = last */
    struct cpi_origin at;
};
struct person {
    struct cpi_text id;
    uint32_t period; /* newest row first */
};
/* A person's name elsewhere, given in one row. */
struct alias {
    struct cpi_text source, raw;
    uint32_t owner;  /* person or customer */
    uint32_t period; /* of the person */
};
struct team {
    struct cpi_text name;
    uint32_t parent;      /* CPI_NONE = none */
    struct cpi_text path; /* innermost first */
    struct cpi_origin at; /* where its parent is given */
    uint32_t mark;        /* of the search for cycles */
};

struct cpi_directory {
    struct cpi_arena arena;
    const struct cpi_zone *zone;
    bool has_people;
    struct person *person;
    size_t n_people, people_cap;
    struct period *period;
    size_t n_periods, period_cap;
    struct alias *alias;
    size_t n_aliases, alias_cap;
    struct cpi_text *customer;
    size_t n_customers, customer_cap;
    struct alias *customer_alias;
    size_t n_customer_aliases, customer_alias_cap;
    struct team *team;
    size_t n_teams, team_cap;
    struct cpi_index people, aliases, customers, customer_aliases, teams;
};

uint32_t directory_team_ensure(struct cpi_directory *dir, struct cpi_text name);
/* The paths of all teams, once their parents are known and there is no cycle. */
void directory_paths_settle(struct cpi_directory *dir);
uint64_t directory_alias_hash(struct cpi_text source, struct cpi_text raw);

#endif
