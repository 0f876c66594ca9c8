/**
 * The script of `report.html`: a filter and sorting for its tables, and links from a requirement to the
 * rows of one status. The page is complete without it. It stands in the page as it is (`html.ts`); it
 * loads nothing, keeps nothing, and never makes markup out of text.
 *
 * A row is a `tbody`: one line of cells, and maybe a second one with long texts.
 */

{
  const NOTHING = '–';
  const STATUS_ORDER = (document.getElementById('main').dataset.statuses ?? '').split(' ');
  const collator = new Intl.Collator('en', { numeric: true });

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  const compareNumbers = (one, other) => {
    const difference = Number(one) - Number(other);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
    const areWhole = [one, other].every((text) => /^-?\d+$/.test(text));
    // Beyond 2^53 two different numbers may look equal.
    if (areWhole) return BigInt(one) < BigInt(other) ? -1 : Number(BigInt(one) > BigInt(other));
    return collator.compare(one, other);
  };

  const compareTimes = (one, other) => {
    const difference = Date.parse(one) - Date.parse(other);
    return Number.isNaN(difference) ? collator.compare(one, other) : difference;
  };

  const rankOf = (status) => {
    const index = STATUS_ORDER.indexOf(status);
    return index < 0 ? STATUS_ORDER.length : index;
  };

  const COMPARISONS = {
    number: compareNumbers,
    time: compareTimes,
    text: collator.compare,
    boolean: collator.compare,
    status: (one, other) => rankOf(one) - rankOf(other) || collator.compare(one, other),
  };

  /** Tables by their element, for links that filter them. */
  const tables = new Map();

  const createTable = (table) => {
    const rows = [...table.tBodies].map((body) => ({
      body,
      text: body.textContent.toLowerCase(),
      status: body.dataset.status ?? '',
    }));
    const state = { words: '', status: '', order: rows, sorted: '' };

    const count = element('p', { className: 'row-count' });
    count.setAttribute('role', 'status');
    const search = element('input', { type: 'search', autocomplete: 'off', spellcheck: false });
    const select = element('select');
    const reset = element('button', { type: 'button', textContent: 'Show all' });
    const none = element('p', {
      className: 'empty',
      hidden: true,
      textContent: 'No row matches the filter.',
    });

    const show = () => {
      const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const matches =
          (state.status === '' || row.status === state.status) &&
          words.every((word) => row.text.includes(word));
        row.body.hidden = !matches;
        shown += Number(matches);
      }
      none.hidden = shown > 0;
      reset.hidden = state.words === '' && state.status === '';
      const rowsText = `${shown} of ${rows.length} rows`;
      count.textContent = state.sorted === '' ? rowsText : `${rowsText}, sorted by ${state.sorted}`;
    };

    const setFilter = (words, status) => {
      state.words = words;
      state.status = status;
      search.value = words;
      select.value = status;
      show();
    };

    const sortValue = (row, index) => {
      const cell = row.body.rows[0].cells[index];
      return cell.classList.contains('none') || cell.textContent === NOTHING
        ? null
        : cell.textContent;
    };

    const sortBy = (header, index) => {
      const isDescending = header.getAttribute('aria-sort') === 'ascending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      header.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
      const type = header.dataset.type;
      const compare = COMPARISONS[type];
      const keyed = rows.map((row) => ({
        row,
        value: type === 'status' ? row.status || null : sortValue(row, index),
      }));
      keyed.sort((one, other) => {
        // What has no value comes last in both directions.
        if (one.value === null || other.value === null) {
          return Number(one.value === null) - Number(other.value === null);
        }
        const order = compare(one.value, other.value);
        return isDescending ? -order : order;
      });
      table.append(...keyed.map(({ row }) => row.body));
      state.sorted = `${header.textContent}, ${isDescending ? 'descending' : 'ascending'}`;
      show();
    };

    for (const [index, header] of [...table.tHead.rows[0].cells].entries()) {
      const button = element('button', { type: 'button', className: 'sort' }, header.textContent);
      button.addEventListener('click', () => sortBy(header, index));
      header.replaceChildren(button);
    }

    const bar = element('div', { className: 'controls' });
    const title = table.caption?.textContent ?? 'rows';
    search.setAttribute('aria-label', `Filter by text: ${title}`);
    search.placeholder = 'Filter rows by text';
    search.addEventListener('input', () => setFilter(search.value, state.status));
    bar.append(search);

    const statuses = [...new Set(rows.map((row) => row.status))].filter(Boolean);
    statuses.sort(COMPARISONS.status);
    if (statuses.length > 0) {
      select.append(element('option', { value: '', textContent: 'Every status' }));
      for (const status of statuses) {
        const all = rows.filter((row) => row.status === status);
        const word = all[0].body.querySelector('.status')?.textContent ?? status;
        const textContent = `${word} (${all.length})`;
        select.append(element('option', { value: status, textContent }));
      }
      select.setAttribute('aria-label', `Filter by status: ${title}`);
      select.addEventListener('change', () => setFilter(state.words, select.value));
      bar.append(select);
    }
    reset.addEventListener('click', () => {
      setFilter('', '');
      search.focus();
    });
    bar.append(reset, count);
    const scroll = table.parentElement;
    scroll.before(bar);
    scroll.after(none);
    show();
    return { setFilter };
  };

  for (const table of document.querySelectorAll('table[data-filter]')) {
    if (table.tBodies.length > 1) tables.set(table, createTable(table));
  }

  const tableIn = (place) => tables.get(place?.querySelector('table[data-filter]'));

  /** A link to rows of one status filters them; a plain link to a report shows all of its rows. */
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    const place = document.getElementById(link.hash.slice(1));
    if (place?.matches('.report')) tableIn(place)?.setFilter('', link.dataset.showStatus ?? '');
  });

  /** A row that a link leads to is never hidden by a filter. */
  const placeOfAddress = () => document.getElementById(location.hash.slice(1));
  addEventListener('hashchange', () => {
    const place = placeOfAddress();
    if (place?.tagName !== 'TBODY' || !place.hidden) return;
    tables.get(place.parentElement)?.setFilter('', '');
    place.scrollIntoView();
  });
  // The filters above it have moved what the page was opened at.
  placeOfAddress()?.scrollIntoView();

  /** The contents mark the section that is being read. */
  const links = new Map();
  for (const link of document.querySelectorAll('nav a[href^="#"]')) {
    links.set(document.getElementById(link.hash.slice(1)), link);
  }
  const seen = new Set();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) seen.add(target);
        else seen.delete(target);
      }
      // Of a section and one within it, the inner one comes later in the page.
      const current = [...links.keys()].filter((place) => seen.has(place)).at(-1);
      for (const [place, link] of links) {
        if (place === current) link.setAttribute('aria-current', 'location');
        else link.removeAttribute('aria-current');
      }
    },
    { rootMargin: '-20% 0px -75% 0px' },
  );
  for (const place of links.keys()) observer.observe(place);
}
