#include "cpi/model.h"

/* Names are few and looked up at start, or by explain: a scan will do. */
uint16_t cpi_model_find_type(const struct cpi_model *model, struct cpi_text name)
{
    for (size_t i = 0; i < model->n_types; i++)
        if (cpi_text_equal(model->type[i].name, name))
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_find_field(const struct cpi_model *model, struct cpi_text name)
{
    for (size_t i = 0; i < model->n_fields; i++)
        if (cpi_text_equal(model->field[i].name, name))
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_find_word(const struct cpi_model *model, struct cpi_text name)
{
    for (size_t i = 0; i < model->n_words; i++)
        if (cpi_text_equal(model->word[i].name, name))
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_find_window(const struct cpi_model *model, struct cpi_text name)
{
    for (size_t i = 0; i < model->n_windows; i++)
        if (cpi_text_equal(model->window[i].name, name))
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_find_source(const struct cpi_model *model, struct cpi_text name)
{
    for (size_t i = 0; i < model->n_sources; i++)
        if (cpi_text_equal(model->source[i].name, name))
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_find_indicator(const struct cpi_model *model, struct cpi_text name)
{
    for (size_t i = 0; i < model->n_indicators; i++)
        if (cpi_text_equal(model->indicator[i].name, name))
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_find_topic_source(const struct cpi_model *model, struct cpi_text topic)
{
    for (size_t i = 0; i < model->n_sources; i++)
        for (size_t k = 0; k < model->source[i].n_topics; k++)
            if (cpi_text_equal(model->source[i].topic[k], topic))
                return (uint16_t)i;
    return CPI_NO_INDEX;
}

/* Every decoded event asks for its type, source and fields. */
static uint16_t find_hash(const struct cpi_hash_table *table, uint32_t hash)
{
    for (uint32_t i = hash & table->mask;; i = (i + 1) & table->mask) {
        const struct cpi_hash_slot *slot = &table->slot[i];
        if (slot->index == CPI_NO_INDEX || slot->hash == hash)
            return slot->index;
    }
}

uint16_t cpi_model_type_of_hash(const struct cpi_model *model, uint32_t hash)
{
    if (model->types_by_hash.slot)
        return find_hash(&model->types_by_hash, hash);
    for (size_t i = 0; i < model->n_types; i++)
        if (model->type[i].hash == hash)
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_field_of_hash(const struct cpi_model *model, uint32_t hash)
{
    if (model->fields_by_hash.slot)
        return find_hash(&model->fields_by_hash, hash);
    for (size_t i = 0; i < model->n_fields; i++)
        if (model->field[i].hash == hash)
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_indicator_of_hash(const struct cpi_model *model, uint32_t hash)
{
    if (model->indicators_by_hash.slot)
        return find_hash(&model->indicators_by_hash, hash);
    for (size_t i = 0; i < model->n_indicators; i++)
        if (model->indicator[i].hash == hash)
            return (uint16_t)i;
    return CPI_NO_INDEX;
}

uint16_t cpi_model_source_of_hash(const struct cpi_model *model, uint32_t hash)
{
    if (model->sources_by_hash.slot)
        return find_hash(&model->sources_by_hash, hash);
    for (size_t i = 0; i < model->n_sources; i++)
        if (model->source[i].hash == hash)
            return (uint16_t)i;
    return CPI_NO_INDEX;
}
