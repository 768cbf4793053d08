#include "cpi/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/decimal.h"
#include "cpi/hash.h"
#include "json/json.h"

enum member { TOPIC, PARTITION, OFFSET, TS, HEADERS, KEY, PAYLOAD, MEMBERS };

static const char *const member_name[MEMBERS] = { "topic",   "partition", "offset", "ts",
                                                  "headers", "key",       "payload" };

struct cpi_envelope_reader {
    struct json_parser *parser;
    struct json_paths *paths;
    uint32_t slot_of[MEMBERS];
    struct json_value slot[MEMBERS];
    struct cpi_header *header;
    size_t header_cap;
};

struct cpi_envelope_reader *cpi_envelope_reader_new(void)
{
    struct cpi_envelope_reader *reader = cpi_xcalloc(1, sizeof *reader);
    reader->parser = json_parser_new();
    reader->paths = json_paths_new();
    for (int m = 0; m < MEMBERS; m++) {
        struct cpi_text name = cpi_text_of(member_name[m]);
        json_paths_need(reader->paths, &name, 1, m == HEADERS);
    }
    json_paths_seal(reader->paths);
    for (int m = 0; m < MEMBERS; m++) {
        struct cpi_text name = cpi_text_of(member_name[m]);
        size_t used;
        reader->slot_of[m] = json_paths_find(reader->paths, &name, 1, &used);
    }
    return reader;
}

void cpi_envelope_reader_free(struct cpi_envelope_reader *reader)
{
    if (!reader)
        return;
    json_parser_free(reader->parser);
    json_paths_free(reader->paths);
    free(reader->header);
    free(reader);
}

/* Whether "payload" stands anywhere. Its y is the rarest byte of all these names, and memchr is
 * many times as fast as memmem. */
static bool names_payload(struct cpi_text line)
{
    static const char name[] = "\"payload\"";
    const char *at = line.at, *end = line.at + line.len;
    while (at < end && (at = memchr(at, 'y', (size_t)(end - at)))) {
        if (at - line.at >= 3 && end - at >= 6 && memcmp(at - 3, name, sizeof name - 1) == 0)
            return true;
        at++;
    }
    return false;
}

/* Cheaper than parsing a plain line twice: an envelope holds all these names. */
static bool may_be_envelope(struct cpi_text line)
{
    return names_payload(line) && cpi_text_find(line, CPI_TEXT("\"partition\"")) >= 0 &&
           cpi_text_find(line, CPI_TEXT("\"offset\"")) >= 0 &&
           cpi_text_find(line, CPI_TEXT("\"topic\"")) >= 0;
}

static bool read_int(const struct json_value *v, int64_t *ret)
{
    struct cpi_decimal number;
    return v->kind == JSON_NUMBER && cpi_decimal_parse(json_text(v), &number) &&
           cpi_decimal_scaled(number, 0, ret);
}

/* Text, or absent for null and anything else. */
static struct cpi_text read_text(const struct json_value *v)
{
    return v->kind == JSON_STRING || v->kind == JSON_BROKEN ? json_text(v) : CPI_ABSENT;
}

/* kcat writes headers as one array: name, value, name, value ... */
static size_t read_headers(struct cpi_envelope_reader *reader, const struct json_value *array)
{
    struct json_value name, value;
    uint32_t cursor = 0;
    size_t count = 0;
    while (json_each(reader->parser, array, &cursor, &name) &&
           json_each(reader->parser, array, &cursor, &value)) {
        reader->header =
            cpi_grow(reader->header, count, &reader->header_cap, sizeof *reader->header);
        reader->header[count++] = (struct cpi_header){ read_text(&name), read_text(&value) };
    }
    return count;
}

static const struct json_value *at(const struct cpi_envelope_reader *reader, enum member m)
{
    return &reader->slot[reader->slot_of[m]];
}

bool cpi_envelope_parse(struct cpi_envelope_reader *reader, struct cpi_text line,
                        struct cpi_record *ret)
{
    int64_t partition, offset, timestamp;
    *ret = (struct cpi_record){ .value = line, .timestamp = CPI_TIME_NONE };
    if (!may_be_envelope(line))
        return false;
    json_parser_reset(reader->parser);
    if (json_parse(reader->parser, reader->paths, line, reader->slot) != JSON_FINE)
        return false;
    const struct json_value *payload = at(reader, PAYLOAD);
    if (at(reader, TOPIC)->kind != JSON_STRING || !read_int(at(reader, PARTITION), &partition) ||
        partition < 0 || partition > INT32_MAX || !read_int(at(reader, OFFSET), &offset) ||
        (payload->kind != JSON_STRING && payload->kind != JSON_BROKEN &&
         payload->kind != JSON_NULL))
        return false;
    ret->value = read_text(payload);
    ret->key = read_text(at(reader, KEY));
    ret->n_headers = read_headers(reader, at(reader, HEADERS));
    ret->header = reader->header;
    ret->topic = json_text(at(reader, TOPIC));
    ret->partition = (uint32_t)partition;
    ret->offset = offset;
    if (read_int(at(reader, TS), &timestamp) && timestamp >= 0 && timestamp < CPI_TIME_MAX)
        ret->timestamp = timestamp;
    return true;
}
