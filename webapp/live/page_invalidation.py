"""PageInvalidation: whether a feed's page is still current, by what was heard since it was read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rowcast.tables.page import Page
from rowcast.tables.page_dependency import PageDependency
from rowcast.tables.row_change import RowChange


class PageInvalidation:
    """The page as it is, unless what was heard since its read began may change it; ``dependency`` judges that."""

    def __init__(self, dependency: PageDependency) -> None:
        self._dependency = dependency
        self._page: Page | None = None
        self._until: datetime | None = None

    def spares(self, changes: Sequence[RowChange] | None) -> bool:
        """Hear which rows were written (None: any row); whether the page need not be read again for them."""
        if changes is None or self._page is None or self._dependency.may_change(self._page, changes):
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
