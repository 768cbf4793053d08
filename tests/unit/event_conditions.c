/* J2, J12, J13: what holds of an event, row by row. */
#include <string.h>

#include "check.h"
#include "cpi/event.h"

#define FIELD(f) ((uint16_t)(CPI_MEMBER_FIELD0 + (f)))

/* A condition as the model builds it: numeric if the right side is a number. */
static struct cpi_cond cond_of(uint16_t member, enum cpi_cmp cmp, const char *text)
{
    struct cpi_cond cond = { .cmp = cmp, .member = member, .text = cpi_text_of(text) };
    cond.numeric = cpi_decimal_parse(cond.text, &cond.number);
    return cond;
}

/* Field 0 has the value (NULL = it is not there); does `field 0 cmp right` hold? */
static bool holds(const char *value, enum cpi_cmp cmp, const char *right)
{
    struct cpi_event_field field = { 0, cpi_text_of(value) };
    const struct cpi_event ev = { .field = &field, .n_fields = value ? 1 : 0 };
    struct cpi_cond cond = cond_of(FIELD(0), cmp, right);
    const struct cpi_conds conds = { .all = &cond, .n_all = 1 };
    const struct cpi_wordset none = { { 0 } };
    return cpi_conds_hold(&conds, &ev, &none);
}

static void test_compare(void)
{
    static const struct {
        const char *value, *right;
        bool eq, ne, lt, le, gt, ge;
    } row[] = {
        { "5", "5", true, false, false, true, false, true },
        { "5", "5.0", true, false, false, true, false, true }, /* as numbers, not as text */
        { "5e0", "5", true, false, false, true, false, true },
        { "10", "9", false, true, false, false, true, true },
        { "-1", "0", false, true, true, true, false, false },
        { "0.1", "0.10000000000000001", false, true, true, true, false, false },
        { "9223372036854775807", "9223372036854775806", false, true, false, false, true, true },
        /* text on one side: equal or not, but never above or below a number */
        { "good", "5", false, true, false, false, false, false },
        { "", "5", false, true, false, false, false, false },
        /* both text: byte order, case counts */
        { "a", "b", false, true, true, true, false, false },
        { "A", "a", false, true, true, true, false, false },
        { "good", "good", true, false, false, true, false, true },
        { "10", "abc", false, true, true, true, false, false },
        /* absent equals nothing, so it differs from everything, and is in no order (J2) */
        { NULL, "5", false, true, false, false, false, false },
        { NULL, "good", false, true, false, false, false, false },
    };
    TEST ("J13 numbers compare as numbers, text as text, and absent with nothing") {
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            bool fine = holds(row[i].value, CPI_CMP_EQ, row[i].right) == row[i].eq &&
                        holds(row[i].value, CPI_CMP_NE, row[i].right) == row[i].ne &&
                        holds(row[i].value, CPI_CMP_LT, row[i].right) == row[i].lt &&
                        holds(row[i].value, CPI_CMP_LE, row[i].right) == row[i].le &&
                        holds(row[i].value, CPI_CMP_GT, row[i].right) == row[i].gt &&
                        holds(row[i].value, CPI_CMP_GE, row[i].right) == row[i].ge;
            CHECK(fine);
            if (!fine)
                printf("%s against %s\n", row[i].value ? row[i].value : "(absent)", row[i].right);
        }
    }
}

static void test_members(void)
{
    static const struct cpi_event_field field[] = { { 1, { "x", 1 } }, { 3, { NULL, 0 } } };
    const struct cpi_event ev = { .case_id = CPI_TEXT("c"),
                                  .rep = CPI_TEXT("anna"),
                                  .team = CPI_TEXT("phone\x1fsupport\x1f"
                                                   "all"),
                                  .field = (struct cpi_event_field *)field,
                                  .n_fields = 2 };
    TEST ("a condition on the team is about the innermost one") {
        CHECK_TEXT(cpi_event_member(&ev, CPI_MEMBER_CASE), "c");
        CHECK_TEXT(cpi_event_member(&ev, CPI_MEMBER_REP), "anna");
        CHECK_TEXT(cpi_event_member(&ev, CPI_MEMBER_TEAM), "phone");
        CHECK(!cpi_text_is(cpi_event_member(&ev, CPI_MEMBER_CUSTOMER)));
    }
    TEST ("a field that is null, and one that is not there, are absent") {
        CHECK_TEXT(cpi_event_member(&ev, FIELD(1)), "x");
        CHECK(!cpi_text_is(cpi_event_member(&ev, FIELD(0))));
        CHECK(!cpi_text_is(cpi_event_member(&ev, FIELD(2))));
        CHECK(!cpi_text_is(cpi_event_member(&ev, FIELD(3))));
        CHECK(!cpi_text_is(cpi_event_member(&ev, FIELD(4))));
    }
}

static void test_all_any(void)
{
    struct cpi_event_field field = { 0, CPI_TEXT("5") };
    const struct cpi_event ev = { .field = &field, .n_fields = 1 };
    struct cpi_cond yes = cond_of(FIELD(0), CPI_CMP_EQ, "5"),
                    no = cond_of(FIELD(0), CPI_CMP_EQ, "6");
    const struct cpi_wordset words = { { 4 } };
    TEST ("J13 all of where, any of where-any, and a bare name is a word") {
        struct cpi_cond pair[] = { yes, no }, turned[] = { no, yes }, neither[] = { no, no };
        struct cpi_cond word[] = { { .cmp = CPI_CMP_WORD, .word = 2 },
                                   { .cmp = CPI_CMP_WORD, .word = 3 } };
        CHECK(cpi_conds_hold(&(struct cpi_conds){ NULL, 0, NULL, 0 }, &ev, &words));
        CHECK(!cpi_conds_hold(&(struct cpi_conds){ pair, 2, NULL, 0 }, &ev, &words));
        CHECK(cpi_conds_hold(&(struct cpi_conds){ NULL, 0, pair, 2 }, &ev, &words));
        CHECK(cpi_conds_hold(&(struct cpi_conds){ NULL, 0, turned, 2 }, &ev, &words));
        CHECK(!cpi_conds_hold(&(struct cpi_conds){ NULL, 0, neither, 2 }, &ev, &words));
        CHECK(cpi_conds_hold(&(struct cpi_conds){ &yes, 1, turned, 2 }, &ev, &words));
        CHECK(!cpi_conds_hold(&(struct cpi_conds){ &no, 1, turned, 2 }, &ev, &words));
        CHECK(cpi_conds_hold(&(struct cpi_conds){ &word[0], 1, NULL, 0 }, &ev, &words));
        CHECK(!cpi_conds_hold(&(struct cpi_conds){ &word[1], 1, NULL, 0 }, &ev, &words));
        CHECK(cpi_conds_hold(&(struct cpi_conds){ NULL, 0, word, 2 }, &ev, &words));
    }
}

static void test_words(void)
{
    /* types 0 and 1; word 2: type 0 with field 0 > 3; word 3: word 2 or type 1, with field 0 < 9 */
    struct cpi_cond above = cond_of(FIELD(0), CPI_CMP_GT, "3"),
                    below = cond_of(FIELD(0), CPI_CMP_LT, "9");
    struct cpi_word word[4] = {
        { .types = { { 1 } } },
        { .types = { { 2 } } },
        { .base = { { 1 } }, .types = { { 1 } }, .conds = { &above, 1, NULL, 0 } },
        { .base = { { 4 | 2 } }, .types = { { 3 } }, .conds = { &below, 1, NULL, 0 } },
    };
    const struct cpi_model model = { .word = word, .n_words = 4, .n_types = 2 };
    static const struct {
        uint16_t type;
        const char *value;
        uint64_t words;
    } row[] = { { 0, "5", 1 | 4 | 8 }, { 0, "2", 1 },     { 0, "10", 1 | 4 },
                { 1, "5", 2 | 8 },     { 1, "2", 2 | 8 }, { 1, "10", 2 } };
    TEST ("a word refines types and other words, and holds where all of its conditions do") {
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            struct cpi_event_field field = { 0, cpi_text_of(row[i].value) };
            const struct cpi_event ev = { .type = row[i].type, .field = &field, .n_fields = 1 };
            CHECK_INT(cpi_event_words(&ev, &model).bits[0], row[i].words);
        }
    }
}

static void test_amount(void)
{
    struct cpi_indicator ind = { .of = { FIELD(0), FIELD(1) }, .n_of = 2, .scale = 2 };
    static const struct {
        const char *first, *second;
        bool is;
        int64_t amount;
    } row[] = {
        { "1.25", "2", true, 325 },
        { "1.25", NULL, true, 125 }, /* absent counts 0 if the other is there */
        { NULL, "-2", true, -200 },
        { NULL, NULL, false, 0 },
        { "1.255", "1", false, 0 }, /* more decimals than are kept */
        { "abc", "1", false, 0 },
        { "92233720368547758.07", "0", true, INT64_MAX },
        { "92233720368547758.07", "0.01", false, 0 }, /* does not fit: no amount, not a wrong one */
        { "92233720368547758.08", NULL, false, 0 },
    };
    TEST ("J12 an amount is the exact sum of what is there, or none") {
        for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
            struct cpi_event_field field[2];
            struct cpi_event ev = { .field = field };
            int64_t amount = 0;
            if (row[i].first)
                field[ev.n_fields++] = (struct cpi_event_field){ 0, cpi_text_of(row[i].first) };
            if (row[i].second)
                field[ev.n_fields++] = (struct cpi_event_field){ 1, cpi_text_of(row[i].second) };
            CHECK_INT(cpi_event_amount(&ev, &ind, &amount), row[i].is);
            if (row[i].is)
                CHECK_INT(amount, row[i].amount);
        }
    }
}

int main(void)
{
    test_compare();
    test_members();
    test_all_any();
    test_words();
    test_amount();
    return check_done();
}
