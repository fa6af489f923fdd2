import { Component, type ReactNode } from 'react';
import { type Fault, asFault } from '../chain/fault';
import { FaultNotice } from '../ui/Notice';

type Props = {
  /** Another place begins without the error of the one before. */
  place: string;
  /** The address of a page that works. */
  start: string;
  children: ReactNode;
};

type State = { fault?: Fault; place: string };

/** Keeps an error of what it holds to itself, and offers the ways out of it. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { place: this.props.place };

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { fault: asFault(error) };
  }

  static getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.place === state.place ? null : { place: props.place, fault: undefined };
  }

  override render() {
    const { fault } = this.state;
    if (fault === undefined) return this.props.children;
    const isChunk = fault.kind === 'chunk';
    return (
      <>
        {!isChunk && <h1>This page failed</h1>}
        <FaultNotice fault={fault}>
          <button type="button" className="button primary" onClick={() => window.location.reload()}>
            Reload the page
          </button>
          {!isChunk && (
            <button type="button" className="button" onClick={() => this.setState({ fault: undefined })}>
              Try again
            </button>
          )}
          <a className="button" href={this.props.start} onClick={() => this.setState({ fault: undefined })}>
            To the start
          </a>
        </FaultNotice>
        {!isChunk && <p className="hint">Nothing is lost: what was signed and confirmed is on the chain.</p>}
      </>
    );
  }
}
