#include "event/fact.h"

struct cpi_dim_fields cpi_dim_fields_of(const struct cpi_model *model)
{
    struct cpi_dim_fields fields = { { 0 }, 0 };
    for (size_t d = 0; d < model->n_dims; d++)
        for (size_t m = 0; m < model->dim[d].n_members; m++) {
            uint16_t member = model->dim[d].member[m];
            unsigned k = 0;
            while (k < fields.count && fields.member[k] != member)
                k++;
            if (member >= CPI_MEMBER_FIELD0 && k == fields.count && k < CPI_DIM_FIELDS_MAX)
                fields.member[fields.count++] = member;
        }
    return fields;
}
