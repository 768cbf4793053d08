/* Memory. Running out of it ends the process: an open transaction is then aborted by the broker and
 * a restart restores; hard bounds on keys, sizes and journeys keep it from happening. */
#ifndef CPI_ALLOC_H
#define CPI_ALLOC_H

#include <stddef.h>

#include "cpi/text.h"

void *cpi_xmalloc(size_t bytes);
void *cpi_xcalloc(size_t count, size_t bytes);
void *cpi_xrealloc(void *old, size_t bytes);
/* A NUL-terminated copy, owned by the caller. */
char *cpi_xstrdup(const char *string);
char *cpi_xtextdup(struct cpi_text t);

/* Makes room for one more element: `cap` and `*items` grow by doubling. */
void *cpi_grow(void *items, size_t count, size_t *cap, size_t element_bytes);

/* A bump allocator: many small things with one end of life. */
struct cpi_arena {
    struct cpi_arena_chunk *chunk; /* newest first */
    size_t used;
};
void cpi_arena_init(struct cpi_arena *arena);
void cpi_arena_fini(struct cpi_arena *arena);
/* Forgets everything, keeps the newest chunk for reuse. */
void cpi_arena_reset(struct cpi_arena *arena);
/* Zeroed, aligned to 16 bytes. */
void *cpi_arena_take(struct cpi_arena *arena, size_t bytes);
struct cpi_text cpi_arena_text(struct cpi_arena *arena, struct cpi_text t);
/* snprintf into the arena. */
struct cpi_text cpi_arena_format(struct cpi_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
