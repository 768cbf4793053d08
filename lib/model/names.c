#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/build.h"

void say(const struct subject *s, struct cpi_origin at, const char *key, const char *format, ...)
{
    char path[512], text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(path, sizeof path, "%s%s%s%s%s", s->list, s->name ? "." : "", s->name ? s->name : "",
             key ? "." : "", key ? key : "");
    cpi_diag_error(s->b->diag, at, path, "%s", text);
}

void say_unknown(const struct subject *s, struct cpi_origin at, const char *key, const char *what,
                 const char *name, const char *const *candidates, size_t count)
{
    const char *near = cpi_diag_nearest(name, candidates, count);
    char list[400];
    size_t used = 0;
    if (near) {
        say(s, at, key, "there is no %s \"%s\"; did you mean \"%s\"?", what, name, near);
        return;
    }
    list[0] = 0;
    for (size_t i = 0; i < count && count <= 24 && used < sizeof list - 1; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", candidates[i]);
    if (count == 0)
        say(s, at, key, "there is no %s \"%s\"; none is defined", what, name);
    else if (list[0] && used < sizeof list)
        say(s, at, key, "there is no %s \"%s\"; want one of %s", what, name, list);
    else
        say(s, at, key, "there is no %s \"%s\"", what, name);
}

const char *build_string(struct build *b, struct cpi_text t)
{
    char *copy = cpi_arena_take(b->arena, (size_t)t.len + 1);
    if (t.len)
        memcpy(copy, t.at, t.len);
    return copy;
}

struct cpi_text build_text(struct build *b, const char *text)
{
    if (!text)
        return CPI_ABSENT;
    size_t len = strlen(text);
    return (struct cpi_text){ build_string(b, (struct cpi_text){ text, (uint32_t)len }),
                              (uint32_t)len };
}

const char *element_name(struct build *b, const char *name, size_t i)
{
    return name ? name : build_string(b, cpi_arena_format(b->arena, "[%zu]", i));
}
