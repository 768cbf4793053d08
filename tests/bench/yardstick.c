#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include <cpi/alloc.h>

#include "bench.h"

enum member { ID, TYPE, TIME, CASE, CUSTOMER, REP, TEAM, HANDLE, VALUE, CSAT, MEMBERS, NOT_WANTED };

struct bench_loop {
    yajl_handle handle;
    unsigned depth;
    enum member next;
    struct cpi_text value[MEMBERS];
    unsigned documents;
};

static int take(struct bench_loop *loop, const void *at, size_t len)
{
    if (loop->next != NOT_WANTED)
        loop->value[loop->next] = (struct cpi_text){ at, (uint32_t)len };
    loop->next = NOT_WANTED;
    return 1;
}

static int on_null(void *ctx)
{
    struct bench_loop *loop = ctx;
    loop->next = NOT_WANTED;
    return 1;
}

static int on_boolean(void *ctx, int value)
{
    return take(ctx, value ? "true" : "false", value ? 4 : 5);
}

static int on_number(void *ctx, const char *at, size_t len)
{
    return take(ctx, at, len);
}

static int on_string(void *ctx, const unsigned char *at, size_t len)
{
    return take(ctx, at, len);
}

static int on_start(void *ctx)
{
    struct bench_loop *loop = ctx;
    loop->depth++;
    loop->next = NOT_WANTED;
    return 1;
}

static int on_end(void *ctx)
{
    struct bench_loop *loop = ctx;
    loop->documents += --loop->depth == 0;
    return 1;
}

static enum member among(const unsigned char *at, size_t len, const char *name, enum member member)
{
    return memcmp(at, name, len) == 0 ? member : NOT_WANTED;
}

static enum member find(const unsigned char *at, size_t len)
{
    switch (len) {
    case 2:
        return at[0] == 'i' ? among(at, len, "id", ID) : among(at, len, "ts", TIME);
    case 3:
        return among(at, len, "rep", REP);
    case 4:
        if (at[0] == 'c')
            return at[1] == 'a' ? among(at, len, "case", CASE) : among(at, len, "csat", CSAT);
        return at[1] == 'y' ? among(at, len, "type", TYPE) : among(at, len, "team", TEAM);
    case 8:
        return among(at, len, "customer", CUSTOMER);
    case 9:
        return among(at, len, "handle_ms", HANDLE);
    case 11:
        return among(at, len, "value_added", VALUE);
    default:
        return NOT_WANTED;
    }
}

static int on_key(void *ctx, const unsigned char *at, size_t len)
{
    struct bench_loop *loop = ctx;
    if (loop->depth == 1)
        loop->next = find(at, len);
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start,
    .yajl_end_array = on_end,
};

struct bench_loop *bench_loop_new(void)
{
    struct bench_loop *loop = cpi_xcalloc(1, sizeof *loop);
    loop->next = NOT_WANTED;
    loop->handle = yajl_alloc(&callbacks, NULL, loop);
    yajl_config(loop->handle, yajl_allow_multiple_values, 1);
    return loop;
}

void bench_loop_free(struct bench_loop *loop)
{
    yajl_free(loop->handle);
    free(loop);
}

unsigned bench_loop_take(struct bench_loop *loop, const void *bytes, size_t len)
{
    unsigned taken = 0;
    memset(loop->value, 0, sizeof loop->value);
    loop->documents = 0;
    if (yajl_parse(loop->handle, bytes, len) != yajl_status_ok ||
        yajl_complete_parse(loop->handle) != yajl_status_ok || loop->documents != 1 ||
        loop->depth) {
        fprintf(stderr, "this is not JSON: %.*s\n", (int)len, (const char *)bytes);
        exit(65);
    }
    for (int m = 0; m < MEMBERS; m++)
        taken += loop->value[m].at != NULL;
    return taken;
}

uint64_t bench_yajl(const struct bench_input *input)
{
    struct bench_loop *loop = bench_loop_new();
    uint64_t taken = 0;
    for (size_t i = 0; i < input->count; i++)
        taken += bench_loop_take(loop, input->line[i].at, input->line[i].len);
    bench_loop_free(loop);
    return taken;
}
