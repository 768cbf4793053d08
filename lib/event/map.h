/* A compiled mapping, and the run of it over one record. Private to lib/event/map*.c.
 *
 * Compiling turns every pointer into a slot of one trie of paths and the steps that are left to
 * walk from there; the common case, plain members of the record, leaves none. Fan-out elements and
 * selections walk the token tape of the subtree that holds them, and only those subtrees have one.
 */
#ifndef CPI_EVENT_MAP_H
#define CPI_EVENT_MAP_H

#include "cpi/alloc.h"
#include "cpi/decimal.h"
#include "cpi/hash.h"
#include "cpi/mapping.h"
#include "json/json.h"

#define MAP_LEVELS 3 /* the record's element, an element of the source's each, of a rule's each */
#define MAP_EVENTS_MAX 1000 /* of one record */
#define MAP_RECORD_BYTES_MAX (8u << 20)
#define MAP_PARTS_MAX 24               /* of a template */
#define MAP_TEXT_BYTES_MAX (64u << 10) /* of a text that is put together */
#define MAP_WALK_MAX                                                                               \
    50000000 /* tape steps for one record: what is nested and fanned out badly ends here */

/* ---- pointers ---- */
enum map_step_kind {
    STEP_MEMBER, /* /name */
    STEP_INDEX,  /* [0] [-1] */
    STEP_WHERE,  /* [name=text] */
    STEP_HAS,    /* [?name] */
    STEP_ALL,    /* [*] */
};
struct map_step {
    enum map_step_kind kind;
    bool last; /* [...;last]: the last such element, not the first */
    int32_t index;
    struct cpi_text name, text;
};
enum map_base { BASE_ELEMENT, BASE_RECORD, BASE_KEY };
/* Where a pointer begins, under one root: the slot, and the steps that are left from there. */
struct map_route {
    uint32_t slot;
    const struct map_step *step;
    size_t n_steps;
};
struct map_pointer {
    uint32_t slot; /* the value itself, whatever the root; CPI_NONE = it takes a walk */
    enum map_base base;
    unsigned level; /* of the element it is relative to; BASE_ELEMENT only */
    bool whole;     /* somebody looks inside what it points at */
    bool collects;  /* holds a [*] */
    const struct map_step *step;
    size_t n_steps;
    struct map_route *route;  /* one per root at level 0, one of BASE_RECORD, none else */
    struct cpi_text text;     /* as written */
    struct map_pointer *next; /* all of a mapping */
};

/* ---- values ---- */
enum map_unit { UNIT_S, UNIT_MS, UNIT_US, UNIT_NS, UNIT_DAYS, UNIT_ISO };
struct map_pair {
    enum { PAIR_EXACT, PAIR_PREFIX, PAIR_SUFFIX, PAIR_ANY, PAIR_GLOB } kind;
    struct cpi_text pattern; /* lower case; the literal part of a prefix or suffix */
    struct cpi_text written, result;
    bool same;     /* result & */
    bool absent;   /* result - */
    uint16_t type; /* of the result as an event type */
    struct cpi_origin at;
};
struct map_table {
    struct cpi_text name;
    struct map_pair *pair;
    size_t n_pairs;
    bool used;
    struct cpi_origin at;
};
struct map_op_kind;
struct map_op {
    const struct map_op_kind *kind;
    struct cpi_text text; /* as written */
    struct cpi_text arg;  /* a text, or the format of a date */
    struct cpi_text *list;
    size_t n_list;
    int32_t number;
    enum map_unit unit;
    const struct map_table *table;
    struct map_pointer *pointer;
    const struct cpi_zone *zone;
};
/* A row of the table of operations. */
struct map_run;
struct map_result;
enum map_args {
    MAP_ARGS_NONE,
    MAP_ARGS_TEXT,
    MAP_ARGS_LIST,
    MAP_ARGS_MAP,
    MAP_ARGS_INT,
    MAP_ARGS_UNIT,
    MAP_ARGS_DATE,
    MAP_ARGS_AT,
    MAP_ARGS_POINTER,
    MAP_ARGS_POINTER_UNIT
};

struct map_op_kind {
    const char *name;
    enum map_args args;
    bool structured; /* takes objects, arrays and lists as they are; others see text */
    bool duration;   /* leaves integer ms that a duration may be */
    enum map_unit unit;
    void (*apply)(struct map_run *run, const struct map_op *op, struct map_result *r);
};
extern const struct map_op_kind map_op_kinds[];
extern const size_t map_op_kind_count; /* at most 32 */

enum map_source {
    SOURCE_POINTER,
    SOURCE_KEY,
    SOURCE_HEADER,
    SOURCE_TOPIC,
    SOURCE_PARTITION,
    SOURCE_OFFSET,
    SOURCE_TIMESTAMP,
    SOURCE_INDEX,
    SOURCE_CONSTANT,
    SOURCE_TEMPLATE,
};
struct map_part;
/* One string of a value. */
struct map_alternative {
    struct map_pointer *pointer;
    struct map_op *op;
    uint32_t n_ops;
    enum map_source source;
    bool maps;            /* a map among the operations, which sees what is absent, too */
    uint16_t type;        /* of a constant as an event type */
    struct cpi_text text; /* the constant, or a header's name */
    struct map_part *part;
    size_t n_parts;
    struct cpi_text written;
    struct cpi_origin at;
};
struct map_part {
    bool literal, optional;
    struct cpi_text text;
    struct map_alternative *value;
};
struct map_value {
    struct map_alternative *alternative;
    size_t count;
    uint32_t plain; /* the value is this slot as it stands; CPI_NONE = it takes more */
};

/* ---- conditions ---- */
enum map_test {
    TEST_EXISTS,
    TEST_EQ,
    TEST_IN,
    TEST_STARTS,
    TEST_HAS,
    TEST_GE,
    TEST_GT,
    TEST_LE,
    TEST_LT
};
struct map_cond {
    struct cpi_text written;
    bool negate;
    enum map_test test;
    struct map_alternative *left;
    struct map_alternative *right; /* a pointer, else NULL and the texts */
    struct cpi_text *text;
    size_t n_texts;
    bool numeric; /* the text is a number */
    struct cpi_decimal number;
    bool plain; /* one text that the left side, without operations, is equal to */
};
struct map_when {
    struct map_cond *cond;
    size_t count;
};

/* ---- rules ---- */
struct map_field {
    uint16_t field;
    struct cpi_text name;
    struct map_value value;
};
enum map_member {
    MAP_TYPE,
    MAP_ID,
    MAP_SEQ,
    MAP_TIME,
    MAP_CASE,
    MAP_CUSTOMER,
    MAP_REP,
    MAP_TEAM,
    MAP_MEMBERS
};
extern const char *const map_member_name[MAP_MEMBERS];
/* What one event is made of: common, the rule's own and the emit entry's own laid over each other.
 */
struct map_plan {
    struct map_when when; /* of the emit entry */
    struct map_value member[MAP_MEMBERS];
    struct map_field *field; /* ascending, only fields of the model */
    size_t n_fields;
};
struct map_rule {
    struct cpi_origin at;
    struct map_when when;
    struct map_pointer *each;
    bool also, emits;
    struct map_plan *plan;
    size_t n_plans;
};
struct cpi_mapping {
    struct cpi_arena arena;
    struct json_paths *paths;
    struct json_paths *text_paths; /* of a record that is a text */
    bool json_text;
    struct map_pointer **root;
    size_t n_roots;
    struct map_pointer *each;
    struct map_rule *rule;
    size_t n_rules;
    bool nested; /* a rule fans out what the source fanned out */
    bool reads_headers;
    struct map_value time; /* of a record that no rule takes */
    struct map_table *table;
    size_t n_tables;
    struct map_pointer *pointers;
    struct cpi_text *type;
    size_t n_types;
    struct cpi_index type_index;
    size_t n_fields;
    enum cpi_mapped_kind *kind; /* per field */
    struct cpi_wordset types;
    const struct cpi_zone *zone;
};
/* The type of that name, or CPI_NO_INDEX. */
uint16_t map_type_find(const struct cpi_mapping *mapping, struct cpi_text name);

/* ---- compiling ---- */
struct map_compiler {
    struct cpi_mapping *mapping;
    const struct cpi_mapping_spec *spec;
    const struct cpi_text *field;
    size_t n_fields;
    struct cpi_diag *diag;
    char path[256];       /* of what is being compiled */
    struct cpi_origin at; /* of it */
    unsigned level;       /* fan-outs around it */
};
void map_complain(struct map_compiler *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* NULL after a complaint. */
struct map_pointer *map_pointer_compile(struct map_compiler *c, struct cpi_text text);
bool map_step_list(struct map_compiler *c, struct cpi_text text, const struct map_step **ret_step,
                   size_t *ret_count);
void map_pointers_resolve(struct cpi_mapping *mapping);
struct map_alternative *map_alternative_compile(struct map_compiler *c, struct cpi_text text);
void map_value_compile(struct map_compiler *c, const struct cpi_value_spec *spec,
                       struct map_value *ret);
void map_when_compile(struct map_compiler *c, const struct cpi_text_at *when, size_t count,
                      struct map_when *ret);
bool map_op_compile(struct map_compiler *c, struct cpi_text text, struct map_op *ret);
/* Plain digits with an optional '-' that fit into 18 of them. */
bool map_plain_int(struct cpi_text t, int64_t *ret);
bool map_op_looks_inside(const struct map_op *op);
bool map_op_is_map(const struct map_op *op);
bool map_op_is_none(const struct map_op *op);
bool map_op_makes_duration(const struct map_op *op);
void map_tables_compile(struct map_compiler *c);
void map_check_types(struct map_compiler *c);
/* The part of a value up to the next " | " outside of quotes, braces and brackets; *t is what is
 * behind. */
struct cpi_text map_segment(struct cpi_text *t);
/* What a text in quotes or up to the end of `t` says; *t is what is behind it. */
struct cpi_text map_word(struct cpi_text *t, bool rest);
/* `date` format and zone: NULL if the format has something unknown. */
bool map_date_check(struct cpi_text format, char *ret_unknown);
bool map_date_parse(struct cpi_text t, struct cpi_text format, const struct cpi_zone *zone,
                    int64_t *ret_ms);

/* ---- running ---- */
enum map_state {
    MAP_ABSENT,
    MAP_NULL, /* null, or one of the texts of `none` */
    MAP_BAD,  /* cannot be read; text says why */
    MAP_TEXT,
    MAP_MS,   /* an instant or a duration */
    MAP_NODE, /* an object or array */
    MAP_LIST, /* what [*] collected: list[list_from ...] */
};
struct map_result {
    enum map_state state;
    bool number;   /* text is a JSON number */
    uint16_t type; /* of a text that came from a map or a constant; CPI_NO_INDEX = look it up */
    struct cpi_text text;
    int64_t ms;
    struct json_value node;
    uint32_t list_from, list_count;
};
struct map_run {
    struct cpi_mapper *mapper;
    const struct cpi_mapping *mapping;
    const struct cpi_record *record;
    struct json_parser *parser;
    struct cpi_arena *arena;
    struct json_value *slot;
    size_t root;
    struct json_value level[MAP_LEVELS]; /* elements of fan-outs; [0] is found by slots */
    uint32_t index;                      /* of the innermost fan-out */
    int key_state;                       /* 0 not parsed yet, 1 JSON, -1 none */
    struct json_value key;
    struct cpi_buf scratch;
    struct json_value *list; /* scratch of [*] */
    size_t n_list, list_cap;
    struct cpi_text unmatched; /* the last text that a map had no pattern for */
    bool dropped;              /* a map said - */
    struct cpi_buf *trace;     /* explain; NULL = nobody listens */
};
void map_pointer_get(struct map_run *run, const struct map_pointer *pointer,
                     struct map_result *ret);
void map_walk(struct map_run *run, const struct json_value *from, const struct map_step *step,
              size_t n_steps, struct map_result *ret);
/* Scalars as text, objects and arrays as nodes. */
void map_result_of(const struct json_value *v, struct map_result *ret);
void map_bad(struct map_result *r, const char *why);
static inline void map_set(struct map_result *r, enum map_state state, struct cpi_text text)
{
    r->state = state;
    r->number = false;
    r->type = CPI_NO_INDEX;
    r->text = text;
}
static inline void map_absent(struct map_result *r)
{
    map_set(r, MAP_ABSENT, CPI_ABSENT);
}
static inline void map_set_text(struct map_result *r, struct cpi_text text)
{
    map_set(r, MAP_TEXT, text);
}
static inline void map_set_ms(struct map_result *r, int64_t ms)
{
    map_set(r, MAP_MS, CPI_ABSENT);
    r->ms = ms;
}
/* What it says as text: formats ms, joins lists; false if there is no text (absent, bad, a node).
 */
bool map_to_text(struct map_run *run, struct map_result *r);
/* The scalars of a list or an array with the separator between them. */
bool map_join(struct map_run *run, struct map_result *r, struct cpi_text separator);
bool map_to_time(struct map_run *run, struct map_result *r);
void map_alternative_get(struct map_run *run, const struct map_alternative *alt,
                         struct map_result *ret);
/* The first alternative that is present. `identity`: an empty text is none. */
void map_value_get(struct map_run *run, const struct map_value *value, bool identity,
                   struct map_result *ret);
void map_ops_run(struct map_run *run, const struct map_op *op, size_t n_ops, struct map_result *r);
bool map_when_holds(struct map_run *run, const struct map_when *when);
/* Who listens to the next run. */
struct cpi_buf **map_mapper_trace(struct cpi_mapper *mapper);
void map_trace_result(struct map_run *run, const struct map_result *r);

#endif
