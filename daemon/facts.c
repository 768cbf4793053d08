#include "facts.h"

#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "connect.h"
#include "worker/names.h"

#define ANSWER_MS 10000

static int scan(const struct kafka_setup *setup, const char *topic,
                void (*take)(void *context, struct cpi_text value), void *context)
{
    char why[512] = "";
    struct cpi_text value;
    struct kafka_scan *scan = kafka_scan_new(setup, topic, ANSWER_MS, why, sizeof why);
    if (!scan) {
        fprintf(stderr, "cpid explain: %s: %s\n", topic, why);
        return EXIT_UNREACHABLE;
    }
    int more;
    while ((more = kafka_scan_next(scan, &value)) > 0)
        take(context, value);
    if (more < 0)
        fprintf(stderr, "cpid explain: %s: the broker went silent before its end\n", topic);
    kafka_scan_free(scan);
    return more < 0 ? EXIT_UNREACHABLE : EXIT_OK;
}

int facts_read(const struct config *config, const char *brokers,
               void (*take)(void *context, struct cpi_text value), void *context)
{
    struct connect connect;
    struct port_topics names;
    char why[512];
    int rc = EXIT_CONFIG;
    names_init(&names, config->model);
    if (!names.output[CPI_TOPIC_FACTS]) {
        fputs("cpid explain: the configuration says facts = false; give events (-i) or --facts\n",
              stderr);
    } else if (connect_init(&connect, config, why, sizeof why) < 0) {
        fprintf(stderr, "cpid explain: %s\n", why);
        connect_fini(&connect);
    } else {
        struct kafka_setup setup = connect_setup(&connect, 0);
        for (size_t i = 0; brokers && i < connect.n_settings; i++)
            if (strcmp(connect.setting[i].name, "bootstrap.servers") == 0)
                connect.setting[i].value = brokers;
        rc = scan(&setup, names.output[CPI_TOPIC_FACTS], take, context);
        connect_fini(&connect);
    }
    names_fini(&names);
    return rc;
}
