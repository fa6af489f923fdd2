import { createRoot } from 'react-dom/client';
import { Root } from './app/Root';
import './style.css';
import { createWalletStore } from './wallet/wallets';

const container = document.getElementById('root');
if (container === null) throw new Error('index.html has no #root');
createRoot(container).render(<Root wallets={createWalletStore()} />);
