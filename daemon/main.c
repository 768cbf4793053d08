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

static const struct cmd cmds[] = {
    { "check", cmd_check, "-c FILE [--explain NAME] [--kafka] | --settings",
      "all errors of a configuration at once; an indicator in plain words" },
    { "explain", cmd_explain, "-c FILE --topic T [--json] [FILE]",
      "what one record becomes: the rule that matched, each value, facts, or why it is refused" },
    { "run", cmd_run, "-c FILE [--instance NAME] [--clock real|record]", "the daemon" },
    { "topics", cmd_topics, "-c FILE [--create]",
      "the topics it needs, how they should be set, what differs" },
    { "demo", cmd_demo, "", "a made-up day through an embedded broker; nothing to set up" },
    { "replay", cmd_replay, "-c FILE -i TOPIC=PATH... [-o DIR] [--every-boundary] [--until TIME]",
      "the same numbers from files: audits, backfills, a configuration tried out" },
};
#define CMDS (sizeof cmds / sizeof *cmds)

static void print_help(FILE *out)
{
    fputs("cpid turns helpdesk and CRM events into customer performance indicators and alerts.\n\n"
          "Usage: cpid VERB ...\n\n",
          out);
    for (size_t i = 0; i < CMDS; i++)
        fprintf(out, "  cpid %s %s\n        %s\n", cmds[i].name, cmds[i].arguments,
                cmds[i].summary);
    fputs("  cpid check --settings\n        every setting, its kind, range and default\n"
          "  cpid --help, --version\n\n"
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
    printf("cpid %s: %s\n\nUsage: cpid %s %s\n", cmd->name, cmd->summary, cmd->name,
           cmd->arguments);
    return EXIT_OK;
}

static int unknown_verb(const char *verb)
{
    const char *names[CMDS];
    for (size_t i = 0; i < CMDS; i++)
        names[i] = cmds[i].name;
    const char *near = cpi_diag_nearest(verb, names, CMDS);
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
    for (size_t i = 0; i < CMDS; i++)
        if (strcmp(argv[1], cmds[i].name) == 0)
            return run_verb(&cmds[i], argc, argv);
    return unknown_verb(argv[1]);
}
