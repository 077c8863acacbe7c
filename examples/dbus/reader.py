"""A service on the session bus, by dbus-python: reads a descriptor it is given, opens one for others."""

import os
import sys

try:
    import dbus
    import dbus.service
    from dbus.mainloop.glib import DBusGMainLoop
    from gi.repository import GLib
except ImportError:
    sys.exit(77)

NAME = "org.example.Reader"


class Reader(dbus.service.Object):
    @dbus.service.method(NAME, in_signature="h", out_signature="su")
    def Read(self, descriptor):
        with os.fdopen(descriptor.take(), "rb") as file:
            return file.read().decode(), os.getpid()

    @dbus.service.method(NAME, in_signature="s", out_signature="h")
    def Open(self, path):
        with open(path, "rb") as file:
            return dbus.types.UnixFd(file)


DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(sys.argv[1])
name = dbus.service.BusName(NAME, bus)
reader = Reader(bus, "/reader")
GLib.MainLoop().run()
