#include <string.h>

#include "cpi/hash.h"
#include "model/build.h"

static const char *const canonical[] = {
    "case.opened",      "case.assigned",    "case.transferred",
    "case.escalated",   "case.held",        "case.resumed",
    "case.resolved",    "case.reopened",    "case.closed",
    "case.merged",      "case.deleted",     "message.in",
    "message.out",      "contact.offered",  "contact.started",
    "contact.answered", "contact.ended",    "contact.abandoned",
    "survey.offered",   "survey.answered",  "call.started",
    "call.ended",       "quote.requested",  "quote.clarification_asked",
    "quote.clarified",  "quote.submitted",  "quote.approved",
    "quote.issued",     "quote.accepted",   "quote.rejected",
    "quote.expired",    "quote.cancelled",  "opportunity.stage_changed",
    "opportunity.won",  "opportunity.lost", "content.published",
    "content.retired",  "content.searched", "content.opened",
    "content.shared",   "content.viewed",   "content.rated",
    "coaching.held",    "feedback.raised",  "feedback.answered",
    "complaint.filed",  "entity.changed",   "source.heartbeat",
};

const char *const *cpi_vocabulary(size_t *ret_count)
{
    *ret_count = sizeof canonical / sizeof *canonical;
    return canonical;
}

static bool is_type_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 100 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static void add_type(struct build *b, const char *name)
{
    struct cpi_model *m = b->model;
    struct cpi_text text = build_text(b, name);
    struct cpi_word *word = &m->word[m->n_words++];
    m->type[m->n_types] = (struct cpi_type){ text, cpi_hash_name(text) };
    word->name = text;
    cpi_wordset_add(&word->types, (unsigned)m->n_types++);
}

void build_types(struct build *b)
{
    const struct cpi_texts_spec *own = &b->spec->event_types;
    const struct subject s = { b, "event-types", NULL };
    struct cpi_model *m = b->model;
    size_t n;
    const char *const *names = cpi_vocabulary(&n);
    m->type = cpi_arena_take(b->arena, CPI_WORDS_MAX * sizeof *m->type);
    m->word = cpi_arena_take(b->arena, CPI_WORDS_MAX * sizeof *m->word);
    for (size_t i = 0; i < n; i++)
        add_type(b, names[i]);
    for (size_t i = 0; i < own->count; i++) {
        if (!is_type_name(own->item[i].text))
            say(&s, own->item[i].at, NULL,
                "\"%s\" is no type; use letters, digits, and . _ -, such as \"incident.opened\"",
                own->item[i].text);
        else if (m->n_words == CPI_WORDS_MAX)
            say(&s, own->item[i].at, NULL, "too many; types and words together are at most %d",
                CPI_WORDS_MAX);
        else if (cpi_model_find_type(m, cpi_text_of(own->item[i].text)) == CPI_NO_INDEX)
            add_type(b, own->item[i].text);
    }
}
