/* One entity: marks, revisions, rules; and its sleep. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"
#include "engine/entities.h"

struct cpi_entity *cpi_entity_new(const char *key, uint32_t key_len)
{
    struct cpi_entity *entity = cpi_xmalloc(sizeof *entity);
    *entity = (struct cpi_entity){
        .key = key, .key_len = key_len, .changed = CPI_TIME_NONE, .thinned = CPI_TIME_NONE
    };
    cpi_panes_init(&entity->panes);
    return entity;
}

void cpi_entity_free(struct cpi_entity *entity)
{
    if (!entity)
        return;
    free((char *)entity->path.at);
    cpi_panes_fini(&entity->panes);
    cpi_entity_clear_marks(entity);
    free(entity);
}

void cpi_entity_clear_marks(struct cpi_entity *entity)
{
    free(entity->mark);
    free(entity->revised);
    free(entity->rule);
    entity->mark = NULL;
    entity->revised = NULL;
    entity->rule = NULL;
    entity->n_marks = entity->cap_marks = entity->n_rules = entity->cap_rules = 0;
    entity->n_revised = entity->cap_revised = 0;
}

/* ---- marks ---- */

static uint32_t place(uint16_t indicator, uint16_t window)
{
    return (uint32_t)indicator << 16 | window;
}

/* Index of the first mark at or behind the place. */
static size_t seek_mark(const struct cpi_entity *entity, uint32_t at)
{
    size_t low = 0, high = entity->n_marks;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (place(entity->mark[mid].indicator, entity->mark[mid].window) < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct cpi_mark *cpi_entity_find_mark(const struct cpi_entity *entity, uint16_t indicator,
                                      uint16_t window)
{
    size_t m = seek_mark(entity, place(indicator, window));
    return m < entity->n_marks && entity->mark[m].indicator == indicator &&
                   entity->mark[m].window == window
               ? &entity->mark[m]
               : NULL;
}

bool cpi_entity_has_mark(const struct cpi_entity *entity, uint16_t indicator)
{
    size_t m = seek_mark(entity, place(indicator, 0));
    return m < entity->n_marks && entity->mark[m].indicator == indicator;
}

struct cpi_mark *cpi_entity_mark(struct cpi_entity *entity, uint16_t indicator, uint16_t window)
{
    struct cpi_mark *mark = cpi_entity_find_mark(entity, indicator, window);
    if (mark)
        return mark;
    size_t m = seek_mark(entity, place(indicator, window));
    entity->mark =
        cpi_grow(entity->mark, entity->n_marks, &entity->cap_marks, sizeof *entity->mark);
    mark = &entity->mark[m];
    memmove(mark + 1, mark, (entity->n_marks++ - m) * sizeof *mark);
    *mark = (struct cpi_mark){ .indicator = indicator, .window = window };
    return mark;
}

/* Index of the first revised end of (indicator, window) at or behind `end`, or of what follows. */
size_t cpi_entity_seek_revised(const struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                               int64_t end)
{
    size_t low = 0, high = entity->n_revised;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const struct cpi_revised *at = &entity->revised[mid];
        uint32_t there = place(at->indicator, at->window), here = place(indicator, window);
        if (there < here || (there == here && at->end < end))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* NULL = was not revised. */
static struct cpi_revised *find_revised(const struct cpi_entity *entity, uint16_t indicator,
                                        uint16_t window, int64_t end)
{
    size_t i = cpi_entity_seek_revised(entity, indicator, window, end);
    if (i == entity->n_revised)
        return NULL;
    struct cpi_revised *at = &entity->revised[i];
    return at->indicator == indicator && at->window == window && at->end == end ? at : NULL;
}

uint32_t cpi_entity_revision(const struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                             int64_t end)
{
    const struct cpi_revised *at = find_revised(entity, indicator, window, end);
    return at ? at->revision : 0;
}

struct cpi_revised *cpi_entity_add_revised(struct cpi_entity *entity, uint16_t indicator,
                                           uint16_t window, int64_t end)
{
    size_t i = cpi_entity_seek_revised(entity, indicator, window, end);
    entity->revised =
        cpi_grow(entity->revised, entity->n_revised, &entity->cap_revised, sizeof *entity->revised);
    struct cpi_revised *at = &entity->revised[i];
    memmove(at + 1, at, (entity->n_revised++ - i) * sizeof *at);
    *at = (struct cpi_revised){ end, 0, indicator, window };
    return at;
}

uint32_t cpi_entity_revise(struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                           int64_t end)
{
    struct cpi_revised *at = find_revised(entity, indicator, window, end);
    if (!at)
        at = cpi_entity_add_revised(entity, indicator, window, end);
    return ++at->revision;
}

void cpi_entity_forget_revisions(struct cpi_entity *entity, uint16_t indicator, uint16_t window,
                                 int64_t oldest)
{
    size_t from = cpi_entity_seek_revised(entity, indicator, window, INT64_MIN);
    size_t to = cpi_entity_seek_revised(entity, indicator, window, oldest);
    if (from == to)
        return;
    memmove(entity->revised + from, entity->revised + to,
            (entity->n_revised - to) * sizeof *entity->revised);
    entity->n_revised -= to - from;
}

void cpi_entity_forget_ends(struct cpi_entity *entity, int64_t oldest)
{
    size_t kept = 0;
    for (size_t i = 0; i < entity->n_revised; i++)
        if (entity->revised[i].end >= oldest)
            entity->revised[kept++] = entity->revised[i];
    entity->n_revised = kept;
}

struct cpi_rule_state *cpi_entity_rule(struct cpi_entity *entity, uint16_t rule)
{
    for (size_t r = 0; r < entity->n_rules; r++)
        if (entity->rule[r].rule == rule)
            return &entity->rule[r];
    entity->rule =
        cpi_grow(entity->rule, entity->n_rules, &entity->cap_rules, sizeof *entity->rule);
    struct cpi_rule_state *state = &entity->rule[entity->n_rules++];
    state->rule = rule;
    cpi_alert_init(&state->state);
    return state;
}

void cpi_entity_set_path(struct cpi_entity *entity, struct cpi_text path)
{
    if (!path.len || cpi_text_equal(entity->path, path))
        return;
    free((char *)entity->path.at);
    entity->path = (struct cpi_text){ cpi_xtextdup(path), path.len };
    entity->head_dirty = true;
}

/* ---- sleep ----
 *
 *   length of what follows, path, changed, thinned, swept, marks, revisions, panes
 *
 * Of what was said with n = 0 no hash is kept: whatever has an n differs from it. */
enum { SAID = 1, COUNTS = 2 };

bool cpi_entity_can_sleep(const struct cpi_entity *entity)
{
    return !entity->n_rules && !entity->touched && !entity->head_dirty &&
           cpi_panes_are_packed(&entity->panes);
}

uint8_t *cpi_entity_sleep(struct cpi_entity *entity)
{
    struct cpi_buf buf;
    uint32_t len = 0;
    cpi_buf_init(&buf);
    cpi_buf_add(&buf, &len, sizeof len);
    cpi_buf_put_text(&buf, entity->path);
    cpi_buf_put_int(&buf, entity->changed);
    cpi_buf_put_int(&buf, entity->thinned);
    cpi_buf_add_byte(&buf, entity->swept);
    cpi_buf_put_uint(&buf, entity->n_marks);
    for (size_t m = 0; m < entity->n_marks; m++) {
        const struct cpi_mark *mark = &entity->mark[m];
        cpi_buf_add_byte(&buf, (uint8_t)((mark->said ? SAID : 0) | (mark->counts ? COUNTS : 0)));
        cpi_buf_put_uint(&buf, mark->indicator);
        cpi_buf_put_uint(&buf, mark->window);
        if (mark->counts)
            cpi_buf_put_u64(&buf, mark->hash);
    }
    cpi_buf_put_uint(&buf, entity->n_revised);
    for (size_t i = 0; i < entity->n_revised; i++) {
        cpi_buf_put_uint(&buf, entity->revised[i].indicator);
        cpi_buf_put_uint(&buf, entity->revised[i].window);
        cpi_buf_put_int(&buf, entity->revised[i].end);
        cpi_buf_put_uint(&buf, entity->revised[i].revision);
    }
    cpi_panes_encode(&entity->panes, &buf);
    len = (uint32_t)(buf.len - sizeof len);
    memcpy(buf.at, &len, sizeof len);
    cpi_entity_free(entity);
    return cpi_xrealloc(buf.at, buf.len);
}

size_t cpi_entity_sleeping_bytes(const uint8_t *bytes)
{
    uint32_t len;
    memcpy(&len, bytes, sizeof len);
    return len + sizeof len;
}

static void wake_marks(struct cpi_entity *entity, struct cpi_reader *r)
{
    size_t n = cpi_read_uint(r);
    entity->mark = n ? cpi_xcalloc(n, sizeof *entity->mark) : NULL;
    entity->n_marks = entity->cap_marks = n;
    for (size_t m = 0; m < n; m++) {
        struct cpi_mark *mark = &entity->mark[m];
        uint8_t flags = cpi_read_byte(r);
        mark->said = flags & SAID;
        mark->counts = flags & COUNTS;
        mark->indicator = (uint16_t)cpi_read_uint(r);
        mark->window = (uint16_t)cpi_read_uint(r);
        mark->hash = mark->counts ? cpi_read_u64(r) : 0;
    }
    n = cpi_read_uint(r);
    entity->revised = n ? cpi_xcalloc(n, sizeof *entity->revised) : NULL;
    entity->n_revised = entity->cap_revised = n;
    for (size_t i = 0; i < n; i++) {
        struct cpi_revised *revised = &entity->revised[i];
        revised->indicator = (uint16_t)cpi_read_uint(r);
        revised->window = (uint16_t)cpi_read_uint(r);
        revised->end = cpi_read_int(r);
        revised->revision = (uint32_t)cpi_read_uint(r);
    }
}

struct cpi_entity *cpi_entity_wake(const uint8_t *bytes, const char *key, uint32_t key_len)
{
    struct cpi_entity *entity = cpi_entity_new(key, key_len);
    struct cpi_reader r = cpi_reader_of(bytes + sizeof(uint32_t),
                                        cpi_entity_sleeping_bytes(bytes) - sizeof(uint32_t));
    cpi_entity_set_path(entity, cpi_read_text(&r));
    entity->head_dirty = false;
    entity->changed = cpi_read_int(&r);
    entity->thinned = cpi_read_int(&r);
    entity->swept = cpi_read_byte(&r) != 0;
    wake_marks(entity, &r);
    cpi_panes_decode(&entity->panes, &r);
    assert(!r.bad && !cpi_reader_left(&r));
    return entity;
}
