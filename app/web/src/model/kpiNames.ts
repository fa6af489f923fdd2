// Which KPI a text means.
import { visible } from '../text/hostile';

/** Whether a name could be taken for the number of something: digits, and nothing but what numbers are written with. */
export function isNumber(name: string): boolean {
  return /\p{N}/u.test(name) && /^[\p{N}\s+\-\u2212#.,_'%]+$/u.test(name);
}

/** The KPI of those with these names: by name, by number from 0, or by both, like `2 users`. */
export function kpiNamed(names: readonly string[], text: string): { kpi: number } | { error: string } {
  const both = names.map((name, number) => `${number} ${name}`);
  const named = names.indexOf(text);
  const numbered = names.findIndex((_, number) => String(number) === text);
  if (named !== -1 && numbered !== -1 && named !== numbered) {
    const [one, other] = [both[named] ?? '', both[numbered] ?? ''].map(visible);
    return { error: `it is the name of one KPI and the number of another; say \`${one}\` or \`${other}\`` };
  }
  const kpi = named !== -1 ? named : numbered !== -1 ? numbered : both.indexOf(text);
  return kpi === -1 ? { error: `its KPIs are: ${both.map(visible).join(', ')}` } : { kpi };
}
