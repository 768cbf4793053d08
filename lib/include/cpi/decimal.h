/* Exact decimal numbers from their text; no floating point anywhere. */
#ifndef CPI_DECIMAL_H
#define CPI_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cpi/buf.h"
#include "cpi/text.h"

/* value = units / 10^scale, 0 <= scale <= 18, no trailing zeros kept in scale. */
struct cpi_decimal {
    int64_t units;
    uint8_t scale;
};

/* Optional sign, digits, optional fraction, optional exponent (a JSON number or one in a string).
 * False if it is no number or does not fit. */
bool cpi_decimal_parse(struct cpi_text t, struct cpi_decimal *ret);
/* <0, 0, >0 by value. */
int cpi_decimal_order(struct cpi_decimal a, struct cpi_decimal b);
/* units * 10^places as an integer; false if it has more places or does not fit. */
bool cpi_decimal_scaled(struct cpi_decimal d, unsigned places, int64_t *ret);
/* Both at once, from the text. */
bool cpi_decimal_units(struct cpi_text t, unsigned places, int64_t *ret);
/* The integer part toward zero of value * factor; false if it does not fit. */
bool cpi_decimal_times(struct cpi_decimal d, int64_t factor, int64_t *ret);

/* Appends num/den with exactly `places` decimals, rounded half to even from the exact fraction
 * (W6). den > 0. */
void cpi_decimal_format_ratio(struct cpi_buf *buf, __int128 num, __int128 den, unsigned places);
/* Appends units / 10^scale without trailing zeros. */
void cpi_decimal_format(struct cpi_buf *buf, __int128 units, unsigned scale);
void cpi_int_format(struct cpi_buf *buf, int64_t value);

#endif
