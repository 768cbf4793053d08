/* The plain description of what is computed: what a configuration file says, value by value, each
 * with its place. The loader fills it; cpi_model_new checks it and builds the model.
 *
 * Every text lives as long as the spec's owner says; the model copies what it keeps. A value that
 * was not given has an origin without a file and line; one that was given but could not be read
 * (and was complained about) has a place and is not `set`. */
#ifndef CPI_SPEC_H
#define CPI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/diag.h"
#include "cpi/mapping.h"
#include "cpi/model.h"
#include "cpi/time.h"

/* A whole number: a count, a duration in ms, a size in bytes, the place of a choice in its list, 0
 * or 1. */
struct cpi_int_spec {
    int64_t value; /* the default where not set */
    bool set;
    struct cpi_origin at;
};
/* One text or an array of texts. */
struct cpi_texts_spec {
    struct cpi_text_at *item;
    size_t count;
    bool set; /* given, perhaps empty */
    struct cpi_origin at;
};
static inline bool cpi_origin_is_given(struct cpi_origin at)
{
    return at.file != NULL || at.line != 0;
}

struct cpi_source_spec {
    struct cpi_origin at;
    struct cpi_text_at name, pack, zone;
    struct cpi_text_at samples; /* a file; for `check` */
    struct cpi_texts_spec topics, shared, complete;
    struct cpi_int_spec wait_ms, max_skew_ms;
    struct cpi_int_spec idle;      /* clock | hold */
    struct cpi_int_spec otherwise; /* ignore | dead-letter */
    struct cpi_mapping_spec mapping;
};
struct cpi_word_spec {
    struct cpi_origin at;
    struct cpi_text_at name;
    struct cpi_texts_spec event, where, where_any;
};
struct cpi_window_spec {
    struct cpi_origin at;
    struct cpi_text_at name;
    struct cpi_int_spec length_ms, every_ms;
};
/* An entry of followed-by or broken-by. */
struct cpi_breaker_spec {
    struct cpi_origin at;
    struct cpi_texts_spec event, where, where_any, same, other;
    struct cpi_int_spec at_least, before;
};
struct cpi_indicator_spec {
    struct cpi_origin at;
    struct cpi_text_at name, title;
    struct cpi_text_at use; /* of the catalogue: what it says is filled in already */
    /* what is counted: exactly one of these six */
    struct cpi_texts_spec each, after, from, tally, open;
    struct cpi_text_at derived;
    /* and how */
    struct cpi_texts_spec to, until, where, where_any, good, bad, of, same, credit;
    struct cpi_breaker_spec *followed_by, *broken_by;
    size_t n_followed_by, n_broken_by;
    struct cpi_origin followed_by_at, broken_by_at;
    struct cpi_int_spec pick;       /* first | last | each */
    struct cpi_int_spec count_when; /* decided | happened | at-once */
    struct cpi_int_spec within_ms, quiet_ms, every_ms;
    /* figures */
    struct cpi_texts_spec over, show;
    struct cpi_text_at target;
    struct cpi_int_spec compare; /* previous */
};
struct cpi_alert_spec {
    struct cpi_origin at;
    struct cpi_text_at name, indicator, over, on, when, clear, severity, runbook, summary;
    struct cpi_int_spec sure_percent, min_samples, for_ms, keep_firing_ms, no_data_ms;
};

struct cpi_spec {
    struct cpi_origin at; /* the file */
    struct cpi_text_at application, instance;
    struct cpi_int_spec generation, partitions, workers, memory_bytes;
    struct cpi_text_at zone; /* name; one of `zones` */
    struct cpi_int_spec keep_windows_ms, keep_journeys_ms, lateness_ms, dedup_ms, refresh_ms, facts;
    struct cpi_int_spec people_unknown; /* unassigned | keep */
    struct cpi_texts_spec event_types, report_on;
    struct cpi_source_spec *source;
    size_t n_sources;
    struct cpi_word_spec *word;
    size_t n_words;
    struct cpi_window_spec *window;
    size_t n_windows;
    struct cpi_indicator_spec *indicator;
    size_t n_indicators;
    struct cpi_alert_spec *alert;
    size_t n_alerts;
    struct cpi_zone
        *zones; /* every zone that is named, as the rim read it; UTC need not be there */
    size_t n_zones;
};

/* Checks the whole description and builds the model from it. All that is wrong goes into `diag`
 * (the caller sorts it); NULL if anything was, also before this call. */
struct cpi_model *cpi_model_new(const struct cpi_spec *spec, struct cpi_diag *diag);

/* The canonical event types, beside which a configuration may name its own. */
const char *const *cpi_vocabulary(size_t *ret_count);

#endif
