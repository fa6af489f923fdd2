import type { Loaded } from '../state/live';

/** Whether what is shown follows the chain by itself, and what hinders it. */
export function LiveMark({ state }: { state: Loaded<unknown> }) {
  if (state.status !== 'ready') return null;
  if (state.stale !== undefined) {
    return (
      <span className="live bad" role="alert">
        Not up to date: {state.stale.message}
      </span>
    );
  }
  return state.live ? (
    <span className="live good" title="Changes show up by themselves">
      live
    </span>
  ) : (
    <span className="live" title="The endpoint sends no notifications; the page reads again every few seconds">
      read every few seconds
    </span>
  );
}
