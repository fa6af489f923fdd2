import { pieces } from '../text/hostile';

/** Text that a stranger wrote on the chain, kept apart from what surrounds it, with hidden characters made visible. */
export function HostileText({ text }: { text: string }) {
  if (text === '') return <span className="muted">(no name)</span>;
  return (
    <bdi className="foreign">
      {pieces(text).map((piece, index) =>
        piece.escaped ? (
          <code key={index} className="escaped" title="A character that would be invisible">
            {piece.text}
          </code>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}
