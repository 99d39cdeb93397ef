"""How kioskd says no."""


class Refused(Exception):
    """What was asked cannot be done now. `cause` is for the resident, `detail` for the log; neither names anybody."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(f"{cause}: {detail}" if detail else cause)
        self.cause = cause
        self.detail = detail
