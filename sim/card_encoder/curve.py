"""Points on a short Weierstrass curve: PACE's generic mapping makes a generator of its own, which no library takes.

A simulator's arithmetic: not constant in time, fit for no real secret.
"""

from dataclasses import dataclass

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Curve:
    """y^2 = x^3 + ax + b modulo p, with the generator g of prime order n."""

    p: int
    a: int
    b: int
    g: Point
    n: int

    @property
    def size(self) -> int:
        """Bytes of one coordinate."""
        return (self.p.bit_length() + 7) // 8

    def add(self, one: Point | None, other: Point | None) -> Point | None:
        """None is the point at infinity."""
        if one is None or other is None:
            return one or other
        (x1, y1), (x2, y2) = one, other
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        rise, run = (3 * x1 * x1 + self.a, 2 * y1) if one == other else (y2 - y1, x2 - x1)
        slope = rise * pow(run, -1, self.p) % self.p
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def times(self, number: int, point: Point | None) -> Point | None:
        total: Point | None = None
        while number:
            if number & 1:
                total = self.add(total, point)
            point = self.add(point, point)
            number >>= 1
        return total

    def encode(self, point: Point) -> bytes:
        """Uncompressed: 04, x, y (SEC 1, 2.3.3)."""
        return b"\x04" + b"".join(value.to_bytes(self.size, "big") for value in point)

    def decode(self, data: bytes) -> Point | None:
        """None if these bytes are no point of the curve."""
        if len(data) != 1 + 2 * self.size or data[0] != 0x04:
            return None
        x, y = int.from_bytes(data[1 : 1 + self.size], "big"), int.from_bytes(data[1 + self.size :], "big")
        on_it = x < self.p and y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0
        return (x, y) if on_it else None


P256 = Curve(  # FIPS 186-4, D.1.2.3
    p=0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    a=-3,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    g=(
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ),
    n=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
