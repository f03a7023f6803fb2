/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The command `doctor`. */

#include "config.h"

#include "tool/tool-doctor.h"
#include "tool/tool-output.h"
#include "tool/tool.h"

static gboolean as_json;

static const struct
{
  const char *word;
  const char *json;
  ToolStyle style;
} levels[] = {
  [TOOL_FINDING_OK] = { "ok     ", "ok", TOOL_STYLE_GOOD },
  [TOOL_FINDING_NOTE] = { "note   ", "note", TOOL_STYLE_HEADER },
  [TOOL_FINDING_PROBLEM] = { "PROBLEM", "problem", TOOL_STYLE_BAD },
};

static void
finding_free (gpointer data)
{
  ToolFinding *finding = data;

  g_free (finding->text);
  g_free (finding);
}

void
tool_finding_add (GPtrArray *findings,
                  const char *check,
                  ToolLevel level,
                  char *text,
                  const char *advice)
{
  ToolFinding *finding = g_new (ToolFinding, 1);

  finding->check = check;
  finding->level = level;
  finding->text = text;
  finding->advice = advice;
  g_ptr_array_add (findings, finding);
}

static void
print_findings (const GPtrArray *findings)
{
  for (guint i = 0; i < findings->len; i++)
    {
      const ToolFinding *finding = findings->pdata[i];
      g_autofree char *text = tool_get_printable (finding->text);

      tool_print_styled (levels[finding->level].style, levels[finding->level].word);
      g_print ("  %s\n", text);
      if (finding->advice != NULL)
        g_print ("         %s\n", finding->advice);
    }
}

static void
print_json (const GPtrArray *findings)
{
  ToolJson json;

  tool_json_begin_document (&json);
  tool_json_begin (&json, "findings", '[');
  for (guint i = 0; i < findings->len; i++)
    {
      const ToolFinding *finding = findings->pdata[i];

      tool_json_begin (&json, NULL, '{');
      tool_json_add_string (&json, "check", finding->check);
      tool_json_add_string (&json, "level", levels[finding->level].json);
      tool_json_add_string (&json, "text", finding->text);
      if (finding->advice != NULL)
        tool_json_add_string (&json, "advice", finding->advice);
      else
        tool_json_add_null (&json, "advice");
      tool_json_end (&json, '}');
    }
  tool_json_end (&json, ']');
  tool_json_print_document (&json);
}

static ToolStatus
run_doctor (const ToolCommand *self, char ***arguments)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
    { NULL },
  };
  g_autoptr (GPtrArray) findings = g_ptr_array_new_with_free_func (finding_free);
  ToolStatus status = TOOL_OK;

  if (!tool_parse (self, entries, arguments, 0, 0))
    return TOOL_USAGE;

  tool_doctor_check_system (findings);
  tool_doctor_check_use (findings);
  if (as_json)
    print_json (findings);
  else
    print_findings (findings);

  for (guint i = 0; i < findings->len; i++)
    if (((ToolFinding *) findings->pdata[i])->level == TOOL_FINDING_PROBLEM)
      status = TOOL_PROBLEMS;

  return status;
}

const ToolCommand tool_doctor_command = {
  .name = "doctor",
  .summary = "Checks this machine, and gives advice",
  .description = "Creates a block and a manager, and removes them again. The exit status is 4 if "
                 "there is a problem.",
  .run = run_doctor,
};
