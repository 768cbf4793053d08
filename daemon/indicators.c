#include "indicators.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "columns.h"
#include "config/catalogue.h"

#define LABEL 10

static void print_part(const char *label, struct cpi_text text)
{
    printf("%-*s", LABEL, label);
    columns_print(LABEL, text);
}

/* ---- all ---- */
static size_t longest_name(const struct catalogue *catalogue)
{
    size_t longest = 0;
    for (size_t f = 0; f < catalogue->n_families; f++)
        for (size_t i = 0; i < catalogue->family[f].n_entries; i++) {
            size_t len = strlen(catalogue->family[f].entry[i].spec.name.text);
            longest = len > longest ? len : longest;
        }
    return longest;
}

static void print_line(const struct settings_entry *entry, size_t width)
{
    printf("  %-*s  %-13s  ", (int)width, entry->spec.name.text, catalogue_class(entry));
    columns_print((unsigned)width + 19, cpi_text_of(entry->spec.title.text));
}

static void print_all(const struct catalogue *catalogue)
{
    size_t width = longest_name(catalogue);
    for (size_t f = 0; f < catalogue->n_families; f++) {
        const struct settings_family *family = &catalogue->family[f];
        printf("%s%s (%s)\n", f ? "\n" : "", family->title.text, family->at.file);
        for (size_t i = 0; i < family->n_entries; i++)
            print_line(&family->entry[i], width);
    }
    printf("\n`cpid check --indicators NAME` says what one counts; { use = \"NAME\"; } among the "
           "indicators uses it.\n");
}

/* ---- one ---- */
static void print_target(const struct settings_entry *entry)
{
    struct cpi_buf text;
    cpi_buf_init(&text);
    cpi_buf_add_string(&text, entry->spec.target.text ? entry->spec.target.text : "none");
    if (entry->target_from.text)
        cpi_buf_add_format(&text, "; %s", entry->target_from.text);
    print_part("target", cpi_buf_text(&text));
    cpi_buf_fini(&text);
}

static void print_one(const struct settings_entry *entry)
{
    printf("%s: %s\n", entry->spec.name.text, entry->spec.title.text);
    print_part("formula", cpi_text_of(entry->formula.text));
    print_part("excluded", cpi_text_of(entry->excluded.text));
    print_part("needs", cpi_text_of(entry->needs.text));
    printf("%-*s%s; better: %s\n", LABEL, "class", catalogue_class(entry), catalogue_better(entry));
    print_target(entry);
    print_part("source", cpi_text_of(entry->source.text));
    printf("%-*s%s:%u\n", LABEL, "stands in", entry->spec.at.file, entry->spec.at.line);
    printf("%-*s{ use = \"%s\"; }\n", LABEL, "use", entry->spec.name.text);
}

static int find(const struct catalogue *catalogue, const char *name)
{
    const struct settings_family *family;
    const struct settings_entry *entry = catalogue_find(catalogue, name, &family);
    if (entry) {
        print_one(entry);
        return EXIT_OK;
    }
    const char *near = catalogue_nearest(catalogue, name);
    return cmd_usage("check", "the catalogue has no indicator \"%s\"%s%s%s", name,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

int indicators_print(const char *config, const char *name)
{
    struct cpi_arena arena;
    struct cpi_diag diag;
    struct catalogue catalogue;
    int rc = EXIT_CONFIG;
    cpi_arena_init(&arena);
    cpi_diag_init(&diag);
    bool sound = catalogue_read(config, &arena, &catalogue, &diag);
    cpi_diag_sort(&diag);
    cmd_print_diag(&diag);
    if (sound && name) {
        rc = find(&catalogue, name);
    } else if (sound) {
        print_all(&catalogue);
        rc = EXIT_OK;
    }
    cpi_diag_fini(&diag);
    cpi_arena_fini(&arena);
    return rc;
}
