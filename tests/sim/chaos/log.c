#include <cpi/hash.h>
#include <cpi/time.h>

#include "kafka.h"

struct kafka_part *kafka_part(struct kafka *k, struct port_place place)
{
    return place.topic == k->topics->n_sources ? &k->frames[place.partition]
                                               : &k->source[place.topic][place.partition];
}

int64_t part_append(struct kafka *k, struct kafka_part *part, struct kafka_record record)
{
    part->record = cpi_grow(part->record, part->count, &part->cap, sizeof *part->record);
    if (record.state == RECORD_OPEN) {
        size_t i = 0;
        while (i < part->n_open && part->open[i].writer != record.writer)
            i++;
        if (i == part->n_open)
            part->open[part->n_open++] = (struct kafka_open){ record.writer, (int64_t)part->count };
    }
    part->record[part->count] = record;
    k->events++;
    return (int64_t)part->count++;
}

int64_t part_stable(const struct kafka_part *part)
{
    int64_t stable = (int64_t)part->count;
    for (size_t i = 0; i < part->n_open; i++)
        if (part->open[i].first < stable)
            stable = part->open[i].first;
    return stable;
}

void part_decide(struct kafka *k, struct kafka_part *part, int writer, bool commit)
{
    size_t i = 0;
    while (i < part->n_open && part->open[i].writer != writer)
        i++;
    if (i < part->n_open) {
        for (size_t at = (size_t)part->open[i].first; at < part->count; at++)
            if (part->record[at].writer == writer && part->record[at].state == RECORD_OPEN)
                part->record[at].state = commit ? RECORD_COMMITTED : RECORD_ABORTED;
        part->open[i] = part->open[--part->n_open];
    }
    part_append(k, part, (struct kafka_record){ .writer = writer, .state = RECORD_MARKER });
}

bool part_shows(const struct kafka_part *part, int64_t offset)
{
    const struct kafka_record *r = &part->record[offset];
    return r->state == RECORD_COMMITTED && !r->gone;
}

bool part_is_open(const struct kafka_part *part, int writer)
{
    for (size_t i = 0; i < part->n_open; i++)
        if (part->open[i].writer == writer)
            return true;
    return false;
}

bool part_is_away(const struct kafka *k, const struct kafka_part *part)
{
    return k->now_ms < part->away_until;
}

/* ---- compaction ---- */
static struct cpi_text key_of(const struct kafka_record *r)
{
    return (struct cpi_text){ r->key, r->key_len };
}

/* A tombstone goes a day (delete.retention.ms) after the cleaner has met it first, so that whoever
 * is reading meets it too. */
static bool is_over(const struct kafka *k, struct kafka_record *r)
{
    if (r->value)
        return false;
    if (r->horizon_ms == 0)
        r->horizon_ms = k->now_ms + CPI_DAY;
    return k->now_ms > r->horizon_ms;
}

void part_compact(struct kafka *k, struct kafka_part *part)
{
    int64_t stable = part_stable(part);
    int64_t end = stable ? (int64_t)(roll(&k->dice) % (uint64_t)(stable + 1)) : 0;
    struct cpi_index seen;
    unsigned cleaned = 0;
    cpi_index_init(&seen);
    for (int64_t at = end - 1; at >= 0; at--) {
        struct kafka_record *r = &part->record[at];
        if (r->gone || r->state == RECORD_MARKER)
            continue;
        uint64_t hash = cpi_hash_text(key_of(r));
        uint32_t p = r->state == RECORD_ABORTED ? CPI_NONE : cpi_index_first(&seen, hash);
        while (p != CPI_NONE &&
               !cpi_text_equal(key_of(&part->record[cpi_index_at(&seen, p)]), key_of(r)))
            p = cpi_index_next(&seen, hash, p);
        r->gone = r->state == RECORD_ABORTED || p != CPI_NONE || is_over(k, r);
        cleaned += r->gone;
        if (p == CPI_NONE && r->state == RECORD_COMMITTED)
            cpi_index_add(&seen, hash, (uint32_t)at);
    }
    cpi_index_fini(&seen);
    story(k, NULL, "%s: %u records compacted before %lld of %zu", part->name, cleaned,
          (long long)end, part->count);
}

/* ---- all of it ---- */
static void part_init(struct kafka_part *part, const char *topic, uint32_t number)
{
    snprintf(part->name, sizeof part->name, "%s/%u", topic, number);
}

static void part_fini(struct kafka_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        free(part->record[i].key);
        free(part->record[i].value);
        free(part->record[i].note);
    }
    free(part->record);
}

void kafka_init(struct kafka *k, const struct port_topics *topics, const uint32_t *source_parts,
                int64_t wall_ms, uint64_t seed)
{
    memset(k, 0, sizeof *k);
    k->topics = topics;
    k->dice.state = seed;
    k->wall_ms = wall_ms;
    for (uint32_t t = 0; t < topics->n_sources; t++)
        k->n_source_parts[t] = source_parts[t];
    for (uint32_t p = 0; p < PARTS_MAX; p++) {
        for (uint32_t t = 0; t < topics->n_sources; t++)
            part_init(&k->source[t][p], topics->source[t], p);
        part_init(&k->frames[p], "frames", p);
        part_init(&k->rows[p], "changelog", p);
        for (uint32_t t = 0; t <= topics->n_sources; t++) {
            k->offset[t][p].offset = PORT_NO_OFFSET;
            k->group.owner[t][p] = -1;
        }
    }
    for (int t = 0; t < CPI_TOPICS; t++)
        for (uint32_t p = 0; p < OUT_PARTS; p++)
            part_init(&k->out[t][p], cpi_topic_name((enum cpi_topic)t), p);
}

void kafka_fini(struct kafka *k)
{
    for (unsigned i = 0; i < k->n_late; i++)
        free(k->late[i].position);
    for (uint32_t p = 0; p < PARTS_MAX; p++) {
        for (uint32_t t = 0; t < TOPICS_MAX - 1; t++)
            part_fini(&k->source[t][p]);
        part_fini(&k->frames[p]);
        part_fini(&k->rows[p]);
    }
    for (int t = 0; t < CPI_TOPICS; t++)
        for (uint32_t p = 0; p < OUT_PARTS; p++)
            part_fini(&k->out[t][p]);
}

void story(const struct kafka *k, const char *who, const char *format, ...)
{
    if (!k->story)
        return;
    va_list args;
    int64_t at = k->now_ms;
    fprintf(stderr, "%3lld:%02lld:%02lld.%03lld  %-9s ", (long long)(at / CPI_HOUR),
            (long long)(at / CPI_MINUTE % 60), (long long)(at / CPI_SECOND % 60),
            (long long)(at % 1000), who ? who : "-");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
