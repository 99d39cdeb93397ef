"""Writes docs/audit-events.md from the declarations in kiosk/journal/events.py.

python -m tests.tools.make_audit_events
"""

from pathlib import Path

from kiosk.journal.events import FIELDS, Event

PAGE = Path(__file__).parents[2] / "docs" / "audit-events.md"


def page() -> str:
    """The whole page, as Markdown."""
    lines = [
        "# Audit events",
        "",
        "Made from kiosk/journal/events.py by `make docs`. The record itself: [audit.md](audit.md).",
        "",
        "| event | what it says | fields |",
        "|---|---|---|",
        *(
            f"| `{one.value}` | {one.sentence} | {', '.join(f'`{name}`' for name in sorted(one.fields))} |"
            for one in Event
        ),
        "",
        "## Fields",
        "",
        "| field | meaning |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in sorted(FIELDS.items())),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
