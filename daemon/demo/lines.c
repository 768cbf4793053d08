#include "demo/lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void demo_intro(size_t n_events, int seconds)
{
    printf(
        "A made-up Monday at a helpdesk, 8:00 to 18:00 in %d seconds: %zu events through an "
        "embedded\n"
        "broker into cpid. Two teams, phone and mail; from 11:00 on the telephone system is slow.\n"
        "What follows comes out of the topics demo.indicators and demo.alerts.\n\n",
        seconds, n_events);
    fflush(stdout);
}

static void value_text(const char *unit, const char *value, char *ret, size_t bytes)
{
    if (!*value || strcmp(value, "null") == 0)
        snprintf(ret, bytes, "-");
    else if (strcmp(unit, "ms") == 0)
        snprintf(ret, bytes, "%.1f min", atof(value) / 60000);
    else if (strcmp(unit, "share") == 0)
        snprintf(ret, bytes, "%.1f %%", atof(value) * 100);
    else
        snprintf(ret, bytes, "%s", value);
}

void demo_update(struct cpi_text json, struct demo_counts *counts)
{
    char indicator[64], kind[32], id[64], end[40], value[40], unit[16], n[24], met[8], text[48];
    if (!cpi_text_is(json))
        return;
    counts->updates++;
    member(json, "kind", kind, sizeof kind);
    member(json, "end", end, sizeof end);
    /* of reps, and between the hours, there would be too many lines to read */
    if (strcmp(kind, "rep") == 0 || strlen(end) < 16 || strncmp(end + 14, "00", 2) != 0)
        return;
    member(json, "indicator", indicator, sizeof indicator);
    member(json, "id", id, sizeof id);
    member(json, "value", value, sizeof value);
    member(json, "n", n, sizeof n);
    member(json, "target_met", met, sizeof met);
    value_text(member(json, "unit", unit, sizeof unit), value, text, sizeof text);
    printf("%.5s  %-6s %-26s %12s  of %4s%s\n", end + 11, strcmp(kind, "org") == 0 ? "all" : id,
           indicator, text, n, strcmp(met, "false") == 0 ? "  misses its target" : "");
}

void demo_alert(struct cpi_text json, struct demo_counts *counts)
{
    char status[16], name[64], starts[40], ends[40], team[64], now[256];
    if (!cpi_text_is(json))
        return;
    bool firing = strcmp(member(json, "status", status, sizeof status), "firing") == 0;
    member(json, "startsAt", starts, sizeof starts);
    member(json, "endsAt", ends, sizeof ends);
    member(json, "team", team, sizeof team);
    member(json, "alertname", name, sizeof name);
    snprintf(now, sizeof now, "%s %s %s %s", name, team, status, starts);
    if (strcmp(now, counts->last_alert) == 0) {
        counts->refreshes++;
        return;
    }
    memcpy(counts->last_alert, now, sizeof now);
    counts->alerts++;
    bool colours = isatty(STDOUT_FILENO);
    printf("%s%.5s  %-6s ALERT %s: %s, since %.5s%s\n",
           !colours ? ""
           : firing ? "\033[1;31m"
                    : "\033[1;32m",
           strlen(firing ? starts : ends) > 16 ? (firing ? starts : ends) + 11 : "--:--", team,
           firing ? "FIRING" : status, name, strlen(starts) > 16 ? starts + 11 : "?",
           colours ? "\033[0m" : "");
}
