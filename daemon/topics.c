#include "topics.h"

#include <errno.h>

#include <stdlib.h>

#include <cpi/alloc.h>

#include "cmd.h"
#include "connect.h"
#include "worker/names.h"

#define ANSWER_MS 10000

struct wishes {
    struct port_topics names;
    struct kafka_topic_wish *wish;
    size_t count;
};

static struct kafka_topic_wish *wish_add(struct wishes *w, const char *name, uint32_t partitions,
                                         const char *cleanup)
{
    struct kafka_topic_wish *wish = &w->wish[w->count++];
    *wish = (struct kafka_topic_wish){ .name = name, .partitions = partitions, .cleanup = cleanup };
    return wish;
}

static void wishes_init(struct wishes *w, const struct cpi_model *model)
{
    static const char *const cleanup[CPI_TOPICS] = {
        [CPI_TOPIC_INDICATORS] = "compact",    [CPI_TOPIC_REVISIONS] = "delete",
        [CPI_TOPIC_ALERTS] = "compact,delete", [CPI_TOPIC_FACTS] = "delete",
        [CPI_TOPIC_DEAD_LETTERS] = "delete",
    };
    *w = (struct wishes){ 0 };
    names_init(&w->names, model);
    w->wish = cpi_xcalloc(w->names.n_sources + CPI_TOPICS + 2, sizeof *w->wish);
    for (size_t i = 0; i < w->names.n_sources; i++)
        wish_add(w, w->names.source[i], 0, NULL);
    struct kafka_topic_wish *own = wish_add(w, w->names.repartition, model->partitions, "delete");
    /* frames go when they are done and not before; what is deleted frees whole segments only */
    own->setting[0] = (struct kafka_setting){ "retention.ms", "-1" };
    own->setting[1] = (struct kafka_setting){ "retention.bytes", "-1" };
    own->setting[2] = (struct kafka_setting){ "segment.bytes", "67108864" };
    own = wish_add(w, w->names.changelog, model->partitions, "compact");
    own->setting[0] = (struct kafka_setting){ "max.message.bytes", "16777216" };
    own->setting[1] = (struct kafka_setting){ "segment.bytes", "67108864" };
    for (enum cpi_topic t = 0; t < CPI_TOPICS; t++)
        if (w->names.output[t])
            wish_add(w, w->names.output[t], model->partitions, cleanup[t])->any_partitions = true;
}

static void wishes_fini(struct wishes *w)
{
    names_fini(&w->names);
    free(w->wish);
}

/* One line; true if all is well. */
static bool found_print(const struct kafka_topic_wish *wish, const struct kafka_topic_found *found,
                        FILE *out)
{
    switch (found->state) {
    case KAFKA_TOPIC_GOOD:
        fprintf(out, "%s: good, %u partitions\n", wish->name, found->partitions);
        return true;
    case KAFKA_TOPIC_CREATED:
        fprintf(out, "%s: created, %u partitions\n", wish->name, found->partitions);
        return true;
    case KAFKA_TOPIC_MISSING:
        fprintf(out, "%s: does not exist; %s\n", wish->name,
                wish->cleanup ? "cpid topics --create makes it"
                              : "a source: whoever writes to it must create it");
        return false;
    case KAFKA_TOPIC_DIFFERS:
        fprintf(out, "%s: %s\n", wish->name, found->text);
        return false;
    case KAFKA_TOPIC_FAILED:
        fprintf(out, "%s: failed: %s\n", wish->name, found->text);
        return false;
    }
    return false;
}

static int wishes_check(const struct wishes *w, const struct kafka_setup *setup, bool create,
                        FILE *out)
{
    char why[512] = "", brokers[2048];
    struct kafka_topic_found *found = cpi_xcalloc(w->count, sizeof *found);
    int r =
        kafka_topics_compare(setup, w->wish, w->count, create, ANSWER_MS, found, why, sizeof why);
    if (r < 0) {
        fprintf(stderr, "cpid: %s\n", why);
        free(found);
        return r == -EHOSTUNREACH ? EXIT_UNREACHABLE : EXIT_CONFIG;
    }
    bool good = true;
    for (size_t i = 0; i < w->count; i++)
        good = found_print(&w->wish[i], &found[i], out) && good;
    free(found);
    if (kafka_brokers_check(setup, ANSWER_MS, brokers, sizeof brokers) > 0) {
        fputs(brokers, out);
        good = false;
    }
    return good ? EXIT_OK : EXIT_CONFIG;
}

int topics_check(const struct config *config, bool create, FILE *out)
{
    char why[512] = "";
    struct connect connect;
    struct wishes wishes;
    if (connect_init(&connect, config, why, sizeof why) < 0) {
        fprintf(stderr, "cpid: %s\n", why);
        connect_fini(&connect);
        return EXIT_CONFIG;
    }
    wishes_init(&wishes, config->model);
    struct kafka_setup setup = connect_setup(&connect, 0);
    int code = wishes_check(&wishes, &setup, create, out);
    wishes_fini(&wishes);
    connect_fini(&connect);
    return code;
}
