/* The entities of a task's window stage: panes, what was last said of each figure, and alert
 * states. */
#ifndef CPI_ENGINE_ENTITIES_H
#define CPI_ENGINE_ENTITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"
#include "cpi/outbox.h"
#include "engine/emit.h"
#include "window/panes.h"

struct cpi_revised { /* an end that was revised, within lateness: its latest revision number */
    int64_t end;
    uint32_t revision;
    uint16_t indicator, window;
};
/* What was last said of one (indicator, window). */
struct cpi_mark {
    uint64_t hash; /* of what was said */
    uint16_t indicator, window;
    bool said;   /* something was published, and no tombstone since */
    bool counts; /* its n was above 0 */
};
struct cpi_rule_state {
    uint16_t rule;
    struct cpi_alert_state state;
};
struct cpi_entity {
    const char *key; /* "kind:id", of the seat */
    uint32_t key_len;
    struct cpi_text path; /* of a team, innermost first; owned */
    struct cpi_panes panes;
    struct cpi_mark *mark; /* ascending by (indicator, window) */
    size_t n_marks, cap_marks;
    struct cpi_revised *revised; /* ascending by (indicator, window, end) */
    size_t n_revised, cap_revised;
    struct cpi_rule_state *rule;
    size_t n_rules, cap_rules;
    int64_t changed; /* the latest step at which facts were merged */
    int64_t thinned; /* the latest step at which panes were folded up */
    bool head_dirty, touched;
    bool swept; /* `thinned` holds for all panes: not known of those that were restored */
    bool idle;  /* nothing is due soon: settling puts it to sleep */
};
/* What there is of an entity at any time. While nothing is due soon, the entity itself sleeps: it
 * is bytes then, a fifth as many. Whoever wants it wakes it. */
struct cpi_seat {
    char *key; /* "kind:id"; NULL = free */
    uint32_t key_len;
    uint32_t waiting; /* steps of the inbox that have cells of it */
    int64_t due;      /* the next step at which anything can change */
    bool asleep;
    union {
        struct cpi_entity *awake;
        uint8_t *bytes;
    };
};
/* A row of panes that is to be written, or deleted if no pane of it is left. */
struct cpi_pane_row {
    const char *key; /* of the entity */
    uint32_t key_len, entity;
    uint32_t group; /* 0 or the hash of an indicator */
    int64_t start;
};
struct cpi_gone_entity {
    char *key; /* owned; rows to write may name it */
    uint32_t key_len;
    bool has_row; /* a head, to be deleted */
};
struct cpi_entities {
    const struct cpi_model *model;
    struct cpi_seat *at;
    size_t count, cap;
    struct cpi_index index;
    uint32_t *order; /* ascending by key, but for those that came since */
    size_t n_order, n_sorted, cap_order;
    uint32_t *free; /* numbers to use again */
    size_t n_free, cap_free;
    uint32_t *left; /* numbers that still stand in the order */
    size_t n_left, cap_left;
    uint32_t *dirty; /* entities with rows to write */
    size_t n_dirty, cap_dirty;
    struct cpi_pane_row *row; /* to write; some of them more than once */
    size_t n_rows, cap_rows;
    struct cpi_gone_entity *gone; /* since they last settled */
    size_t n_gone, cap_gone;
};
void cpi_entities_init(struct cpi_entities *entities, const struct cpi_model *model);
void cpi_entities_fini(struct cpi_entities *entities);
/* "kind:id"? */
bool cpi_entity_is_key(struct cpi_text key);
uint32_t cpi_entities_find(const struct cpi_entities *entities, struct cpi_text key);
uint32_t cpi_entities_ensure(struct cpi_entities *entities, struct cpi_text key);
/* The entity, awake. Valid until it goes or settles. */
struct cpi_entity *cpi_entities_get(struct cpi_entities *entities, uint32_t entity);
/* Is nothing due for long enough that sleep is worth it? */
static inline bool cpi_entity_is_idle(int64_t due, int64_t now)
{
    return due > now && (due == CPI_TIME_END || (uint64_t)due - (uint64_t)now > CPI_HOUR);
}
/* Bytes of memory. */
uint64_t cpi_seat_bytes(const struct cpi_seat *seat);
/* The entity's head will be written if head_dirty, and its panes be packed. */
void cpi_entities_touch(struct cpi_entities *entities, uint32_t entity);
/* An entity with nothing left. */
void cpi_entities_remove(struct cpi_entities *entities, uint32_t entity);
/* Numbers in the order of their keys: entities.n_order of them. Holds until the next call; those
 * that are removed meanwhile have no key and are never due. */
const uint32_t *cpi_entities_order(struct cpi_entities *entities);
static inline size_t cpi_entities_live(const struct cpi_entities *entities)
{
    return entities->count - entities->n_free - entities->n_left;
}
static inline struct cpi_entity_name cpi_entity_name_of(const struct cpi_entity *entity)
{
    return (struct cpi_entity_name){ { entity->key, entity->key_len }, entity->path };
}
/* Made if missing. Valid until the next call. */
struct cpi_mark *cpi_entity_mark(struct cpi_entity *entity, uint16_t indicator, uint16_t window);
struct cpi_mark *cpi_entity_find_mark(const struct cpi_entity *entity, uint16_t indicator,
                                      uint16_t window);
struct cpi_rule_state *cpi_entity_rule(struct cpi_entity *entity, uint16_t rule);
bool cpi_entity_has_mark(const struct cpi_entity *entity, uint16_t indicator);
/* The number of the latest revision of `end`, 0 = none; of the next one. */
uint32_t cpi_entity_revision(const struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                             int64_t end);
uint32_t cpi_entity_revise(struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                           int64_t end);
/* Forgets revisions of ends before `oldest`. */
void cpi_entity_forget_revisions(struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                                 int64_t oldest);
/* Forgets those of any figure whose ends lie before `oldest`. */
void cpi_entity_forget_ends(struct cpi_entity *entity, int64_t oldest);
void cpi_entity_set_path(struct cpi_entity *entity, struct cpi_text path);
/* cpi_panes_ensure of an entity's pane that is going to change: its row will be written. */
struct cpi_pane *cpi_entities_pane(struct cpi_entities *entities, uint32_t entity,
                                   uint16_t indicator, uint8_t kind, int64_t start, uint8_t rung);
/* Takes a pane out. */
void cpi_entities_drop_pane(struct cpi_entities *entities, uint32_t entity,
                            struct cpi_series *series, uint32_t pane);

/* ---- parts, private to the engine (entity.c) ---- */
struct cpi_entity *cpi_entity_new(const char *key, uint32_t key_len);
void cpi_entity_free(struct cpi_entity *entity);
/* Marks, revisions and rules go. */
void cpi_entity_clear_marks(struct cpi_entity *entity);
/* The index of the first revision at or behind that place. */
size_t cpi_entity_seek_revised(const struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                               int64_t end);
struct cpi_revised *cpi_entity_add_revised(struct cpi_entity *entity, uint16_t indicator,
                                           uint16_t window, int64_t end);
/* Sleep: as bytes, the entity is freed; and back. Only of one that can sleep: all its panes are
 * packed, and it has no rules. */
bool cpi_entity_can_sleep(const struct cpi_entity *entity);
uint8_t *cpi_entity_sleep(struct cpi_entity *entity);
struct cpi_entity *cpi_entity_wake(const uint8_t *bytes, const char *key, uint32_t key_len);
size_t cpi_entity_sleeping_bytes(const uint8_t *bytes);

void cpi_entities_settle(struct cpi_entities *entities, uint32_t task, struct cpi_outbox *box);
/* Rows 'e' (head of an entity) and 'p' (panes that begin together). False if malformed. */
bool cpi_entities_restore(struct cpi_entities *entities, struct cpi_text key,
                          struct cpi_text value);
/* After the last row: entities of which no row is left go. */
void cpi_entities_restored(struct cpi_entities *entities, int64_t cursor);

#endif
