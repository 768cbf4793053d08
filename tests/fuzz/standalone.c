/* Runs files, and all files of folders, through a fuzz target: corpora as plain tests. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cpi/buf.h>

#include "fuzz.h"

static unsigned n_files;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct cpi_buf bytes;
    size_t n;
    cpi_buf_init(&bytes);
    if (!file) {
        perror(path);
        exit(66);
    }
    do {
        cpi_buf_reserve(&bytes, 65536);
        n = fread(bytes.at + bytes.len, 1, 65536, file);
        bytes.len += n;
    } while (n > 0);
    fclose(file);
    /* an allocation of its very size, so that the address sanitizer sees reads past the end */
    uint8_t *exact = malloc(bytes.len ? bytes.len : 1);
    if (!exact)
        abort();
    for (size_t i = 0; i < bytes.len; i++)
        exact[i] = bytes.at[i];
    fprintf(stderr, "%s\n", path); /* before it, so that the last line names what failed */
    LLVMFuzzerTestOneInput(exact, bytes.len);
    n_files++;
    free(exact);
    cpi_buf_fini(&bytes);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void run_path(const char *path)
{
    struct stat st;
    struct dirent **entry;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
        run_file(path);
        return;
    }
    int n = scandir(path, &entry, is_shown, alphasort);
    for (int i = 0; i < n; i++) {
        char inner[4096];
        snprintf(inner, sizeof inner, "%s/%s", path, entry[i]->d_name);
        run_path(inner);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run_path(argv[i]);
    printf("%u inputs\n", n_files);
    return n_files ? 0 : 1;
}
