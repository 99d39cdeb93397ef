"""What every device of a class does for a person beside it: the same tests on simulators and on real devices.

Without options they run on every driver's simulator, over each of its seams: the pipe and gpiozero's mock pins in
virtual time, and in real time a pseudo-terminal with pyserial, TCP, pyusb with a virtual back-end, pcscd with vpcd.
What a simulated device has not (a cover, a cable, a place for a card) no test is made for.

    pytest --hw PROFILE tests/devices               # the devices of this profile; nobody helps
    pytest --hw PROFILE --hw-hands tests/devices    # and a person at this terminal does and says what it is asked

A deed that needs a person (open the cover, take the paper out, pull the cable) is done by the simulator's world, asked
of the person, or, on hardware, the test is skipped and says why. What needs damage that no hand can do (a flipped bit,
a stuck cutter) is in tests/contract and tests/faults, on simulators only. A whole run on hardware uses 8 blanks, 6
slips and 8 tickets.
"""
