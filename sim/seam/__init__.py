"""Where simulators plug in: in-process pipe, pseudo-terminal, TCP, Unix socket, pyusb back-end, gpiozero pins, vpcd.

A simulator of a byte-stream device offers `async serve(stream)`, where the stream has `read`, `write`, `half_close`
and `close`; a seam makes such streams. Only seams may import `drivers.transport.base` (the shape of a pipe) and
`drivers.contract.errors`; simulators import nothing of drivers.
"""
