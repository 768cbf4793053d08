/* What a stage has heard from its senders, and the watermark that follows: the minimum over all of
 * them, undefined until every one has reported (K3). Slots never go back. */
#ifndef CPI_ENGINE_SLOTS_H
#define CPI_ENGINE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cpi/model.h"
#include "engine/frame.h"

struct cpi_slots {
    struct cpi_slot *at;
    size_t count, cap;
    bool missing;           /* a sender that must exist has not reported */
    struct cpi_slot lowest; /* who holds time; of a missing one: stage, origin, partition */
};
void cpi_slots_init(struct cpi_slots *slots);
void cpi_slots_fini(struct cpi_slots *slots);
void cpi_slots_update(struct cpi_slots *slots, const struct cpi_slot *slot);
/* Senders are the partitions of the model's source topics. */
int64_t cpi_slots_min_sources(struct cpi_slots *slots, const struct cpi_model *model);
/* Senders are that stage of the `tasks` tasks. */
int64_t cpi_slots_min_tasks(struct cpi_slots *slots, enum cpi_stage stage, uint32_t tasks);
/* The least first W of all senders: where time began, whatever was read together with what. */
int64_t cpi_slots_first(const struct cpi_slots *slots);
void cpi_slots_encode(const struct cpi_slots *slots, struct cpi_buf *buf);
bool cpi_slots_decode(struct cpi_slots *slots, struct cpi_reader *r);

#endif
