import { type Mistake, mistakeText } from '../model/mistakes';
import { plural } from '../text/count';
import { visible } from '../text/hostile';
import { Notice } from './Notice';

/** More than this many nobody reads at once. */
const SHOWN = 20;

/** Everything that is wrong with a file or a form. */
export function Mistakes({ mistakes, title }: { mistakes: readonly Mistake[]; title: string }) {
  if (mistakes.length === 0) return null;
  const left = mistakes.length - SHOWN;
  return (
    <Notice tone="bad">
      <strong>
        {title}: {plural(mistakes.length, 'mistake')}
      </strong>
      <ul className="mistakes">
        {mistakes.slice(0, SHOWN).map((mistake, index) => (
          <li key={index}>{visible(mistakeText(mistake))}</li>
        ))}
        {left > 0 && <li>and {left} more</li>}
      </ul>
    </Notice>
  );
}
