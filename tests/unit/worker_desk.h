/* A small configuration and a worker over Kafka in memory. */
#ifndef WORKER_DESK_H
#define WORKER_DESK_H

#include "configure.h"
#include "memory_port.h"
#include "worker/names.h"
#include "worker/worker.h"

#define BEGIN INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define MINUTE INT64_C(60000)

static struct config config;
static struct port_topics topics;
static atomic_bool stop;
static struct worker_setup setup;

static const char text[] =
    "application = \"t\"; instance = \"i\"; partitions = 3; zone = \"UTC\"; lateness = \"1h\";\n"
    "keep = { windows = \"2d\"; journeys = \"2d\"; };\n"
    "event-types = [ \"thing.begun\", \"thing.done\" ];\n"
    "sources = ( { name = \"s\"; topics = [ \"in\" ]; wait = \"1m\"; %s\n"
    "  common = { id = \"/id\"; time = \"/ts | ms\"; case = \"/case\"; rep = \"/rep\"; };\n"
    "  rules = ( { type = \"/type\"; } ); } );\n"
    "windows = { hour = { length = \"1h\"; every = \"10m\"; }; };\n"
    "indicators = ( { name = \"done\"; each = \"thing.done\"; over = \"hour\"; },\n"
    "  { name = \"took\"; from = \"thing.begun\"; to = \"thing.done\"; show = [ \"p90\" ];\n"
    "    over = \"hour\"; } );\n";

static inline void configure(const char *more)
{
    configure_text(&config, text, more);
    names_init(&topics, config.model);
    setup = (struct worker_setup){ .model = config.model,
                                   .dir = config.directory,
                                   .topics = &topics,
                                   .clock = WORKER_CLOCK_RECORD,
                                   .start = PORT_EARLIEST,
                                   .stop = &stop };
}

static inline void unconfigure(void)
{
    names_fini(&topics);
    config_fini(&config);
}

static inline struct worker *worker_over(struct memory_broker *b)
{
    struct worker *w = worker_new(&setup, 0);
    worker_attach(w, &memory_port_new(b)->port);
    worker_open(w);
    return w;
}

/* An event of `time` in a record of `ts`. */
static inline void event_add_at(struct memory_broker *b, uint32_t partition, int64_t time,
                                int64_t ts, const char *type, int number)
{
    char json[256];
    snprintf(json, sizeof json,
             "{\"id\":\"%s%d\",\"ts\":%lld,\"type\":\"%s\",\"case\":\"c%d\",\"rep\":\"r%d\"}", type,
             number, (long long)time, type, number, number % 3);
    memory_append(&b->source[partition], CPI_ABSENT, cpi_text_of(json), ts);
}

static inline void event_add(struct memory_broker *b, uint32_t partition, int64_t time,
                             const char *type, int number)
{
    event_add_at(b, partition, time, time, type, number);
}

#endif
