#include "demo/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of the first member of this name, quotes taken off. Enough for what cpid itself writes,
 * which has no blanks; not a JSON parser. */
static const char *member(struct cpi_text json, const char *name, char *ret, size_t bytes)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    ret[0] = '\0';
    int64_t at = cpi_text_find(json, cpi_text_of(quoted));
    if (at < 0)
        return ret;
    const char *from = json.at + at + strlen(quoted), *end = json.at + json.len;
    char stop = ',';
    if (from < end && *from == '"') {
        from++;
        stop = '"';
    }
    size_t len = 0;
    while (from + len < end && from[len] != stop && (stop == '"' || from[len] != '}') &&
           len + 1 < bytes)
        len++;
    memcpy(ret, from, len);
    ret[len] = '\0';
    return ret;
}
#define MEMBER(json, name, to) member(json, name, to, sizeof(to))

bool output_update_read(struct cpi_text json, struct output_update *ret)
{
    char op[8], bound[24], met[8];
    *ret = (struct output_update){ 0 };
    if (!cpi_text_is(json))
        return false;
    MEMBER(json, "indicator", ret->indicator);
    MEMBER(json, "kind", ret->kind);
    MEMBER(json, "id", ret->id);
    MEMBER(json, "end", ret->end);
    MEMBER(json, "value", ret->value);
    MEMBER(json, "unit", ret->unit);
    MEMBER(json, "n", ret->n);
    MEMBER(json, "pending", ret->pending);
    MEMBER(json, "delta", ret->delta);
    MEMBER(json, "op", op);
    MEMBER(json, "bound", bound);
    if (op[0])
        snprintf(ret->target, sizeof ret->target, "%.4s %.16s", op, bound);
    ret->met = MEMBER(json, "target_met", met)[0];
    if (ret->met != 't' && ret->met != 'f')
        ret->met = 0;
    return true;
}

bool output_alert_read(struct cpi_text json, struct output_alert *ret)
{
    *ret = (struct output_alert){ 0 };
    if (!cpi_text_is(json))
        return false;
    MEMBER(json, "alertname", ret->name);
    MEMBER(json, "team", ret->entity);
    MEMBER(json, "status", ret->status);
    MEMBER(json, "startsAt", ret->starts);
    MEMBER(json, "endsAt", ret->ends);
    MEMBER(json, "value", ret->value);
    MEMBER(json, "sample_size", ret->n);
    return true;
}

void output_value_text(const char *value, const char *unit, char *ret, size_t bytes)
{
    double number = atof(value);
    if (!*value || strcmp(value, "null") == 0)
        snprintf(ret, bytes, "-");
    else if (strcmp(unit, "ms") == 0 && number >= 2 * 3600000.0)
        snprintf(ret, bytes, "%.1f h", number / 3600000);
    else if (strcmp(unit, "ms") == 0)
        snprintf(ret, bytes, "%.1f min", number / 60000);
    else if (strcmp(unit, "share") == 0)
        snprintf(ret, bytes, "%.1f %%", number * 100);
    else
        snprintf(ret, bytes, "%s", value);
}
