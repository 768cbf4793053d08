/* An event: one source record mapped onto the canonical vocabulary, stamped by the directory and
 * judged against its partition's watermark. From intake on it is compact and binary.
 *
 * All texts are views into what the event was decoded from. */
#ifndef CPI_EVENT_H
#define CPI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/hash.h"
#include "cpi/model.h"
#include "cpi/text.h"

#define CPI_EVENT_FIELDS_MAX 64
#define CPI_ID_BYTES_MAX 512 /* longest id, case, customer, rep, team; longer ones are refused */
#define CPI_FIELD_BYTES_MAX 4096

struct cpi_event_field {
    uint16_t field;
    struct cpi_text value; /* absent = present and null: clears what completion would give (O7) */
};

struct cpi_event {
    /* what and when */
    uint16_t type;
    int64_t time;  /* when it happened */
    int64_t known; /* when it could first be counted: time, or its partition's W if that is later
                      (T3) */
    int64_t seq;   /* order inside the case */
    struct cpi_hash128 id;   /* of (source, id, type, index in the record) (O4) */
    struct cpi_text id_text; /* as mapped; intake only, not encoded */

    /* where it came from: (source, partition, offset) completes the order (O1) */
    uint16_t source;
    uint32_t partition;
    int64_t offset;
    uint32_t index; /* in the record */

    /* who */
    struct cpi_text case_id;  /* canonical: "source:raw" unless shared or known to the directory */
    bool own_case;            /* no case: the event is a case of its own under its id (O5) */
    struct cpi_text customer; /* canonical, or absent */
    struct cpi_text rep;      /* canonical, or absent */
    struct cpi_text team;     /* path, innermost first, joined with CPI_TEAM_SEPARATOR; or absent */
    bool customer_null, rep_null, team_null; /* present and null (O7) */

    /* the fields that the model keeps, ascending by index; owned by whoever made the event */
    struct cpi_event_field *field;
    unsigned n_fields;
};
#define CPI_TEAM_SEPARATOR '\x1f'

/* The member's value, absent if missing or null. CPI_MEMBER_TEAM gives the innermost team. */
struct cpi_text cpi_event_member(const struct cpi_event *ev, uint16_t member);

/* (time, seq, source, partition, offset, index): <0, 0, >0 (O1). */
int cpi_event_order(const struct cpi_event *a, const struct cpi_event *b);

/* Self-delimiting bytes. Types, sources and fields go by the hash of their name; decoding drops
 * fields that the model does not know and fails: -ENOENT for an unknown type or source (the bytes
 * are read past), -EBADMSG for bytes that are no event. `room` takes the fields:
 * CPI_EVENT_FIELDS_MAX of them. */
void cpi_event_encode(const struct cpi_event *ev, const struct cpi_model *model,
                      struct cpi_buf *buf);
int cpi_event_decode(struct cpi_reader *r, const struct cpi_model *model,
                     struct cpi_event_field *room, struct cpi_event *ret);
/* Its place in the source and its id, as both forms of an event hold them; larger than they can be
 * is bad. */
void cpi_event_read_place(struct cpi_reader *r, struct cpi_event *ret);
/* Puts a decoded field among those of the event, ascending: another model may number them otherwise
 * than the one that encoded it. The room for it is there. */
void cpi_event_put_field(struct cpi_event *ev, uint16_t field, struct cpi_text value);

/* Which words the event matches (J13). */
struct cpi_wordset cpi_event_words(const struct cpi_event *ev, const struct cpi_model *model);
/* Whether the conditions hold; `words` are the event's own. */
bool cpi_conds_hold(const struct cpi_conds *conds, const struct cpi_event *ev,
                    const struct cpi_wordset *words);
/* The amount of an indicator's `of` in units of 10^-scale: absent members are 0 if one is present.
 * False if none is, or if one cannot be read (O5, J12). */
bool cpi_event_amount(const struct cpi_event *ev, const struct cpi_indicator *ind, int64_t *ret);

#endif
