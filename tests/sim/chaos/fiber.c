#include "fiber.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cpi/alloc.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

#define STACK_BYTES (1u << 20)
#define STACKS_KEPT 16

struct fiber {
    ucontext_t own, back;
    void *stack;
    void (*course)(void *arg);
    void *arg;
    bool ended;
#ifdef __SANITIZE_ADDRESS__
    void *fake, *back_fake;
    const void *back_stack;
    size_t back_bytes;
#endif
#ifdef __SANITIZE_THREAD__
    void *thread, *back_thread;
#endif
};

static struct fiber *running;
static void *kept[STACKS_KEPT];
static unsigned n_kept;

static void *stack_take(void)
{
    if (n_kept > 0)
        return kept[--n_kept];
    void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    assert(stack != MAP_FAILED);
    return stack;
}

static void stack_give(void *stack)
{
    if (n_kept < STACKS_KEPT)
        kept[n_kept++] = stack;
    else
        munmap(stack, STACK_BYTES);
}

/* The sanitizers are told of each change of stacks, or they take it for an overflow. */
static void enter(struct fiber *f)
{
    (void)f;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&f->back_fake, f->stack, STACK_BYTES);
#endif
#ifdef __SANITIZE_THREAD__
    f->back_thread = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(f->thread, 0);
#endif
}

static void entered(struct fiber *f)
{
    (void)f;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(f->fake, &f->back_stack, &f->back_bytes);
#endif
}

static void leave(struct fiber *f)
{
    (void)f;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(f->ended ? NULL : &f->fake, f->back_stack, f->back_bytes);
#endif
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(f->back_thread, 0);
#endif
}

static void left(struct fiber *f)
{
    (void)f;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(f->back_fake, NULL, NULL);
#endif
}

static void begin(void)
{
    struct fiber *f = running;
    entered(f);
    f->course(f->arg);
    f->ended = true;
    leave(f);
    setcontext(&f->back);
}

struct fiber *fiber_new(void (*course)(void *arg), void *arg)
{
    struct fiber *f = cpi_xcalloc(1, sizeof *f);
    f->stack = stack_take();
    f->course = course;
    f->arg = arg;
    getcontext(&f->own);
    f->own.uc_stack.ss_sp = f->stack;
    f->own.uc_stack.ss_size = STACK_BYTES;
    makecontext(&f->own, begin, 0);
#ifdef __SANITIZE_THREAD__
    f->thread = __tsan_create_fiber(0);
#endif
    return f;
}

void fiber_free(struct fiber *f)
{
    if (!f)
        return;
    assert(f->ended);
#ifdef __SANITIZE_THREAD__
    __tsan_destroy_fiber(f->thread);
#endif
    stack_give(f->stack);
    free(f);
}

bool fiber_resume(struct fiber *f)
{
    assert(!running && !f->ended);
    running = f;
    enter(f);
    swapcontext(&f->back, &f->own);
    left(f);
    running = NULL;
    return !f->ended;
}

void fiber_yield(void)
{
    struct fiber *f = running;
    assert(f);
    leave(f);
    swapcontext(&f->own, &f->back);
    entered(f);
}
