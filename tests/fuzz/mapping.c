/* The mapping language. An input is lines of expressions, each for the member that its first letter
 * names, then an empty line and records of JSON:
 *   y type   i id   q seq   t time   c case   u customer   r rep   m team   a, b fields
 *   w when   e each   o root   p pair of the map "m" (PATTERN>>RESULT) */
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>
#include <cpi/mapping.h>

#include "fuzz.h"

struct draft {
    struct cpi_text_at value[10][4], when[8], root[4], pair[16][2];
    struct cpi_field_spec field[2];
    struct cpi_rule_spec rule;
    struct cpi_map_spec map;
    struct cpi_mapping_spec spec;
};

static void add_value(struct draft *d, unsigned member, char *text)
{
    struct cpi_value_spec *values[] = { &d->rule.type,     &d->rule.id,      &d->rule.seq,
                                        &d->rule.time,     &d->rule.case_id, &d->rule.customer,
                                        &d->rule.rep,      &d->rule.team,    &d->field[0].value,
                                        &d->field[1].value };
    struct cpi_value_spec *spec = values[member];
    spec->alternative = d->value[member];
    if (spec->count < 4)
        d->value[member][spec->count++] = (struct cpi_text_at){ text, { "m", 1 } };
}

static void add_pair(struct draft *d, char *text)
{
    char *result = strstr(text, ">>");
    if (!result || d->map.n_pairs == 16)
        return;
    *result = '\0';
    d->pair[d->map.n_pairs][0] = (struct cpi_text_at){ text, { "m", 2 } };
    d->pair[d->map.n_pairs++][1] = (struct cpi_text_at){ result + 2, { "m", 2 } };
}

static void add_line(struct draft *d, char *line)
{
    static const char members[] = "yiqtcurmab";
    struct cpi_text_at text = { line + 1, { "m", 3 } };
    const char *member = strchr(members, line[0]);
    if (member)
        add_value(d, (unsigned)(member - members), line + 1);
    else if (line[0] == 'p')
        add_pair(d, line + 1);
    else if (line[0] == 'w' && d->rule.n_when < 8)
        d->when[d->rule.n_when++] = text;
    else if (line[0] == 'o' && d->spec.n_root < 4)
        d->root[d->spec.n_root++] = text;
    else if (line[0] == 'e')
        d->rule.each = text;
}

static void map_records(const struct cpi_mapping *mapping, char *text)
{
    static struct cpi_mapper *mapper;
    const struct cpi_header header = { CPI_TEXT("h"), CPI_TEXT("v") };
    if (!mapper)
        mapper = cpi_mapper_new();
    for (char *line; text && (line = strsep(&text, "\n"));) {
        struct cpi_record record = { .value = cpi_text_of(line),
                                     .key = CPI_TEXT("key:1"),
                                     .header = &header,
                                     .n_headers = 1,
                                     .topic = CPI_TEXT("topic"),
                                     .timestamp = INT64_C(1772532000000) };
        struct cpi_mapped *mapped;
        struct cpi_text detail = CPI_ABSENT;
        struct cpi_buf story;
        size_t count = 0;
        if (cpi_mapper_map(mapper, mapping, &record, NULL, &mapped, &count, &detail) ==
            CPI_ACCEPTED)
            for (size_t i = 0; i < count; i++)
                FUZZ_HOLDS(mapped[i].refusal != CPI_ACCEPTED || mapped[i].type == CPI_NO_INDEX ||
                           (mapped[i].time >= CPI_TIME_MIN && mapped[i].time < CPI_TIME_MAX));
        cpi_buf_init(&story);
        cpi_mapper_explain(mapper, mapping, &record, &story);
        cpi_buf_fini(&story);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cpi_text types[] = { { "case.opened", 11 },
                                             { "case.resolved", 13 },
                                             { "own.type", 8 } };
    static const struct cpi_text fields[] = { { "a", 1 }, { "b", 1 } };
    struct draft d = { .map = { .name = "m" }, .spec = { .path = "sources.x" } };
    struct cpi_diag diag;
    char *text = cpi_xtextdup((struct cpi_text){ (const char *)data, (uint32_t)size }),
         *rest = text;
    for (char *line; rest && (line = strsep(&rest, "\n")) && *line;)
        add_line(&d, line);
    d.field[0].name = "a";
    d.field[1].name = "b";
    d.rule.field = d.field;
    d.rule.n_fields = 2;
    d.rule.when = d.when;
    d.map.pair = d.pair;
    d.spec.root = d.root;
    d.spec.json_text = size & 1;
    d.spec.rule = &d.rule;
    d.spec.n_rules = 1;
    d.spec.map = &d.map;
    d.spec.n_maps = 1;
    d.spec.zone = &fuzz_world()->model->zone;
    d.spec.n_zones = 1;
    cpi_diag_init(&diag);
    struct cpi_mapping *mapping = cpi_mapping_compile(&d.spec, types, sizeof types / sizeof *types,
                                                      fields, 2, d.spec.zone, &diag);
    FUZZ_HOLDS((mapping != NULL) == (diag.errors == 0));
    if (mapping)
        map_records(mapping, rest);
    cpi_mapping_free(mapping);
    cpi_diag_fini(&diag);
    free(text);
    return 0;
}
