/* The scoreboard of the demo: what each indicator said last, for teams and reps. */
#ifndef DEMO_BOARD_H
#define DEMO_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "demo/output.h"

#define BOARD_ROWS 16
#define BOARD_COLUMNS 6
#define BOARD_NEWS 5
#define BOARD_ALERTS 16

struct board_cell {
    char value[16], n[16], pending[16];
    int trend; /* against the window before: -1, 0, 1 */
    char met;  /* as in output_update */
};
struct board {
    struct board_cell cell[BOARD_ROWS][BOARD_COLUMNS];
    char target[BOARD_COLUMNS][24];
    char news[BOARD_NEWS][128]; /* what alerts said, the latest last */
    bool news_bad[BOARD_NEWS];
    size_t n_news;
    unsigned updates, refreshes, alerts; /* counted */
    char said[BOARD_ALERTS][128]; /* of each alert the latest: a refresh says the same again */
    unsigned lines;               /* drawn last time */
    bool utf8;
};

void board_init(struct board *board);
void board_update(struct board *board, const struct output_update *update);
/* Whether it is news: a transition, and not the same said again. Its text is the last of `news`. */
bool board_alert(struct board *board, const struct output_alert *alert);
/* Draws it over what was drawn before, on a terminal of so many columns. `clock`: shown on top. */
void board_draw(struct board *board, const char *clock, int columns);
/* The lines that board_draw needs; and columns. */
int board_height(void);
#define BOARD_WIDTH 94

#endif
