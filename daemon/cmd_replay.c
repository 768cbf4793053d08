/* cpid replay: the same numbers from files. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cpi/alloc.h>

#include "cmd.h"
#include "config/load.h"
#include "replay/replay.h"

#define STEP 16384 /* records between two looks at the terminal */

struct arguments {
    const char *config, *folder, *until;
    const char **input; /* TOPIC=PATH */
    size_t n_inputs;
    bool every_boundary;
};

static int parse(int argc, char **argv, struct arguments *args)
{
    *args = (struct arguments){ .folder = "." };
    args->input = cpi_xcalloc((size_t)argc, sizeof *args->input);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        const char **target = NULL;
        if (strcmp(argv[i], "--every-boundary") == 0) {
            args->every_boundary = true;
            continue;
        }
        if (strcmp(argv[i], "-c") == 0)
            target = &args->config;
        else if (strcmp(argv[i], "-o") == 0)
            target = &args->folder;
        else if (strcmp(argv[i], "--until") == 0)
            target = &args->until;
        else if (strcmp(argv[i], "-i") == 0)
            target = &args->input[args->n_inputs++];
        else
            return cmd_usage("replay", "unknown argument '%s'", argv[i]);
        if (!value)
            return cmd_usage("replay", "'%s' needs a value", argv[i]);
        *target = value;
        i++;
    }
    if (!args->config)
        return cmd_usage("replay", "-c FILE is missing: which configuration?");
    if (!args->n_inputs)
        return cmd_usage("replay", "-i TOPIC=PATH is missing: which events?");
    return EXIT_OK;
}

/* Opens TOPIC=PATH; complains and returns an exit code if it cannot. */
static int add_input(struct replay *replay, const char *text)
{
    const char *equals = strchr(text, '=');
    uint16_t source, index;
    if (!equals || equals == text || !equals[1])
        return cmd_usage("replay", "-i %s: TOPIC=PATH is wanted ('-' as PATH is standard input)",
                         text);
    struct cpi_text topic = { text, (uint32_t)(equals - text) };
    if (!replay_find_topic(replay->model, topic, &source, &index)) {
        fprintf(stderr, "cpid replay: -i %s: no source reads the topic '%.*s'; sources read:", text,
                CPI_TEXT_ARG(topic));
        for (size_t s = 0; s < replay->model->n_sources; s++)
            for (size_t t = 0; t < replay->model->source[s].n_topics; t++)
                fprintf(stderr, " %.*s", CPI_TEXT_ARG(replay->model->source[s].topic[t]));
        fputc('\n', stderr);
        return EXIT_USAGE;
    }
    int err = replay_add(replay, topic, equals + 1);
    if (err) {
        fprintf(stderr, "cpid replay: %s: %s\n", equals + 1, strerror(-err));
        return EXIT_BAD_DATA;
    }
    return EXIT_OK;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t sum_late(const struct replay *replay)
{
    uint64_t late = 0;
    for (size_t p = 0; p < replay->n_partitions; p++)
        late += cpi_intake_counts(replay->partition[p].intake)->late;
    return late;
}

static uint64_t sum_dead(const struct replay *replay, int refusal)
{
    uint64_t dead = 0;
    for (size_t p = 0; p < replay->n_partitions; p++)
        for (int r = 1; r < CPI_REFUSALS; r++)
            if (!refusal || r == refusal)
                dead += cpi_intake_counts(replay->partition[p].intake)->refused[r];
    return dead;
}

static void show_progress(const struct replay *replay, double elapsed)
{
    struct cpi_task_status status;
    struct cpi_buf time;
    cpi_task_status(replay->task, &status);
    cpi_buf_init(&time);
    if (status.cursor > CPI_TIME_MIN && status.cursor < CPI_TIME_MAX)
        cpi_time_format(&time, status.cursor);
    else
        cpi_buf_add_string(&time, "-");
    fprintf(stderr,
            "\r\033[K%" PRIu64 " records, %.0f/s, at %.*s, %" PRIu64 " late, %" PRIu64 " dead",
            replay->records, elapsed > 0 ? (double)replay->records / elapsed : 0.0, (int)time.len,
            (const char *)time.at, sum_late(replay), sum_dead(replay, 0));
    cpi_buf_fini(&time);
}

static int run(struct replay *replay)
{
    bool terminal = isatty(STDERR_FILENO);
    double begin = seconds_now(), shown = begin;
    const char *path = "";
    int more;
    while ((more = replay_step(replay, STEP, &path)) > 0) {
        double now = seconds_now();
        if (terminal && now - shown > 0.25) {
            show_progress(replay, now - begin);
            shown = now;
        }
    }
    if (terminal)
        fputs("\r\033[K", stderr);
    if (more < 0) {
        fprintf(stderr, "cpid replay: %s: %s\n", path, strerror(-more));
        return EXIT_BAD_DATA;
    }
    return EXIT_OK;
}

static void summarize(const struct replay *replay)
{
    const struct cpi_task_counts *counts = cpi_task_counts(replay->task);
    struct cpi_task_status status;
    struct cpi_intake_counts all = { 0 };
    cpi_task_status(replay->task, &status);
    for (size_t p = 0; p < replay->n_partitions; p++) {
        const struct cpi_intake_counts *one = cpi_intake_counts(replay->partition[p].intake);
        all.events += one->events;
        all.unmapped += one->unmapped;
        all.no_id += one->no_id;
        all.unreadable += one->unreadable;
    }
    fprintf(stderr,
            "records %" PRIu64 ", events %" PRIu64 ", late %" PRIu64 ", duplicates %" PRIu64
            ", ignored %" PRIu64 ", without id %" PRIu64 ", unreadable fields %" PRIu64 "\n",
            replay->records, all.events, sum_late(replay), counts->duplicates, all.unmapped,
            all.no_id, all.unreadable);
    fprintf(stderr, "dead letters %" PRIu64, replay->output.lines[CPI_TOPIC_DEAD_LETTERS]);
    for (int r = 1; r < CPI_REFUSALS; r++)
        if (sum_dead(replay, r))
            fprintf(stderr, ", %s %" PRIu64, cpi_refusal_name((enum cpi_refusal)r),
                    sum_dead(replay, r));
    fprintf(stderr,
            "\njourneys %" PRIu64 " in memory, %" PRIu64 " dropped, %" PRIu64
            " over the limit; facts %" PRIu64 "\n",
            status.journeys, counts->journeys_dropped, counts->journeys_limited, counts->facts);
    fprintf(stderr,
            "updates %" PRIu64 ", revisions %" PRIu64 ", alert transitions %" PRIu64
            ", still firing %" PRIu64 "\n",
            counts->updates, counts->revisions, counts->transitions, status.firing);
    if (counts->saturated)
        fprintf(stderr, "updates whose sum reached its limit %" PRIu64 "\n", counts->saturated);
    if (counts->too_old_changes)
        fprintf(stderr, "changes too old for any window %" PRIu64 "\n", counts->too_old_changes);
}

static void warn_absent(const struct replay *replay)
{
    for (size_t s = 0; s < replay->model->n_sources; s++)
        for (size_t t = 0; t < replay->model->source[s].n_topics; t++) {
            struct cpi_text topic = replay->model->source[s].topic[t];
            bool given = false;
            for (size_t p = 0; p < replay->n_partitions; p++)
                given |= cpi_text_equal(replay->partition[p].topic, topic);
            if (!given)
                fprintf(stderr,
                        "cpid replay: warning: no -i %.*s=PATH: the topic counts as ended\n",
                        CPI_TEXT_ARG(topic));
        }
}

static int replay_with(const struct arguments *args, const struct config *config, int64_t until)
{
    struct replay replay;
    replay_init(&replay, config->model, config->directory, args->every_boundary, until);
    int code = EXIT_OK;
    for (size_t i = 0; i < args->n_inputs && code == EXIT_OK; i++)
        code = add_input(&replay, args->input[i]);
    if (code == EXIT_OK) {
        if (replay_begin(&replay))
            warn_absent(&replay);
        int err = output_open(&replay.output, args->folder, config->model->facts);
        if (err) {
            fprintf(stderr, "cpid replay: %s: %s\n", args->folder, strerror(-err));
            code = EXIT_BAD_DATA;
        } else {
            code = run(&replay);
        }
        if (code == EXIT_OK)
            summarize(&replay);
        err = output_close(&replay.output);
        if (err && code == EXIT_OK) {
            fprintf(stderr, "cpid replay: %s: %s\n", args->folder, strerror(-err));
            code = EXIT_BAD_DATA;
        }
    }
    replay_fini(&replay);
    return code;
}

int cmd_replay(int argc, char **argv)
{
    struct arguments args;
    struct config config;
    struct cpi_diag diag;
    int64_t until = CPI_TIME_END;
    int code = parse(argc, argv, &args);
    if (code != EXIT_OK) {
        free(args.input);
        return code;
    }
    cpi_diag_init(&diag);
    int err = config_load(args.config, &config, &diag);
    cmd_print_diag(&diag);
    if (err)
        code = EXIT_CONFIG;
    else if (args.until && (!cpi_time_parse(cpi_text_of(args.until), &config.model->zone, &until) ||
                            until < CPI_TIME_MIN || until > CPI_TIME_MAX))
        code = cmd_usage("replay",
                         "--until %s: no time (want 2026-01-31T08:00:00Z or 2026-01-31, from 1900 "
                         "to 2200)",
                         args.until);
    else
        code = replay_with(&args, &config, until);
    config_fini(&config);
    cpi_diag_fini(&diag);
    free(args.input);
    return code;
}
