/* The mapping language: vendor records onto canonical events, by configuration only (facts: forms
 * and operations are listed in the manual page cpid-mapping(7)).
 *
 * A mapping is compiled once from its description and is immutable; mapping a record needs a
 * mapper, which owns the reused JSON parser and scratch memory: one a thread. */
#ifndef CPI_MAPPING_H
#define CPI_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/diag.h"
#include "cpi/model.h"
#include "cpi/text.h"
#include "cpi/time.h"

/* ---- description: what the configuration says, as texts with their places ---- */
struct cpi_text_at {
    const char *text;
    struct cpi_origin at;
};
/* One string or an array of strings (first that is present wins). count 0 = not given. */
struct cpi_value_spec {
    struct cpi_text_at *alternative;
    size_t count;
};
struct cpi_field_spec {
    const char *name;
    struct cpi_origin at;
    struct cpi_value_spec value;
};
/* `common`, a rule, or an entry of `emit`. */
struct cpi_rule_spec {
    struct cpi_origin at;
    struct cpi_value_spec type, id, seq, time, case_id, customer, rep, team;
    struct cpi_field_spec *field;
    size_t n_fields;
    struct cpi_text_at *when;
    size_t n_when;
    struct cpi_text_at each; /* text NULL = none */
    bool also;
    struct cpi_rule_spec *emit; /* several events */
    size_t n_emit;
};
struct cpi_map_spec {
    const char *name;
    struct cpi_origin at;
    struct cpi_text_at (*pair)[2]; /* pattern, result */
    size_t n_pairs;
};
struct cpi_mapping_spec {
    const char *path; /* "sources.zendesk", for diagnostics */
    struct cpi_text_at *root;
    size_t n_root;
    struct cpi_text_at each;
    bool json_text;
    struct cpi_rule_spec common;
    struct cpi_rule_spec *rule;
    size_t n_rules;
    struct cpi_map_spec *map;
    size_t n_maps;
    const struct cpi_zone *zone; /* those that `date` operations name, and others; copied */
    size_t n_zones;
};
/* The zone that the i-th `date` operation names, for the rim to look up before it compiles; false
 * behind the last one. Names may repeat; UTC and offsets need no look-up and are left out. */
bool cpi_mapping_spec_zone(const struct cpi_mapping_spec *spec, size_t i, struct cpi_text *ret_name,
                           struct cpi_origin *ret_at);

/* Compiles; complains into diag (unknown op, map, type; a rule behind a rule without `when`; a map
 * that can yield a type outside the vocabulary ...) and returns NULL if there was an error.
 * `fields` are the names of the model's fields, in its order; a `fields` member outside them is
 * compiled but not kept. The zone is that of time texts without an offset. Texts are copied. */
struct cpi_mapping *cpi_mapping_compile(const struct cpi_mapping_spec *spec,
                                        const struct cpi_text *types, size_t n_types,
                                        const struct cpi_text *fields, size_t n_fields,
                                        const struct cpi_zone *zone, struct cpi_diag *diag);
void cpi_mapping_free(struct cpi_mapping *mapping);
/* Whether any value of it is a record's header. */
bool cpi_mapping_reads_headers(const struct cpi_mapping *mapping);
/* Types that the rules can yield (indexes of `types`), and for field f whether every value that is
 * mapped onto it ends in a unit (s, ms, us, ns, days, seconds ms, since, ...), that is: a duration
 * in ms. */
struct cpi_wordset cpi_mapping_types(const struct cpi_mapping *mapping);
enum cpi_mapped_kind { CPI_MAPPED_NOT, CPI_MAPPED_TEXT, CPI_MAPPED_DURATION, CPI_MAPPED_MIXED };
enum cpi_mapped_kind cpi_mapping_field_kind(const struct cpi_mapping *mapping, uint16_t field);

/* ---- records ---- */
struct cpi_header {
    struct cpi_text name, value;
};
struct cpi_record {
    struct cpi_text value; /* absent = tombstone */
    struct cpi_text key;
    const struct cpi_header *header;
    size_t n_headers;
    struct cpi_text topic;
    uint32_t partition;
    int64_t offset;
    int64_t timestamp; /* CPI_TIME_NONE = none, or one outside 1970 .. 2200 */
};

/* One reason code per cause, as it stands in dead letters and counters. The README lists them. */
enum cpi_refusal {
    CPI_ACCEPTED,
    CPI_REFUSED_JSON,     /* json: no JSON, or two documents, or text after it */
    CPI_REFUSED_ENCODING, /* encoding: no UTF-8 */
    CPI_REFUSED_DEPTH,    /* depth: nested deeper than 64 */
    CPI_REFUSED_SIZE,     /* size: larger than 8 MiB */
    CPI_REFUSED_NO_TYPE,  /* unmapped: no rule yields a type and otherwise = "dead-letter" */
    CPI_REFUSED_NO_TIME,  /* no_time */
    CPI_REFUSED_BAD_TIME, /* bad_time: cannot be read, or outside 1900 .. 2200 */
    CPI_REFUSED_NO_CASE,  /* no_case (O5) */
    CPI_REFUSED_ID,       /* id: some id holds a NUL, is over 512 bytes, or cannot be read */
    CPI_REFUSED_FANOUT,   /* fanout: more than 1,000 elements or events in a record */
    CPI_REFUSED_FUTURE,   /* future: time > record timestamp + max-skew (T3) */
    CPI_REFUSED_ANCIENT,  /* ancient: older than the longest window + keep.windows behind W (T3) */
    CPI_REFUSED_SEQ,      /* seq: no signed integer */
    CPI_REFUSALS
};
const char *cpi_refusal_name(enum cpi_refusal refusal);

/* An event as mapped, before the directory. Views into the record or the mapper's memory, valid
 * until the next record. */
struct cpi_mapped_field {
    uint16_t field;
    struct cpi_text value;
    bool is_null;
};
struct cpi_mapped {
    uint16_t type;            /* CPI_NO_INDEX = deliberately nothing or not mapped */
    struct cpi_text unmapped; /* not mapped: the text that no map turned into a type, counted by
                               * name; absent = deliberately nothing */
    struct cpi_text id;       /* absent: partition/offset#index stands for it */
    struct cpi_text case_id, customer, rep, team;
    bool customer_null, rep_null, team_null;
    int64_t seq;
    int64_t time;   /* also of what is no event, where it has one: it moves the watermark (T2) */
    uint32_t index; /* in the record: the fan-out's place; further events of one element with the
                     * same type and id have their own */
    struct cpi_mapped_field *field; /* ascending by index, only kept ones */
    size_t n_fields;
    uint16_t unreadable;      /* number of fields that could not be read: absent, counted (O5) */
    enum cpi_refusal refusal; /* of this event */
    struct cpi_text detail;
    uint16_t rule; /* index of the rule that matched, CPI_NO_INDEX = none */
};

struct cpi_mapper;
struct cpi_mapper *cpi_mapper_new(void);
void cpi_mapper_free(struct cpi_mapper *mapper);
/* Maps one record. Returns CPI_ACCEPTED with 0..n events (each may still be refused on its own), or
 * why the whole record is refused; *ret_detail then says what exactly. `field_kept` (per model
 * field, or NULL = all) limits what is extracted into `field`. */
enum cpi_refusal cpi_mapper_map(struct cpi_mapper *mapper, const struct cpi_mapping *mapping,
                                const struct cpi_record *record, const bool *field_kept,
                                struct cpi_mapped **ret_events, size_t *ret_count,
                                struct cpi_text *ret_detail);
/* Duplicate keys seen and dropped so far (last wins). */
uint64_t cpi_mapper_duplicate_keys(const struct cpi_mapper *mapper);

/* For explain: one line a step, appended to `buf`: the rule that matched, each value with the
 * alternative it came from, ops applied, what is missing. The record is mapped again. */
void cpi_mapper_explain(struct cpi_mapper *mapper, const struct cpi_mapping *mapping,
                        const struct cpi_record *record, struct cpi_buf *buf);

#endif
