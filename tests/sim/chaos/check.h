/* What must hold after every run. Each check prints what it found wrong. */
#ifndef CHAOS_CHECK_H
#define CHAOS_CHECK_H

#include "batch.h"
#include "run.h"

/* Promises 1 and 2: what was committed is what one undisturbed worker commits. */
bool check_same(const struct run *run, const struct run *clean);
/* Promise 3: of every boundary the last word is what the batch counts. */
bool check_batch(const struct run *run, const struct batch *batch);
bool check_alerts(const struct run *run);
bool check_dead_letters(const struct run *run);
/* Nothing of the frames is left unread, and nothing undecided. */
bool check_rest(const struct run *run);
/* With SIM_SHOW=text in the environment: what was said under keys with this text. */
void show_said(const struct run *run, const char *which);

#endif
