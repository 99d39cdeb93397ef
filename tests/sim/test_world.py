"""Where the cards are, and what is on them, however often somebody looks."""

from PIL import Image

from sim.world import Card, Place, World


def test_cards_are_found_where_they_are_after_any_kind_of_move() -> None:
    world, other = World(), World()
    first, second, third = world.load_blanks(3)
    other.load_blanks(1)
    assert world.at(Place.HOPPER) == [first, second, third]
    world.move(second, Place.FEEDER)
    assert (world.at(Place.HOPPER), world.in_path()) == ([first, third], second)
    world.put(second, Place.BOX)  # by hand
    assert world.in_path() is None
    assert world.at(Place.HOPPER, Place.BOX) == [first, second, third]
    world.remove(first)
    assert world.at(Place.HOPPER) == [third]
    world.remove(third)
    world.add(Card("ANOTHER", b"\x04", Place.HOPPER))
    assert [card.serial for card in world.at(Place.HOPPER)] == ["ANOTHER"]
    world.at(Place.HOPPER).clear()
    assert len(world.at(Place.HOPPER)) == 1, "the list is the asker's own"
    assert len(other.at(Place.HOPPER)) == 1


def test_a_face_is_drawn_when_somebody_looks_and_once() -> None:
    [card] = World().load_blanks(1)
    assert card.front is None
    drawn = []

    def draw() -> Image.Image:
        drawn.append("front")
        return Image.new("RGB", (2, 2))

    card.front = draw
    assert not drawn
    assert card.front is card.front is not None
    card.drawn()
    assert (drawn, card.back) == (["front"], None)

    card.back = draw
    card.drawn()
    assert drawn == ["front", "front"], "when a print has ended it is drawn, seen or not"
