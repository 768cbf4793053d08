/* Log lines as entries of the systemd journal: each `key=value` of a line becomes a field of its
 * own, CPID_KEY, so that `journalctl CPID_EVENT=waiting CPID_WORKER=0` finds it, and each event has
 * a MESSAGE_ID, under which systemd/cpid.catalog says what it means and what to do (journalctl -x).
 *
 * thread: any. */
#ifndef OPS_JOURNAL_H
#define OPS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* Whether stderr goes to the journal: its device and inode are those that systemd announces in
 * $JOURNAL_STREAM (sd_journal_stream_fd(3)). Read once, at the first call. */
bool journal_is_stderr(void);
/* `line`: "event key=value ...", as log_line writes it, without an end of line. False if the
 * journal did not take it. */
bool journal_send(int priority, const char *line);

#define JOURNAL_FIELDS_MAX 40
#define JOURNAL_BYTES_MAX 16384
/* The fields of such an entry, "NAME=value", in `bytes` (JOURNAL_BYTES_MAX of them); what does not
 * fit is left out, but never MESSAGE. Returns their number. */
size_t journal_fields(int priority, const char *line, char *bytes,
                      struct iovec ret[JOURNAL_FIELDS_MAX]);
/* The MESSAGE_ID of an event, 32 hex digits; NULL = it has none. */
const char *journal_message_id(const char *event, size_t len);

#endif
