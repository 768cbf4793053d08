#include "cpi/intake.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "engine/emit.h"
#include "engine/put.h"
#include "window/calendar.h"

#define NAMES_MAX 64
#define FORMAT "cpid1"

struct name_count {
    char *name;
    uint64_t count;
};
struct cpi_intake {
    const struct cpi_model *model;
    const struct cpi_source *source;
    uint16_t source_index, topic_index, heartbeat;
    uint32_t partition, topic_partitions;
    int64_t w, first_w, largest_time, last_event_time, until;
    int64_t told; /* finest step of W as it was last told to everybody */
    uint32_t generation;
    struct cpi_wordset wanted; /* types that some indicator counts */
    struct cpi_calendar calendar;
    struct cpi_intake_counts counts;
    struct name_count name[NAMES_MAX];
    size_t n_names;
    uint64_t other_names;
    bool letter_sent; /* of the record at hand */
    struct cpi_buf scratch, id, case_id, customer;
};

static struct cpi_wordset wanted_types(const struct cpi_model *model)
{
    struct cpi_wordset wanted = model->journey_types;
    for (size_t i = 0; i < model->n_indicators; i++)
        for (unsigned w = 0; w < model->n_words; w++)
            for (size_t k = 0; cpi_wordset_has(&model->indicator[i].start, w) && k < 4; k++)
                wanted.bits[k] |= model->word[w].types.bits[k];
    return wanted;
}

struct cpi_intake *cpi_intake_new(const struct cpi_model *model, uint16_t source,
                                  uint16_t topic_index, uint32_t partition,
                                  uint32_t topic_partitions)
{
    struct cpi_intake *intake = cpi_xcalloc(1, sizeof *intake);
    intake->model = model;
    intake->source = &model->source[source];
    intake->source_index = source;
    intake->topic_index = topic_index;
    intake->partition = partition;
    intake->topic_partitions = topic_partitions;
    intake->heartbeat = cpi_model_find_type(model, CPI_TEXT("source.heartbeat"));
    intake->w = intake->largest_time = intake->last_event_time = intake->told = CPI_TIME_NONE;
    intake->first_w = CPI_TIME_END;
    intake->until = CPI_TIME_END;
    intake->generation = model->generation;
    intake->wanted = wanted_types(model);
    cpi_calendar_init(&intake->calendar, &model->zone);
    return intake;
}

void cpi_intake_free(struct cpi_intake *intake)
{
    if (!intake)
        return;
    for (size_t i = 0; i < intake->n_names; i++)
        free(intake->name[i].name);
    cpi_buf_fini(&intake->scratch);
    cpi_buf_fini(&intake->id);
    cpi_buf_fini(&intake->case_id);
    cpi_buf_fini(&intake->customer);
    free(intake);
}

/* The finest step that W lies in. */
static int64_t step_of_w(struct cpi_intake *intake)
{
    if (intake->w == CPI_TIME_NONE || intake->w == CPI_TIME_END)
        return intake->w;
    return cpi_calendar_floor(&intake->calendar, cpi_finest_step(intake->model), intake->w);
}

/* ---- what survives: "cpid1 W firstW largest generation" (T6) ---- */

void cpi_intake_format(const struct cpi_intake *intake, struct cpi_buf *buf)
{
    cpi_buf_add_format(buf, FORMAT " %lld %lld %lld %u", (long long)intake->w,
                       (long long)intake->first_w, (long long)intake->largest_time,
                       intake->generation);
}

bool cpi_intake_parse(struct cpi_intake *intake, struct cpi_text metadata)
{
    char text[128], *at = text;
    if (!cpi_text_starts(metadata, CPI_TEXT(FORMAT " ")) || metadata.len >= sizeof text)
        return false;
    memcpy(text, metadata.at, metadata.len);
    text[metadata.len] = '\0';
    at += sizeof FORMAT;
    int64_t w = strtoll(at, &at, 10);
    int64_t first = strtoll(at, &at, 10);
    int64_t largest = strtoll(at, &at, 10);
    unsigned long generation = strtoul(at, &at, 10);
    if (*at || !cpi_time_fits_or(w, CPI_TIME_NONE) || !cpi_time_fits_or(first, CPI_TIME_END) ||
        !cpi_time_fits_or(largest, CPI_TIME_NONE) || generation > UINT32_MAX)
        return false;
    intake->w = w;
    intake->first_w = first;
    intake->largest_time = largest;
    intake->generation = (uint32_t)generation > intake->model->generation
                             ? (uint32_t)generation
                             : intake->model->generation;
    intake->told = step_of_w(intake); /* by the transaction that committed it */
    return true;
}

/* ---- time ---- */

static void move_w(struct cpi_intake *intake, int64_t to)
{
    if (to > intake->until && to != CPI_TIME_END)
        to = intake->until; /* no boundary behind it would know all of its events */
    if (intake->w == CPI_TIME_NONE)
        intake->first_w = to;
    if (intake->w == CPI_TIME_NONE || to > intake->w)
        intake->w = to;
}

void cpi_intake_idle(struct cpi_intake *intake, int64_t clock_ms)
{
    if (!intake->source->idle_hold)
        move_w(intake, clock_ms - intake->source->wait_ms);
}

void cpi_intake_end(struct cpi_intake *intake, int64_t end_ms)
{
    move_w(intake, end_ms);
}

void cpi_intake_until(struct cpi_intake *intake, int64_t until_ms)
{
    intake->until = until_ms;
}

bool cpi_intake_has_crossed(struct cpi_intake *intake)
{
    if (intake->w == CPI_TIME_NONE)
        return false;
    return intake->told == CPI_TIME_NONE || step_of_w(intake) > intake->told;
}

void cpi_intake_slot(struct cpi_intake *intake, bool beat, struct cpi_outbox *box)
{
    bool crossed = cpi_intake_has_crossed(intake);
    struct cpi_slot slot = {
        CPI_STAGE_SOURCE,  cpi_hash_name(intake->source->topic[intake->topic_index]),
        intake->partition, intake->topic_partitions,
        intake->w,         intake->first_w
    };
    if (intake->w == CPI_TIME_NONE)
        return;
    cpi_outbox_put_slot(box, &slot, crossed || beat);
    if (crossed || beat)
        intake->told = step_of_w(intake);
}

/* W moves with every record that has a valid mapped time (T2). */
static void see_time(struct cpi_intake *intake, const struct cpi_record *record, int64_t time)
{
    int64_t least =
        record->timestamp != CPI_TIME_NONE && record->timestamp < time ? record->timestamp : time;
    if (time > intake->largest_time)
        intake->largest_time = time;
    move_w(intake, least - intake->source->wait_ms);
}

/* ---- refusals and counters ---- */

static void refuse(struct cpi_intake *intake, const struct cpi_record *record,
                   enum cpi_refusal refusal, struct cpi_text detail, struct cpi_outbox *box)
{
    intake->counts.refused[refusal]++;
    if (!intake->letter_sent) /* one letter a record, however many of its events are refused */
        cpi_emit_dead_letter(box, record, refusal, detail);
    intake->letter_sent = true;
}

static void count_unmapped(struct cpi_intake *intake, struct cpi_text name)
{
    intake->counts.unmapped++;
    if (!name.at)
        name = CPI_TEXT("(no type)");
    name = cpi_text_part(name, 0, 256);
    for (size_t i = 0; i < intake->n_names; i++)
        if (cpi_text_equal(cpi_text_of(intake->name[i].name), name)) {
            intake->name[i].count++;
            return;
        }
    if (intake->n_names == NAMES_MAX) {
        intake->other_names++;
        return;
    }
    intake->name[intake->n_names++] = (struct name_count){ cpi_xtextdup(name), 1 };
}

/* ---- from mapped to event ---- */

static struct cpi_text qualified(struct cpi_intake *intake, struct cpi_text raw,
                                 struct cpi_buf *buf)
{
    cpi_buf_reset(buf);
    cpi_buf_add_text(buf, intake->source->name);
    cpi_buf_add_byte(buf, ':');
    cpi_buf_add_text(buf, raw);
    return cpi_buf_text(buf);
}

/* Canonical rep and team path of what the record names (O3, O6, O7; the design's "who is who"). */
static void stamp_people(struct cpi_intake *intake, const struct cpi_directory *dir,
                         const struct cpi_mapped *mapped, struct cpi_event *ev)
{
    struct cpi_text own_path = CPI_ABSENT;
    ev->rep = mapped->rep;
    ev->team = mapped->team;
    if (!dir)
        return;
    if (mapped->rep.at && cpi_directory_has_people(dir)) {
        ev->rep =
            cpi_directory_rep(dir, intake->source->name, mapped->rep, mapped->time, &own_path);
        if (!ev->rep.at) {
            intake->counts.unknown_rep++;
            ev->rep = intake->model->people_unknown_keep ? mapped->rep : CPI_TEXT("unassigned");
        }
    }
    if (mapped->team.at) { /* a team in the event beats the directory */
        struct cpi_text path = cpi_directory_team_path(dir, mapped->team);
        ev->team = path.at ? path : mapped->team;
        intake->counts.unknown_team += !path.at;
    } else if (!mapped->team_null) {
        ev->team = own_path;
    }
}

static void stamp_customer(struct cpi_intake *intake, const struct cpi_directory *dir,
                           const struct cpi_mapped *mapped, struct cpi_event *ev)
{
    ev->customer = CPI_ABSENT;
    if (!mapped->customer.at)
        return;
    if (dir)
        ev->customer = cpi_directory_customer(dir, intake->source->name, mapped->customer);
    if (!ev->customer.at)
        ev->customer = intake->source->shared_customer
                           ? mapped->customer
                           : qualified(intake, mapped->customer, &intake->customer);
}

/* The identity of an event: (source, id, type, index in the record) (O4). */
static void stamp_id(struct cpi_intake *intake, const struct cpi_record *record,
                     const struct cpi_mapped *mapped, struct cpi_event *ev)
{
    struct cpi_buf *buf = &intake->scratch;
    cpi_buf_reset(&intake->id);
    if (mapped->id.at) {
        cpi_buf_add_text(&intake->id, mapped->id);
    } else { /* no protection from redelivery, and counted */
        intake->counts.no_id++;
        cpi_buf_add_format(&intake->id, "%u/%lld#%u", record->partition, (long long)record->offset,
                           mapped->index);
    }
    ev->id_text = cpi_buf_text(&intake->id);
    cpi_buf_reset(buf);
    cpi_buf_put_uint(buf, intake->source->hash);
    cpi_buf_put_uint(buf, intake->model->type[mapped->type].hash);
    cpi_buf_put_uint(buf, mapped->index);
    cpi_buf_add_text(buf, ev->id_text);
    ev->id = cpi_hash128(buf->at, buf->len);
}

static enum cpi_refusal judge_time(const struct cpi_intake *intake, const struct cpi_record *record,
                                   int64_t time)
{
    const struct cpi_model *model = intake->model;
    if (record->timestamp != CPI_TIME_NONE &&
        time > record->timestamp + intake->source->max_skew_ms)
        return CPI_REFUSED_FUTURE;
    if (intake->w != CPI_TIME_NONE && time < intake->w - model->longest_ms - model->keep_windows_ms)
        return CPI_REFUSED_ANCIENT;
    return CPI_ACCEPTED;
}

static void send_event(struct cpi_intake *intake, const struct cpi_directory *dir,
                       const struct cpi_record *record, const struct cpi_mapped *mapped,
                       struct cpi_outbox *box)
{
    struct cpi_event_field field[CPI_EVENT_FIELDS_MAX];
    struct cpi_event ev = { .type = mapped->type,
                            .time = mapped->time,
                            .known = mapped->time,
                            .seq = mapped->seq,
                            .source = intake->source_index,
                            .partition = (uint32_t)intake->topic_index << 16 | intake->partition,
                            .offset = record->offset,
                            .index = mapped->index,
                            .field = field,
                            .customer_null = mapped->customer_null,
                            .rep_null = mapped->rep_null,
                            .team_null = mapped->team_null };
    if (intake->w != CPI_TIME_NONE && ev.known < intake->w) { /* late: judged once, here (T3) */
        ev.known = intake->w;
        intake->counts.late++;
    }
    stamp_id(intake, record, mapped, &ev);
    stamp_people(intake, dir, mapped, &ev);
    stamp_customer(intake, dir, mapped, &ev);
    ev.own_case = !mapped->case_id.at;
    ev.case_id = ev.own_case ? ev.id_text : mapped->case_id;
    if (ev.own_case || !intake->source->shared_case)
        ev.case_id = qualified(intake, ev.case_id, &intake->case_id);
    for (size_t i = 0; i < mapped->n_fields && ev.n_fields < CPI_EVENT_FIELDS_MAX; i++)
        field[ev.n_fields++] = (struct cpi_event_field){
            mapped->field[i].field, mapped->field[i].is_null ? CPI_ABSENT : mapped->field[i].value
        };
    intake->counts.events++;
    cpi_outbox_put_event(box, &ev);
}

/* "case.opened at T, the record is of T2": what a reader of the dead letter needs to see why. */
static struct cpi_text refusal_detail(struct cpi_intake *intake, const struct cpi_record *record,
                                      enum cpi_refusal refusal, const struct cpi_mapped *mapped)
{
    struct cpi_buf *buf = &intake->scratch;
    cpi_buf_reset(buf);
    cpi_buf_add_text(buf, intake->model->type[mapped->type].name);
    if (refusal != CPI_REFUSED_FUTURE && refusal != CPI_REFUSED_ANCIENT)
        return cpi_buf_text(buf);
    cpi_buf_add_string(buf, " at ");
    cpi_time_format(buf, mapped->time);
    bool future = refusal == CPI_REFUSED_FUTURE;
    cpi_buf_add_string(buf, future ? ", the record is of " : ", the watermark is at ");
    cpi_time_format(buf, future ? record->timestamp : intake->w);
    return cpi_buf_text(buf);
}

/* Is there anything that the event could count for? Others only move the watermark. */
static bool is_wanted(const struct cpi_intake *intake, const struct cpi_mapped *mapped)
{
    return cpi_wordset_has(&intake->wanted, mapped->type) ||
           (intake->source->all_journeys && mapped->case_id.at);
}

static void take(struct cpi_intake *intake, const struct cpi_directory *dir,
                 const struct cpi_record *record, const struct cpi_mapped *mapped,
                 struct cpi_outbox *box)
{
    intake->counts.unreadable += mapped->unreadable;
    if (mapped->refusal != CPI_ACCEPTED) {
        refuse(intake, record, mapped->refusal, mapped->detail, box);
        return;
    }
    if (mapped->type == CPI_NO_INDEX) {
        if (mapped->unmapped.at || mapped->rule == CPI_NO_INDEX) {
            count_unmapped(intake, mapped->unmapped);
            if (intake->source->dead_letter_unmapped) {
                refuse(intake, record, CPI_REFUSED_NO_TYPE, mapped->unmapped, box);
                return;
            }
        }
        if (mapped->time != CPI_TIME_NONE &&
            judge_time(intake, record, mapped->time) == CPI_ACCEPTED)
            see_time(intake, record, mapped->time);
        return;
    }
    enum cpi_refusal refusal = judge_time(intake, record, mapped->time);
    if (refusal == CPI_ACCEPTED && !mapped->case_id.at && mapped->type != intake->heartbeat &&
        cpi_wordset_has(&intake->model->journey_types, mapped->type))
        refusal = CPI_REFUSED_NO_CASE;
    if (refusal != CPI_ACCEPTED) {
        refuse(intake, record, refusal, refusal_detail(intake, record, refusal, mapped), box);
        return;
    }
    if (mapped->type == intake->heartbeat) {
        intake->counts.heartbeats++;
    } else if (mapped->time < intake->until) {
        if (mapped->time > intake->last_event_time) /* also of one that nothing counts (T5) */
            intake->last_event_time = mapped->time;
        if (is_wanted(intake, mapped))
            send_event(intake, dir, record, mapped, box);
    }
    see_time(intake, record, mapped->time);
}

void cpi_intake_feed(struct cpi_intake *intake, struct cpi_mapper *mapper,
                     const struct cpi_directory *dir, const struct cpi_record *record,
                     struct cpi_outbox *box)
{
    struct cpi_mapped *mapped;
    struct cpi_text detail = CPI_ABSENT;
    size_t count = 0;
    intake->counts.records++;
    intake->letter_sent = false;
    enum cpi_refusal refusal = cpi_mapper_map(mapper, intake->source->mapping, record,
                                              intake->model->field_kept, &mapped, &count, &detail);
    if (refusal != CPI_ACCEPTED) {
        refuse(intake, record, refusal, detail, box);
        return;
    }
    for (size_t i = 0; i < count; i++)
        take(intake, dir, record, &mapped[i], box);
}

int64_t cpi_intake_watermark(const struct cpi_intake *intake)
{
    return intake->w;
}

int64_t cpi_intake_largest_time(const struct cpi_intake *intake)
{
    return intake->largest_time;
}

int64_t cpi_intake_last_event_time(const struct cpi_intake *intake)
{
    return intake->last_event_time;
}

const struct cpi_intake_counts *cpi_intake_counts(const struct cpi_intake *intake)
{
    return &intake->counts;
}

size_t cpi_intake_unmapped(const struct cpi_intake *intake, size_t i, struct cpi_text *ret_name,
                           uint64_t *ret_count)
{
    size_t names = intake->n_names + (intake->other_names > 0);
    if (i < intake->n_names) {
        *ret_name = cpi_text_of(intake->name[i].name);
        *ret_count = intake->name[i].count;
    } else if (i < names) {
        *ret_name = CPI_TEXT("other");
        *ret_count = intake->other_names;
    }
    return names;
}
