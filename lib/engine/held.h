/* The events of one case, as the case stage keeps them: in order, as bytes, each written beside the
 * one before it; and as they are while the case is at hand.
 *
 *   flags, type, what differs of: source, customer, rep, team; time since the one before, known
 * less time, seq, partition, offset, index, id, fields
 *
 * The case's own id is the key and stands in no event. */
#ifndef CPI_ENGINE_HELD_H
#define CPI_ENGINE_HELD_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/alloc.h"
#include "cpi/buf.h"
#include "cpi/event.h"
#include "cpi/model.h"
#include "journey/journey.h"

#define CPI_ALONE 0 /* an event of a case whose journey is over */

struct cpi_held {
    const struct cpi_model *model;
    int64_t gone;           /* the case's last journey went there, CPI_TIME_NONE = nobody knows */
    struct cpi_seen *event; /* in order (O1); without words unless found */
    uint32_t *part;         /* the how-manieth journey of the case each belongs to (J7) */
    size_t count, cap, cap_parts;
    bool is_whole;   /* none of the decoded ones was left out */
    uint32_t *known; /* scratch: places by known */
    size_t cap_known;
    struct cpi_seen *member; /* scratch: the events of one journey */
    size_t cap_members;
    struct cpi_arena arena;
};
void cpi_held_init(struct cpi_held *held, const struct cpi_model *model);
void cpi_held_fini(struct cpi_held *held);
/* Views into key and bytes. Events of types and sources that the model does not have are left out.
 * False if malformed. */
bool cpi_held_decode(struct cpi_held *held, struct cpi_text key, struct cpi_text bytes);
/* Appends the events from `first` on. */
void cpi_held_encode(const struct cpi_held *held, size_t first, struct cpi_buf *buf);
/* Puts the event in its place, which it returns. Its fields stay the caller's. */
size_t cpi_held_put(struct cpi_held *held, const struct cpi_event *ev);
void cpi_held_remove(struct cpi_held *held, size_t at);

/* Says which journey of the case each event belongs to (J7). By known: a journey takes what is
 * known before its end, keep.journeys after its last event, but not more than
 * CPI_JOURNEY_EVENTS_MAX + 1; what becomes known later, while its id is remembered, is alone; the
 * next begins a new one. So it depends neither on the order of arrival nor on what has been folded
 * so far. */
void cpi_held_part(struct cpi_held *held);
/* Where journey `part` ends: what is known from then on is not in it. */
int64_t cpi_held_end(const struct cpi_held *held, uint32_t part);
/* Its events with the words of each. */
const struct cpi_seen *cpi_held_members(struct cpi_held *held, uint32_t part, size_t *ret_count);

#endif
