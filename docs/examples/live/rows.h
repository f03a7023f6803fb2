/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The shared list has ROW_LENGTH values for each row of the window: what the row is about, how much
 * is done (a number from 0 to 1), a text, and the program that changed the row last. */

#pragma once

enum
{
  ROW_NAME,
  ROW_DONE,
  ROW_TEXT,
  ROW_BY,
  ROW_LENGTH
};

/* Rows 0 to 3 belong to the pool of workers. */
#define N_WORKERS   4
#define CLOCK_ROW   4
#define COUNTER_ROW 5
#define N_ROWS      6
