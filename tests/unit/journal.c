/* A log line as fields of the systemd journal. */
#include "ops/journal.h"
#include "check.h"

static char bytes[JOURNAL_BYTES_MAX];
static struct iovec field[JOURNAL_FIELDS_MAX];
static size_t count;

static void read_line(const char *line)
{
    count = journal_fields(5, line, bytes, field);
}

/* The value of a field; "" if there is none. */
static const char *value(const char *name)
{
    static char text[JOURNAL_BYTES_MAX];
    size_t len = strlen(name);
    for (size_t i = 0; i < count; i++) {
        const char *at = field[i].iov_base;
        if (field[i].iov_len <= len || memcmp(at, name, len) != 0 || at[len] != '=')
            continue;
        memcpy(text, at + len + 1, field[i].iov_len - len - 1);
        text[field[i].iov_len - len - 1] = '\0';
        return text;
    }
    return "";
}

int main(void)
{
    TEST ("a log line is the message, and each of its values a field") {
        read_line("restored worker=0 task=3 rows=17 next_offset=-1");
        CHECK_STR(value("MESSAGE"), "restored worker=0 task=3 rows=17 next_offset=-1");
        CHECK_STR(value("PRIORITY"), "5");
        CHECK_STR(value("SYSLOG_IDENTIFIER"), "cpid");
        CHECK_STR(value("CPID_EVENT"), "restored");
        CHECK_STR(value("CPID_TASK"), "3");
        CHECK_STR(value("CPID_NEXT_OFFSET"), "-1");
        CHECK_STR(value("MESSAGE_ID"), journal_message_id("restored", 8));
        CHECK_INT(count, 9);
    }
    TEST ("a quoted value is read back as it was before it was quoted") {
        read_line("waiting for=\"the group = \\\"cpi\\\"\" error=\"a\\\\b\\x0ac\" since_s=4");
        CHECK_STR(value("CPID_FOR"), "the group = \"cpi\"");
        CHECK_STR(value("CPID_ERROR"), "a\\b\nc");
        CHECK_STR(value("CPID_SINCE_S"), "4");
    }
    TEST ("an event without a catalogue entry has no MESSAGE_ID, and one word is a line") {
        read_line("unheard");
        CHECK_STR(value("CPID_EVENT"), "unheard");
        CHECK_STR(value("MESSAGE_ID"), "");
        CHECK(!journal_message_id("restore", 7));
    }
    TEST ("a line that ends within a quoted value, and one with more values than fields, do no "
          "harm") {
        char line[800] = "many";
        read_line("kafka text=\"broken");
        CHECK_STR(value("CPID_TEXT"), "broken");
        read_line("kafka text=\"broken\\");
        CHECK_STR(value("CPID_EVENT"), "kafka");
        for (int i = 0; i < 90; i++)
            snprintf(line + strlen(line), sizeof line - strlen(line), " k%d=%d", i, i);
        read_line(line);
        CHECK_INT(count, JOURNAL_FIELDS_MAX);
        CHECK_STR(value("MESSAGE"), line);
    }
    TEST ("a line without end keeps its beginning as message") {
        static char line[2 * JOURNAL_BYTES_MAX];
        memset(line, 'x', sizeof line - 1);
        read_line(line);
        CHECK_INT(strlen(value("MESSAGE")), JOURNAL_BYTES_MAX / 2);
    }
    return check_done();
}
