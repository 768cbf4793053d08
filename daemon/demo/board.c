#include "demo/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows and columns are numbered through the blocks. */
struct block {
    const char *title;
    size_t n_rows, n_columns;
    const char *row[BOARD_ROWS]; /* ids; those with a blank before them are reps */
    const char *column[BOARD_COLUMNS], *head[BOARD_COLUMNS];
};
static const struct block blocks[] = {
    { "SUPPORT",
      9,
      4,
      { "support", "phone", " anna", " ben", " carla", "mail", " dora", " emil", " finn" },
      { "fcr", "csat", "handling", "backlog" },
      { "solved first time", "satisfied", "handling time p90", "open cases" } },
    { "SALES",
      3,
      2,
      { "north", " gina", " hugo" },
      { "quote_time", "value_calls" },
      { "final quote p50", "calls of value" } },
};
#define BLOCKS (sizeof blocks / sizeof *blocks)

#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

static bool locale_is_utf8(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8");
    }
    return false;
}

void board_init(struct board *board)
{
    *board = (struct board){ .utf8 = locale_is_utf8() };
}

static bool row_find(const char *id, size_t *ret)
{
    size_t row = 0;
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t i = 0; i < blocks[b].n_rows; i++, row++)
            if (strcmp(blocks[b].row[i] + (blocks[b].row[i][0] == ' '), id) == 0) {
                *ret = row;
                return true;
            }
    return false;
}

static bool column_find(const char *indicator, size_t *ret)
{
    size_t column = 0;
    for (size_t b = 0; b < BLOCKS; b++)
        for (size_t i = 0; i < blocks[b].n_columns; i++, column++)
            if (strcmp(blocks[b].column[i], indicator) == 0) {
                *ret = column;
                return true;
            }
    return false;
}

void board_update(struct board *board, const struct output_update *update)
{
    size_t row, column;
    board->updates++;
    if (!row_find(update->id, &row) || !column_find(update->indicator, &column))
        return;
    struct board_cell *cell = &board->cell[row][column];
    double delta = atof(update->delta);
    output_value_text(update->value, update->unit, cell->value, sizeof cell->value);
    snprintf(cell->n, sizeof cell->n, "%s", update->n);
    snprintf(cell->pending, sizeof cell->pending, "%s", update->pending);
    cell->trend = delta > 0 ? 1 : delta < 0 ? -1 : 0;
    cell->met = update->met;
    if (!update->target[0])
        return;
    char bound[24], op[8] = "";
    sscanf(update->target, "%7s %23s", op, bound);
    output_value_text(bound, update->unit, board->target[column] + 3,
                      sizeof board->target[column] - 3);
    memcpy(board->target[column], op, 2);
    board->target[column][2] = ' ';
}

static bool is_said(struct board *board, const struct output_alert *alert)
{
    char who[72], all[128];
    int len = snprintf(who, sizeof who, "%s %s ", alert->name, alert->entity);
    snprintf(all, sizeof all, "%s%s %s", who, alert->status, alert->starts);
    for (size_t i = 0; i < BOARD_ALERTS; i++) {
        char *said = board->said[i];
        if (strcmp(said, all) == 0)
            return true;
        if (*said && strncmp(said, who, (size_t)len) != 0)
            continue;
        memcpy(said, all, sizeof all);
        return false;
    }
    return false;
}

bool board_alert(struct board *board, const struct output_alert *alert)
{
    bool firing = strcmp(alert->status, "firing") == 0;
    if (is_said(board, alert)) {
        board->refreshes++;
        return false;
    }
    board->alerts++;
    if (board->n_news == BOARD_NEWS) {
        memmove(board->news, board->news + 1, sizeof *board->news * (BOARD_NEWS - 1));
        memmove(board->news_bad, board->news_bad + 1, BOARD_NEWS - 1);
        board->n_news--;
    }
    const char *at = firing ? alert->starts : alert->ends;
    board->news_bad[board->n_news] = firing;
    snprintf(board->news[board->n_news++], sizeof *board->news,
             "%.5s %.5s  %-8s %-8s %s, of %s samples", strlen(at) > 16 ? at + 5 : "",
             strlen(at) > 16 ? at + 11 : "", firing ? "ALERT" : "resolved", alert->entity,
             alert->name, alert->n);
    return true;
}

/* ---- drawing ---- */

int board_height(void)
{
    int lines = 2 + BOARD_NEWS;
    for (size_t b = 0; b < BLOCKS; b++)
        lines += 3 + (int)blocks[b].n_rows;
    return lines;
}

static void line_end(struct board *board)
{
    fputs(PLAIN "\033[K\n", stdout);
    board->lines++;
}

/* 7 for the value, the arrow, 6 for the samples, 5 for what is pending: 21 columns */
static void cell_draw(const struct board *board, const struct board_cell *cell)
{
    static const char *const arrows[2][3] = { { "-", " ", "+" },
                                              { "\xe2\x96\xbc", " ", "\xe2\x96\xb2" } };
    char pending[20] = "", n[20] = "";
    if (strcmp(cell->n, cell->value) != 0) /* of a count they are the same */
        snprintf(n, sizeof n, "%s", cell->n);
    if (cell->pending[0] && strcmp(cell->pending, "0") != 0)
        snprintf(pending, sizeof pending, "+%s", cell->pending);
    printf("%s%9s" PLAIN "%s" DIM "%5s %-5s" PLAIN,
           cell->met == 't'   ? GREEN
           : cell->met == 'f' ? RED
                              : "",
           cell->value, arrows[board->utf8][cell->trend + 1], n, pending);
}

static void heads_draw(struct board *board, const struct block *block, size_t column)
{
    printf(BOLD "%-9s" PLAIN, block->title);
    for (size_t c = 0; c < block->n_columns; c++)
        printf(BOLD " %-20.20s" PLAIN, block->head[c]);
    line_end(board);
    printf(DIM "%-9s", "target");
    for (size_t c = 0; c < block->n_columns; c++)
        printf(" %-20.20s", board->target[column + c]);
    line_end(board);
}

void board_draw(struct board *board, const char *clock, int columns)
{
    size_t row = 0, column = 0;
    if (board->lines > 0)
        printf("\033[%uA\r", board->lines);
    board->lines = 0;
    printf(BOLD "%s" PLAIN, clock);
    line_end(board);
    for (size_t b = 0; b < BLOCKS; b++) {
        line_end(board);
        heads_draw(board, &blocks[b], column);
        for (size_t r = 0; r < blocks[b].n_rows; r++, row++) {
            printf("%s%-9s", blocks[b].row[r][0] == ' ' ? "" : BOLD, blocks[b].row[r]);
            fputs(PLAIN, stdout);
            for (size_t c = 0; c < blocks[b].n_columns; c++)
                cell_draw(board, &board->cell[row][column + c]);
            line_end(board);
        }
        column += blocks[b].n_columns;
    }
    line_end(board);
    for (size_t i = 0; i < BOARD_NEWS; i++) {
        if (i < board->n_news)
            printf("%s%.*s", board->news_bad[i] ? RED : GREEN, columns - 1, board->news[i]);
        line_end(board);
    }
    fflush(stdout);
}
