"""The pipes: each a thin wrapper of one library. Threads and sockets live here and nowhere else in drivers.

May import: drivers.contract. A profile names a transport as `kind:address?option=value`; `drivers.transport.link`
turns that text into a connector.
"""
