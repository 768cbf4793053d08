/* A changelog from its first row to its true end. */
#include <errno.h>

#include "kafka.h"

int restore_begin(struct port *port, uint32_t q)
{
    struct client *c = (struct client *)port;
    if (!client_effect(c, "changelog"))
        return -EINTR;
    c->row_task = q;
    c->row_at = c->k->rows[q].begin;
    c->row_end = (int64_t)c->k->rows[q].count; /* seen without isolation */
    c->row_cut = -1;
    if (c->row_at < c->row_end && happens(c->k, FAULT_RESTORE_CUT))
        c->row_cut = c->row_at + (int64_t)(roll(&c->k->dice) % (uint64_t)(c->row_end - c->row_at));
    return 0;
}

int restore_next(struct port *port, struct cpi_text *ret_key, struct cpi_text *ret_value)
{
    struct client *c = (struct client *)port;
    const struct kafka_part *part = &c->k->rows[c->row_task];
    while (c->row_at < c->row_end) {
        if (c->row_at % 16 == 0 && !client_effect(c, "changelog"))
            return -EINTR;
        if (c->row_at == c->row_cut)
            return -EIO; /* the cleaner took what was to be read */
        if (c->row_at >= part_stable(part) || part_is_away(c->k, part)) {
            if (!client_wait(c, "the rest of the changelog"))
                return -EINTR;
            continue;
        }
        if (!part_shows(part, c->row_at++))
            continue;
        const struct kafka_record *r = &part->record[c->row_at - 1];
        *ret_key = (struct cpi_text){ r->key, r->key_len };
        *ret_value = (struct cpi_text){ r->value, r->value_len };
        c->k->restore_rows++;
        return 1;
    }
    return c->dead ? -EINTR : 0;
}

void restore_end(struct port *port)
{
    (void)port;
}
