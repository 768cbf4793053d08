#include "replay/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cpi/alloc.h>
#include <cpi/buf.h>
#include <cpi/json.h>

int output_open(struct output *output, const char *folder, bool facts)
{
    *output = (struct output){ .folder = cpi_xstrdup(folder) };
    if (mkdir(folder, 0777) && errno != EEXIST)
        return -errno;
    for (int t = 0; t < CPI_TOPICS; t++) {
        struct cpi_buf path;
        if (t == CPI_TOPIC_FACTS && !facts)
            continue;
        cpi_buf_init(&path);
        cpi_buf_add_format(&path, "%s/%s.ndjson", folder, cpi_topic_name((enum cpi_topic)t));
        cpi_buf_add_byte(&path, '\0');
        output->file[t] = fopen((const char *)path.at, "we");
        int err = output->file[t] ? 0 : -errno;
        cpi_buf_fini(&path);
        if (err)
            return err;
    }
    return 0;
}

/* Headers as members; the record as a string, or in hexadecimal digits where it is no UTF-8. */
static void add_dead_letter(struct cpi_buf *buf, const struct cpi_output *out)
{
    cpi_buf_add_byte(buf, '{');
    for (size_t h = 0; h < out->n_headers; h++)
        cpi_json_add_member(buf, out->header[h].name, out->header[h].value);
    if (cpi_text_is(out->key) && cpi_text_is_utf8(out->key))
        cpi_json_add_member(buf, "key", out->key);
    if (cpi_text_is_utf8(out->value)) {
        cpi_json_add_member(buf, "value", out->value);
    } else {
        cpi_json_add_name(buf, "value_hex");
        cpi_buf_add_byte(buf, '"');
        for (uint32_t i = 0; i < out->value.len; i++)
            cpi_buf_add_format(buf, "%02x", (unsigned char)out->value.at[i]);
        cpi_buf_add_byte(buf, '"');
    }
    cpi_buf_add_byte(buf, '}');
}

int output_write(struct output *output, const struct cpi_outbox *box)
{
    size_t count;
    const struct cpi_output *out = cpi_outbox_outputs(box, &count);
    struct cpi_buf line;
    cpi_buf_init(&line);
    for (size_t i = 0; i < count; i++) {
        FILE *file = output->file[out[i].topic];
        struct cpi_text text = out[i].value;
        if (!file || !cpi_text_is(text))
            continue;
        if (out[i].topic == CPI_TOPIC_DEAD_LETTERS) {
            cpi_buf_reset(&line);
            add_dead_letter(&line, &out[i]);
            text = cpi_buf_text(&line);
        }
        fwrite_unlocked(text.at, 1, text.len, file);
        putc_unlocked('\n', file);
        output->lines[out[i].topic]++;
    }
    cpi_buf_fini(&line);
    for (int t = 0; t < CPI_TOPICS; t++)
        if (output->file[t] && ferror(output->file[t]))
            return -EIO;
    return 0;
}

int output_close(struct output *output)
{
    int err = 0;
    for (int t = 0; t < CPI_TOPICS; t++)
        if (output->file[t] && fclose(output->file[t]))
            err = -errno;
    free(output->folder);
    *output = (struct output){ 0 };
    return err;
}
