/* Of the rows of a changelog the last of each key counts. */
#include <stdlib.h>

#include "check.h"
#include "worker/latest.h"

#define KEYS 50

static int number_of(struct cpi_text t)
{
    char text[16];
    snprintf(text, sizeof text, "%.*s", CPI_TEXT_ARG(t));
    return atoi(text);
}

static void test_sift(void)
{
    TEST ("the last row of each key stands, in the order in which they were written") {
        struct latest l;
        int said[KEYS], last = -1;
        size_t want = 0;
        unsigned dice = 1;
        latest_init(&l);
        for (int round = 0; round < 3; round++) {
            memset(said, -1, sizeof said);
            for (int i = 0; i < 400; i++) {
                char key[16], value[16];
                dice = dice * 1103515245u + 12345u;
                unsigned k = (dice >> 8) % KEYS;
                snprintf(key, sizeof key, "k%u", k);
                snprintf(value, sizeof value, "%d", i);
                said[k] = i;
                /* every third says that its key is gone, every seventh nothing at all */
                latest_put(&l, cpi_text_of(key),
                           i % 3 == 0   ? CPI_ABSENT
                           : i % 7 == 0 ? CPI_TEXT("")
                                        : cpi_text_of(value));
            }
            want = 0;
            for (int k = 0; k < KEYS; k++)
                want += said[k] >= 0;
            CHECK_INT(latest_sift(&l), want);
            last = -1;
            for (size_t i = 0; i < want; i++) {
                struct cpi_text key, value;
                latest_at(&l, i, &key, &value);
                int at = said[number_of(cpi_text_part(key, 1, key.len))];
                CHECK(at > last);
                CHECK_INT(value.at == NULL, at % 3 == 0);
                if (at % 3 != 0 && at % 7 != 0)
                    CHECK_INT(number_of(value), at);
                else
                    CHECK_INT(value.len, 0);
                last = at;
            }
            latest_reset(&l);
            CHECK_INT(latest_sift(&l), 0);
        }
        latest_fini(&l);
    }
    TEST ("rows are applied before they need more than some tens of megabytes") {
        struct latest l;
        static char large[1 << 20];
        size_t count = 0;
        latest_init(&l);
        for (; !latest_is_full(&l) && count < 100; count++) {
            char key[16];
            snprintf(key, sizeof key, "k%zu", count);
            latest_put(&l, cpi_text_of(key), (struct cpi_text){ large, sizeof large });
        }
        CHECK_INT(count, 32);
        CHECK_INT(latest_sift(&l), count);
        latest_fini(&l);
    }
}

int main(void)
{
    test_sift();
    return check_done();
}
