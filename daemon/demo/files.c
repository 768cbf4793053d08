#include "demo/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* demo.conf, put in by the build */
extern const char demo_configuration[];

static const char *const names[] = { "demo.conf", "people.csv", "customers.csv", "helpdesk.ndjson",
                                     "crm.ndjson" };
#define NAMES (sizeof names / sizeof *names)

static FILE *file_open(const struct demo_files *files, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", files->folder, name);
    FILE *f = fopen(path, "we");
    if (!f)
        fprintf(stderr, "cpid demo: cannot write %s: %s\n", path, strerror(errno));
    return f;
}

static int file_end(FILE *f, const char *name)
{
    if (ferror(f) | fclose(f)) {
        fprintf(stderr, "cpid demo: cannot write all of %s\n", name);
        return -1;
    }
    return 0;
}

static int text_write(const struct demo_files *files, const char *name, const char *head,
                      struct cpi_text text)
{
    FILE *f = file_open(files, name);
    if (!f)
        return -1;
    fputs(head, f);
    fwrite(text.at, 1, text.len, f);
    return file_end(f, name);
}

static int records_write(const struct demo_files *files, const char *name,
                         const struct story *story, enum story_source source)
{
    FILE *f = file_open(files, name);
    if (!f)
        return -1;
    for (size_t i = 0; i < story->count; i++)
        if (story->event[i].source == source)
            fprintf(f, "%s\n", story->event[i].json);
    return file_end(f, name);
}

static int folder_make(struct demo_files *files, const char *keep)
{
    const char *temporary = getenv("TMPDIR");
    if (keep)
        snprintf(files->folder, sizeof files->folder, "%s", keep);
    else
        snprintf(files->folder, sizeof files->folder, "%.400s/cpid-demo-XXXXXX",
                 temporary && *temporary ? temporary : "/tmp");
    if (keep ? mkdir(keep, 0777) == 0 || errno == EEXIST : mkdtemp(files->folder) != NULL)
        return 0;
    fprintf(stderr, "cpid demo: cannot make %s: %s\n", files->folder, strerror(errno));
    files->folder[0] = '\0';
    return -1;
}

int files_write(struct demo_files *files, const char *keep, const struct story *story,
                const char *servers)
{
    char head[160];
    *files = (struct demo_files){ .kept = keep != NULL };
    if (folder_make(files, keep) < 0)
        return -1;
    snprintf(files->conf, sizeof files->conf, "%s/%s", files->folder, names[0]);
    snprintf(head, sizeof head,
             "kafka = { servers = \"%s\"; options = ( (\"session.timeout.ms\", \"6000\"),\n"
             "  (\"fetch.wait.max.ms\", \"10\") ); };\n",
             servers);
    if (text_write(files, names[0], head, cpi_text_of(demo_configuration)) < 0 ||
        text_write(files, names[1], "", cpi_buf_text(&story->people)) < 0 ||
        text_write(files, names[2], "", cpi_buf_text(&story->customers)) < 0 ||
        records_write(files, names[3], story, STORY_HELPDESK) < 0 ||
        records_write(files, names[4], story, STORY_CRM) < 0)
        return -1;
    return 0;
}

void files_remove(struct demo_files *files)
{
    char path[600];
    if (files->kept || !files->folder[0])
        return;
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(path, sizeof path, "%s/%s", files->folder, names[i]);
        unlink(path);
    }
    rmdir(files->folder);
}
