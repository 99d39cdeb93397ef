"""Card printers made of software. May import: sim.world, sim.faults, sim.seam.pipe (the shape of a wire)."""
