import { type ReactNode, useState } from 'react';

const PAGE = 25;

/** A list in pages, so that a plan with thousands of grants is as quick as one with three. */
export function Paged<T>({
  items,
  what,
  matches,
  children,
}: {
  items: readonly T[];
  /** What the items are, in plural. */
  what: string;
  /** Whether an item is one that the user looks for. Without it there is no search. */
  matches?: (item: T, search: string) => boolean;
  children: (shown: readonly T[]) => ReactNode;
}) {
  const [page, setPage] = useState(0);
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const found = wanted === '' || matches === undefined ? items : items.filter((item) => matches(item, wanted));
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  const current = Math.min(page, pages - 1);
  const first = current * PAGE;
  const shown = found.slice(first, first + PAGE);
  return (
    <>
      {matches !== undefined && items.length > PAGE && (
        <input
          type="search"
          className="search"
          value={search}
          placeholder={`Find among ${items.length} ${what}`}
          aria-label={`Find among ${what}`}
          onChange={(event) => {
            setSearch(event.target.value);
            setPage(0);
          }}
        />
      )}
      {children(shown)}
      {found.length === 0 && <p className="muted">No {what} found.</p>}
      {pages > 1 && (
        <nav className="pager" aria-label={`Pages of ${what}`}>
          <button type="button" className="button" disabled={current === 0} onClick={() => setPage(current - 1)}>
            Previous
          </button>
          <span role="status">
            {first + 1}–{first + shown.length} of {found.length}
          </span>
          <button
            type="button"
            className="button"
            disabled={current === pages - 1}
            onClick={() => setPage(current + 1)}
          >
            Next
          </button>
        </nav>
      )}
    </>
  );
}

/** A table that scrolls sideways by itself on a narrow screen. */
export function TableFrame({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="table-frame" role="region" aria-label={label} tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}
