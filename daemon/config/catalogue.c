#include "catalogue.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "reader.h"

#define NAMES_MAX 1024

/* ---- the files ---- */
static void read_family(struct reader *r, const char *file, struct settings_family *ret)
{
    struct config_text text;
    config_t tree;
    config_init(&tree);
    if (config_text_read(file, r->arena, &text, r->diag) && reader_parse(&text, &tree, r->diag)) {
        const struct config_text *outer = r->text;
        struct cpi_buf path = r->path;
        cpi_buf_init(&r->path); /* a place in this file, not in the one that uses it */
        r->text = &text;
        ret->at = config_text_origin(&text, 1);
        reader_group(r, &settings_family, config_root_setting(&tree), ret);
        reader_missing(r, &settings_family, ret->at, ret);
        r->text = outer;
        cpi_buf_fini(&r->path);
        r->path = path;
    }
    config_destroy(&tree);
    config_text_fini(&text);
}

static size_t read_folder(struct reader *r, const char *folder, struct catalogue *into)
{
    char pattern[4400];
    glob_t files;
    if (snprintf(pattern, sizeof pattern, "%s/indicators/*.conf", folder) >= (int)sizeof pattern ||
        glob(pattern, 0, NULL, &files) != 0)
        return 0;
    size_t before = into->n_families;
    struct settings_family *grown =
        cpi_arena_take(r->arena, (before + files.gl_pathc) * sizeof *grown);
    if (before)
        memcpy(grown, into->family, before * sizeof *grown);
    into->family = grown;
    for (size_t i = 0; i < files.gl_pathc; i++)
        read_family(r, files.gl_pathv[i], &into->family[into->n_families++]);
    globfree(&files);
    return into->n_families - before;
}

void reader_catalogue(struct reader *r, const char *beside, struct catalogue *ret)
{
    char folder[4300];
    *ret = (struct catalogue){ 0 };
    for (unsigned i = 0; data_folder(beside, i, folder, sizeof folder); i++)
        if (read_folder(r, folder, ret) && (i > 0 || !beside))
            break; /* of shipped ones, the first */
}

bool catalogue_read(const char *beside, struct cpi_arena *arena, struct catalogue *ret,
                    struct cpi_diag *diag)
{
    struct reader r = { .diag = diag, .arena = arena };
    size_t before = diag->errors;
    cpi_buf_init(&r.path);
    reader_catalogue(&r, beside, ret);
    cpi_buf_fini(&r.path);
    return diag->errors == before;
}

/* ---- its indicators ---- */
const struct settings_entry *catalogue_find(const struct catalogue *catalogue, const char *name,
                                            const struct settings_family **ret_family)
{
    for (size_t f = 0; f < catalogue->n_families; f++)
        for (size_t i = 0; i < catalogue->family[f].n_entries; i++) {
            const struct settings_entry *entry = &catalogue->family[f].entry[i];
            if (!entry->spec.name.text || strcmp(entry->spec.name.text, name) != 0)
                continue;
            *ret_family = &catalogue->family[f];
            return entry;
        }
    return NULL;
}

const char *catalogue_nearest(const struct catalogue *catalogue, const char *name)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (size_t f = 0; f < catalogue->n_families; f++)
        for (size_t i = 0; i < catalogue->family[f].n_entries && n < NAMES_MAX; i++)
            if (catalogue->family[f].entry[i].spec.name.text)
                names[n++] = catalogue->family[f].entry[i].spec.name.text;
    return cpi_diag_nearest(name, names, n);
}

const char *catalogue_class(const struct settings_entry *entry)
{
    static const char *const names[] = { "effectiveness", "efficiency", "guard" };
    return names[entry->class.value];
}

const char *catalogue_better(const struct settings_entry *entry)
{
    static const char *const names[] = { "up", "down", "neither" };
    return names[entry->better.value];
}

void reader_use(struct reader *r, config_setting_t *indicator, void *base)
{
    struct cpi_indicator_spec *into = base;
    const struct settings_family *family;
    config_setting_t *use = config_setting_get_member(indicator, "use");
    if (!use || config_setting_type(use) != CONFIG_TYPE_STRING)
        return;
    if (!r->catalogue) {
        r->catalogue = cpi_arena_take(r->arena, sizeof *r->catalogue);
        reader_catalogue(r, reader_origin(r, use).file, r->catalogue);
    }
    const char *name = config_setting_get_string(use);
    const struct settings_entry *entry = catalogue_find(r->catalogue, name, &family);
    if (entry) {
        struct cpi_origin at = into->at;
        *into = entry->spec;
        into->at = at;
        return;
    }
    const char *near = catalogue_nearest(r->catalogue, name);
    size_t before = reader_enter(r, "use", 0);
    if (near)
        reader_error(r, reader_origin(r, use),
                     "the catalogue has no indicator \"%s\"; did you mean \"%s\"?", name, near);
    else
        reader_error(r, reader_origin(r, use),
                     "the catalogue has no indicator \"%s\"; `cpid check --indicators` lists it",
                     name);
    reader_leave(r, before);
    into->name = reader_string(r, use);
}

/* ---- the words and windows that they name ---- */
struct naming {
    struct settings *settings;
    const struct settings_family *family;
    struct reader *reader;
};

static void add_word(struct naming *n, const char *name);

static void add_words(struct naming *n, const struct cpi_texts_spec *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        add_word(n, texts->item[i].text);
}

static void add_words_of(struct naming *n, const struct cpi_word_spec *word)
{
    add_words(n, &word->event);
    add_words(n, &word->where);
    add_words(n, &word->where_any);
}

static bool is_word(const struct cpi_word_spec *word, size_t count, const char *name,
                    size_t *ret_index)
{
    for (*ret_index = 0; *ret_index < count; ++*ret_index)
        if (word[*ret_index].name.text && strcmp(word[*ret_index].name.text, name) == 0)
            return true;
    return false;
}

/* A condition that is no bare name is the name of no word. */
static void add_word(struct naming *n, const char *name)
{
    struct cpi_spec *spec = &n->settings->spec;
    size_t own, theirs;
    if (!is_word(n->family->word, n->family->n_words, name, &theirs))
        return;
    if (is_word(spec->word, spec->n_words, name, &own))
        return;
    struct cpi_word_spec *grown =
        cpi_arena_take(n->reader->arena, (spec->n_words + 1) * sizeof *grown);
    if (spec->n_words)
        memcpy(grown, spec->word, spec->n_words * sizeof *grown);
    grown[spec->n_words++] = n->family->word[theirs];
    spec->word = grown;
    add_words_of(n, &n->family->word[theirs]);
}

static void add_breakers(struct naming *n, const struct cpi_breaker_spec *breaker, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_words(n, &breaker[i].event);
        add_words(n, &breaker[i].where);
        add_words(n, &breaker[i].where_any);
    }
}

static void add_window(struct naming *n, const char *name)
{
    struct cpi_spec *spec = &n->settings->spec;
    for (size_t i = 0; i < spec->n_windows; i++)
        if (spec->window[i].name.text && strcmp(spec->window[i].name.text, name) == 0)
            return;
    for (size_t i = 0; i < n->family->n_windows; i++) {
        if (strcmp(n->family->window[i].name.text, name) != 0)
            continue;
        struct cpi_window_spec *grown =
            cpi_arena_take(n->reader->arena, (spec->n_windows + 1) * sizeof *grown);
        if (spec->n_windows)
            memcpy(grown, spec->window, spec->n_windows * sizeof *grown);
        grown[spec->n_windows++] = n->family->window[i];
        spec->window = grown;
    }
}

static void add_names(struct naming *n, const struct cpi_indicator_spec *spec)
{
    const struct cpi_texts_spec *const lists[] = {
        &spec->each,  &spec->after, &spec->from,      &spec->tally, &spec->open, &spec->to,
        &spec->until, &spec->where, &spec->where_any, &spec->good,  &spec->bad,  &spec->credit,
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        add_words(n, lists[i]);
    add_breakers(n, spec->followed_by, spec->n_followed_by);
    add_breakers(n, spec->broken_by, spec->n_broken_by);
    for (size_t i = 0; i < spec->over.count; i++)
        add_window(n, spec->over.item[i].text);
}

void reader_use_names(struct reader *r, struct settings *settings)
{
    struct cpi_spec *spec = &settings->spec;
    for (size_t i = 0; i < spec->n_indicators; i++) {
        struct naming n = { settings, NULL, r };
        const char *used = spec->indicator[i].use.text;
        if (!used || !r->catalogue || !catalogue_find(r->catalogue, used, &n.family))
            continue;
        for (size_t w = 0; w < spec->n_words; w++) /* own ones may build upon the family's */
            add_words_of(&n, &spec->word[w]);
        add_names(&n, &spec->indicator[i]);
    }
}
