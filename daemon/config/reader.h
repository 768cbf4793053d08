/* From libconfig's tree to settings, driven by the table (settings.h). Private to this folder. */
#ifndef CPID_CONFIG_READER_H
#define CPID_CONFIG_READER_H

#include <libconfig.h>

#include <cpi/alloc.h>
#include <cpi/diag.h>

#include "settings.h"
#include "text.h"

struct catalogue;
struct reader {
    struct cpi_diag *diag;
    struct cpi_arena *arena;        /* owns all that is read */
    const struct config_text *text; /* where lines come from */
    struct cpi_buf path;            /* "indicators.fcr.within", for diagnostics */
    struct catalogue *catalogue;    /* once something was used from it */
};

/* Fills in the defaults of a section. */
void reader_defaults(struct reader *r, const struct setting_section *section, void *base);
/* Reads the members of a group over what is there: a key that is given replaces, `fields` and
 * `maps` are merged. Complains about what it does not know or understand. */
void reader_group(struct reader *r, const struct setting_section *section, config_setting_t *group,
                  void *base);

/* Complains about required keys that nothing has given. */
void reader_missing(struct reader *r, const struct setting_section *section, struct cpi_origin at,
                    const void *base);
/* If the source names a pack, reads that first. */
void reader_pack(struct reader *r, config_setting_t *source, void *base);
/* Reads the file of a pack over what is there. */
void reader_pack_file(struct reader *r, const char *file, struct cpi_source_spec *into);
/* Where the pack of that name lies, as seen from the configuration `beside` (NULL = none); false if
 * nowhere. */
bool reader_pack_find(const char *beside, const char *name, char *ret, size_t size);
/* Parses the text; false if it is no configuration, which is complained about. */
bool reader_parse(const struct config_text *text, config_t *ret, struct cpi_diag *diag);

/* If the indicator uses one of the catalogue, reads that first. */
void reader_use(struct reader *r, config_setting_t *indicator, void *base);
/* Adds the words and windows that used indicators name and the configuration does not define. */
void reader_use_names(struct reader *r, struct settings *settings);
/* Reads every file of the catalogue as seen from the configuration `beside` (NULL = none). */
void reader_catalogue(struct reader *r, const char *beside, struct catalogue *ret);

/* One value of the plain kinds. */
void reader_value(struct reader *r, const struct setting *row, config_setting_t *value, void *base);
/* A default or any other text of a plain kind into the row's place; NULL or what is wrong. */
const char *reader_text_value(const struct setting *row, const char *text, int64_t *ret);

struct cpi_origin reader_origin(const struct reader *r, const config_setting_t *setting);
void reader_error(struct reader *r, struct cpi_origin at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds ".name" or ".[3]" to the path; returns the length to go back to. */
size_t reader_enter(struct reader *r, const char *name, int index);
void reader_leave(struct reader *r, size_t length);
struct cpi_text_at reader_string(struct reader *r, config_setting_t *setting);

#endif
