/* Explaining: the same run with somebody listening. */
#include "event/map.h"

static void add_quoted(struct cpi_buf *buf, struct cpi_text t)
{
    struct cpi_text shown = cpi_text_part(t, 0, 120);
    cpi_buf_add_byte(buf, '\'');
    for (uint32_t i = 0; i < shown.len; i++)
        cpi_buf_add_byte(buf, (unsigned char)shown.at[i] < ' ' ? ' ' : (uint8_t)shown.at[i]);
    cpi_buf_add_string(buf, t.len > shown.len ? "...'" : "'");
}

void map_trace_result(struct map_run *run, const struct map_result *r)
{
    struct cpi_buf *buf = run->trace;
    cpi_buf_add_string(buf, " -> ");
    switch (r->state) {
    case MAP_ABSENT:
        cpi_buf_add_string(buf, "absent");
        break;
    case MAP_NULL:
        cpi_buf_add_string(buf, "null");
        break;
    case MAP_BAD:
        cpi_buf_add_format(buf, "cannot be read: %.*s", CPI_TEXT_ARG(r->text));
        break;
    case MAP_TEXT:
        add_quoted(buf, r->text);
        break;
    case MAP_MS:
        cpi_int_format(buf, r->ms);
        cpi_buf_add_string(buf, " ms");
        if (r->ms > CPI_DAY * 365 && r->ms < CPI_TIME_MAX) {
            cpi_buf_add_string(buf, " = ");
            cpi_time_format(buf, r->ms);
        }
        break;
    case MAP_NODE:
        cpi_buf_add_string(buf, r->node.kind == JSON_ARRAY ? "an array" : "an object");
        break;
    case MAP_LIST:
        cpi_buf_add_format(buf, "%u values", r->list_count);
        break;
    }
    cpi_buf_add_byte(buf, '\n');
}

void cpi_mapper_explain(struct cpi_mapper *mapper, const struct cpi_mapping *mapping,
                        const struct cpi_record *record, struct cpi_buf *buf)
{
    struct cpi_mapped *event;
    size_t count;
    struct cpi_text detail;
    *map_mapper_trace(mapper) = buf;
    cpi_mapper_map(mapper, mapping, record, NULL, &event, &count, &detail);
    *map_mapper_trace(mapper) = NULL;
}
