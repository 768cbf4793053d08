#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

#define LOOK_UP_MAX 6 /* folders above the program, for a build beside the sources */

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

/* Where shipped files may lie: $CPID_DATA, what is installed, and conf/ beside the sources. */
static bool is_pack(const char *folder, const char *name, char *ret, size_t size)
{
    snprintf(ret, size, "%s/sources/%s.conf", folder, name);
    return access(ret, R_OK) == 0;
}

static bool find_near_program(const char *name, char *ret, size_t size)
{
    char program[4096], folder[4200];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return false;
    program[n] = 0;
    for (int i = 0; i < LOOK_UP_MAX; i++) {
        char *slash = strrchr(program, '/');
        if (!slash)
            return false;
        *slash = 0;
        snprintf(folder, sizeof folder, "%s/share/cpid", program);
        if (is_pack(folder, name, ret, size))
            return true;
        snprintf(folder, sizeof folder, "%s/conf", program);
        if (is_pack(folder, name, ret, size))
            return true;
    }
    return false;
}

static bool find_pack(const char *name, char *ret, size_t size)
{
    const char *set = getenv("CPID_DATA");
    if (set && *set)
        return is_pack(set, name, ret, size);
    return is_pack(CPID_DATADIR, name, ret, size) || find_near_program(name, ret, size);
}

static void read_pack_file(struct reader *r, const char *file, void *base)
{
    struct config_text text;
    config_t tree;
    config_init(&tree);
    if (config_text_read(file, r->arena, &text, r->diag) && reader_parse(&text, &tree, r->diag)) {
        const struct config_text *outer = r->text;
        r->text = &text;
        reader_group(r, &settings_source, config_root_setting(&tree), base);
        r->text = outer;
    }
    config_destroy(&tree);
    config_text_fini(&text);
}

void reader_pack(struct reader *r, config_setting_t *source, void *base)
{
    char file[4400];
    config_setting_t *pack = config_setting_get_member(source, "pack");
    if (!pack || config_setting_type(pack) != CONFIG_TYPE_STRING)
        return;
    const char *name = config_setting_get_string(pack);
    size_t before = reader_enter(r, "pack", 0);
    bool sound = *name && !strchr(name, '/');
    if (!sound || !find_pack(name, file, sizeof file))
        reader_error(
            r, reader_origin(r, pack),
            "there is no pack \"%s\"; packs lie in sources/ of $CPID_DATA or " CPID_DATADIR, name);
    reader_leave(r, before);
    if (!sound || access(file, R_OK) != 0)
        return;
    read_pack_file(r, file, base);
    struct cpi_source_spec *into = base;
    if (!into->name.text)
        into->name = reader_string(r, pack);
}
