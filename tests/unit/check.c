/* The checks themselves: a check that cannot fail would make every other test worthless. */
#include "check.h"

#include <stddef.h>

struct text {
    const char *at;
    size_t len;
};

/* Runs `ret` = whether the check failed, without failing this test. */
#define FAILS(check)                                                                               \
    __extension__({                                                                                \
        bool before_ = check_.failed;                                                              \
        check_.failed = false;                                                                     \
        check;                                                                                     \
        bool failed_ = check_.failed;                                                              \
        check_.failed = before_;                                                                   \
        failed_;                                                                                   \
    })

int main(void)
{
    TEST ("a condition that does not hold fails its test") {
        CHECK(FAILS(CHECK(1 == 2)));
        CHECK(!FAILS(CHECK(1 == 1)));
    }
    TEST ("numbers are compared as 64-bit values") {
        CHECK(FAILS(CHECK_INT(1LL << 32, 0)));
        CHECK(!FAILS(CHECK_INT(-1, -1)));
    }
    TEST ("texts are compared with their length, and nothing is not empty") {
        struct text text = { "abc", 2 };
        CHECK(FAILS(CHECK_STR("a", "b")));
        CHECK(FAILS(CHECK_STR(NULL, "")));
        CHECK(!FAILS(CHECK_STR("a", "a")));
        CHECK(FAILS(CHECK_TEXT(text, "abc")));
        CHECK(!FAILS(CHECK_TEXT(text, "ab")));
    }
    return check_done();
}
