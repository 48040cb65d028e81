import {useMemo, useState} from 'preact/hooks';
import {dash, day, euros, joules, percent, whole} from '../../base/format.ts';
import {useLoaded} from '../../client/loaded.ts';
import type {Bill, BillRow, Limits, Price, Tenants, TenantUse, Use} from '../../client/types.ts';
import {download} from '../../controls/copy.tsx';
import {Icon} from '../../controls/icon.tsx';
import {Meter} from '../../controls/meter.tsx';
import {Need} from '../../controls/need.tsx';
import {ErrorNotice, Notice} from '../../controls/notice.tsx';
import {PageHead, Panel} from '../../controls/panel.tsx';
import {Table, type TableColumn} from '../../controls/table.tsx';
import {billCsv} from './csv.ts';
import {periods} from './periods.ts';

const nameOf = (tenant: string) => tenant || 'without a key';

interface Against {
  label: string;
  used: number;
  limit: number | null;
  text: (value: number) => string;
}

function Used({label, used, limit, text}: Against) {
  if (limit === null) return <span>{text(used)}</span>;
  return (
    <div class="against">
      <span>{text(used)} <span class="of">of {text(limit)} ({percent(used / limit)})</span></span>
      <Meter label={label} value={used} max={limit} text={`${text(used)} of ${text(limit)}`} />
    </div>
  );
}

const tokensOf = (use: Use | undefined) => use?.tokens ?? 0;
const eurosOf = (use: Use | undefined) => Number(use?.euros ?? 0);

function usedCell(name: string, pick: (row: TenantUse) => [number, keyof Limits | null],
                  text: (value: number) => string): TableColumn<TenantUse> {
  return {name, number: true, cell: (row) => {
    if (!row.use) return dash;
    const [used, limit] = pick(row);
    return <Used label={`${nameOf(row.tenant)}: ${name}`} used={used} text={text}
                 limit={limit ? row.limits?.[limit] ?? null : null} />;
  }};
}

const useColumns: TableColumn<TenantUse>[] = [
  {name: 'Tenant', cell: (row) => <b>{nameOf(row.tenant)}</b>},
  {name: 'Keys', number: true, cell: (row) => whole(row.keys)},
  usedCell('Tokens, this minute', (row) => [tokensOf(row.use?.minute), 'tokens_per_minute'], whole),
  usedCell('Tokens, today', (row) => [tokensOf(row.use?.day), 'tokens_per_day'], whole),
  usedCell('Tokens, this month', (row) => [tokensOf(row.use?.month), 'tokens_per_month'], whole),
  usedCell('Euros, today', (row) => [eurosOf(row.use?.day), 'euros_per_day'], euros),
  usedCell('Euros, this month', (row) => [eurosOf(row.use?.month), 'euros_per_month'], euros),
];

function UsePanel({told}: {told: Tenants}) {
  return (
    <Panel title="Use and limits"
           note="By the calendar in UTC. Who has used up a limit gets 429 until the window's end.">
      {told.tenants.length === 0
        ? <Notice icon="empty" title="No tenant yet">
            <p>Whoever asks with a key belongs to its tenant, and is listed here.</p>
          </Notice>
        : <Table caption="Use and limits by tenant" columns={useColumns} rows={told.tenants}
                 id={(row) => row.tenant} />}
    </Panel>
  );
}

const billColumns = ({total}: Bill): TableColumn<BillRow>[] => [
  {name: 'Tenant', cell: (row) => <b>{nameOf(row.tenant)}</b>, foot: <b>Total</b>},
  {name: 'Model', cell: (row) => row.model, foot: ''},
  {name: 'Requests', number: true, cell: (row) => whole(row.requests), foot: whole(total.requests)},
  {name: 'Prompt', number: true, cell: (row) => whole(row.prompt_tokens),
   foot: whole(total.prompt_tokens)},
  {name: 'Cached', number: true, cell: (row) => whole(row.cached_tokens),
   foot: whole(total.cached_tokens)},
  {name: 'Thinking', number: true, cell: (row) => whole(row.thinking_tokens),
   foot: whole(total.thinking_tokens)},
  {name: 'Answer', number: true, cell: (row) => whole(row.answer_tokens),
   foot: whole(total.answer_tokens)},
  {name: 'Energy', number: true, cell: (row) => joules(row.joules), foot: joules(total.joules)},
  {name: 'Price', number: true, cell: (row) => <b>{euros(row.euros)}</b>,
   foot: <b>{euros(total.euros)}</b>},
];

function BillTable({bill}: {bill: Bill}) {
  if (bill.rows.length === 0)
    return (
      <Notice icon="empty" title="Nothing was used in this time">
        <p>A request is on the bill as soon as its answer is whole.</p>
      </Notice>
    );
  return <Table caption="Bill by tenant and model" columns={billColumns(bill)} rows={bill.rows}
                id={(row) => `${row.tenant}/${row.model}`} />;
}

function NoLedger() {
  return (
    <Panel title="Bill">
      <Notice icon="empty" title="Nobody keeps a ledger">
        <p><code>tokenmill serve --ledger ledger.db --prices prices.json</code> records who has used
          what, exactly once, and what it costs.</p>
      </Notice>
    </Panel>
  );
}

interface BillPanelProps {
  told: Tenants;
  period: string;
  setPeriod: (id: string) => void;
}

function BillPanel({told, period, setPeriod}: BillPanelProps) {
  const {bill} = told;
  if (!told.ledger || !bill) return <NoLedger />;
  const save = () => download(`bill-${day(bill.since_ms)}.csv`,
                              'text/csv', billCsv(bill));
  const until = bill.until_ms === null ? 'now' : day(bill.until_ms);
  return (
    <Panel title="Bill" note={`From ${day(bill.since_ms)} to ${until}, in UTC`} actions={
      <>
        <div class="segments" role="group" aria-label="Period">
          {periods(told.time_ms).map(({id, name}) => (
            <button key={id} type="button" aria-pressed={id === period}
                    onClick={() => setPeriod(id)}>{name}</button>
          ))}
        </div>
        <button type="button" onClick={save} disabled={bill.rows.length === 0}>
          <Icon name="down" size={18} /> CSV
        </button>
      </>
    }>
      <BillTable bill={bill} />
    </Panel>
  );
}

interface PriceRow extends Price {
  model: string;
}

const priceColumns: TableColumn<PriceRow>[] = [
  {name: 'Model', cell: (row) => <b>{row.model}</b>},
  ...(['prompt', 'cached', 'thinking', 'answer'] as const).map((name): TableColumn<PriceRow> =>
    ({name: `${name[0]?.toUpperCase()}${name.slice(1)}`, number: true,
      cell: (row) => `${row[name].toFixed(3)} €`})),
];

function Prices({told}: {told: Tenants}) {
  const {prices} = told;
  if (!prices) return null;
  const rows = [
    ...Object.entries(prices.models).map(([model, price]) => ({model, ...price})),
    ...(prices.default ? [{model: 'every other model', ...prices.default}] : []),
  ];
  return (
    <Panel title="Prices" note="Euros for a million tokens">
      <Table caption="Prices" columns={priceColumns} rows={rows} id={(row) => row.model} />
    </Panel>
  );
}

const refreshMs = 5000;

export function TenantsPage() {
  const [period, setPeriod] = useState('month');
  const query = useMemo(() =>
    periods(Date.now()).find((each) => each.id === period)?.query ?? '', [period]);
  const {data, error, reload} = useLoaded<Tenants>(`/v1/console/tenants${query}`, refreshMs);
  return (
    <>
      <PageHead title="Tenants and bill" />
      <Need>{() => (
        <div class="stack">
          {error && !error.offline && <ErrorNotice error={error} retry={reload} />}
          {data && <BillPanel told={data} period={period} setPeriod={setPeriod} />}
          {data && <UsePanel told={data} />}
          {data && <Prices told={data} />}
        </div>
      )}</Need>
    </>
  );
}
