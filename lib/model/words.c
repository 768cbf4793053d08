#include <string.h>

#include "model/build.h"

static const char *const reserved[] = { "start", "end", "breaker", "current", "first" };

static size_t find_spec(const struct cpi_spec *spec, struct cpi_text name)
{
    for (size_t i = 0; i < spec->n_words; i++)
        if (cpi_text_equal(cpi_text_of(spec->word[i].name.text), name))
            return i;
    return spec->n_words;
}

bool is_own_word(const struct build *b, struct cpi_text name)
{
    return find_spec(b->spec, name) < b->spec->n_words;
}

void add_types(const struct cpi_model *model, const struct cpi_wordset *set,
               struct cpi_wordset *types)
{
    for (unsigned w = 0; w < model->n_words; w++)
        for (unsigned i = 0; cpi_wordset_has(set, w) && i < CPI_WORDS_MAX / 64; i++)
            types->bits[i] |= model->word[w].types.bits[i];
}

void build_selector(const struct subject *s, const char *key, const struct cpi_texts_spec *texts,
                    struct cpi_wordset *ret)
{
    const struct cpi_model *m = s->b->model;
    if (texts->set && texts->count == 0)
        say(s, texts->at, key, "is empty; name an event type or a word");
    for (size_t i = 0; i < texts->count; i++) {
        struct cpi_text_at item = texts->item[i];
        uint16_t word = cpi_model_find_word(m, cpi_text_trim(cpi_text_of(item.text)));
        if (word == CPI_NO_INDEX && is_own_word(s->b, cpi_text_trim(cpi_text_of(item.text))))
            continue; /* wrong itself, and complained about */
        if (word == CPI_NO_INDEX) {
            const char **names = cpi_arena_take(s->b->arena, (m->n_words + 1) * sizeof *names);
            for (size_t k = 0; k < m->n_words; k++)
                names[k] = m->word[k].name.at;
            if (cpi_diag_nearest(item.text, names, m->n_words))
                say_unknown(s, item.at, key, "event type or word", item.text, names, m->n_words);
            else
                say(s, item.at, key,
                    "there is no event type or word \"%s\"; own types are named in event-types, "
                    "words "
                    "in words",
                    item.text);
        } else if (cpi_text_equal(m->word[word].name, CPI_TEXT("source.heartbeat"))) {
            say(s, item.at, key,
                "source.heartbeat moves time and is nothing else; name another type");
        } else {
            cpi_wordset_add(ret, word);
        }
    }
}

/* Words may use words: each is numbered behind those it uses, so that one pass in order decides
 * all. */
struct visiting {
    struct build *b;
    enum { NEW, OPEN, DONE } * state;
};

static void visit(struct visiting *v, size_t i);

static void visit_names(struct visiting *v, const struct cpi_texts_spec *texts, bool conditions,
                        const struct subject *s)
{
    for (size_t i = 0; i < texts->count; i++) {
        struct cpi_text name = cpi_text_of(texts->item[i].text);
        name = conditions ? cond_word(name) : cpi_text_trim(name);
        size_t k = cpi_text_is(name) ? find_spec(v->b->spec, name) : v->b->spec->n_words;
        if (k == v->b->spec->n_words)
            continue;
        if (v->state[k] == OPEN)
            say(s, texts->item[i].at, NULL, "goes round in a circle by way of \"%s\"",
                texts->item[i].text);
        else
            visit(v, k);
    }
}

static void build_word(struct build *b, const struct subject *s, const struct cpi_word_spec *spec)
{
    struct cpi_model *m = b->model;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(spec->name.text, reserved[i]) == 0)
            say(s, spec->at, NULL, "\"%s\" has a meaning in credit; choose another name",
                spec->name.text);
    if (cpi_model_find_word(m, cpi_text_of(spec->name.text)) != CPI_NO_INDEX) {
        say(s, spec->at, NULL, "is an event type already; choose another name");
        return;
    }
    if (m->n_words == CPI_WORDS_MAX) {
        say(s, spec->at, NULL, "too many; types and words together are at most %d", CPI_WORDS_MAX);
        return;
    }
    struct cpi_word word = { .name = build_text(b, spec->name.text) };
    build_selector(s, "event", &spec->event, &word.base);
    add_types(m, &word.base, &word.types);
    build_conds(s, "where", &spec->where, &spec->where_any, &word.conds);
    m->word[m->n_words++] = word;
}

static void visit(struct visiting *v, size_t i)
{
    const struct cpi_word_spec *spec = &v->b->spec->word[i];
    const struct subject s = { v->b, "words", spec->name.text };
    if (v->state[i] != NEW)
        return;
    v->state[i] = OPEN;
    visit_names(v, &spec->event, false, &s);
    visit_names(v, &spec->where, true, &s);
    visit_names(v, &spec->where_any, true, &s);
    build_word(v->b, &s, spec);
    v->state[i] = DONE;
}

void build_words(struct build *b)
{
    struct visiting v = { b, cpi_arena_take(b->arena, (b->spec->n_words + 1) * sizeof *v.state) };
    for (size_t i = 0; i < b->spec->n_words; i++)
        visit(&v, i);
}
