"""Known: a feed's page, as long as nothing was heard that may have changed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from webapp.tables.page import Page
from webapp.tables.touching import Basis, Touch


class Known:
    """The page as it is, unless what was heard since its read began may change it; ``basis`` judges that."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._page: Page | None = None
        self._until: datetime | None = None

    def spares(self, touches: Sequence[Touch] | None) -> bool:
        """Hear which rows were touched (None: any row); whether the page need not be read again for them."""
        if touches is None or self._page is None or self._basis.may_change(self._page, touches):
            self._page = None
            return False
        self._until = datetime.now(UTC)
        return True

    def forget(self) -> None:
        """Let nothing be known: the page is being read."""
        self._page = None

    def learn(self, page: Page) -> None:
        """Let ``page`` be how it is."""
        self._page = page

    def take_until(self) -> datetime | None:
        """Return until when the page before is known to have been so, once; None when it was not spared anything."""
        until, self._until = self._until, None
        return until
