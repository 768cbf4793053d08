#include "zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cpi/alloc.h>
#include <cpi/diag.h>

/* The offset is asked for day by day and each change found by bisection: the C library knows all
 * versions of the file and the rule behind its last entry. */
#define FIRST_DAY (-25567) /* 1900-01-01 */
#define LAST_DAY 84006     /* 2200-01-01 */

#define NAMES_MAX 1000
#define NAME_BYTES_MAX 64

static FILE *open_in_database(const char *name)
{
    char path[512];
    const char *folder = getenv("TZDIR");
    snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : "/usr/share/zoneinfo", name);
    return fopen(path, "rbe");
}

static bool is_zone_file(const char *name)
{
    char magic[4];
    FILE *file = open_in_database(name);
    if (!file)
        return false;
    bool zone =
        fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
    fclose(file);
    return zone;
}

static int32_t offset_at(time_t instant)
{
    struct tm local;
    return localtime_r(&instant, &local) ? (int32_t)local.tm_gmtoff : 0;
}

static void add_change(struct cpi_zone *zone, size_t *cap, int64_t at, int32_t offset_s)
{
    zone->change = cpi_grow(zone->change, zone->count, cap, sizeof *zone->change);
    zone->change[zone->count++] = (struct cpi_zone_change){ at, offset_s };
}

static void probe(struct cpi_zone *zone)
{
    size_t cap = 0;
    int32_t offset = offset_at((time_t)FIRST_DAY * 86400);
    add_change(zone, &cap, CPI_TIME_NONE, offset);
    for (time_t day = FIRST_DAY; day < LAST_DAY; day++) {
        time_t low = day * 86400, high = low + 86400;
        int32_t next = offset_at(high);
        if (next == offset)
            continue;
        while (high - low > 1) {
            time_t middle = low + (high - low) / 2;
            if (offset_at(middle) == offset)
                low = middle;
            else
                high = middle;
        }
        add_change(zone, &cap, (int64_t)high * 1000, next);
        offset = next;
    }
}

int zone_read(const char *name, struct cpi_zone *ret)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_/";
    size_t len = strlen(name);
    if (strcmp(name, "UTC") == 0) {
        cpi_zone_init_utc(ret);
        return 0;
    }
    if (!len || len > 100 || name[0] == '/' || strspn(name, letters) != len)
        return -EINVAL;
    if (!is_zone_file(name))
        return -ENOENT;
    const char *set = getenv("TZ");
    char *before = set ? cpi_xstrdup(set) : NULL;
    char spec[128];
    snprintf(spec, sizeof spec, ":%s", name);
    setenv("TZ", spec, 1);
    tzset();
    *ret = (struct cpi_zone){ .name = cpi_xstrdup(name) };
    probe(ret);
    if (before)
        setenv("TZ", before, 1);
    else
        unsetenv("TZ");
    tzset();
    free(before);
    return 0;
}

bool zone_nearest(const char *name, char *ret, size_t size)
{
    FILE *table = open_in_database("zone.tab"); /* country, place, name, remarks, between tabs */
    char(*room)[NAME_BYTES_MAX] = cpi_xcalloc(NAMES_MAX, sizeof *room);
    const char **names = cpi_xcalloc(NAMES_MAX, sizeof *names);
    size_t n = 0;
    char line[512];
    while (table && n < NAMES_MAX && fgets(line, sizeof line, table))
        if (line[0] != '#' && sscanf(line, "%*[^\t]\t%*[^\t]\t%63[^\t\n]", room[n]) == 1) {
            names[n] = room[n];
            n++;
        }
    if (table)
        fclose(table);
    const char *near = cpi_diag_nearest(name, names, n);
    if (near)
        snprintf(ret, size, "%s", near);
    free(names);
    free(room);
    return near != NULL;
}
