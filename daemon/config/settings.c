#include "settings.h"

#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))
#define ROWS(rows) .setting = (rows), .count = COUNT_OF(rows)
#define AT(type, member) .offset = offsetof(type, member)
#define LIST_AT(type, member, n_member) AT(type, member), .count_offset = offsetof(type, n_member)
#define NEW_MEANING SETTING_GENERATION

/* ---- sources: mappings ---- */
/* `common` has the first COMMON_KEYS of these, an entry of `emit` also `when`, a rule all. */
#define COMMON_KEYS 9
static const struct setting_section emit_section;
static const struct setting rule_rows[] = {
    { "type", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, type),
      .doc = "The event type. Absent: the record is no event." },
    { "id", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, id),
      .doc = "What makes the event unique in its source. Absent: partition/offset#index, which "
             "does not "
             "protect from redelivery." },
    { "seq", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, seq),
      .doc = "A signed integer: the order inside a case of events of one time. Absent = 0." },
    { "time", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, time),
      .doc = "When it happened. Absent: the record is a dead letter." },
    { "case", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, case_id),
      .doc = "The case, quote, call or content item it belongs to." },
    { "customer", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, customer),
      .doc = "The customer, as the source names them." },
    { "rep", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, rep),
      .doc = "The representative, as the source names them." },
    { "team", SETTING_VALUE, NEW_MEANING, AT(struct cpi_rule_spec, team),
      .doc = "The team; it beats the team of the people file." },
    { "fields", SETTING_FIELDS, NEW_MEANING, LIST_AT(struct cpi_rule_spec, field, n_fields),
      .doc = "Further members by free names: channel, reason, durations, amounts." },
    { "when", SETTING_TEXTS, NEW_MEANING, LIST_AT(struct cpi_rule_spec, when, n_when),
      .doc = "Conditions on the record, all of which must hold." },
    { "each", SETTING_TEXT, NEW_MEANING, AT(struct cpi_rule_spec, each),
      .doc = "Pointer to an array: one event for each of its elements." },
    { "also", SETTING_FLAG, NEW_MEANING, AT(struct cpi_rule_spec, also), .fallback = "false",
      .doc = "After this rule the next ones are tried too." },
    { "emit", SETTING_LIST, NEW_MEANING, LIST_AT(struct cpi_rule_spec, emit, n_emit),
      .section = &emit_section,
      .doc = "Several events from one record, each with its own values." },
};
static const struct setting_section rule_section = { ROWS(rule_rows),
                                                     .bytes = sizeof(struct cpi_rule_spec) };
static const struct setting_section emit_section = { .setting = rule_rows,
                                                     .count = COMMON_KEYS + 1,
                                                     .bytes = sizeof(struct cpi_rule_spec) };
static const struct setting_section common_section = { .setting = rule_rows, .count = COMMON_KEYS };

static const struct setting source_rows[] = {
    { "name", SETTING_NAME, NEW_MEANING, AT(struct cpi_source_spec, name),
      .doc = "Name of the source; ids from it become name:id. Default: the name of its pack." },
    { "pack", SETTING_NAME, NEW_MEANING, AT(struct cpi_source_spec, pack),
      .doc =
          "A shipped mapping, by name. Own keys replace the pack's one by one; fields and maps are "
          "merged." },
    { "topics", SETTING_TEXTS, SETTING_REQUIRED, AT(struct cpi_source_spec, topics),
      .doc = "The topics it is read from." },
    { "wait", SETTING_DURATION, NEW_MEANING, AT(struct cpi_source_spec, wait_ms),
      .range = "0s..30d", .fallback = "10m",
      .doc = "How long after it happened an event may arrive and still be in time. At least 1s "
             "with idle "
             "= \"clock\"." },
    { "idle", SETTING_CHOICE, 0, AT(struct cpi_source_spec, idle), .range = "clock|hold",
      .fallback = "clock",
      .doc = "What moves time at the end of a partition: the clock, or records alone (hold)." },
    { "max-skew", SETTING_DURATION, 0, AT(struct cpi_source_spec, max_skew_ms),
      .range = "0s..3660d", .fallback = "1m",
      .doc = "How far an event may lie after its record's timestamp before it is a dead letter." },
    { "zone", SETTING_TEXT, NEW_MEANING, AT(struct cpi_source_spec, zone),
      .doc = "The zone of times without an offset. Default: the zone of the whole configuration." },
    { "shared", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_source_spec, shared),
      .doc =
          "\"case\", \"customer\": ids that other sources use as well, kept without name: before "
          "them." },
    { "complete", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_source_spec, complete),
      .fallback = "customer",
      .doc = "What an event without it takes from earlier events of its case: customer, rep (with "
             "team), "
             "fields by name." },
    { "otherwise", SETTING_CHOICE, 0, AT(struct cpi_source_spec, otherwise),
      .range = "ignore|dead-letter", .fallback = "ignore",
      .doc = "What becomes of a record of an unmapped type; ignored ones are counted by name." },
    { "root", SETTING_TEXTS, NEW_MEANING,
      LIST_AT(struct cpi_source_spec, mapping.root, mapping.n_root),
      .doc = "Pointers; the first that is present becomes the element (unwraps envelopes)." },
    { "each", SETTING_TEXT, NEW_MEANING, AT(struct cpi_source_spec, mapping.each),
      .doc = "Pointer to an array: the rules apply to each of its elements." },
    { "json-text", SETTING_FLAG, NEW_MEANING, AT(struct cpi_source_spec, mapping.json_text),
      .fallback = "false", .doc = "The record is a JSON text that holds JSON." },
    { "common", SETTING_GROUP, NEW_MEANING, AT(struct cpi_source_spec, mapping.common),
      .section = &common_section,
      .doc = "Values of all rules; a rule's own replace them one by one." },
    { "rules", SETTING_LIST, NEW_MEANING,
      LIST_AT(struct cpi_source_spec, mapping.rule, mapping.n_rules), .section = &rule_section,
      .doc = "Tried in order; the first whose `when` holds decides." },
    { "samples", SETTING_TEXT, 0, AT(struct cpi_source_spec, samples),
      .doc = "File of sample records and what each must become, held by `check`. Relative to this "
             "file." },
    { "maps", SETTING_MAPS, NEW_MEANING,
      LIST_AT(struct cpi_source_spec, mapping.map, mapping.n_maps),
      .doc = "Lists of pairs [ pattern, result ] by free names, for `| map NAME`." },
};
const struct setting_section settings_source = { ROWS(source_rows),
                                                 .bytes = sizeof(struct cpi_source_spec) };

/* ---- who is who ---- */
static const struct setting people_rows[] = {
    { "file", SETTING_TEXT, SETTING_LIVE, AT(struct settings, people_file),
      .doc = "CSV with the columns rep, team, from, until, also. Relative to this file." },
    { "unknown", SETTING_CHOICE, NEW_MEANING, AT(struct settings, spec.people_unknown),
      .range = "unassigned|keep", .fallback = "unassigned",
      .doc = "What a rep becomes that the file does not name." },
};
static const struct setting_section people_section = { ROWS(people_rows) };

static const struct setting customers_rows[] = {
    { "file", SETTING_TEXT, SETTING_LIVE, AT(struct settings, customers_file),
      .doc = "CSV with the columns customer, also. Relative to this file." },
};
static const struct setting_section customers_section = { ROWS(customers_rows) };

static const struct setting report_rows[] = {
    { "on", SETTING_TEXTS, NEW_MEANING, AT(struct settings, spec.report_on), .fallback = "rep team",
      .doc = "Who figures are about, beside the whole organisation: rep, team, a field, or several "
             "joined "
             "with +, such as team+channel." },
};
static const struct setting_section report_section = { ROWS(report_rows) };

/* ---- words and windows ---- */
static const struct setting word_rows[] = {
    { "event", SETTING_TEXTS, SETTING_REQUIRED | NEW_MEANING, AT(struct cpi_word_spec, event),
      .doc = "The event types or words that it narrows." },
    { "where", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_word_spec, where),
      .doc = "Conditions, all of which must hold: \"field = value\", != < <= > >=, or a word." },
    { "where-any", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_word_spec, where_any),
      .doc = "Conditions, one of which must hold." },
};
static const struct setting_section word_section = { ROWS(word_rows),
                                                     .bytes = sizeof(struct cpi_word_spec),
                                                     .name_offset =
                                                         offsetof(struct cpi_word_spec, name) };

static const struct setting window_rows[] = {
    { "length", SETTING_DURATION, SETTING_REQUIRED | NEW_MEANING,
      AT(struct cpi_window_spec, length_ms), .range = "1s..3660d",
      .doc = "How far back it looks; a multiple of `every`." },
    { "every", SETTING_DURATION, SETTING_REQUIRED | NEW_MEANING,
      AT(struct cpi_window_spec, every_ms), .range = "1s..366d",
      .doc = "How often it is read; it divides 24h or is whole days." },
};
static const struct setting_section window_section = { ROWS(window_rows),
                                                       .bytes = sizeof(struct cpi_window_spec),
                                                       .name_offset =
                                                           offsetof(struct cpi_window_spec, name) };

/* ---- indicators ---- */
static const struct setting breaker_rows[] = {
    { "event", SETTING_TEXTS, SETTING_REQUIRED | NEW_MEANING, AT(struct cpi_breaker_spec, event),
      .doc = "Event types or words." },
    { "where", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_breaker_spec, where),
      .doc = "Conditions, all of which must hold." },
    { "where-any", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_breaker_spec, where_any),
      .doc = "Conditions, one of which must hold." },
    { "same", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_breaker_spec, same), .fallback = "case",
      .doc = "What it must share with the start: case or customer, and fields." },
    { "other", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_breaker_spec, other),
      .doc = "What must differ from the start: case, or fields." },
    { "at-least", SETTING_COUNT, NEW_MEANING, AT(struct cpi_breaker_spec, at_least),
      .range = "1..1000", .fallback = "1", .doc = "Only the event with this number decides." },
    { "before", SETTING_SWITCH, NEW_MEANING, AT(struct cpi_breaker_spec, before),
      .fallback = "false", .doc = "It looks at what came before the start instead of after it." },
};
static const struct setting_section breaker_section = { ROWS(breaker_rows),
                                                        .bytes = sizeof(struct cpi_breaker_spec) };

/* An indicator of a configuration has all but the last CATALOGUE_KEYS of these, one of the
 * catalogue all but the first. */
#define CATALOGUE_KEYS 7
static const struct setting indicator_rows[] = {
    { "use", SETTING_NAME, NEW_MEANING, AT(struct cpi_indicator_spec, use),
      .doc = "An indicator of the catalogue (`cpid check --indicators`). Own keys replace its own "
             "one by "
             "one; words and windows that it names come with it unless they are defined here." },
    { "name", SETTING_NAME, SETTING_REQUIRED | NEW_MEANING, AT(struct cpi_indicator_spec, name),
      .doc = "Its name in outputs and alerts." },
    { "title", SETTING_TEXT, 0, AT(struct cpi_indicator_spec, title),
      .doc = "Its name for readers." },
    { "each", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, each),
      .doc = "Counts every such event, a share of them, or an amount." },
    { "after", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, after),
      .doc = "The share of such events that were followed by, or not broken by, something." },
    { "from", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, from),
      .doc = "Elapsed time from such an event `to` another one of its case." },
    { "tally", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, tally),
      .doc = "How many such events a case had `until` another one." },
    { "open", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, open),
      .doc = "How many cases stand open from such an event `until` another one." },
    { "derived", SETTING_TEXT, NEW_MEANING, AT(struct cpi_indicator_spec, derived),
      .doc = "\"a / b\" or \"a - b\" of two indicators with the same windows." },
    { "to", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, to),
      .doc = "The end of `from`." },
    { "until", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, until),
      .doc = "Ends `from`, `tally` or `open`." },
    { "where", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, where),
      .doc = "Conditions for the event to count at all; all must hold." },
    { "where-any", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, where_any),
      .doc = "Conditions for the event to count at all; one must hold." },
    { "good", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, good),
      .doc =
          "Conditions for success (a share); of `after`: without them the start is lost at once." },
    { "bad", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, bad),
      .doc = "Conditions for failure; events that are neither good nor bad do not count." },
    { "of", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, of),
      .doc = "Fields whose sum is the amount of an event." },
    { "pick", SETTING_CHOICE, NEW_MEANING, AT(struct cpi_indicator_spec, pick),
      .range = "first|last|each", .doc = "Which one counts of several in a case." },
    { "followed-by", SETTING_LIST, NEW_MEANING,
      LIST_AT(struct cpi_indicator_spec, followed_by, n_followed_by),
      .at_offset = offsetof(struct cpi_indicator_spec, followed_by_at), .section = &breaker_section,
      .doc = "What makes a start of `after` a success." },
    { "broken-by", SETTING_LIST, NEW_MEANING,
      LIST_AT(struct cpi_indicator_spec, broken_by, n_broken_by),
      .at_offset = offsetof(struct cpi_indicator_spec, broken_by_at), .section = &breaker_section,
      .doc = "What makes a start of `after` a failure." },
    { "within", SETTING_DURATION, NEW_MEANING, AT(struct cpi_indicator_spec, within_ms),
      .range = "1s..3660d", .doc = "How long `after` waits for a verdict." },
    { "count-when", SETTING_CHOICE, NEW_MEANING, AT(struct cpi_indicator_spec, count_when),
      .range = "decided|happened|at-once", .fallback = "decided",
      .doc = "At which time a verdict of `after` counts: when its time is up, when the start "
             "happened, or "
             "as soon as it is known." },
    { "quiet", SETTING_DURATION, NEW_MEANING, AT(struct cpi_indicator_spec, quiet_ms),
      .range = "1s..3660d",
      .doc = "Without any event of `from` for so long, the last end was the last." },
    { "same", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, same),
      .doc = "\"case\": `from`, `tally` and `open` look at one case." },
    { "credit", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, credit),
      .doc = "Whose it is: start, end, breaker, current, first, or the latest event of a type or "
             "word." },
    { "every", SETTING_DURATION, NEW_MEANING, AT(struct cpi_indicator_spec, every_ms),
      .range = "1s..366d", .doc = "How often `open` is read." },
    { "over", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, over), .doc = "Windows." },
    { "show", SETTING_TEXTS, NEW_MEANING, AT(struct cpi_indicator_spec, show),
      .doc = "Figures: count, sum, mean, min, max, p1 to p99, share; of `open` count, age.p90, "
             "age.max. "
             "The first is the value." },
    { "target", SETTING_TEXT, 0, AT(struct cpi_indicator_spec, target),
      .doc = "What is aimed at: \">= 75 %\", \"p90 <= 12m\"." },
    { "compare", SETTING_CHOICE, 0, AT(struct cpi_indicator_spec, compare), .range = "previous",
      .doc = "Adds the value one length earlier and the difference." },
    { "formula", SETTING_TEXT, SETTING_REQUIRED, AT(struct settings_entry, formula),
      .doc = "What is divided by what, in words." },
    { "excluded", SETTING_TEXT, SETTING_REQUIRED, AT(struct settings_entry, excluded),
      .doc = "What does not count." },
    { "needs", SETTING_TEXT, SETTING_REQUIRED, AT(struct settings_entry, needs),
      .doc = "The events and fields that sources must yield." },
    { "source", SETTING_TEXT, SETTING_REQUIRED, AT(struct settings_entry, source),
      .doc = "Where the definition comes from." },
    { "class", SETTING_CHOICE, SETTING_REQUIRED, AT(struct settings_entry, class),
      .range = "effectiveness|efficiency|guard",
      .doc = "Whether it says that customers are served well, that little is spent on it, or that "
             "another figure is not bought at its cost." },
    { "better", SETTING_CHOICE, SETTING_REQUIRED, AT(struct settings_entry, better),
      .range = "up|down|neither", .doc = "The direction that is wanted." },
    { "target-from", SETTING_TEXT, 0, AT(struct settings_entry, target_from),
      .doc = "Where the target comes from; \"ours\" without a source." },
};
const struct setting_section settings_indicator = { .setting = indicator_rows,
                                                    .count =
                                                        COUNT_OF(indicator_rows) - CATALOGUE_KEYS,
                                                    .bytes = sizeof(struct cpi_indicator_spec) };
static const struct setting_section entry_section = { .setting = indicator_rows + 1,
                                                      .count = COUNT_OF(indicator_rows) - 1,
                                                      .bytes = sizeof(struct settings_entry) };
static const struct setting family_rows[] = {
    { "title", SETTING_TEXT, SETTING_REQUIRED, AT(struct settings_family, title),
      .doc = "What the family is about." },
    { "words", SETTING_NAMED, 0, LIST_AT(struct settings_family, word, n_words),
      .section = &word_section, .doc = "Words that its indicators name." },
    { "windows", SETTING_NAMED, 0, LIST_AT(struct settings_family, window, n_windows),
      .section = &window_section, .doc = "Windows that its indicators name." },
    { "indicators", SETTING_LIST, 0, LIST_AT(struct settings_family, entry, n_entries),
      .section = &entry_section, .doc = "Its indicators." },
};
const struct setting_section settings_family = { ROWS(family_rows),
                                                 .bytes = sizeof(struct settings_family) };

/* ---- alerts ---- */
static const struct setting alert_rows[] = {
    { "name", SETTING_NAME, SETTING_REQUIRED, AT(struct cpi_alert_spec, name), .doc = "Its name." },
    { "indicator", SETTING_NAME, SETTING_REQUIRED, AT(struct cpi_alert_spec, indicator),
      .doc = "What it watches." },
    { "over", SETTING_NAME, 0, AT(struct cpi_alert_spec, over),
      .doc = "In which window; needed if the indicator has several." },
    { "on", SETTING_TEXT, SETTING_REQUIRED, AT(struct cpi_alert_spec, on),
      .doc =
          "Whom: org, a dimension of `report` (each of its members), or one member: team:phone." },
    { "when", SETTING_TEXT, 0, AT(struct cpi_alert_spec, when),
      .doc = "The breach: \"< 70 %\", \"p90 > 20m\", or \"misses target\"." },
    { "clear", SETTING_TEXT, 0, AT(struct cpi_alert_spec, clear),
      .doc = "When it is over, on the other side of `when`. Default: not breached." },
    { "sure", SETTING_PERCENT, 0, AT(struct cpi_alert_spec, sure_percent), .range = "80|90|95|99",
      .doc = "The confidence bound must breach, not the value: shares and quantiles." },
    { "min-samples", SETTING_COUNT, 0, AT(struct cpi_alert_spec, min_samples),
      .range = "0..1000000000", .fallback = "0", .doc = "With fewer it does not fire." },
    { "for", SETTING_DURATION, 0, AT(struct cpi_alert_spec, for_ms), .range = "0s..366d",
      .doc = "How long it must stay breached; a multiple of the window's `every`." },
    { "keep-firing-for", SETTING_DURATION, 0, AT(struct cpi_alert_spec, keep_firing_ms),
      .range = "0s..366d", .doc = "How long it goes on firing after it was over." },
    { "no-data", SETTING_DURATION, 0, AT(struct cpi_alert_spec, no_data_ms), .range = "1s..3660d",
      .doc = "Fires when nothing was counted for so long; a multiple of the window's `every`." },
    { "severity", SETTING_TEXT, 0, AT(struct cpi_alert_spec, severity), .fallback = "warning",
      .doc = "A label for those who route alerts." },
    { "runbook", SETTING_TEXT, 0, AT(struct cpi_alert_spec, runbook), .doc = "Where help stands." },
    { "summary", SETTING_TEXT, 0, AT(struct cpi_alert_spec, summary),
      .doc = "One sentence for whoever is called." },
};
static const struct setting_section alert_section = { ROWS(alert_rows),
                                                      .bytes = sizeof(struct cpi_alert_spec) };

/* ---- the daemon ---- */
static const struct setting kafka_rows[] = {
    { "servers", SETTING_TEXT, 0, AT(struct settings, kafka.servers), .fallback = "localhost:9092",
      .doc = "Brokers to start from: host:port, separated by commas." },
    { "user", SETTING_TEXT, 0, AT(struct settings, kafka.user),
      .doc = "Logs in by SASL under this name." },
    { "password-file", SETTING_TEXT, 0, AT(struct settings, kafka.password_file),
      .doc = "Holds the password; looked for in $CREDENTIALS_DIRECTORY, then beside this file." },
    { "mechanism", SETTING_CHOICE, 0, AT(struct settings, kafka.mechanism),
      .range = "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512", .fallback = "SCRAM-SHA-512",
      .doc = "How the password is proved." },
    { "tls", SETTING_SWITCH, 0, AT(struct settings, kafka.tls), .fallback = "false",
      .doc = "Encrypts the connection. A ca-file or certificate-file switches it on." },
    { "ca-file", SETTING_TEXT, 0, AT(struct settings, kafka.ca_file),
      .doc = "PEM; the authorities that brokers are checked against. Default: the system's." },
    { "certificate-file", SETTING_TEXT, 0, AT(struct settings, kafka.certificate_file),
      .doc = "PEM; the client's certificate." },
    { "key-file", SETTING_TEXT, 0, AT(struct settings, kafka.key_file),
      .doc = "PEM; the client's private key." },
    { "key-password-file", SETTING_TEXT, 0, AT(struct settings, kafka.key_password_file),
      .doc = "Holds the password of the key." },
    { "options", SETTING_PAIRS, 0, LIST_AT(struct settings, kafka.option, kafka.n_options),
      .doc = "Settings of librdkafka: ( (\"session.timeout.ms\", \"6000\") ). Those on which "
             "exactness "
             "rests are refused." },
};
static const struct setting_section kafka_section = { ROWS(kafka_rows) };

static const struct setting keep_rows[] = {
    { "windows", SETTING_DURATION, NEW_MEANING, AT(struct settings, spec.keep_windows_ms),
      .range = "1h..3660d", .fallback = "100d",
      .doc = "How far behind the longest window events are still taken, and entities remembered." },
    { "journeys", SETTING_DURATION, NEW_MEANING, AT(struct settings, spec.keep_journeys_ms),
      .range = "1h..3660d", .fallback = "180d",
      .doc = "When a journey without an end is given up, and counted as such." },
};
static const struct setting_section keep_section = { ROWS(keep_rows) };

static const struct setting root_rows[] = {
    { "application", SETTING_NAME, 0, AT(struct settings, spec.application), .fallback = "cpi",
      .doc = "All topics are named from it: cpi gives cpi.indicators, cpi-repartition." },
    { "instance", SETTING_NAME, 0, AT(struct settings, spec.instance), .fallback = "a",
      .doc = "Tells processes of one application apart. `run --instance` beats it." },
    { "generation", SETTING_COUNT, 0, AT(struct settings, spec.generation),
      .range = "1..2000000000", .fallback = "1",
      .doc = "One more when a definition changes its meaning." },
    { "partitions", SETTING_COUNT, 0, AT(struct settings, spec.partitions), .range = "1..1024",
      .fallback = "8", .doc = "Of the repartition topic; fixed when it is created." },
    { "workers", SETTING_COUNT, 0, AT(struct settings, spec.workers), .range = "1..256",
      .fallback = "1", .doc = "Threads of this process." },
    { "memory", SETTING_SIZE, 0, AT(struct settings, spec.memory_bytes), .range = "64MiB..64TiB",
      .fallback = "4GiB", .doc = "At 90 % of it intake pauses." },
    { "kafka", SETTING_GROUP, 0, .section = &kafka_section, .doc = "The connection." },
    { "start", SETTING_TEXT, 0, AT(struct settings, start), .fallback = "earliest",
      .doc = "Where sources are read from at the very first start: earliest, latest, or a date." },
    { "log-level", SETTING_CHOICE, 0, AT(struct settings, log_level),
      .range = "error|warning|info|debug", .fallback = "info", .doc = "What is logged." },
    { "zone", SETTING_TEXT, NEW_MEANING, AT(struct settings, spec.zone), .fallback = "UTC",
      .doc = "What a day is: a name of the zone database such as Europe/Berlin." },
    { "keep", SETTING_GROUP, 0, .section = &keep_section,
      .doc = "How long things are remembered." },
    { "lateness", SETTING_DURATION, NEW_MEANING, AT(struct settings, spec.lateness_ms),
      .range = "0s..3660d", .fallback = "1d",
      .doc = "How long a published figure is still corrected." },
    { "dedup", SETTING_DURATION, NEW_MEANING, AT(struct settings, spec.dedup_ms),
      .range = "1m..366d", .fallback = "1d",
      .doc = "How long ids of events outside journeys are remembered." },
    { "facts", SETTING_SWITCH, 0, AT(struct settings, spec.facts), .fallback = "true",
      .doc = "Publishes every counted thing, for audits and the warehouse." },
    { "alert-refresh", SETTING_DURATION, 0, AT(struct settings, spec.refresh_ms),
      .range = "10s..1h", .fallback = "1m", .doc = "How often a firing alert is sent again." },
    { "event-types", SETTING_TEXTS, NEW_MEANING, AT(struct settings, spec.event_types),
      .doc = "Own event types beside the canonical vocabulary." },
    { "sources", SETTING_LIST, 0, LIST_AT(struct settings, spec.source, spec.n_sources),
      .section = &settings_source, .doc = "Where events come from." },
    { "people", SETTING_GROUP, 0, .section = &people_section, .doc = "Representatives." },
    { "customers", SETTING_GROUP, 0, .section = &customers_section, .doc = "Customers." },
    { "teams", SETTING_PAIRS, NEW_MEANING, LIST_AT(struct settings, team, n_teams),
      .doc = "Pairs ( team, parent )." },
    { "report", SETTING_GROUP, 0, .section = &report_section, .doc = "Who figures are about." },
    { "words", SETTING_NAMED, NEW_MEANING, LIST_AT(struct settings, spec.word, spec.n_words),
      .section = &word_section, .doc = "Own words for narrower events." },
    { "windows", SETTING_NAMED, NEW_MEANING, LIST_AT(struct settings, spec.window, spec.n_windows),
      .section = &window_section, .doc = "Spans of time." },
    { "indicators", SETTING_LIST, NEW_MEANING,
      LIST_AT(struct settings, spec.indicator, spec.n_indicators), .section = &settings_indicator,
      .doc = "What is measured." },
    { "alerts", SETTING_LIST, 0, LIST_AT(struct settings, spec.alert, spec.n_alerts),
      .section = &alert_section, .doc = "When to call somebody." },
};
const struct setting_section settings_root = { ROWS(root_rows), .bytes = sizeof(struct settings) };

const struct setting *setting_find(const struct setting_section *section, const char *key)
{
    for (size_t i = 0; i < section->count; i++)
        if (strcmp(section->setting[i].key, key) == 0)
            return &section->setting[i];
    return NULL;
}

const char *setting_type_name(enum setting_type type)
{
    static const char *const names[] = {
        [SETTING_TEXT] = "a text in double quotes",
        [SETTING_NAME] = "a name in double quotes",
        [SETTING_TEXTS] = "a text or an array of texts",
        [SETTING_VALUE] = "a value: a text or an array of texts",
        [SETTING_COUNT] = "a whole number",
        [SETTING_SWITCH] = "true or false",
        [SETTING_FLAG] = "true or false",
        [SETTING_DURATION] = "a duration such as \"10m\"",
        [SETTING_SIZE] = "a size such as \"4GiB\"",
        [SETTING_PERCENT] = "a percentage such as \"90 %\"",
        [SETTING_CHOICE] = "one of a few texts",
        [SETTING_GROUP] = "a group { ... }",
        [SETTING_LIST] = "a list of groups ( { ... }, { ... } )",
        [SETTING_NAMED] = "a group of named groups { name = { ... }; }",
        [SETTING_FIELDS] = "a group of values { name = \"...\"; }",
        [SETTING_MAPS] = "a group of lists of pairs { name = ( [ \"...\", \"...\" ] ); }",
        [SETTING_PAIRS] = "a list of pairs ( ( \"...\", \"...\" ) )",
    };
    return names[type];
}

static void print_row(struct cpi_buf *buf, const char *prefix, const struct setting *row)
{
    cpi_buf_add_format(buf, "%s%s\n    %s", prefix, row->key, setting_type_name(row->type));
    if (row->range)
        cpi_buf_add_format(buf, "; %s", row->range);
    if (row->flags & SETTING_REQUIRED)
        cpi_buf_add_string(buf, "; required");
    else if (row->fallback)
        cpi_buf_add_format(buf, "; default %s", row->fallback);
    if (row->flags & SETTING_GENERATION)
        cpi_buf_add_string(buf, "; a change alters results");
    else if (row->flags & SETTING_LIVE)
        cpi_buf_add_string(buf, "; a reload takes it");
    cpi_buf_add_format(buf, "\n    %s\n", row->doc);
}

static void print_section(struct cpi_buf *buf, const char *prefix,
                          const struct setting_section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct setting *row = &section->setting[i];
        print_row(buf, prefix, row);
        if (!row->section)
            continue;
        struct cpi_buf inner;
        cpi_buf_init(&inner);
        cpi_buf_add_format(&inner, "%s%s%s", prefix, row->key,
                           row->type == SETTING_LIST    ? ".[]."
                           : row->type == SETTING_NAMED ? ".NAME."
                                                        : ".");
        cpi_buf_add_byte(&inner, 0);
        print_section(buf, (const char *)inner.at, row->section);
        cpi_buf_fini(&inner);
    }
}

void settings_print(struct cpi_buf *buf)
{
    print_section(buf, "", &settings_root);
}
