/* cpid: one binary, one verb each time. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cpi/diag.h>

#include "cmd.h"

#ifdef __SANITIZE_ADDRESS__
/* libconfig 1.5 loses a buffer on some syntax errors. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}
#endif

static void print_help(FILE *out)
{
    fputs("cpid turns helpdesk and CRM events into customer performance indicators and alerts.\n\n"
          "Usage: cpid VERB ...\n\n",
          out);
    for (const struct cmd *cmd = cmds; cmd->name; cmd++)
        fprintf(out, "  %-8s %s\n", cmd->name, cmd->summary);
    fputs("\ncpid VERB --help has a verb's options and an example; cpid --version; man 8 cpid.\n"
          "Exit codes: 0 well, 64 usage, 65 bad data, 69 Kafka unreachable, 70 internal, 78 "
          "configuration.\n",
          out);
}

/* `cpid VERB ... --help` */
static bool wants_help(int argc, char **argv)
{
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run_verb(const struct cmd *cmd, int argc, char **argv)
{
    if (!wants_help(argc, argv))
        return cmd->run(argc - 1, argv + 1);
    printf("cpid %s: %s\n\n%s", cmd->name, cmd->summary, cmd->help);
    return EXIT_OK;
}

static int unknown_verb(const char *verb)
{
    const char *names[16];
    size_t count = 0;
    for (const struct cmd *cmd = cmds; cmd->name; cmd++)
        names[count++] = cmd->name;
    const char *near = cpi_diag_nearest(verb, names, count);
    return cmd_usage(NULL, "there is no verb \"%s\"%s%s%s", verb, near ? "; did you mean " : "",
                     near ? near : "", near ? "?" : "");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("cpid %s\n", CPID_VERSION);
        return EXIT_OK;
    }
    for (const struct cmd *cmd = cmds; cmd->name; cmd++)
        if (strcmp(argv[1], cmd->name) == 0)
            return run_verb(cmd, argc, argv);
    return unknown_verb(argv[1]);
}
