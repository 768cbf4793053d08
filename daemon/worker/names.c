#include "worker/names.h"

#include <stdlib.h>

#include <cpi/alloc.h>
#include <cpi/buf.h>

static char *name_of(const struct cpi_model *model, const char *join, const char *what)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    cpi_buf_add_text(&buf, model->application);
    cpi_buf_add_string(&buf, join);
    cpi_buf_add_string(&buf, what);
    char *name = cpi_xtextdup(cpi_buf_text(&buf));
    cpi_buf_fini(&buf);
    return name;
}

void names_init(struct port_topics *topics, const struct cpi_model *model)
{
    *topics = (struct port_topics){ .partitions = model->partitions };
    for (size_t s = 0; s < model->n_sources; s++) {
        topics->n_sources += model->source[s].n_topics;
        topics->headers |= cpi_mapping_reads_headers(model->source[s].mapping);
    }
    topics->source = cpi_xcalloc(topics->n_sources + 1, sizeof *topics->source);
    size_t at = 0;
    for (size_t s = 0; s < model->n_sources; s++)
        for (size_t i = 0; i < model->source[s].n_topics; i++)
            topics->source[at++] = cpi_xtextdup(model->source[s].topic[i]);
    topics->repartition = name_of(model, "-", "repartition");
    topics->changelog = name_of(model, "-", "changelog");
    for (enum cpi_topic t = 0; t < CPI_TOPICS; t++)
        if (t != CPI_TOPIC_FACTS || model->facts)
            topics->output[t] = name_of(model, ".", cpi_topic_name(t));
}

void names_fini(struct port_topics *topics)
{
    for (size_t i = 0; i < topics->n_sources; i++)
        free(topics->source[i]);
    free(topics->source);
    free(topics->repartition);
    free(topics->changelog);
    for (size_t i = 0; i < CPI_TOPICS; i++)
        free(topics->output[i]);
}

void names_source(const struct cpi_model *model, uint32_t topic, uint16_t *ret_source,
                  uint16_t *ret_topic_index)
{
    uint16_t s = 0;
    while (topic >= model->source[s].n_topics)
        topic -= (uint32_t)model->source[s++].n_topics;
    *ret_source = s;
    *ret_topic_index = (uint16_t)topic;
}
