/* The records that go out, as design §13 says: JSON, snake_case, times RFC 3339 UTC with ms. */
#ifndef CPI_ENGINE_EMIT_H
#define CPI_ENGINE_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"
#include "cpi/mapping.h"
#include "cpi/model.h"
#include "cpi/outbox.h"
#include "engine/figure.h"
#include "event/fact.h"

/* Who a figure is about: "kind:id" (ids encoded, O6), and of a team its path, innermost first. */
struct cpi_entity_name {
    struct cpi_text key, path;
};
struct cpi_update {
    const struct cpi_figure *figure;
    struct cpi_entity_name entity;
    bool revised, latest; /* latest: to `indicators`, else to `revisions` */
    uint32_t revision;
    int64_t watermark;
    const struct cpi_value *previous; /* NULL = not compared */
};
void cpi_emit_update(struct cpi_outbox *box, const struct cpi_model *model,
                     const struct cpi_update *update);
/* The entity's figure is gone: a tombstone on `indicators`. */
void cpi_emit_gone(struct cpi_outbox *box, const struct cpi_model *model,
                   struct cpi_text entity_key, uint16_t indicator, uint16_t window);

struct cpi_alert_out {
    const struct cpi_alert *rule;
    struct cpi_entity_name entity;
    bool firing;
    bool no_data_reason; /* resolved because nothing came any more */
    int64_t starts_at, ends_at;
    int64_t at;                      /* boundary or clock that sends it: the CloudEvents time */
    const struct cpi_figure *figure; /* NULL: not read (a refresh) */
};
void cpi_emit_alert(struct cpi_outbox *box, const struct cpi_model *model,
                    const struct cpi_alert_out *alert);

void cpi_emit_fact(struct cpi_outbox *box, const struct cpi_model *model,
                   const struct cpi_dim_fields *dims, const struct cpi_fact *fact);
/* The refused record's bytes (cut at 512 KiB) with reason, detail, topic, partition, offset as
 * headers. */
void cpi_emit_dead_letter(struct cpi_outbox *box, const struct cpi_record *record,
                          enum cpi_refusal refusal, struct cpi_text detail);

/* Alertmanager's own: FNV-1a 64 over sorted name 0xFF value 0xFF. */
uint64_t cpi_alert_fingerprint(const struct cpi_text (*label)[2], size_t count);

#endif
