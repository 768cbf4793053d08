/* The outbox from the inside: how stages put effects. */
#ifndef CPI_ENGINE_PUT_H
#define CPI_ENGINE_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/alloc.h"
#include "cpi/outbox.h"
#include "engine/frame.h"
#include "event/fact.h"

/* An item for the case stage: the event, encoded, to the partition of its case. */
void cpi_outbox_put_event(struct cpi_outbox *box, const struct cpi_event *ev);
/* An item for the customer stage of `key`; sign -1 takes an equal body back from `known` on. */
void cpi_outbox_put_customer(struct cpi_outbox *box, struct cpi_text key, int64_t known, int sign,
                             struct cpi_text body);
/* A fact: combined and, when the frames are sealed, fanned out to its entities' window stages;
 * published on `facts` if the model says so. `alike`: all but indicator, kind and amounts is as in
 * the fact put before. */
void cpi_outbox_put_fact(struct cpi_outbox *box, const struct cpi_fact *fact, bool alike);
/* A slot that goes with every frame of this seal; to_all: every partition gets a frame. A later
 * slot of the same sender replaces the earlier one. */
void cpi_outbox_put_slot(struct cpi_outbox *box, const struct cpi_slot *slot, bool to_all);
/* Texts are copied. Headers: names static, values copied. */
void cpi_outbox_put_output(struct cpi_outbox *box, enum cpi_topic topic, struct cpi_text key,
                           struct cpi_text value, const struct cpi_out_header *header,
                           size_t n_headers);
void cpi_outbox_put_row(struct cpi_outbox *box, uint32_t task, struct cpi_text key,
                        struct cpi_text value);
/* False if rows are not wanted: then they need not be encoded. */
bool cpi_outbox_wants_rows(const struct cpi_outbox *box);
void cpi_outbox_urge(struct cpi_outbox *box);

#endif
