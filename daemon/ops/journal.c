#include "ops/journal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

/* Any 128 random bits will do (sd_id128_randomize(3)), but they must never change. */
static const struct message {
    const char *event, *id;
} messages[] = {
    { "ahead", "d41faa6e071356a28ea2d26436ccf029" },
    { "assigned", "10689c8d03c6460ba2d358f3ee7a990b" },
    { "bad_frame", "4ce3679083b540e3a5dac9ab2cb6448c" },
    { "connection", "10e80f0c4b484109afff08eed872f0ca" },
    { "frame_unreadable", "ff84275f7ee34523951dbee87c6e6c77" },
    { "frames_lost", "9c08a8ac64a64c7ca7f538482127632f" },
    { "intake_paused", "d8465e19d0ce42ccab5f748b0157d27f" },
    { "intake_resumed", "d35d4282f8c64891aa8ef2e51fb5834b" },
    { "joined", "9d4e2882aac34861a07890d7a3359d41" },
    { "kafka", "19620a767a2949fda1756551309600e2" },
    { "kafka_settings", "bbd05c03b305440aa2db3a44cacfa125" },
    { "left", "ba8fdb3e8f564afba63c5f4310aea35d" },
    { "memory_eased", "3612192603e4de8d25b5152912a073a9" },
    { "memory_tight", "6ec90acff4ee3595e0ba9404df4fe193" },
    { "metadata_unreadable", "962129523e2e42fea106bf7ee391aba6" },
    { "records_lost", "89bd711bf9da4fdfa943a90d571c1c65" },
    { "refused", "b72ddf4cae7ca0b07f5fffe61eeed7e1" },
    { "reload_failed", "c4b8b8ba53d1413aa85a7d234400a2c0" },
    { "reloaded", "01a187954af947b6a60b346df01254eb" },
    { "restore_failed", "2c39f21152f14457a559d72b33a7ea6a" },
    { "restored", "93f9eecabd6347fdaf915b15c90651d7" },
    { "resumed", "cbeffdc0e19346f0a1f19a87aa647444" },
    { "revoked", "b67444aa965a4187a2e29d57994b9521" },
    { "source", "c65d789a66664b7caaf168ce20ad5795" },
    { "start", "fc77b8f4789a401aa46660c0898e830b" },
    { "state_mismatch", "114d484e08f643efa03b02a4a21b009a" },
    { "stopped", "3afec0dc96a041c7a0d6688176094440" },
    { "stopping", "6e629ad0e8504f3ba2d0f7b73d88b2ba" },
    { "superseded", "d8365b24a7054691ae0f650715c00c4b" },
    { "taken", "b4a444d4e87a4486ac4c1c8dad410ed6" },
    { "tasks", "9f0574bf734c4f17afcda787734c63ec" },
    { "too_large", "72b8a03f65e64463a0e3c38e12047ab7" },
    { "transaction_found", "08b780f7c07f43d8a19866f3490c4ea1" },
    { "trouble", "9f652ef7aaa84158af33f1571c6cee14" },
    { "waiting", "84b6df5d3d454b2dadb9f83c8e821fb9" },
};
#define MESSAGES (sizeof messages / sizeof *messages)

const char *journal_message_id(const char *event, size_t len)
{
    for (size_t i = 0; i < MESSAGES; i++)
        if (strlen(messages[i].event) == len && memcmp(messages[i].event, event, len) == 0)
            return messages[i].id;
    return NULL;
}

bool journal_is_stderr(void)
{
    static int known = -1;
    if (known < 0) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;
        known = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
                fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
    }
    return known;
}

/* ---- a line as fields ---- */

struct entry {
    char *at, *end; /* what is free of the bytes */
    struct iovec *field;
    size_t count;
};

static void entry_add(struct entry *e, const char *prefix, const char *name, size_t name_len,
                      const char *value, size_t value_len)
{
    size_t len = strlen(prefix) + name_len + 1 + value_len;
    if (e->count == JOURNAL_FIELDS_MAX || (size_t)(e->end - e->at) < len)
        return;
    char *at = stpcpy(e->at, prefix);
    for (size_t i = 0; i < name_len; i++)
        *at++ = isalnum((unsigned char)name[i]) ? (char)toupper((unsigned char)name[i]) : '_';
    *at++ = '=';
    memcpy(at, value, value_len);
    e->field[e->count++] = (struct iovec){ e->at, len };
    e->at += len;
}

/* Undoes log_quote; returns what follows the value. */
static const char *value_read(const char *line, char *ret, size_t *ret_len)
{
    size_t len = 0;
    unsigned byte;
    if (*line != '"') {
        len = strcspn(line, " ");
        memcpy(ret, line, len);
        *ret_len = len;
        return line + len;
    }
    for (line++; *line && *line != '"'; line++) {
        if (line[0] == '\\' && line[1] == 'x' && sscanf(line + 2, "%2x", &byte) == 1) {
            ret[len++] = (char)byte;
            line += 3;
        } else {
            line += line[0] == '\\' && line[1];
            ret[len++] = *line;
        }
    }
    *ret_len = len;
    return *line ? line + 1 : line;
}

size_t journal_fields(int priority, const char *line, char *bytes,
                      struct iovec ret[JOURNAL_FIELDS_MAX])
{
    struct entry e = { bytes, bytes + JOURNAL_BYTES_MAX, ret, 0 };
    char digit = (char)('0' + priority), value[JOURNAL_BYTES_MAX];
    size_t event_len = strcspn(line, " "), len = strlen(line), value_len;
    entry_add(&e, "MESSAGE", "", 0, line,
              len < JOURNAL_BYTES_MAX / 2 ? len : JOURNAL_BYTES_MAX / 2);
    entry_add(&e, "PRIORITY", "", 0, &digit, 1);
    entry_add(&e, "SYSLOG_IDENTIFIER", "", 0, "cpid", 4);
    entry_add(&e, "CPID_EVENT", "", 0, line, event_len);
    const char *id = journal_message_id(line, event_len);
    if (id)
        entry_add(&e, "MESSAGE_ID", "", 0, id, strlen(id));
    for (const char *at = line + event_len; *at == ' ';) {
        const char *name = at + 1, *equals = name + strcspn(name, "= ");
        if (*equals != '=' || len >= JOURNAL_BYTES_MAX)
            break;
        at = value_read(equals + 1, value, &value_len);
        entry_add(&e, "CPID_", name, (size_t)(equals - name), value, value_len);
    }
    return e.count;
}

bool journal_send(int priority, const char *line)
{
    char bytes[JOURNAL_BYTES_MAX];
    struct iovec field[JOURNAL_FIELDS_MAX];
    size_t count = journal_fields(priority, line, bytes, field);
    return sd_journal_sendv(field, (int)count) == 0;
}
