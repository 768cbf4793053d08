#include "cmd.h"

#include <stddef.h>

const struct cmd cmds[] = {
    { "check", cmd_check, "all errors of a configuration at once; an indicator in plain words",
      "Usage: cpid check -c FILE [--explain NAME] [--kafka]\n"
      "       cpid check --pack NAME\n"
      "       cpid check --settings\n"
      "       cpid check --indicators [NAME]\n"
      "\n"
      "  -c, --config FILE   the configuration; nothing is contacted without --kafka\n"
      "  --explain NAME      what indicator NAME counts, in plain words\n"
      "  --kafka             also whether the broker has the topics that it needs\n"
      "  --pack NAME         a pack alone, by its name or its file, and its samples\n"
      "  --settings          every setting there is: its kind, range and default\n"
      "  --indicators        the catalogue: ready-made indicators for `use`; with NAME one of them "
      "whole\n"
      "\n"
      "Example: cpid check -c cpid.conf --explain fcr\n" },
    { "explain", cmd_explain,
      "what one record becomes, or why a figure is what it is, down to its cases",
      "Usage: cpid explain -c FILE --topic TOPIC [--json] [RECORDS]\n"
      "       cpid explain -c FILE --entity WHO --indicator NAME --at TIME [--window NAME] "
      "[--known "
      "TIME]\n"
      "                    [-i TOPIC=PATH ... | --facts PATH | --brokers HOST:PORT] [--json]\n"
      "\n"
      "  -c, --config FILE   the configuration\n"
      "  -t, --topic TOPIC   whose records these are\n"
      "  --json              one JSON object a record, not words\n"
      "  RECORDS             JSON, one record a line, or as kcat -J writes them; without it: "
      "standard input\n"
      "\n"
      "  --entity WHO        why a figure is what it is: of org, or an entity such as rep:anna or "
      "team:phone\n"
      "  --indicator NAME    which\n"
      "  --at TIME           at which boundary: the last one at or before TIME\n"
      "  --window NAME       over which window; without it the indicator's first\n"
      "  --known TIME        as it was known then: a revision; without it the update on time\n"
      "  -i TOPIC=PATH       from files of events, as for replay\n"
      "  --facts PATH        from a file of facts; - is standard input\n"
      "  --brokers HOST:PORT from the facts' topic there; without any of the three: at the "
      "configuration's\n"
      "\n"
      "Example: cpid explain -c cpid.conf --entity rep:anna --indicator fcr --at 2026-03-04T12:00\n"
      "Example: kcat -C -b localhost -t zendesk.events -o -1 -c 1 -e | cpid explain -c cpid.conf "
      "-t zendesk.events\n" },
    { "replay", cmd_replay,
      "the same numbers from files: audits, backfills, a configuration tried out",
      "Usage: cpid replay -c FILE -i TOPIC=PATH ... [-o FOLDER] [--every-boundary] [--until TIME]\n"
      "\n"
      "  -c, --config FILE   the configuration\n"
      "  -i TOPIC=PATH       a file of records, one a line, or as kcat -J writes them; once for "
      "each partition\n"
      "  -o FOLDER           where indicators.ndjson, revisions.ndjson, alerts.ndjson, "
      "facts.ndjson and\n"
      "                      dead-letters.ndjson go; without it only a summary is printed\n"
      "  --every-boundary    updates also where nothing changed\n"
      "  --until TIME        lets time run on to there after the last record\n"
      "\n"
      "Example: cpid replay -c conf/examples/zendesk.conf -i "
      "zendesk.events=conf/examples/tickets.ndjson \\\n"
      "             -o build/week --until 2026-03-09\n" },
    { "run", cmd_run, "the daemon: reads events from Kafka, writes indicators and alerts to Kafka",
      "Usage: cpid run -c FILE [--instance NAME] [--clock real|record]\n"
      "\n"
      "  -c, --config FILE   the configuration\n"
      "  --instance NAME     tells processes of one application apart; beats `instance` of the "
      "file\n"
      "  --clock real        what moves time on at the end of quiet partitions: the machine's "
      "clock, or\n"
      "  --clock record      the latest time stamp of the records read so far (for what happened "
      "long ago)\n"
      "\n"
      "SIGTERM ends it, SIGHUP reads people, customers and teams again. As a service: systemctl "
      "start cpid.\n"
      "\n"
      "Example: cpid run -c /etc/cpid/cpid.conf --instance b\n" },
    { "topics", cmd_topics, "the topics it needs, how they should be set, what differs",
      "Usage: cpid topics -c FILE [--create]\n"
      "\n"
      "  -c, --config FILE   the configuration\n"
      "  --create            makes those that are missing, but never a source's\n"
      "\n"
      "Example: cpid topics -c cpid.conf --create\n" },
    { "demo", cmd_demo, "two made-up weeks and a day through an embedded broker; nothing to set up",
      "Usage: cpid demo [--seed N] [--speed N] [--keep FOLDER]\n"
      "\n"
      "  --seed N            another company; the same number gives the same one\n"
      "  --speed N           seconds of the day a second: 600 is the ten hours in a minute\n"
      "  --keep FOLDER       leaves its configuration and all its records there\n"
      "\n"
      "Example: cpid demo --seed 3 --keep /tmp/demo\n" },
    { NULL, NULL, NULL, NULL },
};
