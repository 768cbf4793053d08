/* Running text in columns. */
#ifndef CPID_COLUMNS_H
#define CPID_COLUMNS_H

#include <cpi/text.h>

#define COLUMNS 96

/* Prints the text and a newline, wrapped between words; further lines begin with `indent` blanks,
 * as far as the first one has come already. */
void columns_print(unsigned indent, struct cpi_text text);

#endif
