#include "cpi/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)16 * 1024)

struct cpi_arena_chunk {
    struct cpi_arena_chunk *older;
    size_t bytes;
    _Alignas(16) unsigned char at[];
};

void *cpi_xmalloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (!p)
        abort();
    return p;
}

void *cpi_xcalloc(size_t count, size_t bytes)
{
    void *p = calloc(count ? count : 1, bytes ? bytes : 1);
    if (!p)
        abort();
    return p;
}

void *cpi_xrealloc(void *old, size_t bytes)
{
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p)
        abort();
    return p;
}

char *cpi_xstrdup(const char *string)
{
    return cpi_xtextdup(cpi_text_of(string));
}

char *cpi_xtextdup(struct cpi_text t)
{
    char *copy = cpi_xmalloc((size_t)t.len + 1);
    if (t.len)
        memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    return copy;
}

void *cpi_grow(void *items, size_t count, size_t *cap, size_t element_bytes)
{
    if (count < *cap)
        return items;
    size_t more = *cap ? *cap * 2 : 4;
    if (more > SIZE_MAX / element_bytes)
        abort();
    *cap = more;
    return cpi_xrealloc(items, more * element_bytes);
}

void cpi_arena_init(struct cpi_arena *arena)
{
    *arena = (struct cpi_arena){ NULL, 0 };
}

void cpi_arena_fini(struct cpi_arena *arena)
{
    while (arena->chunk) {
        struct cpi_arena_chunk *older = arena->chunk->older;
        free(arena->chunk);
        arena->chunk = older;
    }
    arena->used = 0;
}

void cpi_arena_reset(struct cpi_arena *arena)
{
    struct cpi_arena_chunk *newest = arena->chunk;
    if (!newest)
        return;
    arena->chunk = newest->older;
    cpi_arena_fini(arena);
    newest->older = NULL;
    arena->chunk = newest;
}

static void *take(struct cpi_arena *arena, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (!arena->chunk || arena->chunk->bytes - arena->used < bytes) {
        size_t least = arena->chunk ? arena->chunk->bytes * 2 : CHUNK_BYTES;
        if (least > 64 * CHUNK_BYTES)
            least = 64 * CHUNK_BYTES;
        size_t size = bytes > least ? bytes : least;
        struct cpi_arena_chunk *chunk = cpi_xmalloc(sizeof *chunk + size);
        chunk->older = arena->chunk;
        chunk->bytes = size;
        arena->chunk = chunk;
        arena->used = 0;
    }
    void *p = arena->chunk->at + arena->used;
    arena->used += bytes;
    return p;
}

void *cpi_arena_take(struct cpi_arena *arena, size_t bytes)
{
    return memset(take(arena, bytes), 0, bytes);
}

struct cpi_text cpi_arena_text(struct cpi_arena *arena, struct cpi_text t)
{
    if (!t.at)
        return t;
    char *copy = take(arena, (size_t)t.len + 1);
    memcpy(copy, t.at, t.len);
    copy[t.len] = '\0';
    return (struct cpi_text){ copy, t.len };
}

struct cpi_text cpi_arena_format(struct cpi_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = cpi_arena_take(arena, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct cpi_text){ text, (uint32_t)len };
}
