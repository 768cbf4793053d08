/* The one table of settings: what may stand in a configuration file. It drives loading, `check`,
 * the defaults and the documentation (`cpid check --settings`).
 *
 * A section is the set of keys of one kind of group; a row is one key. The value of a row is stored
 * at `offset` in the section's struct: cpi_text_at for texts, cpi_texts_spec for text lists,
 * cpi_int_spec for everything that is a number in the end, pointer and count for lists. */
#ifndef CPID_CONFIG_SETTINGS_H
#define CPID_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include <cpi/buf.h>
#include <cpi/mapping.h>
#include <cpi/spec.h>

enum setting_type {
    SETTING_TEXT,     /* any text */
    SETTING_NAME,     /* letters, digits, . _ - */
    SETTING_TEXTS,    /* a text or an array of texts */
    SETTING_VALUE,    /* the same, of the mapping language (cpi_value_spec) */
    SETTING_COUNT,    /* a whole number; range "least..most" */
    SETTING_SWITCH,   /* true or false */
    SETTING_FLAG,     /* the same, stored as a plain bool */
    SETTING_DURATION, /* "10m"; range "least..most" as durations */
    SETTING_SIZE,     /* "4GiB" */
    SETTING_PERCENT,  /* "90 %"; range is the list of what is allowed */
    SETTING_CHOICE,   /* one text of the range "a|b|c"; stored as its place */
    SETTING_GROUP,    /* a group with keys of its own */
    SETTING_LIST,     /* a list of groups */
    SETTING_NAMED,    /* a group whose members are groups with a name of the user's */
    SETTING_FIELDS,   /* a group of values with free names */
    SETTING_MAPS,     /* a group of lists of pairs with free names */
    SETTING_PAIRS,    /* a list of pairs of texts */
};

enum {
    SETTING_REQUIRED = 1,
    SETTING_LIVE = 2,       /* a reload takes it without a restart */
    SETTING_GENERATION = 4, /* a change alters results: generation + 1 */
};

struct setting_section;
struct setting {
    const char *key;
    enum setting_type type;
    unsigned flags;
    size_t offset;
    size_t
        count_offset; /* of lists, and of texts kept as pointer and count: where the count stands */
    size_t at_offset; /* of lists: where their place in the file is kept; 0 = nowhere */
    const struct setting_section *section;
    const char *range;
    const char
        *fallback; /* the default as one would write it (texts: without quotes), NULL = none */
    const char *doc;
};
struct setting_section {
    const struct setting *setting;
    size_t count;
    size_t bytes;       /* of the struct; it begins with a cpi_origin */
    size_t name_offset; /* SETTING_NAMED: where the name goes */
};

struct settings_pair {
    struct cpi_text_at name, value;
};
/* An indicator of the catalogue, and what a reader must know of it. */
struct settings_entry {
    struct cpi_indicator_spec spec;
    struct cpi_text_at formula, excluded, needs, source, target_from;
    struct cpi_int_spec class;  /* effectiveness | efficiency | guard */
    struct cpi_int_spec better; /* up | down */
};
/* A file of the catalogue: indicators, and the words and windows that they name. */
struct settings_family {
    struct cpi_origin at;
    struct cpi_text_at title;
    struct settings_entry *entry;
    size_t n_entries;
    struct cpi_word_spec *word;
    size_t n_words;
    struct cpi_window_spec *window;
    size_t n_windows;
};

/* Everything that one configuration file says. */
struct settings {
    struct cpi_origin at;
    struct cpi_spec spec;
    struct {
        struct cpi_origin at;
        struct cpi_text_at servers, user, password_file, ca_file, certificate_file, key_file,
            key_password_file;
        struct cpi_int_spec mechanism, tls;
        struct settings_pair *option;
        size_t n_options;
    } kafka;
    struct cpi_text_at people_file, customers_file;
    struct settings_pair *team; /* team, parent */
    size_t n_teams;
    struct cpi_text_at start;
    struct cpi_int_spec log_level; /* error | warning | info | debug */
};

/* The whole file. */
extern const struct setting_section settings_root;
/* A source alone: the keys of a pack. */
extern const struct setting_section settings_source;
/* An indicator of a configuration, and a file of the catalogue. */
extern const struct setting_section settings_indicator, settings_family;

/* The row of a key, or NULL. */
const struct setting *setting_find(const struct setting_section *section, const char *key);
/* Kinds of values in words: "a duration such as \"10m\"". */
const char *setting_type_name(enum setting_type type);
/* All rows as text, one paragraph each. */
void settings_print(struct cpi_buf *buf);

#endif
