/* JSON as the rest of the library sees it: values at compiled paths, and token tapes of the
 * subtrees that somebody walks. The only folder that knows yajl.
 *
 * One parser is reused for all documents of a thread. Everything it returns are views into the
 * document or, where a text had escapes, into the parser's memory, valid until json_parser_reset.
 */
#ifndef CPI_JSON_JSON_H
#define CPI_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpi/alloc.h"
#include "cpi/text.h"

#define JSON_DEPTH_MAX 64

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER, /* text as written */
    JSON_STRING, /* decoded */
    JSON_BROKEN, /* a string with half a surrogate pair, which no UTF-8 can hold; its text is no use
                  */
    JSON_ARRAY,
    JSON_OBJECT,
};
struct json_value {
    const char *at; /* of scalars: "true", the digits, the decoded text */
    uint32_t len;
    uint32_t
        token; /* of arrays and objects: their place on the tape, CPI_NONE if they were not kept */
    enum json_kind kind;
};
static inline bool json_is_scalar(enum json_kind kind)
{
    return kind >= JSON_FALSE && kind <= JSON_STRING;
}
static inline struct cpi_text json_text(const struct json_value *v)
{
    return (struct cpi_text){ v->at, v->len };
}

/* ---- paths: which members are kept ---- */
struct json_paths;
struct json_paths *json_paths_new(void);
void json_paths_free(struct json_paths *paths);
/* Asks for the value behind these member names from the top; `whole` = with all that is below it.
 */
void json_paths_need(struct json_paths *paths, const struct cpi_text *step, size_t n_steps,
                     bool whole);
/* Numbers the slots; nothing is needed after that. */
void json_paths_seal(struct json_paths *paths);
size_t json_paths_slots(const struct json_paths *paths);
/* The slot of a path that was needed; *ret_used of its steps lead there, the others go on below a
 * value that is kept whole. */
uint32_t json_paths_find(const struct json_paths *paths, const struct cpi_text *step,
                         size_t n_steps, size_t *ret_used);

/* ---- parsing ---- */
enum json_fault {
    JSON_FINE,
    JSON_BAD,      /* no JSON, or not exactly one document */
    JSON_NOT_UTF8, /* by RFC 3629 */
    JSON_TOO_DEEP, /* more than JSON_DEPTH_MAX levels */
};
struct json_parser;
struct json_parser *json_parser_new(void);
void json_parser_free(struct json_parser *parser);
/* Reads every document with yajl, also those that need not be: for tests that compare. */
void json_parser_yajl_alone(struct json_parser *parser);
/* Forgets all values returned so far. */
void json_parser_reset(struct json_parser *parser);
struct cpi_arena *json_parser_arena(struct json_parser *parser);
/* Parses one document; slot[json_paths_slots] takes what is at the paths. Of members given twice
 * the last counts. */
enum json_fault json_parse(struct json_parser *parser, const struct json_paths *paths,
                           struct cpi_text document, struct json_value *slot);
/* Parses one document and keeps all of it. */
enum json_fault json_parse_whole(struct json_parser *parser, struct cpi_text document,
                                 struct json_value *ret);
/* What was wrong with the last document, in the parser's memory. */
struct cpi_text json_parser_detail(const struct json_parser *parser);
/* Members seen twice so far, where anybody looked. */
uint64_t json_parser_duplicates(const struct json_parser *parser);

/* Steps over tapes since the last reset: what callers bound. */
uint64_t json_parser_walked(const struct json_parser *parser);

/* ---- walking what was kept whole; an object or array that was not kept is empty ---- */
/* The member of an object, or the element of an array if the name is a number. JSON_ABSENT if none.
 */
struct json_value json_member(struct json_parser *parser, const struct json_value *v,
                              struct cpi_text name);
/* Elements of an array in order: start with a cursor of 0; false when there are no more. */
bool json_each(struct json_parser *parser, const struct json_value *array, uint32_t *cursor,
               struct json_value *ret);
uint32_t json_count(struct json_parser *parser, const struct json_value *array);

#endif
