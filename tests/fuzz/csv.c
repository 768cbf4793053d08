/* Who is who. An input is a letter (p: people, c: customers, t: teams, a line "team,parent" each)
 * and the text of the file. */
#include <stdlib.h>
#include <string.h>

#include <cpi/alloc.h>
#include <cpi/directory.h>

#include "fuzz.h"

static void add_teams(struct cpi_directory *dir, struct cpi_text text, struct cpi_diag *diag)
{
    struct cpi_team_spec team[64];
    size_t count = 0;
    char *copy = cpi_xtextdup(text), *rest = copy;
    for (char *line; count < 64 && (line = strsep(&rest, "\n"));) {
        char *parent = strchr(line, ',');
        if (parent)
            *parent++ = '\0';
        team[count] =
            (struct cpi_team_spec){ line, parent ? parent : "", { "teams", (unsigned)count + 1 } };
        count++;
    }
    cpi_directory_add_teams(dir, team, count, diag);
    free(copy);
}

/* Asks for every word of the file, at a few times. */
static void ask(const struct cpi_directory *dir, struct cpi_text text)
{
    static const int64_t times[] = { CPI_TIME_MIN, 0, INT64_C(1772532000000), CPI_TIME_MAX };
    for (uint32_t from = 0, i = 0, asked = 0; i <= text.len && asked < 200; i++) {
        if (i < text.len && !strchr(" ,\n\"", text.at[i]))
            continue;
        struct cpi_text word = cpi_text_part(text, from, i - from), path;
        for (size_t t = 0; t < sizeof times / sizeof *times; t++)
            cpi_directory_rep(dir, CPI_TEXT("z"), word, times[t], &path);
        cpi_directory_customer(dir, CPI_TEXT("z"), word);
        cpi_directory_team_path(dir, word);
        from = i + 1;
        asked++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpi_directory *dir = cpi_directory_new(&fuzz_world()->model->zone);
    struct cpi_diag diag;
    struct cpi_text text = { (const char *)data + (size > 0), (uint32_t)(size ? size - 1 : 0) };
    cpi_diag_init(&diag);
    if (size && data[0] == 't')
        add_teams(dir, text, &diag);
    else if (size && data[0] == 'c')
        cpi_directory_add_customers(dir, "customers.csv", text, &diag);
    else if (size)
        cpi_directory_add_people(dir, "people.csv", text, &diag);
    cpi_directory_has_people(dir);
    ask(dir, text);
    cpi_diag_fini(&diag);
    cpi_directory_free(dir);
    return 0;
}
