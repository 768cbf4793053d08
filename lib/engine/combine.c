#include "engine/combine.h"

#include <stdlib.h>
#include <string.h>

#include "cpi/alloc.h"

void cpi_combiner_init(struct cpi_combiner *combiner, const struct cpi_model *model)
{
    *combiner = (struct cpi_combiner){ .model = model,
                                       .dims = cpi_dim_fields_of(model),
                                       .latest = CPI_NONE };
    combiner->ladder = cpi_xcalloc(model->n_indicators, sizeof *combiner->ladder);
    for (size_t i = 0; i < model->n_indicators; i++)
        combiner->ladder[i] = cpi_ladder_of(model, &model->indicator[i]);
    cpi_calendar_init(&combiner->calendar, &model->zone);
    cpi_arena_init(&combiner->arena);
    cpi_index_init(&combiner->credits.index);
    cpi_index_init(&combiner->teams.index);
    cpi_index_init(&combiner->entities.index);
}

static void groups_reset(struct cpi_groups *groups)
{
    for (size_t g = 0; g < groups->count; g++)
        for (uint32_t c = 0; c < groups->at[g].n_cells; c++)
            if (groups->at[g].cell[c].agg.extra)
                cpi_agg_fini(&groups->at[g].cell[c].agg);
    groups->count = 0;
    cpi_index_clear(&groups->index);
}

void cpi_combiner_reset(struct cpi_combiner *combiner)
{
    groups_reset(&combiner->credits);
    groups_reset(&combiner->teams);
    groups_reset(&combiner->entities);
    cpi_arena_reset(&combiner->arena);
    combiner->latest = CPI_NONE;
}

void cpi_combiner_fini(struct cpi_combiner *combiner)
{
    cpi_combiner_reset(combiner);
    free(combiner->credits.at);
    free(combiner->teams.at);
    free(combiner->entities.at);
    cpi_index_fini(&combiner->credits.index);
    cpi_index_fini(&combiner->teams.index);
    cpi_index_fini(&combiner->entities.index);
    free(combiner->ladder);
    cpi_arena_fini(&combiner->arena);
}

static bool same(struct cpi_text a, struct cpi_text b)
{
    return a.len == b.len && !a.at == !b.at && (a.at == b.at || memcmp(a.at, b.at, a.len) == 0);
}

struct who { /* of a credit */
    struct cpi_text rep, team;
    const struct cpi_text *dim;
    int64_t known_step;
};

static bool is_group(const struct cpi_group *group, const struct cpi_combiner *combiner,
                     const struct who *who)
{
    if (group->known_step != who->known_step || !same(group->rep, who->rep) ||
        !same(group->team, who->team))
        return false;
    for (unsigned d = 0; d < combiner->dims.count; d++)
        if (!same(group->dim[d], who->dim[d]))
            return false;
    return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    return (a ^ (b + UINT64_C(0x9E3779B97F4A7C15) + (a << 6) + (a >> 2))) *
           UINT64_C(0xFF51AFD7ED558CCD);
}

static struct cpi_group *new_group(struct cpi_groups *groups, uint64_t hash, int64_t known_step)
{
    groups->at = cpi_grow(groups->at, groups->count, &groups->cap, sizeof *groups->at);
    struct cpi_group *group = &groups->at[groups->count];
    *group = (struct cpi_group){ .known_step = known_step };
    cpi_index_add(&groups->index, hash, (uint32_t)groups->count++);
    return group;
}

static uint64_t hash_who(const struct cpi_combiner *combiner, const struct who *who)
{
    uint64_t hash = mix(cpi_hash_text(who->rep), cpi_hash_text(who->team));
    for (unsigned d = 0; d < combiner->dims.count; d++)
        hash = mix(hash, cpi_hash_text(who->dim[d]));
    return mix(hash, (uint64_t)who->known_step);
}

/* Number of the group, made if missing. */
static uint32_t ensure_group(struct cpi_combiner *combiner, struct cpi_groups *groups,
                             const struct who *who)
{
    uint64_t hash = hash_who(combiner, who);
    for (uint32_t p = cpi_index_first(&groups->index, hash); p != CPI_NONE;
         p = cpi_index_next(&groups->index, hash, p))
        if (is_group(&groups->at[cpi_index_at(&groups->index, p)], combiner, who))
            return cpi_index_at(&groups->index, p);
    struct cpi_group *group = new_group(groups, hash, who->known_step);
    group->rep = cpi_arena_text(&combiner->arena, who->rep);
    group->team = cpi_arena_text(&combiner->arena, who->team);
    for (unsigned d = 0; d < combiner->dims.count; d++)
        group->dim[d] = cpi_arena_text(&combiner->arena, who->dim[d]);
    return (uint32_t)groups->count - 1;
}

/* Makes the fact's group the latest. */
static void find_credit(struct cpi_combiner *combiner, const struct cpi_fact *fact,
                        int64_t known_step)
{
    struct cpi_groups *groups = &combiner->credits;
    struct who who = { fact->rep, fact->team, fact->dim, known_step };
    if (combiner->latest == CPI_NONE || !is_group(&groups->at[combiner->latest], combiner, &who))
        combiner->latest = ensure_group(combiner, groups, &who);
}

static void grow_cells(struct cpi_combiner *combiner, struct cpi_group *group)
{
    uint32_t cap = group->cap_cells ? group->cap_cells * 2 : 4;
    struct cpi_cell *cell = cpi_arena_take(&combiner->arena, cap * sizeof *cell);
    if (group->n_cells)
        memcpy(cell, group->cell, group->n_cells * sizeof *cell);
    group->cell = cell;
    group->cap_cells = cap;
}

static bool is_cell(const struct cpi_cell *cell, uint16_t indicator, uint8_t kind, int64_t start)
{
    return cell->indicator == indicator && cell->start == start && cell->kind == kind;
}

/* What is asked for stands mostly behind what was asked for last. */
static struct cpi_cell *ensure_cell(struct cpi_combiner *combiner, struct cpi_group *group,
                                    uint16_t indicator, uint8_t kind, int64_t start)
{
    uint32_t c = group->asked + 1;
    if (c >= group->n_cells || !is_cell(&group->cell[c], indicator, kind, start))
        for (c = 0; c < group->n_cells; c++)
            if (is_cell(&group->cell[c], indicator, kind, start))
                break;
    group->asked = c;
    if (c < group->n_cells)
        return &group->cell[c];
    if (group->n_cells == group->cap_cells)
        grow_cells(combiner, group);
    struct cpi_cell *cell = &group->cell[group->n_cells++];
    *cell = (struct cpi_cell){ .indicator = indicator, .kind = kind, .start = start };
    cpi_agg_init(&cell->agg);
    return cell;
}

/* The beginning of the step that t falls into: of most facts that of the one before. */
static int64_t floor_of(struct cpi_combiner *combiner, struct cpi_span *span, struct cpi_step step,
                        int64_t t)
{
    if (t < span->from || t >= span->until || step.every_ms != span->step.every_ms ||
        step.every_days != span->step.every_days) {
        span->step = step;
        span->from = cpi_calendar_floor(&combiner->calendar, step, t);
        span->until = cpi_calendar_next(&combiner->calendar, step, t);
    }
    return span->from;
}

void cpi_combiner_add(struct cpi_combiner *combiner, const struct cpi_fact *fact, bool alike)
{
    const struct cpi_ladder *ladder = &combiner->ladder[fact->indicator];
    bool pending = fact->kind == CPI_FACT_PENDING;
    int64_t start = floor_of(combiner, &combiner->start, ladder->rung[0].step,
                             pending ? fact->known : fact->time);
    if (!alike || combiner->latest == CPI_NONE)
        find_credit(
            combiner, fact,
            floor_of(combiner, &combiner->known, cpi_finest_step(combiner->model), fact->known));
    struct cpi_cell *cell =
        ensure_cell(combiner, &combiner->credits.at[combiner->latest], fact->indicator,
                    pending ? CPI_PANE_PENDING : CPI_PANE_WINDOW, start);
    cpi_agg_add(&cell->agg, &combiner->model->indicator[fact->indicator], fact);
}

static void add_encoded(struct cpi_buf *buf, struct cpi_text t, bool tuple)
{
    for (uint32_t i = 0; i < t.len; i++) {
        char c = t.at[i];
        if (c == '|' || c == '%' || (tuple && c == '+'))
            cpi_buf_add_format(buf, "%%%02X", (unsigned char)c);
        else
            cpi_buf_add_byte(buf, (uint8_t)c);
    }
}

static struct cpi_text member_value(const struct cpi_dim_fields *dims,
                                    const struct cpi_group *group, struct cpi_text team,
                                    uint16_t member)
{
    if (member == CPI_MEMBER_REP)
        return group->rep;
    if (member == CPI_MEMBER_TEAM)
        return team;
    for (unsigned d = 0; d < dims->count; d++)
        if (dims->member[d] == member)
            return group->dim[d];
    return CPI_ABSENT;
}

void cpi_entity_key(const struct cpi_dim *dim, const struct cpi_dim_fields *dims,
                    const struct cpi_group *group, struct cpi_text team, struct cpi_buf *buf)
{
    cpi_buf_add_text(buf, dim->name);
    cpi_buf_add_byte(buf, ':');
    if (!dim->n_members)
        cpi_buf_add_byte(buf, '*');
    for (size_t m = 0; m < dim->n_members; m++) {
        struct cpi_text value = member_value(dims, group, team, dim->member[m]);
        if (m)
            cpi_buf_add_byte(buf, '+');
        add_encoded(buf, cpi_text_is(value) ? value : CPI_TEXT("unassigned"), dim->n_members > 1);
    }
}

static void merge_cells(struct cpi_combiner *combiner, struct cpi_group *group,
                        const struct cpi_group *from)
{
    for (uint32_t c = 0; c < from->n_cells; c++) {
        const struct cpi_cell *cell = &from->cell[c];
        cpi_agg_merge(&ensure_cell(combiner, group, cell->indicator, cell->kind, cell->start)->agg,
                      &combiner->model->indicator[cell->indicator], &cell->agg);
    }
}

static void merge_into(struct cpi_combiner *combiner, struct cpi_text key, struct cpi_text path,
                       const struct cpi_group *from)
{
    struct cpi_groups *groups = &combiner->entities;
    uint64_t hash = mix(cpi_hash_text(key), (uint64_t)from->known_step);
    struct cpi_group *group = NULL;
    for (uint32_t p = cpi_index_first(&groups->index, hash); p != CPI_NONE && !group;
         p = cpi_index_next(&groups->index, hash, p)) {
        struct cpi_group *g = &groups->at[cpi_index_at(&groups->index, p)];
        if (g->known_step == from->known_step && same(g->key, key))
            group = g;
    }
    if (!group) {
        group = new_group(groups, hash, from->known_step);
        group->key = cpi_arena_text(&combiner->arena, key);
        group->path = cpi_arena_text(&combiner->arena, path);
    }
    merge_cells(combiner, group, from);
}

static bool has_member(const struct cpi_dim *dim, uint16_t member)
{
    for (size_t m = 0; m < dim->n_members; m++)
        if (dim->member[m] == member)
            return true;
    return false;
}

static void fan_out_dim(struct cpi_combiner *combiner, const struct cpi_group *group,
                        const struct cpi_dim *dim, struct cpi_buf *key)
{
    struct cpi_text path = has_member(dim, CPI_MEMBER_TEAM) ? group->team : CPI_ABSENT;
    do { /* once for each team of the path, innermost first; once without */
        const char *end = path.at ? memchr(path.at, CPI_TEAM_SEPARATOR, path.len) : NULL;
        struct cpi_text team = path;
        if (end)
            team.len = (uint32_t)(end - path.at);
        cpi_buf_reset(key);
        cpi_entity_key(dim, &combiner->dims, group, team, key);
        merge_into(combiner, cpi_buf_text(key), dim->n_members == 1 ? path : CPI_ABSENT, group);
        path = end ? cpi_text_part(path, team.len + 1, path.len) : CPI_ABSENT;
    } while (path.at);
}

static void fan_out(struct cpi_combiner *combiner, const struct cpi_groups *groups, bool of_reps)
{
    const struct cpi_model *model = combiner->model;
    struct cpi_buf key;
    cpi_buf_init(&key);
    for (size_t g = 0; g < groups->count; g++)
        for (size_t d = 0; d < model->n_dims; d++)
            if (has_member(&model->dim[d], CPI_MEMBER_REP) == of_reps)
                fan_out_dim(combiner, &groups->at[g], &model->dim[d], &key);
    cpi_buf_fini(&key);
}

void cpi_combiner_fan_out(struct cpi_combiner *combiner)
{
    for (size_t g = 0; g < combiner->credits.count; g++) {
        const struct cpi_group *credit = &combiner->credits.at[g];
        struct who who = { CPI_ABSENT, credit->team, credit->dim, credit->known_step };
        uint32_t team = ensure_group(combiner, &combiner->teams, &who);
        merge_cells(combiner, &combiner->teams.at[team], credit);
    }
    fan_out(combiner, &combiner->credits, true);
    fan_out(combiner, &combiner->teams, false);
}

void cpi_cell_encode(const struct cpi_cell *cell, int64_t from, const struct cpi_model *model,
                     struct cpi_buf *buf)
{
    cpi_buf_put_uint(buf, model->indicator[cell->indicator].hash);
    cpi_buf_add_byte(buf, cell->kind);
    cpi_buf_put_int(buf, cell->start - from);
    cpi_agg_encode(&cell->agg, buf);
}

void cpi_group_encode(const struct cpi_group *group, const struct cpi_model *model,
                      struct cpi_buf *buf)
{
    cpi_buf_put_int(buf, group->known_step);
    cpi_buf_put_uint(buf, group->n_cells);
    cpi_buf_put_text(buf, group->path);
    for (uint32_t c = 0; c < group->n_cells; c++)
        cpi_cell_encode(&group->cell[c], group->known_step, model, buf);
}

/* Opening times stand for themselves (J9). */
static bool is_gauge_fine(const struct cpi_agg *agg)
{
    const struct cpi_samples *set = cpi_agg_samples(agg);
    return !set->bucketed && (!set->count || (cpi_time_fits(set->at[0].value) &&
                                              cpi_time_fits(set->at[set->count - 1].value)));
}

bool cpi_cell_decode(struct cpi_cell *cell, int64_t from, const struct cpi_model *model,
                     struct cpi_reader *r)
{
    cell->indicator = cpi_model_indicator_of_hash(model, (uint32_t)cpi_read_uint(r));
    cell->kind = cpi_read_byte(r);
    cell->start = (int64_t)((uint64_t)cpi_read_int(r) + (uint64_t)from);
    cpi_agg_init(&cell->agg);
    bool gauge =
        cell->indicator != CPI_NO_INDEX && model->indicator[cell->indicator].kind == CPI_OPEN;
    return cpi_agg_decode(&cell->agg, r) && cell->kind <= CPI_PANE_PENDING &&
           (!gauge || is_gauge_fine(&cell->agg));
}
