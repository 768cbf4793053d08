#include "columns.h"

#include <stdio.h>

void columns_print(unsigned indent, struct cpi_text text)
{
    size_t column = indent;
    bool first = true;
    for (uint32_t i = 0; i < text.len;) {
        uint32_t len = 0;
        while (i + len < text.len && text.at[i + len] != ' ')
            len++;
        if (!first && column + 1 + len > COLUMNS) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)len, text.at + i);
        column += len;
        first = false;
        i += len + 1;
    }
    putchar('\n');
}
