/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A D-Bus service that hands out a picture in a sealed block. client.py is a client. */

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <shmobj/shmobj.h>

#define NAME   "org.example.Pictures"
#define PATH   "/org/example/Pictures"
#define WIDTH  320
#define HEIGHT 200

static const char interface_xml[] = "<node>"
                                    "  <interface name='" NAME "'>"
                                    "    <method name='GetPicture'>"
                                    "      <arg name='block' type='h' direction='out'/>"
                                    "      <arg name='width' type='u' direction='out'/>"
                                    "      <arg name='height' type='u' direction='out'/>"
                                    "    </method>"
                                    "  </interface>"
                                    "</node>";

/* Draws a picture with 4 bytes per pixel, and seals its block: from now on no process can change
 * the bytes or the size. */
static ShmSharedMemory *
make_picture (GError **error)
{
  g_autoptr (ShmSharedMemory) block
      = shm_shared_memory_create_anonymous (WIDTH * HEIGHT * 4, SHM_CREATE_NONE, error);
  guint8 *pixel;

  if (block == NULL || !shm_shared_memory_map (block, error))
    return NULL;

  pixel = shm_shared_memory_get_data (block, NULL);
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++, pixel += 4)
      {
        pixel[0] = x * 255 / (WIDTH - 1);
        pixel[1] = y * 255 / (HEIGHT - 1);
        pixel[2] = 128;
        pixel[3] = 255;
      }

  if (!shm_shared_memory_seal (block, SHM_SEAL_WRITE, error))
    return NULL;

  return g_steal_pointer (&block);
}

/* Replies with the descriptor of the block. The list duplicates it, and D-Bus duplicates it again
 * for the client. */
static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  ShmSharedMemory *block = user_data;
  g_autoptr (GUnixFDList) descriptors = g_unix_fd_list_new ();
  GError *error = NULL;
  const int index = g_unix_fd_list_append (descriptors, shm_shared_memory_get_fd (block), &error);

  if (index < 0)
    g_dbus_method_invocation_take_error (invocation, error);
  else
    g_dbus_method_invocation_return_value_with_unix_fd_list (invocation,
                                                             g_variant_new ("(huu)", index, WIDTH,
                                                                            HEIGHT),
                                                             descriptors);
}

static void
on_bus_acquired (GDBusConnection *connection, const char *name, gpointer block)
{
  static const GDBusInterfaceVTable vtable = { on_method_call, NULL, NULL, { NULL } };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (interface_xml, NULL);
  g_autoptr (GError) error = NULL;

  if (g_dbus_connection_register_object (connection, PATH, node->interfaces[0], &vtable, block,
                                         NULL, &error)
      == 0)
    g_error ("%s", error->message);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer loop)
{
  g_printerr ("The name " NAME " is not available.\n");
  g_main_loop_quit (loop);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (ShmSharedMemory) block = make_picture (&error);

  if (block == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  g_bus_own_name_with_closures (G_BUS_TYPE_SESSION, NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                g_cclosure_new (G_CALLBACK (on_bus_acquired), block, NULL), NULL,
                                g_cclosure_new (G_CALLBACK (on_name_lost), loop, NULL));
  g_main_loop_run (loop);

  return 0;
}
