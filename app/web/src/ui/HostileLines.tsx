import { HostileText } from './HostileText';

/** Letters of a long text that are shown. */
const MOST = 20_000;

/** A text of several lines that a stranger wrote: no markup, no links, hidden characters made visible. */
export function HostileLines({ text }: { text: string }) {
  const shown = text.slice(0, MOST);
  return (
    <div className="lines">
      {shown.split(/\r?\n/).map((line, index) => (
        <p key={index}>{line === '' ? '\u00a0' : <HostileText text={line.replaceAll('\t', '    ')} />}</p>
      ))}
      {text.length > MOST && <p className="muted">… {text.length - MOST} more letters are not shown.</p>}
    </div>
  );
}
