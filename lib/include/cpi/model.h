/* The model: a validated, immutable description of what is computed. Built once from a
 * configuration (cpi/spec.h), then only read; every stage shares one.
 *
 * Indexes: types, fields, words, windows, sources, indicators and alerts are numbered from 0 in the
 * order of the model. Words 0 .. n_types-1 are the types themselves; a word stands behind every
 * word that it refines or that its conditions name, so one pass in order finds all words of an
 * event. Where something leaves the process it goes by the 32-bit hash of its name (cpi_hash_name),
 * so that a later configuration may number anew. */
#ifndef CPI_MODEL_H
#define CPI_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/decimal.h"
#include "cpi/text.h"
#include "cpi/time.h"

struct cpi_mapping; /* cpi/mapping.h */

#define CPI_NO_INDEX UINT16_MAX
#define CPI_WORDS_MAX 256 /* types and words together */
#define CPI_INDICATORS_MAX 512
#define CPI_SAME_MAX 8       /* members in one `same` */
#define CPI_DIMS_MAX 4       /* members in one report dimension */
#define CPI_DIM_FIELDS_MAX 4 /* different fields in all report dimensions */

/* A set of words as bits: does an event (its matched words) meet a selector (its named words)? */
struct cpi_wordset {
    uint64_t bits[CPI_WORDS_MAX / 64];
};
static inline bool cpi_wordset_meets(const struct cpi_wordset *a, const struct cpi_wordset *b)
{
    return ((a->bits[0] & b->bits[0]) | (a->bits[1] & b->bits[1]) | (a->bits[2] & b->bits[2]) |
            (a->bits[3] & b->bits[3])) != 0;
}
static inline bool cpi_wordset_has(const struct cpi_wordset *set, unsigned word)
{
    return (set->bits[word / 64] >> (word % 64)) & 1;
}
static inline void cpi_wordset_add(struct cpi_wordset *set, unsigned word)
{
    set->bits[word / 64] |= UINT64_C(1) << (word % 64);
}
static inline bool cpi_wordset_is_empty(const struct cpi_wordset *set)
{
    return (set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0;
}

/* What a condition, `same`, `of` or a dimension can name: members of an event. */
enum {
    CPI_MEMBER_CASE,
    CPI_MEMBER_CUSTOMER,
    CPI_MEMBER_REP,
    CPI_MEMBER_TEAM,
    CPI_MEMBER_FIELD0, /* + field index */
};

enum cpi_field_kind {
    CPI_FIELD_TEXT,     /* text or a plain number */
    CPI_FIELD_DURATION, /* integer ms as text: every mapping of it ends in a unit */
};
struct cpi_field {
    struct cpi_text name;
    uint32_t hash;
    enum cpi_field_kind kind;
};
struct cpi_type {
    struct cpi_text name;
    uint32_t hash;
};

/* Conditions (J13). */
enum cpi_cmp {
    CPI_CMP_WORD,
    CPI_CMP_EQ,
    CPI_CMP_NE,
    CPI_CMP_LT,
    CPI_CMP_LE,
    CPI_CMP_GT,
    CPI_CMP_GE
};
struct cpi_cond {
    enum cpi_cmp cmp;
    uint16_t member;      /* of all but CPI_CMP_WORD */
    uint16_t word;        /* of CPI_CMP_WORD */
    struct cpi_text text; /* right side, trimmed */
    bool numeric;         /* the right side is a number (a duration: in ms) */
    struct cpi_decimal number;
};
struct cpi_conds {
    struct cpi_cond *all; /* every one holds */
    size_t n_all;
    struct cpi_cond *any; /* and one of these, if there are any */
    size_t n_any;
};
/* A word: an event of one of `base` for which `conds` hold. A type is a word with neither. */
struct cpi_word {
    struct cpi_text name;
    struct cpi_wordset base;  /* words it refines; empty for a type */
    struct cpi_wordset types; /* types that can match at all */
    struct cpi_conds conds;
};

struct cpi_window {
    struct cpi_text name;
    int64_t length_ms; /* 0 = the gauge's "now" */
    int64_t every_ms;
    uint32_t length_days; /* > 0: lengths count local days (W1); then every_days too */
    uint32_t every_days;
};

enum cpi_kind { CPI_EACH, CPI_AFTER, CPI_FROM, CPI_TALLY, CPI_OPEN, CPI_DERIVED };
enum cpi_pick { CPI_PICK_NONE, CPI_PICK_FIRST, CPI_PICK_LAST, CPI_PICK_EACH };
enum cpi_count_when { CPI_DECIDED, CPI_HAPPENED, CPI_AT_ONCE };
enum cpi_credit {
    CPI_CREDIT_START,
    CPI_CREDIT_END,
    CPI_CREDIT_BREAKER,
    CPI_CREDIT_CURRENT,
    CPI_CREDIT_FIRST,
    CPI_CREDIT_WORD, /* the latest event of `credit_sel` at or before the deciding one */
};
enum cpi_stat {
    CPI_STAT_COUNT,
    CPI_STAT_SUM,
    CPI_STAT_MEAN,
    CPI_STAT_MIN,
    CPI_STAT_MAX,
    CPI_STAT_QUANTILE, /* + percent */
    CPI_STAT_SHARE,
    CPI_STAT_RATIO,        /* derived a / b */
    CPI_STAT_DIFFERENCE,   /* derived a - b */
    CPI_STAT_AGE_QUANTILE, /* gauges; + percent */
    CPI_STAT_AGE_MAX,
};
struct cpi_show {
    enum cpi_stat stat;
    uint8_t percent; /* 1..99, of quantiles */
};
enum cpi_unit { CPI_UNIT_COUNT, CPI_UNIT_SHARE, CPI_UNIT_MS, CPI_UNIT_NUMBER };

/* A bound on a statistic: value `cmp` num/den (share 70 % = 70/100, 12m = 720000/1 ms, 1.25 =
 * 125/100). den > 0. misses_target: the bound is the indicator's target, not met. */
struct cpi_bound {
    bool set;
    bool misses_target;
    struct cpi_show show;
    enum cpi_cmp cmp; /* LT, LE, GT, GE */
    int64_t num, den;
};

/* One entry of followed-by or broken-by. */
struct cpi_breaker {
    struct cpi_wordset sel;
    struct cpi_conds where;
    bool follows;                /* an entry of followed-by */
    bool before;                 /* looks at what came before the start instead of after it (O2) */
    bool same_case;              /* `same` has the case (the default) */
    bool same_customer;          /* judged in the customer stage */
    bool other_case;             /* `other = "case"` */
    uint16_t same[CPI_SAME_MAX]; /* further members that must be equal to the start's */
    size_t n_same;
    uint16_t other[CPI_SAME_MAX]; /* further members that must be present and differ */
    size_t n_other;
    uint32_t at_least; /* >= 1 */
};

struct cpi_indicator {
    struct cpi_text name, title;
    uint32_t hash;              /* of the name */
    struct cpi_text definition; /* id: 16 hex digits over the normalised definition */
    struct cpi_text sentence;   /* the definition in words (check --explain) */
    enum cpi_kind kind;
    enum cpi_pick pick;
    enum cpi_count_when count_when;
    enum cpi_credit credit;
    struct cpi_wordset credit_sel;

    /* each X; after X; from X; tally X; open X */
    struct cpi_wordset start;
    struct cpi_conds where; /* the event counts at all */
    /* from: to; tally: until is `end` too; open: until */
    struct cpi_wordset end;
    struct cpi_wordset until;    /* from … to … until */
    struct cpi_breaker *breaker; /* after */
    size_t n_breakers;
    int64_t within_ms; /* 0 = none */
    int64_t quiet_ms;  /* 0 = none */
    bool cross;        /* after: some breaker is judged by customer (J1) */

    /* A share: n counts what is good, or not good (bad given: or bad). Conditions of the start
     * event. */
    bool share;
    bool has_good, has_bad;
    struct cpi_conds good, bad;

    /* An amount: the sum of `of` (each) or the elapsed ms (from) or the number (tally). */
    bool amount;
    uint16_t of[CPI_SAME_MAX];
    size_t n_of;
    unsigned scale;     /* decimals of amounts in state: 0 for ms and counts, 6 for plain numbers */
    enum cpi_unit unit; /* of the amount, or of the value for shares and counts */

    /* derived */
    uint16_t left, right;
    bool difference;

    /* figures */
    uint16_t *over; /* windows; a gauge has one of its own, named "now" */
    size_t n_over;
    struct cpi_show *show;
    size_t n_show; /* >= 1; show[0] is `value` */
    bool samples;  /* keeps samples or buckets: some quantile, min or max is asked for */
    bool compare_previous;
    struct cpi_bound target;

    bool examples; /* some alert is about it: the case ids of examples travel with its facts (W8) */
    bool in_case;  /* needs the case stage's fold (everything but direct each, derived) */
};

struct cpi_alert {
    struct cpi_text name, severity, runbook, summary;
    uint16_t indicator, window;
    uint16_t dim;                /* report dimension (0 = rep ...), or CPI_NO_INDEX with entity */
    struct cpi_text entity_kind; /* of a named entity: "team" */
    struct cpi_text entity_id;   /* "phone"; absent = all of the dimension */
    struct cpi_bound when, clear;
    bool sure;
    int64_t z2_num, z2_den; /* z² of the one-sided level (A3) */
    uint32_t sure_percent;
    uint64_t min_samples;
    int64_t for_ms, keep_firing_ms;
    int64_t no_data_ms; /* 0 = no */
};

/* A report dimension: "rep", "team", "org", or a tuple such as "team+channel". */
struct cpi_dim {
    struct cpi_text name;          /* kind of the entity */
    uint16_t member[CPI_DIMS_MAX]; /* CPI_MEMBER_REP, _TEAM or fields, in order */
    size_t n_members;              /* 0 = org */
};

struct cpi_source {
    struct cpi_text name;
    uint32_t hash;
    struct cpi_text *topic;
    size_t n_topics;
    int64_t wait_ms, max_skew_ms;
    bool idle_hold; /* idle = "hold" */
    bool shared_case, shared_customer;
    bool dead_letter_unmapped;   /* otherwise = "dead-letter" */
    const struct cpi_zone *zone; /* of zone-less times */
    struct cpi_mapping *mapping; /* owned by the model */
    struct cpi_wordset types;    /* that its rules can yield */
    /* O7: what an event without it takes from the case's earlier events */
    bool complete_customer, complete_credit;
    bool *complete_field; /* per field */
    bool completes; /* any of it is used by an indicator over its types: all types make journeys */
    bool all_journeys; /* that, or an indicator over its types credits `current` or `first` of a
                          case: all its types with a case make journeys */
};

/* Open addressing from the hash of a name to an index; slot NULL = the things are searched instead.
 */
struct cpi_hash_slot {
    uint32_t hash;
    uint16_t index; /* CPI_NO_INDEX = free */
};
struct cpi_hash_table {
    struct cpi_hash_slot *slot;
    uint32_t mask; /* slots - 1 */
};

struct cpi_model {
    struct cpi_text application, instance;
    uint32_t generation;
    uint32_t partitions, workers;
    uint64_t memory_bytes;
    struct cpi_zone zone;
    int64_t zone_hour_ms; /* see cpi_zone_hour_ms */
    int64_t keep_windows_ms, keep_journeys_ms, lateness_ms, dedup_ms;
    int64_t refresh_ms; /* alerts */
    int64_t finest_ms;  /* smallest `every` of windows and gauges (T4) */
    int64_t longest_ms; /* longest window */
    int64_t longest_wait_ms;
    int64_t longest_cross_within_ms;
    bool facts;               /* publish cpi.facts */
    bool people_unknown_keep; /* people = { unknown = "keep"; } */

    struct cpi_field *field;
    size_t n_fields;
    struct cpi_type *type;
    size_t n_types;
    struct cpi_word *word;
    size_t n_words;
    struct cpi_window *window;
    size_t n_windows;
    struct cpi_source *source;
    size_t n_sources;
    struct cpi_indicator *indicator;
    size_t n_indicators;
    struct cpi_alert *alert;
    size_t n_alerts;
    struct cpi_dim *dim; /* dim[0] is always org; then report.on in order */
    size_t n_dims;
    bool *field_kept; /* per field: some definition, dimension or condition uses it */

    struct cpi_wordset
        journey_types; /* types that a journey definition names, by word or by type */

    struct cpi_hash_table types_by_hash, fields_by_hash, sources_by_hash, indicators_by_hash;

    struct cpi_arena *arena; /* owns every text and array above */
};

void cpi_model_free(struct cpi_model *model);

/* Index by name, CPI_NO_INDEX if there is none. */
uint16_t cpi_model_find_type(const struct cpi_model *model, struct cpi_text name);
uint16_t cpi_model_find_field(const struct cpi_model *model, struct cpi_text name);
uint16_t cpi_model_find_word(const struct cpi_model *model, struct cpi_text name);
uint16_t cpi_model_find_window(const struct cpi_model *model, struct cpi_text name);
uint16_t cpi_model_find_source(const struct cpi_model *model, struct cpi_text name);
uint16_t cpi_model_find_indicator(const struct cpi_model *model, struct cpi_text name);
uint16_t cpi_model_find_topic_source(const struct cpi_model *model, struct cpi_text topic);
/* By hash of the name, for what comes in from a frame or a stored row. */
uint16_t cpi_model_type_of_hash(const struct cpi_model *model, uint32_t hash);
uint16_t cpi_model_field_of_hash(const struct cpi_model *model, uint32_t hash);
uint16_t cpi_model_indicator_of_hash(const struct cpi_model *model, uint32_t hash);
uint16_t cpi_model_source_of_hash(const struct cpi_model *model, uint32_t hash);

#endif
