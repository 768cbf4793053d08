#include "load.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cpi/alloc.h>
#include <cpi/time.h>

#include "connection.h"
#include "reader.h"
#include "settings.h"
#include "zone.h"

#define CSV_BYTES_MAX (256u << 20)
#define PASSWORD_BYTES_MAX 4096u
#define SAMPLES_BYTES_MAX (16u << 20)

struct config_memory {
    struct cpi_arena arena;
    struct settings settings;
    size_t zone_cap;
};

struct loading {
    struct config *config;
    struct settings *settings;
    struct cpi_arena *arena;
    struct cpi_diag *diag;
    bool lenient; /* files that are not there are warnings */
};

/* ---- the file ---- */
static bool read_settings(struct loading *l, const char *path)
{
    struct config_text text;
    config_t tree;
    config_init(&tree);
    bool sound =
        config_text_read(path, l->arena, &text, l->diag) && reader_parse(&text, &tree, l->diag);
    if (sound) {
        struct reader r = { .diag = l->diag, .arena = l->arena, .text = &text };
        cpi_buf_init(&r.path);
        reader_defaults(&r, &settings_root, l->settings);
        l->settings->at = l->settings->spec.at = config_text_origin(&text, 1);
        reader_group(&r, &settings_root, config_root_setting(&tree), l->settings);
        reader_use_names(&r, l->settings);
        reader_missing(&r, &settings_root, l->settings->at, l->settings);
        cpi_buf_fini(&r.path);
    }
    config_destroy(&tree);
    config_text_fini(&text);
    return sound;
}

/* ---- zones ---- */
static bool add_zone(struct loading *l, const char *name)
{
    struct cpi_spec *spec = &l->settings->spec;
    struct cpi_zone zone;
    for (size_t i = 0; i < spec->n_zones; i++)
        if (strcmp(spec->zones[i].name, name) == 0)
            return true;
    if (zone_read(name, &zone) < 0)
        return false;
    spec->zones = cpi_grow(spec->zones, spec->n_zones, &l->config->memory->zone_cap, sizeof zone);
    spec->zones[spec->n_zones++] = zone;
    return true;
}

static void read_zone(struct loading *l, struct cpi_text_at name, const char *path)
{
    char near[64];
    if (!name.text || add_zone(l, name.text))
        return;
    if (zone_nearest(name.text, near, sizeof near))
        cpi_diag_error(l->diag, name.at, path, "there is no zone \"%s\"; did you mean \"%s\"?",
                       name.text, near);
    else
        cpi_diag_error(l->diag, name.at, path,
                       "there is no zone \"%s\"; want a name of the zone database, such as "
                       "\"Europe/Berlin\"%s",
                       name.text,
                       access("/usr/share/zoneinfo", R_OK) == 0 ? ""
                                                                : " (tzdata is not installed)");
}

/* Of dates in mappings; whoever compiles the mapping complains about a name that is none. */
static void read_mapping_zones(struct loading *l, const struct cpi_mapping_spec *mapping)
{
    struct cpi_text name;
    struct cpi_origin at;
    for (size_t i = 0; cpi_mapping_spec_zone(mapping, i, &name, &at); i++)
        add_zone(l, cpi_arena_text(l->arena, name).at);
}

static void read_zones(struct loading *l)
{
    read_zone(l, l->settings->spec.zone, "zone");
    for (size_t i = 0; i < l->settings->spec.n_sources; i++) {
        const struct cpi_source_spec *source = &l->settings->spec.source[i];
        struct cpi_text path = cpi_arena_format(l->arena, "sources.%s.zone%c",
                                                source->name.text ? source->name.text : "?", 0);
        read_zone(l, source->zone, path.at);
        read_mapping_zones(l, &source->mapping);
    }
}

/* ---- who is who ---- */
static bool read_file(struct loading *l, struct cpi_text_at name, const char *path,
                      struct cpi_buf *ret, const char **ret_file)
{
    const char *file = config_path_beside(name.at.file ? name.at.file : "", name.text, l->arena);
    int rc = config_file_read(file, CSV_BYTES_MAX, ret);
    *ret_file = file;
    if (rc == 0)
        return true;
    const char *what = rc == -EISDIR ? "is a directory" : strerror(-rc);
    if (rc == -ENOENT && l->lenient)
        cpi_diag_warn(l->diag, name.at, path, "cannot read %s: %s; `run` and `replay` need it",
                      file, what);
    else
        cpi_diag_error(l->diag, name.at, path, "cannot read %s: %s", file, what);
    return false;
}

static void read_directory(struct loading *l)
{
    struct settings *s = l->settings;
    const struct cpi_zone *zone = NULL;
    for (size_t i = 0; i < s->spec.n_zones; i++)
        if (s->spec.zone.text && strcmp(s->spec.zones[i].name, s->spec.zone.text) == 0)
            zone = &s->spec.zones[i];
    if (!zone)
        return;
    struct cpi_directory *dir = l->config->directory = cpi_directory_new(zone);
    struct cpi_buf csv;
    const char *file;
    cpi_buf_init(&csv);
    if (s->people_file.text && read_file(l, s->people_file, "people.file", &csv, &file))
        cpi_directory_add_people(dir, file, cpi_buf_text(&csv), l->diag);
    cpi_buf_reset(&csv);
    if (s->customers_file.text && read_file(l, s->customers_file, "customers.file", &csv, &file))
        cpi_directory_add_customers(dir, file, cpi_buf_text(&csv), l->diag);
    cpi_buf_fini(&csv);
    struct cpi_team_spec *team = cpi_arena_take(l->arena, (s->n_teams + 1) * sizeof *team);
    for (size_t i = 0; i < s->n_teams; i++)
        team[i] = (struct cpi_team_spec){ s->team[i].name.text, s->team[i].value.text,
                                          s->team[i].name.at };
    cpi_directory_add_teams(dir, team, s->n_teams, l->diag);
}

/* Events may bring teams that the directory does not know, so a wrong name is only likely. */
static void warn_teams(struct loading *l)
{
    const struct settings *s = l->settings;
    for (size_t i = 0; l->config->directory && i < s->spec.n_alerts; i++) {
        const struct cpi_alert_spec *alert = &s->spec.alert[i];
        if (!alert->on.text || strncmp(alert->on.text, "team:", 5) != 0 || s->n_teams == 0)
            continue;
        struct cpi_text team = cpi_text_of(alert->on.text + 5);
        if (cpi_text_is(cpi_directory_team_path(l->config->directory, team)))
            continue;
        const char **names = cpi_arena_take(l->arena, s->n_teams * 2 * sizeof *names);
        for (size_t k = 0; k < s->n_teams; k++) {
            names[2 * k] = s->team[k].name.text;
            names[2 * k + 1] = s->team[k].value.text;
        }
        const char *near = cpi_diag_nearest(team.at, names, s->n_teams * 2);
        cpi_diag_warn(l->diag, alert->on.at, "alerts",
                      "neither teams nor people know the team \"%s\"%s%s%s", team.at,
                      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
}

/* An error in what was taken from the catalogue is put right in the configuration: says where. */
static void point_at_uses(struct loading *l)
{
    const struct cpi_spec *spec = &l->settings->spec;
    size_t count = l->diag->count;
    for (size_t i = 0; i < spec->n_indicators; i++) {
        const struct cpi_indicator_spec *ind = &spec->indicator[i];
        struct cpi_text path = cpi_arena_format(l->arena, "indicators.%s.%c",
                                                ind->name.text ? ind->name.text : "?", 0);
        bool points = false;
        for (size_t k = 0; ind->use.text && k < count && !points; k++) {
            const struct cpi_diag_line *line = &l->diag->line[k];
            points = !line->warning && line->at.file &&
                     strcmp(line->at.file, ind->use.at.file) != 0 &&
                     strncmp(line->path, path.at, strlen(path.at)) == 0;
        }
        path = cpi_arena_format(l->arena, "%suse%c", path.at, 0);
        if (points)
            cpi_diag_warn(l->diag, ind->use.at, path.at,
                          "comes from the catalogue; map what it needs, or replace its keys here "
                          "(`cpid check --indicators %s`)",
                          ind->use.text);
    }
}

/* ---- the daemon's own ---- */
static void read_start(struct loading *l)
{
    struct cpi_text_at start = l->settings->start;
    struct config *c = l->config;
    if (!start.text)
        return;
    struct cpi_zone utc;
    cpi_zone_init_utc(&utc);
    const struct cpi_zone *zone = l->settings->spec.n_zones ? &l->settings->spec.zones[0] : &utc;
    if (strcmp(start.text, "earliest") == 0)
        c->start = CONFIG_START_EARLIEST;
    else if (strcmp(start.text, "latest") == 0)
        c->start = CONFIG_START_LATEST;
    else if (cpi_time_parse(cpi_text_of(start.text), zone, &c->start_ms))
        c->start = CONFIG_START_TIME;
    else
        cpi_diag_error(l->diag, start.at, "start",
                       "\"%s\" is no start; want earliest, latest, or a date such as "
                       "\"2026-01-31\" or \"2026-01-31T08:00:00Z\"",
                       start.text);
    cpi_zone_fini(&utc);
}

static void read_daemon(struct loading *l)
{
    struct config *c = l->config;
    c->workers = (uint32_t)l->settings->spec.workers.value;
    c->log_level = (enum config_log_level)l->settings->log_level.value;
    read_start(l);
    connection_read(l->settings, l->lenient, l->arena, l->diag, c);
}

/* ---- a pack alone ---- */
static const char *pack_name(const char *file, struct cpi_arena *arena)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    size_t len = strlen(name);
    bool ends = len > 5 && strcmp(name + len - 5, ".conf") == 0;
    return config_text_keep(arena, name, ends ? len - 5 : len);
}

static bool read_pack(struct loading *l, const char *pack)
{
    char found[4400];
    struct cpi_spec *spec = &l->settings->spec;
    size_t len = strlen(pack);
    bool is_file = strchr(pack, '/') || (len > 5 && strcmp(pack + len - 5, ".conf") == 0);
    struct cpi_origin at = { config_text_keep(l->arena, pack, len), 0 };
    if (!is_file && !reader_pack_find(NULL, pack, found, sizeof found)) {
        cpi_diag_error(l->diag, at, "",
                       "there is no pack of that name in sources/ of $CPID_DATA or " CPID_DATADIR);
        return false;
    }
    if (!is_file)
        at.file = config_text_keep(l->arena, found, strlen(found));
    struct cpi_source_spec *source = cpi_arena_take(l->arena, sizeof *source);
    struct cpi_text_at *topic = cpi_arena_take(l->arena, sizeof *topic);
    struct reader r = { .diag = l->diag, .arena = l->arena };
    cpi_buf_init(&r.path);
    reader_defaults(&r, &settings_root, l->settings);
    reader_defaults(&r, &settings_source, source);
    spec->at = source->at = at;
    reader_pack_file(&r, at.file, source);
    cpi_buf_fini(&r.path);
    if (!source->name.text)
        source->name = (struct cpi_text_at){ pack_name(at.file, l->arena), at };
    *topic = source->name;
    source->topics = (struct cpi_texts_spec){ topic, 1, true, at };
    spec->source = source;
    spec->n_sources = 1;
    return true;
}

typedef bool read_fn(struct loading *l, const char *path);

static int load(read_fn *read, const char *path, bool lenient, struct config *ret,
                struct cpi_diag *diag)
{
    struct config_memory *memory = cpi_xcalloc(1, sizeof *memory);
    *ret = (struct config){ .memory = memory, .spec = &memory->settings.spec };
    cpi_arena_init(&memory->arena);
    struct loading l = { ret, &memory->settings, &memory->arena, diag, lenient };
    if (read(&l, path)) {
        read_zones(&l);
        read_directory(&l);
        warn_teams(&l);
        read_daemon(&l);
        ret->model = cpi_model_new(ret->spec, diag);
        point_at_uses(&l);
    }
    cpi_diag_sort(diag);
    if (diag->errors == 0 && ret->model)
        return 0;
    cpi_model_free(ret->model);
    cpi_directory_free(ret->directory);
    ret->model = NULL;
    ret->directory = NULL;
    return -EINVAL;
}

int config_load(const char *path, struct config *ret, struct cpi_diag *diag)
{
    return load(read_settings, path, false, ret, diag);
}

int config_check(const char *path, struct config *ret, struct cpi_diag *diag)
{
    return load(read_settings, path, true, ret, diag);
}

int config_load_pack(const char *pack, struct config *ret, struct cpi_diag *diag)
{
    return load(read_pack, pack, false, ret, diag);
}

void config_fini(struct config *config)
{
    cpi_model_free(config->model);
    cpi_directory_free(config->directory);
    struct config_memory *memory = config->memory;
    if (memory) {
        struct cpi_spec *spec = &memory->settings.spec;
        for (size_t i = 0; i < spec->n_zones; i++)
            cpi_zone_fini(&spec->zones[i]);
        free(spec->zones);
        cpi_arena_fini(&memory->arena);
        free(memory);
    }
    *config = (struct config){ 0 };
}

int config_set_instance(struct config *config, const char *instance)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(instance);
    if (len == 0 || len > 100 || strspn(instance, letters) != len)
        return -EINVAL;
    config->model->instance = cpi_arena_text(config->model->arena, cpi_text_of(instance));
    return 0;
}

int config_read_samples(const struct config *config, size_t source, struct cpi_buf *ret,
                        const char **ret_path)
{
    struct cpi_text_at name = config->spec->source[source].samples;
    *ret_path = config_path_beside(name.at.file, name.text, &config->memory->arena);
    return config_file_read(*ret_path, SAMPLES_BYTES_MAX, ret);
}

int config_read_password(const char *path, struct cpi_buf *ret)
{
    size_t before = ret->len;
    int rc = config_file_read(path, PASSWORD_BYTES_MAX, ret);
    if (rc < 0)
        return rc;
    struct cpi_text line = { (const char *)ret->at + before, (uint32_t)(ret->len - before) };
    int64_t end = cpi_text_find(line, CPI_TEXT("\n"));
    line = cpi_text_trim(end >= 0 ? cpi_text_part(line, 0, (uint32_t)end) : line);
    memmove(ret->at + before, line.at, line.len);
    ret->len = before + line.len;
    return 0;
}
