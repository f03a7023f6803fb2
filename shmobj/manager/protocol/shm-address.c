/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-address.h"

#include "shm-error.h"

#include <gio/gunixsocketaddress.h>

#include <string.h>
#include <sys/un.h>

/* GIO truncates longer paths without an error. */
#define PATH_LENGTH_MAX (sizeof ((struct sockaddr_un *) NULL)->sun_path - 1)

/* Accepts no host name except localhost: a name server could make the caller wait, and a manager is
 * always on this machine. */
static GSocketAddress *
parse_host (const char *host, guint port, GError **error)
{
  const gboolean is_localhost = g_ascii_strcasecmp (host, "localhost") == 0;
  GSocketAddress *address
      = g_inet_socket_address_new_from_string (is_localhost ? "127.0.0.1" : host, port);

  if (address == NULL)
    g_set_error (error, SHM_ERROR, SHM_ERROR_INVALID_NAME,
                 "The host \"%s\" of a manager's address is neither \"localhost\" nor a numeric "
                 "address, like 127.0.0.1 or [::1]",
                 host);

  return address;
}

/* Splits HOST:PORT or [HOST]:PORT. Returns FALSE if @text has neither form. */
static gboolean
split_host (const char *text, char **host, guint64 *port)
{
  const char *colon = strrchr (text, ':');
  gsize length;

  if (colon == NULL || strchr (text, '/') != NULL
      || !g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, port, NULL))
    return FALSE;

  length = colon - text;
  if (length >= 2 && text[0] == '[' && text[length - 1] == ']')
    *host = g_strndup (text + 1, length - 2);
  else if (length > 0 && memchr (text, ':', length) == NULL)
    *host = g_strndup (text, length);
  else
    return FALSE;

  return TRUE;
}

static GSocketAddress *
fail_empty (GError **error)
{
  g_set_error (error, SHM_ERROR, SHM_ERROR_INVALID_NAME,
               "The address of a manager must not be empty, nor \"@\" alone: give a path, an "
               "abstract name like \"@name\", or \"host:port\"");
  return NULL;
}

static GSocketAddress *
fail_too_long (const char *text, GError **error)
{
  g_set_error (error, SHM_ERROR, SHM_ERROR_INVALID_NAME,
               "The address \"%s\" of a manager is too long for a socket, whose path or name has "
               "at "
               "most %" G_GSIZE_FORMAT " bytes: choose a shorter path, or an abstract name",
               text, PATH_LENGTH_MAX);
  return NULL;
}

GSocketAddress *
shm_address_parse (const char *text, GError **error)
{
  g_autofree char *host = NULL;
  g_autofree char *path = NULL;
  guint64 port;

  if (text[0] == '\0')
    return fail_empty (error);

  if (text[0] == '@')
    {
      const int length = strlen (text + 1);

      if (length == 0)
        return fail_empty (error);
      if ((gsize) length > PATH_LENGTH_MAX)
        return fail_too_long (text, error);
      return g_unix_socket_address_new_with_type (text + 1, length, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
    }

  if (split_host (text, &host, &port))
    return parse_host (host, port, error);

  path = g_canonicalize_filename (text, NULL);
  if (strlen (path) > PATH_LENGTH_MAX)
    return fail_too_long (path, error);

  return g_unix_socket_address_new (path);
}

static char *
print_inet (GInetSocketAddress *address)
{
  GInetAddress *host = g_inet_socket_address_get_address (address);
  g_autofree char *text = g_inet_address_to_string (host);
  const guint port = g_inet_socket_address_get_port (address);

  if (g_inet_address_get_family (host) == G_SOCKET_FAMILY_IPV6)
    return g_strdup_printf ("[%s]:%u", text, port);

  return g_strdup_printf ("%s:%u", text, port);
}

char *
shm_address_print (GSocketAddress *address)
{
  if (shm_address_is_unix (address))
    {
      GUnixSocketAddress *socket = G_UNIX_SOCKET_ADDRESS (address);
      const char *path = g_unix_socket_address_get_path (socket);

      return shm_address_get_path (address) != NULL ? g_strdup (path)
                                                    : g_strconcat ("@", path, NULL);
    }

  if (G_IS_INET_SOCKET_ADDRESS (address))
    return print_inet (G_INET_SOCKET_ADDRESS (address));

  return g_strdup (G_OBJECT_TYPE_NAME (address));
}

gboolean
shm_address_is_unix (GSocketAddress *address)
{
  return G_IS_UNIX_SOCKET_ADDRESS (address);
}

gboolean
shm_address_is_local (GSocketAddress *address)
{
  if (G_IS_INET_SOCKET_ADDRESS (address))
    return g_inet_address_get_is_loopback (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));

  return shm_address_is_unix (address);
}

const char *
shm_address_get_path (GSocketAddress *address)
{
  if (!shm_address_is_unix (address)
      || g_unix_socket_address_get_address_type (G_UNIX_SOCKET_ADDRESS (address))
             != G_UNIX_SOCKET_ADDRESS_PATH)
    return NULL;

  return g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address));
}
