#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data.h"
#include "reader.h"

static void complain_syntax(const struct config_text *text, const config_t *tree,
                            struct cpi_diag *diag)
{
    unsigned n = (unsigned)config_error_line(tree);
    const char *what = config_error_text(tree);
    const char *line = (const char *)text->bytes.at;
    for (unsigned i = 1; i < n && line; i++) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (what && strstr(what, "duplicate"))
        what = "a key stands twice in one group; keep one";
    else if (what && strstr(what, "mismatched"))
        what = "an array [ ... ] holds values of different kinds; want one kind, or a list ( ... )";
    else
        what = "syntax error; want key = value; here or just before";
    struct cpi_text show = cpi_text_of(line ? line : "");
    int64_t end = cpi_text_find(show, CPI_TEXT("\n"));
    show = cpi_text_trim(end >= 0 ? cpi_text_part(show, 0, (uint32_t)end) : show);
    if (show.len)
        cpi_diag_error(diag, config_text_origin(text, n), "", "%s: %.*s", what,
                       (int)(show.len > 100 ? 100 : show.len), show.at);
    else
        cpi_diag_error(diag, config_text_origin(text, n), "", "%s", what);
}

bool reader_parse(const struct config_text *text, config_t *ret, struct cpi_diag *diag)
{
    if (config_read_string(ret, (const char *)text->bytes.at))
        return true;
    complain_syntax(text, ret, diag);
    return false;
}

bool reader_pack_find(const char *beside, const char *name, char *ret, size_t size)
{
    char folder[4300];
    if (!*name || strchr(name, '/'))
        return false;
    for (unsigned i = 0; data_folder(beside, i, folder, sizeof folder); i++)
        if (snprintf(ret, size, "%s/sources/%s.conf", folder, name) < (int)size &&
            access(ret, R_OK) == 0)
            return true;
    return false;
}

void reader_pack_file(struct reader *r, const char *file, struct cpi_source_spec *into)
{
    struct config_text text;
    config_t tree;
    config_init(&tree);
    if (config_text_read(file, r->arena, &text, r->diag) && reader_parse(&text, &tree, r->diag)) {
        const struct config_text *outer = r->text;
        r->text = &text;
        reader_group(r, &settings_source, config_root_setting(&tree), into);
        r->text = outer;
    }
    config_destroy(&tree);
    config_text_fini(&text);
}

void reader_pack(struct reader *r, config_setting_t *source, void *base)
{
    char file[4400];
    struct cpi_source_spec *into = base;
    config_setting_t *pack = config_setting_get_member(source, "pack");
    if (!pack || config_setting_type(pack) != CONFIG_TYPE_STRING)
        return;
    const char *name = config_setting_get_string(pack);
    size_t before = reader_enter(r, "pack", 0);
    bool found = reader_pack_find(reader_origin(r, pack).file, name, file, sizeof file);
    if (!found)
        reader_error(r, reader_origin(r, pack),
                     "there is no pack \"%s\"; packs lie in sources/ beside this file, in "
                     "$CPID_DATA, or in " CPID_DATADIR,
                     name);
    reader_leave(r, before);
    if (!found)
        return;
    reader_pack_file(r, file, into);
    if (!into->name.text)
        into->name = reader_string(r, pack);
}
