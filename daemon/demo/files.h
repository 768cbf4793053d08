/* The configuration, people, customers and records of a story as files: to be loaded, explained,
 * and kept for whoever wants to go on with them. */
#ifndef DEMO_FILES_H
#define DEMO_FILES_H

#include "demo/story.h"

struct demo_files {
    char folder[512], conf[560];
    int kept;
};
/* Writes them to `keep`, which is made if it is not there, or to a folder of its own (NULL). -1: an
 * error that was printed. */
int files_write(struct demo_files *files, const char *keep, const struct story *story,
                const char *servers);
/* Deletes them, unless they are kept. */
void files_remove(struct demo_files *files);

#endif
