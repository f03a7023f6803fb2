/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The checks of the command `doctor`. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TOOL_FINDING_OK,
  TOOL_FINDING_NOTE,    /* good to know */
  TOOL_FINDING_PROBLEM, /* programs fail, or will fail soon */
} ToolLevel;

typedef struct
{
  const char *check; /* a word that identifies the check */
  ToolLevel level;
  char *text;
  const char *advice; /* (nullable) */
} ToolFinding;

/* Adds a finding to an array of ToolFinding. Takes ownership of @text. */
void tool_finding_add (GPtrArray *findings,
                       const char *check,
                       ToolLevel level,
                       char *text,
                       const char *advice);

/* Checks the folder of blocks, memory, limits and the settings of the system. */
void tool_doctor_check_system (GPtrArray *findings);

/* Uses the library: creates a block, an anonymous block and a manager, which are removed again.
 * Looks for blocks that were left behind. */
void tool_doctor_check_use (GPtrArray *findings);

G_END_DECLS
