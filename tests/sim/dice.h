/* What every simulation needs: dice that give the same throws for the same seed, and lists of
 * lines. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>
#include <cpi/text.h>

/* ---- dice ---- */
struct dice {
    uint64_t state;
};
static inline uint64_t roll(struct dice *dice)
{
    uint64_t z = dice->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}
static inline unsigned roll_below(struct dice *dice, unsigned n)
{
    return (unsigned)(roll(dice) % n);
}
static inline bool chance(struct dice *dice, unsigned percent)
{
    return roll_below(dice, 100) < percent;
}

/* SIM_SEEDS=50 in the environment draws 50 times as much. */
static inline unsigned seeds(unsigned n)
{
    const char *times = getenv("SIM_SEEDS");
    return times ? n * (unsigned)atoi(times) : n;
}

/* ---- owned texts ---- */
struct lines {
    char **at;
    size_t count, cap;
};
static inline char *own(struct cpi_text t)
{
    return cpi_text_is(t) ? cpi_xtextdup(t) : NULL;
}
static inline void lines_add(struct lines *lines, char *line)
{
    lines->at = cpi_grow(lines->at, lines->count, &lines->cap, sizeof *lines->at);
    lines->at[lines->count++] = line;
}
static inline void lines_fini(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->at[i]);
    free(lines->at);
    *lines = (struct lines){ NULL, 0, 0 };
}
static int lines_order_(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}
static inline void lines_sort(struct lines *lines)
{
    if (lines->count > 1)
        qsort(lines->at, lines->count, sizeof *lines->at, lines_order_);
}
/* Prints the first few lines that only one of two sorted lists has; true if there are none. */
__attribute__((unused)) static bool lines_equal(const struct lines *a, const struct lines *b,
                                                const char *what)
{
    size_t i = 0, k = 0, shown = 0;
    while ((i < a->count || k < b->count) && shown < 6) {
        int order = i == a->count ? 1 : k == b->count ? -1 : strcmp(a->at[i], b->at[k]);
        if (order)
            printf("%s, only in the %s: %.900s\n", what, order < 0 ? "first" : "second",
                   order < 0 ? a->at[i] : b->at[k]);
        shown += order != 0;
        i += order <= 0;
        k += order >= 0;
    }
    return shown == 0;
}

#endif
