/* The text of a configuration: the file with everything it includes, ready for libconfig 1.5.
 *
 * libconfig reads includes relative to the working directory, ends the process when one is a
 * directory, wraps whole numbers silently, reports the line after a text as its line, and says no
 * more than "syntax error". So the text is read and checked here: includes are put in their place
 * (relative to the file that names them), whole numbers that need it are marked long, and most
 * slips are explained. */
#ifndef CPID_CONFIG_TEXT_H
#define CPID_CONFIG_TEXT_H

#include <stddef.h>

#include <cpi/alloc.h>
#include <cpi/buf.h>
#include <cpi/diag.h>

struct config_text {
    struct cpi_buf bytes;    /* NUL-terminated */
    struct cpi_origin *line; /* line[i]: where line i + 1 of `bytes` comes from */
    size_t n_lines, cap;
};

/* Reads `path`; names of files are kept in `arena`. False if anything was wrong: see `diag`. */
bool config_text_read(const char *path, struct cpi_arena *arena, struct config_text *ret,
                      struct cpi_diag *diag);
void config_text_fini(struct config_text *text);
struct cpi_origin config_text_origin(const struct config_text *text, unsigned line);

/* `name` as seen from the file `beside`: absolute names stay, others stand in that file's folder.
 */
const char *config_path_beside(const char *beside, const char *name, struct cpi_arena *arena);
/* A whole file of at most `most` bytes. 0, or -errno (-EISDIR, -EFBIG, -ENOENT ...). */
int config_file_read(const char *path, size_t most, struct cpi_buf *ret);
/* A NUL-terminated copy. */
const char *config_text_keep(struct cpi_arena *arena, const char *at, size_t len);

#endif
