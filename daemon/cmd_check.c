#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <cpi/buf.h>
#include <cpi/diag.h>

#include "cmd.h"
#include "columns.h"
#include "config/load.h"
#include "config/settings.h"
#include "indicators.h"
#include "samples.h"
#include "topics.h"

struct check_options {
    const char *file, *pack, *explain;
    const char *indicator; /* of --indicators */
    bool settings, kafka, indicators;
};

/* ---- an indicator in words ---- */
static void print_show(const struct cpi_show *show)
{
    static const char *const names[] = {
        [CPI_STAT_COUNT] = "count",     [CPI_STAT_SUM] = "sum",
        [CPI_STAT_MEAN] = "mean",       [CPI_STAT_MIN] = "min",
        [CPI_STAT_MAX] = "max",         [CPI_STAT_SHARE] = "share",
        [CPI_STAT_RATIO] = "ratio",     [CPI_STAT_DIFFERENCE] = "difference",
        [CPI_STAT_AGE_MAX] = "age.max",
    };
    if (show->stat == CPI_STAT_QUANTILE || show->stat == CPI_STAT_AGE_QUANTILE)
        printf("%sp%u", show->stat == CPI_STAT_AGE_QUANTILE ? "age." : "", show->percent);
    else
        fputs(names[show->stat], stdout);
}

static void print_figures(const struct cpi_model *model, const struct cpi_indicator *ind)
{
    struct cpi_buf text;
    cpi_buf_init(&text);
    fputs("shows       ", stdout);
    for (size_t i = 0; i < ind->n_show; i++) {
        fputs(i ? ", " : "", stdout);
        print_show(&ind->show[i]);
    }
    fputs("\nover        ", stdout);
    for (size_t i = 0; i < ind->n_over; i++) {
        const struct cpi_window *win = &model->window[ind->over[i]];
        cpi_buf_reset(&text);
        if (win->length_ms) {
            cpi_duration_format(&text, win->length_ms);
            cpi_buf_add_string(&text, " ");
        }
        cpi_buf_add_string(&text, "every ");
        cpi_duration_format(&text, win->every_ms);
        printf("%s%.*s (%.*s)", i ? ", " : "", CPI_TEXT_ARG(win->name),
               CPI_TEXT_ARG(cpi_buf_text(&text)));
    }
    putchar('\n');
    cpi_buf_fini(&text);
}

static int explain(const struct config *config, const char *name)
{
    const struct cpi_model *model = config->model;
    uint16_t i = cpi_model_find_indicator(model, cpi_text_of(name));
    if (i == CPI_NO_INDEX) {
        const char *names[CPI_INDICATORS_MAX];
        for (size_t k = 0; k < model->n_indicators; k++)
            names[k] = model->indicator[k].name.at;
        const char *near = cpi_diag_nearest(name, names, model->n_indicators);
        return cmd_usage("check", "there is no indicator \"%s\"%s%s%s", name,
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    const struct cpi_indicator *ind = &model->indicator[i];
    printf("%.*s", CPI_TEXT_ARG(ind->name));
    if (cpi_text_is(ind->title))
        printf(": %.*s", CPI_TEXT_ARG(ind->title));
    putchar('\n');
    columns_print(0, ind->sentence);
    print_figures(model, ind);
    printf("definition  %.*s\n", CPI_TEXT_ARG(ind->definition));
    return EXIT_OK;
}

/* ---- the verb ---- */
static void print_count(size_t count, const char *noun)
{
    printf("%zu %s%s", count, noun, count == 1 ? "" : "s");
}

static void print_summary(const struct config *config, const char *file, size_t samples)
{
    const struct cpi_model *m = config->model;
    printf("%s is right: ", file);
    print_count(m->n_sources, "source");
    if (m->n_indicators || m->n_alerts) {
        fputs(", ", stdout);
        print_count(m->n_indicators, "indicator");
        fputs(", ", stdout);
        print_count(m->n_alerts, "alert");
    }
    if (samples) {
        fputs(", ", stdout);
        print_count(samples, "sample");
    }
    putchar('\n');
}

/* Prints what is wrong; *ret_samples is how many were run. */
static size_t find_errors(const struct check_options *options, struct config *config,
                          size_t *ret_samples)
{
    struct cpi_diag diag;
    cpi_diag_init(&diag);
    if (options->pack)
        config_load_pack(options->pack, config, &diag);
    else
        config_check(options->file, config, &diag);
    cmd_print_diag(&diag);
    size_t errors = diag.errors;
    if (errors == 0)
        errors = samples_run(config, ret_samples);
    cpi_diag_fini(&diag);
    return errors;
}

static int check(const struct check_options *options)
{
    struct config config;
    const char *file = options->pack ? options->pack : options->file;
    size_t samples = 0, errors = find_errors(options, &config, &samples);
    int rc = errors ? EXIT_CONFIG : EXIT_OK;
    if (errors)
        fprintf(stderr, "%s: %zu error%s\n", file, errors, errors == 1 ? "" : "s");
    else if (options->explain)
        rc = explain(&config, options->explain);
    else
        print_summary(&config, file, samples);
    if (rc == EXIT_OK && options->kafka)
        rc = topics_check(&config, false, stdout);
    config_fini(&config);
    return rc;
}

static int print_settings(void)
{
    struct cpi_buf buf;
    cpi_buf_init(&buf);
    settings_print(&buf);
    fwrite(buf.at, 1, buf.len, stdout);
    cpi_buf_fini(&buf);
    return EXIT_OK;
}

int cmd_check(int argc, char **argv)
{
    static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
                                           { "pack", required_argument, NULL, 'p' },
                                           { "explain", required_argument, NULL, 'e' },
                                           { "settings", no_argument, NULL, 's' },
                                           { "kafka", no_argument, NULL, 'k' },
                                           { "indicators", no_argument, NULL, 'i' },
                                           { NULL, 0, NULL, 0 } };
    struct check_options options = { 0 };
    int option;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:c:", longs, NULL)) != -1) {
        switch (option) {
        case 'c':
            options.file = optarg;
            break;
        case 'p':
            options.pack = optarg;
            break;
        case 'e':
            options.explain = optarg;
            break;
        case 's':
            options.settings = true;
            break;
        case 'k':
            options.kafka = true;
            break;
        case 'i':
            options.indicators = true;
            break;
        case ':':
            return cmd_usage("check", "%s needs a value", argv[optind - 1]);
        default:
            return cmd_usage("check", "unknown option %s", argv[optind - 1]);
        }
    }
    if (options.indicators && optind < argc)
        options.indicator = argv[optind++];
    if (optind < argc)
        return cmd_usage("check", "unexpected argument %s; the file goes behind -c", argv[optind]);
    if (options.settings)
        return print_settings();
    if (options.indicators)
        return indicators_print(options.file, options.indicator);
    if (!options.file == !options.pack)
        return cmd_usage("check", options.file ? "-c FILE or --pack NAME, not both"
                                               : "-c FILE is missing (or --pack NAME)");
    return check(&options);
}
