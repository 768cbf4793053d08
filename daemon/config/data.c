#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_UP_MAX 6 /* folders above the program, for a build beside the sources */

/* The n-th folder above the program's file; false if there is none. */
static bool above_program(unsigned n, char *ret, size_t size)
{
    ssize_t len = readlink("/proc/self/exe", ret, size - 1);
    if (len <= 0)
        return false;
    ret[len] = 0;
    for (unsigned i = 0; i <= n; i++) {
        char *slash = strrchr(ret, '/');
        if (!slash)
            return false;
        *slash = 0;
    }
    return true;
}

static bool near_program(unsigned i, char *ret, size_t size)
{
    char folder[4096];
    if (i / 2 >= LOOK_UP_MAX || !above_program(i / 2, folder, sizeof folder))
        return false;
    return snprintf(ret, size, "%s/%s", folder, i % 2 ? "conf" : "share/cpid") < (int)size;
}

bool data_folder(const char *beside, unsigned i, char *ret, size_t size)
{
    const char *set = getenv("CPID_DATA"), *slash = beside ? strrchr(beside, '/') : NULL;
    if (!beside)
        i++;
    if (i == 0)
        return snprintf(ret, size, "%.*s", slash ? (int)(slash - beside) : 1,
                        slash ? beside : ".") < (int)size;
    if (set && *set)
        return i == 1 && snprintf(ret, size, "%s", set) < (int)size;
    if (i == 1)
        return snprintf(ret, size, "%s", CPID_DATADIR) < (int)size;
    return near_program(i - 2, ret, size);
}
