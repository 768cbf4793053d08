/* Building a model from a spec: what the files of this folder share. Private to it. */
#ifndef CPI_MODEL_BUILD_H
#define CPI_MODEL_BUILD_H

#include <stdbool.h>

#include "cpi/alloc.h"
#include "cpi/diag.h"
#include "cpi/model.h"
#include "cpi/spec.h"

struct build {
    const struct cpi_spec *spec;
    struct cpi_model *model;
    struct cpi_arena *arena; /* the model's */
    struct cpi_diag *diag;
    bool mapping_failed; /* then units, and types that nobody yields, are no news */
    bool *window_used;
    const struct cpi_indicator_spec **indicator_spec; /* per indicator of the model */
};

/* What is being checked: "indicators" "fcr". Diagnostics name it and a key below it. */
struct subject {
    struct build *b;
    const char *list, *name;
};
void say(const struct subject *s, struct cpi_origin at, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Complains that `name` is no `what`, with the nearest of the candidates. */
void say_unknown(const struct subject *s, struct cpi_origin at, const char *key, const char *what,
                 const char *name, const char *const *candidates, size_t count);

/* How diagnostics call element i of a list: by its name, if it has one. */
const char *element_name(struct build *b, const char *name, size_t i);

struct cpi_text build_text(struct build *b, const char *text); /* a copy; absent for NULL */
const char *build_string(struct build *b, struct cpi_text t);  /* a NUL-terminated copy */

/* vocabulary, sources */
void build_types(struct build *b);
void build_sources(struct build *b);
/* The member's number, CPI_NO_INDEX after a complaint. A field is then kept. */
uint16_t build_member(const struct subject *s, struct cpi_origin at, const char *key,
                      const char *name);
bool is_duration_member(const struct cpi_model *model, uint16_t member);
const char *member_name(const struct cpi_model *model, uint16_t member);

/* conditions, words */
void build_conds(const struct subject *s, const char *key, const struct cpi_texts_spec *all,
                 const struct cpi_texts_spec *any, struct cpi_conds *ret);
/* A condition that is one bare name: the name; else absent. */
struct cpi_text cond_word(struct cpi_text cond);
void build_words(struct build *b);
/* Whether the configuration defines such a word, be it right or wrong. */
bool is_own_word(const struct build *b, struct cpi_text name);
void build_selector(const struct subject *s, const char *key, const struct cpi_texts_spec *texts,
                    struct cpi_wordset *ret);
/* Adds the types that can match one of `set`. */
void add_types(const struct cpi_model *model, const struct cpi_wordset *set,
               struct cpi_wordset *types);

/* windows, dimensions */
void build_windows(struct build *b);
void build_dims(struct build *b);
/* The window "now" of gauges read at this step: found or added. */
uint16_t ensure_now(struct build *b, int64_t every_ms);
uint16_t build_window_name(const struct subject *s, struct cpi_origin at, const char *key,
                           const char *name);

/* indicators */
void build_indicators(struct build *b);
void build_kind(const struct subject *s, const struct cpi_indicator_spec *spec,
                struct cpi_indicator *ind);
void build_figures(const struct subject *s, const struct cpi_indicator_spec *spec,
                   struct cpi_indicator *ind);
void build_derived(const struct subject *s, const struct cpi_indicator_spec *spec,
                   struct cpi_indicator *ind);
const char *kind_key(enum cpi_kind kind); /* "each", "after" ... */

/* figures and bounds */
bool stat_parse(struct cpi_text t, struct cpi_show *ret);
const char *stat_name(struct build *b, struct cpi_show show);
bool has_stat(const struct cpi_indicator *ind, struct cpi_show show);
bool needs_samples(struct cpi_show show);
/* "[stat] op value" of the indicator; false after a complaint. */
bool build_bound(const struct subject *s, struct cpi_text_at text, const char *key,
                 const struct cpi_indicator *ind, struct cpi_bound *ret);
/* <0, 0, >0 by the bounds' values. */
int bound_order(const struct cpi_bound *a, const struct cpi_bound *b);

void build_alerts(struct build *b);
/* What follows from all definitions together: used fields, journey types, completion, finest step.
 */
void build_uses(struct build *b);
/* Definition id and sentence. */
void build_definition(struct build *b, struct cpi_indicator *ind);
void build_sentence(struct build *b, struct cpi_indicator *ind);

static inline bool is_given(struct cpi_origin at)
{
    return cpi_origin_is_given(at);
}

#endif
