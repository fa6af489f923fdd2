import { useNow } from '../context/app';
import { distance, isoTime, localDate, localTime, utcTime } from '../text/time';

/** A time in the viewer's zone; hovering shows it in UTC. */
export function Time({ at, date }: { at: bigint; date?: boolean }) {
  return (
    <time dateTime={isoTime(at)} title={utcTime(at)}>
      {date ? localDate(at) : localTime(at)}
    </time>
  );
}

/** A time and how far away it is. */
export function Countdown({ at }: { at: bigint }) {
  const now = useNow();
  return (
    <>
      <Time at={at} /> {now !== undefined && <span className="muted">({distance(at, now)})</span>}
    </>
  );
}
