/* Pointers: from their text to a slot and the steps left, and the walk over the tape. */
#include <string.h>

#include "event/map.h"

static bool is_digits(struct cpi_text t)
{
    for (uint32_t i = 0; i < t.len; i++)
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
    return t.len > 0;
}

/* ~1 and ~0 of RFC 6901. */
static bool unescape(struct map_compiler *c, struct cpi_text t, struct cpi_text *ret)
{
    struct cpi_text copy = cpi_arena_text(&c->mapping->arena, t);
    char *to = (char *)(uintptr_t)copy.at;
    uint32_t n = 0;
    for (uint32_t i = 0; i < t.len; i++) {
        if (t.at[i] != '~') {
            to[n++] = t.at[i];
            continue;
        }
        if (++i == t.len || (t.at[i] != '0' && t.at[i] != '1')) {
            map_complain(c, "'~' in a pointer stands only in ~0 (a '~') and ~1 (a '/')");
            return false;
        }
        to[n++] = t.at[i] == '0' ? '~' : '/';
    }
    *ret = (struct cpi_text){ to, n };
    return true;
}

static bool read_selector(struct map_compiler *c, struct cpi_text t, struct map_step *ret)
{
    struct cpi_arena *arena = &c->mapping->arena;
    *ret = (struct map_step){ .kind = STEP_INDEX };
    if (cpi_text_equal(t, CPI_TEXT("*"))) {
        ret->kind = STEP_ALL;
        return true;
    }
    struct cpi_text digits = t.len && t.at[0] == '-' ? cpi_text_part(t, 1, t.len) : t;
    if (is_digits(digits) && digits.len < 8) {
        for (uint32_t i = 0; i < digits.len; i++)
            ret->index = ret->index * 10 + (digits.at[i] - '0');
        ret->index = digits.len < t.len ? -ret->index : ret->index;
        return true;
    }
    int64_t semicolon = cpi_text_find(t, CPI_TEXT(";"));
    if (semicolon >= 0) {
        struct cpi_text which = cpi_text_part(t, (uint32_t)semicolon + 1, t.len);
        ret->last = cpi_text_equal(which, CPI_TEXT("last"));
        if (!ret->last && !cpi_text_equal(which, CPI_TEXT("first"))) {
            map_complain(c, "'%.*s' in a selection: want ;last", CPI_TEXT_ARG(which));
            return false;
        }
        t = cpi_text_part(t, 0, (uint32_t)semicolon);
    }
    int64_t equals = cpi_text_find(t, CPI_TEXT("="));
    if (t.len > 1 && t.at[0] == '?') {
        ret->kind = STEP_HAS;
        ret->name = cpi_arena_text(arena, cpi_text_part(t, 1, t.len));
        return true;
    }
    if (equals <= 0) {
        map_complain(c,
                     "'[%.*s]' is no selection: want [0], [-1], [name=text], [name=text;last], "
                     "[?name] or [*]",
                     CPI_TEXT_ARG(t));
        return false;
    }
    ret->kind = STEP_WHERE;
    ret->name = cpi_arena_text(arena, cpi_text_part(t, 0, (uint32_t)equals));
    ret->text = cpi_arena_text(arena, cpi_text_part(t, (uint32_t)equals + 1, t.len));
    return true;
}

bool map_step_list(struct map_compiler *c, struct cpi_text text, const struct map_step **ret_step,
                   size_t *ret_count)
{
    struct map_step *step = cpi_arena_take(&c->mapping->arena, (text.len + 1) * sizeof *step);
    size_t n = 0;
    for (uint32_t i = 0; i < text.len;) {
        uint32_t from = ++i;
        if (text.at[from - 1] == '[') {
            while (i < text.len && text.at[i] != ']')
                i++;
            if (i == text.len) {
                map_complain(c, "'%.*s': a ']' is missing", CPI_TEXT_ARG(text));
                return false;
            }
            if (!read_selector(c, cpi_text_part(text, from, i - from), &step[n++]))
                return false;
            i++;
        } else if (text.at[from - 1] == '/') {
            while (i < text.len && text.at[i] != '/' && text.at[i] != '[')
                i++;
            step[n].kind = STEP_MEMBER;
            if (!unescape(c, cpi_text_part(text, from, i - from), &step[n++].name))
                return false;
        } else {
            map_complain(c, "'%.*s': a pointer goes on with '/' or '['", CPI_TEXT_ARG(text));
            return false;
        }
    }
    *ret_step = step;
    *ret_count = n;
    return true;
}

struct map_pointer *map_pointer_compile(struct map_compiler *c, struct cpi_text text)
{
    struct map_pointer *p = cpi_arena_take(&c->mapping->arena, sizeof *p);
    p->text = cpi_arena_text(&c->mapping->arena, text);
    p->level = c->level;
    struct cpi_text t = p->text;
    if (cpi_text_starts(t, CPI_TEXT("key:"))) {
        p->base = BASE_KEY;
        t = cpi_text_part(t, 4, t.len);
    } else if (t.len && t.at[0] == '$') {
        p->base = BASE_RECORD;
        t = cpi_text_part(t, 1, t.len);
    }
    for (; t.len && t.at[0] == '^' && p->base == BASE_ELEMENT; t = cpi_text_part(t, 1, t.len)) {
        if (p->level == 0) {
            map_complain(c, "'%.*s': there is no fan-out (each) here to be the parent of",
                         CPI_TEXT_ARG(text));
            return NULL;
        }
        p->level--;
    }
    if (!map_step_list(c, t, &p->step, &p->n_steps))
        return NULL;
    for (size_t i = 0; i < p->n_steps; i++)
        p->collects |= p->step[i].kind == STEP_ALL;
    p->next = c->mapping->pointers;
    c->mapping->pointers = p;
    return p;
}

/* ---- slots ---- */

/* Leading steps that the trie of paths can take. A number may be a place in an array: the tape
 * knows. */
static size_t plain_steps(const struct map_step *step, size_t n)
{
    size_t i = 0;
    while (i < n && step[i].kind == STEP_MEMBER && !is_digits(step[i].name))
        i++;
    return i;
}

struct joined {
    struct map_step *step;
    size_t n_steps;
    struct cpi_text *name; /* of the plain ones */
    size_t n_plain;
};

static struct joined join_steps(struct cpi_mapping *m, const struct map_pointer *root,
                                const struct map_pointer *p)
{
    struct joined j = { .n_steps = (root ? root->n_steps : 0) + p->n_steps };
    j.step = cpi_arena_take(&m->arena, (j.n_steps + 1) * sizeof *j.step);
    if (root && root->n_steps)
        memcpy(j.step, root->step, root->n_steps * sizeof *j.step);
    if (p->n_steps)
        memcpy(j.step + j.n_steps - p->n_steps, p->step, p->n_steps * sizeof *j.step);
    j.n_plain = plain_steps(j.step, j.n_steps);
    j.name = cpi_arena_take(&m->arena, (j.n_plain + 1) * sizeof *j.name);
    for (size_t i = 0; i < j.n_plain; i++)
        j.name[i] = j.step[i].name;
    return j;
}

static size_t routes_of(const struct cpi_mapping *m, const struct map_pointer *p)
{
    if (p->base == BASE_RECORD)
        return 1;
    return p->base == BASE_ELEMENT && p->level == 0 ? m->n_roots : 0;
}

static void route(struct cpi_mapping *m, struct map_pointer *p, bool seal)
{
    size_t n = routes_of(m, p);
    if (seal && n)
        p->route = cpi_arena_take(&m->arena, n * sizeof *p->route);
    p->slot = CPI_NONE;
    for (size_t r = 0; r < n; r++) {
        struct joined j = join_steps(m, p->base == BASE_RECORD ? NULL : m->root[r], p);
        if (!seal) {
            json_paths_need(m->paths, j.name, j.n_plain, p->whole || j.n_plain < j.n_steps);
            continue;
        }
        size_t used;
        uint32_t slot = json_paths_find(m->paths, j.name, j.n_plain, &used);
        p->route[r] = (struct map_route){ slot, j.step + used, j.n_steps - used };
        if (n == 1 && used == j.n_steps)
            p->slot = slot;
    }
}

void map_pointers_resolve(struct cpi_mapping *m)
{
    m->paths = json_paths_new();
    for (struct map_pointer *p = m->pointers; p; p = p->next)
        route(m, p, false);
    json_paths_seal(m->paths);
    for (struct map_pointer *p = m->pointers; p; p = p->next)
        route(m, p, true);
}

/* ---- walking ---- */

static bool matches(struct map_run *run, const struct map_step *step, const struct json_value *v)
{
    struct json_value member = json_member(run->parser, v, step->name);
    if (step->kind == STEP_HAS)
        return member.kind > JSON_NULL;
    return json_is_scalar(member.kind) && cpi_text_equal(json_text(&member), step->text);
}

static struct json_value select_one(struct map_run *run, const struct map_step *step,
                                    const struct json_value *v)
{
    struct json_value element, found = { .token = CPI_NONE };
    uint32_t cursor = 0;
    int32_t index = step->index;
    if (v->kind != JSON_ARRAY) { /* counts as an array of itself */
        bool hit = step->kind == STEP_INDEX ? index == 0 || index == -1 : matches(run, step, v);
        return hit ? *v : found;
    }
    if (step->kind == STEP_INDEX && index < 0)
        index += (int32_t)json_count(run->parser, v);
    for (int32_t i = 0; json_each(run->parser, v, &cursor, &element); i++) {
        if (step->kind == STEP_INDEX ? i != index : !matches(run, step, &element))
            continue;
        found = element;
        if (!step->last)
            break;
    }
    return found;
}

static void collect(struct map_run *run, const struct json_value *v, const struct map_step *step,
                    size_t n_steps)
{
    struct json_value at = *v, element;
    for (size_t i = 0; i < n_steps && at.kind != JSON_ABSENT; i++) {
        if (step[i].kind == STEP_MEMBER) {
            at = json_member(run->parser, &at, step[i].name);
        } else if (step[i].kind != STEP_ALL) {
            at = select_one(run, &step[i], &at);
        } else if (at.kind == JSON_ARRAY) {
            uint32_t cursor = 0;
            while (json_each(run->parser, &at, &cursor, &element))
                collect(run, &element, step + i + 1, n_steps - i - 1);
            return;
        }
    }
    if (at.kind == JSON_ABSENT || at.kind == JSON_NULL)
        return;
    run->list = cpi_grow(run->list, run->n_list, &run->list_cap, sizeof *run->list);
    run->list[run->n_list++] = at;
}

void map_walk(struct map_run *run, const struct json_value *from, const struct map_step *step,
              size_t n_steps, struct map_result *ret)
{
    struct json_value at = *from;
    for (size_t i = 0; i < n_steps; i++) {
        if (step[i].kind == STEP_ALL) {
            uint32_t first = (uint32_t)run->n_list;
            collect(run, &at, step + i, n_steps - i);
            map_absent(ret);
            ret->list_from = first;
            ret->list_count = (uint32_t)run->n_list - first;
            if (ret->list_count)
                ret->state = MAP_LIST;
            return;
        }
        at = step[i].kind == STEP_MEMBER ? json_member(run->parser, &at, step[i].name)
                                         : select_one(run, &step[i], &at);
    }
    map_result_of(&at, ret);
}

static const struct json_value *key_of(struct map_run *run)
{
    if (run->key_state == 0) {
        bool json = cpi_text_is(run->record->key) &&
                    json_parse_whole(run->parser, run->record->key, &run->key) == JSON_FINE;
        run->key_state = json ? 1 : -1;
        if (!json)
            run->key = (struct json_value){ .token = CPI_NONE };
    }
    return &run->key;
}

void map_pointer_get(struct map_run *run, const struct map_pointer *pointer, struct map_result *ret)
{
    if (pointer->route) {
        const struct map_route *r = &pointer->route[pointer->base == BASE_RECORD ? 0 : run->root];
        if (r->n_steps == 0)
            map_result_of(&run->slot[r->slot], ret);
        else
            map_walk(run, &run->slot[r->slot], r->step, r->n_steps, ret);
        return;
    }
    const struct json_value *from =
        pointer->base == BASE_KEY ? key_of(run) : &run->level[pointer->level];
    map_walk(run, from, pointer->step, pointer->n_steps, ret);
}
