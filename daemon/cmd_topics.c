#include <getopt.h>
#include <stdio.h>

#include "cmd.h"
#include "config/load.h"
#include "topics.h"

int cmd_topics(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
                                             { "create", no_argument, NULL, 'C' },
                                             { 0 } };
    const char *path = NULL;
    bool create = false;
    for (int c; (c = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        if (c == 'c')
            path = optarg;
        else if (c == 'C')
            create = true;
        else
            return EXIT_USAGE;
    }
    if (!path || optind < argc)
        return path ? cmd_usage("topics", "\"%s\" is one argument too many", argv[optind])
                    : cmd_usage("topics", "-c FILE is missing: which configuration?");
    struct config config;
    int code = cmd_load(path, &config);
    if (code == EXIT_OK)
        code = topics_check(&config, create, stdout);
    config_fini(&config);
    return code;
}
