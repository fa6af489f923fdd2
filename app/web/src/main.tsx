import { createRoot } from 'react-dom/client';
import { ErrorBoundary } from './app/ErrorBoundary';
import { Root } from './app/Root';
import { endpointStore, readConfig } from './state/endpoints';
import './style.css';
import { createWalletStore } from './wallet/wallets';

const container = document.getElementById('root');
if (container === null) throw new Error('index.html has no #root');
const settings = endpointStore(await readConfig());
createRoot(container).render(
  <ErrorBoundary place="" start="#/">
    <Root wallets={createWalletStore()} settings={settings} />
  </ErrorBoundary>,
);
