/* The Kafka port against a real broker: what a worker relies on, without a worker. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "kafka/kafka.h"

#define PARTITIONS 2

static char application[64];
static struct port_topics topics;
static struct kafka_setting settings[2];
static bool impatient; /* the host stops waiting */
static char notes[4096];

static char *name_of(const char *what)
{
    char *name = malloc(128);
    snprintf(name, 128, "%s%s", application, what);
    return name;
}

static bool host_tick(void *ctx, const char *waiting_for, const char *error)
{
    (void)ctx;
    (void)waiting_for;
    (void)error;
    return !impatient;
}

static void host_note(void *ctx, enum port_level level, const char *text)
{
    (void)ctx;
    if (level <= PORT_NOTICE)
        snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", text);
}

static struct kafka_setup setup_of(const char *instance)
{
    return (struct kafka_setup){
        .application = application, .instance = instance, .setting = settings, .n_settings = 2
    };
}

static struct kafka_setup setup_a, setup_b;

static struct port *port_of(const struct kafka_setup *setup)
{
    char why[256] = "";
    struct port_host host = { NULL, host_tick, host_note };
    struct port *port = kafka_port_new(setup, &topics, host, why, sizeof why);
    if (!port) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    return port;
}

static void port_end(struct port *port)
{
    port->ops->close(port, 3000);
    port->ops->free(port);
}

/* The next event that is something; PORT_NOTHING after ten seconds of nothing. */
static struct port_event next(struct port *port)
{
    struct port_event ev;
    for (int i = 0; i < 100; i++) {
        port->ops->poll(port, 100, &ev);
        if (ev.kind != PORT_NOTHING && ev.kind != PORT_TROUBLE)
            return ev;
    }
    return ev;
}

static struct port_event next_record(struct port *port)
{
    struct port_event ev;
    do
        ev = next(port);
    while (ev.kind == PORT_END);
    return ev;
}

/* Answers the next assignment with what is committed, else with the beginning. */
static size_t assignment(struct port *port, struct port_position *pos)
{
    struct port_event ev = next(port);
    if (ev.kind != PORT_ASSIGNED)
        return 0;
    size_t n = ev.n_places;
    for (size_t i = 0; i < n; i++)
        pos[i] = (struct port_position){ .place = ev.places[i] };
    CHECK_INT(port->ops->committed(port, pos, n), 0);
    struct port_position from[8];
    memcpy(from, pos, sizeof from);
    for (size_t i = 0; i < n; i++)
        if (from[i].offset == PORT_NO_OFFSET)
            port->ops->start(port, from[i].place, PORT_EARLIEST, 0, &from[i].offset);
    CHECK_INT(port->ops->assign(port, from, n), 0);
    return n;
}

static void say(const char *topic, const char *value)
{
    struct kafka_writer *writer = kafka_writer_new(getenv("CPID_TEST_BROKER"));
    kafka_writer_send(writer, topic, CPI_TEXT("k"), cpi_text_of(value), 1700000000123);
    kafka_writer_flush(writer);
    kafka_writer_free(writer);
}

static void send_row(struct port *port, const char *key, const char *value)
{
    struct port_message m = { .to = PORT_TO_CHANGELOG,
                              .partition = 1,
                              .key = cpi_text_of(key),
                              .value = value ? cpi_text_of(value) : CPI_ABSENT };
    CHECK_INT(port->ops->send(port, &m), 0);
}

static void send_frame(struct port *port, const char *text)
{
    struct port_message m = { .to = PORT_TO_REPARTITION,
                              .partition = 0,
                              .value = cpi_text_of(text) };
    CHECK_INT(port->ops->send(port, &m), 0);
}

static struct port_position at(uint32_t topic, uint32_t partition, int64_t offset, const char *meta)
{
    struct port_position pos = { .place = { topic, partition }, .offset = offset };
    pos.metadata_len = (uint32_t)strlen(meta);
    memcpy(pos.metadata, meta, pos.metadata_len);
    return pos;
}

static void wish(struct kafka_topic_wish *w, const char *name, uint32_t partitions,
                 const char *cleanup)
{
    *w = (struct kafka_topic_wish){ .name = name, .partitions = partitions, .cleanup = cleanup };
}

int main(void)
{
    if (!getenv("CPID_TEST_BROKER")) {
        printf("SKIP: no broker\n");
        return 77;
    }
    snprintf(application, sizeof application, "port-%d", (int)getpid());
    settings[0] = (struct kafka_setting){ "bootstrap.servers", getenv("CPID_TEST_BROKER") };
    settings[1] = (struct kafka_setting){ "session.timeout.ms", "6000" };
    setup_a = setup_of("a");
    setup_b = setup_of("b");
    char *source[] = { name_of("-events") };
    topics = (struct port_topics){ .source = source,
                                   .n_sources = 1,
                                   .repartition = name_of("-repartition"),
                                   .changelog = name_of("-changelog"),
                                   .partitions = PARTITIONS };
    topics.output[CPI_TOPIC_ALERTS] = name_of(".alerts");
    struct kafka_topic_wish wishes[4];
    struct kafka_topic_found found[4];
    char why[256] = "";
    wish(&wishes[0], source[0], 1, "delete");
    wish(&wishes[1], topics.repartition, PARTITIONS, "delete");
    wish(&wishes[2], topics.changelog, PARTITIONS, "compact");
    wish(&wishes[3], topics.output[CPI_TOPIC_ALERTS], 1, "delete");

    TEST ("topics that are missing are named, created on demand, and then good") {
        CHECK_INT(kafka_topics_compare(&setup_a, wishes, 4, false, 5000, found, why, sizeof why),
                  0);
        CHECK_INT(found[1].state, KAFKA_TOPIC_MISSING);
        CHECK_INT(kafka_topics_compare(&setup_a, wishes, 4, true, 5000, found, why, sizeof why), 0);
        CHECK_INT(found[1].state, KAFKA_TOPIC_CREATED);
        wishes[2].cleanup = "delete";
        CHECK_INT(kafka_topics_compare(&setup_a, wishes, 4, false, 5000, found, why, sizeof why),
                  0);
        CHECK_INT(found[1].state, KAFKA_TOPIC_GOOD);
        CHECK_INT(found[2].state, KAFKA_TOPIC_DIFFERS);
        CHECK_STR(found[2].text, "cleanup.policy is compact, not delete");
    }
    TEST ("no broker is said, not waited for without end") {
        struct kafka_setting nobody[] = { { "bootstrap.servers", "127.0.0.1:1" } };
        struct kafka_setup away = setup_a;
        away.setting = nobody;
        away.n_settings = 1;
        CHECK_INT(kafka_topics_compare(&away, wishes, 4, false, 1000, found, why, sizeof why),
                  -EHOSTUNREACH);
    }

    struct port_position pos[8];
    TEST ("a transaction carries outputs, rows and offsets with metadata; a successor finds them") {
        struct port *port = port_of(&setup_a);
        say(source[0], "one");
        CHECK_INT(port->ops->open(port), 0);
        CHECK_INT(assignment(port, pos), 3);
        CHECK_INT(pos[0].offset, PORT_NO_OFFSET);
        struct port_event ev = next_record(port);
        CHECK_INT(ev.kind, PORT_RECORD);
        CHECK_INT(ev.record.timestamp, 1700000000123);
        CHECK(cpi_text_equal(ev.record.value, CPI_TEXT("one")));
        CHECK(cpi_text_equal(ev.record.key, CPI_TEXT("k")));
        port->ops->begin(port);
        send_row(port, "a", "1");
        send_row(port, "b", "2");
        send_row(port, "a", NULL);
        send_frame(port, "frame");
        pos[0] = at(0, 0, 1, "w=7");
        CHECK_INT(port->ops->commit(port, pos, 1), PORT_COMMITTED);
        ev = next_record(port);
        CHECK_INT(ev.place.topic, 1);
        CHECK(cpi_text_equal(ev.record.value, CPI_TEXT("frame")));
        port_end(port);

        port = port_of(&setup_a);
        CHECK_INT(port->ops->open(port), 0);
        CHECK_INT(assignment(port, pos), 3);
        for (int i = 0; i < 3; i++)
            if (pos[i].place.topic == 0) {
                CHECK_INT(pos[i].offset, 1);
                CHECK_INT(pos[i].metadata_len, 3);
                CHECK(memcmp(pos[i].metadata, "w=7", 3) == 0);
            }
        port_end(port);
    }
    TEST ("a restore gives committed rows in order, tombstones too, and passes an aborted tail") {
        struct port *dead = port_of(&setup_b);
        CHECK_INT(dead->ops->open(dead), 0);
        dead->ops->begin(dead);
        send_row(dead, "c", "never");
        struct port *port = port_of(&setup_a);
        CHECK_INT(port->ops->open(port), 0);
        port_end(dead); /* leaves the transaction open; its next life ends it */
        struct port *heir = port_of(&setup_b);
        CHECK_INT(heir->ops->open(heir), 0);
        struct cpi_text key, value;
        CHECK_INT(port->ops->restore_begin(port, 1), 0);
        CHECK_INT(port->ops->restore_next(port, &key, &value), 1);
        CHECK(cpi_text_equal(key, CPI_TEXT("a")) && cpi_text_equal(value, CPI_TEXT("1")));
        CHECK_INT(port->ops->restore_next(port, &key, &value), 1);
        CHECK(cpi_text_equal(key, CPI_TEXT("b")));
        CHECK_INT(port->ops->restore_next(port, &key, &value), 1);
        CHECK(cpi_text_equal(key, CPI_TEXT("a")) && !cpi_text_is(value));
        CHECK_INT(port->ops->restore_next(port, &key, &value), 0);
        port->ops->restore_end(port);
        CHECK_INT(port->ops->restore_begin(port, 0), 0); /* an empty changelog */
        CHECK_INT(port->ops->restore_next(port, &key, &value), 0);
        port->ops->restore_end(port);
        port_end(heir);
        port_end(port);
    }
    TEST ("a worker whose identity was taken over cannot commit: what it did is rolled back") {
        struct port *old = port_of(&setup_a);
        CHECK_INT(old->ops->open(old), 0);
        CHECK(assignment(old, pos) > 0);
        old->ops->begin(old);
        send_frame(old, "zombie");
        struct port_position one = at(0, 0, 2, "w=zombie");
        struct port *heir = port_of(&setup_a); /* the same identity: its init ends the other's */
        impatient = false;
        CHECK_INT(heir->ops->open(heir), 0);
        notes[0] = '\0';
        enum port_outcome outcome = old->ops->commit(old, &one, 1);
        CHECK(outcome == PORT_ABORTED || outcome == PORT_UNKNOWN);
        CHECK(strstr(notes, "transaction failed") != NULL);
        one = at(0, 0, 0, "");
        CHECK_INT(old->ops->committed(old, &one, 1), 0);
        CHECK_INT(one.offset, 1);
        port_end(old);
        port_end(heir);
    }
    TEST ("seek goes back, pause stops and resume goes on exactly there") {
        struct port *port = port_of(&setup_a);
        for (int i = 0; i < 3; i++)
            say(source[0], "more");
        CHECK_INT(port->ops->open(port), 0);
        CHECK(assignment(port, pos) > 0);
        struct port_event ev = { 0 };
        do
            ev = next_record(port);
        while (ev.kind == PORT_RECORD && ev.place.topic != 0);
        int64_t first = ev.record.offset;
        struct port_position back = at(0, 0, first, "");
        port->ops->seek(port, &back, 1);
        do
            ev = next_record(port);
        while (ev.kind == PORT_RECORD && ev.place.topic != 0);
        CHECK_INT(ev.record.offset, first);
        port->ops->pause(port, &back.place, 1);
        int records = 0;
        for (int i = 0; i < 5; i++) {
            port->ops->poll(port, 100, &ev);
            records += ev.kind == PORT_RECORD && ev.place.topic == 0;
        }
        CHECK_INT(records, 0);
        back.offset = first + 1;
        port->ops->resume(port, &back, 1);
        do
            ev = next_record(port);
        while (ev.kind == PORT_RECORD && ev.place.topic != 0);
        CHECK_INT(ev.record.offset, first + 1);
        port_end(port);
    }
    TEST ("what cannot go where it is told to is not read on: the group is joined anew") {
        struct port *port = port_of(&setup_a);
        CHECK_INT(port->ops->open(port), 0);
        struct port_event ev = next(port);
        CHECK_INT(ev.kind, PORT_ASSIGNED);
        struct port_position here = at(0, 0, 0, ""), other = at(1, 0, 0, "");
        CHECK_INT(port->ops->assign(port, &here, 1), 0); /* so that the other is not assigned */
        port->ops->seek(port, &other, 1);
        do
            ev = next(port);
        while (ev.kind == PORT_RECORD || ev.kind == PORT_END);
        CHECK_INT(ev.kind, PORT_REVOKED);
        CHECK(ev.lost);
        port->ops->unassign(port);
        CHECK(assignment(port, pos) > 0);
        do
            ev = next_record(port);
        while (ev.kind == PORT_RECORD && ev.place.topic == 0);
        CHECK_INT(ev.kind, PORT_RECORD);
        port_end(port);
    }
    TEST ("headers come with a record where some source looks at them") {
        char command[512];
        snprintf(command, sizeof command, "echo with | kcat -P -b %s -t %s -p 0 -H tenant=north",
                 getenv("CPID_TEST_BROKER"), source[0]);
        CHECK_INT(system(command), 0);
        for (int wanted = 0; wanted < 2; wanted++) {
            topics.headers = wanted;
            struct port *port = port_of(&setup_a);
            CHECK_INT(port->ops->open(port), 0);
            CHECK(assignment(port, pos) > 0);
            struct port_event ev;
            do
                ev = next(port);
            while (ev.kind != PORT_NOTHING &&
                   !(ev.kind == PORT_RECORD && cpi_text_equal(ev.record.value, CPI_TEXT("with"))));
            CHECK_INT(ev.kind, PORT_RECORD);
            CHECK_INT((long long)ev.record.n_headers, wanted);
            if (ev.record.n_headers == 1) {
                CHECK_TEXT(ev.record.header[0].name, "tenant");
                CHECK_TEXT(ev.record.header[0].value, "north");
            }
            port_end(port);
        }
        topics.headers = false;
    }
    TEST ("a probe gives the end of a quiet partition anew") {
        struct port *port = port_of(&setup_a);
        CHECK_INT(port->ops->open(port), 0);
        CHECK(assignment(port, pos) > 0);
        struct port_event ev = { 0 };
        do
            ev = next(port);
        while (ev.kind == PORT_RECORD || (ev.kind == PORT_END && ev.place.topic != 0));
        CHECK_INT(ev.kind, PORT_END);
        struct port_position end = at(0, 0, ev.offset, "");
        port->ops->probe(port, &end, 1);
        do
            ev = next(port);
        while (ev.kind == PORT_RECORD || (ev.kind == PORT_END && ev.place.topic != 0));
        CHECK_INT(ev.kind, PORT_END);
        CHECK_INT(ev.offset, end.offset);
        port_end(port);
    }
    TEST ("a record that no broker would take is refused before it is sent") {
        struct port *port = port_of(&setup_a);
        CHECK_INT(port->ops->open(port), 0);
        CHECK(assignment(port, pos) > 0);
        port->ops->begin(port);
        char *large = calloc(1, 1100000);
        struct port_message m = { .to = PORT_TO_OUTPUT,
                                  .output = CPI_TOPIC_ALERTS,
                                  .partition = -1,
                                  .value = { large, 1100000 } };
        CHECK_INT(port->ops->send(port, &m), -EMSGSIZE);
        free(large);
        port_end(port);
    }
    TEST ("a transaction of which a record could not be sent is never committed") {
        struct port *port = port_of(&setup_a);
        CHECK_INT(port->ops->open(port), 0);
        CHECK(assignment(port, pos) > 0);
        struct port_position one = at(0, 0, 3, "");
        /* more than once: the library may not survive being given up so early */
        for (int i = 0; i < 8; i++) {
            port->ops->begin(port);
            send_frame(port, "good");
            struct port_message m = { .to = PORT_TO_REPARTITION,
                                      .partition = PARTITIONS, /* there is none of this number */
                                      .value = CPI_TEXT("bad") };
            port->ops->send(port, &m);
            CHECK_INT(port->ops->commit(port, &one, 1), PORT_ABORTED);
        }
        port->ops->begin(port);
        send_frame(port, "good");
        CHECK_INT(port->ops->commit(port, &one, 1), PORT_COMMITTED);
        port_end(port);
    }
    TEST ("a wrong number of partitions is refused, a missing topic is waited for") {
        struct port_topics wrong = topics;
        struct port_host host = { NULL, host_tick, host_note };
        wrong.partitions = 7;
        notes[0] = '\0';
        struct port *port = kafka_port_new(&setup_a, &wrong, host, why, sizeof why);
        CHECK_INT(port->ops->open(port), -EINVAL);
        CHECK(strstr(notes, "has 2 partitions") != NULL);
        port_end(port);
        wrong = topics;
        wrong.changelog = name_of("-absent");
        port = kafka_port_new(&setup_a, &wrong, host, why, sizeof why);
        impatient = true;
        CHECK_INT(port->ops->open(port), -EINTR);
        impatient = false;
        port_end(port);
    }
    return check_done();
}
