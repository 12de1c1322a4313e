"""Reads a list of the account that is short enough to be read whole in each sync."""

from collections.abc import Callable, Iterable, Iterator

from source_mailcoach.messages.events import ReadingStarted
from source_mailcoach.streams.absence import unless_absent
from source_mailcoach.streams.facts import Row
from source_mailcoach.streams.pages import Pages, list_compared, page_read
from source_mailcoach.sync.paging import PagingError


def read_whole(
    pages: Pages,
    records_of: Callable[[Row], Iterable[Row]],
    is_lacking: Callable[[], bool],
) -> Iterator[Row]:
    """All records of the list; raises MailcoachError. `is_lacking`: after a 404, whether the server lacks the list."""
    pages.emit(ReadingStarted(pages.stream, "pages", 0))

    def read() -> Iterator[Row]:
        totals = []
        for page in pages.whole_list(pages.facts.sort, {}):
            for row in page.rows:
                yield from records_of(row)
            totals.append(page.total)
            pages.emit(page_read(page, len(page.rows), page.rows))
        pages.emit(list_compared(totals, is_whole=True))

    may_lack = bool(pages.facts.since)
    try:
        if (yield from unless_absent(pages.client, read, lambda _: is_lacking(), may_lack=may_lack)):
            pages.warn_of_missing_endpoint()
    except PagingError as error:
        raise pages.wrong(error) from error
    finally:
        pages.client.end_requests()
    pages.finish()
