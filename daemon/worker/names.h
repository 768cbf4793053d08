/* The topics of an application, named after it (K1). */
#ifndef WORKER_NAMES_H
#define WORKER_NAMES_H

#include "kafka/port.h"
#include <cpi/model.h>

void names_init(struct port_topics *topics, const struct cpi_model *model);
void names_fini(struct port_topics *topics);
/* Which source, and which of its topics, a source topic is. */
void names_source(const struct cpi_model *model, uint32_t topic, uint16_t *ret_source,
                  uint16_t *ret_topic_index);

#endif
