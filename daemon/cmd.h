/* The verbs. Each gets its own arguments (argv[0] is the verb) and returns the exit code. */
#ifndef CPID_CMD_H
#define CPID_CMD_H

/* sysexits(3): what the process ends with. */
enum {
    EXIT_OK = 0,
    EXIT_USAGE = 64,       /* wrong arguments */
    EXIT_BAD_DATA = 65,    /* an input that cannot be read */
    EXIT_UNREACHABLE = 69, /* Kafka, for topics and check --kafka; run waits */
    EXIT_INTERNAL = 70,
    EXIT_CONFIG = 78,
};

struct cmd {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary, *help; /* help: usage, every option, an example; lines of up to 100 */
};
/* In the order of the general help; the last has no name. tests/lint/pages.py holds the manual page
 * and the completion to it. */
extern const struct cmd cmds[];

int cmd_check(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_topics(int argc, char **argv);
int cmd_demo(int argc, char **argv);

/* Says on stderr what is wrong with the arguments, and where help is; returns EXIT_USAGE. */
int cmd_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct config;
/* Loads a configuration and prints all that is wrong with it. EXIT_OK or EXIT_CONFIG; config_fini
 * is due in both cases. */
int cmd_load(const char *file, struct config *ret);

struct cpi_diag;
/* All lines on stderr, as `file:line: path: text`. */
void cmd_print_diag(const struct cpi_diag *diag);

#endif
