// The SQL of the local page. Whatever comes from the lake is set as text, never as markup.

(() => {
  const byId = (id) => document.getElementById(id);
  const [form, statement, run, stop, download, state, result] = [
    'question',
    'statement',
    'run',
    'stop',
    'download',
    'state',
    'result',
  ].map(byId);
  const shownRows = Number(result.dataset.rows);
  let asking;

  // A bigint beyond 2^53 keeps its digits where the browser tells the text of a number.
  const exact = (_, value, context) =>
    typeof value === 'number' && context?.source !== undefined && !Number.isSafeInteger(value)
      ? context.source
      : value;

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const textOf = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

  function cell(value) {
    if (value === null) return element('td', 'null', 'none');
    return element('td', textOf(value), typeof value === 'number' ? 'number' : '');
  }

  function table(rows) {
    const made = element('table');
    const head = element('tr');
    for (const name of Object.keys(rows[0])) {
      const th = element('th', name);
      th.scope = 'col';
      head.append(th);
    }
    const thead = element('thead');
    thead.append(head);
    const body = element('tbody');
    for (const row of rows) {
      const tr = element('tr');
      tr.append(...Object.values(row).map(cell));
      body.append(tr);
    }
    made.append(thead, body);
    return made;
  }

  async function ask(format) {
    asking?.abort();
    asking = new AbortController();
    run.disabled = download.disabled = true;
    stop.disabled = false;
    result.hidden = true;
    state.className = '';
    state.textContent = 'Running …';
    const startedAt = performance.now();
    try {
      const response = await fetch('query', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sql: statement.value, format }),
        signal: asking.signal,
      });
      if (!response.ok) {
        const { problem, remedy } = await response.json();
        throw new Error([problem, remedy].filter(Boolean).join('\n') || response.statusText);
      }
      await (format === 'csv'
        ? save(await response.blob())
        : show(await response.text(), startedAt));
    } catch (thrown) {
      state.className = thrown.name === 'AbortError' ? '' : 'problem';
      state.textContent = thrown.name === 'AbortError' ? 'Stopped.' : thrown.message;
    } finally {
      run.disabled = download.disabled = false;
      stop.disabled = true;
    }
  }

  function show(text, startedAt) {
    const [first, ...lines] = text.split('\n').filter((line) => line !== '');
    const rows = lines.map((line) => JSON.parse(line, exact));
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(2);
    state.textContent = JSON.parse(first).isCut
      ? `The first ${Math.min(rows.length, shownRows)} rows; there are more. ${seconds} s`
      : `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} in ${seconds} s`;
    result.replaceChildren(...(rows.length > 0 ? [table(rows)] : []));
    result.hidden = rows.length === 0;
  }

  function save(blob) {
    const link = element('a');
    link.href = URL.createObjectURL(blob);
    link.download = 'result.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    state.textContent = `Saved ${blob.size} bytes as result.csv`;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    ask('json');
  });
  download.addEventListener('click', () => ask('csv'));
  stop.addEventListener('click', () => asking?.abort());
  statement.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!run.disabled) ask('json');
    }
  });
  document.querySelector('nav').addEventListener('click', (event) => {
    const name = event.target.closest('button')?.dataset.name;
    if (name === undefined) return;
    statement.setRangeText(name, statement.selectionStart, statement.selectionEnd, 'end');
    statement.focus();
  });
})();
