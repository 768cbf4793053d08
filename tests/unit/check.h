/* What a unit test needs, and no more. A test is one program:
 *
 *     int main(void)
 *     {
 *         TEST("J3 pick last replaces the undecided start") {
 *             CHECK_INT(count, 2);
 *         }
 *         return check_done();
 *     }
 *
 * A failed check is printed with its values and fails the test, which goes on. CHECK_ONLY=text in
 * the environment runs only the tests whose sentence contains the text. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *sentence;
    bool failed;
    int passed_count, failed_count;
} check_;

__attribute__((unused)) static bool check_begin_(const char *sentence)
{
    const char *only = getenv("CHECK_ONLY");
    check_.sentence = sentence;
    check_.failed = false;
    return !only || strstr(sentence, only);
}

__attribute__((unused)) static bool check_end_(void)
{
    printf("%s  %s\n", check_.failed ? "FAIL" : "ok  ", check_.sentence);
    fflush(stdout);
    check_.failed ? check_.failed_count++ : check_.passed_count++;
    return false;
}

__attribute__((unused)) static void check_that_(bool holds, const char *file, int line,
                                                const char *what)
{
    if (holds)
        return;
    check_.failed = true;
    printf("%s:%d: does not hold: %s\n", file, line, what);
}

__attribute__((unused)) static void check_int_(long long got, long long want, const char *file,
                                               int line, const char *what)
{
    if (got == want)
        return;
    check_.failed = true;
    printf("%s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
}

__attribute__((unused)) static void check_bytes_(const char *got, size_t got_bytes,
                                                 const char *want, const char *file, int line,
                                                 const char *what)
{
    if (got && want ? got_bytes == strlen(want) && !memcmp(got, want, got_bytes) : got == want)
        return;
    check_.failed = true;
    printf("%s:%d: %s is not as expected\n   got: %.*s\n  want: %s\n", file, line, what,
           got ? (int)got_bytes : 6, got ? got : "(null)", want ? want : "(null)");
}

__attribute__((unused)) static void check_str_(const char *got, const char *want, const char *file,
                                               int line, const char *what)
{
    check_bytes_(got, got ? strlen(got) : 0, want, file, line, what);
}

/* Prints the count; 0 if all went well and at least one test ran. */
__attribute__((unused)) static int check_done(void)
{
    printf("%d passed, %d failed\n", check_.passed_count, check_.failed_count);
    return check_.failed_count || !check_.passed_count;
}

/* Ends the program: what it needs is not there. ctest counts it as skipped. */
__attribute__((unused, noreturn)) static void check_skip(const char *why)
{
    printf("SKIP: %s\n", why);
    fflush(stdout);
    _Exit(77);
}

#define TEST(sentence)                                                                             \
    for (bool test_on_ = check_begin_(sentence); test_on_; test_on_ = check_end_())
#define CHECK(condition) check_that_(!!(condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, want)                                                                       \
    check_int_((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
#define CHECK_STR(got, want) check_str_((got), (want), __FILE__, __LINE__, #got)
/* For anything with members `at` and `len`. */
#define CHECK_TEXT(got, want)                                                                      \
    check_bytes_((const char *)(got).at, (got).len, (want), __FILE__, __LINE__, #got)

#endif
